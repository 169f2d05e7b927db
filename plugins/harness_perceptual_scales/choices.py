"""Difference scaling: the scale and the noise that make choices most likely.

In triplet i < j < k the observer judges D = psi_k - 2 psi_j + psi_i with normal noise of standard
deviation sigma, and finds (j, k) more alike where D is negative: p = Phi(-D / sigma). Divided by
sigma, the increments g of the scale between neighbouring steps are the coefficients of a probit
model, p = Phi(A g), so that the negative log-likelihood is convex in g. Scales that do not decrease
are g >= 0: Newton steps on the increments that are not held at 0 find the one maximum, for all
resampled sets of choices at once. Then sigma = 1 / sum(g) and psi = cumsum(g) sigma.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls
from scipy.special import log_ndtr, ndtr, ndtri

from harness import DifferenceScaling, Floats, Incompatible, Ints, Scale, StimulusPath

CLIP = 1e-3
"""Rates of choice are held this far from 0 and 1 by least squares, as in the authors' code."""
STEEPEST = 1e-2
"""Noise below which choices are taken to have none: the likelihood has no maximum then."""
LOG = logging.getLogger("harness.perceptual_scales")


@dataclass(frozen=True)
class Choices:
    """Choices with equal triplets added up: ``triplets (t, 3)``, ``chosen``, ``trials (t,)``."""

    triplets: Ints
    chosen: Ints
    trials: Ints
    steps: int

    @classmethod
    def of(cls, data: DifferenceScaling | StimulusPath | Scale) -> Choices:
        """Those of a kind. Raises `Incompatible` where it has none."""
        if data.triplets is None or data.chosen is None or data.trials is None:
            raise Incompatible(f"this {type(data).__name__} has no choices")
        steps = data.steps if isinstance(data, DifferenceScaling) else data.n
        triplets, row = np.unique(data.triplets, axis=0, return_inverse=True)
        chosen = np.bincount(row.ravel(), data.chosen).astype(np.int64)
        trials = np.bincount(row.ravel(), data.trials).astype(np.int64)
        return cls(triplets, chosen, trials, steps)

    def design(self) -> Floats:
        """A ``(t, steps - 1)``: -D of each triplet from the increments of a scale.

        Raises `Incompatible` where the triplets do not determine the scale.
        """
        between = np.arange(self.steps - 1)
        i, j, k = (column[:, None] for column in self.triplets.T)
        before, after = (between >= i) & (between < j), (between >= j) & (between < k)
        a: Floats = before.astype(float) - after
        if len(a) < self.steps - 1 or np.linalg.matrix_rank(a) < self.steps - 1:
            raise Incompatible(
                f"{len(a)} different triplets do not determine a scale of {self.steps} steps"
            )
        return a


def log_normal_cdf(x: Floats) -> tuple[Floats, Floats]:
    """ln Phi(x) and its derivative, exact far out on both sides."""
    log_cdf = log_ndtr(x)
    return log_cdf, np.exp(-0.5 * (x * x + math.log(2.0 * math.pi)) - log_cdf)


def negative_log_likelihood(
    a: Floats, g: Floats, chosen: Floats, trials: Floats
) -> tuple[Floats, Floats, Floats]:
    """Of Phi(a g), in nats, for b sets: values ``(b,)``, their gradients and Hessians in g.

    ``a (t, m)``, ``g (b, m)``, ``chosen (b, t)``, ``trials (t,)``.
    """
    eta = g @ a.T
    yes, slope_yes = log_normal_cdf(eta)
    no, slope_no = log_normal_cdf(-eta)
    left = trials - chosen
    value = -(chosen * yes + left * no).sum(1)
    gradient = (left * slope_no - chosen * slope_yes) @ a
    weight = chosen * slope_yes * (slope_yes + eta) + left * slope_no * (slope_no - eta)
    return value, gradient, np.einsum("bt,ti,tj->bij", weight, a, a, optimize=True)


def most_likely(a: Floats, chosen: Floats, trials: Floats, sweeps: int = 200) -> Floats:
    """The increments g >= 0 ``(b, m)`` that make b sets of choices ``(b, t)`` most likely.

    Newton's method on the free increments, projected on g >= 0, with a step that is halved until
    the likelihood rises enough (D. Bertsekas, SIAM J. Control Optim. 20, 221, 1982).
    """
    m = a.shape[1]
    g = np.full((len(chosen), m), 1.0)
    eye = np.eye(m)
    tolerance = 1e-9 * trials.sum()
    active = np.arange(len(chosen))
    for _ in range(sweeps):
        value, gradient, hessian = negative_log_likelihood(a, g[active], chosen[active], trials)
        held = (g[active] <= 1e-12) & (gradient > 0)
        residue = np.where(held, 0.0, np.minimum(np.abs(gradient), np.abs(g[active]) + 1.0))
        go = (residue > tolerance).any(1)
        if not go.any():
            break
        active, value, gradient, hessian, held = (
            v[go] for v in (active, value, gradient, hessian, held)
        )
        free = ~held
        both = free[:, :, None] & free[:, None, :]
        ridge = 1e-10 * (1.0 + np.trace(hessian, axis1=1, axis2=2))
        system = np.where(both, hessian, 0.0) + eye * (held[:, :, None] + ridge[:, None, None])
        step = np.linalg.solve(system, np.where(free, gradient, 0.0)[:, :, None])[:, :, 0]
        g[active] = _descend(a, g[active], step, value, gradient, chosen[active], trials)
    return g


