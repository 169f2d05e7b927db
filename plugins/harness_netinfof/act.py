"""NetInfoF_Act: predictions of one sparse linear model of all components."""

from __future__ import annotations

import functools
import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from harness import Floats, Graph, Incompatible, Ints, Links, Prediction, Singles
from harness_netinfof import lasso, settings
from harness_netinfof.adjacency import Rows, pair_rows
from harness_netinfof.backbone import Adjusted, Backbone
from harness_netinfof.compiled import Compiled
from harness_netinfof.ranks import hits

WRITTEN = 1 << 26
"""Up to this many numbers, columns of pairs are stored: BLAS then beats gathering them anew."""


@dataclass(frozen=True, eq=False)
class PairProducts:
    """Columns ``(z_i H) o z_j`` of pairs, never stored: O(n d) memory, O(m d) time a product."""

    zh: Singles
    z: Singles
    pairs: Ints

    @functools.cached_property
    def _rows(self) -> tuple[Rows, Ints]:
        return pair_rows(self.pairs, len(self.z))

    def forward(self, w: Floats) -> Floats:
        """Scores of the pairs ``(m, 1)``."""
        rows, order = self._rows
        out = np.empty((len(order), 1))
        out[order, 0] = rows.products(self.zh * w[:, 0].astype(np.float32), self.z)
        return out

    def backward(self, residual: Floats) -> Floats:
        """The transpose: (columns, 1)."""
        rows, order = self._rows
        sums = rows.weighted_sums(residual[order, 0].astype(np.float32), self.z)
        out: Floats = np.einsum("nk,nk->k", self.zh, sums, dtype=np.float64)[:, None]
        return out


@dataclass(frozen=True, eq=False)
class Table:
    """Stored columns: ``x (units, columns)``."""

    x: Singles

    def forward(self, w: Floats) -> Floats:
        """Scores ``(units, outputs)``."""
        return (self.x @ w.astype(np.float32)).astype(np.float64)

    def backward(self, residual: Floats) -> Floats:
        """The transpose: (columns, outputs)."""
        return (self.x.T @ residual.astype(np.float32)).astype(np.float64)


def products(zh: Singles, z: Singles, pairs: Ints) -> lasso.Design:
    """The columns ``(z_i H) o z_j`` of pairs, stored where there is room."""
    if len(pairs) * z.shape[1] > WRITTEN:
        return PairProducts(zh, z, pairs)
    return Table(zh[pairs[:, 0]] * z[pairs[:, 1]])


