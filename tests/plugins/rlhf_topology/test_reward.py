"""Reward models against dense formulas and a general optimizer; accuracy and divergence."""

import dataclasses
import math

import numpy as np
import pytest

import harness
from harness import (
    Incompatible,
    LabelledSamples,
    LabelLogProbabilities,
    PairedSamples,
)
from harness_rlhf_topology.exact import Posterior
from harness_rlhf_topology.forest import Forest
from harness_rlhf_topology.kinds import RewardPredictions
from harness_rlhf_topology.predictions import divergence
from harness_rlhf_topology.reward import label_log_probability

from .conftest import (  # fmt: skip
    RNG,
    dense,
    graph_of,
    logistic_beta,
    measure,
    of_pairs,
    predictions,
    preferences,
    source,
)


def test_bayes_is_the_posterior_mean_of_every_response():
    data = preferences()
    mean, left, _, _ = dense(data)
    found, (a, b) = predictions("bayes", data), data.part("test").pairs.T
    np.testing.assert_allclose(found.mean, mean[a] - mean[b], atol=1e-10)
    np.testing.assert_allclose(found.var, of_pairs(left, data.part("test").pairs), atol=1e-10)
    leaves = np.setdiff1d(np.arange(len(data.parent)), data.parent)
    np.testing.assert_allclose(found.response_mean, mean[leaves], atol=1e-10)
    np.testing.assert_array_equal(found.response_true, data.reward[leaves])


def test_the_squared_error_of_bayes_is_the_inference_distance():
    """For logistic noise too: it depends on variances alone. Within 5 standard errors."""
    errors, distances = [], []
    for seed in range(60):
        data = preferences(data=source(seed=seed, tests=10), seed=seed)
        found = predictions("bayes", data)
        errors.append(((found.mean - found.true) ** 2).mean())
        distances.append(found.var.mean())
    gap = np.subtract(errors, distances)
    assert abs(gap.mean()) < 5 * gap.std(ddof=1) / math.sqrt(60)


def test_bayes_on_a_graph_without_a_prior_is_least_squares():
    y = RNG(0).normal(size=6)
    data = graph_of([[0, 1], [1, 2], [0, 2], [2, 3]], [[0, 3], [1, 3]], y=y)
    rows = np.zeros((4, 4))
    rows[np.arange(4), data.pairs[:4, 0]], rows[np.arange(4), data.pairs[:4, 1]] = 1, -1
    wanted = np.linalg.lstsq(rows, y[:4], rcond=None)[0]
    found = predictions("bayes", data)
    np.testing.assert_allclose(found.mean, [wanted[0] - wanted[3], wanted[1] - wanted[3]])


def test_bt_map_is_the_maximum_of_the_posterior_and_its_laplace_variance():
    from scipy.optimize import minimize

    data = preferences(data=source(height=4, noise=0.5, budget=25))
    _, _, prior, rows = dense(data)
    beta, sign = logistic_beta(0.5), np.where(data.part("train").y > 0, 1.0, -1.0)
    kept = np.arange(1, len(prior))  # the root has no variance
    precise, rows = np.linalg.inv(prior[np.ix_(kept, kept)]), rows[:, kept]

    def loss(r):
        margin = beta * sign * (rows @ r)
        slope = -beta * sign / (1 + np.exp(margin))
        return np.logaddexp(0, -margin).sum() + 0.5 * r @ precise @ r, rows.T @ slope + precise @ r

    mode = minimize(loss, np.zeros(len(kept)), jac=True, method="BFGS", options={"gtol": 1e-9}).x
    found, test = predictions("bt-map", data), data.part("test").pairs - 1
    np.testing.assert_allclose(found.mean, mode[test[:, 0]] - mode[test[:, 1]], atol=1e-6)
    p = 1 / (1 + np.exp(-beta * (rows @ mode)))
    left = np.linalg.inv(precise + (rows.T * (beta**2 * p * (1 - p))) @ rows)
    np.testing.assert_allclose(found.var, of_pairs(left, test), rtol=1e-6)


def test_bt_map_reads_signs_alone_and_converges_with_little_noise():
    data = preferences(data=source(noise=1e-6, budget=60))
    signs = dataclasses.replace(data, y=np.sign(data.y), signs=True)
    one, two = predictions("bt-map", data), predictions("bt-map", signs)
    np.testing.assert_array_equal(one.mean, two.mean)
    more = predictions("bt-map", data, steps=400)
    np.testing.assert_allclose(one.mean, more.mean, atol=1e-4)
    with pytest.raises(Incompatible, match="wanted bt-map"):
        predictions("bayes", signs)


@pytest.mark.parametrize("name", ["bayes", "bt-map"])
def test_margins_of_the_test_part_do_not_enter(name):
    data = preferences()
    y = data.y.copy()
    y[data.split.test] *= -1.0
    one, two = predictions(name, data), predictions(name, dataclasses.replace(data, y=y))
    np.testing.assert_array_equal(one.log_p, two.log_p)
    np.testing.assert_array_equal(one.response_mean, two.response_mean)
    np.testing.assert_array_equal(one.y, 1 - two.y)


def test_labels_tell_less_than_margins():
    data = preferences(data=source(height=6, noise=0.1, budget=100))
    assert (predictions("bt-map", data).var >= Posterior(data).variance - 1e-12).all()


