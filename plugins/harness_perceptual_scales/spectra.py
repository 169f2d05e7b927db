"""Power spectra of pictures, and the path of optimal transport between two of them.

Spectra commute, so amplitudes move on straight lines: g_w(t) = (1 - t) g0_w + t g1_w, S = g^2 and

    I(t) = 1/2 sum_w (2 g g' / (g^2 + q))^2

for pictures less their means. All bins count alike, however little power they have.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import Floats


def periodogram(picture: Floats, smooth: float = 0.0) -> Floats:
    """The power of each orthonormal Fourier coefficient of a picture less its mean.

    ``smooth`` is the standard deviation of a Gaussian average over neighbouring bins.
    """
    power: Floats = np.abs(np.fft.fft2(picture - picture.mean(), norm="ortho")) ** 2
    if smooth > 0.0:
        from scipy.ndimage import gaussian_filter

        power = gaussian_filter(power, smooth, mode="wrap")
    return power


@dataclass(frozen=True)
class SpectralPath:
    """Half of the bins of the amplitudes at both ends ``(bins,)``, and how often each counts."""

    g0: Floats
    g1: Floats
    weight: Floats
    shift: float

    @classmethod
    def between(cls, a: Floats, b: Floats, shift: float) -> SpectralPath:
        """From two spectra ``(rows, columns)`` of real fields, and the shift of their means."""
        rows, columns = a.shape
        half = columns // 2 + 1
        weight = np.full((rows, half), 2.0)
        weight[:, 0] = 1.0
        if columns % 2 == 0:
            weight[:, -1] = 1.0
        g0, g1 = (np.sqrt(spectrum[:, :half]).ravel() for spectrum in (a, b))
        return cls(g0, g1, weight.ravel(), shift)

    def information(self, t: Floats, noise: float = 0.0, all_bins: bool = False) -> Floats:
        """I ``(m,)`` at several t ``(m,)``, with the power ``noise`` in every bin besides.

        ``all_bins`` divides the square of the difference of the means by the power of every bin and
        adds that up, as the authors' code does; an error, for the mean is in one bin alone.
        """
        out = np.empty(len(t))
        slope = self.g1 - self.g0
        twice = self.weight * 2.0
        g, ratio = np.empty_like(slope), np.empty_like(slope)
        for row, at in enumerate(t):
            np.multiply(slope, at, out=g)
            g += self.g0
            if noise > 0.0:
                np.multiply(g, g, out=ratio)
                ratio += noise
                np.divide(g, ratio, out=ratio)
                ratio *= slope
            else:
                np.divide(slope, g, out=ratio)
            np.multiply(ratio, ratio, out=ratio)
            out[row] = twice @ ratio
            if all_bins:
                out[row] += self.shift**2 * (self.weight / (g * g + noise)).sum()
        return out
