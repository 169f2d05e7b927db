"""Recruitment: a part is added when the whole code becomes shorter (our R4 and R5)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import Estimate, Floats, Incompatible
from harness_localist.kinds import CodeLengths
from harness_localist.settings import BlockStep, ExpertStep

LN2 = float(np.log(2.0))


def threshold(model_bits: float, hysteresis: float) -> float:
    """The gain, in bits, that a model of ``model_bits`` must exceed: one bit at least."""
    return max(1.0, hysteresis * model_bits)


def accepted(bits: Floats, model_bits: Floats, hysteresis: float) -> int:
    """How many models of a growing series are accepted, one after another, the first included.

    J(K + 1) is accepted where it is below J(K) - eta. As J falls by more than eta at each step and
    is never negative, there are at most J(1) / eta steps (our R4a).
    """
    for place in range(1, len(bits)):
        if not bits[place] < bits[place - 1] - threshold(float(model_bits[place]), hysteresis):
            return place
    return len(bits)


def critical_size(gain: float, parameters: int, index: float) -> float:
    """Number of units N* from which a part pays: N gain = (parameters / 2) log2 N + index.

    ``gain`` is in bits per unit, ``index`` in bits. N* = -W(-a e^-b) / a on the branch -1 of
    Lambert's W, with a = 2 gain ln 2 / parameters and b = 2 index ln 2 / parameters (our R4b).
    Where the gain covers the cost at any N the part pays at once: 1. Raises `ValueError` where
    nothing is gained.
    """
    from scipy.special import lambertw

    if not (gain > 0 and parameters >= 1 and index >= 0):
        raise ValueError(
            f"gain {gain}, {parameters} parameters, index {index}; "
            "wanted a gain above 0, a parameter at least, and an index cost from 0 up"
        )
    a, b = 2 * gain * LN2 / parameters, 2 * index * LN2 / parameters
    inner = -a * np.exp(-b)
    return 1.0 if inner <= -np.exp(-1) else max(1.0, float(-lambertw(inner, -1).real / a))


class _Recruited(BlockStep):
    def steps(self, data: CodeLengths) -> tuple[int, dict[str, float | int | str | bool]]:
        """The number of the last model that is accepted, and notes. Raises `Incompatible`.

        In the notes: the whole code at its end, what the first refused part would have saved, and
        the number of units from which it would pay at that rate (-1 where it saves nothing).
        """
        if not np.array_equal(data.k, np.arange(1, data.n + 1)):
            raise Incompatible(
                f"models of 1, 2, 3 ... {data.level} in order are wanted; one is missing"
            )
        model_bits = data.bits - data.misfit
        found = accepted(data.bits, model_bits, self.hysteresis)
        notes: dict[str, float | int | str | bool] = {
            "bits": float(data.bits[found - 1]),
            "bits_of_one": float(data.bits[0]),
            "tried": data.n,
            "exhausted": found == data.n,
        }
        if found < data.n:
            notes["refused_gain"] = float(data.bits[found - 1] - data.bits[found])
            gain = float(data.misfit[found - 1] - data.misfit[found]) / data.units
            more = int(data.parameters[found] - data.parameters[found - 1])
            index = max(0.0, float(data.index[found] - data.index[found - 1]))
            notes["pays_from"] = -1.0
            if gain > 0 and more > 0:
                # The price of a parameter is half of log2 N, or was given and does not depend on N.
                grows = np.isclose(data.per_parameter, 0.5 * np.log2(max(data.units, 2)))
                fixed = (data.per_parameter * more + index) / gain
                notes["pays_from"] = critical_size(gain, more, index) if grows else fixed
        return found, notes


class RecruitedBlocks(_Recruited):
    """Blocks are added while J(K) = -sum log2 p + (k / 2) log2 N + log2(K + 1) falls by eta.

    Of experts, the blocks of all that are recruited.
    """

    def estimate(self, data: CodeLengths, *, rng: np.random.Generator) -> Estimate:
        """The number of blocks. Raises `Incompatible` where a model of the series is missing."""
        found, notes = self.steps(data)
        blocks = data.k if data.blocks is None else data.blocks
        return Estimate(float(blocks[found - 1]), diagnostics=notes)


class RecruitedExperts(ExpertStep, _Recruited):
    """Experts are added while the code falls: that of the documents, and the stored experts."""

    def estimate(self, data: CodeLengths, *, rng: np.random.Generator) -> Estimate:
        """The number of experts.

        Raises `Incompatible` for a mixture of blocks, and where a model of the series is missing.
        """
        if data.level != "experts":
            raise Incompatible("a mixture of blocks has one expert; wanted code lengths of experts")
        found, notes = self.steps(data)
        return Estimate(float(found), diagnostics=notes)


@dataclass(frozen=True)
class CodeLength:
    """The shortest whole code, in nats per token: documents, parameters and index."""

    def estimate(self, data: CodeLengths, *, rng: np.random.Generator) -> Estimate:
        """The code length; also in bits per token, with the number of parts that it has."""
        best = int(data.bits.argmin())
        value = float(data.bits[best]) / data.tokens
        notes = {
            "bits": value,
            "k": int(data.k[best]),
            "misfit": float(data.misfit[best]) / data.tokens * LN2,
            "model": float(data.bits[best] - data.misfit[best]) / data.tokens * LN2,
        }
        return Estimate(value * LN2, diagnostics=notes)
