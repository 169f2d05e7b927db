"""Directed information and transfer entropy from counts, in nats per step.

J. Massey, ISITA 1990: I(X^n -> Y^n) = sum_t I(X^t; Y_t | Y^(t-1)), here with the past cut at
``memory`` steps. Its rate and that of the reverse part I(Y^(t-1); X_t | X^(t-1)) sum to the rate of
I(X^n; Y^n).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import Estimate, Floats, Ints, PairedSequences
from harness_token_semantics.codes import (
    Codes,
    block_error,
    information,
    joined,
    letters,
    past,
    steps,
    surprise,
)
from harness_token_semantics.settings import Memory, Transfer


@dataclass(frozen=True)
class _Counted(Memory):
    def estimate(
        self, data: PairedSequences, *, rng: np.random.Generator | None = None
    ) -> Estimate:
        """The information in nats per step, with an error from the means of blocks.

        Raises `Incompatible` for variables that are not discrete, and too few steps.
        """
        part = data.evaluated()
        x, y = letters(part, "x"), letters(part, "y")
        at = steps(part, self.memory)
        local, cells = information(*self._terms(x, y, at), self.miller_madow)
        if x[1] == 1 or y[1] == 1:
            return Estimate(0.0, 0.0, diagnostics={"steps": len(at), "one_symbol": True})
        return Estimate(
            local.mean(), block_error(local), diagnostics={"steps": len(at), "cells": cells}
        )

    def _terms(self, x: Codes, y: Codes, at: Ints) -> tuple[Codes, Codes, Codes]:
        raise NotImplementedError


def _now(code: Codes, at: Ints) -> Codes:
    return code[0][at], code[1]


class DirectedPlugIn(_Counted):
    """I(Y_t; X_(t-k) .. X_t | Y_(t-k) .. Y_(t-1))."""

    def _terms(self, x: Codes, y: Codes, at: Ints) -> tuple[Codes, Codes, Codes]:
        return _now(y, at), past(x, at, self.memory, now=True), past(y, at, self.memory)


class ReversePlugIn(_Counted):
    """I(X_t; Y_(t-k) .. Y_(t-1) | X_(t-k) .. X_(t-1))."""

    def _terms(self, x: Codes, y: Codes, at: Ints) -> tuple[Codes, Codes, Codes]:
        return _now(x, at), past(y, at, self.memory), past(x, at, self.memory)


class InstantaneousPlugIn(_Counted):
    """I(X_t; Y_t | both pasts)."""

    def _terms(self, x: Codes, y: Codes, at: Ints) -> tuple[Codes, Codes, Codes]:
        both = joined((past(x, at, self.memory), past(y, at, self.memory)))
        return _now(x, at), _now(y, at), both


class TransferPlugIn(Transfer):
    """I(Y_t; past of X | past of Y, past of a driver): T. Schreiber, Phys. Rev. Lett. 85, 461."""

    def estimate(self, data: PairedSequences, *, rng: np.random.Generator) -> Estimate:
        """The transfer entropy in nats per step.

        The diagnostics hold two p values of no transfer, and the mean of the surrogates, which is
        the bias: ``p_chi2``, as 2 m times the plug-in value is then chi-squared (Barnett and
        Bossomaier, Phys. Rev. Lett. 109, 138105), and ``p_shift``, from the same with x moved in a
        circle. Raises `Incompatible` for variables that are not discrete, and too few steps.
        """
        from scipy.special import gammaincc

        part = data.evaluated()
        x, y = letters(part, "x"), letters(part, "y")
        z = None if part.z is None else letters(part, "z")
        most = max(self.source_lags, self.target_lags, self.driver_lags if z else 0)
        at = steps(part, most)
        given = past(y, at, self.target_lags)
        if z is not None:
            given = joined((given, past(z, at, self.driver_lags)))
        if x[1] == 1 or y[1] == 1:
            return Estimate(0.0, 0.0, diagnostics={"steps": len(at), "one_symbol": True})
        now, source = _now(y, at), past(x, at, self.source_lags)
        local, cells = information(now, source, given, self.miller_madow)
        plain = float(information(now, source, given, False)[0].mean())
        free = (y[1] - 1) * (x[1] ** self.source_lags - 1) * y[1] ** self.target_lags
        free *= 1 if z is None else z[1] ** self.driver_lags
        notes: dict[str, float | int] = {
            "steps": len(at),
            "cells": cells,
            "p_chi2": float(gammaincc(free / 2, len(at) * max(plain, 0.0))),
        }
        if self.surrogates:
            null = self._surrogates(now, source, given, rng)
            notes["surrogate_mean"] = float(null.mean())
            notes["p_shift"] = float((1 + (null >= plain).sum()) / (1 + len(null)))
        return Estimate(local.mean(), block_error(local), diagnostics=notes)

    def _surrogates(
        self, now: Codes, source: Codes, given: Codes, rng: np.random.Generator
    ) -> Floats:
        """The plug-in value with the source moved in a circle by random distances."""
        fixed = surprise(joined((given, now)))[0].mean() - surprise(given)[0].mean()
        values = np.empty(self.surrogates)
        for i, shift in enumerate(rng.integers(1, len(now[0]), size=self.surrogates)):
            with_source = joined((given, (np.roll(source[0], shift), source[1])))
            both = joined((with_source, now))
            values[i] = fixed - surprise(both)[0].mean() + surprise(with_source)[0].mean()
        return values
