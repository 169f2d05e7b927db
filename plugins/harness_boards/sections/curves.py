"""Curves: what measures say along an axis (rate, training step, layer, lambda), nothing ranked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from markupsafe import Markup

from harness import UsageError
from harness.tables import Cell, Column, Table, number
from harness_boards import curvefindings, html, lineplots, lines
from harness_boards.contents import Contents
from harness_boards.lines import Panel
from harness_boards.sections.base import Definition, Section, View, chosen, exact, exacts

SHOWN = 12
"""Positions of a curve that a table shows; all are in the CSV."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Curves(Section):
    """A panel for each task, quantity and value of ``by``; a line for each row."""

    kind = "curves"
    options: ClassVar[Mapping[str, Any]] = {"x": str, "by": str, "truth": str, "scale": str}
    reading = (
        "A line is the mean over seeds, its band one standard deviation over seeds (the standard "
        "error that the method states, where there is one seed); dashed: the truth. Nothing is "
        "ranked."
    )

    panels: tuple[Panel, ...]

    @classmethod
    def check(cls, raw: Mapping[str, Any], where: str) -> Mapping[str, Any]:
        """``x``: a fact of the cases, a parameter (``component.name``, the component by a glob
        where several share it), or ``curve`` for the curves that estimators gave. ``by``: facts
        (with commas between) whose values have panels of their own. ``truth``: the estimator whose
        lines are the truth. ``scale``: of x, ``linear`` or ``log``."""
        if not raw.get("x"):
            raise UsageError(
                f"{where}: a curves section names its x: a fact of the cases, a parameter "
                "(component.name), or curve"
            )
        if raw.get("scale", "linear") not in ("linear", "log"):
            raise UsageError(f"{where}: scale is {raw['scale']!r}; wanted linear or log")
        return super().check(raw, where)

    @classmethod
    def of(
        cls,
        definition: Definition,
        contents: Contents,
        seeds: Sequence[int],
        rng: np.random.Generator,
    ) -> Self:
        """Arrange values along the axis. Raises `UsageError` where no record has it."""
        records = chosen(contents, definition)
        given = definition.options
        found = lines.gather(
            records,
            given["x"],
            tuple(n.strip() for n in given.get("by", "").split(",") if n.strip()),
            definition.quantity,
            given.get("truth", ""),
            given.get("scale", ""),
            contents.quantities,
        )
        title = definition.title or f"along {given['x']}"
        return cls(title=title, about=definition.about, panels=found)

    @property
    def finding(self) -> str:
        """How far from the truth at most, and where each line is greatest or least."""
        return curvefindings.of_curves(self.panels)

    def tables(self) -> list[Table]:
        """Positions down, lines across, a table for each panel."""
        return [self._table(p) for p in self.panels]

    def _table(self, panel: Panel) -> Table:
        every = panel.positions
        some = every[np.unique(np.linspace(0, len(every) - 1, SHOWN).round().astype(int))]
        shown = [*panel.lines, *([panel.truth] if panel.truth else [])]
        rows = tuple((f"{x:g}", tuple(_cell(*line.at(x)) for line in shown)) for x in some)
        more = f"{len(some)} of {len(every)} positions; all are in table.csv"
        notes = (
            *filter(None, (self.about,)),
            self.reading,
            *([more] if len(some) < len(every) else []),
        )
        columns = tuple(Column(line.label, panel.unit) for line in shown)
        return Table(f"{self.title}: {panel.title}", panel.x, columns, rows, notes)

    def csv_rows(self) -> Iterator[list[Any]]:
        """Every position of every line, with its band."""
        for panel in self.panels:
            for line in (*panel.lines, *([panel.truth] if panel.truth else [])):
                who = [line.label, "+".join(line.models), line.estimator]
                for x, *told in zip(line.x, line.y, line.low, line.high, strict=True):
                    yield [*who, f"{panel.title} at {panel.x} {x:g}", *exacts(told)]

    def plain(self) -> dict[str, Any]:
        """Panels with their lines; ``rows`` are all lines, for the difference of two boards."""
        made: list[dict[str, Any]] = []
        for panel in self.panels:
            for line in (*panel.lines, *([panel.truth] if panel.truth else [])):
                made.append(
                    {
                        "label": f"{panel.title}: {line.label}",
                        "estimator": line.estimator,
                        "models": list(line.models),
                        "x_name": panel.x,
                        "unit": panel.unit,
                        "x": exacts(line.x),
                        "y": exacts(line.y),
                        "low": exacts(line.low),
                        "high": exacts(line.high),
                        "truth": line is panel.truth,
                    }
                )
        head = {"kind": self.kind, "title": self.title, "about": self.about}
        return {**head, "rows": made, "reading": self.reading}

    @classmethod
    def state(cls, row: Mapping[str, Any]) -> str:
        """The ends of a line, and its middle."""
        y = [v for v in row["y"] if v is not None]
        if not y:
            return "–"
        some = " ▸ ".join(number(y[i]) for i in sorted({0, len(y) // 2, len(y) - 1}))
        return f"{some} ({len(y)} positions)"

    def page(self, view: View) -> Markup:
        """The plots, and the tables on demand."""
        return html.render(
            "curves.html",
            section=self,
            identity=view.identity,
            plots=lineplots.of_curves(self.panels, view.identity),
        )


def _cell(value: float, low: float, high: float) -> Cell:
    if not np.isfinite(value):
        return Cell(text="–")
    return Cell(exact(value), spread=exact(high - value) if high > value else None)
