"""What stands in a ranked table and in a validity section, from arrays and records written down."""

import dataclasses
import math
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

from harness import UsageError
from harness_boards import report, sections, standing
from harness_boards.figures import Bars
from harness_boards.grid import Case, Grid, Row
from harness_boards.rankedpage import TALL
from harness_boards.sections.validity import HEADS
from harness_boards.standing import Measure, Standing

NAN = math.nan


def grid(value, failed=None, unsuited=None, rows=None):
    value = np.array(value, float)
    none = np.zeros(value.shape, bool)
    n, cases, seeds = value.shape
    return Grid(
        tuple(rows or [Row(f"r{i}", (), f"e/r{i}", "e", {}) for i in range(n)]),
        tuple(Case("t/known", f"c{i}", {}, {}) for i in range(cases)),
        tuple(range(seeds)),
        value,
        value,
        value,
        value,
        none if failed is None else np.array(failed, bool),
        none if unsuited is None else np.array(unsuited, bool),
        none,
        (Counter(),) * n,
        (),
    )


def test_why_rows_stand_apart():
    """Four cases of one seed: a gap, a failure, half unsuited, most unsuited, all, and no figure."""
    ok, no = 1.0, NAN
    value = [[ok] * 4, [ok, ok, ok, no], [ok, ok, ok, no], [ok, ok, no, no], [ok, no, no, no], [no] * 4, [no] * 4]  # fmt: skip
    failed = np.zeros((7, 4))
    failed[2, 3] = failed[6] = 1
    unsuited = np.zeros((7, 4))
    unsuited[3, 2:] = unsuited[4, 1:] = unsuited[5] = 1
    made = grid(np.array(value)[..., None], failed[..., None], unsuited[..., None])
    assert standing.apart(made, sweep=False) == [
        "",
        "ran on 3 of 4 cases",
        "",
        "",
        "suits 1 of 4 cases",
        "suits none of the cases",
        "no run gave a figure",
    ]


def test_half_of_all_cases_are_enough():
    unsuited = np.arange(5)[None, :, None] >= 2
    found = standing.apart(grid(np.ones((1, 5, 1)), unsuited=unsuited), sweep=False)
    assert found == ["suits 2 of 5 cases"]
    found = standing.apart(grid(np.ones((1, 4, 1)), unsuited=unsuited[:, :4]), sweep=False)
    assert found == [""]


def test_a_case_counts_where_all_of_its_seeds_ran():
    value = [[[1.0, 1.0], [1.0, NAN]], [[1.0, 1.0], [NAN, NAN]]]
    unsuited = [[[0, 0], [0, 0]], [[0, 0], [0, 1]]]
    made = grid(value, unsuited=unsuited)
    assert standing.apart(made, sweep=False) == ["ran on 1 of 2 cases", ""]


def test_the_first_setting_by_its_parameters_is_ranked():
    rows = [Row(f"a (k={k})", ("m",), "e/a", "e", {"k": k}) for k in (5, 3)]
    rows += [Row("a", (), "e/a", "e", {"k": 1}), Row("b", ("m",), "e/b", "e", {"k": 0})]
    made = grid(np.ones((4, 2, 1)), rows=rows)
    assert standing.apart(made, sweep=False) == ["another setting of a (k=3)", "", "", ""]
    assert standing.apart(made, sweep=True) == [""] * 4
    # one that has no rank itself keeps no other from it
    gap = grid([[[1.0]] * 2, [[1.0], [NAN]]], rows=rows[:2])
    assert standing.apart(gap, sweep=False) == ["", "ran on 1 of 2 cases"]
    whole = [Row("same", ("m",), "e/a", "e", {"k": k}) for k in (1, 2)]
    assert standing.apart(grid(np.ones((2, 1, 1)), rows=whole), sweep=False) == ["", ""]


