"""Plots, as text: what is drawn, in whose colours, under which ids."""

import re
import subprocess
import sys

import numpy as np
import pytest

from harness.errors import MissingDependency
from harness_boards import plots, report, scatter, svg


@pytest.fixture
def section(record, board):
    """The first section of a board: ``section(rows, cases, facts)``."""

    def make(rows=3, cases=4, facts=lambda i: {"d": 2**i}, toml="", **change):
        records = [
            record(f"row{r}", f"c{i}", s, 1 + 0.1 * (r + 1) * (i + 1) + 0.01 * s, facts=facts(i), wall_s=1.0 + r, **change)
            for r in range(rows) for i in range(cases) for s in range(2)
        ]  # fmt: skip
        return report.make(board(records, toml)).sections[0]

    return make


def captions(found):
    return [figure.caption.partition(":")[0].partition(";")[0] for figure in found.figures]


def test_accuracy_has_error_and_bias_cost_and_ranks(section):
    found = plots.of_ranked(section(), "s0")
    assert captions(found) == [
        "|error| and bias against d",
        "|error| cut at 1 against cost",
    ]
    assert [label for label, _ in found.legend] == ["row0", "row1", "row2"]
    error = found.figures[0].svg
    assert "bias [nats]" in error
    assert "At d 1 the best is row0" in error


def test_ranking_has_its_value(section):
    found = plots.of_ranked(section(quantity="gain", unit="", truth=None, stderr=None), "s0")
    assert captions(found) == ["gain against d", "Gain against cost"]
    assert "bias" not in found.figures[0].svg


def test_only_what_means_something_is_drawn(section):
    assert captions(plots.of_ranked(section(rows=1), "s0")) == ["|error| and bias against d"]
    assert captions(plots.of_ranked(section(rows=2, cases=1), "s0")) == [
        "|error| cut at 1 against cost"
    ]
    assert plots.of_ranked(section(rows=1, cases=1), "s0") == plots.Plots()


def test_a_fact_that_is_text_or_constant_or_true_or_missing_is_no_axis(section):
    found = plots.of_ranked(
        section(
            facts=lambda i: {"law": f"l{i}", "n": 7, "flag": i % 2 == 0} | ({"d": 3} if i else {})
        ),
        "s0",
    )
    assert captions(found) == ["|error| cut at 1 against cost"]


def test_the_truth_is_an_axis_where_it_varies(record, board):
    records = [
        record(e, f"c{i}", 0, i + 0.1, truth=float(i), facts={}) for e in "ab" for i in range(5)
    ]
    found = plots.of_ranked(report.make(board(records)).sections[0], "s0")
    assert captions(found)[0] == "|error| and bias against truth"


def test_a_task_of_its_own_has_its_own_panel_and_too_many_are_named(record, board):
    facts = {f"f{j}": 0 for j in range(plots.MOST + 2)}
    records = [
        record(e, f"c{i}", 0, 1.1 + i, facts={k: i for k in facts}, task=f"t/{task}")
        for e in "ab" for i in range(2) for task in ("one", "two")
    ]  # fmt: skip
    found = plots.of_ranked(report.make(board(records)).sections[0], "s0")
    assert len(found.figures) == plots.MOST + 1
    assert f"two against f{plots.MOST + 1}" in found.notes[-1]


def test_many_values_are_gathered_in_bins():
    x = np.arange(100.0)
    y = np.stack([x, np.full(100, np.nan)])
    at, means = plots._gathered(x, y)
    assert len(at) == plots.BINS
    np.testing.assert_allclose(means[0], at)
    assert np.isnan(means[1]).all()
    at, means = plots._gathered(np.array([1.0, 1.0, 2.0]), np.array([[1.0, 3.0, 5.0]]))
    assert at.tolist() == [1.0, 2.0]
    assert means.tolist() == [[2.0, 5.0]]


def test_rows_beyond_the_first_eight_are_grey(section):
    found = plots.of_ranked(section(rows=10), "s0")
    assert len(found.legend) == plots.SHOWN
    assert "the other 2 in grey" in found.notes[0]
    assert "var(--plot-rest)" in found.figures[0].svg
    assert "var(--plot-7)" in found.figures[0].svg


def test_every_row_has_a_marker_and_a_line_of_its_own():
    assert len(set(plots.MARKERS)) == plots.SHOWN == len(plots.LINES)
    styles = [(plots.MARKERS[i], str(plots.LINES[i])) for i in range(plots.SHOWN)]
    assert len(set(styles)) == plots.SHOWN


def test_drawings_have_names_own_ids_and_the_pages_colours(section):
    found = plots.of_ranked(section(), "s0")
    ids = []
    for figure in found.figures:
        text = figure.svg
        assert text.startswith("<svg ")
        assert 'role="img"' in text
        assert 'aria-label="' in text
        assert "<title>" in text
        assert "<desc>" in text
        assert "style=" not in text
        assert "<style" not in text
        assert "matplotlib" not in text.lower()
        assert not re.search(r"#f[12]\w{5}", text)
        drawn = re.sub(r"<(title|desc)>.*?</|aria-label=\".*?\"", "", text)
        assert not re.search(r"\d\.\d{3}", drawn), "coordinates are rounded"
        assert "font-family" not in text
        ids += re.findall(r'\bid="([^"]+)"', text)
    assert len(set(ids)) == len(ids)
    assert all('aria-hidden="true"' in swatch for _, swatch in found.legend)