class SparseModel(settings.Sparse, Compiled, ABC):
    """Scores of test pairs, or class probabilities of test nodes, from tables of nodes."""

    @abstractmethod
    def tables(self, data: Graph, rng: np.random.Generator) -> dict[str, Singles]:
        """Columns of nodes by the name of their group."""

    @abstractmethod
    def compared(self, data: Links, rng: np.random.Generator) -> dict[str, Adjusted]:
        """The same with what makes similarities of them."""

    def estimate(self, data: Graph | Links, *, rng: np.random.Generator) -> Prediction:
        """Fit the training part for each pair of penalties; the best in validation predicts.

        The validation value is the accuracy for nodes; for links Hits@k with the k of the data, or
        with all non-links where there are fewer. Without a validation part the training part stands
        in.

        Raises
        ------
        Incompatible : no split, no labels, or a graph with directions or weights.
        """
        if data.split is None:
            raise Incompatible(
                f"needs data with a train/test split; this {type(data).__name__} has none"
            )
        return self._links(data, rng) if isinstance(data, Links) else self._nodes(data, rng)

    def _links(self, data: Links, rng: np.random.Generator) -> Prediction:
        assert data.split is not None
        adjusted = self.compared(data, rng)
        zh = np.concatenate([part.zh for part in adjusted.values()], axis=1)
        z = np.concatenate([part.z for part in adjusted.values()], axis=1)
        train, test = data.split.train, data.split.test
        valid = data.split.valid if data.split.valid.size else train
        held, asked = (products(zh, z, data.pairs[part]) for part in (valid, test))
        make = functools.partial(_columns, zh, z, data.pairs[train])
        y = data.y[train]
        # Links and non-links weigh the same in all, however many of each there are.
        weights = 0.5 / np.bincount(y)[y]

        def judge(w: Floats, b: Floats) -> float:
            return hits(held.forward(w)[:, 0], data.y[valid], data.k)

        bounds = _bounds({name: part.z for name, part in adjusted.items()})
        fitted, told = self._best(make, 1, y, weights, bounds, judge, len(valid), rng)
        values = asked.forward(fitted.weights)[:, 0] + fitted.intercepts[0]
        return Prediction(values, test, told | _strengths(fitted.weights, list(adjusted), bounds))

    def _nodes(self, data: Graph, rng: np.random.Generator) -> Prediction:
        assert data.split is not None
        if data.labels is None:
            raise Incompatible("nodes without labels; classification needs them")
        found = self.tables(data, rng)
        x = np.concatenate(list(found.values()), axis=1)
        train, test = data.split.train, data.split.test
        valid = data.split.valid if data.split.valid.size else train
        y, wanted = data.codes[train], data.codes[valid]
        held = Table(x[valid])

        def judge(w: Floats, b: Floats) -> float:
            return float((np.argmax(held.forward(w) + b, axis=1) == wanted).mean())

        bounds = _bounds(found)
        fitted, told = self._best(
            lambda part: Table(x[train[part]]),
            data.n_classes,
            y,
            np.full(len(y), 1.0 / len(y)),
            bounds,
            judge,
            len(valid),
            rng,
        )
        scores = Table(x[test]).forward(fitted.weights) + fitted.intercepts
        probabilities = np.exp(scores - scores.max(1, keepdims=True))
        probabilities /= probabilities.sum(1, keepdims=True)
        return Prediction(
            probabilities, test, told | _strengths(fitted.weights, list(found), bounds)
        )

    def _best(
        self,
        make: Callable[[Ints | slice], lasso.Design],
        outputs: int,
        y: Ints,
        weights: Floats,
        bounds: tuple[int, ...],
        judge: Callable[[Floats, Floats], float],
        judged: int,
        rng: np.random.Generator,
    ) -> tuple[lasso.Fitted, dict[str, float | int | str]]:
        """The fit with the best validation value, the first of equals, and what to tell of it."""
        shape, limits = (bounds[-1], outputs), {"steps": self.steps, "patience": self.patience}
        penalties = [
            lasso.Penalty(sparsity, group, bounds)
            for sparsity, group in itertools.product(self.sparsity, self.group)
        ]
        if 0 < self.batch < len(y):
            batches = lasso.Batches(make, self.batch, self.rate, judged, rng)
            found = [
                lasso.fit_batches(batches, shape, y, weights, penalty, judge, **limits)
                for penalty in penalties
            ]
        else:
            design = make(slice(None))
            found = [
                lasso.fit(design, shape, y, weights, penalty, judge, **limits)
                for penalty in penalties
            ]
        fits = {(p.sparsity, p.group): fit for p, fit in zip(penalties, found, strict=True)}
        chosen = max(fits, key=lambda pair: fits[pair].value)
        best = fits[chosen]
        zeros = float((best.weights == 0).mean())
        return best, {
            "sparsity": chosen[0],
            "group": chosen[1],
            "validation": best.value,
            "steps": sum(fit.steps for fit in fits.values()),
            "zeros": zeros,
        }


class Act(SparseModel, Backbone, settings.Act):
    """NetInfoF_Act: the five components, links by their compatibility matrices."""

    def tables(self, data: Graph, rng: np.random.Generator) -> dict[str, Singles]:
        """The components. Raises `Incompatible` for directed or weighted graphs."""
        return self.nodes(data, self.components, rng)[1]

    def compared(self, data: Links, rng: np.random.Generator) -> dict[str, Adjusted]:
        """The components with H*."""
        return self.pairs(data, self.components, rng)


def _columns(zh: Singles, z: Singles, pairs: Ints, part: Ints | slice) -> lasso.Design:
    return products(zh, z, pairs[part])


def _bounds(tables: Mapping[str, Singles]) -> tuple[int, ...]:
    """Where the columns of each component begin, and where the last end."""
    return tuple(int(c) for c in np.cumsum([0, *(z.shape[1] for z in tables.values())]))


def _strengths(weights: Floats, names: list[str], bounds: tuple[int, ...]) -> dict[str, float]:
    """The length of the weights of each component: how much the model relies on it."""
    pairs = zip(names, bounds[:-1], bounds[1:], strict=True)
    return {f"weight_{name}": float(np.linalg.norm(weights[a:b])) for name, a, b in pairs}
