"""Foretelling: which cheap measure orders the data of many fields as their costly outcomes do?"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from harness import Record, Records, UsageError, unknown_name
from harness.commands import Status
from harness.tables import Cell, Column, Table, number
from harness_boards import statistics as st
from harness_boards.clusters import BY_TASK, Clusters
from harness_boards.concordance import Correlation, over_chains, over_fields
from harness_boards.contents import Contents
from harness_boards.figures import brief
from harness_boards.findings import listed
from harness_boards.grid import Row
from harness_boards.prediction import Predictor
from harness_boards.provenance import Groups
from harness_boards.sections.base import Definition, Section, bounds_of, lines, plain_row, told
from harness_boards.sections.validity import ENOUGH, Validity
from harness_boards.standing import Figures, Interval

OWN: Mapping[str, type | tuple[type, ...]] = {
    "name": str,
    "board": str,
    "about": str,
    "tasks": list,
    "estimators": list,
    "cluster": (str, dict),
    "scores": list,
}
"""Keys of a field, beside those of a validity section."""


CHEAP = 2.0
"""How many times cheaper than its outcome a measure is that is called so."""


@dataclass(frozen=True)
class Field:
    """A costly outcome and where its records lie: a validity section on records of a board.

    ``scores``: these scores of a record are measures, and its estimator the end of the chain that
    is judged; for methods that give no value of their own, such as selectors.
    """

    name: str
    board: str
    definition: Definition
    scores: tuple[str, ...] = ()


@dataclass(frozen=True)
class Measure:
    """One row: an estimator with its correlations in the fields that it covers; ``averaged`` of
    them are behind ``value``.

    ``cost`` and ``costly``: seconds of a run and of the outcome's, medians over the fields.
    """

    row: Row
    fields: Mapping[str, Correlation]
    value: float
    averaged: int
    interval: Interval | None
    p: float
    clusters: int
    points: int
    cost: float | None
    costly: float | None

    @property
    def saving(self) -> float | None:
        """How many times cheaper than the outcome."""
        return self.costly / self.cost if self.cost and self.costly else None

    @property
    def figures(self) -> Figures:
        """All figures by name."""
        within = {f"in {name}": (c.value, c.interval) for name, c in self.fields.items()}
        return {
            "correlation": (self.value, self.interval),
            "fields": (len(self.fields), None),
            "points": (self.points, None),
            "cost_s": (self.cost, None),
            "outcome_s": (self.costly, None),
            "saving": (self.saving, None),
            **within,
        }


@dataclass(frozen=True, eq=False, kw_only=True)
class Foretelling(Section):
    """A row for each measure, over the fields that have it."""

    kind = "foretelling"
    options: ClassVar[Mapping[str, Any]] = {"fields": list}
    reading = (
        "Within each field, how a measure orders the points as the costly outcome does, better to "
        "better: Spearman's rank correlation, for several chains of models their mean. Correlation "
        "is the mean over the fields that the measure covers, with its 95 % interval (jackknife "
        "over independent clusters within fields): it speaks of these fields, not of others. "
        "Fields with too few clusters for an interval stand in the second table alone, unless a "
        "measure has no other. Measures are in the order of the lower ends of their intervals; "
        "those without one stand below. Times are medians of a run, over fields."
    )

    fields: tuple[tuple[Field, Validity], ...]
    rows: tuple[Measure, ...]
    sure: frozenset[str]

    @classmethod
    def check(cls, raw: Mapping[str, Any], where: str) -> Mapping[str, Any]:
        """``fields``: tables, each with its ``name``, the ``board`` whose records it reads, and the
        keys of a validity section (``outcome``, ``per``, ``within``, ``tasks``, ``estimators``,
        ``cluster``); ``scores`` names scores that are the measures."""
        if not raw.get("fields"):
            raise UsageError(
                f"{where}: a foretelling section has fields; wanted [[sections.fields]]"
            )
        found = [_field(one, f"{where}: [[sections.fields]]") for one in raw["fields"]]
        names = [field.name for field in found]
        for name in names:
            if names.count(name) > 1:
                raise UsageError(f"{where}: two fields are named {name!r}")
        return {"fields": tuple(found)}

    @classmethod
    def reads(cls, definition: Definition) -> tuple[str, ...]:
        """The boards of its fields."""
        return tuple(dict.fromkeys(field.board for field in definition.options["fields"]))

    @classmethod
    def of(
        cls,
        definition: Definition,
        contents: Contents,
        seeds: Sequence[int],
        rng: np.random.Generator,
    ) -> Self:
        """Correlate within each field, and average. Raises `UsageError` where a field is empty."""
        fields = []
        for field in definition.options["fields"]:
            mine = contents.others[field.board]
            if field.scores:
                mine = dataclasses.replace(mine, records=_scored(field, mine))
            fields.append((field, Validity.of(field.definition, mine, seeds, rng)))
        by_measure: dict[tuple[str, str], dict[str, list[Predictor]]] = {}
        for field, section in fields:
            for one in section.rows:
                if one.found is not None:
                    # One row whatever models stand before it; settings that a board compares are
                    # rows of their own.
                    name = one.row.label.rpartition(" ▸ ")[2].replace("_", " ")
                    places = by_measure.setdefault((one.row.estimator, name), {})
                    places.setdefault(field.name, []).append(one)
        rows = [_measure(name, places) for (_, name), places in by_measure.items()]
        rows.sort(key=lambda m: (not m.interval, -_lower(m), m.row.label))
        p = st.holm(np.array([m.p for m in rows])) if rows else np.empty(0)
        sure = frozenset(
            m.row.label
            for m, chance in zip(rows, p, strict=True)
            if chance < 1 - st.LEVEL and m.value > 0 and m.clusters >= st.FEWEST
            if m.points >= ENOUGH
        )
        title = definition.title or "what foretells the costly outcome"
        return cls(
            title=title, about=definition.about, fields=tuple(fields), rows=tuple(rows), sure=sure
        )

    def leaders(self) -> list[str]:
        """The measures that surely foretell the outcomes of their fields."""
        return [m.row.label for m in self.rows if m.row.label in self.sure]

    @property
    def finding(self) -> str:
        """What was found, as a sentence."""
        sure = [m for m in self.rows if m.row.label in self.sure]
        count, fields = f"{len(self.rows)} measures", f"{len(self.fields)} fields"
        if not sure:
            return f"Cannot tell: none of {count} surely foretells the outcomes of {fields}."
        reached = {name for m in sure for name, c in m.fields.items() if c.interval}
        open_in = [field.name for field, _ in self.fields if field.name not in reached]
        cheap = [m for m in sure if (m.saving or 0) >= CHEAP]
        cheaper = (
            listed([f"{m.row.label} ({m.saving:.2g} times)" for m in cheap]) if cheap else "none"
        )
        said = (
            f"{len(sure)} of {count} on {fields} surely order the data of the fields that they "
            f"cover as the costly outcome does: {listed([_told(m) for m in sure])}. Cheaper than "
            f"the outcome among them, {CHEAP:g} times or more: {cheaper}."
        )
        return said + (f" Nothing is sure of {listed(open_in, len(open_in))}." if open_in else "")

    def tables(self) -> list[Table]:
        """Measures, their correlation in each field, and the fields."""
        return [self._measures(), self._within(), self._outcomes()]

    def _measures(self) -> Table:
        columns = (
            Column("correlation", "", "↑"),
            Column("averaged fields"),
            Column("points"),
            Column("time", "s"),
            Column("outcome's time", "s"),
            Column("saving"),
        )
        rows = tuple(
            (
                m.row.label,
                (
                    Cell(text=_said(m), best=m.row.label in self.sure),
                    Cell(text=f"{m.averaged} of {len(m.fields)}"),
                    Cell(text=str(m.points)),
                    Cell(text="–" if m.cost is None else brief(m.cost)),
                    Cell(text="–" if m.costly is None else brief(m.costly)),
                    Cell(text="–" if m.saving is None else f"{m.saving:.2g}×"),
                ),
            )
            for m in self.rows
        )
        notes = (*filter(None, (self.about,)), self.finding, self.reading)
        return Table(f"{self.title}: {len(self.fields)} fields", "measure", columns, rows, notes)

    def _within(self) -> Table:
        rows = []
        for field, _ in self.fields:
            told = [
                (m.row.label, m.fields[field.name]) for m in self.rows if field.name in m.fields
            ]
            for label, c in sorted(told, key=lambda one: -one[1].value):
                rows.append((field.name, (Cell(text=label), Cell(text=_said(c)))))
        columns = (Column("measure"), Column("correlation", "", "↑"))
        return Table("Correlation within each field", "field", columns, tuple(rows))

    def _outcomes(self) -> Table:
        columns = tuple(map(Column, ("outcome", "board", "points", "clusters", "measures")))
        rows = tuple(
            (
                field.name,
                tuple(
                    Cell(text=str(told))
                    for told in (
                        section.outcome_words,
                        field.board,
                        len(section.points),
                        section.clusters,
                        sum(field.name in m.fields for m in self.rows),
                    )
                ),
            )
            for field, section in self.fields
        )
        notes = tuple(
            f"{field.name}: {field.definition.about}"
            for field, _ in self.fields
            if field.definition.about
        )
        return Table("Fields", "field", columns, rows, notes)

    def csv_rows(self) -> Iterator[list[Any]]:
        """All figures of all measures, in each field and over all."""
        for m in self.rows:
            yield from lines(m.row, m.figures)

    def plain(self) -> dict[str, Any]:
        """Measures with their figures, and the fields."""
        return {
            "kind": self.kind,
            "title": self.title,
            "about": self.about,
            "fields": [
                {
                    "name": field.name,
                    "board": field.board,
                    "outcome": section.outcome,
                    "unit": section.unit,
                    "points": len(section.points),
                    "clusters": section.clusters,
                }
                for field, section in self.fields
            ],
            "rows": [
                plain_row(m.row, m.figures) | {"sure": m.row.label in self.sure} for m in self.rows
            ],
            "reading": self.reading,
        }

    @classmethod
    def state(cls, row: Mapping[str, Any]) -> str:
        """The mean correlation, and over how many fields."""
        said = f"{number(row['correlation'])}{bounds_of(row, 'correlation')}"
        return "; ".join([f"{said} in {row['fields']}", *told(row)])

    def records(self, groups: Groups) -> list[list[Record]]:
        """All records of each estimator."""
        return [
            [r for (_, name, _), found in groups.items() if name == m.row.estimator for r in found]
            for m in self.rows
        ]


def _field(raw: Any, where: str) -> Field:
    """A field as ``board.toml`` gives it. Raises `UsageError`."""
    if not isinstance(raw, dict):
        raise UsageError(f"{where}: {raw!r}; wanted a table")
    keys = {**OWN, **Validity.options}
    for key, value in raw.items():
        if key not in keys:
            raise UsageError(f"{where}: {unknown_name('key', key, keys)}")
        if not isinstance(value, keys[key]):
            raise UsageError(f"{where}: {key} is {value!r}, which is of another type")
    for needed in ("name", "board"):
        if not raw.get(needed):
            raise UsageError(f"{where}: a field has a name and a board; {needed} is missing")
    scores = tuple(raw.get("scores", ()))
    if scores and raw.get("per") != "path":
        raise UsageError(f'{where}: scores needs per = "path": points are what was scored')
    cluster = Clusters.read(raw["cluster"], where) if "cluster" in raw else BY_TASK
    definition = Definition(
        "validity",
        title=raw["name"],
        about=raw.get("about", ""),
        tasks=tuple(raw.get("tasks", ())),
        estimators=() if scores else tuple(raw.get("estimators", ())),
        cluster=cluster,
        options=Validity.check(raw, where),
    )
    return Field(raw["name"], raw["board"], definition, scores)


def _scored(field: Field, contents: Contents) -> Records:
    """A record for each wanted score: the estimator becomes the end of the chain."""
    made = []
    for r in contents.records:
        for name in (*field.definition.options["outcomes"], *field.scores):
            if r.status is Status.OK and name in r.scores:
                params = {
                    "task": r.params["task"],
                    "models": [*r.params["models"], r.params["estimator"]],
                    "estimator": {},
                }
                made.append(
                    dataclasses.replace(
                        r,
                        models=(*r.models, r.estimator),
                        estimator=name,
                        params=params,
                        quantity=name,
                        value=r.scores[name],
                        wall_s=None,
                    )
                )
    return Records(made)


def _measure(label: str, places: Mapping[str, list[Predictor]]) -> Measure:
    found = {
        name: over_chains([p.found for p in mine if p.found is not None])
        for name, mine in places.items()
    }
    mean = over_fields(list(found.values()))
    every = [p for mine in places.values() for p in mine]
    pairs = [(p.cost, p.cost * p.saving) for p in every if p.cost and p.saving]
    first = every[0].row
    return Measure(
        Row(label, (), first.estimator, first.plugin, {"estimator": {}}),
        found,
        mean.value,
        mean.fields,
        mean.interval,
        mean.p,
        sum(len(c.left_out) for c in found.values()),
        sum(max(p.points for p in mine) for mine in places.values()),
        st.median(np.array([a for a, _ in pairs])),
        st.median(np.array([b for _, b in pairs])),
    )


def _said(c: Measure | Correlation) -> str:
    return f"{c.value:.2f}" + (f" [{c.interval[0]:.2f}, {c.interval[1]:.2f}]" if c.interval else "")


def _told(m: Measure) -> str:
    many = f"{m.averaged} field{'s' * (m.averaged != 1)}"
    return f"{m.row.label} {_said(m)} ({many})"


def _lower(m: Measure) -> float:
    return m.interval[0] if m.interval else m.value
