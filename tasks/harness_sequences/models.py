"""From sequences to samples: what happens at the same step, and what the past adds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import (
    ChannelLogLikelihoods,
    ConditionedSamples,
    Floats,
    Incompatible,
    Ints,
    Kind,
    PairedSamples,
    PairedSequences,
    TokenLaws,
)
from harness_sequences.settings import Lags


def past(values: Floats, at: Ints, lags: int) -> Floats:
    """The values 1 to ``lags`` steps before the steps ``at (m,)``, side by side."""
    return np.hstack([values[at - lag] for lag in range(1, lags + 1)])


@dataclass(frozen=True)
class SameTime:
    """x and y of each step, as if steps were independent."""

    def transform(
        self, data: PairedSequences, *, to: type[Kind], rng: np.random.Generator
    ) -> PairedSamples:
        """A sample per step. Raises `Incompatible` for a single step."""
        part = data.evaluated()
        if len(part.x) < 2:
            raise Incompatible("one step; wants at least 2")
        return PairedSamples(part.x, part.y, part.x_kind, part.y_kind)


class Lagged(Lags):
    """The past of x, y now, and the past of y with that of the driver, where there is one.

    The conditional mutual information of these is the transfer entropy of x to y, for as much of
    the past as the lags hold (T. Schreiber, Phys. Rev. Lett. 85, 461 (2000)). The past of y that is
    cut off is not conditioned on, so that too few ``target_lags`` give too much.
    """

    def transform(
        self, data: PairedSequences, *, to: type[Kind], rng: np.random.Generator
    ) -> ConditionedSamples:
        """A sample per step that has so much past. Raises `Incompatible` for fewer than 2."""
        part = data.evaluated()
        driven = part.z is not None
        most = max(self.source_lags, self.target_lags, self.driver_lags if driven else 0)
        at = np.flatnonzero(part.step >= most)
        if len(at) < 2:
            raise Incompatible(f"{len(at)} steps have a past of {most}; wants at least 2")
        given, given_kind = past(part.y, at, self.target_lags), part.y_kind
        if part.z is not None:
            given = np.hstack([given, past(part.z, at, self.driver_lags)])
            given_kind = part.y_kind if part.y_kind == part.z_kind else "mixed"
        return ConditionedSamples(
            past(part.x, at, self.source_lags),
            part.y[at],
            given,
            part.x_kind,
            part.y_kind,
            given_kind,
        )


@dataclass(frozen=True)
class SourcesAndTokens:
    """The source of each sequence, and its tokens side by side: integer codes."""

    def transform(
        self, data: TokenLaws, *, to: type[Kind], rng: np.random.Generator
    ) -> PairedSamples:
        """A sample per sequence.

        Raises `Incompatible` without sources, and for sequences of several lengths.
        """
        part = data.evaluated()
        length = np.diff(part.offsets)
        if part.source is None:
            raise Incompatible("the sources of the sequences are not known")
        if (length != length[0]).any() or part.n < 2:
            raise Incompatible("wants at least 2 sequences, all of one length")
        tokens = part.ids.reshape(part.n, -1).astype(np.float64)
        source = part.source[:, None].astype(np.float64)
        return PairedSamples(source, tokens, "discrete", "discrete")


@dataclass(frozen=True)
class SourceLikelihoods:
    """How likely every sequence is under the source of every other, for methods that compare
    contexts.
    """

    def transform(
        self, data: TokenLaws, *, to: type[Kind], rng: np.random.Generator
    ) -> ChannelLogLikelihoods:
        """A context per sequence. Raises `Incompatible` without likelihoods under all sources."""
        part = data.evaluated()
        if part.source is None or part.under is None:
            raise Incompatible("the likelihoods under other sources are not known")
        if part.n < 2:
            raise Incompatible("one sequence; wants at least 2")
        log_p = part.under[:, None, part.source]
        return ChannelLogLikelihoods(log_p, np.diff(part.offsets)[:, None])
