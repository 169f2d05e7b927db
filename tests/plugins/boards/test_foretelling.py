"""Measures against costly outcomes over the fields of several boards."""

import numpy as np
import pytest

from harness import UsageError
from harness_boards import building, checking, concordance, definition, report
from harness_boards.concordance import Correlation, Points, correlate, over_chains, over_fields

FIELD = '[[sections.fields]]\nname = "{0}"\nboard = "{0}"\noutcome = "{1}"\n'


@pytest.fixture
def reader(tmp_path):
    """Makes a board that has no records of its own from its fields."""

    def make(fields):
        folder = tmp_path / "leaderboards" / "what"
        folder.mkdir(parents=True)
        (folder / "board.toml").write_text('[[sections]]\nkind = "foretelling"\n' + fields)
        return definition.load(folder)

    return make


@pytest.fixture
def boards(board, record, reader):
    """Two boards with an outcome each, one of them better when lower, and a board that reads both."""
    rng = np.random.default_rng(0)
    for name, outcome, sign in (("nets", "accuracy", 1.0), ("texts", "loss", -1.0)):
        records = []
        for i in range(12):
            y = i / 12
            for who, value in (("costly", sign * y), ("good", y), ("noise", rng.random())):
                told = {"quantity": outcome, "unit": ""} if who == "costly" else {}
                seconds = 8.0 if who == "costly" else 2.0
                records.append(
                    record(who, f"c{i:02}", value=value, truth=None, wall_s=seconds, **told)
                )
        board(records, name=name)
    fields = FIELD.format("nets", "accuracy") + FIELD.format("texts", "loss")
    return reader(fields)


def test_one_row_a_measure_over_fields_with_the_sign_of_each_outcome(boards):
    section = report.make(boards).sections[0]
    rows = {m.row.label: m for m in section.rows}
    assert section.leaders() == ["good"]
    good = rows["good"]
    assert (good.value, good.averaged, good.points, good.saving) == (1.0, 2, 24, 4.0)
    low, high = rows["noise"].interval
    assert low < 0 < high
    assert "Cheaper than the outcome among them, 2 times or more: good (4 times)" in section.finding


def test_a_board_without_records_of_its_own_is_built_checked_and_first(boards):
    root = boards.folder.parent
    building.build_all(root)
    assert checking.problems(definition.load(boards.folder)) == []
    assert [b.name for b in definition.every(root)] == ["what", "nets", "texts"]
    text = (root / "README.md").read_text()
    assert text.index("what/table.md") < text.index("nets/table.md")


def test_a_board_that_is_read_takes_its_readers_along(boards):
    root = boards.folder.parent
    building.build_all(root)
    (boards.folder / "table.md").write_text("old")
    building.build_all_of(definition.load(root / "nets"))
    assert checking.problems(definition.load(boards.folder)) == []


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("", "has fields"),
        ('[[sections.fields]]\nname = "a"\noutcome = "b"\n', "board is missing"),
        (FIELD.format("a", "b") * 2, "two fields are named 'a'"),
        (FIELD.format("a", "b") + "colour = 1\n", "colour"),
        (FIELD.format("a", "b") + 'scores = ["c"]\n', 'per = "path"'),
        (FIELD.format("nowhere", "b"), "nowhere"),
    ],
)
def test_wrong_fields_are_refused_by_name(reader, toml, says):
    with pytest.raises(UsageError, match=says):
        report.make(reader(toml))


def test_scores_are_measures_of_the_method_that_was_scored(board, record, reader):
    records = [
        record(f"pick{j}", f"c{i}", truth=None, scores={"gain": g, "loss": -g})
        for i in range(6)
        for j, g in enumerate((0.1, 0.2, 0.3, 0.4))
    ]
    board(records, name="picks")
    extra = 'per = "path"\nwithin = "case"\nscores = ["gain"]\n'
    made = reader(FIELD.format("picks", "loss") + extra)
    (gain,) = report.make(made).sections[0].rows
    assert (gain.row.label, gain.value, gain.points) == ("gain", 1.0, 24)


def test_one_field_and_one_chain_are_the_plain_correlation():
    rng = np.random.default_rng(1)
    y, x = rng.random((2, 12))
    one = correlate("spearman", x, Points(y, np.zeros(12, dtype=int), np.arange(12)))
    mean = over_fields([over_chains([one, one])])
    assert mean.value == pytest.approx(one.value)
    assert mean.interval == pytest.approx(one.interval)


def test_a_field_without_an_interval_counts_only_where_none_has_one():
    rng = np.random.default_rng(2)
    y, x = rng.random((2, 12))
    one = correlate("spearman", x, Points(y, np.zeros(12, dtype=int), np.arange(12)))
    bare = Correlation(0.9, None, 1, np.empty(0), np.empty(0, dtype=int))
    assert over_fields([one, bare]) == over_fields([one])
    assert (over_fields([bare]).value, over_fields([bare]).p) == (0.9, 1.0)


@pytest.mark.slow
def test_the_interval_over_fields_holds_a_true_zero():
    """Three fields of 10 points each: at least 0.93 of 400 intervals (0.95 less two errors)."""
    rng, points = np.random.default_rng(3), np.arange(10)
    held = 0
    for _ in range(400):
        fields = [
            concordance.correlate(
                "spearman", rng.random(10), Points(rng.random(10), np.zeros(10, dtype=int), points)
            )
            for _ in range(3)
        ]
        low, high = over_fields(fields).interval
        held += low <= 0 <= high
    assert held / 400 > 0.93
