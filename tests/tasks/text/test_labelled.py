"""A user's own files: every format, and everything that may be wrong with them."""

import csv
import json
import logging
import sys

import pytest

import harness
from harness import DataError, UsageError

ROWS = [
    {"text": f"{('bad', 'good')[i % 2]} thing number {i}", "label": ("no", "yes")[i % 2]}
    for i in range(40)
]


def load(path, **params):
    return next(iter(harness.task("labelled-text", path=str(path), **params).cases(seed=0))).load()


def write(folder, rows, ending="csv"):
    file = folder / f"data.{ending}"
    if ending in ("csv", "tsv"):
        with file.open("w", newline="", encoding="utf-8") as out:
            table = csv.DictWriter(out, list(rows[0]), delimiter="\t" if ending == "tsv" else ",")
            table.writeheader()
            table.writerows(rows)
    elif ending == "jsonl":
        file.write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    elif ending == "json":
        file.write_text(json.dumps(rows))
    else:
        pa = pytest.importorskip("pyarrow")
        import pyarrow.parquet

        pyarrow.parquet.write_table(pa.Table.from_pylist(rows), file)
    return file


@pytest.mark.parametrize("ending", ["csv", "tsv", "json", "jsonl", "parquet"])
def test_every_format_gives_the_same(tmp_path, ending):
    data = load(write(tmp_path, ROWS, ending))
    assert data.texts == tuple(row["text"] for row in ROWS)
    assert data.classes == ("no", "yes")
    assert data.y.tolist() == [i % 2 for i in range(40)]
    assert len(data.split.test) == 12


def test_columns_are_mapped_and_numbers_are_in_order(tmp_path):
    rows = [
        {"q": f"q {i}", "a": [10, 9, 2][i % 3], "opts": ["x", "y"], "topic": "t"} for i in range(30)
    ]
    data = load(write(tmp_path, rows, "jsonl"), text="q", label="a", context="opts", group="topic")
    assert data.classes == ("2", "9", "10")
    assert data.contexts[0] == "A) x B) y"
    assert set(data.groups) == {"t"}
    with pytest.raises(
        UsageError, match="no column 'text'; it has q, a, opts, topic; wanted labelled"
    ):
        load(tmp_path / "data.jsonl", label="a")


def test_two_files_are_two_parts_and_a_leak_is_an_error(tmp_path, caplog):
    (tmp_path / "b").mkdir()
    train, test = (
        write(tmp_path, ROWS[:30]),
        write(tmp_path / "b", [*ROWS[30:], {**ROWS[3], "text": "GOOD  thing number 3"}]),
    )
    with pytest.raises(
        UsageError,
        match=r"1 test text also in the training part, the first at .*/b/data.csv, line 12 "
        r"\('GOOD  thing number 3'\); .* labelled-text.duplicates=drop",
    ):
        load(train, test=str(test))
    with caplog.at_level(logging.WARNING, "harness"):
        data = load(train, test=str(test), duplicates="drop")
    assert "left out: 1 row with a text of the training part" in caplog.text
    assert data.split.train.tolist() == list(range(30))
    assert data.split.test.tolist() == list(range(30, 40))


def test_labels_that_are_missing_or_unseen(tmp_path):
    with pytest.raises(
        UsageError, match=r"data.csv, line 7: no label in 'label' .* labelled-text.missing=drop"
    ):
        load(write(tmp_path, [*ROWS[:5], {"text": "x", "label": ""}, *ROWS[5:]]))
    coded = [{"text": f"t {i}", "label": -1 if i == 7 else i % 2} for i in range(20)]
    with pytest.raises(UsageError, match=r"data.jsonl:8: no label"):
        load(write(tmp_path, coded, "jsonl"))
    (tmp_path / "b").mkdir()
    strange = write(tmp_path / "b", [{"text": "new", "label": "maybe"}])
    with pytest.raises(DataError, match="class 'maybe' absent from the training part"):
        load(write(tmp_path, ROWS), test=str(strange))


