"""Information through a channel of known Gaussian noise, from what it gives without noise, in nats.

Z. Goldfeld et al., *Estimating Information Flow in Deep Neural Networks* (ICML 2019): for
L = f(X) + Z, Z ~ N(0, s^2 I) added last, h(L) is the entropy of a mixture of Gaussians about the
propagated samples f(x_1) .. f(x_n), and h(L|X) = (d/2) ln(2 pi e s^2). There is no bandwidth.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.spatial.distance import cdist

from harness import DataError, Estimate, Floats, Incompatible, PairedSamples
from harness_ib_lossy import settings

CELLS = 2**16
"""Squared distances in memory at once: half a MiB, which stay in the cache."""
SIGMAS = 6.0
"""Standard errors that the size of y - signal may lie off the stated noise."""


class SamplePropagation(settings.Propagation):
    """I(X;Y) for Y = f(X) + noise, from ``signal (n, d)`` and the ``noise`` of the data."""

    def estimate(self, data: PairedSamples, *, rng: np.random.Generator) -> Estimate:
        """I in nats, with a value ``(n,)`` for each sample and a standard error. Time O(n^2 d
        draws), memory O(n d) besides blocks of fixed size.

        The value is the information of a channel whose inputs are the n samples and no others. It
        is on average at most I(X;Y), and never above ln n but for the draws. The diagnostic
        ``upper`` leaves each sample's own component out of its mixture, and is on average at least
        I(X;Y): the truth lies between. ``capacity`` is (d/2) ln(1 + P/s^2), P the mean variance of
        a coordinate of the signal, which no law of this power can pass.

        Raises
        ------
        Incompatible : data without a signal and its noise.
        DataError : y less the signal has not the size of the noise.
        """
        pair = data.evaluated()
        if pair.signal is None:
            raise Incompatible(
                "these PairedSamples do not carry what y is without its noise; wants the fields "
                "signal and noise, as of linear-awgn[signal=true]"
            )
        _check_noise(pair.y - pair.signal, pair.noise)
        places = (pair.signal - pair.signal.mean(0)) / pair.noise
        n, d = places.shape
        local, left_out = np.zeros(n), np.zeros(n)
        for _ in range(self.draws):
            noise = rng.normal(size=(n, d))
            own, others = log_ratios(places, noise)
            local += own / self.draws
            left_out += others / self.draws
        power = float((places**2).mean())
        diagnostics = {
            "upper": float(left_out.mean()),
            "capacity": 0.5 * d * math.log1p(power),
            "sigma": pair.noise,
        }
        return Estimate.from_local(local, diagnostics)


def log_ratios(places: Floats, noise: Floats) -> tuple[Floats, Floats]:
    """ln of p(l_i | x_i) over the mixture's density at l_i = place + noise ``(n,)``, in units of
    the noise: of all components, and of the n - 1 others.

    The mean of -|z|^2 / 2, which is -d/2, is put for the drawn one: it has no variance.
    """
    n, d = places.shape
    outputs, out = places + noise, np.empty((2, n))
    rows = max(1, CELLS // n)
    for first in range(0, n, rows):
        at = slice(first, min(first + rows, n))
        here = np.arange(at.stop - first)
        terms = cdist(outputs[at], places, "sqeuclidean")
        terms *= -0.5
        own = terms[here, first + here].copy()
        terms[here, first + here] = -np.inf
        most = terms.max(1)
        terms -= most[:, None]
        others = most + np.log(np.exp(terms, out=terms).sum(1))
        out[0, at] = -0.5 * d - (np.logaddexp(own, others) - math.log(n))
        out[1, at] = -0.5 * d - (others - math.log(n - 1))
    return out[0], out[1]


def _check_noise(rest: Floats, noise: float) -> None:
    """Refuse a signal that is not that of these outputs: a stale one, or another noise. An offset
    tells nothing of x.
    """
    ratio = float(rest.var(0).mean()) / noise**2
    if abs(ratio - 1.0) > SIGMAS * math.sqrt(2.0 / rest.size):
        raise DataError(
            "PairedSamples.signal",
            f"y less the signal has a standard deviation of {noise * math.sqrt(ratio):.3g}",
            f"the noise of the data, {noise:.3g}",
        )
