"""Reports: findings, files by suffix, and clear errors."""

import csv
import json

import numpy as np
import pytest
from scipy import stats

from harness import Document, Finding, UsageError, kendall, reports, spearman


@pytest.fixture
def records(command, tmp_path):
    """A folder with the records of three seeds."""
    ran = command(
        "run", "--task", "normals", "--estimator", "mean", "--seeds", "0:3", "--format", "json"
    )
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "toy.jsonl").write_text(ran.stdout)
    return tmp_path / "records"


def test_a_report_prints_its_page_and_writes_each_form(command, records, tmp_path):
    out = tmp_path / "made"
    for suffix in (".md", ".csv", ".json", ".png", ".svg", ".pdf"):
        ran = command("report", "spread", records, "--out", out.with_suffix(suffix))
        assert ran.returncode == 0, ran.stderr
        assert "9 records" in ran.stdout
        assert "holds in 3 of 3 seeds" in ran.stdout
        assert f"wrote {out.with_suffix(suffix)}" in ran.stderr
    assert out.with_suffix(".md").read_text() == ran.stdout
    (found,) = json.loads(out.with_suffix(".json").read_text())
    assert len(found["values"]) == 3
    assert found["mean"] == pytest.approx(np.mean(found["values"]))
    (row,) = csv.DictReader(out.with_suffix(".csv").read_text().splitlines())
    assert [float(v) for v in row["values"].split()] == found["values"]
    assert out.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    first = out.with_suffix(".svg").read_bytes()
    command("report", "spread", records, "--out", out.with_suffix(".svg"))
    assert out.with_suffix(".svg").read_bytes() == first


def test_a_parameter_of_a_report(command, records):
    folder = records.parent  # as of a board, whose records are in it
    ran = command("report", "toy/spread", folder, "--set", "limit=0")
    assert "holds in 0 of 3 seeds" in ran.stdout
    wrong = command("report", "spread", records, "--set", "limt=0")
    assert "unknown parameter of toy/spread 'limt': did you mean limit?" in wrong.stderr


def test_errors_name_the_thing(command, records, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    (tmp_path / "none.jsonl").write_text("")
    other = tmp_path / "other.jsonl"
    other.write_text(
        command("run", "--task", "choice", "--estimator", "best", "--format", "json").stdout
    )
    for words, message in (
        (("spred", records), "unknown report 'spred': did you mean spread"),
        (("spread", tmp_path / "gone"), f"{tmp_path / 'gone'}: no such file or folder"),
        (("spread", empty), f"{empty}: no .jsonl file in this folder"),
        (("spread", tmp_path / "none.jsonl"), "none.jsonl: no records"),
        (("spread", other), "toy/spread: none of "),
        (("spread", records, "--out", "a.bmp"), "--out a.bmp: a report cannot be written as .bmp"),
        (("spread", records, "--set", "limit"), "--set 'limit'; wanted PARAM=VALUE"),
        (("spread", records, "--out", records / "toy.jsonl" / "a.md"), "cannot be written"),
    ):
        ran = command("report", *words)
        assert (ran.returncode, ran.stdout) == (2, ""), ran.stderr
        (line,) = ran.stderr.splitlines()
        assert message in line


def test_a_document_is_written_only_as_what_it_holds(tmp_path):
    with pytest.raises(UsageError, match=r"p/page cannot be written as \.png; wanted \.md$"):
        reports.write(Document("a page"), tmp_path / "a.png", "p/page")
    reports.write(Document("a page"), tmp_path / "a.md", "p/page")
    assert (tmp_path / "a.md").read_text() == "a page\n"


def test_a_finding_by_hand():
    found = Finding("a above 1", (1.0, 2.0, 3.0), sign=1, limit=1.0)
    low, high = stats.t.interval(0.95, 2, 2.0, stats.sem(found.values))
    assert found.half_width == pytest.approx((high - low) / 2)
    assert (found.held, found.verdict) == (2, "holds in 2 of 3 seeds")
    assert Finding("", (1.0, 2.0), sign=1, limit=1.0, strict=False).held == 2
    assert Finding("", (0.0, 2.0), sign=-1, limit=1.0).held == 1
    assert Finding("", ()).verdict == "not judged"
    assert Finding("", (2.0,)).measured == "+2.000"
    assert Finding("", (2.0,)).verdict == ""


def test_rank_correlations_are_those_of_scipy_along_the_last_axis():
    rng = np.random.default_rng(0)
    x, y = rng.integers(6, size=(2, 5, 30)).astype(float)  # with ties
    for ours, theirs in ((spearman, stats.spearmanr), (kendall, stats.kendalltau)):
        wanted = [theirs(a, b).statistic for a, b in zip(x, y, strict=True)]
        np.testing.assert_allclose(ours(x, y), wanted, rtol=1e-12)
    assert np.isnan(spearman(np.ones(4), np.arange(4.0)))
    assert np.isnan(kendall(np.ones(4), np.arange(4.0)))