def test_one_class_and_empty_texts(tmp_path, caplog):
    with pytest.raises(DataError, match="the one class 'yes'"):
        load(write(tmp_path, ROWS[1::2]))
    holes = [*ROWS, {"text": "  ", "label": "yes"}]
    with pytest.raises(
        UsageError,
        match=r"data.csv, line 42: an empty text in 'text'; wanted a text, or labelled-text.empty=",
    ):
        load(write(tmp_path, holes))
    with caplog.at_level(logging.WARNING, "harness"):
        assert load(write(tmp_path, holes), empty="drop").n == 40
    assert "left out: 1 row without a text" in caplog.text


def test_files_that_are_none(tmp_path):
    with pytest.raises(UsageError, match=r"path is empty; wanted --set labelled-text\.path=FILE"):
        load("")
    (tmp_path / "empty.csv").write_text("text,label\n")
    with pytest.raises(UsageError, match="no rows"):
        load(tmp_path / "empty.csv")
    (tmp_path / "torn.csv").write_text("text,label\na,b,c\n")
    with pytest.raises(UsageError, match="line 2: 3 fields, more than the first line"):
        load(tmp_path / "torn.csv")
    (tmp_path / "torn.jsonl").write_text('{"text": "a"}\n[1]\n')
    with pytest.raises(
        UsageError, match=r"torn.jsonl:2: list; wanted an object with a field per column"
    ):
        load(tmp_path / "torn.jsonl")
    (tmp_path / "binary.csv").write_bytes(b"text,label\n\xff\xfe,1\n")
    with pytest.raises(
        UsageError, match=r"line 2: byte 0xff is not utf-8 .*labelled-text.encoding=cp1252"
    ):
        load(tmp_path / "binary.csv")
    with pytest.raises(UsageError, match=r"no-such\.csv: no such file"):
        load(write(tmp_path, ROWS), test=str(tmp_path / "no-such.csv"))


def test_tsv_with_quotes_keeps_every_row(tmp_path):
    rows = [
        ("text", "label"),
        *((f'"{i} is open' if i % 3 else f'{i}"', str(i % 2)) for i in range(12)),
    ]
    (tmp_path / "a.tsv").write_text("".join("\t".join(row) + "\n" for row in rows))
    data = load(tmp_path / "a.tsv")
    assert data.texts == tuple(row[0] for row in rows[1:])
    assert data.y.tolist() == [0, 1] * 6


def test_separators_in_strings_and_a_byte_order_mark(tmp_path):
    rows = [{"text": f"a\u2028{i}\x85b", "label": i % 2} for i in range(12)]
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (tmp_path / "a.jsonl").write_bytes(b"\xef\xbb\xbf" + lines.encode())
    assert load(tmp_path / "a.jsonl").texts == tuple(row["text"] for row in rows)
    (tmp_path / "b.jsonl").write_text(lines + "\n{,}\n")
    with pytest.raises(UsageError, match=r"b.jsonl:13: .*at column 2"):
        load(tmp_path / "b.jsonl")


def test_nan_is_no_label_and_no_text(tmp_path):
    rows = [{"text": f"t {i}", "label": i % 2} for i in range(12)]
    broken = [*rows, {"text": "x", "label": float("nan")}]
    with pytest.raises(UsageError, match=r"data.jsonl:13: no label .* labelled-text.missing=drop"):
        load(write(tmp_path, broken, "jsonl"))
    assert load(tmp_path / "data.jsonl", missing="drop").classes == ("0", "1")
    with pytest.raises(UsageError, match=r"data.jsonl:13: an empty text"):
        load(write(tmp_path, [*rows, {"text": float("nan"), "label": 1}], "jsonl"))
    with pytest.raises(
        UsageError, match=r"data.jsonl:13: the label 0.5; wanted the name or the whole"
    ):
        load(write(tmp_path, [*rows, {"text": "x", "label": 0.5}], "jsonl"))


@pytest.mark.parametrize(
    ("ending", "place"),
    [
        ("csv", "data.csv, line 2"),
        ("tsv", "data.tsv, line 2"),
        ("json", "data.json, entry 0"),
        ("jsonl", "data.jsonl:1"),
        ("parquet", "data.parquet, row 0"),
    ],
)
def test_negative_labels_mean_the_same_in_every_format(tmp_path, ending, place):
    file = write(tmp_path, [{"text": f"t {i}", "label": i % 3 - 1} for i in range(30)], ending)
    with pytest.raises(
        UsageError, match=rf"{place}: no label .*negative=class where -1 is a class"
    ):
        load(file)
    assert load(file, missing="drop").n == 20
    assert load(file, negative="class").classes == ("-1", "0", "1")


