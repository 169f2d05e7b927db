"""Validity: does a cheap measure order the data as the costly outcome does?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from harness import Record, UsageError, unknown_name
from harness.tables import Column, Table, matches, number
from harness_boards import casetable, html, prediction, scatter
from harness_boards import statistics as st
from harness_boards.card import card
from harness_boards.contents import Contents
from harness_boards.figures import Bars, Figure, Head, best_of, table_of
from harness_boards.provenance import Groups
from harness_boards.sections.base import (
    Definition,
    Section,
    View,
    chosen,
    exacts,
    lines,
    plain_row,
    told,
)
from harness_boards.sections.ranked import DRAWS, TALL

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Validity(Section):
    """A validity section; ``outcome_values`` and each predictor's ``x`` are means over seeds,
    one per point."""

    kind = "validity"
    options: ClassVar[Mapping[str, type]] = {"outcome": str, "per": str}
    reading = (
        "How each measure orders the points as the outcome does: rank correlations with 95 % "
        "intervals over points and "
        "seeds. saving: how many times cheaper than the outcome."
    )

    definition: Definition
    outcome: str
    unit: str
    rows: tuple[prediction.Predictor, ...]
    points: tuple[str, ...]
    outcome_values: tuple[float, ...]
    notes: tuple[str, ...]

    @classmethod
    def check(cls, raw: Mapping[str, Any], where: str) -> Mapping[str, Any]:
        """``outcome``: the quantity to be predicted, or the full name of the estimator that gives
        it.

        ``per``: the points are cases (``case``), or cases with their models (``path``).
        """
        outcome, per = raw.get("outcome"), raw.get("per", "case")
        if per not in ("case", "path"):
            raise UsageError(f"{where}: per is {per!r}; wanted case or path")
        if not outcome:
            raise UsageError(
                f"{where}: a validity section names its outcome: a quantity, or an estimator by "
                "its full name"
            )
        return {"outcome": outcome, "per": per}

    @classmethod
    def of(
        cls,
        definition: Definition,
        contents: Contents,
        seeds: Sequence[int],
        rng: np.random.Generator,
    ) -> Self:
        """Correlate every measure with the outcome.

        Raises `UsageError` where there is none, or two.
        """
        records, wanted = chosen(contents, definition), definition.options["outcome"]
        by_estimator = wanted in contents.estimators
        outcomes = [r for r in records if (r.estimator if by_estimator else r.quantity) == wanted]
        if not outcomes:
            raise unknown_name("outcome", wanted, [*contents.quantities, *contents.estimators])
        if len({(r.estimator, repr(r.params["estimator"])) for r in outcomes}) > 1:
            names = sorted({r.estimator for r in outcomes})
            raise UsageError(
                f"outcome {wanted} is given by {', '.join(names)}; name one of them as the outcome"
            )
        target = contents.quantities[outcomes[0].quantity]
        per_path = definition.options["per"] == "path"
        truth = prediction.by_point(outcomes, target.name, per_path)
        first: dict[tuple[Any, ...], int] = {}
        for point in truth:
            first.setdefault(point[:3], len(first))
        # Settings of one chain in an order of their own: that of records follows their keys, which
        # change with sources.
        points = tuple(sorted(truth, key=lambda point: (first[point[:3]], point[3])))
        tasks = np.unique([point[0] for point in points], return_inverse=True)[1]
        y, cost = prediction.stacked(truth, points, len(seeds))
        others = [
            r
            for r in records
            if r.estimator != outcomes[0].estimator
            and (not definition.quantity or r.quantity == definition.quantity)
        ]
        drawn = st.resampled(tasks, DRAWS, rng)
        picks = rng.integers(y.shape[1], size=(*drawn.shape, y.shape[1]))
        rows = []
        for row, mine in prediction.predictors(others, per_path):
            quantity = contents.quantities[mine[0].quantity]
            x, own = prediction.stacked(
                prediction.by_point(mine, quantity.name, per_path), points, len(seeds)
            )
            rows.append(prediction.predictor(row, quantity, target, x, y, drawn, picks, own, cost))
        rows.sort(key=lambda p: (p.spearman is None, -(p.spearman or 0.0), p.row.label))
        if not rows:
            raise UsageError(
                f"nothing but the outcome {wanted}: a validity section needs measures that "
                "predict it"
            )
        notes = [f"{len(points)} points, intervals from {DRAWS} resamples of points and seeds"]
        if len(points) < 8:
            notes.append("too few points for an order to mean much")
        return cls(
            title=definition.title or f"what predicts {prediction.bare(wanted).replace('_', ' ')}",
            about=definition.about,
            definition=definition,
            outcome=target.name,
            unit=target.unit,
            rows=tuple(rows),
            points=prediction.labels(points),
            outcome_values=tuple(float(v) for v in st.over_seeds(y)),
            notes=tuple(notes),
        )

    @property
    def outcome_words(self) -> str:
        """The outcome's name in words, with its unit."""
        return self.outcome.replace("_", " ") + (f" [{self.unit}]" if self.unit else "")

    def leaders(self) -> list[str]:
        """The best measure."""
        return [p.row.label for p in self.rows[:1] if p.spearman is not None]

    def tables(self) -> list[Table]:
        """One table, best measure first."""
        columns = (
            Column("quantity"),
            Column("points"),
            Column("Spearman", "", "↑"),
            Column("Kendall", "", "↑"),
            Column("time", "s"),
            Column("saving"),
        )
        best = self.rows[0] if self.rows[0].spearman is not None else None
        rows = tuple((p.row.label, p.cells(best=p is best)) for p in self.rows)
        outcome = self.outcome.replace("_", " ")
        title = f"{self.title}: validity against {outcome}, {len(self.points)} points"
        notes = (*filter(None, (self.about,)), *self.notes, self.reading)
        return [Table(title, "measure", columns, rows, notes)]

    def csv_rows(self) -> Iterator[list[Any]]:
        """All figures of all measures."""
        for p in self.rows:
            yield from lines(p.row, p.figures)

    def plain(self) -> dict[str, Any]:
        """Measures with their values at each point."""
        return {
            "kind": self.kind,
            "title": self.title,
            "about": self.about,
            "outcome": self.outcome,
            "unit": self.unit,
            "points": list(self.points),
            "outcome_values": exacts(self.outcome_values),
            "rows": [
                plain_row(p.row, p.figures) | {"quantity": p.quantity.name, "values": exacts(p.x)}
                for p in self.rows
            ],
            "notes": list(self.notes),
            "reading": self.reading,
        }

    @classmethod
    def state(cls, row: Mapping[str, Any]) -> str:
        """Spearman's correlation, and over how many points."""
        value = row["spearman"]
        said = f"{'–' if value is None else number(value)} ({row['points']})"
        return "; ".join([said, *told(row)])

    def records(self, groups: Groups) -> list[list[Record]]:
        """A measure is one row whatever its parameters; where points are paths, whatever the
        models before it."""
        definition = self.definition
        per_path = definition.options["per"] == "path"
        return [
            [
                r
                for (models, estimator, _), records in groups.items()
                if estimator == p.row.estimator and (per_path or models == p.row.models)
                for r in records
                if matches(r.task, definition.tasks)
                and (not definition.quantity or r.quantity == definition.quantity)
            ]
            for p in self.rows
        ]

    def page(self, view: View) -> Markup:
        """Standing, scatter plots, points, and all rows in full."""
        return html.render(
            "validity.html",
            section=self,
            identity=view.identity,
            rows=table_of([p.row for p in self.rows], self._figures_of()),
            heads=HEADS,
            tall=len(self.rows) > TALL,
            plots=scatter.of_validity(self, view.identity),
            cases=casetable.of_validity(self),
            cards=[
                card(p.row, one, view.contents) for p, one in zip(self.rows, view.made, strict=True)
            ],
        )

    def _figures_of(self) -> list[list[Figure]]:
        bars = Bars(-1.0, 1.0)
        rows = [p.shown(bars) for p in self.rows]
        for column in (2, 4):
            for i in best_of([(i, r[column].key) for i, r in enumerate(rows)], lambda v: -v):
                rows[i][column] = rows[i][column].marked()
        return rows


HEADS = (
    Head("measure", left=True),
    Head("quantity", left=True),
    Head("points", "data sets that have both", first="descending"),
    Head("Spearman ↑", "rank correlation with the outcome", first="descending"),
    Head("95 % interval", "of Spearman's, over points and seeds", first="descending"),
    Head(
        "Kendall ↑", "share of pairs in the same order less those in the other", first="descending"
    ),
    Head("95 % interval of Kendall's", first="descending"),
    Head("time", "median of a run", "s"),
    Head("saving", "how many times cheaper than the outcome", first="descending"),
)
