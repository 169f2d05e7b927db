"""Small data to try plugins on: what a kind says of itself, and what follows from its axes."""

from __future__ import annotations

import dataclasses
import inspect
import itertools
import warnings
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np

from harness.errors import DataError
from harness.kinds import Kind, Split
from harness.testing.report import NotChecked

K = TypeVar("K", bound=Kind)


def sample(kind: type[K], rng: np.random.Generator, n: int = 48, *, split: bool = False) -> K:
    """A valid instance of ``kind`` with about n units, drawn with ``rng``.

    Raises `NotChecked` for a kind that has to say how by a class method ``example(rng, n)``.
    """
    return next(_forms(kind, rng, n, split=split))


def variants(kind: type[K], rng: np.random.Generator, n: int = 48) -> Iterator[K]:
    """Sample data in the forms that methods may ask for, each without a split and with one."""
    for form in _forms(kind, rng, n):
        yield form
        if form.split is None and form.n >= 3:
            try:
                divided = form.divided(rng)
            except DataError:  # a kind may have rules for its splits that no random one keeps
                continue
            yield divided


def _forms(kind: type[K], rng: np.random.Generator, n: int, *, split: bool = False) -> Iterator[K]:
    if not issubclass(kind, Kind):
        raise NotChecked(f"{kind.__name__} is not a kind")
    forms = kind.forms(rng, n)
    if "n" not in inspect.signature(kind.example).parameters:
        warnings.warn(
            f"{kind.__name__}.example(rng): wanted example(rng, n)",
            DeprecationWarning,
            stacklevel=3,
        )
        forms = iter([kind.example(rng)])
    try:
        for form in forms:
            if type(form) is not kind:
                raise DataError(
                    f"{kind.__name__}.example", f"gave {type(form).__name__}", kind.__name__
                )
            yield with_split(form, rng) if split and form.split is None else form
    except NotImplementedError as reason:
        raise NotChecked(
            f"no sample data: {reason}; give {kind.__name__} a class method example(rng, n)"
        ) from None


def with_split(data: K, rng: np.random.Generator) -> K:
    """The same data with 3/5 of the units for training, 1/5 for validation and 1/5 for testing."""
    return data.divided(rng)


def translated(data: Kind) -> Kind:
    """The data shifted by a whole number per coordinate and field."""
    shift: dict[str, Any] = {}
    for i, name in enumerate(_coordinates(data)):
        x = getattr(data, name)
        shift[name] = x + (3.0 + i - 2.0 * np.arange(x.shape[1]))
    return dataclasses.replace(data, **shift)


def rescaled(data: Kind) -> Kind:
    """The data with every coordinate doubled, and what scales with them."""
    names = (*_coordinates(data), *data.scaled_too)
    change: dict[str, Any] = {name: 2.0 * getattr(data, name) for name in names}
    return dataclasses.replace(data, **change)


def _coordinates(data: Kind) -> tuple[str, ...]:
    if not data.coordinates:
        kind = type(data).__name__
        raise NotChecked(f"what moves in a {kind} is not known: name it in {kind}.coordinates")
    return data.coordinates


def awkward(data: Kind) -> Iterator[tuple[str, Kind]]:
    """Data that are valid and yet hard: too few, constant, repeated, and what the kind adds.

    What the kind itself refuses is left out.
    """
    makers: dict[str, Callable[[], Kind]] = {
        "as few units as the kind allows": lambda: _fewest(data, max(data.min_n, 1)),
        "a training and a test part of one unit": lambda: dataclasses.replace(
            _fewest(data, 2), split=Split(np.array([0]), np.array([1]))
        ),
        "a constant column": lambda: _constant(data, columns=1),
        "constant columns only": lambda: _constant(data, columns=None),
        "every unit twice": lambda: data.take(np.repeat(np.arange(data.n), 2)),
        "one unit many times": lambda: data.take(np.zeros(data.n, np.int64)),
    }
    for name, make in makers.items():
        try:
            changed = make()
        except DataError:
            continue
        yield name, changed
    yield from data.awkward()


def _fewest(data: Kind, count: int) -> Kind:
    """The first so many units that the kind takes, without a split. Raises `DataError` for none."""
    plain = dataclasses.replace(data, split=None)
    for last in itertools.count(count - 1):
        try:
            return plain.take([*range(count - 1), last])
        except DataError:  # the units so far are of one class, say; at the end, there is no other
            if last >= data.n:
                raise
    raise AssertionError


def _constant(data: Kind, columns: int | None) -> Kind:
    """The first columns of every two-dimensional float field set to its first value."""
    change: dict[str, Any] = {}
    for f in dataclasses.fields(data):
        value = getattr(data, f.name)
        if isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.ndim == 2:
            fixed = value.copy()
            fixed[:, :columns] = value[0, :columns]
            change[f.name] = fixed
    if not change:
        raise DataError(type(data).__name__, "no table of numbers", "one to make constant")
    return dataclasses.replace(data, **change)
