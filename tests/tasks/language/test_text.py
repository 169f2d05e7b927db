"""Text as bytes."""

import numpy as np
import pytest

import harness
from harness import DataError, UsageError


def only(task, seed=0):
    (case,) = task.cases(seed=seed)
    return case


def test_pydoc_is_utf8_and_its_parts_are_whole_documents():
    case = only(harness.task("pydoc-text", test_bytes=20_000))
    data = case.load()
    text = bytes(data.part("test").ids.astype(np.uint8)).decode("utf-8")
    assert "Python" in text or "object" in text
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
