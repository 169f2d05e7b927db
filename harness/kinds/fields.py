"""The fields of a kind: how they are declared, and what they accept."""

from __future__ import annotations

import dataclasses
import inspect
import sys
import types
import typing
import warnings
from collections.abc import Collection
from dataclasses import MISSING, field
from typing import Any, Literal, Union

import numpy as np
from numpy.typing import NDArray

from harness import mapped
from harness.errors import DataError

_ACCEPTED = {"f": "fiub", "i": "iub", "u": "iub", "b": "b"}
"""By kind of a field's dtype, the kinds of values that it takes."""
_PLAIN = (str, int, float, bool, type(None))
MAKERS = (
    "array(...), offsets(...), strings(...), or a plain str, int, float, bool or tuple of these"
)


def array(
    shape: str,
    dtype: Any = np.float64,
    *,
    default: Any = MISSING,
    optional: bool = False,
    late: bool = False,
) -> Any:
    """A field that holds an array of ``shape``, axis names as in `harness.kinds.base`.

    With ``default=None`` it may be None (``optional=True`` says the same for one more release).
    ``late`` is for one that a published kind gains later, as in `added`: None then leaves the
    fingerprint as it was.
    Raises `TypeError` for a ``dtype`` that is not floating, integer or Boolean.
    """
    meta = {"shape": tuple(shape.split()), "dtype": np.dtype(dtype)}
    if meta["dtype"].kind not in _ACCEPTED:
        raise TypeError(
            f"array({shape!r}, {meta['dtype']}); wanted a floating, integer or Boolean type"
        )
    return _made(meta | {"added": True} if late else meta, default, optional)


def offsets(axis: str = "items", *, min_items: int = 1) -> Any:
    """The field that cuts ``axis`` into units, each with at least ``min_items``.

    It holds int64 ``(n+1,)``: 0 first, then the end of every unit.
    """
    meta = {"shape": ("n+1",), "dtype": np.dtype(np.int64), "optional": False}
    return field(metadata=meta | {"cuts": axis, "min_items": min_items})


def strings(shape: str = "n", *, default: Any = MISSING, optional: bool = False) -> Any:
    """A field that holds a tuple of strings, one per unit, or per item of a ragged axis.

    With ``default=None`` it may be None.
    """
    return _made({"strings": tuple(shape.split())}, default, optional)


def _made(meta: dict[str, Any], default: Any, optional: bool) -> Any:
    if optional:
        warnings.warn("optional=True is now default=None", DeprecationWarning, stacklevel=3)
        default = None
    if default is not None and default is not MISSING:
        raise TypeError(f"a default of {default!r}; wanted None or no default")
    meta["optional"] = default is None
    return field(default=default, metadata=meta)


def added(*, default: Any) -> Any:
    """A plain field that a published kind gains later.

    It enters the fingerprint only where it differs from ``default``, so that the fingerprints of
    older data, and the results stored under them, stay valid.
    """
    return field(default=default, metadata={"added": True})


def check_declaration(cls: type[Any]) -> None:
    """Raise `TypeError` for fields that no kind can hold, taken names, and axes cut twice."""
    cut = [f.metadata["cuts"] for f in dataclasses.fields(cls) if "cuts" in f.metadata]
    for axis in cut:
        if cut.count(axis) > 1:
            raise TypeError(
                f"{cls.__name__}: two fields cut the axis {axis}; wanted one offsets({axis!r})"
            )
    for f in dataclasses.fields(cls):
        for base in cls.__mro__[1:]:
            if isinstance(vars(base).get(f.name), types.FunctionType | classmethod | property):
                raise TypeError(
                    f"{cls.__name__}.{f.name}: {base.__name__}.{f.name} is a method; "
                    "wanted another name for the field"
                )
        if f.name == "split" or f.metadata.keys() & {"shape", "strings"}:
            continue
        if not _is_plain(_resolved(f.type, cls)):
            stated = f.type if isinstance(f.type, str) else getattr(f.type, "__name__", f.type)
            raise TypeError(
                f"{cls.__name__}.{f.name}: a kind cannot hold a field of type {stated}; "
                f"wanted {MAKERS}"
            )


def _resolved(annotation: Any, cls: type[Any]) -> Any:
    """The type that an annotation names; the text itself where it cannot be found."""
    if not isinstance(annotation, str):
        return annotation
    for base in cls.__mro__:  # the module that wrote the annotation knows its names
        if annotation in inspect.get_annotations(base).values():
            lone = type(cls.__name__, (), {"__annotations__": {"it": annotation}})
            try:
                return typing.get_type_hints(lone, vars(sys.modules[base.__module__]))["it"]
            except (NameError, AttributeError, TypeError, SyntaxError):
                continue
    return annotation


def _is_plain(stated: Any) -> bool:
    if stated in _PLAIN or stated is None:
        return True
    origin, inside = typing.get_origin(stated), typing.get_args(stated)
    if origin is Literal:
        return all(isinstance(value, _PLAIN) for value in inside)
    if origin in (Union, types.UnionType):
        return all(_is_plain(part) for part in inside)
    return stated is tuple or (
        origin is tuple and all(part is Ellipsis or _is_plain(part) for part in inside)
    )


def field_type(f: dataclasses.Field[Any], cls: type[Any]) -> Any:
    """The type of a plain field, or of a field of strings; the text where nothing resolves it."""
    if "strings" in f.metadata:
        return tuple[str, ...] | None if f.metadata["optional"] else tuple[str, ...]
    return _resolved(f.type, cls)


