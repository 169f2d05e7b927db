"""What is for large sets: approximate novelty, segments, and the size chosen from the data."""

import itertools

import numpy as np
import pytest

import harness
from harness import Environments, Incompatible, Samples
from harness.kinds import Split
from harness_msc import approximate, cloud
from harness_msc.cover import MinimumSetCover
from harness_msc.measures import Diversity, Entropy, Novelty, Overlap

RNG = np.random.default_rng


@pytest.fixture(scope="module")
def crowd():
    """3,000 points about 40 centres, and 500 new ones, some far from all."""
    rng = RNG(3)
    centres = rng.normal(scale=0.1, size=(40, 10))
    x = centres[rng.integers(40, size=3000)] + rng.normal(scale=0.01, size=(3000, 10))
    y = centres[rng.integers(40, size=500)] + rng.normal(scale=0.015, size=(500, 10))
    y[:20] += 2.0
    return y, x


def test_cells_bound_the_novelty_from_above_and_reach_it(crowd):
    y, x = crowd
    exact = cloud.log_sums(y, x, 0.015)
    bounds = [approximate.log_sums(y, x, 0.015, cells) for cells in (1, 2, 4, 12)]
    for wider, closer in itertools.pairwise(bounds):
        assert (closer <= wider + 1e-9).all()
    np.testing.assert_allclose(bounds[-1], exact, rtol=1e-9, atol=1e-9)
    assert len(x) > 3 * approximate.CELL
    assert (bounds[0] >= exact - 1e-9).all()
    assert bounds[0].max() > exact.max() - 1e-6 > 1000  # far points stay finite
    assert (bounds[0] - exact).mean() > (bounds[2] - exact).mean() > 0
    assert np.median(bounds[2] - exact) < 0.05


def test_own_points_are_left_out_and_a_point_alone_is_summed_over_all(crowd):
    _, x = crowd
    unit = np.arange(len(x)) // 600  # more than two cells to a unit
    tight = x + 3.0 * unit[:, None]  # units far apart: the nearest cells are a unit's own
    exact = cloud.log_sums(tight, tight, 0.015, unit, unit)
    found = approximate.log_sums(tight, tight, 0.015, 1, unit, unit)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, exact, rtol=1e-9)


def test_the_estimators_take_cells(crowd):
    y, x = crowd
    data = Samples(
        np.concatenate([x, y]), split=Split(np.arange(len(x)), np.arange(len(x), len(x) + len(y)))
    )
    exact, bound = (Novelty(cells=c).estimate(data) for c in (0, 3))
    assert bound.value > exact.value
    assert bound.diagnostics["overlap"] <= exact.diagnostics["overlap"]
    assert Overlap(cells=12).estimate(data).value == Overlap().estimate(data).value
    assert Novelty(cells=12).estimate(data).value == pytest.approx(exact.value, rel=1e-9)


def test_segments_choose_among_the_chosen(cloud_of_sets):
    data = harness.kinds.Environments(cloud_of_sets.x, cloud_of_sets.offsets, sizes=(4, 8))
    whole = MinimumSetCover(h=0.015).estimate(data).order
    np.testing.assert_array_equal(MinimumSetCover(segment=40).estimate(data).order, whole)
    found = MinimumSetCover(segment=20).estimate(data).order
    halves = [
        20 * half
        + MinimumSetCover().estimate(data.take(np.arange(20 * half, 20 * half + 20))).order
        for half in (0, 1)
    ]
    finalists = np.sort(np.concatenate(halves))
    again = finalists[MinimumSetCover().estimate(data.take(finalists)).order]
    np.testing.assert_array_equal(found, again)
    assert len(set(found)) == 8


def test_segments_too_small_for_what_is_asked(cloud_of_sets):
    data = harness.kinds.Environments(cloud_of_sets.x, cloud_of_sets.offsets, sizes=(8,))
    with pytest.raises(Incompatible, match="segment=15 for a selection of 8; wanted at least 16"):
        MinimumSetCover(segment=15).estimate(data)


def test_segments_leave_what_is_held_alone(cloud_of_sets):
    split = Split(np.arange(10), np.arange(10, 40))
    data = Environments(cloud_of_sets.x, cloud_of_sets.offsets, sizes=(5,), split=split)
    found = MinimumSetCover(conditional=True, segment=10).estimate(data).order
    assert (found >= 10).all()
    assert len(set(found)) == 5


def test_the_best_size_is_that_of_evaluating_every_prefix(g2):
    found = harness.estimator("msc/best-size", h=0.05).estimate(g2, rng=RNG(0))
    order = MinimumSetCover(h=0.05).estimate(g2).order
    products = []
    for size in range(17, g2.n + 1):  # a tenth of 162 structures, rounded up
        kept = g2.take(order[:size])
        products.append(
            Entropy(h=0.05).estimate(kept).value * Diversity(h=0.05).estimate(kept).value
        )
    best = 17 + int(np.argmax(products))
    assert found.diagnostics["structures"] == best
    assert found.value == best / g2.n
    kept = g2.take(order[:best])
    assert found.diagnostics["entropy"] == pytest.approx(Entropy(h=0.05).estimate(kept).value)
    assert found.diagnostics["diversity"] == pytest.approx(Diversity(h=0.05).estimate(kept).value)
    assert found.diagnostics["entropy_all"] == pytest.approx(Entropy(h=0.05).estimate(g2).value)


def test_copies_of_all_structures_are_not_worth_keeping():
    rng = RNG(0)
    x = rng.normal(size=(60, 6))
    twice = Environments(np.concatenate([x, x]), np.arange(0, 121, 3))
    found = harness.estimator("msc/best-size").estimate(twice, rng=rng)
    assert found.diagnostics["structures"] == 20  # each structure once: H = D = ln 60
    assert found.diagnostics["entropy"] == pytest.approx(np.log(60))
