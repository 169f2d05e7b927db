import math

import numpy as np
import pytest

import harness
from harness import Incompatible, RateProblem
from harness_token_semantics.directed_rates import DirectedRateDistortion, totals
from harness_token_semantics.rates import RateDistortion, RateReward, optimum, tilted

BIT = math.log(2)
HAMMING = 1.0 - np.eye(2)
FLIP = np.array([[0.8, 0.2], [0.2, 0.8]])
HALF = np.full(2, 0.5)


def h(p):
    return -(p * math.log(p) + (1 - p) * math.log(1 - p))


@pytest.fixture(scope="module")
def known():
    task = harness.task("sequences/known-rates")
    return lambda name: next(c for c in task.cases(seed=0) if c.id == name), task


@pytest.mark.parametrize(
    ("name", "error"),
    [("bernoulli", 1e-8), ("uniform", 1e-8), ("erasure", 1e-8), ("gaussian", 1e-3)],
)
def test_closed_forms(known, name, error):
    case_of, task = known
    case = case_of(name)
    for estimator in (
        RateDistortion(tolerance=1e-6 if name == "gaussian" else 1e-10),
        RateReward(sweeps=200),
    ):
        if name == "gaussian" and isinstance(estimator, RateReward):
            continue
        assert task.score(case, estimator.estimate(case.data))["rate_error"] < error


@pytest.mark.parametrize(("d", "rate"), [(0.05, 0.594894), (0.1, 0.412296), (0.2, 0.159363)])
def test_bernoulli_in_bits(d, rate):
    slope = math.log((1 - d) / d)
    found = optimum(np.array([0.7, 0.3]), HAMMING, slope, 1e-12, 5000)
    assert (found.distortion, found.rate / BIT) == pytest.approx((d, rate), abs=1e-6)


def test_no_rate_is_needed_beyond_the_largest_distortion():
    found = optimum(np.array([0.7, 0.3]), HAMMING, 0.5, 1e-10, 5000)
    assert (found.rate, found.distortion) == pytest.approx((0.0, 0.3), abs=1e-6)


@pytest.mark.parametrize(("reward", "rate"), [(0.5, 0.596323), (0.9, 2.250269)])
def test_rate_reward_mirrors_rate_distortion(reward, rate):
    """Of eight letters with a reward of one for the right one."""
    slope = math.log(reward * 7 / (1 - reward))
    problem = RateProblem(np.full(8, 1 / 8), -np.eye(8), [slope])
    found = RateReward().estimate(problem)
    assert (found.x[0], found.y[0] / BIT) == pytest.approx((reward, rate), abs=5e-7)


def test_the_gap_bounds_the_distance_from_the_optimum():
    """After few sweeps, for a random problem, against many."""
    rng = np.random.default_rng(0)
    p, d = rng.dirichlet(np.ones(6)), rng.random((6, 9))
    best = optimum(p, d, 8.0, 1e-12, 100_000)
    for sweeps in (2, 4, 8, 16, 32):
        found = optimum(p, d, 8.0, 1e-12, sweeps)
        excess = found.rate + 8.0 * found.distortion - (best.rate + 8.0 * best.distortion)
        assert -1e-10 < excess <= found.gap + 1e-12
        assert found.sweeps <= sweeps


def plain_sweeps(p, d, slope, sweeps):
    """Blahut's algorithm as he wrote it."""
    weight, q = np.exp(-slope * d), np.full(d.shape[1], 1 / d.shape[1])
    for _ in range(sweeps):
        q = q * (weight.T @ (p / (weight @ q)))
    channel = weight * q / (weight @ q)[:, None]
    ratio = np.where(channel > 0, channel, 1.0) / np.where(
        channel > 0, np.maximum(p @ channel, 1e-300), 1.0
    )
    return (p[:, None] * channel * np.log(ratio)).sum(), (p[:, None] * channel * d).sum()


def test_against_plain_sweeps():
    rng = np.random.default_rng(1)
    for _ in range(5):
        p, d = rng.dirichlet(np.ones(4)), rng.random((4, 4))
        found = optimum(p, d, 5.0, 1e-12, 50_000)
        rate, distortion = plain_sweeps(p, d, 5.0, 3000)
        assert found.rate + 5 * found.distortion <= rate + 5 * distortion + 1e-10
        assert found.rate + 5 * found.distortion == pytest.approx(rate + 5 * distortion, abs=1e-4)


