"""Speed and memory of the language-model plugins, as ratios in one run on the same machine.

    python benchmarks/language/run.py [--threads 1] [--nanogpt FOLDER]

- attention entropy, streamed by layer, against ``output_attentions=True`` and a loop over heads
  with ln(a + 1e-9), as
  the released code of the paper has it: seconds, and resident memory above the loaded model's, by
  layers.
- the matrix of log-likelihoods with shared prefixes, against the plain double loop: seconds.
- training of `tiny-lm`, against transformers' GPT-2 and Karpathy's nanoGPT of the same size in the
  same loop: tokens
  per processor second, the best of nine rounds in turn. nanoGPT is imported from a clone, which
  ``--nanogpt`` names: with its biases (`tiny-lm` has them everywhere but in the feed-forward part),
  not compiled, as its README says for processors; once with the optimiser that its
  `configure_optimizers` makes (AdamW, not fused on a processor) and once with ours.

Everything is made here, with random weights; each part is a process of its own, or several.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

COMMON = """
import json, resource, sys, threading, time, warnings
warnings.filterwarnings("ignore")
import numpy as np, torch, transformers
transformers.logging.set_verbosity_error()
torch.set_num_threads(THREADS)
torch.manual_seed(0)

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20

class Peak(threading.Thread):
    # The largest resident memory while it runs, looked at every millisecond.
    def __init__(self):
        super().__init__(daemon=True)
        self.done, self.most = False, resident()
    def run(self):
        while not self.done:
            self.most = max(self.most, resident())
            time.sleep(1e-3)

def timed(work, repeats=3, clock=time.perf_counter):
    work()
    found = []
    for _ in range(repeats):
        start = clock()
        work()
        found.append(clock() - start)
    return min(found)

def gpt2(layers, t, width=192, heads=12, vocabulary=512):
    config = transformers.GPT2Config(vocab_size=vocabulary, n_positions=t, n_embd=width, n_layer=layers, n_head=heads,
        bos_token_id=0, eos_token_id=0, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0)
    return transformers.GPT2LMHeadModel(config)
"""

ATTENTION = """
from harness_lm.hub import HubReader
model = gpt2(LAYERS, 512).eval()
ids = torch.randint(512, (4, 512))
reader = HubReader(model, 0, 512, "cpu")
sums = {}

@torch.no_grad()
def streamed():
    reader.watched(ids, lambda layer, rows: sums.__setitem__(layer, rows.mean((0, 2))))

@torch.no_grad()
def whole():
    model.set_attn_implementation("eager")
    maps = model(ids, output_attentions=True, use_cache=False).attentions
    for layer, a in enumerate(maps):
        sums[layer] = torch.stack([-(a[:, h] * torch.log(a[:, h] + 1e-9)).sum(-1).mean() for h in range(a.shape[1])])

work = {"streamed": streamed, "whole": whole}["WAY"]
before = resident()
peak = Peak()
peak.start()
work()
peak.done = True
peak.join()
seconds = timed(work, 2)
print(json.dumps([seconds, peak.most - before, float(sum(v.sum() for v in sums.values()))]))
"""

MATRIX = """
from harness_lm.scoring import score
model = gpt2(4, 512).eval()
rng = np.random.default_rng(0)
prompts = [rng.integers(512, size=300).tolist() for _ in range(8)]
parts = [rng.integers(512, size=int(rng.integers(8, 40))).tolist() for _ in range(32)]

@torch.no_grad()
def plain():
    out = np.zeros((8, 32))
    for i, prompt in enumerate(prompts):
        for j, part in enumerate(parts):
            ids = torch.tensor([prompt + part])
            law = model(ids, use_cache=False).logits[0, len(prompt) - 1 : -1].double().log_softmax(-1)
            out[i, j] = float(law.gather(1, torch.tensor(part)[:, None]).sum())
    return out

