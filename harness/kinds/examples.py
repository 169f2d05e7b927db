"""Example data of kinds: what follows from declared axes, and pieces that several kinds share."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from harness.arrays import Floats, Ints
from harness.errors import DataError
from harness.kinds.split import Split

if TYPE_CHECKING:
    from harness.kinds.base import Kind

K = TypeVar("K", bound="Kind")
GRID = 2.0**-20
"""Coordinates of examples are multiples of it: shifts by whole numbers are then exact."""
LENGTH = 3
"""Length of the axes of derived examples that no unit owns."""


def on_grid(x: Any) -> Floats:
    """Round to multiples of `GRID`."""
    rounded: Floats = np.rint(np.asarray(x) / GRID) * GRID
    return rounded


def as_column(codes: Any) -> Floats:
    """Integer codes as a table of one column."""
    return np.asarray(codes, np.float64).reshape(-1, 1)


def alternating(n: int) -> tuple[str, ...]:
    """Names of two groups in turn."""
    return tuple("ab"[i % 2] for i in range(n))


def shuffled_labels(rng: np.random.Generator, n: int, classes: int = 3) -> Ints:
    """Labels ``(n,)`` in random order, of as many classes as there are units for."""
    labels: Ints = rng.permutation(np.arange(n) % min(classes, n))
    return labels


def parts(order: Ints) -> Split:
    """The split of units in this order: 3/5 for training, then 1/5 validation and 1/5 testing."""
    a, b = (3 * len(order)) // 5, (4 * len(order)) // 5
    return Split(order[:a], order[b:], order[a:b])


def classes_first(order: Ints, labels: Ints) -> Ints:
    """The order with a unit of every class in front, so that training sees all classes."""
    first = np.unique(labels[order], return_index=True)[1]
    return np.concatenate([order[first], np.delete(order, first)])


def derived(kind: type[K], rng: np.random.Generator, n: int) -> K:
    """Data of n units that fill the declared axes at random; optional fields are left out.

    Raises `NotImplementedError`, with the reason, where the kind refuses them.
    """
    lengths, values = {"n": n}, dict[str, Any]()
    declared = [f for f in dataclasses.fields(kind) if f.name != "split"]
    for f in declared:
        if "cuts" in f.metadata:
            least = f.metadata["min_items"]
            ends = np.cumsum(rng.integers(least, least + 4, size=n))
            values[f.name] = np.concatenate([[0], ends])
            lengths[f.metadata["cuts"]] = int(ends[-1])
    for f in declared:
        axes = f.metadata.get("shape") or f.metadata.get("strings")
        if f.name in values or f.default is not dataclasses.MISSING:
            continue
        if axes is None:
            raise NotImplementedError(f"the field {f.name} has no default")
        shape = [int(axis) if axis.isdigit() else lengths.get(axis, LENGTH) for axis in axes]
        if "strings" in f.metadata:
            values[f.name] = tuple(f"{f.name} {i}" for i in range(shape[0]))
        else:
            values[f.name] = _filled(rng, shape, f.metadata["dtype"])
    try:
        return kind(**values)
    except DataError as refused:
        raise NotImplementedError(f"random numbers do not suit it: {refused}") from refused


def _filled(rng: np.random.Generator, shape: list[int], dtype: np.dtype[Any]) -> Any:
    if dtype.kind == "f":
        return on_grid(rng.normal(size=shape))
    return rng.integers(2 if dtype.kind == "b" else 4, size=shape).astype(dtype)
