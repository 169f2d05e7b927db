"""Text as bytes."""

import gzip
import itertools
import os
import resource
import subprocess
import sys

import numpy as np
import pytest

import harness
from harness import DataError, TokenSequences, UsageError, mapped
from harness_language import text


def only(task, seed=0):
    (case,) = task.cases(seed=seed)
    return case


def test_pydoc_is_utf8_and_its_parts_are_whole_documents():
    case = only(harness.task("pydoc-text", test_bytes=20_000))
    data = case.load()
    said = bytes(data.part("test").ids.astype(np.uint8)).decode("utf-8")
    assert "Python" in said or "object" in said
    assert 20_000 <= len(data.part("test").ids) < len(data.part("train").ids)
    other = only(harness.task("pydoc-text", test_bytes=20_000), seed=1).load()
    assert other.fingerprint() != data.fingerprint()
    assert sorted(np.diff(other.offsets)) == sorted(np.diff(data.offsets))


def test_own_files(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("one\n\ntwö\n\nthree\n\n", encoding="utf-8")
    data = only(harness.task("pydoc-text", dataset=str(path))).load()
    assert sorted(np.diff(data.offsets)) == [3, 4, 5]
    datasets = pytest.importorskip("datasets")
    datasets.Dataset.from_dict({"body": ["first", "", "second"]}).to_parquet(tmp_path / "t.parquet")
    data = only(
        harness.task("pydoc-text", dataset=str(tmp_path / "t.parquet"), column="body")
    ).load()
    assert data.n == 2
    with pytest.raises(UsageError, match="one of body"):
        only(harness.task("pydoc-text", dataset=str(tmp_path / "t.parquet"))).load()


def test_what_cannot_be_read(tmp_path, monkeypatch):
    pytest.importorskip("datasets")
    monkeypatch.setattr(
        "datasets.load_dataset", lambda *a, **k: (_ for _ in ()).throw(ConnectionError("no way"))
    )
    with pytest.raises(UsageError, match=r"no way.*reachable or in its cache"):
        only(harness.task("pydoc-text", dataset="nobody/nothing")).load()
    (tmp_path / "bad.txt").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(UsageError, match="wanted UTF-8"):
        only(harness.task("pydoc-text", dataset=str(tmp_path / "bad.txt"))).load()
    (tmp_path / "one.txt").write_text("alone")
    with pytest.raises(DataError, match="two that are not empty"):
        only(harness.task("pydoc-text", dataset=str(tmp_path / "one.txt"))).load()


@pytest.mark.parametrize("chunk", [1, 2, 3, 2**20])
def test_a_file_is_read_in_pieces_to_the_same_bits(tmp_path, monkeypatch, chunk):
    """Empty lines fall on the ends of pieces; line ends of Windows are line ends."""
    path = tmp_path / "mine.txt"
    path.write_bytes("one\r\n\r\ntwö\n\n\nthree\n\n \n\nfour\n".encode())
    whole = [p for p in path.read_text("utf-8").split("\n\n") if p.strip()]
    monkeypatch.setattr(text, "CHUNK", chunk)
    monkeypatch.setenv(mapped.SETTING, "0")
    data = only(harness.task("pydoc-text", dataset=str(path))).load()
    cuts = data.offsets
    found = [bytes(data.ids[a:b].astype(np.uint8)).decode() for a, b in itertools.pairwise(cuts)]
    assert sorted(found) == sorted(whole)
    monkeypatch.delenv(mapped.SETTING)
    assert only(harness.task("pydoc-text", dataset=str(path))).load() == data
    packed = tmp_path / "mine.txt.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    again = only(harness.task("pydoc-text", dataset=str(packed))).load()
    assert sorted(np.diff(again.offsets)) == sorted(np.diff(cuts))


@pytest.mark.parametrize("part", [8, 2**24])
def test_a_symbol_outside_the_alphabet_is_named_with_its_sequence(monkeypatch, part):
    monkeypatch.setattr(mapped, "PART", part)
    with pytest.raises(DataError, match="row 1: symbol 7; wanted symbols from 0 to 3"):
        TokenSequences(np.array([0, 1, 2, 7, 3]), np.array([0, 2, 5]), 4)


LIMIT_MIB = 320
"""Of data that are written, for each process, as in the test of structures."""


@pytest.mark.slow
def test_a_text_whose_symbols_are_four_times_larger_than_memory_is_read(tmp_path):
    """`RLIMIT_DATA`, which counts heap and private maps, as for structures."""
    line = "words of a long text that says little\n"
    size = 4 * LIMIT_MIB * 2**20 // 8  # a symbol has eight bytes
    with (tmp_path / "long.txt").open("w") as out:
        for _ in range(size // (1000 * len(line)) + 1):
            out.write(1000 * line + "\n")
    code = (
        "import harness\n"
        f"(case,) = harness.task('pydoc-text', dataset={str(tmp_path / 'long.txt')!r}).cases(seed=0)\n"
        "data = case.load()\n"
        "print(data.ids.nbytes, data.n, data.fingerprint())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {mapped.SETTING: "8", "TMPDIR": str(tmp_path)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, 2 * (LIMIT_MIB * 2**20,)),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout.split()[0]) > 4 * LIMIT_MIB * 2**20
