"""Speed and memory of the language-model plugins, as ratios in one run on the same machine.

    python benchmarks/language/run.py [--threads 1]

- attention entropy, streamed by layer, against ``output_attentions=True`` and a loop over heads with ln(a + 1e-9), as
  the released code of the paper has it: seconds, and resident memory above the loaded model's, by layers.
- the matrix of log-likelihoods with shared prefixes, against the plain double loop: seconds.
- training of `tiny-lm`, against transformers' GPT-2 of the same size in the same loop: tokens per second.

Everything is made here, with random weights; each measurement is a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys

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

def timed(work, repeats=3):
    work()
    found = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
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
layers, width, heads, t, batch = 4, 64, 4, 64, 16
if "WAY" == "tiny-lm":
    network = Transformer(Design(vocabulary=256, window=t, layers=layers, heads=heads, width=width))
    logits = network
else:
    network = gpt2(layers, t, width, heads, 257)
    logits = lambda ids: network(ids, use_cache=False).logits
optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3, fused=True)
ids = torch.randint(256, (batch, t + 1))

def steps():
    for _ in range(20):
        optimiser.zero_grad()
        z = logits(ids[:, :-1])
        torch.nn.functional.cross_entropy(z.flatten(0, 1), ids[:, 1:].flatten()).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()

print(json.dumps([20 * batch * t / timed(steps), 0.0, sum(p.numel() for p in network.parameters())]))
"""


def measure(body: str, way: str, threads: int, layers: int = 0) -> list[float]:
    code = (COMMON + body).replace("THREADS", str(threads)).replace("WAY", way).replace("LAYERS", str(layers))
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--threads", type=int, default=1)
    threads = ask.parse_args().threads
    print("attention entropy, 12 heads, 4 x 512 tokens\n| layers | way | s | MiB above the model | sum of heads |")
    print("|---|---|---|---|---|")
    for layers in (4, 12):
        for way in ("streamed", "whole"):
            seconds, memory, value = measure(ATTENTION, way, threads, layers)
            print(f"| {layers} | {way} | {seconds:.2f} | {memory:.0f} | {value:.4f} |", flush=True)
    print("\n32 continuations of 8 to 39 tokens under 8 prompts of 300\n| way | s | sum |\n|---|---|---|")
    found = {}
    for way in ("shared", "plain"):
        found[way], _, value = measure(MATRIX, way, threads)
        print(f"| {way} | {found[way]:.2f} | {value:.3f} |", flush=True)
    print(f"ratio {found['plain'] / found['shared']:.1f}")
    print("\ntraining, 4 layers, width 64, 16 x 64 tokens a step\n| network | tokens per s | weights |\n|---|---|---|")
    for way in ("tiny-lm", "gpt2"):
        found[way], _, weights = measure(TRAINING, way, threads)
        print(f"| {way} | {found[way]:.0f} | {weights:.0f} |", flush=True)
    print(f"ratio {found['tiny-lm'] / found['gpt2']:.2f}")


if __name__ == "__main__":
    main()
