"""The numbers inside outputs and kinds, to compare two of them."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.kinds import Kind, Split
from harness.outputs import Curve, Estimate, Output, Prediction, Selection

Contents = dict[str, NDArray[Any]]

ROUNDING = 1e-9
"""Relative to the largest number of a field (or 1): what a changed order of summation may do."""


def contents(value: Output | Kind) -> Contents:
    """Every array, number and string by field; diagnostics, which may hold times, left out."""
    found: Contents = {}
    for f in dataclasses.fields(value):
        held = getattr(value, f.name)
        if f.name == "diagnostics" or held is None:
            continue
        if isinstance(held, Split):
            found |= {f"split.{name}": part for name, part in held.parts()}
        elif isinstance(held, dict):
            found |= {f"{f.name}[{key}]": np.asarray(item) for key, item in held.items()}
        else:
            found[f.name] = np.asarray(held)
    return found


def difference(a: Contents, b: Contents, *, rounding: float = 0.0) -> str:
    """The first field that differs by more than rounding, in words; empty where none does."""
    for name in sorted(a.keys() | b.keys()):
        if name not in a or name not in b:
            return f"{name} is there only once"
        first, second = a[name], b[name]
        if first.shape != second.shape:
            return f"{name} has shape {first.shape} and then {second.shape}"
        equal = first == second
        if rounding and first.dtype.kind == "f":
            size = np.abs(first[np.isfinite(first)]).max(initial=1.0)
            with np.errstate(invalid="ignore"):
                equal = equal | (np.abs(first - second) <= rounding * size)
        if not np.all(equal):
            place = tuple(np.argwhere(~np.atleast_1d(equal))[0])
            was, now = np.atleast_1d(first)[place], np.atleast_1d(second)[place]
            return f"{name} is {was} and then {now}"
    return ""


def reordered(output: Output | Kind, order: NDArray[np.int64], data: Kind) -> Output | Kind:
    """What ``output`` should be on ``data.take(order)`` if the order of units means nothing."""
    position = np.argsort(order)
    if isinstance(output, Kind):
        return output.take(order)
    if isinstance(output, Estimate) and output.local is not None:
        return dataclasses.replace(
            output, local=output.local[_rows(order, data, len(output.local))]
        )
    if isinstance(output, Selection):
        sets = output.sets and {m: np.sort(position[chosen]) for m, chosen in output.sets.items()}
        return dataclasses.replace(output, order=position[output.order], sets=sets)
    if isinstance(output, Prediction):
        return by_index(dataclasses.replace(output, index=position[output.index]))
    return output


def by_index(output: Output | Kind) -> Output | Kind:
    """Sets and predictions in the order of their positions, so that equal ones compare equal."""
    if isinstance(output, Prediction):
        order = np.argsort(output.index)
        return dataclasses.replace(output, index=output.index[order], values=output.values[order])
    if isinstance(output, Selection) and output.sets:
        return dataclasses.replace(
            output, sets={m: np.sort(chosen) for m, chosen in output.sets.items()}
        )
    return output


def _rows(order: NDArray[np.int64], data: Kind, length: int) -> NDArray[np.int64]:
    """Where the local values of the reordered units stood: one per unit, or one per item."""
    cuts = getattr(data, "offsets", None)
    if length == data.n or cuts is None:
        return order
    return np.concatenate([np.arange(cuts[i], cuts[i + 1]) for i in order])


def unexplained(output: Output | Kind, data: Kind) -> str:
    """What in an output is no trustworthy result, in words; empty where all is well."""
    if isinstance(output, Estimate):
        if not np.isfinite(output.value) and not output.diagnostics:
            return f"the value {output.value} without a word in the diagnostics"
        if output.local is not None and np.isnan(output.local).any():
            return "NaN among the local values"
    if isinstance(output, Selection):
        chosen = np.concatenate([output.order, *(output.sets or {}).values()])
        if chosen.size and chosen.max() >= data.n:
            return f"position {chosen.max()} chosen among {data.n} units"
        if output.scores is not None and np.isnan(output.scores).any():
            return "NaN among the scores"
    if isinstance(output, Curve) and (np.isnan(output.x).any() or np.isnan(output.y).any()):
        return "NaN on the curve"
    if (
        isinstance(output, Prediction)
        and output.index.size
        and not 0 <= output.index.min() <= output.index.max() < data.n
    ):
        return (
            f"positions {output.index.min()} to {output.index.max()} predicted for {data.n} units"
        )
    return ""
