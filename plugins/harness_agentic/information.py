"""Mutual information of context and compression, from log-likelihoods under every context."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness import ChannelLogLikelihoods, Estimate, Floats, Incompatible

SATURATED = 0.95
"""Share of the ceiling from which on an estimate says little more than that contexts differ."""
UNBOUNDED = 1e250
"""Values beyond are those of impossible compressions."""
LARGEST = 700.0
"""The exponential of more nats exceeds what a number can hold."""
MOST, ENOUGH = 0.5, 10
"""Share of the variance from which on one context tells it alone, and from how many on that is rare
where a variance exists."""
ALMOST_ALL = 1 - 1e-6
"""Where one context holds more than this share of a sum, the rest is summed again without it."""


def logsumexp(values: Floats, axis: int = -1) -> Floats:
    """ln sum exp along an axis."""
    top = values.max(axis, keepdims=True)
    return np.asarray(np.log(np.exp(values - top).sum(axis)) + np.squeeze(top, axis))


def own(data: ChannelLogLikelihoods) -> Floats:
    """ln p(z_ij | x_i) ``(n, m)``.

    Raises `Incompatible` where a compression is impossible under its own context.
    """
    found = data.log_p[np.arange(data.n), :, np.arange(data.n)]
    if found.min() <= data.IMPOSSIBLE:
        i, j = np.argwhere(found <= data.IMPOSSIBLE)[0]
        raise Incompatible(
            f"compression {j} of context {i} is impossible under its own context, so the value is "
            "minus infinity; wanted the distribution that it was drawn from, or a proxy that "
            "allows every compression"
        )
    return np.asarray(found)


def told(data: ChannelLogLikelihoods) -> dict[str, float | int | str | bool]:
    """Which models did the work, how large they are, and what a compression cost, where known."""
    found: dict[str, float | int | str | bool] = {}
    for position, role in enumerate(("compressor", "predictor")[: len(data.models)]):
        found |= {role: data.models[position], f"{role}_weights": data.weights[position]}
        if data.flops is not None:
            found[f"{role}_flops"] = float(data.flops[:, :, position].mean())
    return found


def lower_terms(data: ChannelLogLikelihoods) -> Floats:
    """ln p(z_ij | x_i) - ln (1/n) sum_l p(z_ij | x_l) ``(n, m)``; none exceeds ln n."""
    return own(data) - logsumexp(data.log_p) + math.log(data.n)


def _others(data: ChannelLogLikelihoods) -> Floats:
    """The table ``(n, m, n)`` with minus infinity under the own context."""
    others = data.log_p.copy()
    others[np.arange(data.n), :, np.arange(data.n)] = -math.inf
    return others


def upper_terms(data: ChannelLogLikelihoods) -> Floats:
    """As `lower_terms`, with the mean over the other contexts only ``(n, m)``.

    Infinite where only the own context allows z.
    """
    rest = logsumexp(_others(data))
    rest = np.where(rest <= data.IMPOSSIBLE, -math.inf, rest)
    return np.asarray(own(data) - rest + math.log(data.n - 1))


def left_out(numerator: Floats, log_p: Floats, among: int) -> Floats:
    """The estimate without each context in turn ``(n,)``, as row and in all means.

    The estimate is the mean over i, j of ``numerator[i, j]`` - ln (1/among) sum_l exp
    ``log_p[i, j, l]``. Below three contexts too few would be left: all NaN.
    """
    n = len(numerator)
    if n < 3:
        return np.full(n, np.nan)
    top = log_p.max(2, keepdims=True)
    weights = np.exp(log_p - top)
    total = weights.sum(2, keepdims=True)
    with np.errstate(divide="ignore"):
        rest = np.log(np.maximum(total - weights, 0.0)) + top
    for i, j, k in np.argwhere(weights > ALMOST_ALL * total):
        if i != k:  # a context has no row without itself
            rest[i, j, k] = logsumexp(np.delete(log_p[i, j], k))
    # terms[i, k] is that of context i without context k.
    terms = (numerator[:, :, None] - rest + math.log(among - 1)).mean(1)
    np.fill_diagonal(terms, 0.0)
    return np.asarray(terms.sum(0) / (n - 1))


def jackknife(left: Floats) -> float | None:
    """Standard error from the values ``(n,)`` without each context.

    None where one of them is not finite.
    """
    n = len(left)
    if not (np.abs(left) < UNBOUNDED).all():
        return None
    return float(math.sqrt((n - 1) / n * ((left - left.mean()) ** 2).sum()))


def _lower_without(data: ChannelLogLikelihoods) -> Floats:
    """`AgenticMI` without each context in turn ``(n,)``."""
    return left_out(own(data), data.log_p, data.n)


@dataclass(frozen=True)
class AgenticMI:
    """I(X;Z|q) = mean over i, j of ln p(z_ij|x_i,q) - ln (1/n) sum_l p(z_ij|x_l,q), in nats
    (equation of section 3).

    The own context l = i is in the mean, so no term exceeds ln n: the estimate is a lower bound in
    expectation, with the exact law as with any proxy in its place, and cannot see more than ln n.
    It is exact in expectation where X is uniform on just these contexts. The value is not clipped;
    the ceiling, the clipped value, the upper bound and whether the ceiling was reached are in the
    diagnostics.
    """

    def estimate(self, data: ChannelLogLikelihoods, *, rng: np.random.Generator) -> Estimate:
        """The value with a jackknife error over contexts, and one value for each context.

        Raises as `own`.
        """
        local = lower_terms(data).mean(1)
        value, ceiling = float(local.mean()), math.log(data.n)
        notes: dict[str, float | int | str | bool] = {
            "ceiling": ceiling,
            "saturated": value >= SATURATED * ceiling,
            "clipped": max(0.0, value),
            "upper": float(upper_terms(data).mean()),
            "draws": data.log_p.shape[1],
            "mean_length": float(data.lengths.mean()),
            "exact": data.exact,
        } | told(data)
        return Estimate(value, jackknife(_lower_without(data)), local, notes)


@dataclass(frozen=True)
class AgenticMIUpper:
    """As `AgenticMI`, with the mean over the other contexts: an upper bound in expectation.

    It is infinite where a compression is impossible under every context but its own. With a proxy
    in place of the exact probabilities it bounds nothing.
    """

    def estimate(self, data: ChannelLogLikelihoods, *, rng: np.random.Generator) -> Estimate:
        """The value with a jackknife error over contexts, and one value for each context.

        A context far from all others has a term without a limit, and of heavy tails the terms have
        no variance: where one of ten contexts or more makes over half of the square, none is
        stated. Raises as `own`.
        """
        local = upper_terms(data).mean(1)
        notes = {"exact": data.exact, "unique": float(np.isposinf(local).mean())} | told(data)
        if np.isposinf(local).any():
            return Estimate(math.inf, None, local, notes)
        left = left_out(own(data), _others(data), data.n - 1)
        error = jackknife(left)
        if error and data.n >= ENOUGH:
            squares = (left - left.mean()) ** 2
            if (share := float(squares.max() / squares.sum())) > MOST:
                error = None
                notes["stderr_from"] = f"nothing: one context makes {share:.0%} of the variance"
        return Estimate(local.mean(), error, local, notes)


@dataclass(frozen=True)
class MatrixInfoNCE:
    """InfoNCE: mean of ln p(z_ij|x_i) - ln (1/n) sum_l p(z_lj|x_i), over compressions.

    InfoNCE with the same critic, turned: also a lower bound, at most ln n. It needs log-likelihoods
    that can be compared between compressions, which long ones with their very different lengths
    make hard: what `agentic-mi` cancels, this one does not.
    """

    def estimate(self, data: ChannelLogLikelihoods, *, rng: np.random.Generator) -> Estimate:
        """The value with a jackknife error over contexts, and one value for each context.

        Raises as `own`.
        """
        # [i, j, l]: compression j of context l under context i.
        turned, given = data.log_p.transpose(2, 1, 0), own(data)
        local = (given - logsumexp(turned) + math.log(data.n)).mean(1)
        error = jackknife(left_out(given, turned, data.n))
        return Estimate(local.mean(), error, local, {"ceiling": math.log(data.n)} | told(data))


@dataclass(frozen=True)
class BitsPerToken:
    """`agentic-mi` in bits over the mean number of tokens: a ratio of means."""

    def estimate(self, data: ChannelLogLikelihoods, *, rng: np.random.Generator) -> Estimate:
        """The rate with a jackknife error over contexts. Raises as `own`."""
        found = AgenticMI().estimate(data, rng=rng)
        length = data.lengths.mean(1)
        unit = math.log(2) * float(data.lengths.mean())
        rest = np.maximum(length.sum() - length, 1.0) / max(data.n - 1, 1)
        error = jackknife(_lower_without(data) / (math.log(2) * rest))
        notes = dict(found.diagnostics) | {
            "mean_of_ratios": float((lower_terms(data) / data.lengths).mean()) / math.log(2)
        }
        return Estimate(found.value / unit, error, diagnostics=notes)


@dataclass(frozen=True)
class AnswerAccuracy:
    """The share of right answers of the predictor, from 0 to 1; 1 minus it is the distortion.

    Contexts whose answer is not known do not count.
    """

    def estimate(self, data: ChannelLogLikelihoods, *, rng: np.random.Generator) -> Estimate:
        """The share, and one for each context where all answers are known.

        Raises `Incompatible` where no predictor answered.
        """
        if data.correct is None:
            raise Incompatible("no predictor answered from these compressions")
        known = (data.correct != data.UNKNOWN).all(1)
        if not known.any():
            raise Incompatible("no answer is known, so predictions cannot be scored")
        local = data.correct[known].mean(1)
        spread = float(local.std(ddof=1) / math.sqrt(len(local))) if len(local) > 1 else None
        return Estimate(
            local.mean(),
            spread,
            local if known.all() else None,
            {"known": int(known.sum())} | told(data),
        )


@dataclass(frozen=True)
class AnswerPerplexity:
    """exp of the mean surprise of the predictor at the right answer, per token; 1 or more.

    A distortion that also moves where the likeliest option stays the same. The mean is over
    contexts whose answer is known, of the mean over their compressions.
    """

    def estimate(self, data: ChannelLogLikelihoods, *, rng: np.random.Generator) -> Estimate:
        """The perplexity; its error is that of the mean surprise, times the perplexity.

        Raises `Incompatible` where no predictor answered.
        """
        if data.surprise is None:
            raise Incompatible(
                "no predictor gave a probability to the answers; hf-compressor with a predictor "
                "and tiny-compressor do"
            )
        known = (data.surprise != data.UNKNOWN).all(1)
        if not known.any():
            raise Incompatible("no answer is known, so its perplexity cannot be told")
        local = data.surprise[known].mean(1)
        value = math.exp(min(float(local.mean()), LARGEST))
        spread = (
            value * float(local.std(ddof=1)) / math.sqrt(len(local)) if len(local) > 1 else None
        )
        notes = {"known": int(known.sum()), "nats_per_token": float(local.mean())} | told(data)
        return Estimate(value, spread, diagnostics=notes)
