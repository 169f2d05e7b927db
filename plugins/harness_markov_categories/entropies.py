"""Categorical entropies of kernels: how far a copied token is from two independent ones.

Y. Zhang, arXiv:2507.19247, Eq. 4.3, 4.4 and 5.3: H_D(p) = D(diag(p) || p x p) for a row p, and its
mean over contexts. Closed forms, so that the v^2 pairs are never written out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from harness import Estimate, Floats, HeadStates, Incompatible, Kernels
from harness_markov_categories.settings import Direction, Gap, Order

BLOCK = 2**21
"""Numbers of a table that are looked at together: 16 MB."""
Entropy = Callable[[Floats], Floats]
"""From ln p ``(items, v)``, minus infinity where p is zero, to an entropy of each row."""


def kullback(log_p: Floats) -> Floats:
    """-sum p ln p: Shannon's entropy, in nats."""
    return -_expected(log_p, np.where(np.isneginf(log_p), 0.0, log_p))


def total_variation(log_p: Floats) -> Floats:
    """1 - sum p^2, with half of the absolute differences as the distance."""
    return np.asarray(1 - np.exp(2 * log_p).sum(1))


def hellinger(log_p: Floats) -> Floats:
    """2 - 2 sum p^(3/2), for the distance sum (sqrt p - sqrt q)^2."""
    return np.asarray(2 - 2 * np.exp(1.5 * log_p).sum(1))


def renyi(order: float, log_p: Floats) -> Floats:
    """ln(sum p^(2 - a)) / (a - 1) over what is possible: Rényi's entropy of order 2 - a, in nats;
    Shannon's at a = 1, ln of the number of possible tokens at a = 2, -ln of the least probability
    for a = inf.
    """
    if order == 1:
        return kullback(log_p)
    possible = np.isfinite(log_p)
    if math.isinf(order):
        return np.asarray(-np.where(possible, log_p, 0.0).min(1))
    powers = np.where(possible, (2 - order) * np.where(possible, log_p, 0.0), -np.inf)
    top = powers.max(1)
    return np.asarray((top + np.log(np.exp(powers - top[:, None]).sum(1))) / (order - 1))


def chi_squared(log_p: Floats) -> Floats:
    """The number of possible tokens, less one: it jumps where a token becomes possible."""
    return np.asarray(np.isfinite(log_p).sum(1) - 1.0)


def jensen_shannon(log_p: Floats) -> Floats:
    """1/2 sum p ln(2/(1 + p)) + 1/2 [sum p^2 ln(2p/(1 + p)) + (1 - sum p^2) ln 2], in nats."""
    p = np.exp(log_p)
    half = np.log(2) - np.log1p(p)
    same = p**2 * (half + np.where(p > 0, log_p, 0.0))
    free = (1 - (p**2).sum(1)) * np.log(2)
    return np.asarray(((p * half).sum(1) + same.sum(1) + free) / 2)


def _expected(log_p: Floats, values: Floats) -> Floats:
    return np.asarray((np.exp(log_p) * values).sum(1))


def named(divergence: str, order: float) -> Entropy:
    """The entropy of this name."""
    if divergence == "renyi":
        return partial(renyi, order)
    return {
        "kl": kullback,
        "tv": total_variation,
        "hellinger": hellinger,
        "js": jensen_shannon,
    }[divergence]


def log(p: Floats) -> Floats:
    """ln p, minus infinity at zero."""
    with np.errstate(divide="ignore"):
        return np.log(p)


