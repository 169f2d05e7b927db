"""Recovery, claims and curves from records."""

import dataclasses

import numpy as np
import pytest

from harness import Records, UsageError, testing
from harness.records import Status
from harness_superposition.reports import claims


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
                place |= {"channels": width // 4, "units": 7, "layer": "conv1"}
                value = 5 * (1 - rise * epsilon)
                rows.append(record("adversarial-convolutions", value, seed, **place))
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
    assert before.half_width == pytest.approx(4.302653 * 0.05 / np.sqrt(3), rel=1e-6)
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
    assert found["slope over epsilon, 10 classes, conv1, channels 32"].mean == pytest.approx(-4.0)
    assert found[
        "abundance raises: slope at conv1, channels 32 less at 2, 10 classes"
    ].mean == pytest.approx(-5.0)


def test_recovery():
    table = {row["measure"]: row for row in claims.recovery(synthetic())}
    best = table["sae > effective-features"]
    assert (best["relative error"], best["pearson"], best["rank"]) == pytest.approx((0.1, 1.0, 1.0))
    assert table["two-nn"]["rank"] == pytest.approx(-1.0)


@pytest.fixture
def file(tmp_path):
    place = tmp_path / "records.jsonl"
    failed = dataclasses.replace(record("grokking", 1.0), status=Status.ERROR, value=None)
    place.write_text("".join(r.to_json() + "\n" for r in [*synthetic(), failed]), encoding="utf-8")
    return place


@pytest.mark.slow
def test_the_report(file, command, tmp_path):
    out = tmp_path / "claims.png"
    ran = command("report", "superposition/claims", file, "--out", out)
    assert ran.returncode == 0, ran.stderr
    assert "| known-codes | sae > effective-features |" in ran.stdout
    assert "holds in 3 of 3 seeds" in ran.stdout
    assert out.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert out.stat().st_size > 20_000
    other = command("report", "superposition/claims", file.parent, "--set", "measure=two-nn")
    assert "two-nn" in other.stdout
    assert "Claims" not in other.stdout


def test_records_that_are_none():
    failed = dataclasses.replace(record("grokking", 1.0), status=Status.ERROR, value=None)
    with pytest.raises(UsageError, match="that ended well"):
        claims.Claims().make(Records([failed]))
    with pytest.raises(UsageError, match="a case at 0"):
        claims.slope([record("x", 1.0, dropout=0.5), record("x", 1.0, dropout=0.6)], "dropout")