def test_the_spread_over_seeds_by_hand():
    values = np.array([[1.0, 2.0, 4.0], [1.0, NAN, 3.0], [7.0, NAN, NAN]])
    wanted = (np.std([1, 2, 4], ddof=1) + math.sqrt(2)) / 2
    assert standing.over_seeds_spread(values) == pytest.approx(wanted)
    assert standing.over_seeds_spread(values[2:]) is None
    # rounding of 1e-15 is none; a spread of 1e-10 is one
    assert standing.over_seeds_spread(np.array([[3.0, 3.0 + 1e-15 * 3]])) == 0.0
    tiny = standing.over_seeds_spread(np.array([[3.0, 3.0 + 1e-10], [-5.0, -5.0]]))
    assert tiny == pytest.approx(1e-10 / math.sqrt(2) / 2, rel=1e-4)
    below = standing.over_seeds_spread(np.array([[1.0, 1.0 + 2e-12], [-50.0, -50.0]]))
    assert below == 0.0  # 7e-13 is below 1e-12 of the largest size, 50


def test_what_a_section_can_tell_apart():
    assert standing.resolution(0, 9, 9, 0, None) == "0 ranked rows: nothing to tell apart"
    assert standing.resolution(1, 9, 9, 0, None) == "1 ranked row: nothing to tell apart"
    assert standing.resolution(2, 1, 1, 0, None) == (
        "1 independent cluster cannot rank 2 rows: 6 would be the fewest that can separate any of "
        "1 pair at 5 %"
    )
    assert standing.resolution(3, 5, 40, 0, None) == (
        "5 independent clusters (40 cases) cannot rank 3 rows: 7 would be the fewest that can "
        "separate any of 3 pairs at 5 %"
    )
    assert standing.resolution(2, 6, 6, 1, 0.0312) == (
        "1 of 1 pair separated on 6 independent clusters; Iman-Davenport p 0.031"
    )
    assert standing.resolution(4, 9, 9, 2, 1e-4) == (
        "2 of 6 pairs separated on 9 independent clusters; Iman-Davenport p 0.0001"
    )
    assert standing.resolution(4, 9, 9, 2, 9e-5).endswith("; Iman-Davenport p < 0.0001")
    assert standing.resolution(4, 9, 9, 2, None).endswith("on 9 independent clusters")


def test_spans_intervals_and_what_is_turned():
    assert [standing.span(r) for r in (None, (2, 2), (1, 3))] == ["–", "2", "1–3"]
    assert standing.turned((1.0, 2.0), 1.0) == (1.0, 2.0)
    assert standing.turned((1.0, 2.0), -1.0) == (-2.0, -1.0)
    assert standing.turned(None, -1.0) is None
    assert standing.interval_cell(None, (1.0, 2.0)).text == "–"
    bare, whole = standing.interval_cell(1.5, None), standing.interval_cell(1.5, (1.0, 2.0), True)
    assert (bare.value, bare.text, bare.best) == (1.5, "", False)
    assert (whole.value, whole.text, whole.best) == (1.5, " [1.000, 2.000]", True)


def test_figures_by_name_and_measures_of_a_row():
    row = Row("a", (), "e/a", "e", {})
    plain = Standing(row)
    assert (plain.violations, plain.done, plain.expected, plain.front) == (0, 0, 0, False)
    assert standing.figures(plain)["tie"] == standing.figures(plain)["apart"] == (None, None)
    told = Standing(row, rank=1, ranks=(1, 2), group="a", apart="b", score=0.5, interval=(0.4, 0.6))
    found = standing.figures(told)
    assert (found["rank"], found["score"]) == ((1, (1, 2)), (0.5, (0.4, 0.6)))
    assert (found["tie"], found["apart"]) == (("a", None), ("b", None))
    number = Measure("score", "", lambda s: s.score)
    words = Measure("score", "", lambda s: s.score, lambda v: f"{v:.1f}!")
    assert number.cell(plain).text == words.cell(plain).text == "–"
    assert (number.cell(told).value, words.cell(told).text) == (0.5, "0.5!")
    assert number.figure(plain).key is None
    assert (number.figure(told).key, number.figure(told).full) == (0.5, "0.5")
    assert (words.figure(told).text, words.figure(told).full) == ("0.5!", "")
    place, time = Standing(row, place=2.25, cost=3.0), standing.TIME
    assert standing.PLACE.cell(place).text == "2.2"
    assert (time.value(place), time.badness(3.0)) == (3.0, 3.0)


