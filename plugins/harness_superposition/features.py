"""How many features a layer effectively uses, from the codes of sparse autoencoders."""

from __future__ import annotations

import logging
from typing import ClassVar

import numpy as np

from harness import Bools, Estimate, Floats, Incompatible
from harness_superposition.hill import hill, replicates, shares
from harness_superposition.kinds import SparseCodes
from harness_superposition.settings import Hill

_LOG = logging.getLogger("harness.superposition")

POOR = 0.3
"""Share of the variance that is unexplained beyond which F is too small."""
FULL, NEAR = 0.95, 0.8
"""Shares of live and of effective features beyond which F measures the dictionary itself."""
CHANGE = 0.05
"""Relative change of F with half of the samples, or of the steps, beyond which more are wanted."""
FALL = 0.02
"""Share by which the second half of a training of fixed length may lower the loss."""


class _Features(Hill):
    what: ClassVar[str]

    def estimate(self, data: SparseCodes, *, rng: np.random.Generator) -> Estimate:
        """The mean over the autoencoders of the first sparsity and scale.

        F at the other sparsities and scales is in the diagnostics.

        ``stderr`` is over samples (bootstrap of blocks) and over autoencoders, ``low`` and ``high``
        hold 95 % of the bootstrap. Raises `Incompatible` where no feature is ever active.
        """
        weights = np.asarray(getattr(data, self.what), np.float64)
        settings = [(float(s), float(c)) for s, c in zip(data.sparsity, data.scale, strict=True)]
        chosen = np.array([setting == settings[0] for setting in settings])
        mass = weights[chosen]
        values = hill(shares(mass.sum(1)), self.order)
        value = float(values.mean())
        drawn = replicates(mass, self.order, self.draws, rng)
        rows = rng.integers(len(values), size=(len(drawn), max(len(values) - 1, 1)))
        low, high = np.quantile(np.take_along_axis(drawn, rows, 1).mean(1), [0.025, 0.975])
        between = float(values.std(ddof=1)) if len(values) > 1 else 0.0
        stderr = float(
            np.hypot(
                between / np.sqrt(len(values)), drawn.mean(1).std(ddof=1) if len(drawn) > 1 else 0.0
            )
        )
        notes: dict[str, float | int | str | bool] = {
            "psi": value / data.units,
            "units": data.units,
            "dictionary": data.features,
            "live": float((mass.sum(1) > 0).sum(-1).mean()),
            "hill_2": float(hill(shares(mass.sum(1)), 2.0).mean()),
            "unexplained": float(data.unexplained[chosen].mean()),
            "active": float(data.counts[chosen].sum((1, 2)).mean() / data.samples),
            "sparsity": settings[0][0],
            "scale": settings[0][1],
            "autoencoders": len(values),
            "between": between,
            "low": float(low),
            "high": float(high),
            "half_change": self._half(mass, value),
            "samples": data.samples,
            "layer": data.layer,
        }
        notes |= self._training(data, chosen, value)
        for name in ("accuracy", "learning_coefficient"):
            if (known := getattr(data, name)) is not None:
                notes[name] = float(known)
        _warn(notes, value, data.tolerance)
        return Estimate(value, stderr, diagnostics=notes | self._others(data, weights, settings))

    def _training(
        self, data: SparseCodes, chosen: Bools, value: float
    ) -> dict[str, float | int | str | bool]:
        """How far the training came, F after half of its steps, and F without the shrinkage."""
        notes: dict[str, float | int | str | bool] = {}
        half: Floats | None = getattr(data, f"half_{self.what}")
        if half is not None and data.gained is not None and data.steps is not None:
            alive = half[chosen].sum(-1) > 0
            notes["steps"] = int(data.steps[chosen].max())
            notes["gained"] = float(data.gained[chosen].max())
            if alive.all():
                notes["value_half_steps"] = float(hill(shares(half[chosen]), self.order).mean())
        if data.lengths is not None and self.what == "mass":
            length = np.maximum(data.lengths[chosen], 1e-12)
            full = data.mass[chosen].sum(1) * length
            full += data.counts[chosen].sum(1) * data.sparsity[chosen][:, None] / (2.0 * length)
            notes["value_unshrunk"] = float(hill(shares(full), self.order).mean())
        return notes

    def _half(self, mass: Floats, value: float) -> float:
        """Relative change of F when only half of the blocks are seen."""
        blocks = mass.shape[1]
        half = mass[:, : max(1, blocks // 2)].sum(1)
        if not (half.sum(-1) > 0).all():
            return 1.0
        return abs(float(hill(shares(half), self.order).mean()) - value) / value

    def _others(
        self, data: SparseCodes, weights: Floats, settings: list[tuple[float, float]]
    ) -> dict[str, float | str]:
        """F (or "dead") and unexplained variance at the other sparsities and scales."""
        found: dict[str, float | str] = {}
        for setting in dict.fromkeys(settings[1:]):
            if setting == settings[0]:
                continue
            rows = np.array([s == setting for s in settings])
            name = f"sparsity={setting[0]:g},scale={setting[1]:g}"
            try:
                found[f"value[{name}]"] = float(
                    hill(shares(weights[rows].sum(1)), self.order).mean()
                )
            except Incompatible:
                found[f"value[{name}]"] = "dead"
            found[f"unexplained[{name}]"] = float(data.unexplained[rows].mean())
        return found


def _warn(notes: dict[str, float | int | str | bool], value: float, tolerance: float) -> None:
    """Warn of what makes F unreliable; a training that has not ended is named as the cause."""
    features, live = int(notes["dictionary"]), float(notes["live"])
    half, gained = float(notes.get("value_half_steps", value)), float(notes.get("gained", 0.0))
    short = gained >= (tolerance or FALL) or abs(half - value) > CHANGE * value
    if short:
        _LOG.warning(
            "the autoencoders are not trained to the end: the second half of %d steps lowers the "
            "loss on the holdout by %.2g and takes F from %.4g to %.4g; wanted a %s",
            notes["steps"],
            gained,
            half,
            value,
            _wanted(gained, tolerance),
        )
    if float(notes["unexplained"]) > POOR:
        _LOG.warning(
            "the autoencoders leave more than %g of the variance unexplained: F is too small", POOR
        )
    if not short and (live > FULL * features or value > NEAR * features):
        _LOG.warning(
            "the dictionary is saturated: F measures it rather than the layer; "
            "wanted a larger expansion"
        )
    if live < 0.1 * features:
        _LOG.warning("more than nine tenths of the features in the dictionary are never active")
    if int(notes["samples"]) < 10 * features:
        _LOG.warning(
            "fewer than ten samples per feature of the dictionary: rare features are missed"
        )
    if features < int(notes["units"]):
        _LOG.warning(
            "the dictionary is smaller than the layer: F cannot exceed its %d features", features
        )
    if float(notes["half_change"]) > CHANGE:
        _LOG.warning("half of the samples change F by more than %g: wanted more samples", CHANGE)


def _wanted(gained: float, tolerance: float) -> str:
    if tolerance == 0.0:
        return "larger number of epochs, or epochs=0"
    return "larger most" if gained >= tolerance else "smaller tolerance"


class EffectiveFeatures(_Features):
    """F of the shares of activation mass (Bereska et al. 2025): exp of the entropy at order 1."""

    what: ClassVar[str] = "mass"


class FeatureFrequency(_Features):
    """F of the shares of how often features are active, whatever the size of their codes."""

    what: ClassVar[str] = "counts"
