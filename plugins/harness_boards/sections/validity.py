"""Validity: does a cheap measure order the data as the costly outcome does?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from markupsafe import Markup

from harness import Record, UsageError, unknown_name
from harness.tables import Column, Table, matches, natural, number
from harness_boards import casetable, html, prediction, scatter
from harness_boards import statistics as st
from harness_boards.card import card
from harness_boards.concordance import Points, p_of_difference
from harness_boards.contents import Contents
from harness_boards.figures import Bars, Figure, Head, table_of
from harness_boards.grid import numbered
from harness_boards.provenance import Groups
from harness_boards.rankedpage import TALL
from harness_boards.sections.base import (
    Definition,
    Section,
    View,
    bounds_of,
    chosen,
    exacts,
    lines,
    plain_row,
    told,
)
from harness_boards.signflips import EQUAL
from harness_boards.standing import Interval


@dataclass(frozen=True, eq=False, kw_only=True)
class Validity(Section):
    """A validity section; ``outcome_values`` and each predictor's ``x`` are means over seeds,
    one per point."""

    kind = "validity"
    options: ClassVar[Mapping[str, Any]] = {
        "outcome": str,
        "outcomes": list,
        "per": str,
        "within": str,
        "ends": list,
    }
    reading = (
        "How each measure orders the points as the outcome does, better to better: rank "
        "correlations with 95 % intervals (jackknife over independent clusters of points). Within "
        "groups it is the mean of the correlations of each group. saving: how many times cheaper "
        "than the outcome on the same points."
    )

    definition: Definition
    outcome: str
    unit: str
    rows: tuple[prediction.Predictor, ...]
    points: tuple[str, ...]
    outcome_values: tuple[float, ...]
    clusters: int
    within: str
    notes: tuple[str, ...]

    @classmethod
    def check(cls, raw: Mapping[str, Any], where: str) -> Mapping[str, Any]:
        """``outcome``: the quantity to be predicted, or the full name of the estimator that gives
        it; ``outcomes``: several, of which each task has the first that is measured there.

        ``per``: the points are cases (``case``), cases with their models (``path``), or cases with
        each value of parameters of the models (``component.name``, several with commas; the
        component by a glob where several share the parameter). ``within``: points are ordered
        within each ``task``, each ``case``, or the cases with one value of a fact. ``ends``:
        models that do not count for a point where they end a chain, so that what is measured behind
        them shares its points with what is measured before them.
        """
        outcome, per = raw.get("outcome"), raw.get("per", "case")
        if per not in ("case", "path") and not all("." in n for n in prediction.named(per) or [""]):
            raise UsageError(
                f"{where}: per is {per!r}; wanted case, path, or parameters (component.name)"
            )
        if bool(outcome) == bool(raw.get("outcomes")):
            raise UsageError(
                f"{where}: a validity section names its outcome: a quantity, or an estimator by "
                "its full name; or outcomes, a list of them"
            )
        outcomes = tuple(raw.get("outcomes", ())) or (outcome,)
        within = raw.get("within", "")
        if within == "case" and per == "case":
            raise UsageError(f'{where}: within = "case" needs per = "path": a case is one point')
        ends = tuple(raw.get("ends", ()))
        if ends and per == "case":
            raise UsageError(f'{where}: ends needs per = "path": a case has no models')
        return {"outcomes": outcomes, "per": per, "within": within, "ends": ends}

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
        records, options = chosen(contents, definition), definition.options
        outcomes = _outcomes(records, contents, options["outcomes"])
        per, ends = options["per"], options["ends"]
        truth: dict[prediction.Point, list[Record]] = {}
        signs: dict[str, float] = {}
        names = dict.fromkeys(rs[0].quantity for rs in outcomes.values())
        for task, mine in outcomes.items():
            target = contents.quantities[mine[0].quantity]
            signs[task] = -1.0 if target.better == "lower" else 1.0
            truth |= prediction.by_point(mine, target.name, per, ends)
        if len(names) > 1 and not options["within"]:
            raise UsageError(
                f"section {definition.title!r}: outcomes {', '.join(names)} have no common scale; "
                'wanted within = "task"'
            )
        first: dict[tuple[Any, ...], int] = {}
        for point in truth:
            first.setdefault(point[:3], len(first))
        # Settings of one chain in an order of their own: that of records follows their keys, which
        # change with sources.
        at = tuple(sorted(truth, key=lambda point: (first[point[:3]], natural(point[3]))))
        shown = prediction.over_seeds(truth, at)
        points = Points(
            np.array([signs[point[0]] for point in at]) * shown,
            numbered([_group(options["within"], truth[point][0]) for point in at]),
            numbered([(point[0], definition.cluster.of(truth[point][0])) for point in at]),
        )
        estimators = {r.estimator for rs in outcomes.values() for r in rs}
        others = [
            r
            for r in records
            if r.estimator not in estimators
            and (not definition.quantity or r.quantity == definition.quantity)
        ]
        rows = []
        for row, mine in prediction.predictors(others, per):
            quantity = contents.quantities[mine[0].quantity]
            own = prediction.by_point(mine, quantity.name, per, ends)
            rows.append(prediction.predictor(row, quantity, own, truth, at, points))
        wanted = " and ".join(options["outcomes"])
        if not rows:
            raise UsageError(
                f"nothing but the outcome {wanted}: a validity section needs measures that "
                "predict it"
            )
        # Measures that have all points are compared; the others stand below them.
        rows.sort(
            key=lambda p: (
                p.spearman is None,
                p.points < len(at),
                -round(p.spearman or 0.0, 9),
                p.row.label,
            )
        )
        clusters = len(np.unique(points.clusters))
        units = dict.fromkeys(contents.quantities[n].unit for n in names)
        return cls(
            title=definition.title or f"what predicts {prediction.bare(wanted).replace('_', ' ')}",
            about=definition.about,
            definition=definition,
            outcome=" or ".join(names),
            unit=" or ".join(filter(None, units)),
            rows=tuple(rows),
            points=prediction.labels(at),
            outcome_values=tuple(float(v) for v in shown),
            clusters=clusters,
            within=options["within"],
            notes=(f"{len(at)} points in {clusters} independent cluster{'s' * (clusters != 1)}",),
        )

    @property
    def outcome_words(self) -> str:
        """The outcome's name in words, with its unit."""
        return self.outcome.replace("_", " ") + (f" [{self.unit}]" if self.unit else "")

    @property
    def compared(self) -> list[prediction.Predictor]:
        """The measures that have all points, best first."""
        return [p for p in self.rows if p.spearman is not None and p.points == len(self.points)]

    def _best(self) -> list[prediction.Predictor]:
        """The measure with the largest correlation, and what ties with it exactly."""
        found = self.compared
        return [p for p in found if abs((p.spearman or 0) - (found[0].spearman or 0)) <= EQUAL]

    @property
    def surely(self) -> bool:
        """Whether the best measure is known to order the points as the outcome does."""
        best = self._best()
        bounds = best[0].spearman_interval if best else None
        return bool(
            bounds and len(self.points) >= ENOUGH and self.clusters >= st.FEWEST and bounds[0] > 0
        )

    def leaders(self) -> list[str]:
        """The best measures, where the board can tell."""
        return [p.row.label for p in self._best()] if self.surely else []

    @property
    def finding(self) -> str:
        """What was found, as a sentence, with its uncertainty."""
        best = self._best()
        if not best:
            return "Cannot tell: no measure has a correlation over all points."
        bounds = best[0].spearman_interval
        names = " and ".join(p.row.label for p in best)
        said = f"Spearman {best[0].spearman:.2f}" + (
            f" [{bounds[0]:.2f}, {bounds[1]:.2f}]" if bounds else ""
        )
        if self.within:
            said += f", mean within each {self.within}"
        if not self.surely:
            return (
                f"Cannot tell what orders the points as {self.outcome_plain} does: {names} came "
                f"closest, {said} ({self._doubt(bounds)})."
            )
        rest = self.compared[len(best) :]
        tests = [
            p_of_difference(best[0].found, p.found) if best[0].found and p.found else np.nan
            for p in rest
        ]
        worse = int((st.holm(np.array(tests)) < 1 - st.LEVEL).sum())
        others = f"{len(rest)} other measure{'s' * (len(rest) != 1)}"
        against = f"; better than {worse} of {others}" if worse else ""
        if rest and not worse:
            against = f"; not surely better than any of {others}"
        return f"Closest to {self.outcome_plain}: {names}, {said}{against}."

    def _doubt(self, bounds: Interval | None) -> str:
        """Why the best measure may be none."""
        if len(self.points) < ENOUGH:
            return f"{len(self.points)} points are too few"
        if self.clusters < st.FEWEST:
            if self.clusters == 1:
                return "the points are one independent cluster"
            return f"{self.clusters} independent clusters are too few"
        return "the interval holds zero" if bounds else "no interval"

    @property
    def outcome_plain(self) -> str:
        """The outcome's name in words."""
        return self.outcome.replace("_", " ")

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
        best = self._best() if self.surely else []
        rows = tuple((p.row.label, p.cells(best=p in best)) for p in self.rows)
        outcome = self.outcome.replace("_", " ")
        title = f"{self.title}: validity against {outcome}, {len(self.points)} points"
        notes = (*filter(None, (self.about,)), self.finding, *self.notes, self.reading)
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
            "clusters": self.clusters,
            "within": self.within,
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
        shown = "–" if value is None else number(value)
        said = f"{shown}{bounds_of(row, 'spearman')} ({row['points']})"
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
            home=view.home,
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
        for i in range(len(self.leaders())):
            rows[i][2] = rows[i][2].marked()
        return rows


