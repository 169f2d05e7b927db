"""Columns of numbers, codes and names, from files, arrays and data frames, as variables.

A column is *discrete* where its type says so (Booleans, text, categories) or where it holds whole
numbers, of an integer type, each of which occurs `REPEATS` times on average; *mixed* where one
number makes up a share of `ATOM` and the others hardly repeat (a zero-inflated variable); else
*continuous*. What is recognized can be stated instead.
"""

from __future__ import annotations

import fnmatch
import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from harness.arrays import Floats
from harness.errors import DataError, UsageError, needs
from harness.files import first_line, parquet_rows, read_arrays, unpacked
from harness.kinds.fields import exact_integers
from harness.tabular import read_table

LOG = logging.getLogger("harness.columns")
ENDINGS = (".csv", ".tsv", ".parquet", ".arrow", ".feather", ".npy", ".npz")
REPEATS = 5
"""How often a whole number occurs on average where whole numbers are codes."""
ATOM = 0.05
"""Share of the rows that one number of a mixed variable has at least."""
MISSING = {"", "na", "n/a", "nan", "null", "none", "<na>"}
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?inf(?:inity)?")
_INTEGER = re.compile(r"[-+]?[0-9]+")


@dataclass(frozen=True, eq=False)
class Column:
    """``values (n,)``, NaN where missing: numbers, or the ranks of names; and the kind of them."""

    name: str
    values: Floats
    kind: str


def read_columns(path: Path, encoding: str = "utf-8", setting: str = "") -> list[Column]:
    """The columns of a file: CSV, TSV, Parquet, Arrow, Feather, NPY or NPZ.

    The columns of a table in an NPY file are ``0``, ``1`` ...; those of the table ``x`` in an NPZ
    archive are ``x.0``, ``x.1`` ...; of a flat array, ``x``. Raises `UsageError` for anything else.
    """
    ending = unpacked(path).suffix.lower()
    if not path.is_file():
        raise UsageError(f"{path}: no such file; wanted one of {', '.join(ENDINGS)}")
    try:
        if ending in (".csv", ".tsv"):
            table = read_table(path, encoding=encoding, setting=setting)
            fields = zip(*table.rows, strict=True)
            return [of_texts(n, f) for n, f in zip(table.names, fields, strict=True)]
        if ending in (".npy", ".npz"):
            return [
                column
                for name, array in read_arrays(path).items()
                for column in of_arrays(name, array)
            ]
        if ending == ".parquet":
            rows = list(parquet_rows(path, "infoharness[text]"))
            names = list(rows[0]) if rows else []
            return [of_values(name, [row[name] for row in rows]) for name in names]
        if ending in (".arrow", ".feather"):
            return _of_arrow(path)
    except DataError as error:
        raise UsageError(f"{path}: {error}") from error
    raise UsageError(f"{path}: unknown kind of file {ending!r}; wanted one of {', '.join(ENDINGS)}")


def _of_arrow(path: Path) -> list[Column]:
    feather = needs("pyarrow.feather", "infoharness[text]")
    try:
        table = feather.read_table(path)
    except Exception as error:  # pyarrow raises nearly anything on a broken file
        raise UsageError(
            f"{path}: cannot be read as Arrow: {first_line(error)}; wanted a whole file"
        ) from error
    return [of_values(name, table[name].to_pylist()) for name in table.column_names]


def of_object(data: Any, name: str) -> list[Column]:
    """The columns of an array, a tensor, a series or a data frame (numpy, torch, pandas, polars).

    Raises `DataError` for more than two axes, and for values that are neither numbers nor names.
    """
    if hasattr(data, "columns") and hasattr(data, "__getitem__"):
        return [column for c in data.columns for column in of_object(data[c], f"{name}.{c}")]
    if hasattr(data, "detach"):  # a tensor, wherever it is
        data = data.detach().cpu()
        if "bfloat16" in str(data.dtype):
            data = data.float()
        return of_arrays(name, data.numpy())
    if str(getattr(data, "dtype", "")).lower().startswith(("category", "enum", "categorical")):
        values = [None if _is_missing(v) else str(v) for v in data]
        column = of_texts(name, ["" if v is None else f"={v}" for v in values])
        return [replace(column, kind="discrete")]
    if hasattr(data, "to_list") and not isinstance(data.dtype, np.dtype):
        return [of_values(name, data.to_list())]  # types of pandas and polars, which have gaps
    return of_arrays(name, np.asarray(data))


