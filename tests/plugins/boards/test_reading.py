"""Records from files, as runs print them and as boards keep them."""

import math

import pytest

from harness import UsageError, read_records
from harness.testing import record as plain


def written(path, records):
    path.write_text("".join(r.to_json() + "\n" for r in records))
    return path


def test_boards_and_lines_give_the_same(board, record, tmp_path):
    given = [
        record(e, c, s, value=v)
        for e, v in (("a", 1.0), ("b", math.inf))
        for c in ("one", "two")
        for s in (0, 1)
    ]
    folder = board(given).records_folder
    lines = written(tmp_path / "lines.txt", given)
    assert [r.to_json() for r in read_records(folder)] == [r.to_json() for r in read_records(lines)]
    assert len(read_records(str(lines), folder)) == 2 * len(given)


def test_the_folder_of_a_board_stands_for_its_records(board, record):
    made = board([record(value=1.25)])
    assert [r.value for r in read_records(made.folder)] == [1.25]
    own = written(made.folder / "own.jsonl", [record(value=2.5)])
    assert [r.value for r in read_records(own.parent)] == [2.5]  # its own files come first


def test_a_number_changed_by_hand_shows(board, record):
    (file,) = board([record(value=1.25)]).records_folder.glob("*.jsonl")
    file.write_text(file.read_text().replace("1.25", "1.35"))
    with pytest.raises(UsageError, match=r"e\.jsonl: the records are not those that were written"):
        read_records(file)


def test_a_record_for_tests_survives(tmp_path):
    made = plain("t/known", "e/a", 2.0, case="x", seed=3, facts={"n": 1})
    (back,) = read_records(written(tmp_path / "r.jsonl", [made]))
    assert (back.path, back.value, back.plugin, back.facts) == (
        "t/known:x ▸ e/a #3",
        2.0,
        "e",
        {"n": 1},
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"no": "record"}\n', "line 1: not a record"),
        ("[]\n", "line 1: not a record"),
        ("{\n", "line 1: not a record"),
        ('{"schema": 99}\n', "schema"),
        (None, "cannot be read"),
    ],
)
def test_what_holds_no_records_is_named(tmp_path, text, message):
    path = tmp_path / "some.jsonl"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UsageError, match=rf"some\.jsonl.*{message}"):
        read_records(path)


def test_nothing_is_no_records(tmp_path):
    assert len(read_records(tmp_path)) == 0
    assert len(read_records(written(tmp_path / "empty.jsonl", []))) == 0
