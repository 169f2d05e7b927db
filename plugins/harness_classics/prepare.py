"""Which points an estimator reads, how it scales them, and which data it refuses."""

from __future__ import annotations

import numpy as np

from harness import DataError, Floats, Incompatible

Diagnostics = dict[str, float | int | str | bool]

SINGULAR = 1e-12
"""An eigenvalue of the correlation matrix below this share of the largest is rounding, not variance."""


def enough(n: int, k: int) -> None:
    """Raise `Incompatible` unless n points have k neighbours each."""
    if n <= k:
        raise Incompatible(
            f"{n} samples have no {k} neighbours each; needs more than k = {k} samples"
        )


def standardised(x: Floats, where: str) -> tuple[Floats, int]:
    """Columns of ``x (n, d)`` divided by their standard deviations, without the constant ones; and how many those were.

    Raises `DataError` where all are constant.
    """
    varies = (x != x[0]).any(0)
    if not varies.any():
        raise DataError(where, "constant columns only", "a variable that varies")
    kept = x[:, varies]
    return (kept - kept.mean(0)) / kept.std(0), int((~varies).sum())


def whitened(x: Floats, where: str) -> tuple[Floats, float]:
    """``x (n, d)`` with its sample covariance taken out, and ln of the volume that this divided out (nats).

    Raises `Incompatible` where the covariance is singular: such points have no density.
    """
    scaled, constant = standardised(x, where)
    n, d = x.shape
    values, axes = np.linalg.eigh(scaled.T @ scaled / n)
    flat = constant + int((values <= SINGULAR * values[-1]).sum())
    if flat:
        raise Incompatible(
            f"{where}: the covariance is singular along {flat} of {d} axes, so there is no density; "
            "wants points that fill their space (fewer dimensions, such as by a model)"
        )
    # Column by column, so that equal points stay equal: a library's product depends on the row's place.
    turned = sum(scaled[:, j, None] * (axes[j] / np.sqrt(values)) for j in range(d))
    return np.asarray(turned), float(np.log(x.std(0)).sum() + 0.5 * np.log(values).sum())


def refuse_ties(zero: np.ndarray, nearest: np.ndarray, where: str) -> Diagnostics:
    """Judge repeated points: ``nearest (n,)`` is true where a point equals another, ``zero (n,)`` where it equals k.

    Raises `Incompatible` where more than half repeat (the variable is discrete), `DataError` where one has k equals;
    else returns the share as a note.
    """
    kind = where.partition(".")[0]
    advice = {"Samples": "use plug-in-entropy", "ConditionedSamples": "use mesner-shalizi"}.get(
        kind, "use plug-in, or ross where only one variable is"
    )
    share = float(nearest.mean())
    if share > 0.5:
        raise Incompatible(
            f"{where}: {share:.0%} of the points repeat another, so it is discrete; {advice}"
        )
    if zero.any():
        raise DataError(
            where, "a point with k equals, at distance 0", "distinct points", int(zero.argmax())
        )
    return {"repeated": share} if share else {}


def refuse_codes(kind: str, where: str, advice: str) -> None:
    """Raise `Incompatible` where a variable is declared to be discrete or mixed."""
    if kind != "continuous":
        raise Incompatible(f"{where} is {kind} and has no density; {advice}")
