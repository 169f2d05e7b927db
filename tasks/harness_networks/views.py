"""Activations as samples, and as pairs with labels, for estimators that know no networks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import Activations, Incompatible, Kind, PairedSamples, Samples


@dataclass(frozen=True)
class Units:
    """The activations; units that never vary are left out, for they have no density."""

    def transform(self, data: Activations, *, to: type[Kind], rng: np.random.Generator) -> Samples:
        """Samples ``(n, live units)``, split alike. Raises `Incompatible` if all units are
        constant.
        """
        return Samples(_live(data), split=data.split)


@dataclass(frozen=True)
class UnitsLabels:
    """The activations, and the label as a discrete variable."""

    def transform(
        self, data: Activations, *, to: type[Kind], rng: np.random.Generator
    ) -> PairedSamples:
        """Pairs ``(n, live)``, ``(n, 1)``. Raises `Incompatible` as `Units`, and without labels."""
        if data.labels is None:
            raise Incompatible("these activations have no labels")
        return PairedSamples(
            _live(data),
            data.labels[:, None].astype(np.float64),
            y_kind="discrete",
            split=data.split,
        )


def _live(data: Activations) -> np.ndarray:
    live = (data.x != data.x[:1]).any(0)
    if not live.any():
        raise Incompatible("a dead layer: no unit ever varies")
    return np.asarray(data.x[:, live])
