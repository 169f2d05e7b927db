"""Overview: what several measures say of each case, side by side; nothing is ranked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from harness import Records
from harness.tables import Table, tables
from harness_boards import html, maps
from harness_boards.contents import Contents
from harness_boards.sections.base import Definition, Section, chosen, exact


@dataclass(frozen=True, eq=False, kw_only=True)
class Overview(Section):
    """Tables of cases against measures, one per task: mean ± standard deviation over seeds; and
    a map, if asked for."""

    kind = "overview"
    options: ClassVar[Mapping[str, type]] = {"map": dict}
    reading = (
        "What each measure says of each case: mean ± standard deviation over seeds. Nothing is "
        "ranked."
    )

    found: tuple[Table, ...]
    maps: maps.Maps | None = None

    @classmethod
    def check(cls, raw: Mapping[str, Any], where: str) -> Mapping[str, Any]:
        """A map names its diagnostic."""
        if "map" not in raw:
            return {}
        return {"map": maps.MapOf.read(raw["map"], f"{where}: map")}

    @classmethod
    def of(
        cls,
        definition: Definition,
        contents: Contents,
        seeds: Sequence[int],
        rng: np.random.Generator,
    ) -> Self:
        """The tables of a section's records, as `harness run` prints them."""
        quantity = definition.quantity
        records = [
            r for r in chosen(contents, definition) if not quantity or r.quantity == quantity
        ]
        found = tables(Records(records), contents.quantities.__getitem__)
        of = definition.options.get("map")
        return cls(
            title=definition.title or "overview",
            about=definition.about,
            found=tuple(found),
            maps=maps.gather(of, records) if of else None,
        )

    def tables(self) -> list[Table]:
        """One per task."""
        return list(self.found)

    def csv_rows(self) -> Iterator[list[Any]]:
        """The value of each case and column."""
        for table in self.found:
            for case, cells in table.rows:
                for column, cell in zip(table.columns, cells, strict=True):
                    yield [case, "", column.name, "value", exact(cell.value), None, None]

    def plain(self) -> dict[str, Any]:
        """The tables, and the panels of the map."""
        found = [
            {
                "title": t.title,
                "columns": [c.name for c in t.columns],
                "cases": {
                    case: [[exact(c.value), exact(c.spread)] for c in cells]
                    for case, cells in t.rows
                },
            }
            for t in self.found
        ]
        drawn = {"map": maps.plain(self.maps)} if self.maps else {}
        head = {"kind": self.kind, "title": self.title, "about": self.about}
        return {**head, "tables": found, "rows": [], **drawn}

    def drawings(self) -> tuple[html.Drawing, ...]:
        """A panel of the map for each case."""
        return maps.drawings(self.maps) if self.maps else ()

    @property
    def drawn(self) -> str:
        """What the drawings show."""
        return self.maps.caption if self.maps else ""

    def files(self) -> Mapping[str, tuple[str, bytes]]:
        """The map as a picture."""
        if self.maps is None:
            return {}
        name = re.sub("[^a-z0-9]+", "-", self.maps.of.diagnostic.lower())
        return {f"{name}.svg": (self.maps.caption, maps.picture(self.maps))}
