"""Emergence: where along an axis (steps of a training, say) each measure has gone half of its way,
against where an outcome has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from harness import Record, UsageError, unknown_name
from harness.tables import Cell, Column, Table, number
from harness_boards import prediction
from harness_boards import statistics as st
from harness_boards.contents import Contents
from harness_boards.figures import brief
from harness_boards.grid import Row, numbered
from harness_boards.lines import position
from harness_boards.sections.base import Definition, Section, chosen, lines, plain_row
from harness_boards.standing import Figures, Interval

Floats = NDArray[np.float64]
DRAWS = 4_000
"""Draws of the bootstrap over clusters."""
Series = tuple[str, str, str, int]
"""Task, case, the parameters that tell series apart as JSON, seed."""


def half_way(x: Floats, y: Floats) -> float:
    """Where ``y (k,)`` first has half of the change from its first value to its last, between
    positions in a straight line.

    NaN where that is less than half of the range that it covers: what rises and falls again has no
    way of which there is a half.
    """
    change = y[-1] - y[0]
    if len(y) < 3 or not abs(change) > 0.5 * np.ptp(y):
        return float("nan")
    done = (y - y[0]) / change
    i = int(np.argmax(done >= 0.5))
    share = (0.5 - done[i - 1]) / (done[i] - done[i - 1])
    return float(x[i - 1] + share * (x[i] - x[i - 1]))


@dataclass(frozen=True)
class Onset:
    """One measure: how many series it has, in how many it has a way, in which of them it ends
    higher; where half of it is (median), and how much later that is than the outcome's half."""

    row: Row
    quantity: str
    series: int
    ways: int
    rises: int
    at: float | None
    later: float | None
    interval: Interval | None

    @property
    def figures(self) -> Figures:
        """All figures by name."""
        return {
            "series": (self.series, None),
            "ways": (self.ways, None),
            "rises": (self.rises, None),
            "half_way": (self.at, None),
            "later": (self.later, self.interval),
        }

    def cells(self) -> tuple[Cell, ...]:
        """In a table."""
        return (
            Cell(text=self.quantity.replace("_", " ")),
            Cell(text=f"{self.ways}/{self.series}"),
            Cell(text=f"{self.rises}/{self.ways}" if self.ways else "–"),
            Cell(text="–" if self.at is None else brief(self.at)),
            Cell(text=self._later),
        )

    @property
    def _later(self) -> str:
        if self.later is None:
            return "–"
        low, high = self.interval or (np.nan, np.nan)
        reach = f" [{brief(low)}, {brief(high)}]" if self.interval else ""
        return f"{brief(self.later)}{reach}"


