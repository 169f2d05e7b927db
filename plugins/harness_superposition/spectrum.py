"""How many directions a layer uses, from its singular values: baselines without autoencoders.

Neither can exceed the number of units, so that neither can see more features than neurons.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import Activations, Estimate, Floats, Incompatible, Samples
from harness_superposition.hill import hill


def singular_values(data: Samples | Activations) -> Floats:
    """Singular values of the centred data over the largest ``(min(n, d),)``.

    The data are the test part, or all where there is no split.

    Raises `Incompatible` where nothing varies.
    """
    x = data.evaluated().x
    if (x == x[0]).all():
        raise Incompatible("constant: all samples are equal, so no direction varies")
    centred = (x - x.mean(0)) / np.abs(x).max()
    if len(x) > 4 * x.shape[1]:
        # The triangle of a QR decomposition has the same singular values.
        centred = np.linalg.qr(centred, mode="r")
    values = np.linalg.svd(centred, compute_uv=False)
    if not values[0] > 0:
        raise Incompatible("constant up to rounding, so no direction varies")
    return np.asarray(values / values[0])


def _notes(data: Samples | Activations) -> dict[str, float | int | str]:
    units = data.x.shape[1]
    notes: dict[str, float | int | str] = {
        "units": units,
        "dead_units": int((data.x == data.x[:1]).all(0).sum()),
    }
    for name in ("layer", "accuracy", "learning_coefficient"):
        if (known := getattr(data, name, None)) is not None:
            notes[name] = known
    return notes


@dataclass(frozen=True)
class ParticipationRatio:
    """(sum v)^2 / sum v^2 of the eigenvalues v of the covariance: their Hill number of order 2."""

    def estimate(self, data: Samples | Activations, *, rng: np.random.Generator) -> Estimate:
        """The ratio, between 1 and the number of units.

        Raises `Incompatible` where nothing varies.
        """
        variances = singular_values(data) ** 2
        return Estimate(float(hill(variances / variances.sum(), 2.0)), diagnostics=_notes(data))


@dataclass(frozen=True)
class EffectiveRank:
    """exp of the entropy of the normalized singular values (Roy and Vetterli 2007)."""

    def estimate(self, data: Samples | Activations, *, rng: np.random.Generator) -> Estimate:
        """The rank, between 1 and the number of units.

        Raises `Incompatible` where nothing varies.
        """
        values = singular_values(data)
        return Estimate(float(hill(values / values.sum())), diagnostics=_notes(data))