VALIDITY = '[[sections]]\nkind = "validity"\noutcome = "accuracy"\n'
COSTLY = {"quantity": "accuracy", "unit": "", "truth": None, "stderr": None, "wall_s": 5.0}
GAIN = {"quantity": "gain", "unit": "", "truth": None}


def validity(board, records, toml=VALIDITY):
    return report.make(board(records, toml)).sections[0]


def points(record, n, **orders):
    """Outcomes 0, 1, 2, ... of n cases, and measures that have them in these orders."""
    found = [record("trained", f"c{i:02}", 0, i / n, **COSTLY) for i in range(n)]
    for name, values in orders.items():
        found += [record(name, f"c{i:02}", 0, float(v), **GAIN) for i, v in enumerate(values)]
    return found


def test_the_finding_needs_ten_points_six_clusters_and_an_interval_above_zero(board, record):
    def told(records, toml=VALIDITY):
        found = validity(board, records, toml)
        return found.surely, found.leaders(), found.finding

    sure = told(points(record, 10, good=range(10), bad=range(10)[::-1]))
    assert sure[:2] == (True, ["good"])
    assert sure[2] == (
        "Closest to accuracy: good, Spearman 1.00 [1.00, 1.00]; better than 1 of 1 other measure."
    )
    few = told(points(record, 9, good=range(9)))
    assert few[:2] == (False, [])
    assert few[2].endswith("(9 points are too few).")
    rng = np.random.default_rng(0)
    near = np.arange(30) + rng.normal(size=(2, 30)) * 6
    equal = validity(board, points(record, 30, one=near[0], two=near[1]))
    low, high = equal.rows[0].spearman_interval
    assert low < equal.rows[0].spearman < high
    assert f" [{low:.2f}, {high:.2f}]; not surely better than any of 1 other" in equal.finding
    noise = told(points(record, 30, noise=rng.normal(size=30)))
    assert not noise[0]
    assert noise[2].endswith("(the interval holds zero).")
    clustered = points(record, 10, good=range(10))
    from harness_boards import statistics

    for clusters, enough in ((statistics.FEWEST - 1, False), (statistics.FEWEST, True)):
        cut = "".join(
            f"g{j} = [{', '.join(chr(34) + f'c{i:02}' + chr(34) for i in range(10) if i % clusters == j)}]\n"
            for j in range(clusters)
        )
        found = told(clustered, VALIDITY + "[sections.cluster]\n" + cut)
        assert found[0] is enough
        assert (f"{clusters} independent clusters are too few" in found[2]) is not enough
    six = validity(board, points(record, statistics.FEWEST, noise=(2, 0, 5, 3, 1, 4)))
    assert six._doubt((-1.0, 1.0)) == f"{statistics.FEWEST} points are too few"
    six = dataclasses.replace(six, points=("",) * 10)
    assert six._doubt((-1.0, 1.0)) == "the interval holds zero"
    assert six._doubt(None) == "no interval"
    one, two = (dataclasses.replace(six, clusters=k)._doubt(None) for k in (1, 2))
    assert one == "the points are one independent cluster"
    assert two == "2 independent clusters are too few"
    flat = told(points(record, 10, flat=np.ones(10)))
    assert flat == (False, [], "Cannot tell: no measure has a correlation over all points.")


