"""What every kind shares: validation on construction, fingerprint, subsets, splits, files.

A kind is a class of plain arrays and strings. Declaring one is all there is to do::

    class Samples(Kind):
        '''n draws of a d-dimensional variable.'''

        x: Floats = array("n d")

Subclassing makes it a frozen dataclass. Axis names tie the fields together: ``n`` is the unit
that is resampled and split; ``items`` is a ragged axis, cut into the n units by an
``offsets()`` field, and a kind may have several (``offsets("bonds")`` cuts the axis ``bonds``);
any other name is a length that must agree between fields; a number is that length exactly.
A field whose first axis belongs to no unit (the nodes of one graph, say) stays whole when units
are taken, and the kind says so: ``whole = ("nodes",)``.

What a kind knows about itself stands in its class too, with defaults that follow from the fields:
``example``, ``forms``, ``known``, ``awkward``, ``divided``, ``coordinates`` and ``scaled_too``. The
conformance suite has no table of types; it asks the class.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, Self, dataclass_transform

import numpy as np
from numpy.typing import ArrayLike

from harness import mapped
from harness.errors import DataError, Incompatible, UsageError
from harness.files import first_line, whole
from harness.kinds import examples, saved
from harness.kinds.fields import (
    added,
    agree,
    array,
    as_array,
    check_declaration,
    offsets,
    plain,
    strings,
)
from harness.kinds.split import Split


@dataclass_transform(
    frozen_default=True, eq_default=False, field_specifiers=(field, array, offsets, strings, added)
)
class _Declared:
    """Turns each subclass into a frozen dataclass; raises `TypeError` for what no kind can hold."""

    def __init_subclass__(cls) -> None:
        dataclass(frozen=True, eq=False, repr=False)(cls)
        check_declaration(cls)


class Kind(_Declared):
    """Base class of the data that travel on a path. Equality is equality of contents."""

    version: ClassVar[int] = 1
    """Raise it when the meaning of the fields changes: it enters every fingerprint."""
    min_n: ClassVar[int] = 1
    whole: ClassVar[tuple[str, ...]] = ()
    """Axes that belong to no unit: fields that begin with one are kept as they are by `take`."""
    judged: ClassVar[tuple[str, ...]] = ()
    """Fields that results are judged by, such as labels: a model of a kind to itself keeps them."""
    coordinates: ClassVar[tuple[str, ...]] = ()
    """Fields that a translation shifts and a change of scale multiplies."""
    scaled_too: ClassVar[tuple[str, ...]] = ()
    """Fields that a change of scale multiplies besides, such as the cells of crystals."""

    split: Split | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        lengths: dict[str, tuple[int, str]] = {}
        for f in fields(self):
            if "shape" in f.metadata:
                self._set_array(f, lengths)
            elif "strings" in f.metadata:
                self._set_strings(f, lengths)
            elif f.name != "split":
                value = plain(getattr(self, f.name), f"{type(self).__name__}.{f.name}")
                object.__setattr__(self, f.name, value)
        for f in self._cuts():
            self._check_offsets(f, lengths)
        if self.n < self.min_n:
            raise DataError(type(self).__name__, f"{self.n} units", f"at least {self.min_n}")
        if self.split is not None:
            for name, part in self.split.parts():
                if part.size and (part.min() < 0 or part.max() >= self.n):
                    raise DataError(
                        f"{type(self).__name__}.split.{name}",
                        f"position {part.max() if part.max() >= self.n else part.min()}",
                        f"positions from 0 to {self.n - 1}",
                    )
        self.check()

    def check(self) -> None:
        """Validate what shapes cannot say. Raise `DataError`."""

    def identify(self) -> dict[str, Any]:
        """What a person tells units apart by: columns by name, integers (n,) or n texts.

        ``row`` is the position in the data that these were made from, where it is another.
        """
        return {}

    def identify_items(self) -> dict[str, Any]:
        """The same for what units are made of: a value per item of the ragged axis, in its order.

        The first column gives the unit's position, the second that of the item within its unit.
        """
        return {}

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Small valid data of n units; by default the declared axes filled at random.

        Raises `NotImplementedError`, with the reason, where the default does not suit the kind.
        """
        return examples.derived(cls, rng, n)

    @classmethod
    def forms(cls, rng: np.random.Generator, n: int = 48) -> Iterator[Self]:
        """Examples in every form that methods may ask for (continuous, discrete ...)."""
        yield cls.example(rng, n)

    @classmethod
    def known(cls, rng: np.random.Generator, n: int) -> Iterator[tuple[str, float, Self]]:
        """Draws of known information: the name of the quantity, its value in nats, the data."""
        yield from ()

    def awkward(self) -> Iterator[tuple[str, Self]]:
        """Hard data made of these, each with a name: what the axes alone cannot tell."""
        yield from ()

    def divided(self, rng: np.random.Generator) -> Self:
        """The same data with 3/5 of the units for training, 1/5 each to validate and to test."""
        return dataclasses.replace(self, split=examples.parts(rng.permutation(self.n)))

    def _set_array(self, f: dataclasses.Field[Any], lengths: dict[str, tuple[int, str]]) -> None:
        value, where = getattr(self, f.name), f"{type(self).__name__}.{f.name}"
        if value is None and f.metadata["optional"]:
            return
        out = as_array(value, f.metadata["dtype"], where)
        shape = f.metadata["shape"]
        if out.ndim != len(shape):
            raise DataError(where, f"shape {out.shape}", f"axes ({', '.join(shape)})")
        for axis, length in zip(shape, out.shape, strict=True):
            agree(lengths, axis, length, where, self._ragged())
        if out.dtype.kind == "f":
            for part in mapped.blocks_of(out):
                finite = np.isfinite(out[part])
                if not finite.all():
                    row = part.start + int(np.argwhere(~finite)[0][0])
                    raise DataError(where, "NaN or infinity", "finite numbers", row)
        object.__setattr__(self, f.name, out)

    def _set_strings(self, f: dataclasses.Field[Any], lengths: dict[str, tuple[int, str]]) -> None:
        value, where = getattr(self, f.name), f"{type(self).__name__}.{f.name}"
        if value is None and f.metadata["optional"]:
            return
        texts = tuple(value)
        for row, text in enumerate(texts):
            if not isinstance(text, str):
                raise DataError(where, type(text).__name__, "a string", row)
        agree(lengths, f.metadata["strings"][0], len(texts), where, self._ragged())
        object.__setattr__(self, f.name, tuple(str(t) for t in texts))

    def _check_offsets(
        self, f: dataclasses.Field[Any], lengths: dict[str, tuple[int, str]]
    ) -> None:
        cuts, where = getattr(self, f.name), f"{type(self).__name__}.{f.name}"
        axis, least = f.metadata["cuts"], f.metadata["min_items"]
        if cuts.size < 2 or cuts[0] != 0:
            raise DataError(where, f"{cuts[:3].tolist()} ...", "0 first, then one end per unit")
        sizes = np.diff(cuts)
        short = np.flatnonzero(sizes < least)
        if short.size:
            size = sizes[short[0]]
            found = (
                "offsets that decrease"
                if size < 0
                else f"a unit without {axis}"
                if size == 0
                else f"{size} {axis}"
            )
            few = {0: "none fewer than before", 1: "at least one item"}.get(
                least, f"at least {least} {axis}"
            )
            raise DataError(where, found, few, int(short[0]))
        if axis in lengths and cuts[-1] != lengths[axis][0]:
            raise DataError(
                where, f"last offset {cuts[-1]}", f"the number of {axis}, {lengths[axis][0]}"
            )

    def _cuts(self) -> list[dataclasses.Field[Any]]:
        """The fields that cut ragged axes."""
        return [f for f in fields(self) if "cuts" in f.metadata]

    def _ragged(self) -> set[str]:
        """The axes that may be empty: those that are cut into units, and ``items`` (of a graph)."""
        return {"items", *(f.metadata["cuts"] for f in self._cuts())}

    @property
    def n(self) -> int:
        """Number of units: what bootstrap, splits and subsampling count."""
        for f in self._cuts():
            return len(getattr(self, f.name)) - 1
        for f in fields(self):
            axes = f.metadata.get("shape") or f.metadata.get("strings") or ()
            if axes[:1] == ("n",) and getattr(self, f.name) is not None:
                return len(getattr(self, f.name))
        raise TypeError(f"{type(self).__name__} has no field with the axis n")

    def take(self, indices: ArrayLike) -> Self:
        """The units at ``indices`` (repeats allowed), in that order; the split goes along.

        Raises
        ------
        DataError : positions outside of the data.
        TypeError : an axis that neither units nor offsets own, and that is not in ``whole``.
        """
        idx = np.asarray(indices, np.int64)
        if idx.size and (idx.min() < 0 or idx.max() >= self.n):
            raise DataError(
                f"{type(self).__name__}.take",
                f"position {idx.min() if idx.min() < 0 else idx.max()}",
                f"positions from 0 to {self.n - 1}",
            )
        change: dict[str, Any] = {}
        rows = {"n": idx}
        for f in self._cuts():
            cuts = getattr(self, f.name)
            sizes = np.diff(cuts)[idx]
            ends = change[f.name] = np.concatenate([[0], np.cumsum(sizes)])
            shift, places = cuts[idx] - ends[:-1], mapped.zeros(int(ends[-1]), np.int64)
            for part in mapped.blocks_of(places):
                at = np.arange(part.start, part.stop)
                places[part] = at + shift[np.searchsorted(ends, at, side="right") - 1]
            rows[f.metadata["cuts"]] = places
        for f in fields(self):
            value, axes = (
                getattr(self, f.name),
                f.metadata.get("shape") or f.metadata.get("strings") or (),
            )
            if value is None or not axes or "cuts" in f.metadata:
                continue
            if "strings" in f.metadata and axes[0] in rows:
                change[f.name] = tuple(value[i] for i in rows[axes[0]])
            elif not any(axis in rows for axis in axes) and not (
                axes[0] in self.whole or axes[0].isdigit()
            ):
                name, axis = f"{type(self).__name__}.{f.name}", axes[0]
                raise TypeError(
                    f"{name}: the axis {axis} belongs to no unit; wanted offsets({axis!r}) "
                    f"that cut it, or whole = ({axis!r},) in the class"
                )
            elif "strings" not in f.metadata:
                for place, axis in enumerate(axes):
                    if axis in rows:
                        if place:
                            value = value[(slice(None),) * place + (rows[axis],)]
                        else:
                            value = mapped.taken(value, rows[axis])
                            value.flags.writeable = False
                        change[f.name] = value
        split = None if self.split is None else self.split.take(idx, self.n)
        return dataclasses.replace(self, split=split, **change)

    def part(self, name: str) -> Self:
        """The units of one part of the split (``train``, ``valid`` or ``test``), without it."""
        if self.split is None:
            raise Incompatible(
                f"needs data with a train/test split; this {type(self).__name__} has none"
            )
        return dataclasses.replace(self.take(getattr(self.split, name)), split=None)

    def evaluated(self) -> Self:
        """What a figure is about: the test part where there is a split, else all."""
        return self if self.split is None else self.part("test")

    @functools.cached_property
    def _digest(self) -> str:
        sha = hashlib.sha256(f"{type(self).__name__}:{self.version}".encode())
        for f in fields(self):
            value = getattr(self, f.name)
            if "added" in f.metadata and not isinstance(value, np.ndarray) and value == f.default:
                continue
            sha.update(f"\0{f.name}\0".encode())
            _feed(sha, value)
        return "sha256:" + sha.hexdigest()

    def fingerprint(self) -> str:
        """Digest of the contents, the same on every machine."""
        return self._digest

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.fingerprint() == other.fingerprint()

    def __hash__(self) -> int:
        return hash(self.fingerprint())

    def __repr__(self) -> str:
        parts = [f"n={self.n}"]
        for f in fields(self):
            value = getattr(self, f.name)
            if isinstance(value, np.ndarray):
                parts.append(f"{f.name}{list(value.shape)}")
        return f"{type(self).__name__}({', '.join(parts)})"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write an ``.npz`` (arrays, and a JSON header for the rest), whole or not at all."""
        arrays, header = {}, {"kind": type(self).__name__, "version": self.version, "fields": {}}
        for f in fields(self):
            value = getattr(self, f.name)
            if isinstance(value, np.ndarray):
                arrays[f.name] = value
            elif isinstance(value, Split):
                arrays |= {f"split.{name}": part for name, part in value.parts()}
            elif value is not None:
                header["fields"][f.name] = value  # type: ignore[index]
        write_npz(Path(path), arrays, header)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read what `save` wrote. Raises `UsageError` for any other file, with what is wrong."""
        arrays, values, parts = saved.contents(cls, Path(path))
        for own in arrays.values():
            own.flags.writeable = False  # nobody else has it: it need not be copied
        try:
            split = Split(**parts) if parts else None
            return cls(**values, **arrays, split=split)
        except DataError as error:
            raise UsageError(f"{path}: {error}") from error
        except Exception as error:  # a check that never met such values
            raise UsageError(
                f"{path}: not a {cls.__name__}: {first_line(error)}; wanted a file that "
                f"{cls.__name__}.save wrote"
            ) from error


