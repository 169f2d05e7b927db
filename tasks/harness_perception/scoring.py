"""Scores of scales that are given as curves."""

from __future__ import annotations

import numpy as np

from harness import Case, Curve, Floats, Output


class Scored:
    """Scores a scale against the reference of the data, where they have one."""

    def score(self, case: Case, output: Output) -> dict[str, float]:
        """The largest difference to the reference, and the value at the middle of the path."""
        if not isinstance(output, Curve):
            return {}
        x = (output.x - output.x[0]) / (output.x[-1] - output.x[0])
        found = {"scale_middle": float(np.interp(0.5, x, output.y))}
        reference = getattr(case.load(), "reference", None)
        if reference is not None and len(reference) == len(output.y):
            found["scale_error"] = float(np.abs(output.y - reference).max())
        return found


def area(x: Floats, psi: Floats) -> float:
    """The signed area between a scale and the diagonal, as it is measured on the steps; 0 where it
    is rounding alone."""
    return round(float(np.trapezoid(psi - x, x)), 12)
