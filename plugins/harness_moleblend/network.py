"""The encoder: a small Transformer that sees relations of atoms through the bias of its attention.

As in the paper (code of the authors, modules/moleblend_layers.py), one bias is shared by all
layers, and hidden relations are recovered from the states of both atoms. Otherwise made small:
layers normalize first; bonds tell their order and nothing further; a pair is read from products of
its atoms' states, component by component, where the authors read an outer product of 32 x 32; and
an atom starts from what its pairs show, where the authors add degrees and sums of kernels, which
tell of relations that are hidden.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from harness import UsageError
from harness_moleblend import settings
from harness_moleblend.inputs import Atoms, Batch
from harness_moleblend.masks import Shown

ELEMENTS = 120
"""0 where there is no atom, then codes from 0 to 118."""
FARTHEST = 10.0
"""Å; the centre of the last kernel, where data reach no farther."""
ORDERS = 5


class Given(NamedTuple):
    """A batch as tensors: ``numbers (b, n)``; places and relations ``(p,)`` of its pairs."""

    numbers: Tensor
    unit: Tensor
    i: Tensor
    j: Tensor
    hops: Tensor
    orders: Tensor
    distance: Tensor


@dataclass(frozen=True, eq=False)
class Visible:
    """What is shown of each pair, from i to j and back, ``(p, 2)``; ``alike`` where both agree."""

    hops: Tensor
    bonds: Tensor
    distance: Tensor
    alike: bool

    @classmethod
    def of(cls, shown: Shown, device: torch.device) -> Visible:
        """The mask on a device."""
        parts = (shown.hops, shown.bonds, shown.distance)
        alike = all(bool((part[:, 0] == part[:, 1]).all()) for part in parts)
        hops, bonds, distance = (torch.tensor(part, device=device) for part in parts)
        return cls(hops, bonds, distance, alike)


class View(NamedTuple):
    """What is seen of pairs in one direction: classes with one more for what is hidden, ``(p,)``;
    kernels of the distance, 0 where it is hidden, ``(p, kernels)``.
    """

    hops: Tensor
    orders: Tensor
    kernels: Tensor


def given(atoms: Atoms, batch: Batch, hop_classes: int, device: torch.device) -> Given:
    """The relations of a batch, with hops from ``hop_classes`` on as one."""
    pairs, rows = atoms.pairs, batch.rows

    def on(values: object) -> Tensor:
        return torch.tensor(values, device=device)

    orders = rows * 0 if pairs.orders is None else pairs.orders[rows]
    return Given(
        *(on(batch.numbers), on(batch.unit), on(batch.i), on(batch.j)),
        *(on(pairs.hops[rows].clip(max=hop_classes) - 1), on(orders)),
        torch.tensor(pairs.distance[rows], dtype=torch.float32, device=device),
    )


class Relations(nn.Module):
    """A vector for each pair, from what is seen of it in one direction."""

    def __init__(self, how: settings.Encoder, hop_classes: int, width: int) -> None:
        super().__init__()
        self.hops = nn.Embedding(hop_classes + 1, width)
        self.orders = nn.Embedding(ORDERS + 1, width)
        self.distance = nn.Linear(how.kernels, width, bias=False)
        nn.init.normal_(self.distance.weight)  # embeddings of kernels, as large as the others

    def forward(self, view: View) -> Tensor:
        """``(p, width)``."""
        found: Tensor = (
            self.hops(view.hops) + self.orders(view.orders) + self.distance(view.kernels)
        )
        return found

    def both(self, views: tuple[View, View]) -> tuple[Tensor, Tensor]:
        """From i to j, and from j to i."""
        there = self(views[0])
        return there, there if views[1] is views[0] else self(views[1])


class Layer(nn.Module):
    """Attention with a bias, and a hidden layer for each atom."""

    def __init__(self, how: settings.Encoder) -> None:
        super().__init__()
        self.heads = how.heads
        self.before, self.middle = nn.LayerNorm(how.width), nn.LayerNorm(how.width)
        self.read, self.write = (
            nn.Linear(how.width, 3 * how.width),
            nn.Linear(how.width, how.width),
        )
        self.hidden, self.back = (
            nn.Linear(how.width, 2 * how.width),
            nn.Linear(2 * how.width, how.width),
        )

    def attention(self, x: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        """The rows of attention ``(b, heads, n, n)``, and values ``(b, heads, n, width/heads)``."""
        b, n, width = x.shape
        qkv = self.read(self.before(x)).view(b, n, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-1, -2) * (width // self.heads) ** -0.5 + bias
        return torch.softmax(scores, -1), v

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """States ``(b, n, width)``."""
        weights, v = self.attention(x, bias)
        x = x + self.write((weights @ v).transpose(1, 2).flatten(2))
        found: Tensor = x + self.back(nn.functional.gelu(self.hidden(self.middle(x))))
        return found


class Head(nn.Module):
    """Log-probabilities of a hidden relation, from products of the states of its two atoms."""

    def __init__(self, how: settings.Encoder, classes: int, hop_classes: int) -> None:
        super().__init__()
        self.read, self.norm = nn.Linear(how.width, how.rank), nn.LayerNorm(how.rank)
        self.direct = Relations(how, hop_classes, how.rank) if how.direct else None
        self.out = nn.Sequential(
            nn.Linear(how.rank, how.rank), nn.GELU(), nn.Linear(how.rank, classes)
        )

    def forward(self, x: Tensor, known: Given, view: View) -> Tensor:
        """``(p, classes)``; both atoms count alike."""
        u = self.norm(nn.functional.gelu(self.read(x)))
        z = u[known.unit, known.i] * u[known.unit, known.j]
        if self.direct is not None:
            z = z + self.direct(view)
        return torch.log_softmax(self.out(z), -1)


class Encoder(nn.Module):
    """States of atoms, and log-probabilities of relations."""

    def __init__(
        self, how: settings.Encoder, hop_classes: int, bins: int, farthest: float = FARTHEST
    ) -> None:
        super().__init__()
        if how.width % how.heads:
            raise UsageError(f"width={how.width}, heads={how.heads}; wanted a multiple of heads")
        self.how = how
        self.numbers = nn.Embedding(ELEMENTS, how.width)
        self.around = Relations(how, hop_classes, how.width)
        self.relations = Relations(how, hop_classes, how.heads)
        self.apart = nn.Parameter(torch.zeros(how.heads))
        self.itself = nn.Parameter(torch.zeros(how.heads))
        self.layers = nn.ModuleList([Layer(how) for _ in range(how.layers)])
        self.norm = nn.LayerNorm(how.width)
        self.predict = nn.ModuleList([Head(how, k, hop_classes) for k in (hop_classes, bins)])
        self.spacing = farthest / (how.kernels - 1)
        self.register_buffer("centres", torch.arange(how.kernels) * self.spacing, persistent=False)

    def views(self, known: Given, seen: Visible) -> tuple[View, View]:
        """What is seen of the pairs from i to j, and from j to i.

        Kernels of the distance are Gaussians as wide as they are apart, so that a distance far
        beyond the last one looks hidden.
        """
        centres: Tensor = self.get_buffer("centres")
        kernels = torch.exp(-0.5 * ((known.distance[:, None] - centres) / self.spacing) ** 2)
        hidden = self.relations.hops.num_embeddings - 1

        def view(direction: int) -> View:
            hops, bonds, distance = (
                part[:, direction] for part in (seen.hops, seen.bonds, seen.distance)
            )
            return View(
                torch.where(hops, known.hops, hidden),
                torch.where(bonds, known.orders, ORDERS),
                kernels * distance[:, None],
            )

        there = view(0)
        return there, there if seen.alike else view(1)

    def bias(self, known: Given, views: tuple[View, View]) -> Tensor:
        """``(b, heads, n, n)``: of pairs that are shown or hidden, of others, of atoms themselves;
        minus infinity where there is no atom.
        """
        b, n = known.numbers.shape
        table = self.apart.repeat(b * n * n, 1)
        itself = torch.arange(n, device=table.device) * (n + 1)
        here = (torch.arange(b, device=table.device)[:, None] * n * n + itself).flatten()
        ends = ((known.i, known.j), (known.j, known.i))
        rows = [(known.unit * n + a) * n + z for a, z in ends]
        values = [self.itself.expand(len(here), -1), *self.relations.both(views)]
        table = table.index_copy(0, torch.cat([here, *rows]), torch.cat(values))
        table = table.view(b, n, n, -1).permute(0, 3, 1, 2)
        return table.masked_fill((known.numbers == 0)[:, None, None], float("-inf"))

    def start(self, known: Given, views: tuple[View, View]) -> Tensor:
        """States before the first layer: the element, and the mean of what an atom's pairs show."""
        b, n = known.numbers.shape
        numbers = known.numbers if self.how.atoms else (known.numbers > 0).long()
        rows = torch.cat([known.unit * n + known.i, known.unit * n + known.j])
        told = torch.cat(self.around.both(views))
        sums = told.new_zeros(b * n, self.how.width).index_add(0, rows, told)
        counts = told.new_zeros(b * n).index_add(0, rows, told.new_ones(len(rows)))
        found: Tensor = self.numbers(numbers) + (sums / counts.clamp(min=1)[:, None]).view(b, n, -1)
        return found

    def states(self, known: Given, views: tuple[View, View]) -> Tensor:
        """States ``(b, n, width)`` after the last layer."""
        x, bias = self.start(known, views), self.bias(known, views)
        for layer in self.layers:
            x = layer(x, bias)
        found: Tensor = self.norm(x)
        return found

    def forward(self, known: Given, seen: Visible) -> tuple[Tensor, Tensor]:
        """Log-probabilities of hops ``(p, hop_classes)`` and of distances ``(p, bins)``."""
        views = self.views(known, seen)
        x = self.states(known, views)
        hops, distance = (head(x, known, views[0]) for head in self.predict)
        return hops, distance

    def pooled(self, known: Given, seen: Visible) -> Tensor:
        """The mean state of the atoms of each molecule, ``(b, width)``."""
        x = self.states(known, self.views(known, seen))
        present = (known.numbers > 0)[..., None]
        found: Tensor = (x * present).sum(1) / present.sum(1)
        return found

    def maps(self, known: Given, seen: Visible, layer: int) -> Tensor:
        """Attention ``(b, heads, n, n)`` of a layer, the first being 0."""
        views = self.views(known, seen)
        x, bias = self.start(known, views), self.bias(known, views)
        for each in self.layers[:layer]:
            x = each(x, bias)
        wanted = self.layers[layer]
        assert isinstance(wanted, Layer)
        return wanted.attention(x, bias)[0]
