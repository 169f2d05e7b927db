"""Estimators on a scale: how it agrees with choices and with another scale, and its figures."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness import Curve, Estimate, Floats, Incompatible, Scale
from harness_perceptual_scales.choices import Choices, agreement, fitted

FLAT = 1e-9
"""Area between a scale and the diagonal below which it has no side."""


def reference(data: Scale) -> Floats:
    """What a scale is compared with ``(n,)``: the reference, else the fit to the choices.

    Raises `Incompatible` where the data have neither.
    """
    if data.reference is not None:
        return data.reference
    if data.triplets is None:
        raise Incompatible("this scale comes without a reference and without choices")
    return fitted(Choices.of(data))[0]


def area(x: Floats, y: Floats) -> float:
    """The signed area between a scale and the diagonal."""
    return float(np.trapezoid(y - x, x))


def area_matching(x: Floats, measured: Floats, predicted: Floats) -> float:
    """sum sign(measured - x) (predicted - x) / sum |measured - x|, as the authors' code has it; the
    formula of the text divides within the sum, and is infinite where the scale meets the diagonal.

    Raises `Incompatible` for a measured scale that is the diagonal.
    """
    apart = measured - x
    total = float(np.abs(apart).sum())
    if total < FLAT:
        raise Incompatible("the measured scale is the diagonal: its area has no side to match")
    return float((np.sign(apart) * (predicted - x)).sum() / total)


@dataclass(frozen=True)
class ScaleLikelihood:
    """Cross-entropy of choices under a scale of which only the noise is fitted."""

    def estimate(self, data: Scale, *, rng: np.random.Generator | None = None) -> Estimate:
        """In nats per trial; ln 2 is guessing. Raises `Incompatible` without choices."""
        choices = Choices.of(data)
        found = agreement(choices, data.psi)
        notes: dict[str, float | int | str | bool] = {
            "trials": int(choices.trials.sum()),
            "floor": found.floor,
            "chance": math.log(2.0),
        }
        if math.isfinite(found.noise):
            notes["noise"] = found.noise
        return Estimate(found.value, found.stderr, diagnostics=notes)


@dataclass(frozen=True)
class AreaMatching:
    """Area matching score of a scale against the reference."""

    def estimate(self, data: Scale, *, rng: np.random.Generator | None = None) -> Estimate:
        """1 for equal areas, more for an exaggerated one, below 0 for the wrong side."""
        measured = reference(data)
        value = area_matching(data.x, measured, data.psi)
        return Estimate(value, diagnostics={"measured_area": area(data.x, measured)})


@dataclass(frozen=True)
class AreaMismatch:
    """How far the area matching score is from 1, on whichever side."""

    def estimate(self, data: Scale, *, rng: np.random.Generator | None = None) -> Estimate:
        """0 for equal areas. Raises `Incompatible` as `AreaMatching`."""
        return Estimate(abs(AreaMatching().estimate(data).value - 1.0))


@dataclass(frozen=True)
class ScaleRmse:
    """Root mean square difference of a scale and the reference, over the steps."""

    def estimate(self, data: Scale, *, rng: np.random.Generator | None = None) -> Estimate:
        """In units of the scale; the diagnostics hold the largest difference."""
        apart = data.psi - reference(data)
        notes = {"largest": float(np.abs(apart).max())}
        return Estimate(float(np.sqrt((apart**2).mean())), diagnostics=notes)


@dataclass(frozen=True)
class ScaleArea:
    """Signed area between a scale and the diagonal."""

    def estimate(self, data: Scale, *, rng: np.random.Generator | None = None) -> Estimate:
        """Above 0 where sensitivity is early, below 0 where it is late.

        The standard error takes the errors of the steps as independent.
        """
        stderr = None
        if data.stderr is not None:
            weights = np.gradient(data.x)
            stderr = float(np.sqrt(((weights * data.stderr) ** 2).sum()))
        return Estimate(area(data.x, data.psi), stderr)


@dataclass(frozen=True)
class ScaleNoise:
    """Noise of the observer whom a scale was fitted to."""

    def estimate(self, data: Scale, *, rng: np.random.Generator | None = None) -> Estimate:
        """In units of the scale. Raises `Incompatible` for a scale that was not fitted."""
        if data.noise is None:
            raise Incompatible("this scale has no noise: it was not fitted to choices")
        return Estimate(data.noise)


@dataclass(frozen=True)
class FisherLength:
    """Length of the path: the integral of the root of the Fisher information."""

    def estimate(self, data: Scale, *, rng: np.random.Generator | None = None) -> Estimate:
        """In steps of one standard deviation. Raises `Incompatible` for a scale without one."""
        if data.length is None:
            raise Incompatible("this scale has no length: it did not come from Fisher information")
        return Estimate(data.length)


@dataclass(frozen=True)
class ScaleCurve:
    """The scale itself."""

    def estimate(self, data: Scale, *, rng: np.random.Generator | None = None) -> Curve:
        """psi at every s, with its standard error where the scale has one."""
        return Curve(data.s, data.psi, "s", "psi", data.stderr)