work = {"shared": lambda: score(model, prompts, parts), "plain": plain}["WAY"]
print(json.dumps([timed(work, 1), 0.0, float(work().sum())]))
"""

TRAINING = """
from harness_lm.network import Design, Transformer
layers, width, heads, t, batch, rounds = 4, 64, 4, 64, 16, 9
torch.manual_seed(0)
ids = torch.randint(256, (batch, t + 1))
inputs, targets = ids[:, :-1].contiguous(), ids[:, 1:].contiguous()

def steps(network, loss, optimiser=None):
    optimiser = optimiser or torch.optim.AdamW(network.parameters(), lr=1e-3, fused=True)
    def run():
        for _ in range(20):
            optimiser.zero_grad()
            loss().backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
    return network, run

def plain(network, logits):
    return steps(network, lambda: torch.nn.functional.cross_entropy(logits(inputs).flatten(0, 1), targets.flatten()))

def nanogpt(own):
    import model
    network = model.GPT(model.GPTConfig(block_size=t, vocab_size=256, n_layer=layers, n_head=heads, n_embd=width))
    optimiser = network.configure_optimizers(0.1, 1e-3, (0.9, 0.95), "cpu") if own else None
    return steps(network, lambda: network(inputs, targets)[1], optimiser)

ours = Transformer(Design(vocabulary=256, window=t, layers=layers, heads=heads, width=width))
theirs = gpt2(layers, t, width, heads, 257)
ways = {"tiny-lm": plain(ours, ours), "gpt2": plain(theirs, lambda ids: theirs(ids, use_cache=False).logits)}
if CLONE:
    sys.path.insert(0, CLONE)
    ways |= {"nanoGPT": nanogpt(True), "nanoGPT, our AdamW": nanogpt(False)}
best = dict.fromkeys(ways, float("inf"))
for _ in range(rounds):
    for way, (_, run) in ways.items():
        best[way] = min(best[way], timed(run, 1, time.process_time))
sizes = {way: sum(p.numel() for p in network.parameters()) for way, (network, _) in ways.items()}
print(json.dumps({way: [20 * batch * t / best[way], sizes[way]] for way in ways}))
"""


def measure(body: str, threads: int, **names: object) -> Any:
    """What a body prints last, with the capitals in it that ``names`` names in small letters
    put in.
    """
    code = COMMON + body
    for name, value in (names | {"threads": threads}).items():
        code = code.replace(name.upper(), str(value))
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    ask = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ask.add_argument("--threads", type=int, default=1)
    ask.add_argument(
        "--nanogpt", type=Path, help="a clone: git clone https://github.com/karpathy/nanoGPT FOLDER"
    )
    given = ask.parse_args()
    threads = given.threads
    print(
        "attention entropy, 12 heads, 4 x 512 tokens\n| layers | way | s | MiB above the model | sum of heads |"
    )
    print("|---|---|---|---|---|")
    for layers in (4, 12):
        for way in ("streamed", "whole"):
            seconds, memory, value = measure(ATTENTION, threads, way=way, layers=layers)
            print(f"| {layers} | {way} | {seconds:.2f} | {memory:.0f} | {value:.4f} |", flush=True)
    print(
        "\n32 continuations of 8 to 39 tokens under 8 prompts of 300\n| way | s | sum |\n|---|---|---|"
    )
    found = {}
    for way in ("shared", "plain"):
        found[way], _, value = measure(MATRIX, threads, way=way)
        print(f"| {way} | {found[way]:.2f} | {value:.3f} |", flush=True)
    print(f"ratio {found['plain'] / found['shared']:.1f}")
    print("\ntraining, 4 layers, width 64, 16 x 64 tokens a step")
    print("| network | tokens per CPU s | ours, times | weights |\n|---|---|---|---|")
    clone = str(given.nanogpt.resolve()) if given.nanogpt else ""
    rates = measure(TRAINING, threads, clone=repr(clone))
    for way, (rate, weights) in rates.items():
        print(f"| {way} | {rate:.0f} | {rates['tiny-lm'][0] / rate:.2f} | {weights} |")
    if not clone:
        print("| nanoGPT | not given | | |")


if __name__ == "__main__":
    main()