def blocks(items: int, v: int) -> Iterator[slice]:
    """Runs of items whose tables ``(items, v)`` are of moderate size."""
    size = max(1, BLOCK // v)
    return (slice(a, min(a + size, items)) for a in range(0, items, size))


def laws(data: Kernels | HeadStates) -> Iterator[tuple[slice, Floats]]:
    """ln of the model's laws ``(items, v)``, block by block."""
    if isinstance(data, Kernels):
        for part in blocks(*data.k.shape):
            yield part, log(data.k[part])
        return
    for part in blocks(len(data.h), len(data.w)):
        yield part, data.log_laws(part.start, part.stop)


def shares(data: Kernels | HeadStates) -> Floats:
    """How often each context comes, as probabilities."""
    if isinstance(data, Kernels):
        return data.shares
    if data.weights is None:
        return np.full(len(data.h), 1 / len(data.h))
    return np.asarray(data.weights / data.weights.sum())


def truth(data: Kernels | HeadStates) -> Floats:
    """The laws of the data ``(items, v)``. Raises `Incompatible` where they are not known."""
    found = data.data if isinstance(data, Kernels) else data.true
    if found is None:
        raise Incompatible("the laws of the data are not known; calibration-gap needs tokens alone")
    return found


def mean(mu: Floats, local: Floats) -> float:
    """The mean over contexts; a value may be infinite where a context has no mass."""
    return float(mu @ np.where(mu > 0, local, 0.0))


def averaged(data: Kernels | HeadStates, local: Floats, **notes: float) -> Estimate:
    """The mean over contexts, with that of each unit. The standard error is that of sequences,
    which are drawn: of kernels, the contexts are all there are.
    """
    mu = shares(data)
    value = mean(mu, local)
    if isinstance(data, Kernels):
        return Estimate(value, None, local, notes)
    mass, sums = (np.add.reduceat(t, data.offsets[:-1]) for t in (mu, mu * local))
    off = sums - mass * value
    stderr = math.sqrt(data.n / (data.n - 1) * float(off @ off)) if data.n > 1 else None
    return Estimate(value, stderr, sums / np.where(mass > 0, mass, 1.0), notes)


@dataclass(frozen=True)
class _Entropy:
    """The mean entropy of the rows of a kernel."""

    def estimate(
        self, data: Kernels | HeadStates, *, rng: np.random.Generator | None = None
    ) -> Estimate:
        """The mean over contexts, with that of each context or sequence."""
        part = data.evaluated()
        local = np.concatenate([self._of(log_p) for _, log_p in laws(part)])
        return averaged(part, local)

    def _of(self, log_p: Floats) -> Floats:
        raise NotImplementedError


class Kullback(Direction, _Entropy):
    """Shannon's entropy of the next token; the other way round it is infinite."""

    def estimate(
        self, data: Kernels | HeadStates, *, rng: np.random.Generator | None = None
    ) -> Estimate:
        """The mean over contexts, in nats, with that of each context or sequence.

        In reverse it is 0 where every row is certain, else infinite: p x p has mass beside the
        diagonal, and copied tokens have none.
        """
        found = super().estimate(data, rng=rng)
        if not self.reverse:
            return found
        if found.value == 0:
            return Estimate(0.0)
        return Estimate(math.inf, diagnostics={"infinite": "a row is not certain"})

    def _of(self, log_p: Floats) -> Floats:
        return kullback(log_p)


class TotalVariation(_Entropy):
    """Gini's and Simpson's index, 1 - sum p^2."""

    def _of(self, log_p: Floats) -> Floats:
        return total_variation(log_p)


class Hellinger(_Entropy):
    """2 - 2 sum p^(3/2)."""

    def _of(self, log_p: Floats) -> Floats:
        return hellinger(log_p)


class Renyi(Order, _Entropy):
    """Rényi's entropy of order 2 - a."""

    def _of(self, log_p: Floats) -> Floats:
        return renyi(self.order, log_p)


class ChiSquared(_Entropy):
    """The number of possible tokens less one."""

    def _of(self, log_p: Floats) -> Floats:
        return chi_squared(log_p)


class JensenShannon(_Entropy):
    """At most ln 2."""

    def _of(self, log_p: Floats) -> Floats:
        return jensen_shannon(log_p)


class EntropyGap(Gap):
    """How far the mean entropy of a model is from that of the data (Thm 5.2)."""

    def estimate(
        self, data: Kernels | HeadStates, *, rng: np.random.Generator | None = None
    ) -> Estimate:
        """|mean entropy of the model - that of the data|; the signed one is in the diagnostics.

        With ``kl``, ``bound`` is that of Fannes and Audenaert, for the total variation between the
        laws of each context: the gap is never above it. Raises `Incompatible` where the laws of the
        data are not known.
        """
        part = data.evaluated()
        of, known, mu = named(self.divergence, self.order), truth(part), shares(part)
        model, true, divergence, most = (np.empty(len(mu)) for _ in range(4))
        for rows, log_q in laws(part):
            log_p = log(known[rows])
            model[rows], true[rows] = of(log_q), of(log_p)
            divergence[rows] = relative(log_p, log_q)
            most[rows] = continuity(np.exp(log_p), np.exp(log_q))
        gap = float(mu @ (model - true))
        notes = {
            "signed": gap,
            "model": float(mu @ model),
            "data": float(mu @ true),
            "divergence": mean(mu, divergence),
        }
        if self.divergence == "kl":
            notes["bound"] = float(mu @ most)
        return Estimate(abs(gap), diagnostics=notes)


def relative(log_p: Floats, log_q: Floats) -> Floats:
    """KL(p || q) of each row, in nats; infinite where q misses what p has."""
    on = np.isfinite(log_p)
    ratio = np.where(on, log_p, 0.0) - np.where(on, log_q, 0.0)
    return _expected(log_p, ratio)


def continuity(p: Floats, q: Floats) -> Floats:
    """The most that the entropies of two laws differ by at their total variation, in nats
    (Fannes and Audenaert): t ln(v - 1) + h(t), or ln v for t > 1 - 1/v.
    """
    v, t = p.shape[1], np.minimum(np.abs(p - q).sum(1) / 2, 1.0)
    if v == 1:
        return np.zeros(len(p))
    sides = np.stack([t, 1 - t])
    bit = -(sides * np.log(np.where(sides > 0, sides, 1.0))).sum(0)
    return np.asarray(np.where(t <= 1 - 1 / v, t * np.log(v - 1) + bit, np.log(v)))


@dataclass(frozen=True)
class CalibrationGap:
    """Cross-entropy less the mean entropy of the model's own laws: 0 for a calibrated model."""

    def estimate(
        self, data: Kernels | HeadStates, *, rng: np.random.Generator | None = None
    ) -> Estimate:
        """The gap in nats, above 0 for a model that is too sure.

        Cross-entropy is that of the laws of the data where they are known, else of the tokens.
        Raises `Incompatible` for kernels without those laws.
        """
        part = data.evaluated()
        known = part.data if isinstance(part, Kernels) else part.true
        local, loss = np.empty((2, len(shares(part))))
        for rows, log_q in laws(part):
            if known is not None:
                on = known[rows] > 0
                loss[rows] = -(known[rows] * np.where(on, log_q, 0.0)).sum(1)
            elif isinstance(part, HeadStates):
                loss[rows] = -np.take_along_axis(log_q, part.ids[rows, None], 1)[:, 0]
            else:
                raise Incompatible("the laws of the data are not known, and there are no tokens")
            local[rows] = kullback(log_q)
        cross = mean(shares(part), loss)
        if math.isinf(cross):
            return Estimate(
                cross, diagnostics={"infinite": "the model excludes what the data have"}
            )
        return averaged(part, loss - local, cross_entropy=cross)
