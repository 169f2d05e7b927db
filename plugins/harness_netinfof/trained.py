"""Networks and linear models trained on the task itself, all in one way."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from harness import Graph, Incompatible, Links, Prediction, single_threaded, torch_generator
from harness_netinfof import settings
from harness_netinfof.adjacency import adjacency, check_plain
from harness_netinfof.networks import Network, surroundings
from harness_netinfof.ranks import hits

_FEATURES_ONLY = ("linear", "sgc")


class _Trained(settings.Network):
    """Adam on the whole training part a step; the parameters of the best validation value are kept.

    Nodes: cross-entropy of the outputs. Links: logistic loss of the product ``h_i . h_j`` of a
    pair's outputs, over the training edges and as many uniform pairs, drawn anew each step. The
    validation value is the accuracy, or Hits@k; ties go to the lower loss.
    """

    kind: ClassVar[str]

    def estimate(self, data: Graph | Links, *, rng: np.random.Generator) -> Prediction:
        """Scores of test pairs, or class probabilities of test nodes.

        Raises
        ------
        Incompatible : no split, no labels, directions or weights; or no features for what reads
            nothing else.
        UsageError : ``device`` is "cuda" and torch sees no such device.
        """
        if data.split is None:
            raise Incompatible(
                f"needs data with a train/test split; this {type(data).__name__} has none"
            )
        if isinstance(data, Graph):
            check_plain(data.directed, data.weights)
            if data.labels is None:
                raise Incompatible("nodes without labels; classification needs them")
        if data.features is None and self.kind in _FEATURES_ONLY:
            raise Incompatible(f"nodes without features; {self.kind} reads nothing else")
        generator = torch_generator(rng)
        graph = adjacency(data.edges, data.nodes)
        with single_threaded(self.device) as device:
            around = surroundings(graph, data.features, device)
            outputs = data.n_classes if isinstance(data, Graph) else self.hidden
            network = Network(
                self.kind, around, self.hidden, outputs, self.dropout, generator, self._hops()
            )
            if isinstance(data, Links):
                return self._links(network, data, generator)
            return self._nodes(network, data)

    def _hops(self) -> Sequence[float]:
        return ()

    def _nodes(self, network: Network, data: Graph) -> Prediction:
        assert data.split is not None
        assert data.labels is not None
        device = network.parameters[0].device
        labels = torch.tensor(data.codes, device=device)
        train, valid, test = (torch.tensor(part, device=device) for part in _parts(data))
        log_loss = torch.nn.functional.cross_entropy

        def judge(h: Tensor) -> tuple[float, float]:
            right = (h[valid].argmax(1) == labels[valid]).float().mean()
            return float(right), -float(log_loss(h[valid], labels[valid]))

        told = self._fit(network, lambda h: log_loss(h[train], labels[train]), judge)
        with torch.no_grad():
            values = torch.softmax(network(training=False)[test].double(), 1).cpu().numpy()
        return Prediction(values, data.split.test, told)

    def _links(self, network: Network, data: Links, generator: torch.Generator) -> Prediction:
        assert data.split is not None
        device = network.parameters[0].device
        train, valid, test = (
            torch.tensor(data.pairs[part].T, device=device) for part in _parts(data)
        )
        linked = train[:, torch.tensor(data.y[data.split.train] == 1, device=device)]
        wanted = torch.tensor(data.y[_parts(data)[1]], dtype=torch.float32, device=device)
        y = torch.cat([torch.ones(linked.shape[1]), torch.zeros(linked.shape[1])]).to(device)
        log_loss = torch.nn.functional.binary_cross_entropy_with_logits

        def score(h: Tensor, pairs: Tensor) -> Tensor:
            return (h[pairs[0]] * h[pairs[1]]).sum(1)

        def judge(h: Tensor) -> tuple[float, float]:
            found = score(h, valid)
            rate = hits(found.cpu().numpy(), wanted.cpu().numpy(), data.k)
            return rate, -float(log_loss(found, wanted))

        def loss(h: Tensor) -> Tensor:
            others = torch.randint(data.nodes, linked.shape, generator=generator).to(device)
            return log_loss(score(h, torch.cat([linked, others], dim=1)), y)

        told = self._fit(network, loss, judge)
        with torch.no_grad():
            values = score(network(training=False), test).double().cpu().numpy()
        return Prediction(values, data.split.test, told)

    def _fit(
        self,
        network: Network,
        loss: Callable[[Tensor], Tensor],
        judge: Callable[[Tensor], tuple[float, float]],
    ) -> dict[str, float | int]:
        decayed: dict[str, Any] = {"params": network.parameters}
        free: dict[str, Any] = {"params": network.undecayed, "weight_decay": 0.0}
        groups = [group for group in (decayed, free) if group["params"]]
        optimiser = torch.optim.Adam(groups, lr=self.learning_rate, weight_decay=self.decay)
        parameters = [*network.parameters, *network.undecayed]
        best, when, epoch = (-math.inf, -math.inf), 0, 0
        kept = [p.detach().clone() for p in parameters]
        for epoch in range(1, self.epochs + 1):
            optimiser.zero_grad()
            loss(network(training=True)).backward()
            optimiser.step()
            with torch.no_grad():
                now = judge(network(training=False))
            if now > best:
                best, kept, when = now, [p.detach().clone() for p in parameters], epoch
            elif epoch - when >= self.patience:
                break
        with torch.no_grad():
            for parameter, value in zip(parameters, kept, strict=True):
                parameter.copy_(value)
        return {"epochs": epoch, "best_epoch": when, "validation": best[0]}


def _parts(data: Graph | Links) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Training, validation and test units; the training part also validates where it must."""
    assert data.split is not None
    valid = data.split.valid if data.split.valid.size else data.split.train
    return data.split.train, valid, data.split.test


class GCN(_Trained):
    """Two graph convolutions (Kipf and Welling 2017)."""

    kind = "gcn"


class Sage(_Trained):
    """Two layers of own features and the mean of the neighbours' (Hamilton et al. 2017)."""

    kind = "sage"


class GAT(_Trained):
    """Two layers of attention over neighbours (Velickovic et al. 2018)."""

    kind = "gat"


class SGC(_Trained):
    """A linear model of features smoothed twice (Wu et al. 2019)."""

    kind = "sgc"


class Linear(_Trained):
    """A linear model of the features, without the graph."""

    kind = "linear"


class GPR(settings.GPR, _Trained):
    """A network of two layers, then a learnt polynomial of propagations (Chien et al. 2021).

    ``Z = sum_k gamma_k (D~^-1/2 (A + I) D~^-1/2)^k H``; gamma begins as personalised PageRank,
    a (1 - a)^k, the last (1 - a)^hops, and has no weight decay.
    """

    kind = "gpr"

    def estimate(self, data: Graph | Links, *, rng: np.random.Generator) -> Prediction:
        """The best in validation of one training per restart probability, the first of equals.

        Raises as the other networks.
        """
        streams = rng.spawn(len(self.restarts))
        found = []
        for restart, own in zip(self.restarts, streams, strict=True):
            made = dataclasses.replace(self, restarts=(restart,))
            trained = super(GPR, made).estimate(data, rng=own)
            told = dict(trained.diagnostics) | {"restart": restart}
            found.append(dataclasses.replace(trained, diagnostics=told))
        return max(found, key=lambda trained: float(trained.diagnostics["validation"]))

    def _hops(self) -> Sequence[float]:
        (a,) = self.restarts
        return [*(a * (1 - a) ** k for k in range(self.hops)), (1 - a) ** self.hops]