def fits(value: Any, stated: Any) -> bool:
    """Whether a plain value is of a type; whole numbers fit floats, and nothing but bool fits bool.

    A type that is not known (text that nothing resolved) takes everything.
    """
    origin, inside = typing.get_origin(stated), typing.get_args(stated)
    if stated is None or stated is type(None):
        return value is None
    if stated in _PLAIN:
        wanted = (int, float) if stated is float else stated
        return isinstance(value, wanted) and (stated is bool or not isinstance(value, bool))
    if origin is Literal:
        return value in inside
    if origin in (Union, types.UnionType):
        return any(fits(value, part) for part in inside)
    if stated is tuple or origin is tuple:
        if not isinstance(value, tuple):
            return False
        if len(inside) == 2 and inside[1] is Ellipsis:
            return all(fits(item, inside[0]) for item in value)
        return not inside or (len(inside) == len(value) and all(map(fits, value, inside)))
    return True


def whole_numbers(value: Any, where: str) -> NDArray[np.int64]:
    """Integers, or floats that are whole, as int64: the type is checked before it is converted.

    Raises `DataError` for fractions, NaN, infinity, complex numbers, Booleans, text, and numbers
    beyond 64 bits.
    """
    raw = np.asarray(value)
    if raw.dtype.kind not in "iuf":
        raise DataError(where, f"{raw.dtype} values", "whole numbers")
    if raw.dtype.kind == "f":
        rows, most = np.atleast_1d(raw), min(exact_integers(raw.dtype), 2**63 - 1024)
        for part in mapped.blocks_of(rows):
            block = rows[part]
            broken = ~np.isfinite(block) | (block != np.rint(block)) | (np.abs(block) > most)
            if broken.any():
                place = tuple(np.argwhere(broken)[0])
                row = part.start + int(place[0]) if raw.ndim else None
                raise DataError(where, f"{block[place]:g}", "whole numbers", row)
    elif raw.size and raw.dtype.kind == "u":
        _refuse_wide(raw, np.dtype(np.int64), where)
    return mapped.copied(raw, np.int64)


def plain(value: Any, where: str) -> Any:
    """A plain value as Python has it: no numpy scalars, tuples for lists.

    Raises `DataError` for anything but strings, numbers, Booleans, None and tuples of these.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, list | tuple):
        return tuple(plain(item, where) for item in value)
    if not isinstance(value, _PLAIN):
        raise DataError(where, type(value).__name__, "a str, int, float, bool or tuple of these")
    return value


def as_array(value: Any, dtype: np.dtype[Any], where: str) -> NDArray[Any]:
    """``value`` as a read-only C-contiguous array; copied unless it is one already."""
    try:
        raw = np.asarray(value)
    except ValueError as error:
        raise DataError(
            where, f"rows of different lengths ({error})", "a rectangular array"
        ) from None
    if raw.dtype.kind not in _ACCEPTED[dtype.kind]:
        wanted = {"f": "numbers", "i": "integers", "u": "integers", "b": "booleans"}[dtype.kind]
        raise DataError(where, f"{raw.dtype} values", wanted)
    if raw.size and raw.dtype.kind in "iu" and raw.dtype != dtype:
        _refuse_wide(raw, dtype, where)
    if raw.dtype == dtype and raw.flags.c_contiguous and not raw.flags.writeable:
        return raw
    out = mapped.copied(raw, dtype)
    out.flags.writeable = False
    return out


def exact_integers(dtype: np.dtype[Any]) -> int:
    """The largest integer of a floating type below which no two integers become one."""
    return int(2 ** (np.finfo(dtype).nmant + 1)) - 1


def _refuse_wide(raw: NDArray[Any], dtype: np.dtype[Any], where: str) -> None:
    """Raise `DataError` for integers that ``dtype`` cannot hold, or cannot tell apart."""
    if dtype.kind == "f":
        least, most = -exact_integers(dtype), exact_integers(dtype)
        wanted = (
            f"integers up to {most} in size, which {dtype} holds exactly; for codes, their "
            "ranks: np.unique(codes, return_inverse=True)[1]"
        )
    else:
        least, most = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
        wanted = f"integers from {least} to {most}"
    for wild in (raw.min(), raw.max()):
        if not least <= int(wild) <= most:
            raise DataError(where, f"{wild}", wanted)


def agree(
    lengths: dict[str, tuple[int, str]],
    axis: str,
    length: int,
    where: str,
    ragged: Collection[str] = (),
) -> None:
    """Check an axis length against a number, or against the field that named the axis first."""
    if axis.isdigit():
        if length != int(axis):
            raise DataError(where, f"an axis of length {length}", f"length {axis}")
        return
    if length == 0 and axis != "n" and axis not in ragged:
        raise DataError(where, f"axis {axis} of length 0", "at least one")
    if axis == "n+1":
        agree(lengths, "n", length - 1, where)
    known, first = lengths.setdefault(axis, (length, where))
    if known != length:
        raise DataError(where, f"axis {axis} of length {length}", f"{known}, as in {first}")


def class_codes(labels: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The classes that occur among labels ``(n,)``, ascending, and the place of each label there.

    Labels below 0 are unknown: they count as no class, and their place is -1.
    """
    classes = mapped.distinct(labels)
    classes = classes[classes >= 0]
    codes = mapped.zeros(labels.shape, np.int64)
    for part in mapped.blocks_of(labels):
        found = np.searchsorted(classes, labels[part])
        codes[part] = np.where(labels[part] >= 0, found, -1)
    return classes, codes
