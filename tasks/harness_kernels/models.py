"""From states and their futures to samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import ConditionedSamples, Incompatible, Kind, PairedSamples, StateFutures


@dataclass(frozen=True)
class FuturesGivenNext:
    """x the state, y the tokens after the next one, z the next one.

    The conditional mutual information of these is the information surplus.
    """

    def transform(
        self, data: StateFutures, *, to: type[Kind], rng: np.random.Generator
    ) -> ConditionedSamples:
        """A sample per state. Raises `Incompatible` for a single state."""
        part = _several(data)
        future, first = part.future.astype(np.float64), part.next[:, None].astype(np.float64)
        return ConditionedSamples(
            part.state, future, first, part.state_kind, "discrete", "discrete"
        )


@dataclass(frozen=True)
class StatesAndNext:
    """x the state, y the next token."""

    def transform(
        self, data: StateFutures, *, to: type[Kind], rng: np.random.Generator
    ) -> PairedSamples:
        """A pair per state. Raises `Incompatible` for a single state."""
        part = _several(data)
        first = part.next[:, None].astype(np.float64)
        return PairedSamples(part.state, first, part.state_kind, "discrete")


def _several(data: StateFutures) -> StateFutures:
    part = data.evaluated()
    if part.n < 2:
        raise Incompatible("one state; wants at least 2")
    return part
