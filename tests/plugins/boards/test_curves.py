"""Curves sections: values along facts, parameters and curves, with truth and band."""

import numpy as np
import pytest

from harness import Curve, UsageError
from harness_boards import axes, curvefindings, page, report, site
from harness_boards.lines import Line, Panel

TOML = '[[sections]]\nkind = "curves"\ntitle = "over d"\n'


def test_a_line_is_the_mean_over_seeds_with_its_band_and_the_truth(board, record):
    records = [
        record(e, f"c{d}", s, v * d + s, truth=2.0 * d, facts={"d": d})
        for e, v in (("a", 1.0), ("b", 2.0)) for d in (1, 2, 4) for s in (0, 1)
    ]  # fmt: skip
    made = report.make(board(records, f'{TOML}x = "d"\n'))
    (panel,) = made.sections[0].panels
    a, _ = panel.lines
    assert (panel.title, panel.x, panel.unit) == ("information", "d", "nats")
    assert (a.x.tolist(), a.y.tolist()) == ([1.0, 2.0, 4.0], [1.5, 2.5, 4.5])
    assert a.high - a.y == pytest.approx(np.full(3, np.sqrt(0.5)))
    assert panel.truth.y.tolist() == [2.0, 4.0, 8.0]
    text = made.files()["table.csv"].decode()
    assert "over d,curves,a,,e/a,information at d 4,4.5,3.79289,5.20711" in text
    assert "over d,curves,truth,,,information at d 4,8.0,8.0,8.0" in text
    html = page.page(made).decode()
    assert "stroke-dasharray" in html
    assert "a from 1.500 to 4.500; b from 2.500 to 8.500; truth from 2.000 to 8.000." in html
    assert f"over d: {made.sections[0].finding}" in site.readme([made])
    moved = report.plain(made)["sections"]
    assert report.changes(moved, moved) == []


def test_facts_make_panels_and_a_missing_one_is_named(board, record):
    records = [
        record("a", f"c{d}{site}", 0, 1.0, facts={"d": d, "site": site})
        for d in (1, 2) for site in ("pre", "post")
    ]  # fmt: skip
    found = report.make(board(records, f'{TOML}x = "d"\nby = "site"\n')).sections[0]
    assert [p.title for p in found.panels] == ["information, site post", "information, site pre"]
    with pytest.raises(UsageError, match="by 'place': t/known:c1post has no such fact"):
        report.make(board(records, f'{TOML}x = "d"\nby = "place"\n'))
    with pytest.raises(UsageError, match="no record has the fact or parameter 'depth'"):
        report.make(board(records, f'{TOML}x = "depth"\n'))
    with pytest.raises(UsageError, match="names its x"):
        report.make(board(records, TOML))


def test_a_parameter_is_an_axis_and_its_settings_are_one_line(board, record):
    params = [{"task": {"n": 10}, "models": [], "estimator": {"k": k, "how": "x"}} for k in (3, 5)]
    records = [record("a", "c", 0, float(i), params=p) for i, p in enumerate(params)]
    (panel,) = report.make(board(records, f'{TOML}x = "a.k"\n')).sections[0].panels
    (line,) = panel.lines
    assert (line.label, line.x.tolist(), line.y.tolist()) == ("a", [3.0, 5.0], [0.0, 1.0])


def test_curves_of_estimators_with_the_exact_one_as_truth(board, record):
    def curve(shift):
        x = np.array([0.1, 0.2, 0.4])
        return {"curve": Curve(x, 1 - x + shift, "distortion", "rate").plain()}

    records = [
        record(e, "c", s, 1.0, diagnostics=curve(shift * (1 + s)))
        for e, shift in (("exact", 0.0), ("near", 0.1)) for s in (0, 1)
    ]  # fmt: skip
    toml = f'{TOML}x = "curve"\ntruth = "exact"\n'
    (panel,) = report.make(board(records, toml)).sections[0].panels
    assert (panel.title, panel.x, panel.truth.label) == ("rate", "distortion", "exact")
    (line,) = panel.lines
    assert line.y == pytest.approx([1.05, 0.95, 0.75])
    assert line.high - line.y == pytest.approx(np.full(3, 0.1 / np.sqrt(2)))


def test_points_that_a_table_prints_alike_share_a_row(board, record):
    x = np.array([0.1, 0.2, 0.4])
    records = [
        record(e, "c", 0, 1.0, diagnostics={"curve": Curve(at, 1 - x, "distortion", "rate").plain()})
        for e, at in (("exact", x), ("near", x + 1e-9))
    ]  # fmt: skip
    made = report.make(board(records, f'{TOML}x = "curve"\ntruth = "exact"\n'))
    (table,) = made.sections[0].tables()
    assert [(name, [c.value for c in cells]) for name, cells in table.rows] == [
        ("0.1", [0.9, 0.9]), ("0.2", [0.8, 0.8]), ("0.4", [0.6, 0.6])
    ]  # fmt: skip


