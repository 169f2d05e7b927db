"""Tables made from records, with answers known beforehand."""

import csv
import io
import math
import re

import pytest

from harness import Quantity
from harness.records import Record, Records, Status
from harness.tables.render import to_csv, to_terminal, to_text
from harness.tables.summary import places, tables
from harness.tables.table import Cell, number

QUANTITIES = {
    "gain": Quantity("gain", "", "higher"), "cost": Quantity("cost", "eV", "lower"),
    "entropy": Quantity("entropy", "nats", "truth"), "note": Quantity("note", "", "none"),
}  # fmt: skip


def scored(estimator, source, rate, gain, seed=0, **change):
    scores = {} if gain is None else {"gain": gain, "cost": -gain, "note": 1.0}
    fields = {
        "key": f"{estimator}{source}{rate}{seed}", "status": Status.OK if scores else Status.TIMEOUT, "task": "t/pick",
        "case": f"{source}@{rate}", "source": source, "models": ("m/d",), "estimator": f"e/{estimator}", "plugin": "e",
        "params": {}, "seed": seed, "quantity": "gain", "unit": "", "value": gain, "scores": scores,
        "facts": {"rate": rate, "dataset": source}, "wall_s": 2.0, "cause": None if scores else "estimator e: more than 1 s",
    }  # fmt: skip
    return Record(**(fields | change))


def estimate(name, case, value, seed=0, **change):
    fields = {
        "key": f"{name}{case}{seed}", "status": Status.OK, "task": "t/known", "case": case, "source": case,
        "models": (), "estimator": f"e/{name}", "plugin": "e", "params": {}, "seed": seed, "quantity": "entropy",
        "unit": "nats", "value": value, "stderr": 0.5, "truth": 1.0,
    }  # fmt: skip
    return Record(**(fields | change))


def made(records, unit="nats"):
    return tables(Records(records), QUANTITIES.get, unit)


def rows(table):
    return {label: [str(c) + ("*" if c.best else "") for c in cells] for label, cells in table.rows}


def test_overview_and_a_table_for_each_point():
    overview, low, high = made(
        scored(e, s, r, g + r)
        for e, g in (("a", 1.0), ("b", 2.0)) for s in ("one", "two") for r in (0.1, 0.5)
    )  # fmt: skip
    assert [str(c) for c in overview.columns] == ["rate 0.1", "rate 0.5"]
    assert list(rows(overview)) == ["b", "a"]  # best first
    assert rows(overview) == {"a": ["1.100 #2", "1.500 #2"], "b": ["2.100 #1*", "2.500 #1*"]}
    assert overview.title == "t/pick: gain ↑, mean over 2 data sets"
    assert [str(c) for c in low.columns] == ["gain ↑", "cost [eV] ↓", "note", "time [s]"]
    assert rows(low) == {
        "b": ["2.100*", "-2.100*", "1.000", "2.000"],
        "a": ["1.100", "-1.100", "1.000", "2.000"],
    }
    assert "rate 0.5" in high.title


def test_ties_share_a_place_and_nothing_else_is_best():
    records = {e: [scored(e, "one", 0.1, g)] for e, g in (("a", 1.0), ("b", 1.0), ("c", 0.0))}
    assert places(records, "gain", "higher") == {"a": 1.5, "b": 1.5, "c": 3.0}
    assert places(records, "gain", "lower") == {"a": 2.5, "b": 2.5, "c": 1.0}


def test_places_count_only_what_all_completed():
    records = {
        "a": [scored("a", "one", 0.1, 1.0), scored("a", "two", 0.1, 9.0)],
        "b": [scored("b", "one", 0.1, 2.0), scored("b", "two", 0.1, None)],
        "c": [scored("c", "one", 0.1, None), scored("c", "two", 0.1, None)],
    }
    assert places(records, "gain", "higher") == {"a": 2.0, "b": 1.0}
    assert places({}, "gain", "higher") == {}


def test_failures_stay_visible():
    (table,) = made([
        scored("a", "one", 0.1, 1.0), scored("a", "two", 0.1, 9.0), scored("b", "one", 0.1, 2.0),
        scored("b", "two", 0.1, None), scored("c", "one", 0.1, None),
    ])  # fmt: skip
    found = rows(table)
    assert found["c"][0] == "timeout"
    assert found["b"][0] == "2.000 (1/2)"
    assert table.notes == ("timeout ×2: estimator e: more than 1 s (d ▸ c, d ▸ b)",)


