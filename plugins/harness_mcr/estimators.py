"""What a fused predictor draws from one modality, by giving units the modality of donors.

p_0 is the prediction with a unit's own modality, p_k with that of its k-th donor (Kontras et al.
2025, eqs. 6-8). Where the predictor is exact and donors are independent of the other modalities::

    mipd  <  mipd-k  <=  I(X1;Y|X2)  <=  mipd-upper  <=  mipd-likelihood

    mipd-k     = H(mean of p_0 ... p_K) - mean of H(p_k)
    mipd-upper = mean of ln p_0(y) - ln (mean of p_1 ... p_K)(y)

by the concavity of entropy, and as a mean over donors knows the other modalities alone, so that it
predicts no better than p(y|x2). One donor gives the outer two; in expectation more donors bring the
inner two together. Where modalities depend on each other the right side still holds, the left one
with donors from p(x1|x2) alone (scheme neighbours, nearly). Donors then make pairs that never
occur, and what a predictor says of them is nobody's information: they are left out where they are
known.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from harness import Bools, Estimate, Floats, Incompatible, Ints, Modalities
from harness_mcr import settings
from harness_mcr.kinds import FusedPredictions

FEW = 0.12
"""Share of the units with which one may share a donor for products of terms to be summed: the
variance that they give has a relative error of about the root of twice the share."""
IMPOSSIBLE = np.log(1e-299)
"""Log-probabilities below stand for zero."""


def divergence(p: Floats, q: Floats) -> Floats:
    """Jensen-Shannon divergence of log-probabilities over the last axis, in nats: 0 to ln 2."""
    middle = np.logaddexp(p, q) - np.log(2.0)
    found: Floats = 0.5 * (np.exp(p) * (p - middle) + np.exp(q) * (q - middle)).sum(-1)
    return found


def _entropy(logs: Floats) -> Floats:
    found: Floats = -(np.exp(logs) * logs).sum(-1)
    return found


@dataclass(frozen=True, eq=False)
class _Exchanged:
    """One modality's predictions ``permuted (n, k, c)``, their ``donors (n, k)``, and which of them
    count ``(n, k)``; units of which none counts are left out.
    """

    clean: Floats
    permuted: Floats
    donors: Ints
    counts: Bools
    kept: Bools
    notes: dict[str, float]

    def mean(self, values: Floats) -> Floats:
        """The mean of ``(n, k)`` over the donors that count."""
        found: Floats = (values * self.counts).sum(1) / self.counts.sum(1)
        return found

    def shares(self, values: Floats, local: Floats) -> Floats:
        """What each donor ``(n, k)`` changes in the mean ``local (n,)`` of ``values``."""
        found: Floats = (values - local[:, None]) / self.counts.sum(1)[:, None]
        return found


def _exchanged(
    data: FusedPredictions, modality: int, most: int | None, others: bool = False
) -> _Exchanged:
    """``others``: leave out donors that are the unit itself, as a permutation has them.

    Raises `Incompatible` for a modality or for donors that are not there.
    """
    n, m, k, _ = data.permuted.shape
    if modality > m:
        raise Incompatible(f"{m} modalities; there is no modality {modality}")
    if most is not None and most > k:
        raise Incompatible(f"{k} donors; wants most={k} or less, or a model with more donors")
    use = k if most is None else most
    counts = np.ones((n, use), bool)
    notes: dict[str, float] = {"donors": use}
    if data.off_support is not None:
        counts = ~data.off_support[:, modality - 1, :use]
        notes["off_support"] = float(1 - counts.mean())
    if others:
        counts = counts & (data.donors[:, modality - 1, :use] != np.arange(n)[:, None])
    kept: Bools = counts.sum(1) > 0
    if not kept.any():
        wanted = "neighbours" if others else "class"
        raise Incompatible(f"every pair with another unit is off the support; use scheme={wanted}")
    if not kept.all():
        notes["units_left_out"] = int((~kept).sum())
    where = (kept, modality - 1, slice(use))
    permuted, donors = data.permuted[where], data.donors[where]
    return _Exchanged(data.clean[kept], permuted, donors, counts[kept], kept, notes)


def _values(
    data: FusedPredictions, modality: int, most: int | None
) -> tuple[Floats, _Exchanged, Floats]:
    found = _exchanged(data, modality, most)
    each = divergence(found.clean[:, None], found.permuted)
    local = found.mean(each)
    return local, found, found.shares(each, local)


def _estimate(local: Floats, found: _Exchanged, parts: Floats) -> Estimate:
    """The mean of a value per unit ``(n,)``; local values are given where every unit has one.

    ``parts (n, k)`` say what each donor changes in it, to first order.
    """
    own = local if found.kept.all() else None
    return Estimate(local.mean(), _error(local, found, parts), own, found.notes)


def _error(local: Floats, found: _Exchanged, parts: Floats) -> float | None:
    """Standard error of the mean, whose terms depend on each other where they share a donor.

    With few donors the products of all terms that share a unit count as the squares do. With many
    nearly all terms share one; then each unit counts with its term and with what it does as a
    donor. None for a single unit.
    """
    from scipy import sparse

    n, off = len(local), local - local.mean()
    unit, k = np.nonzero(found.counts & (found.donors >= 0))  # others are not among these units
    rows = np.concatenate([np.arange(n), unit])
    units = np.concatenate([np.flatnonzero(found.kept), found.donors[unit, k]])
    if n < 2:
        return None
    if (found.counts.shape[1] + 1) ** 2 <= FEW * n:
        made = sparse.csr_matrix((np.ones(len(rows)), (rows, units)))
        together = (made @ made.T).sign()
        square = max(float(off @ (together @ off)), float((off**2).sum()))
    else:
        what = np.concatenate([off, parts[unit, k]])
        square = float((np.bincount(units, what) ** 2).sum())
    return float(np.sqrt(square) / n)


class MIPD(settings.Side):
    """Mean Jensen-Shannon divergence of p_0 and p_k (eq. 8)."""

    def estimate(self, data: FusedPredictions, *, rng: np.random.Generator) -> Estimate:
        """In nats, 0 to ln 2, with a value per unit.

        Raises `Incompatible` for a modality or donors that the data do not have.
        """
        return _estimate(*_values(data, self.modality, self.most))


class MIPDK(settings.Side):
    """H(mean of p_0 ... p_K) - mean of H(p_k): the divergence of all predictions at once."""

    def estimate(self, data: FusedPredictions, *, rng: np.random.Generator) -> Estimate:
        """In nats, 0 to ln c, with a value per unit.

        Raises `Incompatible` for a modality or donors that the data do not have.
        """
        found = _exchanged(data, self.modality, self.most)
        weights = found.counts[:, :, None] / (found.counts.sum(1) + 1.0)[:, None, None]
        own = 1.0 / (found.counts.sum(1) + 1.0)
        mixed = own[:, None] * np.exp(found.clean) + (weights * np.exp(found.permuted)).sum(1)
        # A class that no prediction gives any probability adds nothing to the entropy.
        together = -(mixed * np.log(np.maximum(mixed, np.finfo(float).tiny))).sum(1)
        apart = own * _entropy(found.clean) + (weights[:, :, 0] * _entropy(found.permuted)).sum(1)
        local = together - apart
        logs = np.log(np.maximum(mixed, np.finfo(float).tiny))[:, None]
        each = (np.exp(found.permuted) * (found.permuted - logs)).sum(-1)
        return _estimate(local, found, own[:, None] * (each - local[:, None]))


def _loss(found: _Exchanged, y: Ints, donors: Floats, parts: Floats) -> Estimate:
    """ln p_0(y) less ``donors`` ``(n,)``, the logarithms of what they give the class, of which
    ``parts (n, k)`` are each donor's share; infinite where either rules out the class of some unit.
    """
    right = found.clean[np.arange(len(y)), y]
    impossible = (donors < IMPOSSIBLE) | (right < IMPOSSIBLE)
    if impossible.any():
        notes = found.notes | {"units_ruled_out": int(impossible.sum())}
        return Estimate(np.inf, None, None, notes)
    return _estimate(right - donors, found, -parts)


def _given(found: _Exchanged, y: Ints) -> Floats:
    """The log-probabilities ``(n, k)`` of each unit's class given its donors."""
    return np.take_along_axis(found.permuted, y[:, None, None], axis=2)[:, :, 0]


