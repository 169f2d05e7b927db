"""Scoring throughput beside a plain loop of transformers: real tokens per CPU second, and ratio.

Both run the same models, of random weights and a usual small shape; lengths of texts are
log-normal, as in real text. The plain loop takes texts as they come, in batches of 32 padded to
their longest, and scores prompts whole, with the text and without it. Both must agree. Nothing is
downloaded; a GPU is used beside the CPU where there is one.
"""

import argparse
import sys
import time
import warnings
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "plugins")]
BATCH = 32
PREFIX = 40
CLASSES = 4
VOCABULARY = 5000


def lengths(n, rng):
    return np.clip(np.round(np.exp(rng.normal(3.5, 0.7, n))), 4, 250).astype(int)


def sequences(n, rng):
    return [rng.integers(10, VOCABULARY, size=m).tolist() for m in lengths(n, rng)]


def classifier(width, layers):
    from transformers import BertConfig, BertForSequenceClassification

    config = BertConfig(
        vocab_size=VOCABULARY, hidden_size=width, num_hidden_layers=layers,
        num_attention_heads=width // 64, intermediate_size=4 * width, num_labels=CLASSES,
        pad_token_id=0,
    )  # fmt: skip
    return BertForSequenceClassification(config).eval()


def causal(width, layers):
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        vocab_size=VOCABULARY, n_positions=512, n_embd=width, n_layer=layers, n_head=width // 64,
        bos_token_id=0, eos_token_id=0,
    )  # fmt: skip
    return GPT2LMHeadModel(config).eval()


def plain_classes(network, ids, device):
    import torch

    rows = []
    with torch.inference_mode():
        for start in range(0, len(ids), BATCH):
            part = ids[start : start + BATCH]
            longest = max(map(len, part))
            tokens = torch.tensor([s + [0] * (longest - len(s)) for s in part], device=device)
            mask = torch.tensor(
                [[1] * len(s) + [0] * (longest - len(s)) for s in part], device=device
            )
            rows.append(
                torch.log_softmax(
                    network(input_ids=tokens, attention_mask=mask).logits.double(), -1
                ).cpu()
            )
    return torch.cat(rows).numpy()


def plain_answers(network, prompts, options, device):
    import torch

    rows = []
    with torch.inference_mode():
        for start in range(0, len(prompts), BATCH):
            part = prompts[start : start + BATCH]
            longest = max(map(len, part))
            tokens = torch.tensor([s + [0] * (longest - len(s)) for s in part], device=device)
            mask = torch.tensor(
                [[1] * len(s) + [0] * (longest - len(s)) for s in part], device=device
            )
            logits = network(input_ids=tokens, attention_mask=mask).logits
            ends = logits[torch.arange(len(part)), mask.sum(1) - 1][:, options].double()
            rows.append(torch.log_softmax(ends, -1).cpu())
    return torch.cat(rows).numpy()


def timed(work):
    start, wall = time.process_time(), time.perf_counter()
    found = work()
    return found, time.process_time() - start, time.perf_counter() - wall


def report(what, device, tokens, ours, theirs):
    """CPU seconds on a CPU, wall seconds on a GPU."""
    (a, *mine), (b, *peer) = ours, theirs
    seconds = [s[0] if device == "cpu" else s[1] for s in (mine, peer)]
    apart = np.abs(np.exp(a) - np.exp(b)).max()
    print(
        f"{what:22} {device:5} {tokens / seconds[0]:11.0f} {tokens / seconds[1]:11.0f} "
        f"{seconds[1] / seconds[0]:7.2f}   {apart:.1e}",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=400)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--layers", type=int, default=4)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    import torch

    from harness_wireless_pvi.predictors import hf_causal, hf_classifier
    from harness_wireless_pvi.predictors.prompts import Prompts

    torch.manual_seed(0)
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    ids = sequences(given.n, rng)
    prefix = rng.integers(10, VOCABULARY, size=PREFIX).tolist()
    blank = rng.integers(10, VOCABULARY, size=4).tolist()
    options = list(range(1, CLASSES + 1))
    asked = Prompts(prefix, ids, [blank], [[o] for o in options], [[o] for o in options])
    print(
        f"{'':22} {'':5} {'ours tok/s':>11} {'plain tok/s':>11} {'ratio':>7}   "
        "largest difference of a probability"
    )
    for device in ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",):
        size = 8192 if device == "cpu" else 65_536
        real = sum(map(len, ids))
        network = classifier(given.width, given.layers).to(device)
        hf_classifier.score(network, ids[:8], 0, size, device)
        ours = timed(lambda: hf_classifier.score(network, ids, 0, size, device))  # noqa: B023
        report("classifier", device, real, ours, timed(lambda: plain_classes(network, ids, device)))  # noqa: B023
        network = causal(given.width, given.layers).to(device)
        hf_causal.score(network, asked, ids[:8], "first", size, 0, device)

        def both():
            full = hf_causal.score(network, asked, ids, "first", size, 0, device)  # noqa: B023
            null = hf_causal.score(network, asked, asked.null, "first", size, 0, device)  # noqa: B023
            return np.hstack([full, np.repeat(null, len(ids), 0)])

        def plainly():
            return np.hstack([
                plain_answers(network, [prefix + s for s in ids], options, device),  # noqa: B023
                plain_answers(network, [prefix + blank for _ in ids], options, device),  # noqa: B023
            ])  # fmt: skip

        report("language model, PVI", device, real, timed(both), timed(plainly))
    return 0


if __name__ == "__main__":
    sys.exit(main())
