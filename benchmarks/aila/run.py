"""Six values of the dial trained as one batched model (`torch.func`) beside six trainings in turn.

CPU seconds of one thread for a step of all six, least of several rounds. A step is the forward pass, the pointer penalty,
gradients and AdamW. Both ways start from one network and see the same windows: the losses agree to rounding, or the run fails.
"""

import time

import numpy as np
import torch
from torch.func import functional_call, grad_and_value, stack_module_state, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import cross_entropy

from harness import pointer_targets
from harness_lm.network import Design, Transformer

DIALS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
SIZES = ((4, 16), (8, 32), (32, 48))
ROUNDS, STEPS, WIDTH, SYMBOLS = 5, 5, 64, 32


def loss(network, weights, dial, ids, after, targets):
    """Cross-entropy, and the dial times attention outside of the targets (mean over layers)."""
    missed = []
    hidden = torch.ones(ids.shape[1], ids.shape[1], dtype=torch.bool).triu(1)
    judged = targets.any(-1)[:, None]

    def watch(layer, q, k, mask):
        a = (q @ k.transpose(-1, -2)).masked_fill(hidden, -torch.inf).softmax(-1)
        outside = 1 - (a * targets[:, None]).sum(-1)
        missed.append((outside * judged).sum() / (judged.sum() * q.shape[1]))

    logits = functional_call(network, weights, (ids, watch))
    return cross_entropy(logits.flatten(0, 1), after.flatten()) + dial * torch.stack(missed).mean()


def measure(batch, t):
    torch.manual_seed(0)
    network = Transformer(Design(vocabulary=SYMBOLS, window=t, layers=2, heads=2, width=WIDTH))
    tokens = torch.randint(SYMBOLS, (batch, t + 1))
    ids, after = tokens[:, :-1], tokens[:, 1:]
    targets = torch.from_numpy(pointer_targets(ids.numpy(), "induction")).float()
    dials = torch.tensor(DIALS)
    step = grad_and_value(lambda weights, dial: loss(network, weights, dial, ids, after, targets))

    def started():
        return {name: p.detach().clone() for name, p in network.named_parameters()}

    alone = [started() for _ in DIALS]
    optimisers = [torch.optim.AdamW(list(w.values()), lr=3e-3, fused=True) for w in alone]
    stacked, _ = stack_module_state([network] * len(DIALS))
    stacked = {name: p.detach().clone() for name, p in stacked.items()}
    together = torch.optim.AdamW(list(stacked.values()), lr=3e-3, fused=True)

    def descend(weights, optimiser, found):
        for name, p in weights.items():
            p.grad = found[name].contiguous()  # the fused optimiser reads memory in order
        optimiser.step()

    def in_turn():
        losses = []
        for weights, optimiser, dial in zip(alone, optimisers, dials, strict=True):
            found, value = step(weights, dial)
            descend(weights, optimiser, found)
            losses.append(value)
        return torch.stack(losses)

    def batched():
        with sdpa_kernel(SDPBackend.MATH):  # the fused attention has no rule for batches of weights
            found, values = vmap(step)(stacked, dials)
        descend(stacked, together, found)
        return values

    best = dict.fromkeys((in_turn, batched), np.inf)
    for _ in range(ROUNDS):
        last = []
        for work in best:
            start = time.process_time()
            for _ in range(STEPS):
                values = work()
            best[work] = min(best[work], (time.process_time() - start) / STEPS)
            last.append(values)
        torch.testing.assert_close(*last, rtol=1e-3, atol=1e-3)
    one, all_six = best[in_turn], best[batched]
    print(
        f"{batch:6} {t:7} {1e3 * one:12.1f} {1e3 * all_six:12.1f} {one / all_six:8.2f}", flush=True
    )


def main():
    torch.set_num_threads(1)
    print(f"two layers of width {WIDTH}, {len(DIALS)} dials")
    print(f"{'batch':>6} {'tokens':>7} {'in turn, ms':>12} {'batched, ms':>12} {'times':>8}")
    for batch, t in SIZES:
        measure(batch, t)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