def _descend(
    a: Floats,
    g: Floats,
    step: Floats,
    value: Floats,
    gradient: Floats,
    chosen: Floats,
    trials: Floats,
) -> Floats:
    """The first of g - step, g - step / 2 ..., projected on g >= 0, that is low enough."""
    new, open_ = g.copy(), np.arange(len(g))
    for halving in range(40):
        tried = np.maximum(g[open_] - 0.5**halving * step[open_], 0.0)
        eta = tried @ a.T
        yes, no = log_normal_cdf(eta)[0], log_normal_cdf(-eta)[0]
        there = -(chosen[open_] * yes + (trials - chosen[open_]) * no).sum(1)
        promised = 1e-4 * ((tried - g[open_]) * gradient[open_]).sum(1)
        good = there <= value[open_] + promised
        new[open_[good]] = tried[good]
        open_ = open_[~good]
        if not open_.size:
            break
    return new


def least_squares(a: Floats, chosen: Floats, trials: Floats) -> Floats:
    """The increments g >= 0 ``(b, m)`` nearest to the normal quantiles of the rates of choice."""
    rates = np.clip(chosen / trials, CLIP, 1.0 - CLIP)
    return np.array([nnls(a, row)[0] for row in ndtri(rates)])


def as_scales(g: Floats) -> tuple[Floats, Floats]:
    """Scales ``(b, m + 1)`` and noises ``(b,)`` of increments.

    Raises `Incompatible` where all increments are 0: the answers do not depend on the stimuli.
    """
    total = g.sum(1)
    if (total <= 0).any():
        raise Incompatible("the choices fit no scale better than guessing")
    psi = np.concatenate([np.zeros((len(g), 1)), np.cumsum(g, axis=1)], axis=1)
    return psi / psi[:, -1:], 1.0 / total


def fitted(choices: Choices, method: str = "mle") -> tuple[Floats, float]:
    """The scale ``(steps,)`` and its noise, with a warning where the choices have none."""
    a = choices.design()
    solve = least_squares if method == "ls" else most_likely
    g = solve(a, choices.chosen[None, :].astype(float), choices.trials.astype(float))
    psi, noise = as_scales(g)
    alike = (choices.chosen == 0) | (choices.chosen == choices.trials)
    if alike.all() or noise[0] < STEEPEST:
        LOG.warning(
            "equal triplets always had equal answers: the noise is at its bound, and the scale is "
            "only bounded by the choices"
        )
    return psi[0], float(noise[0])


def resampled(
    choices: Choices, psi: Floats, noise: float, method: str, boot: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Scales ``(b, steps)`` and noises ``(b,)`` fitted to choices drawn from a fitted observer.

    Draws that fit no scale are left out, with a warning.
    """
    a, trials = choices.design(), choices.trials
    rates = ndtr(a @ np.diff(psi) / noise)
    drawn = rng.binomial(trials, rates, size=(boot, len(trials))).astype(float)
    solve = least_squares if method == "ls" else most_likely
    g = solve(a, drawn, trials.astype(float))
    kept = g.sum(1) > 0
    if not kept.all():
        LOG.warning("%d of %d resampled sets fit no scale: left out", (~kept).sum(), boot)
    return as_scales(g[kept])


@dataclass(frozen=True)
class Agreement:
    """How well a given scale explains choices when only its noise is fitted.

    ``value`` in nats per trial, its ``stderr``, the fitted ``noise`` (infinite for guessing), and
    the ``floor``: the value of the rates of choice themselves.
    """

    value: float
    stderr: float
    noise: float
    floor: float


def agreement(choices: Choices, psi: Floats) -> Agreement:
    """Of a scale ``(steps,)`` with choices."""
    i, j, k = choices.triplets.T
    a = (2.0 * psi[j] - psi[i] - psi[k])[:, None]
    chosen, trials = choices.chosen.astype(float), choices.trials.astype(float)
    g = most_likely(a, chosen[None, :], trials) if np.abs(a).max() > 0 else np.zeros((1, 1))
    eta = a @ g[0]
    yes, no = log_normal_cdf(eta)[0], log_normal_cdf(-eta)[0]
    total = trials.sum()
    value = -(chosen * yes + (trials - chosen) * no).sum() / total
    square = (chosen * yes**2 + (trials - chosen) * no**2).sum() / total
    rate = chosen / trials
    with np.errstate(divide="ignore", invalid="ignore"):
        own = np.nan_to_num(rate * np.log(rate)) + np.nan_to_num((1 - rate) * np.log1p(-rate))
    return Agreement(
        value=float(value),
        stderr=math.sqrt(max(square - value**2, 0.0) / total),
        noise=1.0 / float(g[0, 0]) if g[0, 0] > 0 else math.inf,
        floor=float(-(trials * own).sum() / total),
    )
