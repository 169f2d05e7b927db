import itertools
import math

import numpy as np
import pytest
from scipy import integrate, optimize

from harness import Incompatible, PairedSamples, Samples, Split
from harness_token_semantics.capacity import MemoryCapacity, gardner, margin
from harness_token_semantics.gromov import GromovWasserstein, distances, lower_bound, stress
from harness_token_semantics.predictive_coding import PredictiveCoding

RNG = np.random.default_rng


def rotation(d, rng):
    return np.linalg.qr(rng.normal(size=(d, d)))[0]


@pytest.mark.parametrize("n", [8, 60])
def test_moved_turned_and_shuffled_is_the_same_shape(n):
    rng = RNG(n)
    x = rng.normal(size=(n, 3))
    y = (x @ rotation(3, rng) + 5.0)[rng.permutation(n)]
    found = GromovWasserstein().estimate(PairedSamples(x, y), rng=rng)
    assert found.value < 1e-12 * n
    assert found.diagnostics["stress"] > 0.5


def test_scaling_by_two():
    x = RNG(0).normal(size=(40, 3))
    found = GromovWasserstein().estimate(PairedSamples(x, 2 * x), rng=RNG(1))
    assert found.value == pytest.approx(np.sqrt((distances(x) ** 2).mean()), rel=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_bounds_and_all_permutations(seed):
    rng = RNG(seed)
    x, y = rng.normal(size=(6, 2)), rng.normal(size=(6, 3))
    exact = GromovWasserstein().estimate(PairedSamples(x, y), rng=rng)
    one, two = (np.linalg.norm(p[:, None] - p, axis=2) for p in (x, y))
    every = [
        np.sqrt(((one - two[np.ix_(to, to)]) ** 2).mean())
        for to in itertools.permutations(range(6))
    ]
    assert exact.value == pytest.approx(min(every), abs=1e-12)
    assert exact.diagnostics["lower_bound"] <= exact.value <= exact.diagnostics["stress"]


def test_no_coupling_does_better_than_permutations():
    """The objective is concave: mixtures of permutations are no better than the best of them."""
    rng = RNG(5)
    x, y = rng.normal(size=(5, 2)), rng.normal(size=(5, 2))
    one, two = distances(x), distances(y)
    best = GromovWasserstein().estimate(PairedSamples(x, y), rng=rng).value
    for _ in range(300):
        mixed = sum(w * np.eye(5)[rng.permutation(5)] for w in rng.dirichlet(np.full(4, 0.3))) / 5
        squares = (one**2).mean() + (two**2).mean() - 2 * np.sum((one @ mixed @ two) * mixed)
        assert math.sqrt(squares) >= best - 1e-12


def test_descent_stays_above_the_lower_bound():
    rng = RNG(6)
    x, y = rng.normal(size=(80, 4)), rng.normal(size=(80, 2))
    found = GromovWasserstein().estimate(PairedSamples(x, y), rng=rng)
    one, two = distances(x), distances(y)
    assert lower_bound(one, two) <= found.value <= stress(one, two, np.arange(80))
    fewer = GromovWasserstein(most=30).estimate(PairedSamples(x, y), rng=rng)
    assert fewer.diagnostics["vectors"] == 30


def gaussian_pairs(rho, n, rng):
    x = rng.normal(size=(n, 1))
    return PairedSamples(x, rho * x + math.sqrt(1 - rho**2) * rng.normal(size=(n, 1)))


@pytest.mark.parametrize("rho", [0.0, 0.6, 0.95])
def test_contrast_is_a_bound(rho):
    truth = -0.5 * math.log(1 - rho**2)
    found = PredictiveCoding(candidates=32).estimate(gaussian_pairs(rho, 4000, RNG(7)), rng=RNG(0))
    assert found.stderr is None  # one training knows nothing of others
    error = found.diagnostics["error_given_training"]
    assert found.value <= truth + 4 * error
    # With the right features what is lost is the finite number of candidates alone.
    assert found.value >= 0.85 * truth - 4 * error
    assert found.value < math.log(32)


def test_contrast_reaches_its_ceiling():
    x = RNG(8).normal(size=(2000, 1))
    found = PredictiveCoding(candidates=4, penalty=1e-6).estimate(PairedSamples(x, x), rng=RNG(0))
    assert 0.8 * math.log(4) < found.value < math.log(4)


def test_contrast_of_codes_and_splits():
    codes = RNG(9).integers(4, size=(1200, 1)).astype(float)
    split = Split(np.arange(600), np.arange(600, 1200))
    data = PairedSamples(codes, 3 - codes, "discrete", "discrete", split=split)
    found = PredictiveCoding(candidates=50).estimate(data, rng=RNG(0))
    assert found.value == pytest.approx(math.log(4), abs=0.15)
    assert found.diagnostics["tested"] == 600
    with pytest.raises(Incompatible, match=r"600 pairs to train on .*set candidates"):
        PredictiveCoding(candidates=700).estimate(data, rng=RNG(0))
    wide = PairedSamples(np.arange(400.0)[:, None], codes[:400], "discrete", "discrete")
    with pytest.raises(Incompatible, match="400 different codes; wants at most 128"):
        PredictiveCoding().estimate(wide, rng=RNG(0))


@pytest.mark.parametrize(("kappa", "alpha"), [(0.0, 2.0), (0.5, 0.9612), (1.0, 0.5196)])
def test_gardners_capacity(kappa, alpha):
    def term(t):
        return math.exp(-(t**2) / 2) / math.sqrt(2 * math.pi) * (t + kappa) ** 2

    assert gardner(kappa) == pytest.approx(alpha, abs=5e-5)
    assert gardner(kappa) == pytest.approx(1 / integrate.quad(term, -kappa, np.inf)[0], rel=1e-9)


def cover(patterns, dimensions):
    """T. Cover (1965), the probability that random labels are separable."""
    return sum(math.comb(patterns - 1, k) for k in range(dimensions)) / 2 ** (patterns - 1)


@pytest.mark.parametrize(("patterns", "probability"), [(30, 0.9693), (40, 0.5), (50, 0.0762)])
def test_shares_that_are_separable_follow_cover(patterns, probability):
    assert cover(patterns, 20) == pytest.approx(probability, abs=5e-5)
    rng, trials = RNG(patterns), 200
    separable = np.mean([margin(rng.normal(size=(patterns, 20))) > 1e-9 for _ in range(trials)])
    spread = math.sqrt(probability * (1 - probability) / trials)
    assert separable == pytest.approx(probability, abs=4 * spread)


@pytest.mark.parametrize("seed", range(5))
def test_margin_against_linear_programs(seed):
    """Separable or not by a program in w; the margin by Newton's method on the dual, coarsely."""
    rng = RNG(seed)
    signed = rng.normal(size=(9, 5)) + 0.3
    program = optimize.linprog(np.zeros(5), A_ub=-signed, b_ub=-np.ones(9), bounds=(None, None))
    assert (margin(signed) > 1e-9) == (program.status == 0)
    directions = rng.normal(size=(200_000, 5))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    assert margin(signed) >= (directions @ signed.T).min(1).max() - 1e-9


def test_capacity_is_two_per_dimension():
    x = RNG(10).normal(size=(300, 8))
    found = MemoryCapacity(trials=150).estimate(Samples(x), rng=RNG(11))
    assert abs(found.value - 2.0) < 4 * found.stderr
    assert found.diagnostics["gardner"] == 2.0
    # A copied and a constant column are no dimensions.
    more = np.hstack([x, x[:, :1], np.ones((300, 1))])
    assert (
        MemoryCapacity(trials=2).estimate(Samples(more), rng=RNG(0)).diagnostics["dimensions"] == 8
    )


def test_margins_cost_capacity():
    x = RNG(12).normal(size=(400, 20))
    found = [
        MemoryCapacity(trials=20, margin=k).estimate(Samples(x), rng=RNG(13)).value
        for k in (0.0, 0.5, 1.0)
    ]
    assert found == sorted(found, reverse=True)
    assert found[1] == pytest.approx(gardner(0.5), abs=0.25)


def test_capacity_of_what_does_not_fit():
    with pytest.raises(Incompatible, match="all 4 patterns can be stored; wants more"):
        MemoryCapacity().estimate(Samples(RNG(14).normal(size=(4, 8))), rng=RNG(0))
    with pytest.raises(Incompatible, match="all equal"):
        MemoryCapacity().estimate(Samples(np.ones((9, 2))), rng=RNG(0))