def test_one_row_has_no_best():
    (table,) = made([scored("a", "one", 0.1, 1.0)])
    assert rows(table)["a"][0] == "1.000"
    assert table.title == "t/pick at rate 0.1, one"


def test_estimates_beside_the_truth():
    (table,) = made(
        [estimate("a", "x", 1.2), estimate("b", "x", -0.1), estimate("a", "y", math.inf)]
    )
    assert [str(c) for c in table.columns] == ["truth", "a", "b"]
    assert rows(table) == {
        "x": ["1.000", "1.200 ± 0.5", "-0.1000 ± 0.5"],
        "y": ["1.000", "inf ± 0.5", "–"],
    }


def test_seeds_give_mean_and_spread():
    (table,) = made([estimate("a", "x", v, seed=i) for i, v in enumerate((1.0, 2.0, 3.0))])
    assert rows(table)["x"] == ["1.000", "2.000 ± 1"]
    assert table.notes == ("mean ± standard deviation over 3 seeds",)


def test_who_suits_no_data_has_a_note_and_no_column():
    unfit = {"status": Status.INCOMPATIBLE, "cause": "wants codes"}
    (table,) = made([estimate("a", "x", 1.0), estimate("b", "x", None, **unfit)])
    assert [str(c) for c in table.columns] == ["truth", "a"]
    assert "incompatible ×1: wants codes (b)" in table.notes
    (table,) = made([estimate("b", "x", None, **unfit)])
    assert rows(table)["x"] == ["1.000", "incompatible"]


def test_bits():
    (table,) = made([estimate("a", "x", math.log(2), truth=math.log(4), stderr=None)], unit="bits")
    assert rows(table)["x"] == ["2.000", "1.000"]
    assert table.title.endswith("[bits]")


def test_many_estimators_turn_the_table():
    (table,) = made([estimate(f"e{i}", "x", float(i)) for i in range(9)])
    assert [label for label, _ in table.rows][:2] == ["truth", "e0"]


def test_one_bare_name_in_two_plugins_is_told_apart():
    (table,) = made(
        [estimate("a", "x", 1.0), estimate("a", "x", 2.0, estimator="f/a", key="other")]
    )
    assert [str(c) for c in table.columns] == ["truth", "e/a", "f/a"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.000"),
        (-0.0, "0.000"),
        (1.0, "1.000"),
        (-0.00123456, "-0.001235"),
        (12345.6, "12346"),
        (1234.56, "1235"),
        (1e-9, "1e-09"),
        (1e7, "1e+07"),
    ],
)
def test_numbers(value, text):
    assert number(value) == text


def test_markdown_and_latex_escape_what_names_may_hold():
    nasty = estimate("a", "a|b_<script>*", 1.0)
    markdown = to_text(made([nasty]), "markdown")
    assert r"a\|b_&lt;script>\*" in markdown
    latex = to_text(made([nasty]), "latex")
    assert r"a|b\_<script>*" in latex
    assert [
        latex.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule", r"\hline")
    ] == [1, 1, 1, 0]


def test_best_is_bold():
    records = [scored("a", "one", 0.1, 1.0), scored("b", "one", 0.1, 2.0)]
    assert "**2.000**" in to_text(made(records), "markdown")
    assert r"\textbf{2.000}" in to_text(made(records), "latex")


def test_csv_has_a_row_for_each_quantity():
    found = list(
        csv.DictReader(
            io.StringIO(to_csv(Records([scored("a", "one", 0.1, 1.0), estimate("a", "x", 2.0)])))
        )
    )
    assert [(r["estimator"], r["quantity"], r["value"]) for r in found] == [
        ("e/a", "entropy", "2.0"), ("e/a", "gain", "1.0"), ("e/a", "cost", "-1.0"), ("e/a", "note", "1.0"),
    ]  # fmt: skip
    assert to_csv(Records([])) == ""


def test_an_empty_cell_is_its_text():
    assert str(Cell(text="timeout")) == "timeout"


@pytest.mark.parametrize("width", range(30, 120))
def test_no_word_or_figure_is_broken_on_a_narrow_terminal(width, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    out = Terminal()
    to_terminal(
        made(
            [estimate(f"estimator-{i}", "case", 1.23456 + i, stderr=None) for i in range(6)]
            + [estimate("b", "other", 1.0)]
        ),
        out,
    )
    text = re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue())
    assert max(map(len, text.splitlines())) <= width
    for i in range(6):
        assert f"estimator-{i}" in text
        assert f"{1.23456 + i:.3f}" in text
