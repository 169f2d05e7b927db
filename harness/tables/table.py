"""A table as a value: what every renderer draws."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Cell:
    """One figure.

    ``best`` marks the best of its column; ``text`` stands where there is no figure.
    """

    value: float | None = None
    spread: float | None = None
    text: str = ""
    best: bool = False

    def __str__(self) -> str:
        if self.value is None:
            return self.text
        spread = "" if self.spread is None else f" ± {_two_digits(self.spread)}"
        return f"{number(self.value)}{spread}{self.text}"


def _two_digits(value: float) -> str:
    """An uncertainty: two significant digits, or all of a whole part."""
    return f"{value:.0f}" if 99.5 <= value < 1e7 else f"{value:.2g}"


@dataclass(frozen=True)
class Column:
    """A heading; ``better`` is an arrow, or nothing."""

    name: str
    unit: str = ""
    arrow: str = ""

    def __str__(self) -> str:
        unit = f" [{self.unit}]" if self.unit else ""
        return f"{self.name}{unit}{' ' + self.arrow if self.arrow else ''}"


@dataclass(frozen=True)
class Table:
    """Labelled rows under columns, with notes below."""

    title: str
    label: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    notes: tuple[str, ...] = field(default=())


def counted(count: int, what: str) -> str:
    """A number of things in words: ``1 result``, ``2 results``."""
    return f"{count} {what}{'s' * (count != 1)}"


def number(value: float) -> str:
    """A figure with four significant digits, or all of a large whole part; an exponent only
    beyond that."""
    value += 0.0  # zero has no sign
    size = abs(value)
    if 1e4 <= size < 1e7:
        return f"{value:.0f}"
    if size == 0 or 1e-3 <= size < 1e4:
        return f"{value:#.4g}".rstrip(".")
    return f"{value:.3g}"
