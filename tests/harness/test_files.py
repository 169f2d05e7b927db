"""Files from outside: read as they are, or refused in one line that names file, line and form."""

import importlib
import io
import json
import warnings
import zipfile

import numpy as np
import pytest

import harness
import harness.records
from harness import Kind, UsageError
from harness.files import json_lines, read_arrays, read_text
from harness.kinds.base import write_npz
from harness.tabular import read_table


def test_lines_of_json_end_at_line_feeds_alone(tmp_path):
    file = tmp_path / "a.jsonl"
    rows = [{"text": f"a{mark}b"} for mark in "\u2028\u2029\x85\x0b\x0c\x1c\r"]
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    file.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(["", *lines, ""]).encode())
    assert list(json_lines(file)) == list(enumerate(rows, start=2))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"a": }', r"Expecting value at column 7; wanted one JSON value a line"),
        ("[" * 100_000, "nested too deeply"),
        ("9" * 5000, "Exceeds the limit"),
    ],
)
def test_an_error_names_the_line_of_the_file(tmp_path, line, said):
    file = tmp_path / "a.jsonl"
    file.write_text(f"1\n\n{line}\n4\n")
    with pytest.raises(UsageError, match=rf"a.jsonl:3: {said}"):
        list(json_lines(file))


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16"])
def test_another_encoding_is_guessed_and_can_be_stated(tmp_path, encoding):
    file = tmp_path / "a.txt"
    file.write_bytes("one\ncafé\n".encode(encoding))
    with pytest.raises(
        UsageError, match=rf"line [12]: byte 0x.. is not utf-8.*t.encoding={encoding}"
    ):
        read_text(file, setting="t.encoding")
    assert read_text(file, encoding) == "one\ncafé\n"
    with pytest.raises(UsageError, match="'latin-9000' is not an encoding"):
        read_text(file, "latin-9000")


class TestTables:
    def test_quotes_in_tsv_are_characters(self, tmp_path):
        file = tmp_path / "a.tsv"
        file.write_text('text\tlabel\n"a\tx\nb "c"\ty\nd"\tx\n')
        assert read_table(file).rows == [['"a', "x"], ['b "c"', "y"], ['d"', "x"]]
        with pytest.raises(UsageError, match=r"a.tsv, line 2: .*; wanted quotes that close"):
            read_table(file, quotes="yes")

    def test_a_quote_that_swallows_rows_is_an_error_with_its_line(self, tmp_path):
        file = tmp_path / "a.csv"
        file.write_text('text,label\nfine,x\n"never closed,x\nmore,y\n')
        with pytest.raises(UsageError, match="line 3: unexpected end of data; wanted quotes that"):
            read_table(file)
        file.write_text('text,label\n"a,x\nb",y\n')  # the quote closes one row later
        assert read_table(file).rows == [["a,x\nb", "y"]]
        file.write_text('text,label\n"a,x\nb" c,y\n')
        with pytest.raises(UsageError, match=r"line 2: .*wanted quotes that close"):
            read_table(file)

    @pytest.mark.parametrize(("mark", "name"), [("\t", "tabs"), (";", "semicolons")])
    def test_other_delimiters_are_seen_and_said(self, tmp_path, mark, name, caplog):
        file = tmp_path / "a.csv"
        file.write_text(f'text{mark}label\n"a, b"{mark}x\n')
        assert read_table(file).dictionaries() == [{"text": "a, b", "label": "x"}]
        assert f"separated by {name}" in caplog.text

    def test_fields_of_any_length(self, tmp_path):
        file = tmp_path / "a.csv"
        file.write_text("text,label\n" + "w" * 300_000 + ",x\n")
        assert len(read_table(file).rows[0][0]) == 300_000

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            ("a,b\n1\n", "line 2: 1 fields, fewer than the first line; wanted 2"),
            ("a,b\n1,2\n\n1,2,3\n", "line 4: 3 fields, more than the first line"),
            ("a,a\n1,2\n", "the column 'a' twice"),
            ("a,b\n", "no rows but the names"),
            ("", "no rows; wanted at least one"),
        ],
    )
    def test_tables_that_are_refused(self, tmp_path, content, said):
        file = tmp_path / "a.csv"
        file.write_text(content)
        with pytest.raises(UsageError, match=said):
            read_table(file)


def npy(header: str, content: bytes = b"") -> bytes:
    text = header.encode() + b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + content


class TestArrays:
    def test_what_numpy_wrote(self, tmp_path):
        arrays = {
            "f": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
            "e": np.empty((0, 3)),
            "s": np.array("text"),
            "b": np.array([True, False]),
        }
        np.savez_compressed(tmp_path / "a.npz", **arrays)
        found = read_arrays(tmp_path / "a.npz")
        assert list(found) == list(arrays)
        for name, array in arrays.items():
            assert found[name].dtype == array.dtype
            assert np.array_equal(found[name], array)
        np.save(tmp_path / "a.npy", arrays["f"])
        assert np.array_equal(read_arrays(tmp_path / "a.npy")[""], arrays["f"])

    @pytest.mark.parametrize(
        "shape", ["(10**12,)", "(1000000000000,)", "(4611686018427387904, 4)", "(-1,)", "(3,)"]
    )
    def test_a_shape_that_the_file_does_not_hold_is_refused_before_it_is_made(
        self, tmp_path, shape
    ):
        header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}"
        with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
            archive.writestr("x.npy", npy(header, bytes(16)))
        with pytest.raises(UsageError, match=r"a.npz: array 'x': (shape|not in numpy's format)"):
            read_arrays(tmp_path / "a.npz")

    def test_objects_are_named_and_never_loaded(self, tmp_path):
        np.savez(tmp_path / "a.npz", x=np.ones(2), names=np.array(["a", None], object))
        with pytest.raises(
            UsageError, match=r"array 'names': Python objects.*wanted plain numbers"
        ):
            read_arrays(tmp_path / "a.npz")
        assert list(read_arrays(tmp_path / "a.npz", skip=("names",))) == ["x"]


