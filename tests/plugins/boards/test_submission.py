"""Records files: what is written is read again, and what was tampered with is refused by file and line."""

import dataclasses
import json
import math

import pytest

from harness import UsageError
from harness.identity import record_key
from harness.records import Record, Status
from harness_boards import checking, report, submission


@pytest.fixture
def file(board, record):
    """A records file of five results: three good, one infinite, one failed; and what was written."""
    records = [record("a", "one", s) for s in (0, 1)] + [
        record("b", "one", 0, notes=("so",), diagnostics={"k": 3})
    ]
    records += [
        record("b", "one", 1, math.inf),
        record("b", "two", 0, status=Status.TIMEOUT, source="data"),
    ]
    return board(records).records_folder / "e.jsonl", records


def test_what_is_written_is_read_again(file):
    path, records = file
    found = submission.read(path)
    assert set(map(Record.to_json, found.records)) == set(map(Record.to_json, records))
    assert found.quantities["information"].lower == 0.0
    assert found.estimators["e/a"].summary == "estimates e/a"


def test_lines_are_standard_json_in_order(file):
    path, _ = file
    text = path.read_text()
    for word in ("NaN", "Infinity"):
        assert word not in text
    lines = [json.loads(line) for line in text.splitlines()]
    assert [("schema" in x, "setup" in x, "of" in x).index(True) for x in lines] == [
        0,
        1,
        1,
        2,
        2,
        2,
        2,
        2,
    ]
    again = path.parent / "again"
    again.mkdir()
    submission.write(again, submission.read(path))
    assert (again / "e.jsonl").read_bytes() == path.read_bytes()