class MIPDLikelihood(settings.Side):
    """Mean of ln p_0(y) - ln p_k(y): what eq. 6 gives when the predictor is not refitted.

    With an exact predictor it is *above* the conditional information (0.576 for 0.217 where
    p(y = 1) is logistic in 2 x1 + x2), and infinite where some p_k rules out y.
    """

    def estimate(self, data: FusedPredictions, *, rng: np.random.Generator) -> Estimate:
        """In nats, with a value per unit where all are finite.

        Raises `Incompatible` for a modality or donors that the data do not have.
        """
        found = _exchanged(data, self.modality, self.most)
        y = data.y[found.kept]
        logs = _given(found, y)
        out = ((logs < IMPOSSIBLE) & found.counts).any(1)
        donors = found.mean(logs)
        parts = found.shares(logs, donors)
        return _loss(found, y, np.where(out, -np.inf, donors), parts)


class MIPDUpper(settings.Side):
    """Mean of ln p_0(y) - ln (mean of p_1 ... p_K)(y): the loss without the unit's own modality.

    Donors that are the unit itself are left out: they would know it.
    """

    def estimate(self, data: FusedPredictions, *, rng: np.random.Generator) -> Estimate:
        """In nats, with a value per unit; infinite where all donors rule out some unit's class.

        Raises `Incompatible` for a modality or donors that the data do not have, and for donors
        of the unit's class, which tell it.
        """
        if data.scheme == "class":
            wanted = "permute, derange or neighbours"
            raise Incompatible(
                f"donors of a unit's own class, which tell it; wants scheme={wanted}"
            )
        found = _exchanged(data, self.modality, self.most, others=True)
        y = data.y[found.kept]
        logs = np.where(found.counts, _given(found, y), -np.inf)
        donors = np.logaddexp.reduce(logs, axis=1) - np.log(found.counts.sum(1))
        # A mean of probabilities, whose logarithm is taken.
        parts = found.shares(np.exp(logs - donors[:, None]), np.ones(len(donors)))
        return _loss(found, y, donors, parts)


