"""The curve of distortion over rate."""

import numpy as np
import pytest

import harness
from harness import UsageError, reports, stream
from harness.testing import record
from harness_agentic.reports.rate_distortion import (
    RateDistortion,
    fit,
    flops_per_generation,
    points,
)


def test_recovers_a_curve_without_noise():
    rate = np.linspace(0.02, 1.0, 8)
    found = fit(rate, 0.6 * np.exp(-4 * rate) + 0.1, rng=stream(0))
    assert (found.c, found.b, found.floor) == pytest.approx((0.6, 4.0, 0.1), abs=1e-6)
    assert found.r2 == pytest.approx(1.0)


@pytest.mark.slow
def test_recovers_a_curve_with_noise():
    """Slopes within 15 % where the noise is 0.01, and most intervals hold the truth."""
    rate, near, held = np.linspace(0.02, 1.0, 8), 0, 0
    for seed in range(12):
        rng = stream(seed, "noise")
        found = fit(rate, 0.6 * np.exp(-4 * rate) + 0.1 + 0.01 * rng.normal(size=8), rng=rng)
        near += abs(found.b / 4 - 1) < 0.15
        held += found.b_interval[0] <= 4 <= found.b_interval[1]
    assert near >= 10
    assert held >= 7


def test_bounds_are_kept():
    rate = np.linspace(0, 1, 6)
    rising = fit(rate, rate, rng=stream(0))
    assert rising.c >= 0
    falling = fit(rate, np.array([0.9, 0.5, 0.2, 0.05, 0.0, 0.0]), rng=stream(0))
    assert 0 <= falling.floor <= 1e-9
    with pytest.raises(UsageError, match="4 at least"):
        fit(rate[:3], rate[:3], rng=stream(0))
    with pytest.raises(UsageError, match="different rates"):
        fit(np.ones(5), np.ones(5), rng=stream(0))


def test_from_records_to_report(tmp_path):
    records = harness.run(
        tasks=["context-compression"],
        estimators=["bits-per-token", "answer-accuracy"],
        params={"context-compression": {"channels": ("facts",), "facts": (2,), "contexts": 32}},
    )
    (found,) = points(records).values()
    assert found.shape == (2, 12)
    made = RateDistortion().make(records)
    assert "12 points" in made.text
    (finding,) = made.findings
    assert finding.values == (pytest.approx(float(harness.spearman(*found))),)
    reports.write(made, tmp_path / "r.png", "agentic/rate-distortion")
    assert (tmp_path / "r.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(UsageError, match="no case with both"):
        RateDistortion().make(harness.Records([record("t/x", "x/y", 1.0)]))


def test_flops():
    assert flops_per_generation(10, 2, 3, 4, 5) == (20 + 48) * 5
