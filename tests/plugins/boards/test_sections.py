"""Kinds of section: found by being there, and all that a new one needs is a class."""

import json
import pkgutil
from dataclasses import dataclass
from typing import ClassVar

import pytest

from harness.tables import Cell, Column, Table
from harness_boards import page, report, sections, site
from harness_boards.sections.base import Section, chosen, exact


@pytest.fixture
def counts(monkeypatch):
    """A fifth kind, as a module of its own would bring it: how many records each estimator has."""
    monkeypatch.setattr(Section, "kinds", dict(Section.kinds))

    @dataclass(frozen=True, eq=False, kw_only=True)
    class Counts(Section):
        kind = "counts"
        options: ClassVar = {"least": int}
        reading = "How many <records> there are."
        found: dict

        @classmethod
        def check(cls, raw, where):
            return {"least": raw.get("least", 0)}

        @classmethod
        def of(cls, definition, contents, seeds, rng):
            found = {}
            for r in chosen(contents, definition):
                found[r.estimator] = found.get(r.estimator, 0) + 1
            least = definition.options["least"]
            return cls(title="counts", found={k: n for k, n in found.items() if n >= least})

        def tables(self):
            rows = tuple((name, (Cell(float(n)),)) for name, n in self.found.items())
            return [Table(self.title, "estimator", (Column("records"),), rows)]

        def csv_rows(self):
            for name, n in self.found.items():
                yield [name, "", name, "records", exact(n), None, None]

        def plain(self):
            rows = [{"label": name, "n": n} for name, n in self.found.items()]
            return {"kind": self.kind, "title": self.title, "rows": rows}

        @classmethod
        def state(cls, row):
            return f"{row['n']} records"


def test_a_fifth_kind_is_a_class_and_nothing_else(counts, board, record):
    records = [record(e, c) for e in "ab" for c in ("one", "two")] + [record("c", "one")]
    made = report.make(board(records, '[[sections]]\nkind = "counts"\nleast = 2\n'))
    files = made.files()
    assert b"| e/a" in files["table.md"]
    assert b"counts,counts,e/a,,e/a,records,2,," in files["table.csv"]
    (plain,) = json.loads(files["board.json"])["sections"]
    assert plain["rows"] == [{"label": "e/a", "n": 2}, {"label": "e/b", "n": 2}]
    html = page.page(made).decode()
    assert "How many &lt;records&gt; there are." in html
    assert "<th scope='row'>e/b</th>" in html
    assert "counts" not in site.readme([made])  # nothing is ranked
    fewer = [{**plain, "rows": [{"label": "e/a", "n": 1}]}]
    assert report.changes(fewer, [plain]) == [
        ("counts", "e/a", "1 records", "2 records"),
        ("counts", "e/b", "–", "2 records"),
    ]


def test_every_kind_of_the_folder_is_known_by_its_module():
    modules = {m.name for m in pkgutil.iter_modules(sections.__path__)} - {"base", "ranked"}
    assert (
        modules
        == set(Section.kinds)
        == {"accuracy", "curves", "emergence", "foretelling", "overview", "ranking", "validity"}
    )
    for name, kind in Section.kinds.items():
        assert kind.__module__ == f"harness_boards.sections.{name}"
        assert kind.reading
