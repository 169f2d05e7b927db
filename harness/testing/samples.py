"""Small valid data of every shared kind, for checks and for authors' own tests."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from harness.errors import DataError
from harness.kinds import (
    Activations,
    ConditionedSamples,
    Environments,
    Graph,
    Kind,
    LabelledSamples,
    LabelledText,
    Links,
    PairedSamples,
    Samples,
    Split,
    Structures,
)
from harness.testing.makers import MAKERS, as_column, discrete_pairs, held_out, mixed_pairs
from harness.testing.report import NotChecked


def sample(kind: type[Kind], rng: np.random.Generator, n: int = 48, *, split: bool = False) -> Kind:
    """A valid instance of ``kind`` with n units, drawn with ``rng``.

    A kind of a plugin says how by a class method ``example(rng)``. Raises `NotChecked` for a kind
    without one.
    """
    make = MAKERS.get(kind)
    if make is not None:
        data = make(rng, n)
    elif (example := getattr(kind, "example", None)) is not None:
        data = example(rng)
        if type(data) is not kind:
            raise DataError(
                f"{kind.__name__}.example", f"gave {type(data).__name__}", kind.__name__
            )
    else:
        raise NotChecked(f"no sample data: give {kind.__name__} a class method example(rng)")
    return with_split(data, rng) if split and data.split is None else data


def variants(kind: type[Kind], rng: np.random.Generator, n: int = 48) -> Iterator[Kind]:
    """Sample data in the forms that methods may ask for: plain, with a split, discrete, one side discrete."""
    plain = sample(kind, rng, n)
    yield plain
    if plain.split is None and plain.n >= 3:
        try:
            divided = with_split(plain, rng)
        except DataError:  # a kind of a plugin may have rules for its splits
            pass
        else:
            yield divided
    if kind is PairedSamples:
        yield discrete_pairs(rng, n)
        yield with_split(discrete_pairs(rng, n), rng)
        yield mixed_pairs(rng, n)
    if kind is Samples:
        yield Samples(as_column(rng.integers(4, size=n)))


def with_split(data: Kind, rng: np.random.Generator) -> Kind:
    """The same data with 3/5 of the units for training, 1/5 for validation and 1/5 for testing."""
    if isinstance(data, Links):
        return held_out(data, rng)
    order = rng.permutation(data.n)
    if isinstance(data, LabelledSamples | LabelledText):  # every class is seen in training
        first = np.unique(data.y[order], return_index=True)[1]
        order = np.concatenate([order[first], np.delete(order, first)])
    a, b = (3 * data.n) // 5, (4 * data.n) // 5
    return dataclasses.replace(data, split=Split(order[:a], order[b:], order[a:b]))


COORDINATES: dict[type[Kind], tuple[str, ...]] = {
    Samples: ("x",),
    PairedSamples: ("x", "y"),
    ConditionedSamples: ("x", "y", "z"),
    LabelledSamples: ("x",),
    Environments: ("x",),
    Structures: ("positions",),
    Activations: ("x",),
    Graph: ("features",),
    Links: ("features",),
}
"""The fields that a translation shifts and a change of scale multiplies."""


def translated(data: Kind) -> Kind:
    """The data shifted by a whole number per coordinate and field."""
    shift: dict[str, Any] = {}
    for i, name in enumerate(_coordinates(data)):
        x = getattr(data, name)
        shift[name] = x + (3.0 + i - 2.0 * np.arange(x.shape[1]))
    return dataclasses.replace(data, **shift)


def rescaled(data: Kind) -> Kind:
    """The data with every coordinate doubled, and the cells of structures with them."""
    change: dict[str, Any] = {name: 2.0 * getattr(data, name) for name in _coordinates(data)}
    if isinstance(data, Structures):
        change["cells"] = 2.0 * data.cells
    return dataclasses.replace(data, **change)


def _coordinates(data: Kind) -> tuple[str, ...]:
    if type(data) not in COORDINATES:
        raise NotChecked(f"what moves in a {type(data).__name__} is not known to the host")
    return COORDINATES[type(data)]


def awkward(data: Kind) -> Iterator[tuple[str, Kind]]:
    """Data that are valid and yet hard: too few, constant, repeated. What the kind itself refuses is left out."""
    few = [0, 1] if data.min_n <= 2 <= data.n else list(range(data.min_n))
    if isinstance(data, LabelledSamples | LabelledText):  # two classes remain
        few = [0, int(np.argmax(data.y != data.y[0]))]
    makers: dict[str, Callable[[], Kind]] = {
        "as few units as the kind allows": lambda: dataclasses.replace(
            data.take(few[: max(data.min_n, 1)]), split=None
        ),
        "a training and a test part of one unit": lambda: dataclasses.replace(
            data.take(few), split=Split(np.array([0]), np.array([1]))
        ),
        "a constant column": lambda: _constant(data, columns=1),
        "constant columns only": lambda: _constant(data, columns=None),
        "every unit twice": lambda: data.take(np.repeat(np.arange(data.n), 2)),
        "one unit many times": lambda: data.take(np.zeros(data.n, np.int64)),
    }
    if isinstance(data, LabelledText):
        makers["one text throughout"] = lambda: dataclasses.replace(
            data, texts=data.texts[:1] * data.n, repeats=True
        )
    for name, make in makers.items():
        try:
            changed = make()
        except DataError:
            continue
        yield name, changed


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
