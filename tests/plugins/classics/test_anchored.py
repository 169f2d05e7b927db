import math

import numpy as np
import pytest

from harness import Incompatible, PairedSamples
from harness_classics import anchored
from harness_classics.anchored import AnchoredKSG
from harness_classics.ksg import KSG

QUICK = AnchoredKSG(stderr="none")


def value(x, y, seed=0, **settings):
    found = AnchoredKSG(stderr="none", **settings)
    return found.estimate(PairedSamples(x, y), rng=np.random.default_rng(seed)).value


def test_normal_pairs_in_many_dimensions_are_not_too_low(gaussian_pair):
    found, near = [], []
    for seed in range(4):
        x, y = gaussian_pair(seed, 1000, 12, 2.0)
        turns = (np.linalg.qr(np.random.default_rng(s).normal(size=(12, 12)))[0] for s in (0, 1))
        x, y = (side @ turn for side, turn in zip((x, y), turns, strict=True))
        found.append(value(x, y, seed))
        near.append(KSG(stderr="none").estimate(PairedSamples(x, y)).value)
    assert np.mean(near) < 0.8
    assert np.mean(found) == pytest.approx(2.0, abs=4 * max(np.std(found, ddof=1) / 2, 0.03))


def test_what_no_copula_shows_is_measured_by_neighbours():
    rng = np.random.default_rng(0)
    angle = rng.uniform(-math.pi, math.pi, size=2000)
    noise = rng.vonmises(0.0, 4.0, size=2000)
    x, y = (np.column_stack([np.cos(a), np.sin(a)]) for a in (angle, angle + noise))
    x, y = (side * np.exp(0.2 * rng.normal(size=(2000, 1))) for side in (x, y))
    t = (np.arange(400) + 0.5) * math.pi / 400
    mean = (np.exp(4.0 * np.cos(t)) * np.cos(t)).mean() / np.i0(4.0)
    truth = 4.0 * mean - math.log(np.i0(4.0))
    found = QUICK.estimate(PairedSamples(x, y), rng=rng)
    assert found.value == pytest.approx(truth, abs=0.12)
    assert found.diagnostics["copula"] < truth - 0.15


def test_the_value_is_the_sum_of_what_it_is_made_from(gaussian_pair):
    pair = PairedSamples(*gaussian_pair(2, 500, 2, 1.0))
    found = AnchoredKSG().estimate(pair, rng=np.random.default_rng(0))
    notes = found.diagnostics
    parts = notes["copula"] + notes["beyond_copula"] + notes["trend"]
    assert found.value == pytest.approx(parts, abs=1e-12)
    assert notes["allowance"] == pytest.approx(anchored.ALLOWANCE * abs(notes["trend"]))
    assert found.stderr == pytest.approx(math.hypot(notes["sampling"], notes["allowance"]))


def test_equal_seeds_give_equal_bits_and_order_means_nothing(gaussian_pair):
    x, y = gaussian_pair(1, 400, 3, 1.0)
    order = np.random.default_rng(0).permutation(400)
    assert value(x, y) == value(x, y)
    assert value(x, y) != value(x, y, seed=1)
    assert value(x[order], y[order]) == pytest.approx(value(x, y), abs=1e-9)


def test_increasing_maps_of_columns_change_nothing(gaussian_pair):
    x, y = gaussian_pair(4, 400, 2, 1.0)
    assert value(np.exp(2 * x), y**3) == value(x, y)


def test_more_draws_leave_less_to_the_seed(gaussian_pair):
    x, y = gaussian_pair(5, 300, 2, 0.5)
    spread = {
        draws: np.std([value(x, y, seed, draws=draws) for seed in range(16)]) for draws in (1, 8)
    }
    assert spread[8] < 0.75 * spread[1]  # 0.35 is expected, known to a quarter


def test_the_interval_holds_the_truth_on_independent_data():
    held = []
    for seed in range(20):
        x, y = np.random.default_rng(seed).normal(size=(2, 300, 2))
        found = AnchoredKSG().estimate(PairedSamples(x, y), rng=np.random.default_rng(seed))
        held.append(abs(found.value) <= 1.96 * found.stderr)
    assert sum(held) >= 16  # fewer have a probability of 0.003 at 95 %


def test_halves_that_have_too_few_neighbours_are_refused():
    x, y = np.random.default_rng(0).normal(size=(2, 8, 1))
    with pytest.raises(Incompatible, match="4 samples have fewer than 5 neighbours"):
        value(x, y, k=5)
    codes = np.tile([0.0, 1.0], 50)[:, None]
    with pytest.raises(Incompatible, match="discrete"):
        value(np.random.default_rng(0).normal(size=(100, 1)), codes)
