"""Models that predict the scale of a path of stimuli from its Fisher information."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import DataError, Floats, Incompatible, Kind, Scale, StimulusPath
from harness_perceptual_scales import features, fisher, settings
from harness_perceptual_scales.bures import Bures
from harness_perceptual_scales.features import Law
from harness_perceptual_scales.spectra import SpectralPath, periodogram

NODES = 8
"""Points of the quadrature in each step of the closed forms: they are smooth."""


def scale(path: StimulusPath, steps: Floats) -> Scale:
    """The scale that follows from the lengths of the steps, with what the path knows of people."""
    psi, length = fisher.normalized(steps)
    return Scale(
        path.s, psi, reference=path.reference, length=length,
        triplets=path.triplets, chosen=path.chosen, trials=path.trials,
    )  # fmt: skip


def fractions(path: StimulusPath) -> Floats:
    """The steps as positions t on the way from one end to the other ``(n,)``."""
    t: Floats = (path.s - path.s[0]) / (path.s[-1] - path.s[0])
    return t


def pictures(path: StimulusPath) -> Floats:
    """The pictures at both ends. Raises `Incompatible` where there are none."""
    if path.ends is None:
        raise Incompatible("reads pictures at both ends of the path; this path has none")
    for row, picture in enumerate(path.ends):
        if picture.min() == picture.max():
            raise DataError("StimulusPath.ends", "a picture of one grey", "a texture", row)
    return path.ends


@dataclass(frozen=True)
class StraightLine:
    """A straight line: what looks different is proportional to the parameter."""

    def transform(
        self, data: StimulusPath, *, to: type[Kind] = Scale, rng: np.random.Generator | None = None
    ) -> Scale:
        """The scale; its length is that of s itself."""
        return scale(data, np.diff(data.s))


@dataclass(frozen=True)
class ClosedForm:
    """Closed forms of a local feature of Gaussian textures."""

    def transform(
        self, data: StimulusPath, *, to: type[Kind] = Scale, rng: np.random.Generator | None = None
    ) -> Scale:
        """The scale of the family of ``data``. Raises `Incompatible` for a path of no family."""
        return scale(data, fisher.integrated(lambda s: self._information(data, s), data.s, NODES))

    def _information(self, data: StimulusPath, s: Floats) -> Floats:
        if data.family == "frequency":
            return fisher.frequency(s, self._known(data.octaves, "octaves"))
        if data.family == "bandwidth":
            return fisher.bandwidth(s)
        if data.family == "spread":
            return fisher.spread(s)
        if data.family == "orientation":
            return np.full(len(s), fisher.orientation(self._known(data.radians, "radians")))
        raise Incompatible("reads paths of Gaussian textures; this path names no family")

    @staticmethod
    def _known(value: float | None, name: str) -> float:
        if value is None or not value > 0:
            raise Incompatible(f"this family needs StimulusPath.{name} above 0; found {value}")
        return value


class Whittle(settings.Whittle):
    """Spectra of stationary Gaussian fields at every step, seen with white noise."""

    def transform(
        self, data: StimulusPath, *, to: type[Kind] = Scale, rng: np.random.Generator | None = None
    ) -> Scale:
        """The scale. Raises `Incompatible` without spectra, `DataError` for a bin without power
        where ``q`` is 0.
        """
        return scale(data, fisher.spectral_steps(data, self.q, self.dc_mean))


class GaussianPath(settings.Ridge):
    """Covariances and means at every step."""

    def transform(
        self, data: StimulusPath, *, to: type[Kind] = Scale, rng: np.random.Generator | None = None
    ) -> Scale:
        """The scale. Raises `Incompatible` without covariances, `DataError` for singular ones."""
        return scale(data, fisher.covariance_steps(data, self.ridge))


class BuresPath(settings.Transport):
    """Optimal transport between the Gaussian laws at both ends of the path."""

    def transform(
        self, data: StimulusPath, *, to: type[Kind] = Scale, rng: np.random.Generator
    ) -> Scale:
        """The scale. Raises `Incompatible` where the path lacks what is read, `DataError` for
        covariances that are singular with this ridge.
        """
        (a, cov_a), (b, cov_b) = self._laws(data, rng)
        path = Bures.between(a, cov_a, b, cov_b, self.ridge)
        return scale(data, fisher.integrated(path.information, fractions(data), self.nodes))

    def _laws(self, data: StimulusPath, rng: np.random.Generator) -> tuple[Law, Law]:
        """At the first step and at the last."""
        if data.cov is None:
            raise Incompatible("reads covariances; this path has none")
        mean = np.zeros(data.cov.shape[:2]) if data.mean is None else data.mean
        return (mean[0], data.cov[0]), (mean[-1], data.cov[-1])


class Pixel(BuresPath):
    """Grey levels of the pictures at both ends, without their places."""

    def _laws(self, data: StimulusPath, rng: np.random.Generator) -> tuple[Law, Law]:
        first, last = pictures(data)
        return features.pixels(first), features.pixels(last)


class Wavelet(settings.Wavelet, BuresPath):
    """Responses of oriented band-pass filters to the pictures at both ends."""

    def _laws(self, data: StimulusPath, rng: np.random.Generator) -> tuple[Law, Law]:
        first, last = (features.wavelets(p, self.scales, self.orientations) for p in pictures(data))
        return first, last


class Network(settings.Network, BuresPath):
    """Maps of VGG-19 on the pictures at both ends."""

    def _laws(self, data: StimulusPath, rng: np.random.Generator) -> tuple[Law, Law]:
        if not self.weights:
            features.warn_untrained()
        seed = int(rng.integers(2**63))  # both ends see one network
        first, last = (
            features.maps(p, self.convolution, self.weights, np.random.default_rng(seed))
            for p in pictures(data)
        )
        return first, last


class PowerSpectrum(settings.PowerSpectrum):
    """Optimal transport between the spectra of the pictures at both ends."""

    def transform(
        self, data: StimulusPath, *, to: type[Kind] = Scale, rng: np.random.Generator | None = None
    ) -> Scale:
        """The scale. Raises `Incompatible` without pictures, `DataError` for bins without power."""
        first, last = pictures(data)
        a, b = (periodogram(p, self.smooth) + self.ridge for p in (first, last))
        if min(a.min(), b.min()) <= 0.0:
            found = f"a bin without power, with ridge={self.ridge:g}"
            raise DataError("StimulusPath.ends", found, "a ridge above 0, such as 1e-6")
        path = SpectralPath.between(a, b, float(last.mean() - first.mean()))
        noise = self.q * 0.5 * (a.mean() + b.mean())

        def information(t: Floats) -> Floats:
            return path.information(t, noise, self.mean_term == "all-bins")

        return scale(data, fisher.integrated(information, fractions(data), self.nodes))
