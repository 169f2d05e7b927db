"""Overview sections: what several measures say of each case, side by side; nothing is ranked."""

from __future__ import annotations

from dataclasses import dataclass

from harness import Record, Records
from harness.tables import Table, tables
from harness_boards.definition import Contents, Section
from harness_boards.maps import Maps, gather


@dataclass(frozen=True)
class Overview:
    """Tables of cases against measures, one per task: mean ± standard deviation over seeds; and a map, if asked for."""

    title: str
    about: str
    tables: tuple[Table, ...]
    maps: Maps | None = None


def survey(section: Section, records: list[Record], contents: Contents) -> Overview:
    """The tables of a section's records, as `harness run` prints them."""
    chosen = [r for r in records if not section.quantity or r.quantity == section.quantity]
    found = tables(Records(chosen), contents.quantities.__getitem__)
    drawn = gather(section.map, chosen) if section.map else None
    return Overview(section.title or "overview", section.about, tuple(found), drawn)