class WeakModality(settings.Used):
    """The least value of `MIPD` over the modalities."""

    def estimate(self, data: FusedPredictions, *, rng: np.random.Generator) -> Estimate:
        """In nats, with the value of each modality among the diagnostics.

        Raises `Incompatible` for donors that the data do not have.
        """
        each = [_values(data, m + 1, self.most) for m in range(data.permuted.shape[1])]
        means = [float(local.mean()) for local, *_ in each]
        weakest = int(np.argmin(means))
        local, found, parts = each[weakest]
        told = {f"modality_{m + 1}": value for m, value in enumerate(means)}
        notes = found.notes | told | {"weakest": weakest + 1}
        return _estimate(local, dataclasses.replace(found, notes=notes), parts)


@dataclass(frozen=True)
class FusionAccuracy:
    """Share of units whose likeliest class is theirs."""

    def estimate(self, data: FusedPredictions, *, rng: np.random.Generator) -> Estimate:
        """0 to 1, with the accuracies of single modalities among the diagnostics."""
        right = (data.clean.argmax(1) == data.y).astype(np.float64)
        notes: dict[str, float] = {}
        if data.alone is not None:
            for m in range(data.alone.shape[1]):
                hits = data.alone[:, m].argmax(1) == data.y
                notes[f"alone_{m + 1}"] = float(hits.mean())
        return Estimate.from_local(right, notes)


@dataclass(frozen=True)
class CEBResidual:
    """E |[x1, x2] - h(y)|^2 per number (eq. 11) with the best h, the mean of each class. Columns
    are divided by their standard deviation, constant ones left out; all by the training part.
    """

    def estimate(self, data: Modalities, *, rng: np.random.Generator) -> Estimate:
        """0 where the class fixes all modalities, 1 where it says nothing, with a value per unit.

        Raises `Incompatible` without a split, and for modalities that are constant.
        """
        train, test = data.part("train"), data.part("test")
        x, judged = np.hstack(train.modalities), np.hstack(test.modalities)
        spread = x.std(0)
        varied = spread > 1e-12 * np.maximum(1.0, np.abs(x).max(0))
        if not varied.any():
            raise Incompatible("modalities that are constant in the training part")
        x, judged = x[:, varied] / spread[varied], judged[:, varied] / spread[varied]
        sums = np.zeros((len(data.classes), x.shape[1]))
        np.add.at(sums, train.y, x)
        sizes = np.bincount(train.y, minlength=len(data.classes))
        means = sums / np.maximum(sizes, 1)[:, None]
        local = ((judged - means[test.y]) ** 2).mean(1)
        return Estimate.from_local(local, {"columns": int(varied.sum())})