@pytest.mark.parametrize(
    ("beta", "reward", "divergence", "value"),
    [
        (0.1, 1.99993, 1.60869, 1.83906),
        (1.0, 1.35006, 0.32283, 1.02722),
        (10.0, 0.76231, 0.00314, 0.73094),
    ],
)
def test_bandit(beta, reward, divergence, value):
    r, reference = np.array([[0.0, 1.0, 2.0]]), np.array([0.5, 0.3, 0.2])
    found = tilted(np.ones(1), r, beta, reference)
    assert (found[0], found[1], found[3]) == pytest.approx((reward, divergence, value), abs=5e-6)
    assert found[3] == pytest.approx(beta * math.log(reference @ np.exp(r[0] / beta)), abs=1e-12)
    assert found[3] == pytest.approx(found[0] - beta * found[1], abs=1e-12)
    assert found[2] == pytest.approx(0.0, abs=1e-12)


def test_a_fixed_reference_costs_more_than_information():
    """E KL(pi || reference) = I + KL(marginal || reference); equal where the reference is the best."""
    rng = np.random.default_rng(2)
    p, r = rng.dirichlet(np.ones(3)), rng.random((3, 4))
    reference = rng.dirichlet(np.ones(4))
    _, divergence, information, _ = tilted(p, r, 0.3, reference)
    assert divergence > information
    best = optimum(p, -r, 1 / 0.3, 1e-13, 50_000)
    _, divergence, information, _ = tilted(p, r, 0.3, best.q)
    assert divergence == pytest.approx(information, abs=1e-6)
    assert information == pytest.approx(best.rate, abs=1e-6)


def test_the_bandits_curve(known):
    case_of, task = known
    case = case_of("bandit")
    given = RateReward().estimate(case.data)
    assert task.score(case, given)["rate_error"] < 1e-9
    assert given.name_y.startswith("divergence")
    assert (np.diff(given.y) > 0).all()
    assert RateReward(optimize=True).estimate(case.data).y == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("slope", "rate", "distortion"),
    [(1.5, 0.340396, 0.107840), (2.0, 0.451991, 0.063046), (3.0, 0.593944, 0.022250)],
)
def test_directed_increments_of_a_binary_chain(slope, rate, distortion):
    """R(D) = h(p * D) - h(D), from the totals of eight steps and six."""
    (r8, d8, *_), (r6, d6, *_) = (
        totals(HALF, FLIP, HAMMING, slope, t, 1e-13, 5000) for t in (8, 6)
    )
    found = (r8 - r6) / 2, (d8 - d6) / 2
    assert (found[0] / BIT, found[1]) == pytest.approx((rate, distortion), abs=1e-6)
    d = found[1]
    assert found[0] == pytest.approx(h(0.2 * (1 - d) + 0.8 * d) - h(d), abs=1e-10)
    # The first letter has no past, and costs more: so do finite sequences in the mean.
    assert (r8 + slope * d8) / 8 > found[0] + slope * d


@pytest.mark.parametrize("slope", [1.5, 2.0, 3.0])
def test_a_binary_chain_needs_the_last_output_alone(slope):
    """Given the last output, those before it say no more of the source: nothing is lost."""
    every, last = (totals(HALF, FLIP, HAMMING, slope, 6, 1e-13, 5000, m) for m in (None, 1))
    assert last[:2] == pytest.approx(every[:2], abs=1e-10)


