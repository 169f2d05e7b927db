"""How an estimator scales points, and which data it refuses."""

from __future__ import annotations

import numpy as np

from harness import Bools, ConditionedSamples, DataError, Floats, Incompatible, PairedSamples

Diagnostics = dict[str, float | int | str | bool]

SINGULAR = 1e-12
"""An eigenvalue of the correlation matrix below this share of the largest is rounding error."""


def enough(n: int, k: int) -> None:
    """Raise `Incompatible` unless n points have k neighbours each."""
    if n <= k:
        raise Incompatible(
            f"{n} samples have fewer than {k} neighbours each; wants more than k = {k} samples"
        )


def standardized(x: Floats, where: str) -> tuple[Floats, int]:
    """The columns of ``x (n, d)`` that vary, as z-scores; and the number of constant columns.

    Raises `DataError` where all are constant.
    """
    varies = (x != x[0]).any(0)
    if not varies.any():
        raise DataError(where, "constant columns only", "a variable that varies")
    kept = x[:, varies]
    return (kept - kept.mean(0)) / kept.std(0), int((~varies).sum())


def whitened(x: Floats, where: str) -> tuple[Floats, float]:
    """``x (n, d)`` with its sample covariance removed, and ln of the volume that this divided out,
    in nats.

    Raises `Incompatible` where the covariance is singular: such points have no density.
    """
    scaled, values, axes = _spread(x, where)
    # Not by a library's product, in which the last digits of a row depend on its position: equal
    # points stay equal.
    turned = np.einsum("ij,jk->ik", scaled, axes / np.sqrt(values), optimize=False)
    return turned, float(np.log(x.std(0)).sum() + 0.5 * np.log(values).sum())


def require_density(x: Floats, where: str) -> None:
    """Raise `Incompatible` where the covariance of ``x (n, d)`` is singular."""
    _spread(x, where)


def _spread(x: Floats, where: str) -> tuple[Floats, Floats, Floats]:
    """``x (n, d)`` as z-scores, with the eigenvalues and eigenvectors of their covariance."""
    scaled, constant = standardized(x, where)
    n, d = x.shape
    values, axes = np.linalg.eigh(scaled.T @ scaled / n)
    flat = constant + int((values <= SINGULAR * values[-1]).sum())
    if flat:
        raise Incompatible(
            f"{where}: the covariance is singular along {flat} of {d} axes, so there is no "
            "density; wants points that fill their space (fewer dimensions, such as by a model)"
        )
    return scaled, values, axes


def refuse_ties(zero: Bools, nearest: Bools, where: str) -> Diagnostics:
    """The share of repeated points, as a note where there are any.

    ``nearest (n,)`` is true where a point equals another, ``zero (n,)`` where it equals k others.

    Raises
    ------
    Incompatible : more than half of the points repeat another, so that the variable is discrete.
    DataError : a point equals k others.
    """
    kind = where.partition(".")[0]
    instead = {
        "Samples": "use plug-in-entropy",
        "ConditionedSamples": "use mesner-shalizi",
        "LabelledSamples": "use mixed-ksg",
    }.get(
        kind,
        'use plug-in where both variables are (declared so: x_kind="discrete"), ross where one '
        "is, mixed-ksg for mixtures",
    )
    share = float(nearest.mean())
    if share > 0.5:
        raise Incompatible(
            f"{where}: {share:.0%} of the points repeat another, so it is discrete; {instead}"
        )
    if zero.any():
        raise DataError(
            where, "a point that equals k others", "distinct points", int(zero.argmax())
        )
    return {"repeated": share} if share else {}


def advice(data: PairedSamples | ConditionedSamples) -> str:
    """The estimator that suits the kinds of the variables."""
    if isinstance(data, ConditionedSamples):
        kinds = {data.x_kind, data.y_kind, data.z_kind}
        plain = {"continuous": "use frenzel-pompe", "discrete": "use plug-in-cmi"}
        return (
            plain[kinds.pop()] if len(kinds) == 1 and "mixed" not in kinds else "use mesner-shalizi"
        )
    kinds = {data.x_kind, data.y_kind}
    if "mixed" in kinds:
        return "use mixed-ksg"
    plain = {"continuous": "use ksg", "discrete": "use plug-in"}
    return plain[kinds.pop()] if len(kinds) == 1 else "use ross"


def whole(values: Floats) -> bool:
    """Whether a variable ``(n, d)`` looks like codes: whole numbers, each several times."""
    return bool((values == np.rint(values)).all()) and 2 * len(np.unique(values)) <= len(values)


def declared(data: PairedSamples | ConditionedSamples, sides: str) -> str:
    """How variables that look like codes are declared to be; empty where none does."""
    names = [
        f'{side}_kind="discrete"'
        for side in sides
        if getattr(data, f"{side}_kind") == "continuous" and whole(getattr(data, side))
    ]
    return f", or declare whole numbers as codes: {', '.join(names)}" if names else ""


def refuse_codes(data: PairedSamples | ConditionedSamples, sides: str, advice: str) -> None:
    """Raise `Incompatible` where a variable is declared to be discrete or mixed."""
    for side in sides:
        if (kind := getattr(data, f"{side}_kind")) != "continuous":
            where = f"{type(data).__name__}.{side}"
            raise Incompatible(f"{where} is {kind} and has no density; {advice}")
