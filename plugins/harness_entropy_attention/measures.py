"""Estimators of attention: its entropy, and the classes of heads of N.

Jha & B. Reagen (section 3).
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass

import numpy as np

from harness import AttentionMaps, Estimate, Floats, Incompatible
from harness_entropy_attention.heads import Attention, Rows, real_rows, row_entropy, rows, shares
from harness_entropy_attention.settings import Classes, Reference

SHOWN = 256
"""Largest number of heads whose entropies are written out in the diagnostics."""


def _listed(values: Floats) -> str:
    known = np.round(values, 3).astype(object)
    return json.dumps(np.where(np.isfinite(values), known, np.array(None)).tolist())


def _notes(found: Rows) -> dict[str, float | str | int]:
    """Entropies of heads, and what they are compared with."""
    heads = found.heads()
    notes: dict[str, float | str | int] = {
        "t": found.t,
        "maximum": found.maximum(),
        "log_t": found.log_t(),
        "broken_rows": found.broken,
        "broken_heads": int(np.isnan(heads).sum()),
    }
    if heads.size <= SHOWN:
        notes["heads"] = _listed(heads)
    return notes


@dataclass(frozen=True)
class AttentionEntropy:
    """E = -(1/t) sum_ij a_ij ln a_ij in nats, mean over heads and sequences (equations 5 to 7).

    Query i of a causal map sees i keys, so E is at most ln(t!)/t; the maximum, ln t, and the
    entropies of all heads are in the diagnostics. Broken rows are left out and counted. Without
    any, the value is the mean over sequences.
    """

    def estimate(self, data: Attention, *, rng: np.random.Generator) -> Estimate:
        """The mean entropy of rows; raises `Incompatible` where all are broken."""
        found = rows(data)
        values = np.where(found.sound, found.entropy, 0.0).sum((1, 2, 3))
        count = found.sound.sum((1, 2, 3))
        local = values[count > 0] / count[count > 0]
        spread = local.std(ddof=1) / np.sqrt(len(local)) if len(local) > 1 else None
        whole = bool((count > 0).all())
        return Estimate(local.mean(), spread, local if whole else None, _notes(found))


class AttentionUniformity(Reference):
    """Attention entropy over its maximum: 1 is uniform attention.

    ``causal`` divides by ln(t!)/t, ``log`` by ln t, as the paper does (a uniform causal head of 128
    tokens then has 0.80), ``row`` divides row i by ln i, from the second on, before the mean. Rows
    of padding do not count, and padding is no key: a row of a padded sequence sees fewer.
    """

    def estimate(self, data: Attention, *, rng: np.random.Generator) -> Estimate:
        """The mean share over heads. Raises `Incompatible` for a single token: no maximum."""
        found = _several(rows(data))
        if self.reference == "row":
            most = found.row_maxima()
            known = found.sound & (most > 0)
            shares_of_rows = found.of_rows(found.entropy / np.maximum(most, 1e-300), known)
            return Estimate(float(np.nanmean(shares_of_rows)), diagnostics=_notes(found))
        top = found.maximum() if self.reference == "causal" else found.log_t()
        return Estimate(float(np.nanmean(found.heads())) / top, diagnostics=_notes(found))


def _several(found: Rows) -> Rows:
    if found.keys.max() < 2:
        raise Incompatible(
            "maps of a single token have an entropy of 0, so shares of the maximum are undefined"
        )
    return found


class _Share(Classes):
    """What the three classes of heads share."""

    def classes(
        self, data: Attention
    ) -> tuple[tuple[float, float, float], dict[str, float | str | int]]:
        """Shares of collapsed, balanced and overloaded heads; notes with the other reference too.

        ``causal`` measures against ln(t!)/t; ``observed`` against the largest head of this very
        model, which the paper does, and which calls a model of equal heads overloaded whatever they
        do. Raises `Incompatible` for a single token, and where no head has any entropy to compare
        with.
        """
        found = _several(rows(data))
        heads = found.heads()
        observed = float(np.nanmax(heads))
        both = {"causal": shares(heads, found.maxima(), self.low, self.high)}
        if observed > 0:
            both["observed"] = shares(heads, observed, self.low, self.high)
        elif self.reference == "observed":
            raise Incompatible(
                "every head has an entropy of 0, so shares of the largest are undefined; "
                "wanted reference=causal"
            )
        notes = _notes(found)
        for name, (collapsed, _, overloaded) in both.items():
            notes |= {f"collapsed_{name}": collapsed, f"overloaded_{name}": overloaded}
        return both[self.reference], notes


class Overload(_Share):
    """The share of heads with ``high`` of the maximum and more: near uniform, of little use."""

    def estimate(self, data: Attention, *, rng: np.random.Generator) -> Estimate:
        """A share from 0 to 1; raises as `classes`."""
        (_, _, overloaded), notes = self.classes(data)
        return Estimate(overloaded, diagnostics=notes)


class Collapse(_Share):
    """The share of heads below ``low`` of the maximum: each query looks at a key or two."""

    def estimate(self, data: Attention, *, rng: np.random.Generator) -> Estimate:
        """A share from 0 to 1; raises as `classes`."""
        (collapsed, _, _), notes = self.classes(data)
        return Estimate(collapsed, diagnostics=notes)


class Balance(_Share):
    """The share of heads between the two; about 0.9 in the usual transformer of the paper."""

    def estimate(self, data: Attention, *, rng: np.random.Generator) -> Estimate:
        """A share from 0 to 1; raises as `classes`."""
        (_, between, _), notes = self.classes(data)
        return Estimate(between, diagnostics=notes)


@dataclass(frozen=True)
class BrokenAttention:
    """The share of rows that were NaN.

    Collapse and numerical breakdown look alike where NaN counts as entropy 0.
    """

    def estimate(self, data: Attention, *, rng: np.random.Generator) -> Estimate:
        """A share from 0 to 1, and one per sequence."""
        if data.broken is None:
            return Estimate(0.0, local=np.zeros(data.n))
        real = real_rows(data, data.broken.shape)
        local = (data.broken & real).sum((1, 2, 3)) / real.sum((1, 2, 3))
        return Estimate(local.mean(), local=local)


@dataclass(frozen=True)
class HeadDiversity:
    """JS(a, b) = H((a + b)/2) - (H(a) + H(b))/2 of rows of two heads, mean over pairs and layers.

    From 0, where all heads of a layer do the same, to ln 2. Rows that are broken in any head are
    left out.
    """

    def estimate(self, data: AttentionMaps, *, rng: np.random.Generator) -> Estimate:
        """The divergence in nats, also per sequence. Raises `Incompatible` for a single head."""
        _, layers, heads, _, _ = data.a.shape
        if heads < 2:
            raise Incompatible("one head in each layer; wanted two at least")
        own = row_entropy(data.a)
        real = real_rows(data, own.shape)
        sound = real if data.broken is None else real & ~data.broken
        total, count = np.zeros(data.n), np.zeros(data.n)
        # One pair of one layer at a time: no more memory than two maps.
        for layer, (i, j) in itertools.product(
            range(layers), itertools.combinations(range(heads), 2)
        ):
            mixed = row_entropy((data.a[:, layer, i] + data.a[:, layer, j]) / 2)
            both = sound[:, layer, i] & sound[:, layer, j]
            apart = mixed - (own[:, layer, i] + own[:, layer, j]) / 2
            total += np.where(both, apart, 0.0).sum(1)
            count += both.sum(1)
        if not count.all():
            raise Incompatible("a sequence has no row of attention that is not NaN")
        local = total / count
        return Estimate(local.mean(), local=local)