@dataclass(frozen=True, eq=False, kw_only=True)
class Emergence(Section):
    """Measures by where half of their way is."""

    kind = "emergence"
    options: ClassVar[Mapping[str, Any]] = {"x": str, "outcome": str, "per": str, "scale": str}
    reading = (
        "Half way: where along the axis a measure has made half of the change between its first "
        "and its last value (median over series). Ways: series in which that change is more than "
        "half of the range that it covers. Rises: how many of these end higher. Later: half way "
        "of the measure less that of the outcome, in doublings of a logarithmic axis; mean over "
        "series with a 95 % interval (bootstrap-t over clusters). Below zero it is earlier."
    )

    x: str
    outcome: str
    log: bool
    clusters: int
    rows: tuple[Onset, ...]

    @classmethod
    def check(cls, raw: Mapping[str, Any], where: str) -> Mapping[str, Any]:
        """``x``: a fact of the cases or a parameter (``component.name``). ``outcome``: the full
        name of the estimator that the others are compared with. ``per``: parameters that tell
        series of one case apart. ``scale``: of x, ``log`` (the default) or ``linear``."""
        for key in ("x", "outcome"):
            if not raw.get(key):
                raise UsageError(f"{where}: an emergence section names its {key}")
        if raw.get("scale", "log") not in ("linear", "log"):
            raise UsageError(f"{where}: scale is {raw['scale']!r}; wanted linear or log")
        if not all("." in n for n in prediction.named(raw.get("per", ""))):
            raise UsageError(f"{where}: per is {raw['per']!r}; wanted parameters (component.name)")
        return super().check(raw, where)

    @classmethod
    def of(
        cls,
        definition: Definition,
        contents: Contents,
        seeds: Sequence[int],
        rng: np.random.Generator,
    ) -> Self:
        """Find the halves. Raises `UsageError` where the outcome has none."""
        given = definition.options
        outcome, log = given["outcome"], given.get("scale", "log") == "log"
        by_row: dict[tuple[tuple[str, ...], str], list[Record]] = {}
        for r in chosen(contents, definition):
            by_row.setdefault((r.models, r.estimator), []).append(r)
        halves, counts, rising = {}, {}, {}
        clusters: dict[Series, tuple[str, str]] = {}
        for key, mine in by_row.items():
            series = _series(mine, given["x"], given.get("per", ""), log)
            clusters |= {s: (s[0], definition.cluster.of(r)) for s, (r, _, _) in series.items()}
            found = {s: half_way(x, y) for s, (_, x, y) in series.items()}
            counts[key] = len(found)
            halves[key] = {s: v for s, v in found.items() if np.isfinite(v)}
            rising[key] = sum(bool(series[s][2][-1] > series[s][2][0]) for s in halves[key])
        own = [key for key in halves if key[1] == outcome]
        if not own:
            raise unknown_name("outcome", outcome, [name for _, name in halves])
        reference = halves[own[0]]
        if not reference:
            raise UsageError(
                f"section {definition.title!r}: {outcome} has no way along {given['x']}"
            )
        rows = []
        for key, found in halves.items():
            if not counts[key]:
                continue
            models, name = key
            mine = by_row[key]
            label = " ▸ ".join(map(prediction.bare, (*models, name)))
            shared = [s for s in found if s in reference]
            later, bounds = None, None
            if key not in own and shared:
                values = np.array([found[s] - reference[s] for s in shared])
                later, bounds = _mean(values, numbered([clusters[s] for s in shared]), rng)
            middle = st.median(np.array(list(found.values())))
            rows.append(
                Onset(
                    Row(
                        label,
                        models,
                        name,
                        mine[0].plugin,
                        {"estimator": mine[0].params["estimator"]},
                    ),
                    mine[0].quantity,
                    counts[key],
                    len(found),
                    rising[key],
                    middle if middle is None or not log else 2.0**middle,
                    0.0 if key in own else later,
                    bounds,
                )
            )
        rows.sort(key=lambda o: (o.later is None, round(o.later or 0.0, 9), o.row.label))
        return cls(
            title=definition.title or f"order of emergence along {given['x']}",
            about=definition.about,
            x=given["x"].rpartition(".")[2],
            outcome=prediction.bare(outcome),
            log=log,
            clusters=len(set(clusters.values())),
            rows=tuple(rows),
        )

    @property
    def finding(self) -> str:
        """Which measures are earlier than the outcome and which later, by intervals that hold one
        by one: clusters are too few for all measures at once."""
        early = [o.row.estimator for o in self.rows if o.interval and o.interval[1] < 0]
        late = [o.row.estimator for o in self.rows if o.interval and o.interval[0] > 0]
        if not early and not late:
            return f"Cannot tell: no measure's interval is earlier or later than {self.outcome}."
        said = [
            f"{word} than {self.outcome}, each with 95 % by itself: "
            f"{', '.join(map(prediction.bare, names))}"
            for word, names in (("Earlier", early), ("Later", late))
            if names
        ]
        return ". ".join(said) + "."

    def tables(self) -> list[Table]:
        """One table, the earliest first."""
        columns = (
            Column("quantity"),
            Column("ways"),
            Column("rises"),
            Column("half way"),
            Column("later"),
        )
        rows = tuple((o.row.label, o.cells()) for o in self.rows)
        notes = (*filter(None, (self.about,)), self.finding, self.reading)
        return [Table(self.title, "measure", columns, rows, notes)]

    def csv_rows(self) -> Iterator[list[Any]]:
        """All figures of all measures."""
        for o in self.rows:
            yield from lines(o.row, o.figures)

    def plain(self) -> dict[str, Any]:
        """Measures with their figures."""
        rows = [plain_row(o.row, o.figures) | {"quantity": o.quantity} for o in self.rows]
        head = {"kind": self.kind, "title": self.title, "about": self.about}
        more = {"x": self.x, "outcome": self.outcome, "clusters": self.clusters}
        return {**head, **more, "rows": rows, "reading": self.reading}

    @classmethod
    def state(cls, row: Mapping[str, Any]) -> str:
        """How much later than the outcome, and in how many series there is a way."""
        later = row["later"]
        return f"{'–' if later is None else number(later)} ({row['ways']} of {row['series']})"


def _series(
    records: list[Record], x: str, per: str, log: bool
) -> dict[Series, tuple[Record, Floats, Floats]]:
    """Values along the axis, by series, with one record of each."""
    found: dict[Series, dict[float, Record]] = {}
    for r in records:
        at, _ = position(r, x)
        own = prediction.identity(r, per or "case")
        if at is None or own is None or r.value is None or not np.isfinite(r.value):
            continue
        if log and at <= 0:
            raise UsageError(f"emergence: {x} is {at:g}; a logarithmic axis wants positive values")
        found.setdefault((r.task, r.case, own[1], r.seed), {})[at] = r
    series = {}
    for key, points in found.items():
        where = np.array(sorted(points))
        y = np.array([points[p].value for p in where], float)
        series[key] = (points[where[0]], np.log2(where) if log else where, y)
    return series


def _mean(
    values: Floats, clusters: NDArray[np.int64], rng: np.random.Generator
) -> tuple[float, Interval | None]:
    """The mean of differences, and its interval over clusters."""
    count = np.bincount(clusters).astype(np.float64)
    total = np.bincount(clusters, values).astype(np.float64)
    strata = np.zeros(len(count), np.int64)
    low, high = st.bootstrap_t(total[None], count[None], strata, DRAWS, rng)[0]
    bounds = (float(low), float(high)) if np.isfinite(low) else None
    return float(values.mean()), bounds