def _outcomes(
    records: list[Record], contents: Contents, wanted: Sequence[str]
) -> dict[str, list[Record]]:
    """The records of the outcome of each task. Raises `UsageError` where there is none, or two."""
    found: dict[str, list[Record]] = {}
    for name in wanted:
        by_estimator = name in contents.estimators
        mine = [r for r in records if (r.estimator if by_estimator else r.quantity) == name]
        if not mine:
            raise unknown_name("outcome", name, [*contents.quantities, *contents.estimators])
        for task in dict.fromkeys(r.task for r in mine):
            found.setdefault(task, [r for r in mine if r.task == task])
    for mine in found.values():
        if len({(r.estimator, repr(r.params["estimator"])) for r in mine}) > 1:
            names = sorted({r.estimator for r in mine})
            raise UsageError(
                f"outcome {mine[0].quantity} is given by {', '.join(names)}; name one of them as "
                "the outcome"
            )
    return found


def _group(within: str, r: Record) -> tuple[Any, ...]:
    """What a point is ordered within. Raises `UsageError` for a fact that it does not have."""
    if within in ("", "task", "case"):
        return (r.task, r.case)[: ("", "task", "case").index(within)]
    if within not in r.facts:
        raise UsageError(
            f"within {within!r}: {r.task}:{r.case} has no such fact; wanted task, case, or one of "
            f"{', '.join(r.facts) or 'none'}"
        )
    return (r.facts[within],)


ENOUGH = 10
"""Points below which no headline is made of a correlation."""


HEADS = (
    Head("measure", left=True),
    Head("quantity", left=True),
    Head("points", "data sets that have both", first="descending"),
    Head("Spearman ↑", "rank correlation with the outcome", first="descending"),
    Head("95 % interval", "of Spearman's, over clusters of points", first="descending"),
    Head(
        "Kendall ↑", "share of pairs in the same order less those in the other", first="descending"
    ),
    Head("95 % interval of Kendall's", first="descending"),
    Head("time", "median of a run", "s"),
    Head("saving", "how many times cheaper than the outcome", first="descending"),
)
