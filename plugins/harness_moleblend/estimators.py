"""Information of relations from what predictors say of them, per pair, in nats.

I(Y;X) >= H(Y) + E ln q(Y|X) (Barber and Agakov 2003). H is the code length of held-out relations
by the shares of training, so that the value is the V-information of the predictor; with the
entropy of the test relations themselves (a diagnostic, ``bound``) it is a bound from below.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from harness import Bools, Curve, Estimate, Floats, Incompatible, Ints
from harness_moleblend import settings
from harness_moleblend.inputs import SMALLEST
from harness_moleblend.kinds import RelationLogProbabilities

PATTERNS, MODALITIES = RelationLogProbabilities.patterns, RelationLogProbabilities.modalities


class Gain(NamedTuple):
    """What a predictor of a modality tells over what it told ``before``: None for what is known
    anyway.
    """

    modality: int
    before: str | None
    after: str


TERMS = (
    *(Gain(1, None, "other"), Gain(0, None, "other")),
    *(Gain(1, "own", "both"), Gain(0, "own", "both")),
    *(Gain(0, None, "own"), Gain(1, None, "own")),
    *(Gain(0, "other", "both"), Gain(1, "other", "both")),
)
"""I(A1;B1), I(A2;B2), I(A1;B1|B2), I(A2;B2|A1), I(A1;A2), I(B1;B2), I(A1;A2|B2), I(B1;B2|A1)."""
TOTAL = Gain(0, None, "both"), Gain(1, None, "both")


class _Told:
    """Means over rows, and bootstrap draws of them over molecules."""

    def __init__(
        self, data: RelationLogProbabilities, how: settings.Given, rng: np.random.Generator
    ) -> None:
        self.data = data = data.evaluated()
        self._given = how.given
        if not data.hidden.all():
            raise Incompatible(
                f"{(~data.hidden).sum()} of {len(data.y)} rows show the answer to the predictor, "
                "so that nothing is an information; wanted predictions of hidden relations alone "
                "(hidden_only=true, mirrored=true)"
            )
        self._owner = np.repeat(np.arange(data.n), np.diff(data.offsets))
        used = np.unique(self._owner)
        self.molecules = len(used)
        self._weights = np.zeros((how.boot, data.n))
        self._weights[:, used] = rng.multinomial(
            len(used), np.full(len(used), 1 / len(used)), size=how.boot
        )

    def rows(self, modality: int, pattern: str) -> Bools:
        """The rows of a pattern. Raises `Incompatible` where there are none."""
        data = self.data
        found: Bools = (data.modality == modality) & (data.pattern == PATTERNS.index(pattern))
        if not found.any():
            raise Incompatible(
                f"no predictions of {MODALITIES[modality]} with the pattern {pattern!r} shown"
            )
        return found

    def pattern(self, modality: int) -> str:
        """All of the other relation, or that of the pair alone, where nothing else was judged."""
        whole = (self.data.modality == modality) & (self.data.pattern == PATTERNS.index("all"))
        return "all" if whole.any() else "pair"

    def mean(self, logs: Floats, rows: Bools) -> Floats:
        """The mean over rows, then that of each bootstrap draw."""
        owner, n = self._owner[rows], self.data.n
        sums = np.bincount(owner, logs[rows], minlength=n)
        counts = np.bincount(owner, minlength=n)
        drawn = (self._weights @ sums) / np.maximum(self._weights @ counts, 0.5)
        return np.concatenate([[sums.sum() / counts.sum()], drawn])

    def gain(self, which: Gain) -> Floats:
        """Nats per pair, then those of each bootstrap draw."""
        after = self.rows(which.modality, which.after)
        then = self.mean(self.data.log_full, after)
        if which.before is not None:
            return then - self.mean(self.data.log_full, self.rows(which.modality, which.before))
        if self._given == "atoms":
            return then - self.mean(self.data.log_full, self.rows(which.modality, "none"))
        return then - self.mean(self.data.log_null, after)

    def estimate(self, values: Floats, **notes: Any) -> Estimate:
        """Value, error and the interval of 95 % from bootstrap draws."""
        low, high = np.quantile(values[1:], (0.025, 0.975))
        notes |= {"low": float(low), "high": float(high), "molecules": self.molecules}
        notes["bits"] = float(values[0] / math.log(2))
        if self.molecules < SMALLEST:
            notes["interval"] = f"unreliable: {self.molecules} molecules, fewer than {SMALLEST}"
        if values[0] < 0:
            notes["negative"] = "the predictor is worse than the shares of training: train it more"
        return Estimate(float(values[0]), float(values[1:].std(ddof=1)), diagnostics=notes)


def entropy(y: Ints) -> float:
    """Of the shares of codes, in nats."""
    p = np.unique(y, return_counts=True)[1] / len(y)
    return float(-(p * np.log(p)).sum())


class BlendMI(settings.Direction):
    """One relation from the other: from all of them, or from that of the pair alone."""

    def estimate(self, data: RelationLogProbabilities, *, rng: np.random.Generator) -> Estimate:
        """Nats per pair; ``bound`` is H(Y) + E ln q with the entropy of the test relations.

        Raises `Incompatible` where answers were shown, or this direction was not judged.
        """
        told = _Told(data, self, rng)
        modality = MODALITIES.index(self.direction)
        which = Gain(modality, None, told.pattern(modality))
        rows = told.rows(modality, which.after)
        values, used = told.gain(which), told.data
        known = entropy(used.y[rows])
        return told.estimate(
            values,
            shown=which.after,
            pairs=int(rows.sum()),
            entropy=known,
            bound=known + float(used.log_full[rows].mean()),
            per_molecule=float(values[0] * rows.sum() / told.molecules),
        )


class BlendTotal(settings.Given):
    """I(A2;A1,B2) + I(B1;A1,B2): what a blend tells of what it hides."""

    def estimate(self, data: RelationLogProbabilities, *, rng: np.random.Generator) -> Estimate:
        """Nats per pair of each modality, summed; half the sum of the eight terms.

        Raises `Incompatible` where answers were shown, or no blend was judged.
        """
        told = _Told(data, self, rng)
        flat, space = (told.gain(which) for which in TOTAL)
        return told.estimate(flat + space, hops=float(flat[0]), distance=float(space[0]))


class BlendTerm(settings.Term):
    """One of the eight terms of the decomposition."""

    def estimate(self, data: RelationLogProbabilities, *, rng: np.random.Generator) -> Estimate:
        """Nats per pair, a difference of two cross-entropies, so that it may be negative.

        Raises `Incompatible` where answers were shown, or no blend was judged.
        """
        told = _Told(data, self, rng)
        return told.estimate(told.gain(TERMS[self.term - 1]))


class BlendTerms(settings.Given):
    """All eight terms."""

    def estimate(self, data: RelationLogProbabilities, *, rng: np.random.Generator) -> Curve:
        """The terms against their numbers, with bootstrap errors.

        Raises `Incompatible` where answers were shown, or no blend was judged.
        """
        told = _Told(data, self, rng)
        values: Sequence[Floats] = [told.gain(which) for which in TERMS]
        return Curve(
            np.arange(1.0, len(TERMS) + 1),
            np.array([v[0] for v in values]),
            "number of the term",
            "information (nats per pair)",
            np.array([v[1:].std(ddof=1) for v in values]),
        )


class RelationPVI(settings.Direction):
    """Pointwise V-information ln q(y|x) - ln q(y) of relations (Ethayarajh et al. 2022)."""

    def estimate(self, data: RelationLogProbabilities, *, rng: np.random.Generator) -> Estimate:
        """Its mean over pairs, and the mean of each molecule, where all have pairs; ``misleading``
        is the share of pairs that the predictor has wrong more often than the shares would.

        Raises `Incompatible` where answers were shown, or this direction was not judged.
        """
        told = _Told(data, self, rng)
        modality = MODALITIES.index(self.direction)
        which = Gain(modality, None, told.pattern(modality))
        rows, used = told.rows(modality, which.after), told.data
        each = (used.log_full - used.log_null)[rows]
        found = told.estimate(told.gain(which), shown=which.after)
        owner = np.repeat(np.arange(used.n), np.diff(used.offsets))[rows]
        counts = np.bincount(owner, minlength=used.n)
        local = np.bincount(owner, each, minlength=used.n) / counts if counts.all() else None
        notes = {**found.diagnostics, "misleading": float((each < 0).mean())}
        return Estimate(found.value, found.stderr, local, notes)
