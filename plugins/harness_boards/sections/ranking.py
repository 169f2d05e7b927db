"""Ranking: rows ranked by their value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness import Quantity, Record, UsageError
from harness.tables import ARROWS, Column
from harness_boards.contents import Contents
from harness_boards.grid import Grid
from harness_boards.losses import Rule
from harness_boards.sections.base import Definition, quantity_of
from harness_boards.sections.ranked import Ranked
from harness_boards.standing import Floats, Interval, Measure, over_seeds_spread


@dataclass(frozen=True, eq=False, kw_only=True)
class Ranking(Ranked):
    """A ranking section."""

    kind = "ranking"
    reading = (
        "rank: the ranks that the verdicts leave open, for all rows at once with 95 %; rows that "
        "share a letter are not separated (sign flips over clusters, Holm: of the differences "
        "where the quantity is bounded, else of their signed ranks; a failed run counts as worst). "
        "The value is a mean with its 95 % interval (bootstrap-t over clusters); sd: over seeds. "
        "mean rank: over cases, failures last. time: median of a run; ● no row is both better and "
        "cheaper."
    )
    # A steady value is no virtue by itself: the least deviation is not marked.
    steady = Measure("sd", "standard deviation over seeds", lambda s: s.spread)

    @classmethod
    def check(cls, raw: Mapping[str, Any], where: str) -> Mapping[str, Any]:
        """A ranking section names its quantity."""
        if not raw.get("quantity"):
            raise UsageError(f"{where}: a ranking section needs a quantity")
        return super().check(raw, where)

    @classmethod
    def suits(cls, record: Record, quantity: Quantity) -> bool:
        """Where a value can win."""
        return quantity.better in ("higher", "lower") and quantity.name == record.quantity

    @classmethod
    def quantity_of(cls, contents: Contents, definition: Definition) -> Quantity:
        """A quantity whose direction is known."""
        found = quantity_of(contents, definition)
        if found.better not in ("higher", "lower"):
            raise UsageError(
                f"section {found.name}: nothing says whether higher or lower is better; wanted "
                "kind accuracy"
            )
        return found

    @classmethod
    def select(cls, records: list[Record], quantity: Quantity) -> list[Record]:
        """All of them."""
        return records

    @classmethod
    def told(cls, grid: Grid) -> Floats:
        """The value."""
        return grid.value

    @classmethod
    def turn(cls, quantity: Quantity) -> float:
        """As the quantity declares."""
        return -1.0 if quantity.better == "higher" else 1.0

    @classmethod
    def by_ranks(cls, quantity: Quantity) -> bool:
        """Where a bound is missing."""
        return quantity.lower is None or quantity.upper is None

    @classmethod
    def reach_of(cls, quantity: Quantity, rule: Rule | None) -> Interval:
        """The bounds of the quantity, turned where higher is better."""
        low = -np.inf if quantity.lower is None else quantity.lower
        high = np.inf if quantity.upper is None else quantity.upper
        return (-high, -low) if cls.turn(quantity) < 0 else (low, high)

    @classmethod
    def lost(cls, grid: Grid, quantity: Quantity, rule: Rule | None) -> Floats:
        """The value, turned where higher is better; a failed run has the worst bound."""
        worst = np.inf if cls.by_ranks(quantity) else cls.reach_of(quantity, rule)[1]
        return np.where(grid.failed, worst, cls.turn(quantity) * grid.value)

    @classmethod
    def figures(
        cls, grid: Grid, i: int, quantity: Quantity, contents: Contents, rule: Rule | None
    ) -> dict[str, Any]:
        """The spread over seeds."""
        return {"spread": over_seeds_spread(grid.value[i])}

    @property
    def best_case(self) -> str:
        """As the quantity declares."""
        return "high" if self.high_wins else "low"

    @property
    def column(self) -> Column:
        """With the arrow of the quantity."""
        return Column(self.words, self.quantity.unit, ARROWS[self.quantity.better])

    @property
    def extent(self) -> str:
        """By what, and which way is better."""
        q = self.quantity
        summary = f": {q.summary}" if q.summary else ""
        return f"Ranking by {self.words}{self.unit}, {q.better} is better{summary}"

    @property
    def cases_said(self) -> str:
        """Values."""
        return f"Mean {self.words}{self.unit} over the seeds; ★ best of its case."
