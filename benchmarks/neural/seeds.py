"""Does it pay to train the critics of several seeds together, as stacked matrix products? CPU time
of one thread.

    python benchmarks/neural/seeds.py [--seeds 5]

The shapes are the defaults of the plugin `neural`: batches of 256, hidden layers 128-128, two
mismatched partners for a concatenated critic, all pairs for a separable one. The gain is the time
of so many single steps over that of one stacked step: above 1 stacking pays.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Critic = Callable[[int, int], "tuple[list[Stack], Callable[[Tensor, Tensor], Tensor]]"]

SAMPLES, BATCH, HIDDEN, CODE, PARTNERS = 2500, 256, 128, 32, 2


class Stack:
    """Fully connected networks of one shape, ``(seeds, n, inputs) -> (seeds, n, outputs)``."""

    def __init__(self, seeds: int, sizes: Sequence[int]) -> None:
        pairs = list(itertools.pairwise(sizes))
        self.weights = [(torch.randn(seeds, a, b) / a**0.5).requires_grad_() for a, b in pairs]
        self.biases = [torch.zeros(seeds, 1, b).requires_grad_() for _, b in pairs]

    def __call__(self, h: Tensor) -> Tensor:
        """The outputs of every network on its own inputs."""
        for i, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            h = torch.matmul(torch.relu(h) if i else h, weight) + bias
        return h


def concat(seeds: int, d: int) -> tuple[list[Stack], Callable[[Tensor, Tensor], Tensor]]:
    """Donsker-Varadhan with one network of both variables."""
    net = Stack(seeds, (2 * d, HIDDEN, HIDDEN, 1))

    def loss(x: Tensor, y: Tensor) -> Tensor:
        given = torch.cat([torch.cat([x, y.roll(-s, 1)], 2) for s in range(PARTNERS + 1)], 1)
        scores = net(given)[..., 0]
        return (torch.logsumexp(scores[:, BATCH:], 1) - scores[:, :BATCH].mean(1)).sum()

    return [net], loss


def separable(seeds: int, d: int) -> tuple[list[Stack], Callable[[Tensor, Tensor], Tensor]]:
    """InfoNCE with a network for each variable."""
    nets = [Stack(seeds, (d, HIDDEN, HIDDEN, CODE)) for _ in range(2)]

    def loss(x: Tensor, y: Tensor) -> Tensor:
        scores = nets[0](x) @ nets[1](y).transpose(1, 2)
        return (torch.logsumexp(scores, 2) - torch.diagonal(scores, 0, 1, 2)).mean(1).sum()

    return nets, loss


def seconds(critic: Critic, seeds: int, d: int) -> float:
    """CPU seconds of a step of Adam, the least of three times a hundred."""
    nets, loss = critic(seeds, d)
    optimiser = torch.optim.Adam(
        [p for net in nets for p in (*net.weights, *net.biases)], lr=1e-3, fused=True
    )
    x = torch.randn(seeds, SAMPLES, d)
    y = x + torch.randn(seeds, SAMPLES, d)

    def steps(count: int) -> float:
        start = time.process_time()
        for _ in range(count):
            batch = torch.randperm(SAMPLES)[:BATCH]
            optimiser.zero_grad()
            loss(x[:, batch], y[:, batch]).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        return (time.process_time() - start) / count

    steps(20)
    return min(steps(100) for _ in range(3))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description="Gain of training the critics of several seeds together."
    )
    parser.add_argument("--seeds", type=int, default=5)
    given = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    print("| critic | d | one [ms] | together [ms] | gain |\n| --- | --- | --- | --- | --- |")
    for critic in (concat, separable):
        for d in (1, 5, 25):
            one, together = seconds(critic, 1, d), seconds(critic, given.seeds, d)
            gain = given.seeds * one / together
            print(
                f"| {critic.__name__} | {d} | {1e3 * one:.2f} | {1e3 * together:.2f} | {gain:.2f} |"
            )


if __name__ == "__main__":
    main()
