"""Arrays that may be larger than memory: from a size on they lie in memory-mapped files.

The system writes pages of such a file back where memory is short, and reads them again. The files
have no names, so that they end with the last array that lies in them, however the process ends.
Values, and so fingerprints and results, are the same wherever an array lies.
"""

from __future__ import annotations

import math
import mmap
import os
import tempfile
from collections.abc import Iterator
from typing import IO, Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from harness.errors import UsageError

SETTING = "HARNESS_IN_MEMORY"
"""The environment variable with the size, in MiB."""
DEFAULT_MIB = 1024.0
PART = 2**24
"""Bytes that go through memory at once."""


def largest() -> float:
    """Bytes that one array may have in memory, larger ones lie in files: `SETTING`, or 1 GiB.

    Raises `UsageError` for a setting that is no size.
    """
    stated = os.environ.get(SETTING) or str(DEFAULT_MIB)
    try:
        size = float(stated)
    except ValueError:
        size = math.nan
    if not size >= 0:
        raise UsageError(f"{SETTING}={stated}; wanted a size in MiB, such as 512")
    return size * 2**20


def zeros(shape: int | tuple[int, ...], dtype: DTypeLike = np.float64) -> NDArray[Any]:
    """Zeros to be filled with a result. Raises `OSError` where the disk has no room for them."""
    kind, lengths = np.dtype(dtype), shape if isinstance(shape, tuple) else (shape,)
    size = kind.itemsize * math.prod(lengths)
    if size <= largest():
        return np.zeros(lengths, kind)
    with _file() as file:
        # Reserved now, where the system can: a page that finds no room later ends the process.
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        else:
            file.truncate(size)
        return _array(file, size, kind).reshape(lengths)


def blocks(n: int, row_bytes: int) -> Iterator[slice]:
    """0 to n in pieces of about `PART` bytes."""
    step = max(1, PART // max(1, row_bytes))
    for start in range(0, n, step):
        yield slice(start, min(start + step, n))


def blocks_of(array: NDArray[Any]) -> Iterator[slice]:
    """The rows of an array, in pieces of about `PART` bytes."""
    return blocks(len(array), array.nbytes // max(1, len(array)))


def copied(array: NDArray[Any], dtype: DTypeLike | None = None) -> NDArray[Any]:
    """A copy in C order, made in parts."""
    out = zeros(array.shape, dtype or array.dtype)
    if not array.ndim:
        out[...] = array
        return out
    for part in blocks_of(out):
        out[part] = array[part]
    return out


def distinct(array: NDArray[Any]) -> NDArray[Any]:
    """The values that occur, ascending, as `numpy.unique` gives them: they are to be few."""
    found = np.unique(array[:0])
    for part in blocks_of(array):
        found = np.unique(np.concatenate([found, array[part].reshape(-1)]))
    return found


def taken(array: NDArray[Any], rows: NDArray[Any], out: NDArray[Any] | None = None) -> NDArray[Any]:
    """``array[rows]`` for positions ``rows (m,)``, written to ``out`` where that is given."""
    if out is None:
        if array.nbytes // max(1, len(array)) * len(rows) <= largest():
            found: NDArray[Any] = array[rows]
            return found
        out = zeros((len(rows), *array.shape[1:]), array.dtype)
    for part in blocks_of(out):
        out[part] = array[rows[part]]
    return out


class Column:
    """An array ``(n, *shape)`` that grows by pieces, for data that are read one after another."""

    def __init__(self, dtype: DTypeLike, *shape: int) -> None:
        self._dtype, self._shape = np.dtype(dtype), shape
        self._held, self._written, self._most = bytearray(), 0, largest()
        self._file: IO[bytes] | None = None

    def add(self, values: ArrayLike) -> None:
        """Append ``values (m, *shape)``; one without the first axis is one more row."""
        self._held += np.asarray(values, self._dtype).tobytes()
        if len(self._held) > (self._most if self._file is None else PART):
            self._flush()

    def __del__(self) -> None:
        if self._file is not None:
            self._file.close()

    def _flush(self) -> None:
        self._file = self._file or _file()
        self._file.write(self._held)
        self._written += len(self._held)
        self._held = bytearray()

    def array(self) -> NDArray[Any]:
        """All that was added. Nothing can be added any more."""
        if self._file is None:
            return np.frombuffer(self._held, self._dtype).reshape(-1, *self._shape)
        self._flush()
        self._file.flush()
        return _array(self._file, self._written, self._dtype).reshape(-1, *self._shape)


def kept(array: NDArray[Any], mask: NDArray[np.bool_]) -> NDArray[Any]:
    """``array[mask]``, moved to the front of the array itself, of which it is a view."""
    end = 0
    for part in blocks_of(array):
        rows = array[part][mask[part]]
        array[end : end + len(rows)] = rows
        end += len(rows)
    return array[:end]


def _file() -> IO[bytes]:
    return tempfile.TemporaryFile(prefix="harness-")


def _array(file: IO[bytes], size: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """The file, which is closed, as an array ``(n,)``."""
    with file:
        return np.frombuffer(mmap.mmap(file.fileno(), size), dtype)
