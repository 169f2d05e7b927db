"""Transfer entropy of Gaussian series, half the Granger causality, and their directed information.

L. Barnett, A. Barrett, A. Seth, Phys. Rev. Lett. 103, 238701 (2009): TE = 1/2 ln(det S_past of y /
det S_both pasts), of the covariances of what cannot be predicted. The past of y alone is that of an
ARMA process, so that a regression on a few steps takes too much for causality; the Riccati equation
of the fitted system gives its covariance for all of the past (L. Barnett, A. Seth, J. Neurosci.
Methods 223, 50 (2014)). Directed information is that plus what x and y share within a step,
1/2 ln(det S_y det S_x / det S) of the covariance S of the noise. In nats per step.
"""

from __future__ import annotations

import numpy as np

from harness import Estimate, Floats, Incompatible, Ints, PairedSequences
from harness_token_semantics.codes import steps
from harness_token_semantics.settings import Autoregression

Notes = dict[str, float | int]
CONVERGED, MOST_ROUNDS = 1e-14, 100_000
SINGULAR = 1e-12


def innovation_covariance(step: Floats, noise: Floats, kept: Ints) -> Floats:
    """Covariance ``(k, k)`` of what the past of the rows ``kept (k,)`` cannot predict of them.

    The system is w_t = sum_i step[i] w_(t-i) + e_t with ``step (order, d, d)`` and the covariance
    ``noise (d, d)`` of e. Iterates P <- A (P - P C' (C P C')^-1 C P) A' + Q.

    Raises `Incompatible` for systems that are not stationary, and where it does not converge.
    """
    order, d, _ = step.shape
    a = np.zeros((order * d, order * d))
    a[:d] = np.hstack(list(step))
    a[d:, :-d] = np.eye((order - 1) * d)
    radius = float(np.abs(np.linalg.eigvals(a)).max())
    if radius >= 1:
        raise Incompatible(
            f"the system has spectral radius {radius:.6g}, so it is not stationary; wants less "
            "than 1 (differences of the series, or a smaller order)"
        )
    q = np.zeros_like(a)
    q[:d, :d] = noise
    p = q
    for _ in range(MOST_ROUNDS):
        gain = np.linalg.solve(p[np.ix_(kept, kept)], p[kept])
        following = a @ (p - p[:, kept] @ gain) @ a.T + q
        following = (following + following.T) / 2
        change = np.abs(following - p).max()
        p = following
        if change <= CONVERGED * np.abs(p).max():
            return np.asarray(p[np.ix_(kept, kept)])
    raise Incompatible(
        f"no convergence after {MOST_ROUNDS} rounds; wants a system with less memory"
    )


def transfer(step: Floats, noise: Floats, source: Ints, target: Ints) -> float:
    """Exact transfer entropy (nats) of the rows ``source`` of a system to the rows ``target``,
    given all others.
    """
    kept = np.setdiff1d(np.arange(len(noise)), source)
    at = np.searchsorted(kept, target)
    alone = innovation_covariance(step, noise, kept)[np.ix_(at, at)]
    return 0.5 * (_log_det(alone) - _log_det(noise[np.ix_(target, target)]))


def instantaneous(noise: Floats, source: Ints, target: Ints) -> float:
    """What the noises ``(d, d)`` of the rows ``source`` and ``target`` of one step share (nats)."""
    both = np.concatenate([source, target])
    alone = sum(_log_det(noise[np.ix_(rows, rows)]) for rows in (source, target))
    return 0.5 * (alone - _log_det(noise[np.ix_(both, both)]))