def changed(path, number, change):
    """The file with one line changed and its digest computed anew, as somebody determined would."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[number - 1] = change(lines[number - 1])
    save(path, lines)


def save(path, lines):
    import hashlib

    body = "".join(json.dumps(x, ensure_ascii=False) + "\n" for x in lines[1:])
    lines[0]["sha256"] = hashlib.sha256(body.encode()).hexdigest()
    path.write_text(json.dumps(lines[0], ensure_ascii=False) + "\n" + body)


@pytest.mark.parametrize(
    ("line", "change", "says"),
    [
        (5, {"value": math.nan}, ":5: NaN is no standard JSON"), (5, {"value": math.inf}, ":5: Infinity is no standard"),
        (5, {"value": "nan"}, ":5: NaN; wanted numbers"), (5, {"value": "much"}, ":5: not a record"),
        (5, {"value": None}, ":5: status ok without a value"), (5, {"seed": -1}, ":5: seed -1; wanted a whole number"),
        (5, {"seed": 1}, ":6: the same path as line 5"), (5, {"of": "nothing"}, ":5: 'of' names no setup"),
        (5, {"extra": 1}, ":5: unknown key 'extra'"), (5, {"stderr": -1.0}, ":5: stderr -1.0"),
        (5, {"wall_s": -1.0}, ":5: a negative or infinite cost"), (5, {"case": "x" * 201}, ":5: case: wanted a text"),
        (5, {"scores": {"bogus": 1.0}}, ":5: score 'bogus' is not declared"),
        (5, {"status": "fine"}, ":5: not a record"), (4, {"cause": None}, ":4: status timeout without a cause"),
        (2, {"unit": "bits"}, ":2: a setup whose name is not its digest"),
        (1, {"plugin": "other"}, ":1: plugin is 'other'; wanted 'e'"), (1, {"quantities": 3}, ":1: broken header"),
        (1, {"estimators": {"f/a": {"summary": "", "traits": [], "paper": ""}}}, ":1: estimator 'f/a'; wanted names of plugin e"),
        (1, {"schema": 99}, "schema 99, written by a newer harness: pip install --upgrade infoharness"),
        (1, {"schema": "1"}, ":1: no header"),
    ],
)  # fmt: skip
def test_tampering_is_refused_by_line(file, line, change, says):
    path, _ = file
    changed(path, line, lambda old: old | change)
    with pytest.raises(UsageError) as error:
        submission.read(path)
    assert says in str(error.value)


def renamed(setup):
    """A setup under the name of its digest, as `write` gives it."""
    import hashlib

    body = {k: v for k, v in setup.items() if k != "setup"}
    return {
        "setup": hashlib.sha256(json.dumps(body, ensure_ascii=False).encode()).hexdigest()[:12],
        **body,
    }


@pytest.mark.parametrize(
    ("change", "says"),
    [({"unit": "bits"}, "unit 'bits'; information is in nats"), ({"estimator": "e/zzz"}, "e/zzz is not declared"),
     ({"task": "../evil"}, "wanted full names"), ({"models": ["<script>"]}, "wanted full names"),
     ({"quantity": "weight"}, "quantity 'weight' is not declared"), ({"versions": {"python": "3"}}, "unknown versions"),
     ({"versions": {"python": "3", "infoharness": "<b>"}}, "unknown versions"),
     ({"recipe": 3}, "recipe 3 of the keys; wanted 1 to 2"), ({"recipe": "2"}, "recipe '2' of the keys"),
     ({"recipe": None}, "recipe None of the keys"), ({"task": "..:evil"}, "wanted full names")],
)  # fmt: skip
def test_wrong_setups_are_refused(file, change, says):
    path, _ = file
    changed(path, 2, lambda old: renamed(old | change))
    with pytest.raises(UsageError, match=r"e\.jsonl:2: ") as error:
        submission.read(path)
    assert says in str(error.value)


def test_a_number_changed_by_hand_shows(file):
    path, _ = file
    path.write_text(path.read_text().replace('"value": 1.0', '"value": 1.01', 1))
    with pytest.raises(UsageError, match="changed by hand or cut off"):
        submission.read(path)


@pytest.mark.parametrize("recipes", [(2, 1), (2, None), (1, 2)])
def test_a_key_of_another_recipe_is_found_by_the_check(board, record, recipes):
    """The number in a file changed or left out, with every digest of the file made anew."""
    stated, forged = recipes
    made = board([record("a", "one", 0, recipe=stated)])
    path = made.records_folder / "e.jsonl"
    assert not [p for p in checking.problems(made) if "the key is not" in p]
    head, setup, line = map(json.loads, path.read_text().splitlines())
    setup.pop("recipe", None)
    setup = renamed(setup | ({} if forged is None else {"recipe": forged}))
    save(path, [head, setup, line | {"of": setup["setup"]}])
    assert submission.read(path).records[0].recipe == (forged or 1)
    says = "the text is not that which" if forged == 1 else "the key is not that of the record"
    assert any(says in p for p in checking.problems(made))


def test_functions_are_rows_of_boards_too(board, record):
    """A records file is named after their module, which a plugin could not be called."""
    one = record(estimator="a", plugin="Own.Module_1")
    one = dataclasses.replace(one, estimator="Own.Module_1:Mine")
    one = dataclasses.replace(one, key=record_key(one))
    made = board([one, record("a")])
    (found,) = submission.read(made.records_folder / "Own.Module_1.jsonl").records
    assert found == one
    assert not [p for p in checking.problems(made) if "stale" not in p]
    assert b"Own.Module_1:Mine" in report.make(made).files()["table.md"]


def test_a_missing_seed_a_cut_file_and_disorder_show(file):
    path, _ = file
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-1]))
    with pytest.raises(UsageError, match="changed by hand or cut off"):
        submission.read(path)
    parsed = [json.loads(line) for line in lines]
    save(path, [*parsed[:3], *reversed(parsed[3:])])
    with pytest.raises(UsageError, match="not in order"):
        submission.read(path)


def test_names_links_and_sizes_of_files(file, tmp_path, monkeypatch):
    path, _ = file
    for name in ("E x.jsonl", "-e.jsonl"):
        odd = path.parent / name
        odd.write_bytes(path.read_bytes())
        with pytest.raises(UsageError, match="wanted a regular file named after a plugin"):
            submission.read(odd)
    link = path.parent / "link.jsonl"
    link.symlink_to(path)
    with pytest.raises(UsageError, match="wanted a regular file"):
        submission.read(link)
    (path.parent / "none.jsonl").write_text("")
    with pytest.raises(UsageError, match="empty; wanted a header"):
        submission.read(path.parent / "none.jsonl")
    monkeypatch.setattr(submission, "LARGEST", 100)
    with pytest.raises(UsageError, match="at most 100 are read"):
        submission.read(path)


@pytest.mark.parametrize(
    "junk", [b"\xff\xfe\n", b"[1]\n", b'"x"\n', b"{\n", b"[" * 100_000 + b"\n"]
)
def test_junk_is_no_traceback(file, junk):
    path, _ = file
    path.write_bytes(junk)
    with pytest.raises(UsageError, match=r"e\.jsonl:1"):
        submission.read(path)


def test_an_older_schema_names_the_command_that_fixes_it(file):
    path, records = file
    path.write_text("".join(r.to_json() + "\n" for r in records))
    with pytest.raises(UsageError, match="schema 0; `harness board upgrade toys` rewrites it"):
        submission.read(path)
    assert len(submission.read_old(path)) == len(records)


def test_a_file_keeps_curves_and_checks_them(board, record):
    curve = {"name_x": "x", "name_y": "y", "x": [0.0, 1.0, 2.0], "y": [1.0, 2.0, 3.0]}
    folder = board([record("a", "one", s, diagnostics={"curve": curve}) for s in (0, 1)])
    path = folder.records_folder / "e.jsonl"
    assert submission.read(path).records[0].curve.plain() == curve
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    place = next(i for i, line in enumerate(lines) if "diagnostics" in line)
    lines[place]["diagnostics"]["curve"]["x"] = [0.0, 2.0, 1.0]
    save(path, lines)
    with pytest.raises(UsageError, match=rf"e\.jsonl:{place + 1}: .*do not increase"):
        submission.read(path)


@pytest.mark.parametrize("text", ["cannot read /home/me/data/x.npz", "hf_abcdefghijklmnopqrstuv"])
def test_records_name_no_folders_and_no_tokens(record, text):
    import dataclasses

    from harness_boards import belief

    plain = record("a", "one", 0, 1.0)
    assert belief._texts(plain) == ""
    assert "of a machine" in belief._texts(dataclasses.replace(plain, cause=text))
    assert "of a machine" in belief._texts(dataclasses.replace(plain, notes=(text,)))