def test_measures_stand_by_their_correlation_and_incomplete_ones_below(board, record):
    n = 12
    records = points(record, n, b=range(n), a=range(n), worst=range(n)[::-1])
    records += [record("part", f"c{i:02}", 0, float(i), **GAIN) for i in range(n - 1)]
    records += [record("two", f"c{i:02}", 0, float(i), **GAIN) for i in range(2)]
    found = validity(board, records)
    assert [p.row.label for p in found.rows] == ["a", "b", "worst", "part", "two"]
    assert [p.row.label for p in found.compared] == ["a", "b", "worst"]
    assert found.leaders() == ["a", "b"]
    assert "better than 1 of 1 other measure" in found.finding
    assert (found.clusters, found.notes) == (12, ("12 points in 12 independent clusters",))
    assert found.title == "what predicts accuracy"
    marked = [c.best for _, cells in found.tables()[0].rows for c in cells[2:3]]
    assert marked == [True, True, False, False, False]


def test_of_lower_outcomes_the_sign_is_turned(board, record):
    loss = {"quantity": "loss", "unit": "", "truth": None, "stderr": None}
    records = [record("trained", f"c{i:02}", 0, -float(i), **loss) for i in range(12)]
    records += [record("good", f"c{i:02}", 0, float(i), **GAIN) for i in range(12)]
    found = validity(board, records, VALIDITY.replace("accuracy", "loss"))
    assert found.rows[0].spearman == 1.0
    assert found.outcome_values == tuple(-float(i) for i in range(12))


def test_one_point_is_no_finding(board, record):
    found = validity(board, points(record, 1, good=[0.0]))
    assert found.finding == "Cannot tell: no measure has a correlation over all points."
    assert found.notes == ("1 points in 1 independent cluster",)


def test_the_best_is_marked_beside_a_bar_from_minus_one_to_one(board, record):
    found = validity(board, points(record, 12, good=range(12), bad=range(12)[::-1]))
    good, bad = found._figures_of()
    assert [f.best for f in good] == [i == 2 for i in range(len(good))]
    assert not any(f.best for f in bad)
    assert (good[2].text, bad[2].text) == ("1.0", "-1.0")
    bars = Bars(-1.0, 1.0)
    for row, p in zip((good, bad), found.rows, strict=True):
        assert row[3] == bars.figure(p.spearman, p.spearman_interval)


@pytest.mark.parametrize(("per", "kept"), [("case", "y"), ("path", "xy")])
def test_a_row_has_the_records_of_its_models_or_of_any_on_paths(board, record, per, kept):
    found = validity(board, points(record, 4, good=range(4)), f'{VALIDITY}per = "{per}"\n')
    mine = {name: record("good", name, **GAIN) for name in "xyz"}
    groups = {
        (("m/x",), "e/good", ""): [mine["x"]],
        ((), "e/good", ""): [mine["y"]],
        ((), "e/other", ""): [mine["z"]],
    }
    assert found.records(groups) == [[mine[name] for name in kept]]


def test_a_row_has_the_records_of_the_tasks_of_its_section(board, record):
    records = points(record, 4, good=range(4))
    (task,) = {r.task for r in records}
    found = validity(board, records, f'{VALIDITY}tasks = ["{task}"]\n')
    other = dataclasses.replace(record("good", "z", **GAIN), task="elsewhere/other")
    groups = {((), "e/good", ""): [records[-1], other]}
    assert found.records(groups) == [[records[-1]]]


def test_measures_of_another_quantity_are_no_part_of_a_section_of_one(board, record):
    records = points(record, 4, good=range(4))
    lost = [
        record("other", f"c{i:02}", 0, float(i), **GAIN | {"quantity": "loss"}) for i in range(4)
    ]
    found = validity(board, [*records, *lost], f'{VALIDITY}quantity = "gain"\n')
    assert [p.row.label for p in found.rows] == ["good"]
    groups = {((), "e/good", ""): [records[-1], dataclasses.replace(records[-1], quantity="loss")]}
    assert found.records(groups) == [[records[-1]]]
    assert [p.row.label for p in validity(board, [*records, *lost]).rows] == ["good", "other"]