def of_arrays(name: str, array: Any) -> list[Column]:
    """The columns of an array of one or two axes; those of a table are ``name.0`` ..."""
    if array.ndim == 1:
        return [of_values(name or "0", array)]
    if array.ndim != 2:
        raise DataError(name or "array", f"shape {array.shape}", "one or two axes")
    stem = f"{name}." if name else ""
    return [of_values(f"{stem}{i}", array[:, i]) for i in range(array.shape[1])]


def of_values(name: str, values: Any) -> Column:
    """A column from an array ``(n,)``, or a list of plain values with None where one is missing."""
    array = values if isinstance(values, np.ndarray) else _typed(values)
    if array.dtype.kind == "b":
        return Column(name, array.astype(np.float64), "discrete")
    if array.dtype.kind in "iu":
        return _numbers(name, array, np.zeros(len(array), bool), integer=True)
    if array.dtype.kind == "f":
        return _numbers(name, array, np.isnan(array), integer=False)
    if array.dtype.kind in "US":
        return of_texts(name, [str(v) for v in array.tolist()])
    if array.dtype.kind != "O":
        raise DataError(name, f"{array.dtype} values", "numbers, Booleans or text")
    gone = np.array([_is_missing(v) for v in array], bool)
    there = [v for v in array if not _is_missing(v)]
    if there and all(isinstance(v, str) for v in there):
        return of_texts(name, ["" if _is_missing(v) else str(v) for v in array])
    if not all(isinstance(v, bool | int | float | np.number | np.bool_) for v in there):
        wrong = next(v for v in there if not isinstance(v, bool | int | float | np.number))
        raise DataError(name, f"{type(wrong).__name__} values", "numbers, Booleans or text")
    numbers = np.array([0 if g else v for g, v in zip(gone, array, strict=True)])
    if numbers.dtype.kind == "b" or all(isinstance(v, bool | np.bool_) for v in there):
        return Column(name, np.where(gone, np.nan, numbers.astype(np.float64)), "discrete")
    return _numbers(name, numbers, gone, integer=numbers.dtype.kind in "iu")


def _typed(values: Sequence[Any]) -> Any:
    array = np.empty(len(values), object)
    array[:] = values
    return array


def _is_missing(value: Any) -> bool:
    # NaN, NaT and pandas' NA are not equal to themselves.
    return value is None or type(value).__name__ == "NAType" or bool(value != value)


def of_texts(name: str, fields: Iterable[str]) -> Column:
    """A column from text: numbers where all that is not missing are, else names.

    Raises `DataError` where half of the fields are numbers and the others are not.
    """
    texts = [field.strip() for field in fields]
    gone = np.array([text.casefold() in MISSING for text in texts], bool)
    numbers = [_NUMBER.fullmatch(text.lower()) is not None for text in texts]
    strange = [i for i, text in enumerate(texts) if not gone[i] and not numbers[i]]
    there = len(texts) - int(gone.sum())
    if not strange:
        values = np.array([0.0 if g else float(t) for g, t in zip(gone, texts, strict=True)])
        whole = all(_INTEGER.fullmatch(t) for g, t in zip(gone, texts, strict=True) if not g)
        return _numbers(name, values, gone, integer=whole and there > 0)
    if 2 * len(strange) <= there:
        raise DataError(
            name,
            f"{len(strange)} of {there} fields are no numbers, such as {texts[strange[0]][:40]!r}",
            "numbers, an empty field where one is missing, or names throughout",
            strange[0],
        )
    codes = np.unique(texts, return_inverse=True)[1].astype(np.float64)
    return Column(name, np.where(gone, np.nan, codes), "discrete")


