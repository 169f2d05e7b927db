"""The step of `blend`: flat pairs and products of states, against an outer product of 32 x 32 over all n x n pairs.

The plain form is written out here as the authors' code does it (YudiZh/MoleBlend at b180f1a, modules/moleblend_layers.py),
at our widths: kernels of all n x n distances, and for each relation a head that reads r_i c_j^T, 1,024 numbers a pair.
`outer head` is our encoder with that head in place of ours; `... alone` are the heads on states that are given. CPU seconds of one thread, best of several rounds in turns; numbers in memory
are those that autograd keeps for the backward pass.
"""

import time

import numpy as np
import torch
from torch import nn

from harness import Molecules, stream
from harness_moleblend import masks, settings
from harness_moleblend.inputs import Atoms, batch
from harness_moleblend.network import Encoder, Visible, given

MOLECULES, ATOMS, HOPS, BINS, RANK, ROUNDS = 32, 16, 8, 16, 32, 12


def chains(n):
    """Molecules of 16 atoms with all pairs connected."""
    rng = stream(0)
    bonds = np.column_stack([np.arange(ATOMS - 1), np.arange(1, ATOMS), np.ones(ATOMS - 1, int)])
    return Molecules(
        rng.choice([6, 7, 8], size=n * ATOMS), ATOMS * np.arange(n + 1), np.tile(bonds, (n, 1)), (ATOMS - 1) * np.arange(n + 1),
        4 * rng.random((n * ATOMS, 3)),
    )  # fmt: skip


class Outer(nn.Module):
    """Log-probabilities of all n x n pairs from r_i c_j^T."""

    def __init__(self, width, classes):
        super().__init__()
        self.rows, self.columns = nn.Linear(width, RANK), nn.Linear(width, RANK)
        self.norms = nn.ModuleList([nn.LayerNorm(RANK), nn.LayerNorm(RANK)])
        self.out = nn.Linear(RANK * RANK, classes)

    def forward(self, x):
        r = self.norms[0](nn.functional.gelu(self.rows(x)))
        c = self.norms[1](nn.functional.gelu(self.columns(x)))
        z = r[:, :, None, :, None] * c[:, None, :, None, :]
        return torch.log_softmax(self.out(z.flatten(3)), -1)


class Plain(nn.Module):
    """The layers of our encoder between the authors' bias and the authors' heads."""

    def __init__(self, encoder):
        super().__init__()
        how = encoder.how
        self.encoder = encoder
        self.heads = nn.ModuleList([Outer(how.width, k) for k in (HOPS, BINS)])
        self.hops = nn.Embedding(HOPS + 1, how.heads)
        self.kernels = nn.Sequential(nn.Linear(128, 128), nn.GELU(), nn.Linear(128, how.heads))
        self.centres, self.widths = (
            nn.Parameter(3 * torch.rand(128)),
            nn.Parameter(3 * torch.rand(128)),
        )
        self.node = nn.Linear(128, how.width)

    def forward(self, numbers, hops, distance, shown):
        s = self.widths.abs() + 0.01
        g = torch.exp(-0.5 * ((distance[..., None] - self.centres) / s) ** 2) / (2.5066 * s)
        bias = torch.where(shown[..., None], self.kernels(g), self.hops(hops)).permute(0, 3, 1, 2)
        x = self.encoder.numbers(numbers) + 0.01 * self.node(g.sum(2))
        for layer in self.encoder.layers:
            x = layer(x, bias)
        x = self.encoder.norm(x)
        return [head(x) for head in self.heads]


def main():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    how = settings.Pretraining()
    data = Atoms.of(chains(MOLECULES))
    rows = batch(data, np.arange(MOLECULES))
    known = given(data, rows, HOPS, torch.device("cpu"))
    shown = masks.drawn(len(rows.rows), how, stream(1))
    seen = Visible.of(shown, torch.device("cpu"))
    y = torch.randint(HOPS, (len(rows.rows),)), torch.randint(BINS, (len(rows.rows),))
    encoder = Encoder(how, HOPS, BINS)
    full = (
        torch.randint(HOPS, (MOLECULES, ATOMS, ATOMS)),
        torch.randint(BINS, (MOLECULES, ATOMS, ATOMS)),
    )
    dense = (
        torch.zeros(MOLECULES, ATOMS, ATOMS),
        torch.zeros(MOLECULES, ATOMS, ATOMS, dtype=torch.long),
    )
    for a, b in ((known.i, known.j), (known.j, known.i)):
        dense[0][known.unit, a, b], dense[1][known.unit, a, b] = known.distance, known.hops + 1
    mask = torch.rand(MOLECULES, ATOMS, ATOMS) < 0.6
    plain = Plain(encoder)

    def ours():
        return sum(
            nn.functional.nll_loss(logs, t) for logs, t in zip(encoder(known, seen), y, strict=True)
        )

    def outer_loss(x):
        return sum(
            nn.functional.nll_loss(h(x).flatten(0, 2), t.flatten())
            for h, t in zip(plain.heads, full, strict=True)
        )

    def outer_head():
        return outer_loss(encoder.states(known, encoder.views(known, seen)))

    views = encoder.views(known, seen)
    with torch.no_grad():
        states = encoder.states(known, views)

    def our_heads():
        return sum(
            nn.functional.nll_loss(h(states, known, views[0]), t)
            for h, t in zip(encoder.predict, y, strict=True)
        )

    def outer_heads():
        return outer_loss(states)

    def plain_step():
        found = plain(known.numbers, dense[1], dense[0], mask)
        return sum(
            nn.functional.nll_loss(logs.flatten(0, 2), t.flatten())
            for logs, t in zip(found, full, strict=True)
        )

    steps = {
        "ours": ours, "outer head": outer_head, "plain": plain_step,
        "our heads alone": our_heads, "outer heads alone": outer_heads,
    }  # fmt: skip
    ours_of = {"outer heads alone": "our heads alone", "our heads alone": "our heads alone"}
    best, numbers = {}, {}
    for name, step in steps.items():
        kept = {}

        def keep(tensor, kept=kept):
            if not isinstance(tensor, nn.Parameter):
                kept[tensor.data_ptr()] = tensor.numel()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda t: t):
            loss = step()
        numbers[name] = sum(kept.values())
        loss.backward()
    for _ in range(ROUNDS):
        for name, step in steps.items():
            plain.zero_grad()
            start = time.process_time()
            step().backward()
            best[name] = min(best.get(name, 1e9), time.process_time() - start)
    print(
        f"{'step':18} {'ms':>7} {'it / ours':>10} {'million numbers kept':>21} {'it / ours':>10}   {MOLECULES} molecules of {ATOMS} atoms"
    )
    for name, seconds in best.items():
        base = ours_of.get(name, "ours")
        print(
            f"{name:18} {1e3 * seconds:7.1f} {seconds / best[base]:10.1f} {numbers[name] / 1e6:21.2f} {numbers[name] / numbers[base]:10.1f}"
        )
    pairs = ATOMS * (ATOMS - 1) // 2 * how.rank
    print(
        f"numbers in the features of the pairs of a molecule and relation: {pairs:,}, against {ATOMS**2 * RANK**2:,} ({ATOMS**2 * RANK**2 / pairs:.0f} times)"
    )


if __name__ == "__main__":
    main()