def test_an_axis_is_cut_at_robust_limits_and_says_how_many_lie_beyond(board, record):
    records = [
        record("a", f"c{d}", 0, 1e9 if d == 30 else float(d), truth=None, facts={"d": d})
        for d in range(40)
    ]  # fmt: skip
    found = report.make(board(records, f'{TOML}x = "d"\n')).sections[0]
    html = page.page(report.make(board(records, f'{TOML}x = "d"\n'))).decode()
    assert "(1 points off the scale)" in html or "(1 point off the scale)" in html
    low, high, off = axes.reach(found.panels[0].lines[0].y)
    assert (low, off) == (0.0, 1)
    assert 37 < high < 160


def line(means, sd, seeds, label="a"):
    """A line over 0, 1, 2 ..., with the band that this many seeds have."""
    y = np.array(means, float)
    band = np.broadcast_to(np.asarray(sd, float), y.shape)
    return Line(
        label,
        (),
        f"e/{label}",
        np.arange(len(y)) * 1.0,
        y,
        y - band,
        y + band,
        np.full(len(y), seeds),
    )


def found(*lines, truth=None):
    return curvefindings.of_curves([Panel("gain", "depth", "gain", "nats", "linear", lines, truth)])


def test_a_finding_says_only_what_is_sure():
    # Ten seeds, sd 0.1: a mean has the error 0.0316, and Student's t of 9 for six pairs with 95 % is 3.81.
    peak = line([0, 1, 0.95, 0], 0.1, 10)
    assert (
        found(peak)
        == "Sure, with 95 % each: gain along depth: a greatest inside, between 1 and 2 (1.00 ± 0.12)."
    )
    assert "a least inside, at 2 (-1.00 ± " in found(line([0, -0.2, -1, 0], 0.1, 10))
    assert "a rising from end to end, by 3.00 ± 0.17." in found(line([0, 1, 2, 3], 0.1, 10))
    assert "a falling from end to end" in found(line([3, 1, 2, 0], 0.1, 10))
    # The same means with noise that hides them; two seeds of which nobody knows; one without an error.
    assert found(line([0, 1, 0.95, 0], 2.0, 10)) == ""
    assert found(line([0, 1, 0.95, 0], 0.1, 2)) == ""
    assert found(line([0, 1, 0.95, 0], 0.0, 1)) == ""
    # Two seeds that agree at one position by chance are not sure there.
    assert found(line([0, 1, 0, 0], [0.0, 0.0, 1.0, 1.0], 3)) == ""
    # Of many lines it is told how many do what.
    many = [
        line([0, 1, 0.95, 0], 0.1, 10, "b"),
        *(line([0, 1, 2, 3], sd, 10, f"c{sd}") for sd in (0.1, 0.2, 9.0)),
    ]
    assert (
        found(*many)
        == "Sure, with 95 % each: gain along depth: 1 greatest inside, 2 rising from end to end of 4 lines."
    )


def test_the_distance_to_the_truth_holds_with_its_error():
    truth = line([0, 1, 2, 3], 0.0, 1, "truth")
    assert (
        found(line([0, 1, 2.5, 3], 0.0, 3), truth=truth)
        == "From the truth at most, with 95 % each: a 0.50 nats (4 positions)."
    )
    assert found(line([0, 1, 2, 3], 0.0, 1), truth=truth) == ""  # one seed, no error: not known
    rng = np.random.default_rng(0)
    bounds, off = [], 0.3
    for _ in range(400):
        draws = rng.normal([0, 1, 2 + off, 3], 0.2, (5, 4))
        one = line(draws.mean(0), draws.std(0, ddof=1), 5)
        reach = np.abs(one.y - truth.y) + curvefindings.errors(one, 0.05 / 4)
        bounds.append(reach.max())
    assert np.mean(np.array(bounds) >= off) > 0.95


def test_sure_shapes_are_rarely_wrong():
    """A flat line has no shape; with three seeds and twelve positions fewer than 5 % are given one."""
    rng = np.random.default_rng(1)
    draws = rng.normal(0, 1, (1000, 3, 12))
    wrong = sum(bool(curvefindings.shape_of(line(d.mean(0), d.std(0, ddof=1), 3))) for d in draws)
    assert wrong < 50
