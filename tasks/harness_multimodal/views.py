"""Modalities as the kinds that estimators of other fields read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import (
    Activations,
    ConditionedSamples,
    Floats,
    Incompatible,
    Kind,
    LabelledSamples,
    Modalities,
    PairedSamples,
)
from harness_multimodal import settings


def _asked(data: Modalities) -> tuple[Floats, str]:
    """The target where there is one, else the class; and which kind of variable it is."""
    if data.target is not None:
        return data.target[:, None], "continuous"
    return data.y.astype(np.float64)[:, None], "discrete"


def _kind(data: Modalities, names: tuple[str, ...]) -> str:
    """Discrete where all these modalities are, else continuous or mixed."""
    stated = {getattr(data, f"{name}_kind", "continuous") for name in names}
    return stated.pop() if len(stated) == 1 else "mixed"


def _others(data: Modalities) -> tuple[str, ...]:
    return ("x2",) if data.x3 is None else ("x2", "x3")


@dataclass(frozen=True)
class GivenOthers:
    """I(X1;Y|X2): x is the first modality, y the class or target, z all other modalities."""

    def transform(
        self, data: Modalities, *, to: type[Kind], rng: np.random.Generator
    ) -> ConditionedSamples:
        """Triples ``(n, d1)``, ``(n, 1)``, ``(n, rest)``, split alike."""
        (y, y_kind), others = _asked(data), _others(data)
        return ConditionedSamples(
            data.x1,
            y,
            np.hstack(data.modalities[1:]),
            x_kind=data.x1_kind,
            y_kind=y_kind,
            z_kind=_kind(data, others),
            split=data.split,
        )


@dataclass(frozen=True)
class Pairs:
    """I(X1,X2;Y): x is all modalities, y the class or target."""

    def transform(
        self, data: Modalities, *, to: type[Kind], rng: np.random.Generator
    ) -> PairedSamples:
        """Pairs ``(n, all)``, ``(n, 1)``, split alike."""
        (y, y_kind), names = _asked(data), ("x1", *_others(data))
        return PairedSamples(
            np.hstack(data.modalities), y, _kind(data, names), y_kind, split=data.split
        )


@dataclass(frozen=True)
class Labels:
    """All modalities, and the class."""

    def transform(
        self, data: Modalities, *, to: type[Kind], rng: np.random.Generator
    ) -> LabelledSamples:
        """Vectors ``(n, all)`` with labels, split alike.

        Raises `Incompatible` for data with a continuous target, of which the class is a part only.
        """
        if data.target is not None:
            raise Incompatible("a continuous target; use modality-pairs, which reads it")
        return LabelledSamples(np.hstack(data.modalities), data.y, split=data.split)


class OneModality(settings.Side):
    """One modality, such as what an encoder makes of it, as activations."""

    def transform(
        self, data: Modalities, *, to: type[Kind], rng: np.random.Generator
    ) -> Activations:
        """Activations ``(n, d)`` with labels, split alike.

        Raises `Incompatible` where there is no third modality.
        """
        if self.modality > len(data.modalities):
            raise Incompatible(f"{len(data.modalities)} modalities; there is no third one")
        layer = f"modality {self.modality}"
        return Activations(data.modalities[self.modality - 1], data.y, layer, split=data.split)
