"""NetInfoF_Act: predictions of one sparse linear model of all components."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from harness import Floats, Graph, Incompatible, Ints, Links, Prediction, Singles
from harness_netinfof import lasso, settings
from harness_netinfof.adjacency import Rows, pair_rows
from harness_netinfof.backbone import Backbone
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


class Act(Backbone, settings.Act, Compiled):
    """Scores of test pairs, or class probabilities of test nodes."""

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
        adjusted = self.pairs(data, self.components, rng)
        zh = np.concatenate([part.zh for part in adjusted.values()], axis=1)
        z = np.concatenate([part.z for part in adjusted.values()], axis=1)
        train, test = data.split.train, data.split.test
        valid = data.split.valid if data.split.valid.size else train
        design, held, asked = (products(zh, z, data.pairs[part]) for part in (train, valid, test))
        y = data.y[train]
        # Links and non-links weigh the same in all, however many of each there are.
        weights = 0.5 / np.bincount(y)[y]

        def judge(w: Floats, b: Floats) -> float:
            return hits(held.forward(w)[:, 0], data.y[valid], data.k)

        bounds = _bounds({name: part.z for name, part in adjusted.items()})
        fitted, told = self._best(design, 1, y, weights, bounds, judge)
        values = asked.forward(fitted.weights)[:, 0] + fitted.intercepts[0]
        return Prediction(values, test, told | _strengths(fitted.weights, list(adjusted), bounds))

    def _nodes(self, data: Graph, rng: np.random.Generator) -> Prediction:
        assert data.split is not None
        if data.labels is None:
            raise Incompatible("nodes without labels; classification needs them")
        found = self.nodes(data, self.components, rng)[1]
        x = np.concatenate(list(found.values()), axis=1)
        train, test = data.split.train, data.split.test
        valid = data.split.valid if data.split.valid.size else train
        y, wanted = data.codes[train], data.codes[valid]
        design, held = Table(x[train]), Table(x[valid])

        def judge(w: Floats, b: Floats) -> float:
            return float((np.argmax(held.forward(w) + b, axis=1) == wanted).mean())

        bounds = _bounds(found)
        fitted, told = self._best(
            design, data.n_classes, y, np.full(len(y), 1.0 / len(y)), bounds, judge
        )
        scores = Table(x[test]).forward(fitted.weights) + fitted.intercepts
        probabilities = np.exp(scores - scores.max(1, keepdims=True))
        probabilities /= probabilities.sum(1, keepdims=True)
        return Prediction(
            probabilities, test, told | _strengths(fitted.weights, list(found), bounds)
        )

    def _best(
        self,
        design: lasso.Design,
        outputs: int,
        y: Ints,
        weights: Floats,
        bounds: tuple[int, ...],
        judge: Callable[[Floats, Floats], float],
    ) -> tuple[lasso.Fitted, dict[str, float | int | str]]:
        """The fit with the best validation value, the first of equals, and what to tell of it."""
        fits = {
            (sparsity, group): lasso.fit(
                design,
                (bounds[-1], outputs),
                y,
                weights,
                lasso.Penalty(sparsity, group, bounds),
                judge,
                steps=self.steps,
                patience=self.patience,
            )
            for sparsity, group in itertools.product(self.sparsity, self.group)
        }
        chosen = max(fits, key=lambda penalties: fits[penalties].value)
        best = fits[chosen]
        zeros = float((best.weights == 0).mean())
        return best, {
            "sparsity": chosen[0],
            "group": chosen[1],
            "validation": best.value,
            "steps": sum(fit.steps for fit in fits.values()),
            "zeros": zeros,
        }


def _bounds(tables: Mapping[str, Singles]) -> tuple[int, ...]:
    """Where the columns of each component begin, and where the last end."""
    return tuple(int(c) for c in np.cumsum([0, *(z.shape[1] for z in tables.values())]))


def _strengths(weights: Floats, names: list[str], bounds: tuple[int, ...]) -> dict[str, float]:
    """The length of the weights of each component: how much the model relies on it."""
    pairs = zip(names, bounds[:-1], bounds[1:], strict=True)
    return {f"weight_{name}": float(np.linalg.norm(weights[a:b])) for name, a, b in pairs}
