"""Estimators of attention against a rule: fidelity, lift, bounds with their slack, cost of a rule.

The bounds are ours, written from the abstract of the paper: "localist-style".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness import Bools, Estimate, Floats, Incompatible, PointedAttention
from harness_localist import laws
from harness_localist.settings import Fidelity, Rule

SHOWN = 256
"""Largest number of heads whose values are written out in the diagnostics."""
EXACT = 1e-10
"""A bound counts as violated from here on."""


def chosen(data: PointedAttention) -> Bools:
    """Queries with a target that see more than one key ``(n, t)``. Raises `Incompatible`."""
    found = data.pointed & (data.visible > 1)
    if not found.any():
        raise Incompatible("no query with a target sees a second key")
    return np.asarray(found)


def pooled(values: Floats, kept: Bools, notes: dict[str, Any]) -> Estimate:
    """The mean of ``values (n, layers, heads, t)`` over queries, heads and layers.

    The standard error is that of a ratio of sums over sequences. Means of heads are in the
    diagnostics.
    """
    count = kept.sum(1)
    total = np.where(kept[:, None, None], values, 0.0).sum(3)
    heads = total.sum(0) / count.sum()
    value = float(heads.mean())
    n, spread = len(count), None
    if n > 1:
        apart = total.mean((1, 2)) - value * count
        spread = float(np.sqrt((apart**2).sum() * n / (n - 1)) / count.sum())
    notes["coverage"] = float(kept.mean())
    if heads.size <= SHOWN:
        notes["heads"] = json.dumps(np.round(heads, 4).tolist())
    return Estimate(value, spread, diagnostics=notes)


def _wide(values: Any) -> Floats:
    """Numbers of queries ``(n, t)`` beside those of layers and heads."""
    return np.asarray(values, np.float64)[:, None, None, :]


class PointerFidelity(Fidelity):
    """The attention that goes where the rule points, mean over queries that have a target.

    Without the chance level, the share of targets among the keys in sight, it means little; both
    are in the diagnostics.
    """

    def estimate(self, data: PointedAttention, *, rng: np.random.Generator) -> Estimate:
        """From 0 to 1. Raises `Incompatible` where no query suits the form."""
        kept = chosen(data)
        if self.form == "single":
            kept = kept & (data.targets == 1)
            if not kept.any():
                raise Incompatible("no query has a single target; wanted form=mass or argmax")
        values = data.argmax if self.form == "argmax" else data.inside
        chance = float((data.targets[kept] / data.visible[kept]).mean())
        return pooled(values, kept, {"chance": chance, "form": self.form, "rule": data.rule})


@dataclass(frozen=True)
class PointerLift:
    """Pointer fidelity above chance: attention on the targets less their share of the keys."""

    def estimate(self, data: PointedAttention, *, rng: np.random.Generator) -> Estimate:
        """From -1 to 1; 0 for uniform attention. Raises `Incompatible` as `chosen`."""
        kept = chosen(data)
        chance = data.targets / np.maximum(data.visible, 1)
        return pooled(data.inside - _wide(chance), kept, {"chance": float(chance[kept].mean())})


def _slack(found: Floats, kept: Bools, notes: dict[str, Any]) -> Estimate:
    """The mean slack, with the least one and the number of violations in the diagnostics."""
    rows = np.moveaxis(found, 3, 1)[kept]
    notes |= {"least": float(rows.min()), "violations": int((rows < -EXACT).sum())}
    return pooled(found, kept, notes)


@dataclass(frozen=True)
class FidelityBound:
    """PF - m / (m + r exp(-margin)): how much more fidelity there is than the margin promises.

    Never below 0 (our R1), and 0 where all targets have one logit and all other keys another. A
    target with a weight of 0 has a margin of minus infinity, which the data cannot hold (they have
    0 there): the bound of such a row is 0, and the row is counted.
    """

    def estimate(self, data: PointedAttention, *, rng: np.random.Generator) -> Estimate:
        """The mean slack over rows. Raises `Incompatible` as `chosen`."""
        kept, m = chosen(data), _wide(np.maximum(data.targets, 1))
        found = data.inside - laws.least_fidelity(data.margin, m, _others(data))
        masked = (data.margin == 0) & (found < -EXACT)
        unknown = int(np.moveaxis(masked, 3, 1)[kept].sum())
        return _slack(np.where(masked, data.inside, found), kept, {"without_margin": unknown})


@dataclass(frozen=True)
class EntropyBound:
    """U(eps*) - H: how much less entropy there is than the margin allows, in nats.

    Never below 0 (our R2), and 0 where all targets have one logit and all other keys another. The
    largest error of the chain rule H = h(eps) + (1 - eps) H_in + eps H_out is in the diagnostics.
    """

    def estimate(self, data: PointedAttention, *, rng: np.random.Generator) -> Estimate:
        """The mean slack over rows. Raises `Incompatible` as `chosen`."""
        kept, m = chosen(data), _wide(np.maximum(data.targets, 1))
        top = laws.largest_entropy(data.margin, m, _others(data))
        eps = 1 - data.inside
        parts = laws.binary_entropy(eps) + data.inside * data.inside_entropy
        wrong = np.abs(parts + eps * data.outside_entropy - data.entropy)
        off = float(np.moveaxis(wrong, 3, 1)[kept].max())
        return _slack(top - data.entropy, kept, {"chain_rule": off})


def _others(data: PointedAttention) -> Floats:
    """The number of keys in sight that are no targets, of every query."""
    return _wide(data.visible - data.targets)


class RuleCost(Rule):
    """KL(a' || a): what it costs to add the rule to the logits when the network is used, in nats.

    The targets of every row get the bonus that ``fidelity`` needs, where the row does not have it
    already, or all the same ``strength``. With eps, the attention outside, above exp(H_out) /
    (exp(H_in) + exp(H_out)) the rule makes the row less certain, not more: the share of such rows
    is in the diagnostics.
    """

    def estimate(self, data: PointedAttention, *, rng: np.random.Generator) -> Estimate:
        """The mean cost over rows.

        Raises `Incompatible` as `chosen`, and where a target has no attention: no bonus helps.
        """
        kept = chosen(data)
        rows = np.moveaxis(data.inside, 3, 1)[kept]
        if not rows.min() > 0:
            raise Incompatible(
                "a row has no attention on its targets (a mask, or underflow): no bonus lifts it"
            )
        share = np.where(_wide(kept) > 0, data.inside, 0.5)
        if self.strength:
            bonus = np.full(share.shape, self.strength)
        else:
            low = share < self.fidelity
            bonus = np.where(
                low, laws.needed_strength(self.fidelity, np.where(low, share, 0.5)), 0.0
            )
        turning = laws.turning_point(data.inside_entropy, data.outside_entropy)
        rises = np.moveaxis(1 - data.inside > turning, 3, 1)[kept]
        notes = {
            "strength": float(np.moveaxis(bonus, 3, 1)[kept].mean()),
            "fidelity": float(np.moveaxis(laws.lifted(share, bonus), 3, 1)[kept].mean()),
            "entropy_rises": float(rises.mean()),
        }
        return pooled(laws.cost(share, bonus), kept, notes)