def test_columns_of_another_capitalization_are_named(tmp_path):
    file = write(tmp_path, [{"Text": row["text"], "Label": row["label"]} for row in ROWS])
    with pytest.raises(UsageError, match=r"no column 'label'; .*wanted labelled-text.label=Label"):
        load(file)


def test_copies_stay_on_one_side_of_a_drawn_split(tmp_path, caplog):
    rows = [*ROWS, *({**row, "text": row["text"].upper()} for row in ROWS[:25])]
    data = load(write(tmp_path, rows))
    assert data.n == 65
    assert data.leaks().size == 0
    assert len(data.split.test) > 12
    assert "25 of 65 texts repeat another" in caplog.text


@pytest.mark.parametrize("name", ["reviews.csv", "reviews.csv.gz", "data.xlsx"])
def test_a_name_of_a_file_is_never_looked_up_on_the_hub(tmp_path, name, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(UsageError, match=r"no such file; wanted .csv"):
        load(tmp_path / name)
    (tmp_path / "a.xlsx").write_bytes(b"PK")
    with pytest.raises(UsageError, match=r"unknown kind of file; wanted .csv"):
        load(tmp_path / "a.xlsx")


def test_another_encoding(tmp_path):
    rows = [{"text": f"café {i}", "label": i % 2} for i in range(12)]
    file = write(tmp_path, rows)
    file.write_bytes(file.read_text(encoding="utf-8").encode("cp1252"))
    with pytest.raises(UsageError, match=r"line 2: .* labelled-text.encoding=cp1252"):
        load(file)
    assert load(file, encoding="cp1252").texts[3] == "café 3"


def test_rows_are_drawn_where_a_limit_is_set(tmp_path):
    data = load(write(tmp_path, ROWS), limit=20)
    assert data.n == 20
    assert set(data.texts) < {row["text"] for row in ROWS}


def test_a_changed_file_is_another_result(tmp_path):
    task = harness.task("labelled-text", path=str(write(tmp_path, ROWS)))
    before = next(iter(task.cases(seed=0))).stamp
    write(tmp_path, ROWS[:-1])
    assert before != next(iter(task.cases(seed=0))).stamp


class TestHub:
    """A folder laid out like a repository of the hub, read by the library that reads the hub."""

    @pytest.fixture(autouse=True)
    def _offline(self, tmp_path, monkeypatch):
        datasets = pytest.importorskip("datasets")
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
        monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
        monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")

    def test_parts_and_class_names(self, tmp_path):
        import datasets

        home = tmp_path / "repo" / "data"
        home.mkdir(parents=True)
        features = datasets.Features(
            {
                "sentence": datasets.Value("string"),
                "label": datasets.ClassLabel(names=["neg", "pos"]),
            }
        )
        for part, rows in (("train", range(20)), ("test", range(20, 30))):
            table = {"sentence": [f"s {i}" for i in rows], "label": [i % 2 for i in rows]}
            datasets.Dataset.from_dict(table, features=features).to_parquet(
                home / f"{part}-00000-of-00001.parquet"
            )
        data = load(tmp_path / "repo", text="sentence")
        assert data.classes == ("neg", "pos")
        assert data.split.test.tolist() == list(range(20, 30))
        with pytest.raises(UsageError, match=r"no split 'fit'; it has train, test"):
            load(tmp_path / "repo", text="sentence", train="fit")

    def test_what_cannot_be_reached(self, monkeypatch):
        import datasets

        with pytest.raises(
            UsageError, match=r"nobody/nothing: cannot be loaded: .*or an id on the hub"
        ):
            load("nobody/nothing")

        def gated(*names, **more):
            raise OSError("Dataset 'x/y' is a gated dataset on the Hub.")

        monkeypatch.setattr(datasets, "load_dataset", gated)
        with pytest.raises(UsageError, match="needs a login that this machine does not have"):
            load("x/y")
        monkeypatch.setattr(
            datasets,
            "load_dataset",
            lambda *n, **m: (_ for _ in ()).throw(
                RuntimeError("Dataset scripts are no longer supported")
            ),
        )
        with pytest.raises(
            UsageError, match="needs code from its repository, which is never run here"
        ):
            load("x/y")
