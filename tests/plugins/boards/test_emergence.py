"""Sections of emergence, and points and rows that parameters tell apart."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import UsageError
from harness_boards import definition, page, report
from harness_boards.sections.emergence import half_way

STEPS = (1, 2, 4, 8, 16)
TOML = """[[sections]]
kind = "emergence"
x = "net*.at"
outcome = "e/loss"
per = "net*.width"
cluster = "case"
"""
VALIDITY = """[[sections]]
kind = "validity"
outcome = "e/loss"
per = "net*.width, net*.at"
cluster = "case"
"""


def trained(record, estimator, model, curve, *, cases=6, seeds=2, widths=(8, 16)):
    """Values ``curve(step)`` of one estimator behind a model that is read at steps."""
    return [
        record(
            estimator, f"c{case}", seed, curve(step) + 0.01 * case, models=(f"m/{model}",),
            params={"task": {"n": 10}, "models": [{"at": step, "width": width}], "estimator": {}},
        )
        for case in range(cases) for seed in range(seeds) for width in widths for step in STEPS
    ]  # fmt: skip


def test_the_half_of_a_way_is_where_a_line_crosses_it():
    x = np.arange(4.0)
    assert half_way(x, np.array([0.0, 0.0, 1.0, 1.0])) == 1.5
    assert half_way(x, np.array([3.0, 2.0, 1.0, 1.0])) == 1.0
    assert np.isnan(half_way(x, np.array([0.0, 1.0, 1.0, 0.2])))  # up and down again
    assert np.isnan(half_way(x, np.ones(4)))
    assert np.isnan(half_way(x[:2], np.arange(2.0)))


@given(
    st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=9),
    st.floats(0.1, 10),
    st.floats(-10, 10),
)
def test_half_way_does_not_depend_on_scale_sign_and_origin(y, scale, shift):
    x, y = np.arange(float(len(y))), np.round(y, 3)
    if np.ptp(y) and abs(abs(y[-1] - y[0]) / np.ptp(y) - 0.5) > 1e-6:
        for sign in (scale, -scale):
            np.testing.assert_allclose(half_way(x, sign * y + shift), half_way(x, y), atol=1e-6)


def test_measures_stand_in_the_order_in_which_they_emerge(board, record):
    """Steps at 2^2 in the loss, 2^1 and 2^3 in the others; the last one goes nowhere."""
    records = [
        *trained(record, "loss", "net", lambda t: 2.0 - (t >= 4) - 0.5 * (t == 2)),
        *trained(record, "early", "net-states", lambda t: float(t >= 2) + 0.5 * (t == 1)),
        *trained(record, "late", "net-states", lambda t: float(t >= 16) + 0.5 * (t == 8)),
        *trained(record, "none", "net", lambda t: float(t == 4)),
    ]
    (made,) = report.make(board(records, TOML)).sections
    assert [o.row.label for o in made.rows][-1] == "net ▸ none"
    by = {o.row.estimator: o for o in made.rows}
    assert (by["e/loss"].later, by["e/loss"].rises) == (0, 0)
    assert by["e/loss"].at == pytest.approx(2.0)
    assert by["e/late"].later == pytest.approx(2.0)
    assert by["e/late"].interval == pytest.approx((2.0, 2.0))
    assert (by["e/late"].rises, by["e/late"].ways, by["e/late"].series) == (24, 24, 24)
    assert (by["e/none"].ways, by["e/none"].later) == (0, None)
    assert "Later than loss, each with 95 % by itself: late." in made.finding
    assert b'"ways": 24' in report.make(board(records, TOML)).files()["board.json"]
    assert "Half way: where along the axis" in page.page(report.make(board(records, TOML))).decode()
    moved = report.plain(report.make(board(records, TOML)))["sections"]
    assert report.changes(moved, moved) == []


def test_an_emergence_section_names_what_it_lacks(board, record):
    records = trained(record, "loss", "net", float)
    for old, new, found in [
        ('x = "net*.at"\n', "", "names its x"),
        ('outcome = "e/loss"\n', "", "names its outcome"),
        ("e/loss", "e/los", "unknown outcome 'e/los'"),
        ('per = "net*.width"', 'per = "width"', "wanted parameters"),
        ('x = "net*.at"', 'x = "net*.at"\nscale = "root"', "wanted linear or log"),
    ]:
        with pytest.raises(UsageError, match=found):
            report.make(board(records, TOML.replace(old, new)))


def test_points_are_told_apart_by_parameters_whatever_reads_them(board, record):
    """The outcome and a measure behind another model share the networks."""
    records = [
        *trained(record, "loss", "net", float),
        *trained(record, "like", "net-states", lambda t: t**2.0),
        *trained(record, "like", "net-other", lambda t: -(t**2.0)),
    ]
    (made,) = report.make(board(records, VALIDITY + 'within = "case"\n')).sections
    assert len(made.points) == 6 * 2 * len(STEPS)
    found = {p.row.label: p.spearman for p in made.rows}
    assert found == pytest.approx({"net-states ▸ like": 1.0, "net-other ▸ like": -1.0})
    assert "known:c0 (at=16, width=8)" in made.points
    with pytest.raises(UsageError, match="wanted case, path, or parameters"):
        report.make(board(records, VALIDITY.replace("net*.width, net*.at", "width")))


def test_a_sweep_is_every_combination_of_its_values(tmp_path):
    text = """[[paths]]
tasks = ["t"]
[paths.params.m]
a = 1
[paths.sweep.m]
b = [1, 2]
[paths.sweep.n]
c = ["x", "y", "z"]
"""
    (tmp_path / "board.toml").write_text(text)
    params = [r.params for r in definition.load(tmp_path).requests]
    assert len(params) == 6
    assert params[0] == {"m": {"a": 1, "b": 1}, "n": {"c": "x"}}
    assert params[-1] == {"m": {"a": 1, "b": 2}, "n": {"c": "z"}}
    for old, new, found in [
        ("b = [1, 2]", "b = 1", "sweep.m.b is 1; wanted a list of values"),
        ("b = [1, 2]", "a = [1, 2]", "m.a is both in params and in sweep"),
        ("b = [1, 2]", "b = []", "wanted a list of values"),
        ("[paths.sweep.m]\nb = [1, 2]", "[paths.sweep]\nm = 3", "sweep.m is 3; wanted a table"),
    ]:
        (tmp_path / "board.toml").write_text(text.replace(old, new))
        with pytest.raises(UsageError, match=found):
            definition.load(tmp_path)