KINDS = [
    kind for kind in (getattr(harness, name) for name in harness.__all__)
    if isinstance(kind, type) and issubclass(kind, Kind) and kind is not Kind
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_mutated_files_of_kinds_are_read_or_refused(kind, tmp_path):
    """Changed bytes, changed headers, changed arrays: never anything but `UsageError`."""
    rng = np.random.default_rng(0)
    data = kind.example(rng)
    file = tmp_path / "kind.npz"
    data.save(file)
    assert kind.load(file) == data
    whole, arrays = file.read_bytes(), read_arrays(file)
    header = json.loads(str(arrays.pop("__header__")))
    for number in range(60):
        if number % 3 == 0:
            content = bytearray(whole)
            for place in rng.integers(len(content), size=rng.integers(1, 4)):
                content[place] = rng.integers(256)
            file.write_bytes(content[: rng.integers(len(content))] if number % 2 else content)
        elif number % 3 == 1 or not arrays:
            write_npz(file, arrays, _changed(header, rng))
        else:
            write_npz(file, _arrays(arrays, rng), header)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                kind.load(file)
            except UsageError as error:
                assert str(file) in str(error)  # noqa: PT017 - some changes are none


ODD = (
    None,
    True,
    -1,
    0.5,
    1e300,
    10**30,
    "text",
    "",
    [],
    [1, "a"],
    {"a": 1},
    [[[0]]],
    float("nan"),
)


def _changed(header, rng):
    copy = json.loads(json.dumps(header))
    where = copy["fields"] if copy["fields"] and rng.random() < 0.7 else copy
    name = sorted(where)[rng.integers(len(where))]
    if rng.random() < 0.2:
        del where[name]
    else:
        where[name if rng.random() < 0.8 else "other"] = ODD[rng.integers(len(ODD))]
    return copy


def _arrays(arrays, rng):
    copy = dict(arrays)
    name = sorted(copy)[rng.integers(len(copy))]
    array = copy.pop(name)
    change = rng.integers(8)
    if change == 0:
        return copy
    flat = array.reshape(-1)
    made = {
        1: lambda: array.astype(complex),
        2: lambda: array.astype(str),
        3: lambda: flat,
        4: lambda: array[:-1] if array.ndim else array[None],
        5: lambda: np.where(array == flat[0], -(10**9), array) if flat.size else array,
        6: lambda: array.astype(float) + 0.5,
        7: lambda: np.full(array.shape, np.inf),
    }[int(change)]
    copy[name if rng.random() < 0.9 else "other"] = made()
    return copy


def test_a_file_without_a_header_is_none_of_a_kind(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.ones((3, 2)))
    with pytest.raises(UsageError, match=r"no array '__header__'; wanted a file that Samples.save"):
        harness.Samples.load(tmp_path / "a.npz")
    content = io.BytesIO()
    np.savez(content, __header__=np.array("[" * 100_000))
    (tmp_path / "a.npz").write_bytes(content.getvalue())
    with pytest.raises(UsageError, match="nested too deeply"):
        harness.Samples.load(tmp_path / "a.npz")


def record(seed):
    status = harness.records.Status.OK
    names = dict.fromkeys(("key", "task", "case", "source", "estimator", "plugin"), "a")
    return harness.Record(
        **names, status=status, models=("m",), params={}, seed=seed, quantity="q", unit="nats",
        value=0.5, facts={"n": 3}, notes=("said",), sources={"p": "s"},
    )  # fmt: skip


def test_mutated_records_are_read_or_refused(tmp_path):
    rng = np.random.default_rng(0)
    whole = [record(seed).to_json() for seed in range(3)]
    file = tmp_path / "records.jsonl"
    file.write_text("\n".join(whole) + "\n")
    assert len(harness.read_records(file)) == 3
    for _ in range(300):
        value = json.loads(whole[1])
        value[sorted(value)[rng.integers(len(value))]] = ODD[rng.integers(len(ODD))]
        content = "\n".join([whole[0], json.dumps(value), whole[2]])
        if rng.random() < 0.3:
            place = rng.integers(len(content))
            content = content[:place] + "\x00{[\u2028"[rng.integers(4)] + content[place + 1 :]
        file.write_text(content, encoding="utf-8")
        try:
            harness.read_records(file)
        except UsageError as error:
            assert "records.jsonl, line" in str(error)  # noqa: PT017 - some changes are none


@pytest.mark.parametrize("suffix", ["gz", "xz", "bz2"])
def test_tables_and_lines_are_decompressed_and_bounded(tmp_path, monkeypatch, suffix):
    pack = importlib.import_module({"gz": "gzip", "xz": "lzma", "bz2": "bz2"}[suffix]).compress
    path, lines = tmp_path / f"t.tsv.{suffix}", tmp_path / f"l.jsonl.{suffix}"
    path.write_bytes(pack(b'a\tb\n1\t"2\n'))
    lines.write_bytes(pack(b'{"a": 1}\n'))
    assert read_table(path).dictionaries() == [{"a": "1", "b": '"2'}]
    assert list(json_lines(lines)) == [(1, {"a": 1})]
    path.write_bytes(pack(bytes(2**20)))
    monkeypatch.setattr("harness.files.MOST_UNPACKED", 2**19)
    with pytest.raises(UsageError, match=f"t.tsv.{suffix}: more than 524288 bytes unpacked"):
        read_text(path)