class _Gaussian(Autoregression):
    """What both read off the fitted autoregression."""

    def _fitted(self, part: PairedSequences, names: str) -> tuple[float, float, float, Notes]:
        """Of the sides ``names``, y and x first: the transfer entropy by the method that is set,
        by regression, and the instantaneous part, each in nats per step; and the diagnostics.

        Raises `Incompatible` as the estimators say.
        """
        for side in names:
            if (kind := getattr(part, f"{side}_kind")) != "continuous":
                raise Incompatible(f"{side} is {kind}; wants continuous series (use te-plug-in)")
        columns = [np.asarray(getattr(part, side)) for side in names]
        series = np.hstack(columns)
        dy, dx, d = columns[0].shape[1], columns[1].shape[1], series.shape[1]
        order = self._order(part, series)
        at = steps(part, order)
        self._refuse_few(len(at), order * d + 1)
        target, source = np.arange(dy), np.arange(dy, dy + dx)
        coefficients, noise = _fit(series, at, order)
        others = np.setdiff1d(np.arange(d), source)
        reduced = _fit(series, at, order, others)[1]
        regression = 0.5 * (_log_det(reduced[:dy, :dy]) - _log_det(noise[:dy, :dy]))
        value = (
            regression if self.method == "ols" else transfer(coefficients, noise, source, target)
        )
        instant = instantaneous(noise, source, target)
        return value, regression, instant, {"order": order, "steps": len(at)}

    def _order(self, part: PairedSequences, series: Floats) -> int:
        """The order that is set, or the one with the least m ln det S + parameters ln m."""
        if self.order is not None:
            return self.order
        d = series.shape[1]
        longest = min(self.longest, max(1, (len(series) - 2) // (2 * d)))
        at = steps(part, longest)
        self._refuse_few(len(at), d + 1)
        scores = []
        for order in range(1, longest + 1):
            if len(at) <= order * d + 1 + d:
                break
            noise = _fit(series, at, order)[1]
            scores.append(len(at) * _log_det(noise) + order * d * d * np.log(len(at)))
        self._refuse_few(len(at), d + 1 + d)
        return 1 + int(np.argmin(scores))

    @staticmethod
    def _refuse_few(m: int, free: int) -> None:
        if m <= free:
            raise Incompatible(f"{m} steps for {free} coefficients each; wants more steps")


class TransferGaussian(_Gaussian):
    """Transfer entropy of x to y, given a driver where there is one, of linear Gaussian series."""

    def estimate(
        self, data: PairedSequences, *, rng: np.random.Generator | None = None
    ) -> Estimate:
        """The transfer entropy in nats per step; ``granger`` in the diagnostics is twice it.

        ``p_chi2`` is for no transfer: m times the Granger causality by regression is then
        chi-squared. Raises `Incompatible` for codes, too few steps, columns that depend on each
        other, and systems that are not stationary.
        """
        part = data.evaluated()
        value, regression, _, notes = self._fitted(part, "yx" if part.z is None else "yxz")
        free = notes["order"] * part.x.shape[1] * part.y.shape[1]
        notes |= {"granger": 2 * value, "p_chi2": _p_value(notes["steps"] * regression, free)}
        return Estimate(value, diagnostics=notes)


class DirectedGaussian(_Gaussian):
    """Directed information of x to y of linear Gaussian series; a driver is not looked at."""

    def estimate(
        self, data: PairedSequences, *, rng: np.random.Generator | None = None
    ) -> Estimate:
        """The directed information rate in nats per step, with its two parts in the diagnostics:
        ``transfer_entropy``, of the past of x, and ``instantaneous``, of x now.

        ``p_chi2`` is for neither. Raises `Incompatible` as `TransferGaussian` does.
        """
        part = data.evaluated()
        value, regression, instant, notes = self._fitted(part, "yx")
        free = (notes["order"] + 1) * part.x.shape[1] * part.y.shape[1]
        notes |= {
            "transfer_entropy": value,
            "instantaneous": instant,
            "p_chi2": _p_value(notes["steps"] * (regression + instant), free),
        }
        return Estimate(value + instant, diagnostics=notes)


def _p_value(information: float, free: int) -> float:
    """That twice this, chi-squared with so many degrees of freedom, is so large by chance."""
    from scipy.special import gammaincc

    return float(gammaincc(free / 2, max(information, 0.0)))


def _fit(
    series: Floats, at: Ints, order: int, columns: Ints | None = None
) -> tuple[Floats, Floats]:
    """Least squares of the columns (all by default) on their own last ``order`` steps.

    Gives ``(order, d, d)`` and the covariance ``(d, d)`` of the residuals.
    """
    chosen = series if columns is None else series[:, columns]
    d = chosen.shape[1]
    scale = chosen.std(0)
    if (scale == 0).any():
        raise Incompatible("a series is constant; wants series that vary")
    scaled = (chosen - chosen.mean(0)) / scale
    design = np.hstack([scaled[at - lag] for lag in range(1, order + 1)] + [np.ones((len(at), 1))])
    orthogonal, upper = np.linalg.qr(design)
    size = np.abs(np.diag(upper))
    if size.min() <= SINGULAR * size.max():
        raise Incompatible("the pasts depend on each other linearly; wants series without copies")
    projected = orthogonal.T @ scaled[at]
    found = np.linalg.solve(upper, projected)[:-1].reshape(order, d, d).transpose(0, 2, 1)
    left = scaled[at] - orthogonal @ projected
    noise = left.T @ left / len(at)
    if np.diag(noise).min() <= SINGULAR:
        raise Incompatible(
            "a series is what the pasts say it is; wants series with noise of their own"
        )
    return found * scale[:, None] / scale, noise * np.outer(scale, scale)


def _log_det(covariance: Floats) -> float:
    """ln det. Raises `Incompatible` for covariances that are singular up to rounding."""
    scale = np.sqrt(np.diag(covariance))
    if (scale > 0).all():
        values = np.linalg.eigvalsh(covariance / np.outer(scale, scale))
        if values[0] > SINGULAR * values[-1]:
            return float(np.log(values).sum() + 2 * np.log(scale).sum())
    raise Incompatible("the residual covariance is singular; wants series with noise of their own")
