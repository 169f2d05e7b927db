"""Entropy, diversity and novelty: closed forms, identities and brute force."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from harness import DataError, Environments, Incompatible, Samples, UsageError
from harness.kinds import Split
from harness_msc import bandwidth, cloud
from harness_msc.gap import InformationGap, fit
from harness_msc.measures import Diversity, Efficiency, Entropy, Novelty, Overlap

H = 0.015
EXACT = 1e-12
"""Rounding: sums of up to a few thousand terms in float64."""


def samples(x, **more):
    return Samples(x=np.asarray(x, float), **more)


def value(estimator, data):
    return estimator.estimate(data).value


def far_apart(n, p=3):
    """n points with every distance beyond 100 bandwidths: exp(-5000) is zero in float64."""
    return np.arange(n)[:, None] * np.full(p, 100 * H)


def both(x):
    return value(Entropy(), samples(x)), value(Diversity(), samples(x))


@pytest.mark.parametrize("n", [2, 31, 32, 33, 200])
def test_identical_points_have_no_entropy(n):
    x = np.tile(np.random.default_rng(n).normal(size=5), (n, 1))
    assert both(x) == pytest.approx((0.0, 0.0), abs=EXACT)
    assert cloud.log_sums(x, x, H) == pytest.approx(-math.log(n), abs=EXACT)


@pytest.mark.parametrize("n", [2, 31, 32, 33, 200])
def test_far_points_have_the_greatest_entropy(n):
    assert both(far_apart(n)) == pytest.approx((math.log(n), math.log(n)), abs=EXACT)
    assert value(Efficiency(), samples(far_apart(n))) == pytest.approx(1.0, abs=EXACT)


def test_two_clusters_have_the_entropy_of_a_coin():
    x = np.repeat(far_apart(2), [30, 70], axis=0)
    coin = -0.3 * math.log(0.3) - 0.7 * math.log(0.7)
    assert both(x) == pytest.approx((coin, math.log(2)), abs=EXACT)


def test_far_sets_mix_by_the_rule_of_groups():
    rng = np.random.default_rng(0)
    a, b = rng.normal(scale=H, size=(60, 4)), 100 + rng.normal(scale=2 * H, size=(90, 4))
    (ha, da), (hb, db), (h, d) = both(a), both(b), both(np.concatenate([a, b]))
    assert math.exp(d) == pytest.approx(math.exp(da) + math.exp(db), rel=EXACT)
    assert h == pytest.approx(
        0.4 * ha + 0.6 * hb - 0.4 * math.log(0.4) - 0.6 * math.log(0.6), rel=EXACT
    )


@pytest.mark.parametrize(
    ("distance", "expected"), [(0.1, 22.2222222), (0.3, 200), (0.57, 722), (1.0, 2222.2222222)]
)
def test_novelty_of_one_point_is_its_squared_distance(distance, expected):
    """1.0 underflows a plain sum (exp(-2222) = 0 in float64); the last must hold all the same."""
    assert cloud.log_sums(np.array([[distance, 0.0]]), np.zeros((1, 2)), H) == pytest.approx(
        expected, rel=1e-9
    )
    assert distance**2 / (2 * H * H) == pytest.approx(expected, rel=1e-8)


def test_novelty_matches_log_sum_exp_at_all_ranges(ref):
    rng = np.random.default_rng(1)
    x = rng.normal(scale=2 * H, size=(300, 7))
    y = np.concatenate(
        [x[:40], rng.normal(scale=5 * H, size=(40, 7)), rng.normal(size=(40, 7)), 1e4 + x[:7]]
    )
    assert cloud.log_sums(y, x, H) == pytest.approx(ref.novelty(y, x, H), rel=1e-11, abs=1e-11)


@pytest.mark.parametrize(("n", "p"), [(2, 1), (33, 1), (100, 2), (257, 16), (500, 63), (40, 600)])
def test_kernel_sums_match_brute_force(ref, n, p):
    """Across block sizes, padded and long dimensions, and the other frame above 512 dimensions."""
    rng = np.random.default_rng(n)
    x = rng.normal(scale=H, size=(n, p)) * np.geomspace(3, 0.1, p) / p**0.5 + 3.0
    assert cloud.self_sums(x, H) == pytest.approx(
        np.exp(-ref.exponents(x, x, H)).sum(axis=1), rel=1e-11
    )


def test_pruning_leaves_out_nothing_that_counts(ref):
    """Clusters from touching to far: many blocks are skipped, and every sum stays exact."""
    rng = np.random.default_rng(2)
    centres = rng.normal(size=(60, 8)) * np.geomspace(0.02, 2, 60)[:, None]
    x = np.repeat(centres, 40, axis=0) + rng.normal(scale=0.3 * H, size=(2400, 8))
    assert cloud.self_sums(x, H) == pytest.approx(
        np.exp(-ref.exponents(x, x, H)).sum(axis=1), rel=1e-11
    )
    assert cloud.log_sums(x[::5] + 0.05, x, H) == pytest.approx(
        ref.novelty(x[::5] + 0.05, x, H), rel=1e-11, abs=1e-11
    )


points = arrays(
    np.float64,
    st.tuples(st.integers(2, 40), st.integers(1, 4)),
    elements=st.floats(-0.125, 0.125, width=32),
)


@settings(max_examples=60, deadline=None)
@given(points)
def test_bounds_hold_for_any_data(x):
    """0 <= H <= D <= ln n (Jensen), up to rounding; never below zero at all."""
    h, d = both(x)
    assert 0.0 <= h <= d + EXACT
    assert 0.0 <= d <= math.log(len(x)) + EXACT


@settings(max_examples=60, deadline=None)
@given(points, st.integers(0, 2**32 - 1))
def test_values_do_not_depend_on_order_place_or_copies(x, seed):
    rng = np.random.default_rng(seed)
    expected = both(x)
    assert both(rng.permutation(x)) == pytest.approx(expected, abs=EXACT)
    assert both(x + rng.normal(size=x.shape[1])) == pytest.approx(expected, abs=1e-10)
    assert both(np.concatenate([x, x])) == pytest.approx(expected, abs=EXACT)


@settings(max_examples=40, deadline=None)
@given(points, st.floats(0.001, 0.1), st.floats(1.01, 5))
def test_entropy_falls_with_the_bandwidth(x, h, factor):
    narrow, wide = (value(Entropy(h=b), samples(x)) for b in (h, h * factor))
    assert wide <= narrow + EXACT


def test_mean_self_novelty_is_entropy_less_log_n():
    x = np.random.default_rng(3).normal(scale=2 * H, size=(300, 3))
    novelty = cloud.log_sums(x, x, H)
    assert novelty.mean() == pytest.approx(value(Entropy(), samples(x)) - math.log(300), abs=EXACT)
    assert (novelty < 1e-5).all()


def test_local_values_average_to_the_value():
    x = np.random.default_rng(4).normal(scale=2 * H, size=(100, 3))
    for estimator in (Entropy(), Novelty(), Overlap()):
        estimate = estimator.estimate(samples(x))
        assert estimate.local.mean() == pytest.approx(estimate.value, rel=EXACT)


def test_novelty_with_a_split_is_test_given_train(ref):
    x = np.random.default_rng(5).normal(scale=2 * H, size=(60, 3))
    split = Split(train=np.arange(40), test=np.arange(45, 60))
    estimate = Novelty().estimate(samples(x, split=split))
    expected = ref.novelty(x[45:], x[:40], H)
    assert estimate.local == pytest.approx(expected, rel=1e-11)
    assert estimate.diagnostics["overlap"] == (expected < 1e-5).mean() > 0
    assert estimate.value > -math.log(40)


def test_novelty_without_a_split_leaves_out_the_own_structure(ref, cloud_of_sets):
    data = cloud_of_sets
    estimate = Novelty().estimate(data)
    unit = np.repeat(np.arange(data.n), np.diff(data.offsets))
    for s in range(data.n):
        expected = ref.novelty(data.x[unit == s], data.x[unit != s], H)
        assert estimate.local[unit == s] == pytest.approx(expected, rel=1e-11)


def test_overlap_counts_what_eps_allows():
    """Test points at dH = 0, 0.5 and 2 nats from one training point."""
    x = np.array([[0.0], [0.0], [H], [2 * H]])
    data = samples(x, split=Split(train=[0], test=[1, 2, 3]))
    shares = [value(Overlap(eps=eps), data) for eps in (1e-5, 0.6, 2.1)]
    assert shares == pytest.approx([1 / 3, 2 / 3, 1])
    assert Overlap(eps=0.6).estimate(data).diagnostics["eps"] == 0.6


def test_single_environment(ref):
    data = Environments(x=np.ones((1, 3)), offsets=[0, 1])
    assert (value(Entropy(), data), value(Diversity(), data)) == (0.0, 0.0)
    with pytest.raises(Incompatible, match="at least two"):
        Efficiency().estimate(data)
    with pytest.raises(Incompatible, match="at least two"):
        Novelty().estimate(data)


def test_data_far_beyond_the_bandwidth_are_refused_not_overflown():
    with pytest.raises(DataError, match=r"row 1.*bandwidths"):
        Entropy().estimate(samples([[0.0], [1e100], [1.0]]))


def test_number_of_threads_changes_no_bit():
    import numba

    x = np.random.default_rng(6).normal(scale=3 * H, size=(3000, 10))
    frame = cloud.Frame.of(x, H)
    blocks = cloud.Blocks.of(frame.place(x))
    results = []
    many = numba.get_num_threads()
    for threads in (1, many):
        numba.set_num_threads(threads)
        results.append(
            cloud.kernel.self_sums(
                blocks.rows, blocks.low, blocks.high, len(x), 45.0, np.zeros((32, len(blocks.rows)))
            )
        )
        results.append(cloud.near_and_total(frame, x, x[:500]))
    assert (results[0] == results[2]).all()
    assert all((a == b).all() for a, b in zip(results[1], results[3], strict=True))


def test_exponential_to_rounding():
    from harness_msc.kernel import exponential

    x = -np.geomspace(1e-12, 699, 20000)
    got = np.array([exponential(v) for v in x])
    # A unit in the last place of x is worth |x| 2^-53 in exp(x), for any implementation.
    assert np.abs(got / np.exp(x) - 1).max() < 5e-16
    assert exponential(-1e5) == exponential(-np.inf) < 1e-300
    assert exponential(0.0) == 1.0


def test_rules_of_thumb():
    x = np.random.default_rng(7).normal(size=(400, 3))
    silverman = Entropy(bandwidth="silverman").estimate(samples(x)).diagnostics["h"]
    assert silverman == pytest.approx(
        np.sqrt(x.var(axis=0, ddof=1).mean()) * (4 / (400 * 5)) ** (1 / 7)
    )
    distances = np.linalg.norm(x[:, None] - x, axis=2)[np.triu_indices(400, 1)]
    median = Entropy(bandwidth="median").estimate(samples(x)).diagnostics["h"]
    assert median == pytest.approx(np.median(distances))
    with pytest.raises(DataError, match="all coincide"):
        Entropy(bandwidth="median").estimate(samples(np.ones((5, 2))))


@pytest.mark.parametrize(
    ("volume", "expected"),
    [
        (5, 0.092690),
        (8, 0.080459),
        (10, 0.070820),
        (11.8, 0.061852),
        (16.5, 0.040446),
        (30, 0.013968),
        (100, 0.011942),
    ],
)
def test_volume_rule(volume, expected):
    """Values of the official package, rounded to six digits."""
    assert bandwidth.from_volume(volume) == pytest.approx(expected, abs=5.1e-7)
    assert 0.016 <= bandwidth.from_volume(volume, "cutoff") <= 0.1022
    with pytest.raises(UsageError, match="more than 0"):
        bandwidth.from_volume(-volume)
    with pytest.raises(UsageError, match="'cutoff'"):
        bandwidth.from_volume(volume, "triangle")


def test_fit_recovers_its_own_curve():
    n = np.geomspace(8, 20000, 10)
    curve = 7.5 - 6.0 * np.exp(-0.03 * np.log(n) ** 2)
    assert fit(n, curve) == pytest.approx((7.5, 6.0, 0.03, 0.0), rel=1e-6, abs=1e-9)


def test_information_gap_closes_as_a_finite_world_is_sampled():
    """Fifty distinct places: 1,000 draws know them all, 64 draws do not."""
    rng = np.random.default_rng(8)
    places = far_apart(50)
    few, many = (
        InformationGap().estimate(
            samples(places[rng.integers(50, size=n)]), rng=np.random.default_rng(0)
        )
        for n in (64, 1000)
    )
    assert abs(many.value) < 0.1 < few.value
    assert many.diagnostics["a"] == pytest.approx(math.log(50), abs=0.1)


def test_information_gap_refuses_what_it_cannot_fit():
    rng = np.random.default_rng(9)
    with pytest.raises(Incompatible, match="no growth"):
        InformationGap().estimate(samples(np.ones((100, 2))), rng=rng)
    with pytest.raises(Incompatible, match="at least 32"):
        InformationGap().estimate(samples(far_apart(31)), rng=rng)
    with pytest.raises(Incompatible, match="does not converge"):
        fit(np.geomspace(8, 1000, 8), np.log(np.geomspace(8, 1000, 8)) ** 4)


@pytest.mark.parametrize("offset", [1e6, 1e8])
def test_the_median_rule_does_not_see_offsets(offset):
    x = np.random.default_rng(0).normal(size=(300, 3))
    here, there = (
        Entropy(bandwidth="median").estimate(samples(points)) for points in (x, x + offset)
    )
    assert there.diagnostics["h"] == pytest.approx(here.diagnostics["h"], rel=1e-6)
    assert there.value == pytest.approx(here.value, abs=1e-5)