def test_a_correlation_of_zero_stands_between_those_above_and_below(board, record):
    """Ranks 1, 3, 0, 2 against 0 to 3: 1 - 6 * 10 / 60."""
    orders = {"zero": (1, 3, 0, 2), "worse": (3, 1, 2, 0), "better": (0, 2, 1, 3)}
    found = validity(board, points(record, 4, **orders))
    assert [p.row.label for p in found.rows] == ["better", "zero", "worse"]
    assert found.rows[1].spearman == pytest.approx(0.0, abs=1e-12)
    assert [p.row.label for p in found._best()] == ["better"]
    del orders["better"]
    assert [p.row.label for p in validity(board, points(record, 4, **orders))._best()] == ["zero"]


def test_measures_of_equal_names_in_two_tasks_are_points_of_their_own(board, record):
    first = points(record, 4, good=range(4))
    second = [dataclasses.replace(r, task="toy/second") for r in first]
    found = validity(board, [*first, *second])
    assert (len(found.points), found.clusters) == (8, 8)


def test_the_plain_form_has_the_values_of_points_and_says_what_is_missing(board, record):
    found = validity(board, points(record, 4, good=range(4), flat=np.ones(4)))
    good, flat = found.plain()["rows"]
    assert (good["quantity"], good["values"]) == ("gain", [0.0, 1.0, 2.0, 3.0])
    assert len(list(found.csv_rows())) >= 2
    assert found.state(good).startswith("1.0")
    assert found.state(flat).startswith("– (4)")


@pytest.mark.parametrize("rows", [TALL - 1, TALL, TALL + 1])
def test_more_than_thirty_measures_make_a_tall_table(board, record, rows, monkeypatch):
    names = [f"m{i:02}" for i in range(rows)]
    found = validity(board, points(record, 4, **dict.fromkeys(names, range(4))))
    monkeypatch.setattr(sections.validity.html, "render", lambda _, **parts: parts["tall"])
    monkeypatch.setattr(sections.validity.scatter, "of_validity", lambda *_: None)
    monkeypatch.setattr(sections.validity, "card", lambda *_: None)
    assert found.page(
        SimpleNamespace(identity="i", home="", made=[None] * rows, contents=None)
    ) is (rows > TALL)


def test_points_without_facts_have_none_to_be_ordered_within(board, record):
    bare = [dataclasses.replace(r, facts={}) for r in points(record, 4, good=range(4))]
    with pytest.raises(UsageError, match="or one of none"):
        validity(board, bare, VALIDITY + 'within = "law"\n')


def test_the_outcome_in_words_and_the_heads_of_the_page(board, record):
    records = [record("trained", f"c{i:02}", 0, float(i), truth=None) for i in range(12)]
    records += [record("good", f"c{i:02}", 0, float(i), **GAIN) for i in range(12)]
    found = validity(board, records, VALIDITY.replace("accuracy", "information"))
    assert (found.outcome_words, found.outcome_plain) == ("information [nats]", "information")
    assert validity(board, points(record, 4, good=range(4))).outcome_words == "accuracy"
    # words stand at the left, numbers at the right, and sort from the largest but for the time
    assert [h.left for h in HEADS] == [True, True] + [False] * 7
    assert [h.name for h in HEADS if h.first == "descending"] == [
        "points",
        "Spearman ↑",
        "95 % interval",
        "Kendall ↑",
        "95 % interval of Kendall's",
        "saving",
    ]


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ('per = "model"\n', "wanted case, path, or parameters"),
        ('per = ""\n', "wanted case, path, or parameters"),
        ('outcomes = ["gain"]\n', "names its outcome"),
        ('within = "case"\n', 'needs per = "path"'),
        ('ends = ["m/x"]\n', "a case has no models"),
        ('within = "law"\n', "no such fact; wanted task, case, or one of n"),
    ],
)
def test_definitions_that_make_no_section(board, record, toml, says):
    with pytest.raises(UsageError, match=says):
        validity(board, points(record, 4, good=range(4)), VALIDITY + toml)


def test_a_section_without_measures_or_outcome(board, record):
    with pytest.raises(UsageError, match="nothing but the outcome accuracy"):
        validity(board, points(record, 4))
    with pytest.raises(UsageError, match="names its outcome"):
        validity(board, points(record, 4, good=range(4)), '[[sections]]\nkind = "validity"\n')