def test_forgetting_outputs_costs_rate():
    """Of a cycle of four states, of whose two halves the outputs tell: after one output the next is
    open, after two it is not.
    """
    law = 0.9 * np.roll(np.eye(4), 1, axis=1) + 0.025
    d = np.array([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
    costs = {}
    for history in (1, 2, 4, None):
        rate, distortion, *_ = totals(np.full(4, 0.25), law, d, 3.0, 5, 1e-13, 20_000, history)
        costs[history] = rate + 3.0 * distortion
    assert costs[1] > costs[2] + 0.1
    assert costs[2] > costs[4] + 1e-6
    assert costs[4] == pytest.approx(costs[None], abs=1e-12)


def test_gauss_markov_source(known):
    """1/2 log2(0.81 + 1/D), from causal channels on a grid that remember one output."""
    case_of, task = known
    case = case_of("gauss-markov")
    problem = RateProblem(case.data.p, case.data.d, [1.0], case.data.law)
    found = DirectedRateDistortion(horizon=4, history=1, sweeps=150).estimate(problem)
    assert found.x[0] == pytest.approx(0.38188, abs=1e-4)
    assert task.score(case, found)["rate_error"] < 1e-3
    forgetful = RateDistortion(sweeps=100).estimate(problem)
    assert task.score(case, forgetful)["rate_error"] > 0.4
    with pytest.raises(Incompatible, match=r"37 outputs over 8 steps.*smaller horizon or history"):
        DirectedRateDistortion().estimate(problem)


def test_one_step_is_the_memoryless_problem():
    rng = np.random.default_rng(3)
    p, d = rng.dirichlet(np.ones(3)), rng.random((3, 3))
    rate, distortion, *_ = totals(p, np.tile(p, (3, 1)), d, 4.0, 1, 1e-14, 50_000)
    best = optimum(p, d, 4.0, 1e-13, 50_000)
    assert rate + 4 * distortion == pytest.approx(best.rate + 4 * best.distortion, abs=1e-9)


def test_directed_totals_against_gradient_free_search():
    """No causal channel of two steps that is drawn at random does better."""
    slope = 2.0
    best_rate, best_distortion, *_ = totals(HALF, FLIP, HAMMING, slope, 2, 1e-13, 5000)
    best = best_rate + slope * best_distortion
    rng = np.random.default_rng(4)
    found = []
    for _ in range(3000):
        first, second = rng.beta(0.5, 0.5, size=2), rng.beta(0.5, 0.5, size=(2, 2))
        joint = np.zeros((2, 2, 2, 2))  # x1, y1, x2, y2
        for x1, y1, x2, y2 in np.ndindex(joint.shape):
            q1, q2 = first[x1], second[y1, x2]
            joint[x1, y1, x2, y2] = (
                0.5 * (q1 if y1 else 1 - q1) * FLIP[x1, x2] * (q2 if y2 else 1 - q2)
            )
        one, two = joint.sum((2, 3)), joint.sum(0)
        rate = (one * np.log(one / np.outer(one.sum(1), one.sum(0)))).sum()
        given = two / two.sum((1, 2), keepdims=True)
        rate += (
            two * np.log(given / (given.sum(1, keepdims=True) * given.sum(2, keepdims=True)))
        ).sum()
        distortion = one[0, 1] + one[1, 0] + two[:, 0, 1].sum() + two[:, 1, 0].sum()
        found.append(rate + slope * distortion)
    assert min(found) > best - 1e-12
    assert min(found) < best + 0.1


def test_directed_curves_of_the_task(known):
    case_of, task = known
    chain = case_of("markov")
    found = DirectedRateDistortion().estimate(chain.data)
    assert task.score(chain, found)["rate_error"] < 1e-9
    memoryless = RateDistortion().estimate(chain.data)
    assert memoryless.diagnostics["memory_ignored"]
    assert task.score(chain, memoryless)["rate_error"] > 0.1
    coin = case_of("bernoulli")
    assert (
        task.score(coin, DirectedRateDistortion(horizon=4).estimate(coin.data))["rate_error"] < 1e-7
    )


def test_what_does_not_fit(known):
    case_of, _ = known
    with pytest.raises(
        Incompatible, match=r"8 outputs over 8 steps with 8 letters are 1.34e.08 cells"
    ):
        DirectedRateDistortion().estimate(case_of("uniform").data)
    problem = RateProblem([1.0], [[0.0, 1.0]], [0.0, 1.0], reference=[0.5, 0.5])
    with pytest.raises(Incompatible, match="slope of 0 has no beta"):
        RateReward().estimate(problem)
    assert RateDistortion().estimate(problem).y == pytest.approx(0.0, abs=1e-9)
