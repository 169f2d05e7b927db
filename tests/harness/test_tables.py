"""Tables made from records, with answers known beforehand."""

import csv
import io
import math
import re
from dataclasses import replace

import pytest

from harness import Quantity
from harness.records import Record, Records, Status
from harness.tables.render import to_csv, to_terminal, to_text
from harness.tables.scored import ranks
from harness.tables.summary import tables
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
        "params": {"task": {}, "models": [{}], "estimator": {}}, "seed": seed, "quantity": "gain", "unit": "", "value": gain, "scores": scores,
        "facts": {"rate": rate, "dataset": source}, "wall_s": 2.0, "cause": None if scores else "estimator e: more than 1 s",
    }  # fmt: skip
    return Record(**(fields | change))


def estimate(name, case, value, seed=0, **change):
    fields = {
        "key": f"{name}{case}{seed}", "status": Status.OK, "task": "t/known", "case": case, "source": case,
        "models": (), "estimator": f"e/{name}", "plugin": "e", "params": {"task": {}, "models": [], "estimator": {}}, "seed": seed, "quantity": "entropy",
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
    assert overview.title == "t/pick: gain ↑, mean over one, two"
    assert [str(c) for c in low.columns] == [
        "gain ↑", "cost [eV] ↓", "note", "load, models [s]", "time [s]",
    ]  # fmt: skip
    assert rows(low) == {
        "b": ["2.100 ± 0*", "-2.100 ± 0*", "1.000 ± 0", "–", "2.000"],
        "a": ["1.100 ± 0", "-1.100 ± 0", "1.000 ± 0", "–", "2.000"],
    }
    assert "rate 0.5" in high.title


def test_what_scoring_took_stands_beside_the_estimator():
    made_of = [scored(e, "one", 0.1, 1.0, score_s=s) for e, s in (("a", 33.25), ("b", None))]
    (table,) = made(made_of)
    assert [str(c) for c in table.columns][-3:] == ["load, models [s]", "time [s]", "scoring [s]"]
    assert {row: cells[-1] for row, cells in rows(table).items()} == {"a": "33.25", "b": "–"}


def test_ties_share_a_place_and_nothing_else_is_best():
    records = {e: [scored(e, "one", 0.1, g)] for e, g in (("a", 1.0), ("b", 1.0), ("c", 0.0))}
    assert ranks(records, "gain", "higher") == {"a": 1.5, "b": 1.5, "c": 3.0}
    assert ranks(records, "gain", "lower") == {"a": 2.5, "b": 2.5, "c": 1.0}


def test_who_lacks_a_case_has_no_rank():
    records = {
        "a": [scored("a", "one", 0.1, 1.0), scored("a", "two", 0.1, 9.0)],
        "b": [scored("b", "one", 0.1, 2.0), scored("b", "two", 0.1, None)],
        "c": [scored("c", "one", 0.1, None), scored("c", "two", 0.1, None)],
    }
    assert ranks(records, "gain", "higher") == {"a": 1.0}
    unfit = {"status": Status.INCOMPATIBLE, "cause": "wants codes"}
    records["b"][1] = scored("b", "two", 0.1, None, **unfit)
    assert ranks(records, "gain", "higher") == {"a": 2.0, "b": 1.0}  # b has all that suits it
    assert ranks({}, "gain", "higher") == {}


def test_failures_stay_visible():
    (table,) = made([
        scored("a", "one", 0.1, 1.0), scored("a", "two", 0.1, 9.0), scored("b", "one", 0.1, 2.0),
        scored("b", "two", 0.1, None), scored("c", "one", 0.1, None),
    ])  # fmt: skip
    found = rows(table)
    assert found["c"][0] == "timeout"
    assert found["b"][0] == "2.000 (1/2)"
    assert not found["b"][0].endswith("*")  # 2.0 of one case is no mean of two
    assert "timeout ×2: estimator e: more than 1 s (d ▸ c, d ▸ b)" in table.notes


def test_one_row_has_no_best():
    (table,) = made([scored("a", "one", 0.1, 1.0)])
    assert rows(table)["a"][0] == "1.000"
    assert table.title == "t/pick at rate 0.1, one"


def test_estimates_beside_the_truth():
    table, *_ = made(
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
    table, *_ = made([estimate(f"e{i}", "x", float(i)) for i in range(9)])
    assert [label for label, _ in table.rows][:2] == ["truth", "e0"]


def test_one_bare_name_in_two_plugins_is_told_apart():
    table, *_ = made(
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


def test_the_summary_of_errors_puts_who_has_all_cases_first():
    lost = {"status": Status.ERROR, "cause": "no"}
    _, summary = made(
        [estimate("a", f"x{i}", 1.0 + e, error=e) for i, e in enumerate((0.25, -0.375, 0.125))]
        + [estimate("b", f"x{i}", 1.0 + e, error=e, wall_s=2.0) for i, e in enumerate((0.0, 0.0))]
        + [estimate("b", "x2", None, **lost)]
        + [estimate("c", f"x{i}", 1.0 + e, error=e) for i, e in enumerate((0.1, 0.1, 4.0))]
    )
    assert summary.title == "t/known: errors and times"
    assert [str(c) for c in summary.columns][:4] == [
        "median |error| [nats]", "mean |error| [nats]", "bias [nats]", "cases",
    ]  # fmt: skip
    found = rows(summary)
    assert list(found) == ["c", "a", "b"]
    assert found["a"] == ["0.2500", "0.2500", "0.000", "3/3", "–", "–"]
    assert found["b"] == ["0.000", "0.000", "0.000", "2/3", "–", "2.000"]


def test_intervals_that_an_estimator_has_are_shown():
    about = {"diagnostics": {"low": 0.5, "high": 2.0}, "stderr": None}
    (table,) = made([estimate("a", "x", 1.0, **about)])
    assert rows(table)["x"] == ["1.000", "1.000 [0.5, 2]"]


def test_cases_sort_as_people_count():
    table, *_ = made([estimate("a", f"epoch-{i}", 1.0) for i in (10, 2, 1)])
    assert list(rows(table)) == ["epoch-1", "epoch-2", "epoch-10"]
    table, *_ = made([estimate("a", f"noise-{x}", 1.0) for x in ("0.5", "0.25", "1")])
    assert list(rows(table)) == ["noise-0.25", "noise-0.5", "noise-1"]


def settings(task=None, estimator=None):
    return {"params": {"task": task or {}, "models": [], "estimator": estimator or {}}}


def test_files_of_one_name_are_two_cases():
    a, b = ("/data/a/g.npz", "/data/b/g.npz")
    table, *_ = made(
        estimate("nui", "g.npz", v, key=p, fingerprint=p, **settings({"path": p, "k": 3}))
        for p, v in ((a, 0.873), (b, 0.391))
    )
    assert rows(table) == {
        "g.npz (path=a/g.npz)": ["1.000", "0.8730 ± 0.5"],
        "g.npz (path=b/g.npz)": ["1.000", "0.3910 ± 0.5"],
    }


def test_other_settings_are_other_rows_or_other_tables():
    table, *_ = made(
        estimate("msc", "x", h, key=str(h), **settings(estimator={"h": h, "k": 3}))
        for h in (0.015, 0.05)
    )
    assert [str(c) for c in table.columns] == ["truth", "msc (h=0.015)", "msc (h=0.05)"]
    one, two = made(
        estimate("msc", "x", n / 100, key=str(n), **settings({"n": n, "path": "a.csv"}))
        for n in (100, 200)
    )
    assert (one.title, two.title) == ("t/known (n=100): entropy [nats]", "t/known (n=200): entropy [nats]")  # fmt: skip
    many, *_ = made(  # a setting that chooses the data splits no table
        estimate("msc", d, 1.0, **settings({"dataset": d})) for d in ("al", "cu")
    )
    assert list(rows(many)) == ["al", "cu"]


SHAPES = {
    "one": [estimate("ksg", "x", 1.23456)],
    "wide": [estimate(f"estimator-of-{i}", c, i + 0.98765, wall_s=0.0123)
             for i in range(7) for c in ("short", "a-case-with-a-long-name-of-40-letters-12")],
    "turned": [estimate(f"estimator-of-{i}", "x", i * 525.61, wall_s=33.3) for i in range(12)],
    "long label": [estimate("a", "case " * 20, -3.38641)],
    "scored": [scored(f"picker-{e}", s, r, e * 1.2345 + r, seed)
               for e in range(4) for s in ("al", "cu") for r in (0.1, 0.25, 0.5) for seed in (0, 1)],
    "seeds": [estimate(f"e{i}", "x", 0.49204 + s, seed=s) for i in range(5) for s in range(3)],
}  # fmt: skip


@pytest.mark.parametrize("width", [60, 80, 100, 120, 140, 200])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_figure_of_every_shape_of_table_is_whole(shape, width, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    out, found = Terminal(), made(SHAPES[shape])
    to_terminal(found, out)
    text = re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue())
    assert max(map(len, text.splitlines())) <= width
    printed = sorted(re.split(r"\s{2,}|\n ?", text.replace(" *", "*")))
    for table in found:
        for _, cells in table.rows:
            for cell in cells:
                wanted = f"{cell}*" if cell.best else str(cell)
                assert wanted in printed or any(p.endswith(f" {wanted}") for p in printed), wanted


def test_an_uncertainty_has_no_exponent_where_digits_do():
    assert str(Cell(571.9, 143.21)) == "571.9 ± 143"
    assert str(Cell(568.8, 99.7)) == "568.8 ± 100"
    assert str(Cell(568.8, 99.4)) == "568.8 ± 99"
    assert str(Cell(1.0, 2.2e-11)) == "1.000 ± 2.2e-11"


def test_estimates_and_scores_of_one_case_stand_in_one_table(monkeypatch):
    told = {"null": 0.3, "component": "r", "low": 0.8, "high": 0.9}
    monkeypatch.setitem(
        QUANTITIES,
        "entropy",
        Quantity("entropy", "nats", reading="{value} against {null}: component {component}"),
    )
    made_of = [
        scored(e, "one", 0.1, g, seed, case="graph", facts={})
        for e, g in (("net", 0.75), ("line", 0.5))
        for seed in (0, 1)
    ]
    made_of.append(estimate("probe", "graph", 0.875, task="t/pick", diagnostics=told, stderr=None))
    (table,) = made(made_of)
    assert table.title == "t/pick: graph"
    assert rows(table) == {
        "probe": ["0.8750 [0.8, 0.9]", "–", "–", "–", "–", "–"],
        "d ▸ net": ["–", "0.7500 ± 0", "-0.7500 ± 0", "1.000 ± 0", "–", "2.000"],
        "d ▸ line": ["–", "0.5000 ± 0", "-0.5000 ± 0", "1.000 ± 0", "–", "2.000"],
    }
    assert "probe on graph: 0.8750 against 0.3000: component r" in table.notes


def test_what_an_estimate_cost_beside_what_it_foretells_is_a_sentence():
    """And the mark of a failed seed takes no figure of another away."""
    made_of = [
        estimate("nui", "one", 0.5, task="t/pick", wall_s=1.0, prefix_s=1.0),
        scored("gcn", "one", 0.1, 0.8, case="one", models=(), wall_s=7.0, prefix_s=1.0),
        scored("gcn", "one", 0.1, None, seed=1, case="one", models=(), key="b"),
    ]
    made_of = [replace(r, params=made_of[0].params) for r in made_of]
    (table,) = made(made_of)
    assert rows(table)["gcn"][0] == "0.8000 (1/2)"
    assert "nui took 2.000 s with loading and models; gcn 8.000 s (4.000 times that)" in table.notes
    assert "± is the estimator's own standard error" in table.notes  # one seed alone has values


def test_files_in_a_list_choose_data_as_one_file_does():
    one, two = (
        settings(task={"datasets": [f"{folder}/g.npz"]}) | {"key": folder} for folder in "ab"
    )
    (table,) = made([estimate("a", "g", 1.0, **one), estimate("a", "g", 2.0, **two)])
    assert list(rows(table)) == ["g (datasets=a/g.npz)", "g (datasets=b/g.npz)"]