def test_label_probabilities():
    """Exact for normal noise; for logistic noise within 0.01 of quadrature."""
    mean, variance = np.array([-1.0, 0.0, 0.4, 2.0]), np.array([0.3, 1.0, 0.01, 2.0])
    draws = RNG(0).normal(size=(4, 200_000)) * np.sqrt(variance)[:, None] + mean[:, None]
    normal = np.exp(label_log_probability(mean, variance, 0.5, "normal"))
    noisy = draws + math.sqrt(0.5) * RNG(1).normal(size=draws.shape)
    np.testing.assert_allclose(normal, (noisy > 0).mean(1), atol=5 * 0.5 / math.sqrt(200_000))
    exact = (1 / (1 + np.exp(-logistic_beta(0.5) * draws))).mean(1)
    found = np.exp(label_log_probability(mean, variance, 0.5, "logistic"))
    np.testing.assert_allclose(found, exact, atol=0.012)


def test_pair_accuracy_counts_ties_half_and_leaves_equal_rewards_out():
    data = RewardPredictions(
        [1, 0, 1, 1], [1.0, 1.0, 0.0, 2.0], np.log([0.7, 0.8, 0.5, 0.9]), [2.0, -1.0, 1.0, 0.0]
    )
    found = measure("pair-accuracy", data)
    assert found.value == pytest.approx(0.5)
    assert found.diagnostics["ties"] == 1
    labels = measure("pair-accuracy", dataclasses.replace(data, true=None))
    assert labels.value == pytest.approx(2.5 / 4)
    assert labels.diagnostics["loss"] == pytest.approx(-np.log([0.7, 0.2, 0.5, 0.9]).mean())
    with pytest.raises(Incompatible, match="equal true rewards"):
        measure("pair-accuracy", dataclasses.replace(data, true=np.zeros(4)))


def test_divergence_is_the_plain_sum():
    a, b = RNG(0).normal(size=(2, 9))
    p, q = np.exp(a) / np.exp(a).sum(), np.exp(b) / np.exp(b).sum()
    assert divergence(a, b)[0] == pytest.approx((p * np.log(p / q)).sum())
    assert divergence(a, a + 3.0) == pytest.approx((0.0, 0.0), abs=1e-12)


def test_divergence_vanishes_with_the_noise_as_half_the_variance():
    """KL / (beta^2 Var / 2) in [.9, 1.1] at v = 1e-4, and -> 0."""
    values = []
    for noise in (1.0, 1e-2, 1e-4):
        given = source(height=6, noise=noise, budget=1500)
        found = measure("alignment-divergence", predictions("bayes", preferences(data=given)))
        values.append(found.value)
    assert values[0] > values[1] > values[2]
    assert values[2] < 1e-3
    assert 0.9 < values[2] / found.diagnostics["leading_order"] < 1.1


def test_divergence_is_a_mean_over_prompts():
    a, b = RNG(0).normal(size=(2, 10))
    data = RewardPredictions(
        [1, 0], [1.0, -1.0], [-0.1, -0.1], response_mean=b, response_true=a,
        response_group=[0, 1] * 5,
    )  # fmt: skip
    wanted = [divergence(a[i::2], b[i::2])[0] for i in (0, 1)]
    assert measure("alignment-divergence", data).value == pytest.approx(np.mean(wanted))
    scaled = dataclasses.replace(data, response_mean=2 * b, response_true=2 * a)
    twice = measure("alignment-divergence", data, beta=2.0).value
    assert twice == pytest.approx(measure("alignment-divergence", scaled).value)


def test_what_nothing_connects_cannot_be_predicted():
    data = graph_of([[0, 1], [2, 3]], [[0, 1], [0, 3]])
    with pytest.raises(Incompatible, match="1 test pairs are connected by nothing"):
        predictions("bayes", data)


def view(name, data, to, **params):
    return harness.model(f"rlhf_topology/{name}", **params).transform(data, to=to, rng=RNG(0))


def test_comparisons_as_pairs_of_numbers():
    data = preferences()
    found = view("margin-pairs", data, PairedSamples)
    a, b = data.pairs.T
    np.testing.assert_array_equal(found.x[:, 0], data.reward[a] - data.reward[b])
    np.testing.assert_array_equal(found.y[:, 0], data.y)
    labels = view("margin-pairs", data, PairedSamples, shown="label")
    assert labels.y_kind == "discrete"
    np.testing.assert_array_equal(labels.y[:, 0], data.y > 0)
    with pytest.raises(Incompatible, match="rewards of the responses are not known"):
        view("margin-pairs", dataclasses.replace(data, reward=None), PairedSamples)


def test_vectors_of_prefixes_are_as_far_apart_as_the_prior_says():
    """Squared length of a comparison: its prior distance, less what lies at the leaves."""
    data = preferences()
    found = view("prefix-vectors", data, LabelledSamples)
    forest = Forest(data.parent, data.variance)
    leaves = data.variance[data.pairs].sum(1)
    np.testing.assert_allclose((found.x**2).sum(1), forest.distance(data.pairs) - leaves)
    assert view("prefix-vectors", data, LabelledSamples, columns=3).x.shape == (data.n, 3)
    one_sided = dataclasses.replace(data, y=np.abs(data.y) + 1.0)
    with pytest.raises(Incompatible, match="first response is always preferred"):
        view("prefix-vectors", one_sided, LabelledSamples)


def test_probabilities_give_pvi_of_labels():
    """ln 2 less the loss."""
    found = predictions("bt-map", preferences(data=source(height=7, noise=0.1, budget=300)))
    table = view("preference-probabilities", found, LabelLogProbabilities)
    pvi = harness.estimator("wireless_pvi/pvi").estimate(table, rng=RNG(0)).value
    likely = np.exp(found.log_p)
    own = np.where(found.y == 1, likely, 1 - likely)
    assert pvi == pytest.approx(math.log(2) + np.log(own).mean())
    assert measure("pair-accuracy", found).diagnostics["loss"] == pytest.approx(math.log(2) - pvi)
    assert pvi > 0.05
