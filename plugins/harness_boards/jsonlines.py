"""Lines of standard JSON, with errors that name file and line."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import UsageError


class _NotStandard(ValueError):
    """A literal that Python writes and JSON does not know."""


def _constant(text: str) -> None:
    raise _NotStandard(
        f"{text} is no standard JSON; wanted a number, null, or the strings 'inf' and '-inf'"
    )


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise _NotStandard(f"{text} is beyond all floats; wanted a number, 'inf' or '-inf'")
    return value


def _int(text: str) -> int:
    if len(text) > DIGITS:
        raise _NotStandard(f"a whole number of {len(text)} digits; wanted at most {DIGITS}")
    return int(text)


DIGITS = 19
"""Digits of a whole number: those of 64 bits."""
DECODER = json.JSONDecoder(parse_constant=_constant, parse_float=_float, parse_int=_int)


@dataclass(frozen=True)
class Line:
    """One line of a file, parsed."""

    path: Path
    number: int
    raw: bytes

    @property
    def value(self) -> Any:
        """What it holds. Raises `UsageError`."""
        try:
            return DECODER.decode(self.raw.decode())
        except _NotStandard as error:
            raise self.error(str(error)) from error
        except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
            raise self.error(f"no JSON: {error}") from error

    def error(self, text: str) -> UsageError:
        """An error that names the line."""
        return UsageError(f"{self.path}:{self.number}: {text}")
