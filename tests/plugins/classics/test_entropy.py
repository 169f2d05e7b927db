import math

import numpy as np
import pytest
from scipy.special import digamma, gammaln

from harness import Incompatible, PairedSamples, Samples
from harness_classics.entropy import KL, KL3H, WKL, WKL3H
from harness_classics.special import digamma as own_digamma
from harness_classics.special import digammas, log_ball
from harness_classics.weights import weights

NORMAL = 0.5 * math.log(2 * math.pi * math.e)


def mean_of_three(estimator, draw):
    return np.mean(
        [estimator.estimate(Samples(draw(np.random.default_rng(seed)))).value for seed in range(3)]
    )


def test_digamma_and_volumes():
    for x in np.arange(0.5, 40, 0.5):
        assert own_digamma(x) == pytest.approx(digamma(x), abs=1e-14)
    assert digammas(np.arange(1, 50_001)) == pytest.approx(digamma(np.arange(1, 50_001)), abs=1e-12)
    assert [math.exp(log_ball(d, "euclidean")) for d in (1, 2, 3)] == pytest.approx(
        [2, math.pi, 4 / 3 * math.pi]
    )
    assert math.exp(log_ball(3, "chebyshev")) == pytest.approx(8)


@pytest.mark.parametrize("metric", ["euclidean", "chebyshev"])
@pytest.mark.parametrize(
    ("d", "bias", "tolerance"), [(1, 0.0, 0.04), (2, 0.0, 0.04), (5, -0.065, 0.05), (10, 0.0, 0.05)]
)
def test_normal(metric, d, bias, tolerance):
    # The mean of three spreads by 0.008, 0.010, 0.014, 0.017. The bias at d = 5 was measured over
    # 30 draws, by this code and by the formula written out.
    found = mean_of_three(
        KL(k=3, metric=metric, stderr="none"), lambda rng: rng.normal(size=(5000, d))
    )
    assert found == pytest.approx(d * NORMAL + bias, abs=tolerance)


def test_uniform_with_its_edges():
    found = [
        mean_of_three(KL(k=3, stderr="none"), lambda rng, d=d: rng.uniform(size=(5000, d)))
        for d in (1, 2, 3)
    ]
    # The mean of three spreads by 0.007. Balls reach over the edges, where density is missing: with
    # more edge to a volume the value grows.
    assert found[:2] == pytest.approx([0.0, 0.0], abs=0.035)
    assert 0.03 < found[2] < 0.13


def test_laplace():
    found = mean_of_three(
        KL(k=3, stderr="none"), lambda rng: rng.laplace(scale=0.7, size=(5000, 1))
    )
    assert found == pytest.approx(1 + math.log(1.4), abs=0.05)


@pytest.mark.parametrize("estimator", [KL(stderr="none"), WKL(stderr="none")])
def test_affine_maps_add_the_logarithm_of_their_volume(estimator):
    rng = np.random.default_rng(0)
    x, turn = rng.normal(size=(500, 4)), rng.normal(size=(4, 4))
    before = estimator.estimate(Samples(x)).value
    after = estimator.estimate(Samples(5.0 + x @ turn)).value
    assert after == pytest.approx(before + np.linalg.slogdet(turn)[1], abs=1e-9)
    scaled = estimator.estimate(Samples(-8.0 * x)).value
    assert scaled == pytest.approx(before + 4 * math.log(8), abs=1e-9)