def test_labels_are_text_not_formulas_not_markup(record, board):
    name = "a$b$<i>&^_{2}"
    records = [record(e, f"c{i}", 0, 1.1 + i, facts={name: i}) for e in "ab" for i in range(3)]
    found = plots.of_ranked(report.make(board(records)).sections[0], "s0")
    assert "a$b$&lt;i&gt;&amp;^_{2}</text>" in found.figures[0].svg
    assert "<i>" not in found.figures[0].svg


def test_letters_that_matplotlib_cannot_draw_are_no_warning(record, board):
    records = [
        record(e, f"c{i}", 0, 1.1 + i, facts={"大きさ 🦆": i}) for e in "ab" for i in range(3)
    ]
    assert "🦆" in plots.of_ranked(report.make(board(records)).sections[0], "s0").figures[0].svg


def test_drawings_are_the_same_again_whatever_the_users_settings(section):
    import matplotlib

    one = section()
    first = plots.of_ranked(one, "s0")
    plots.swatch.cache_clear()
    with matplotlib.rc_context({"axes.facecolor": "red", "font.size": 30, "lines.linewidth": 9}):
        assert plots.of_ranked(one, "s0") == first


def test_ranks_are_drawn_where_rows_are_separated(record, board):
    records = [
        record(e, f"c{i}", 0, 1.0 + x + 0.01 * i)
        for e, x in (("good", 0.1), ("poor", 0.5)) for i in range(8)
    ]  # fmt: skip
    found = plots.of_ranked(report.make(board(records)).sections[0], "s0")
    assert captions(found)[-1].startswith("Ranks that the verdicts leave open")
    assert "good 1; poor 2." in found.figures[-1].svg


def test_a_divergence_does_not_flatten_a_plot(section, record, board):
    records = [
        record(e, f"c{i}", 0, 1.0 + x * (i + 1), facts={"d": i})
        for e, x in (("good", 0.01), ("wild", 0.02)) for i in range(6)
    ]  # fmt: skip
    records[-1] = record("wild", "c5", 0, 1e12, facts={"d": 5})
    (against, *_) = plots.of_ranked(report.make(board(records)).sections[0], "s0").figures
    assert "1e+12" not in against.svg
    assert "e11" not in against.svg


def test_validity_scatters_each_measure_with_its_correlation(record, board):
    def scored(e, i, value, quantity):
        return record(
            e, f"c{i}", 0, value, quantity=quantity, unit="", truth=None, stderr=None, facts={}
        )

    records = [scored("slow", i, float(i), "gain") for i in range(9)]
    records += [scored("quick", i, -(10.0**i), "loss") for i in range(9)]
    toml = '[[sections]]\nkind = "validity"\nquantity = "loss"\noutcome = "gain"\n'
    (figure,) = scatter.of_validity(report.make(board(records, toml)).sections[0], "s0").figures
    assert figure.caption.startswith("quick: Spearman 1.00")
    assert "9 points" in figure.svg


def test_no_matplotlib_until_a_page_is_made_and_without_it_the_command_is_named(monkeypatch):
    code = "import sys, harness_boards.page, harness_boards.site; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with (
        pytest.raises(MissingDependency, match=r"pip install 'infoharness\[boards\]'"),
        svg.drawing(10, 10),
    ):
        pass


def test_labels_of_ticks_and_names_of_points_do_not_touch():
    """Uneven positions, and points that lie on each other."""
    from matplotlib.ticker import FixedLocator

    from harness_boards.axes import spread, thin

    with svg.drawing(300, 200) as figure:
        axes = figure.add_subplot()
        axes.plot([150, 178, 1000], [0, 1, 2])
        axes.xaxis.set_major_locator(FixedLocator([150, 178, 1000]))
        axes.set(xlim=(100, 1050), ylim=(-0.2, 2.2))
        for _ in range(3):
            axes.annotate("a name", (150, 1), (8, 0), textcoords="offset points")
        before = [name.get_window_extent() for name in axes.texts]
        assert before[0].overlaps(before[1])
        spread(axes)
        thin(axes)
        shown = [label.get_text() for label in axes.get_xticklabels() if label.get_visible()]
        assert shown == ["150", "1000"]
        boxes = [name.get_window_extent() for name in axes.texts]
        assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_a_narrow_logarithmic_axis_tells_its_ticks_apart(section):
    from harness_boards.axes import locate

    with svg.drawing(300, 200) as figure:
        axes = figure.add_subplot()
        axes.plot([0.00149, 0.00153], [0, 1])
        axes.set_xscale("log")
        locate(axes)
        shown = [label.get_text() for label in axes.get_xticklabels()]
        assert len(set(shown)) == len(shown) <= 6
