import math

import numpy as np
import pytest

import harness
from harness import ChannelLogLikelihoods, ConceptVectors, Incompatible
from harness_token_semantics.problems import ChannelProblem, ItemProblem
from harness_token_semantics.rates import RateDistortion

RNG = np.random.default_rng


def items(x):
    y = np.arange(len(x)) % 2
    return ConceptVectors(x, y, ("a", "b"))


def test_two_points_need_a_bit():
    """At slopes that tell them apart, whatever the number of items at each."""
    x = np.array([[0.0, 0.0], [3.0, 4.0]] * 4)
    problem = ItemProblem(slopes=(8.0,)).transform(items(x), to=None, rng=RNG(0))
    curve = RateDistortion().estimate(problem)
    assert curve.y[0] == pytest.approx(math.log(2), abs=1e-6)
    assert curve.x[0] == pytest.approx(0.0, abs=1e-6)
    assert problem.d[0, 1] == pytest.approx(4.0)  # 25, over a variance of 6.25


def test_free_points_cost_no_more_than_items():
    """The curve of the concepts plugin may place its points anywhere: its bound is below the
    objective of items at every slope.
    """
    data = items(RNG(1).normal(size=(24, 3)))
    problem = ItemProblem().transform(data, to=None, rng=RNG(0))
    curve = RateDistortion().estimate(problem)
    free = harness.estimator("tokens_to_thoughts/rate-distortion-curve").estimate(data, rng=RNG(2))
    for x, y, slope in zip(curve.x[::-1], curve.y[::-1], sorted(problem.slopes), strict=True):
        assert (free.y + slope * free.x).min() < y + slope * x + 0.02


def test_texts_that_tell_groups_apart():
    """Eight contexts in four groups, a text per context that only its group can give: ln 4."""
    group = np.arange(8) // 2
    log_p = np.where(group[:, None, None] == group, math.log(0.5), -np.inf)
    channel = ChannelLogLikelihoods.of(log_p, np.ones((8, 1), int))
    problem = ChannelProblem(slopes=(1.0,)).transform(channel, to=None, rng=RNG(0))
    curve = RateDistortion().estimate(problem)
    assert (curve.x[0], curve.y[0]) == pytest.approx((math.log(2), math.log(4)), abs=1e-9)


def test_concepts_by_plan_alone():
    found = harness.run(
        tasks=["planted-prototypes"],
        models=["concept-vectors", "item-problem"],
        estimators=["token_semantics/rate-distortion"],
    )
    assert {r.status for r in found} == {"ok"}
    assert all(r.curve.y.max() > r.curve.y.min() for r in found)


def test_texts_of_a_known_channel():
    """Four prompts and what they say in three tokens: no curve asks for more than ln 4."""
    (case,) = harness.task("sequences/flow", n=40, length=3, temperatures=(1.0,)).cases(seed=0)
    channel = harness.model("sequences/source-likelihoods").transform(
        case.load(), to=None, rng=RNG(0)
    )
    problem = ChannelProblem().transform(channel, to=None, rng=RNG(0))
    curve = RateDistortion().estimate(problem)
    assert 0.1 < curve.y.max() <= math.log(4) + 1e-9
    assert (np.diff(curve.y) < 0).all()


def test_what_does_not_fit():
    with pytest.raises(Incompatible, match="the items are one point"):
        ItemProblem().transform(items(np.ones((4, 2))), to=None, rng=RNG(0))