def test_equals_the_formula():
    x = np.random.default_rng(1).normal(size=(150, 3))
    r = np.sort(np.sqrt(((x[:, None] - x) ** 2).sum(2)), 1)[:, 1:]
    ball = math.log(4 / 3 * math.pi)
    wanted = digamma(150) - digamma(4) + ball + 3 * np.log(r[:, 3]).mean()
    assert KL(k=4, whiten=False).estimate(Samples(x)).value == pytest.approx(wanted, abs=1e-12)
    x = np.random.default_rng(1).normal(size=(150, 8))
    r = np.sort(np.sqrt(((x[:, None] - x) ** 2).sum(2)), 1)[:, 1:]
    w, j = weights(8, 5), np.arange(1, 6)
    wanted = (
        (w * (8 * np.log(r[:, :5]) + log_ball(8, "euclidean") + math.log(149) - digamma(j)))
        .sum(1)
        .mean()
    )
    output = WKL(k=5, whiten=False, max_weight=20.0).estimate(Samples(x))
    assert output.value == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize(("d", "k"), [(4, 5), (5, 5), (8, 8), (8, 20), (10, 20)])
def test_weights_meet_their_conditions(d, k):
    w, j = weights(d, k), np.arange(1, k + 1)
    assert w.sum() == pytest.approx(1.0)
    for order in range(1, d // 4 + 1):
        row = np.exp(gammaln(j + 2 * order / d) - gammaln(j))
        assert abs(w @ row) < 1e-9 * np.linalg.norm(w) * np.linalg.norm(row)
    assert not w[[i for i in range(k) if i + 1 not in {m * k // d for m in range(1, d + 1)}]].any()


@pytest.mark.parametrize(
    ("d", "k", "norm"), [(5, 5, 1.9), (8, 5, 16), (10, 5, 24), (16, 5, 1.7e4), (16, 20, 784)]
)
def test_weights_explode_where_neighbours_are_few(d, k, norm):
    assert np.linalg.norm(weights(d, k)) == pytest.approx(norm, rel=0.03)


def test_exploded_weights_fall_back_with_a_note():
    x = np.random.default_rng(0).normal(size=(2000, 16))
    output = WKL(k=5).estimate(Samples(x))
    assert output.value == KL(k=5).estimate(Samples(x)).value
    assert "unweighted_16d" in output.diagnostics
    assert "unweighted_2d" not in WKL(k=5).estimate(Samples(x[:, :2])).diagnostics


def test_a_code_with_more_dimensions_than_its_data_shows_in_the_diagnostics():
    t = np.random.default_rng(0).uniform(size=2000)
    curve = np.column_stack([np.cos(6 * t), np.sin(6 * t), t])
    output = KL().estimate(Samples(curve))
    assert output.diagnostics["intrinsic_dimension"] == pytest.approx(1.0, abs=0.1)
    flat = np.random.default_rng(0).normal(size=(2000, 3))
    assert KL().estimate(Samples(flat)).diagnostics["intrinsic_dimension"] == pytest.approx(
        3.0, abs=0.3
    )


@pytest.mark.parametrize("estimator", [KL3H, WKL3H])
def test_three_entropies_make_an_information(gaussian_pair, estimator):
    entropy = KL if estimator is KL3H else WKL
    x, y = gaussian_pair(0, 1000, 2, 1.5)
    a, b, both = (entropy().estimate(Samples(part)).value for part in (x, y, np.hstack([x, y])))
    output = estimator().estimate(PairedSamples(x, y))
    assert output.value == pytest.approx(a + b - both, abs=1e-12)
    assert output.value == pytest.approx(1.5, abs=0.2)


def test_independent_data_give_negative_values():
    draws = [np.random.default_rng(seed).normal(size=(2, 300, 1)) for seed in range(30)]
    found = [KL3H(stderr="none").estimate(PairedSamples(*pair)).value for pair in draws]
    assert 0 < sum(v < 0 for v in found) < 30


def test_repeated_points_are_named():
    x = np.random.default_rng(0).normal(size=(200, 1))
    with pytest.raises(Incompatible, match="discrete; use plug-in-entropy"):
        KL().estimate(Samples(np.rint(x)))
    few = np.vstack([x, x[:20]])
    output = KL(k=5).estimate(Samples(few))
    assert output.diagnostics["repeated"] == pytest.approx(40 / 220)