def _numbers(name: str, array: Any, gone: Any, *, integer: bool) -> Column:
    values = array.astype(np.float64)
    if not np.isfinite(values[~gone]).all():
        row = int(np.argmax(~np.isfinite(values) & ~gone))
        raise DataError(name, "infinity", "finite numbers", row)
    if integer and (np.abs(values) > exact_integers(values.dtype)).any():
        values = np.unique(array, return_inverse=True)[1].astype(np.float64)
        LOG.warning("%s: whole numbers beyond 2^53 are replaced by their ranks", name)
    values[gone] = np.nan
    return Column(name, values, _kind(values[~gone], integer))


def _kind(values: Floats, integer: bool) -> str:
    if not values.size:
        return "continuous"
    counts = np.unique(values, return_counts=True)[1]
    if integer and REPEATS * len(counts) <= len(values):
        return "discrete"
    most, rest = counts.max(), len(counts) - 1
    others = len(values) - most
    if not integer and most >= max(ATOM * len(values), 3) and others and rest >= 0.5 * others:
        return "mixed"
    return "continuous"


def chosen(columns: Sequence[Column], patterns: Sequence[str], where: str) -> list[Column]:
    """The columns that patterns name, each by its name, its array or a glob; all for none.

    Raises `UsageError` for a pattern that matches nothing.
    """
    found: dict[str, Column] = {}
    for pattern in patterns or ("*",):
        matching = [
            c
            for c in columns
            if c.name == pattern
            or fnmatch.fnmatchcase(c.name, pattern)
            or c.name.rpartition(".")[0] == pattern
        ]
        if not matching:
            names = ", ".join(c.name for c in columns[:12])
            more = " ..." if len(columns) > 12 else ""
            raise UsageError(f"{where}: no column {pattern!r}; it has {names}{more}")
        found |= {c.name: c for c in matching}
    return list(found.values())


def stated(
    columns: Iterable[Column], discrete: Sequence[str], continuous: Sequence[str]
) -> list[Column]:
    """The columns, with the kinds that patterns state in place of those recognized.

    Any values can be codes: they are replaced by their ranks.
    """
    out = []
    for column in columns:
        kind = column.kind
        if any(fnmatch.fnmatchcase(column.name, pattern) for pattern in continuous):
            kind = "continuous"
        elif any(fnmatch.fnmatchcase(column.name, pattern) for pattern in discrete):
            kind = "discrete"
        values = column.values
        if kind == "discrete" != column.kind:
            codes = np.unique(values, return_inverse=True)[1].astype(np.float64)
            values = np.where(np.isnan(values), np.nan, codes)
        out.append(Column(column.name, values, kind))
    return out


def variables(
    groups: Mapping[str, Sequence[Column]], missing: Literal["error", "drop"] = "error"
) -> dict[str, tuple[Floats, str]]:
    """By name, a variable ``(n, d)`` from each group of columns, and its kind.

    A group of discrete columns is discrete, one of continuous ones continuous, any other mixed.
    Rows with a missing value in any group are an error that counts them, or are left out, as a
    note says.

    Raises
    ------
    UsageError : missing values, columns of different lengths, or no row left.
    """
    everything = [column for columns in groups.values() for column in columns]
    lengths = {len(column.values) for column in everything}
    if len(lengths) > 1:
        found = ", ".join(f"{c.name} {len(c.values)}" for c in everything)
        raise UsageError(f"columns of different lengths: {found}; wanted as many rows in each")
    gone = {c.name: int(np.isnan(c.values).sum()) for c in everything}
    kept = ~np.any([np.isnan(c.values) for c in everything], axis=0)
    if not kept.all():
        counts = ", ".join(f"{name} {count}" for name, count in gone.items() if count)
        if missing == "error":
            raise UsageError(
                f"missing values in {counts} of {len(kept)} rows; wanted none, or missing=drop"
            )
        LOG.warning("%d of %d rows have missing values and are left out", (~kept).sum(), len(kept))
    if kept.sum() < 2:
        raise UsageError(f"{int(kept.sum())} rows without missing values; wanted two at least")
    out = {}
    for name, columns in groups.items():
        kinds = {column.kind for column in columns}
        kind = kinds.pop() if len(kinds) == 1 else "mixed"
        out[name] = np.column_stack([column.values[kept] for column in columns]), kind
    return out