def write_npz(
    path: Path, arrays: dict[str, Any], header: dict[str, Any], *, compressed: bool = False
) -> None:
    """Write arrays and a JSON header, the whole file or none of it."""
    save = np.savez_compressed if compressed else np.savez
    with whole(path) as out:
        save(out, __header__=np.array(json.dumps(header, sort_keys=True)), **arrays)


def _feed(sha: Any, value: Any) -> None:
    """Add one field to a digest: tagged, with lengths, so that no two contents collide."""
    if isinstance(value, np.ndarray):
        little = value.astype(value.dtype.newbyteorder("<"), copy=False)
        sha.update(f"array {little.dtype.str} {little.shape}".encode())
        sha.update(np.ascontiguousarray(little).data)
    elif isinstance(value, Split):
        for name, part in value.parts():
            sha.update(name.encode())
            _feed(sha, part)
    elif isinstance(value, tuple):
        sha.update(f"tuple {len(value)}".encode())
        for item in value:
            _feed(sha, item)
    elif isinstance(value, str):
        data = value.encode()
        sha.update(f"str {len(data)} ".encode() + data)
    elif value is None or isinstance(value, bool | int | float):
        sha.update(f"{type(value).__name__} {value!r}".encode())
    else:
        raise TypeError(
            f"a kind holds arrays, strings, numbers and tuples; not {type(value).__name__}"
        )
