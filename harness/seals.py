"""Whether data are still what they were: a fast digest of every array of a kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import numpy as np
import xxhash

from harness.kinds import Kind, Split


class Seal:
    """Taken when data are made, and compared after somebody had them.

    Arrays are digested at the speed of memory; texts and numbers cannot be changed, only replaced.
    """

    def __init__(self, data: Kind) -> None:
        self._marks = dict(_marks(data))

    def broken(self, data: Kind) -> str | None:
        """The first field that is not what it was; None where all are."""
        marks = dict(_marks(data))
        return next((k for k, mark in self._marks.items() if marks.get(k) != mark), None)


def _marks(data: Kind) -> Iterator[tuple[str, Any]]:
    for field in fields(data):
        value = getattr(data, field.name)
        if isinstance(value, Split):
            yield field.name, tuple(_mark(part) for _, part in value.parts())
        else:
            yield field.name, _mark(value)
    if "_digest" in vars(data):  # computed once and kept: one that was put there is believed
        yield "fingerprint", vars(data)["_digest"]


def _mark(value: Any) -> Any:
    if not isinstance(value, np.ndarray):
        return id(value)
    if not value.flags.c_contiguous:  # never of a kind's own making
        return "not contiguous"
    return value.dtype.str, value.shape, xxhash.xxh3_128_digest(value.data)
