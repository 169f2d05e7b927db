"""Standing tables of a page: every figure with the number that it sorts by."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from harness.tables import number
from harness_boards.grid import Row

WIDTH = 100.0
LOGARITHMIC = 30.0
"""Intervals whose ends differ by more than this factor are drawn on a logarithmic scale."""
Interval = tuple[float, float]


@dataclass(frozen=True)
class Head:
    """A column's heading; ``first`` is the direction in which a first click sorts."""

    name: str
    hint: str = ""
    unit: str = ""
    first: str = "ascending"
    left: bool = False
    more: bool = False
    """Shown on demand."""


@dataclass(frozen=True)
class Bar:
    """A drawn interval ``low .. high``, with a dot at ``dot`` and a line at ``zero`` where these
    are on the scale."""

    low: float
    high: float
    dot: float | None = None
    zero: float | None = None


@dataclass(frozen=True)
class Figure:
    """A cell: what it shows, and what it sorts by (nothing sorts last).

    ``small`` is an interval in words, ``marks`` what became of runs without a figure, ``heard``
    what only a screen reader says.
    """

    text: str = "–"
    key: float | str | None = None
    names: str = ""
    best: bool = False
    bar: Bar | None = None
    small: str = ""
    marks: tuple[str, ...] = ()
    heard: str = ""
    full: str = ""
    """All digits, for those who point at it."""

    @property
    def sorts_by(self) -> str | None:
        """The key as the script reads it."""
        return self.key if self.key is None or isinstance(self.key, str) else f"{self.key:.6g}"

    @property
    def textual(self) -> bool:
        """Whether it sorts by alphabet."""
        return isinstance(self.key, str)

    @property
    def classes(self) -> str:
        """Names for the style sheet."""
        return " ".join(filter(None, (self.names, "best" * self.best)))

    def moved(self) -> Figure:
        """One of a column that is shown on demand."""
        return replace(self, names=f"{self.names} more".strip())

    def marked(self) -> Figure:
        """The best of its column."""
        return replace(self, best=True)


DIGITS = 2
"""Digits that are shown of a figure whose noise is not known."""


def brief(value: float, noise: float | None = None) -> str:
    """A figure with as many digits as can be read: down to the first that its noise moves, and two
    at least."""
    if value == 0 or not math.isfinite(value):
        return number(value) if value else "0"
    size = math.floor(math.log10(abs(value)))
    digits = DIGITS
    if noise and noise > 0:
        digits = min(max(size - math.floor(math.log10(noise)) + 1, DIGITS), 4)
    decimals = digits - 1 - size
    if not -4 <= size < 5:
        return f"{value:.{digits - 1}e}".replace("e-0", "e-").replace("e+0", "e")
    return f"{round(value, decimals):.{max(decimals, 0)}f}"


MOST = 6
"""Digits of a figure at most, however small its error is."""


def decimals(value: float, error: float | None) -> int | None:
    """How many decimals reach the second significant digit of an error (below 0: tens, hundreds);
    None where the error is not known, or the figure is printed with an exponent."""
    if error is None or not 0 < error < math.inf or not 1e-4 <= abs(value) < 1e7:
        return None
    place = math.floor(math.log10(float(f"{error:.1e}"))) - 1
    return min(-place, MOST - 1 - math.floor(math.log10(abs(value))))


def fixed(value: float, places: int | None) -> str:
    """A figure with so many decimals; `number` where nothing says how many. Half is rounded up, as
    the script of a page does it."""
    if places is None:
        return number(value)
    unit, shown = 10.0 ** max(-places, 0), max(places, 0)
    step = Decimal(1).scaleb(-shown)
    rounded = float(Decimal(value / unit).quantize(step, ROUND_HALF_UP)) * unit
    return f"{rounded + 0.0:.{shown}f}"  # zero has no sign


def resolved(value: float, error: float | None) -> str:
    """A figure down to the second significant digit of its error."""
    return fixed(value, decimals(value, error))


def reach(interval: Interval | None) -> float | None:
    """Half of an interval: what its middle may be off by."""
    return None if interval is None else (interval[1] - interval[0]) / 2


@dataclass(frozen=True)
class Bars:
    """Drawings of intervals on one scale for all rows."""

    low: float
    high: float
    logarithmic: bool = False

    @classmethod
    def of(cls, bounds: Sequence[Interval | None], *, from_zero: bool = False) -> Bars:
        """A scale that holds all intervals (and zero, unless it is logarithmic)."""
        ends = [e for b in bounds if b for e in b]
        low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
        logarithmic = low > 0 and high / low > LOGARITHMIC
        return cls(min(low, 0.0) if from_zero and not logarithmic else low, high, logarithmic)

    def figure(self, value: float | None, interval: Interval | None) -> Figure:
        """An interval, drawn and in words; it sorts by its lower end."""
        if interval is None:
            return Figure("")
        small = f"{brief(interval[0], reach(interval))} to {brief(interval[1], reach(interval))}"
        full = f"{interval[0]:.6g} to {interval[1]:.6g}"
        return Figure("", interval[0], bar=self._bar(value, interval), small=small, full=full)

    def _bar(self, value: float | None, interval: Interval) -> Bar | None:
        if value is None:
            return None
        dot = None
        if value > 0 or not self.logarithmic:
            dot = self._at(min(max(value, self.low), self.high))
        zero = self._at(0.0) if self.low < 0 < self.high else None
        return Bar(self._at(interval[0]), self._at(interval[1]), dot, zero)

    def _at(self, value: float) -> float:
        scale: Callable[[float], float] = math.log if self.logarithmic else float
        width = (scale(self.high) - scale(self.low)) or 1.0
        return 3.0 + (WIDTH - 6.0) * (scale(value) - scale(self.low)) / width


@dataclass(frozen=True)
class Line:
    """A row of a standing table; ``words`` are what a filter finds it by."""

    label: str
    words: str
    figures: Sequence[Figure]
    index: int


def table_of(rows: Iterable[Row], figures: Iterable[Sequence[Figure]]) -> list[Line]:
    """The lines of a standing table."""
    return [
        Line(row.label, " ".join((*row.models, row.estimator)), cells, i)
        for i, (row, cells) in enumerate(zip(rows, figures, strict=True))
    ]


def best_of(
    keys: Iterable[tuple[int, float | str | None]], badness: Callable[[float], float]
) -> list[int]:
    """Who is best; nobody where more than a few are, or half of all."""
    known = [(i, badness(k)) for i, k in keys if k is not None and not isinstance(k, str)]
    low = min((b for _, b in known), default=math.inf)
    winners = [i for i, b in known if b <= low]
    return winners if len(winners) <= min(FEW, len(known) // 2) else []


FEW = 3
"""Figures of a column that are marked as its best; a mark on more says nothing."""
