"""Recovery, claims and curves from records."""

import dataclasses

import numpy as np
import pytest

from harness import MissingDependency, UsageError, testing
from harness.records import Status
from harness_superposition import claims, pictures
from harness_superposition.claims import Finding


def record(
    task,
    value,
    seed=0,
    *,
    models=("superposition/sae",),
    estimator="effective-features",
    notes=None,
    **facts,
):
    more = {"seed": seed, "models": models, "facts": facts, "diagnostics": notes or {}}
    return testing.record(f"networks/{task}", f"superposition/{estimator}", float(value), **more)


def synthetic():
    """Records that follow laws: F falls with dropout before the ReLU and rises after it, and so on."""
    rows = []
    for seed in range(3):
        for rate in (0.0, 0.5, 1.0):
            rows.append(
                record(
                    "dropout-parity",
                    20 - (4 + seed) * rate,
                    seed,
                    dropout=rate,
                    site="pre",
                    units=8,
                )
            )
            rows.append(
                record("dropout-parity", 20 + 10 * rate, seed, dropout=rate, site="post", units=8)
            )
        for step, value, right, coefficient in (
            (0, 100, 0, 9),
            (1, 120, 0, 40),
            (2, 110, 0.5, 30),
            (3, 90, 0.99, 10),
        ):
            notes = {"accuracy": right, "learning_coefficient": coefficient}
            rows.append(record("grokking", value, seed, notes=notes, step=step))
        for classes, width, rise in ((2, 8, 0.0), (2, 128, 2.0), (10, 8, -1.0), (10, 128, 4.0)):
            for epsilon, inputs in (
                (0.0, "clean"),
                (0.1, "clean"),
                (0.1, "attacked"),
                (0.3, "clean"),
            ):
                place = {"classes": classes, "units": width, "epsilon": epsilon, "inputs": inputs}
                rows.append(record("adversarial-digits", 10 * (1 + rise * epsilon), seed, **place))
        for truth in (5, 10, 20):
            rows.append(record("known-codes", 1.1 * truth, seed, features=truth))
            rows.append(
                record(
                    "known-codes", 30 - truth, seed, models=(), estimator="two-nn", features=truth
                )
            )
    return rows


def test_findings():
    found = {f.claim: f for f in claims.findings(synthetic())}
    before = found["dropout lowers F: slope, pre-activation, width 8"]
    assert before.values == pytest.approx((-0.2, -0.25, -0.3))
    assert (before.held, before.mean) == (3, pytest.approx(-0.25))
    assert before.half_width == pytest.approx(4.303 * 0.05 / np.sqrt(3))
    assert found["dropout lowers F: slope, post-activation, width 8"].held == 0
    drop = found["F falls by 5 % or more when the rule is found: change from its peak"]
    assert drop.values == pytest.approx((-0.25,) * 3)
    whole = found["F follows the learning coefficient: Pearson over all of training above 0.7"]
    assert whole.mean == pytest.approx(np.corrcoef([100, 120, 110, 90], [9, 40, 30, 10])[0, 1])
    assert found["the same from the peak of the coefficient on"].held == 3
    assert found["slope over epsilon, 10 classes, width 128"].mean == pytest.approx(4.0)
    assert found[
        "abundance raises: slope at width 128 less at 8, 10 classes"
    ].mean == pytest.approx(5.0)
    assert found["scarcity lowers: slope of 2 less of 10 classes, width 8"].mean == pytest.approx(
        1.0
    )
    assert found["scarcity lowers: slope of 2 less of 10 classes, width 128"].held == 0


def test_recovery():
    table = {row["measure"]: row for row in claims.recovery(synthetic())}
    best = table["sae > effective-features"]
    assert (best["relative error"], best["pearson"], best["rank"]) == pytest.approx((0.1, 1.0, 1.0))
    assert table["two-nn"]["rank"] == pytest.approx(-1.0)


def test_one_seed_has_no_interval():
    assert np.isnan(Finding("x", (1.0,)).half_width)
    assert Finding("x", (1.0,) * 30, 1).half_width == 0.0


def test_ranks_share_ties():
    assert claims._ranks(np.array([3.0, 1.0, 3.0, 2.0])).tolist() == [2.5, 0.0, 2.5, 1.0]


@pytest.fixture
def file(tmp_path):
    place = tmp_path / "records.jsonl"
    failed = dataclasses.replace(record("grokking", 1.0), status=Status.ERROR, value=None)
    place.write_text("".join(r.to_json() + "\n" for r in [*synthetic(), failed]), encoding="utf-8")
    return place


def test_the_report(file, capsys):
    assert claims.main([str(file)]) == 0
    out = capsys.readouterr().out
    assert "| known-codes | sae > effective-features |" in out
    assert "3 of 3" in out
    assert claims.main([str(file.parent), "--measure", "two-nn"]) == 0
    assert "Claims" not in capsys.readouterr().out
    assert claims.main([str(file.parent / "none.jsonl")]) == 2
    assert "wanted a file of records" in capsys.readouterr().err


def test_records_that_are_none(tmp_path):
    (tmp_path / "bad.jsonl").write_text("{}\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"bad\.jsonl"):
        claims.read([tmp_path])
    failed = dataclasses.replace(record("grokking", 1.0), status=Status.ERROR, value=None)
    (tmp_path / "bad.jsonl").write_text(failed.to_json() + "\n", encoding="utf-8")
    with pytest.raises(UsageError, match="no record that ended well"):
        claims.read([tmp_path])
    with pytest.raises(UsageError, match="a case at 0"):
        claims.slope([record("x", 1.0, dropout=0.5), record("x", 1.0, dropout=0.6)], "dropout")


def test_the_picture(file, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    out = tmp_path / "claims.png"
    assert pictures.main([str(file), "--out", str(out)]) == 0
    assert out.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert out.stat().st_size > 20_000
    assert pictures.main([str(file), "--out", str(tmp_path / "no" / "claims.png")]) == 2
    assert pictures.main([str(file), "--out", str(out), "--measure", "two-nn"]) == 2
    assert "no records of two-nn" in capsys.readouterr().err


def test_without_matplotlib(file, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    with pytest.raises(MissingDependency, match="plots"):
        pictures.draw(claims.read([file]), tmp_path / "x.png")
