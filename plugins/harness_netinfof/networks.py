"""Small graph networks on sparse matrices, whose accuracy the probe is to predict."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from harness import Singles
from harness_netinfof.adjacency import Rows

HEADS = 8
"""Attention heads of the first GAT layer; the second has one."""
SLOPE = 0.2
"""Slope of the leaky ReLU in attention below zero."""


@dataclass(frozen=True)
class Surroundings:
    """What networks read of a graph.

    Attributes
    ----------
    x (n, f) : features; None where a vector per node is learnt instead.
    smooth, mean : ``D~^-1/2 (A + I) D~^-1/2`` and ``D^-1 A``.
    ends (2, entries) : rows and columns of A + I.
    """

    n: int
    x: Tensor | None
    smooth: Tensor
    mean: Tensor
    ends: Tensor


def surroundings(graph: Rows, features: Singles | None, device: torch.device) -> Surroundings:
    """The graph's matrices on a device."""
    n = graph.n
    first = np.repeat(np.arange(n), graph.counts)
    second = graph.columns.astype(np.int64)
    loops = np.arange(n)
    ends = np.array([np.concatenate([first, loops]), np.concatenate([second, loops])])
    root = 1.0 / np.sqrt(graph.counts + 1.0)
    share = 1.0 / np.maximum(graph.counts, 1)
    x = None if features is None else torch.tensor(_scaled(features), device=device)
    smooth = _sparse(ends, root[ends[0]] * root[ends[1]], n, device)
    mean = _sparse(np.array([first, second]), share[first], n, device)
    return Surroundings(n, x, smooth, mean, torch.tensor(ends, device=device))


def _scaled(features: Singles) -> Singles:
    """Centred features of mean row length 1, so that one learning rate and decay suit all."""
    centred = features - features.mean(0, dtype=np.float64).astype(np.float32)
    length = np.linalg.norm(centred, axis=1).mean()
    scaled: Singles = centred / length if length > 0 else centred
    return scaled


def _sparse(ends: np.ndarray, values: np.ndarray, n: int, device: torch.device) -> Tensor:
    matrix = torch.sparse_coo_tensor(
        torch.tensor(ends),
        torch.tensor(values, dtype=torch.float32),
        (n, n),
        check_invariants=False,
    )
    return matrix.coalesce().to(device)


class Network:
    """Parameters, and a function of them and of dropout that gives outputs ``(n, outputs)``.

    ``hops`` are what the weights of the hops of ``gpr`` begin with; they are `undecayed`.
    """

    def __init__(
        self,
        kind: str,
        around: Surroundings,
        hidden: int,
        outputs: int,
        dropout: float,
        generator: torch.Generator,
        hops: Sequence[float] = (),
    ) -> None:
        self.parameters: list[Tensor] = []
        self.undecayed: list[Tensor] = []
        self._around, self._dropout, self._generator = around, dropout, generator
        device = around.ends.device
        x = around.x
        if kind == "sgc":
            assert x is not None
            x = torch.sparse.mm(around.smooth, torch.sparse.mm(around.smooth, x))
        if x is None:
            x = self._matrix(around.n, hidden, device)
        self._x = x
        layer: dict[str, Callable[[int, int, bool], Callable[[Tensor], Tensor]]] = {
            "gcn": self._gcn,
            "sage": self._sage,
            "gat": self._gat,
        }
        if kind in layer:
            make = layer[kind]
            self._layers = [make(x.shape[1], hidden, False), make(hidden, outputs, True)]
        elif kind == "gpr":
            linear = self._linear
            self._layers = [linear(x.shape[1], hidden), self._polynomial(hidden, outputs, hops)]
        else:
            self._layers = [self._linear(x.shape[1], outputs)]

    def __call__(self, training: bool) -> Tensor:
        """The outputs of all nodes."""
        x = self._x
        for depth, layer in enumerate(self._layers):
            if depth:
                x = torch.nn.functional.elu(x)
            x = layer(self._dropped(x) if training else x)
        return x

    def _dropped(self, x: Tensor) -> Tensor:
        # Drawn on the CPU, so that all devices drop the same inputs.
        kept = torch.rand(x.shape, generator=self._generator).to(x.device) >= self._dropout
        return x * kept / (1.0 - self._dropout)

    def _matrix(self, rows: int, columns: int, device: torch.device) -> Tensor:
        """A parameter with the initialization of Glorot and Bengio."""
        bound = math.sqrt(6.0 / (rows + columns))
        values = (2.0 * torch.rand(rows, columns, generator=self._generator) - 1.0) * bound
        made = values.to(device).requires_grad_()
        self.parameters.append(made)
        return made

    def _bias(self, columns: int, device: torch.device) -> Tensor:
        made = torch.zeros(columns, device=device, requires_grad=True)
        self.parameters.append(made)
        return made

    def _linear(self, fan_in: int, fan_out: int) -> Callable[[Tensor], Tensor]:
        device = self._around.ends.device
        weight, bias = self._matrix(fan_in, fan_out, device), self._bias(fan_out, device)
        return lambda x: x @ weight + bias

    def _gcn(self, fan_in: int, fan_out: int, last: bool) -> Callable[[Tensor], Tensor]:
        linear, smooth = self._linear(fan_in, fan_out), self._around.smooth
        return lambda x: torch.sparse.mm(smooth, linear(x))

    def _polynomial(
        self, fan_in: int, fan_out: int, hops: Sequence[float]
    ) -> Callable[[Tensor], Tensor]:
        """sum_k weight_k smooth^k (linear of x): the weights are learnt from ``hops`` on."""
        linear, smooth = self._linear(fan_in, fan_out), self._around.smooth
        weights = torch.tensor(hops, dtype=torch.float32, device=smooth.device).requires_grad_()
        self.undecayed.append(weights)

        def propagate(x: Tensor) -> Tensor:
            h = linear(x)
            total = weights[0] * h
            for weight in weights[1:]:
                h = torch.sparse.mm(smooth, h)
                total = total + weight * h
            return total

        return propagate

    def _sage(self, fan_in: int, fan_out: int, last: bool) -> Callable[[Tensor], Tensor]:
        own, others = self._linear(fan_in, fan_out), self._linear(fan_in, fan_out)
        mean = self._around.mean
        return lambda x: own(x) + torch.sparse.mm(mean, others(x))

    def _gat(self, fan_in: int, fan_out: int, last: bool) -> Callable[[Tensor], Tensor]:
        device, heads = self._around.ends.device, 1 if last or fan_out % HEADS else HEADS
        width = fan_out // heads
        linear = self._linear(fan_in, fan_out)
        left, right = self._matrix(heads, width, device), self._matrix(heads, width, device)
        (row, column), n = self._around.ends, self._around.n

        def attend(x: Tensor) -> Tensor:
            h = linear(x).view(n, heads, width)
            raw = (h * left).sum(2)[row] + (h * right).sum(2)[column]
            score = torch.nn.functional.leaky_relu(raw, SLOPE)
            # Softmax over neighbours; a constant per head changes nothing and keeps exp in range.
            power = torch.exp(score - score.detach().amax(0))
            total = torch.zeros(n, heads, device=device).index_add(0, row, power)
            share = power / total.clamp_min(1e-30)[row]
            out = torch.zeros(n, heads, width, device=device)
            return out.index_add(0, row, share[:, :, None] * h[column]).reshape(n, fan_out)

        return attend
