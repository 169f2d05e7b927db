"""Values, errors and notes on small matrices of log-likelihoods, written out."""

import math

import numpy as np
import pytest

import harness
from harness import ChannelLogLikelihoods, Incompatible, stream
from harness_agentic.information import logsumexp, lower_terms


def estimate(name, data):
    return harness.estimator(f"agentic/{name}").estimate(data, rng=stream(0))


def channel(n, m=3, seed=0, **more):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 9, size=(n, m))
    return ChannelLogLikelihoods(-1.0 - 4 * rng.random((n, m, n)), lengths, **more)


def test_the_three_means_and_their_notes():
    """p[i, j, l] is the probability of compression j of context i under context l."""
    data = channel(4, exact=True)
    p = np.exp(data.log_p)
    own = np.einsum("iji->ij", p)
    lower = np.log(own / p.mean(2))
    upper = np.log(own / ((p.sum(2) - own) / 3))
    found = estimate("agentic-mi", data)
    np.testing.assert_allclose(found.local, lower.mean(1))
    assert found.value == pytest.approx(lower.mean())
    assert found.diagnostics == {
        "ceiling": math.log(4),
        "saturated": False,
        "clipped": max(0.0, found.value),
        "upper": pytest.approx(upper.mean()),
        "draws": 3,
        "mean_length": data.lengths.mean(),
        "exact": True,
    }
    above = estimate("agentic-mi-upper", data)
    np.testing.assert_allclose(above.local, upper.mean(1))
    assert above.diagnostics == {"exact": True, "unique": 0.0}
    # [l, j, i] of p, over the compressions j of all contexts l
    turned = np.log(own / p.mean(0).T).mean(1)
    other = estimate("matrix-infonce", data)
    np.testing.assert_allclose(other.local, turned)
    assert other.value == pytest.approx(turned.mean())
    assert other.diagnostics == {"ceiling": math.log(4)}


def test_values_above_zero_are_their_own_clipped_value():
    sharp = channel(4).log_p.copy()
    sharp[np.arange(4), :, np.arange(4)] = -0.5
    found = estimate("agentic-mi", ChannelLogLikelihoods(sharp, np.ones((4, 3), int)))
    assert found.diagnostics["clipped"] == found.value > 0.1


@pytest.mark.parametrize(("share", "saturated"), [(0.94, False), (0.96, True)])
def test_saturation_starts_at_ninety_five_percent_of_the_ceiling(share, saturated):
    """0 under the own context and -a under the others gives ln n - ln(1 + (n - 1) exp(-a))."""
    n = 5
    a = -math.log((n ** (1 - share) - 1) / (n - 1))
    log_p = np.where(np.eye(n)[:, None] == 1, 0.0, -a)
    found = estimate("agentic-mi", ChannelLogLikelihoods(log_p, np.ones((n, 1), int)))
    assert found.value == pytest.approx(share * math.log(n))
    assert found.diagnostics["saturated"] is saturated


def test_compressions_that_fit_their_own_context_alone():
    """Of the first two of four contexts, one of their compressions each."""
    log_p = np.full((4, 2, 4), -3.0)
    log_p[0, 0, 1:] = log_p[1, 1, [0, 2, 3]] = -math.inf
    found = estimate("agentic-mi-upper", ChannelLogLikelihoods.of(log_p, np.ones((4, 2), int)))
    assert (found.value, found.stderr) == (math.inf, None)
    assert found.diagnostics["unique"] == 0.5
    np.testing.assert_allclose(found.local, [math.inf, math.inf, 0.0, 0.0], atol=1e-12)


def test_what_is_impossible_under_its_own_context_is_named():
    log_p = np.full((3, 4, 3), -3.0)
    log_p[1, 2, 1] = -math.inf
    with pytest.raises(Incompatible, match="compression 2 of context 1 is impossible"):
        estimate("agentic-mi", ChannelLogLikelihoods.of(log_p, np.ones((3, 4), int)))


def test_the_rate_is_in_bits_over_the_mean_length():
    data = channel(5)
    nats, rate = estimate("agentic-mi", data), estimate("bits-per-token", data)
    unit = math.log(2) * data.lengths.mean()
    assert rate.value == pytest.approx(nats.value / unit)
    ratios = lower_terms(data) / data.lengths / math.log(2)
    assert dict(rate.diagnostics) == dict(nats.diagnostics) | {
        "mean_of_ratios": pytest.approx(ratios.mean())
    }
    assert estimate("bits-per-token", channel(2)).stderr is None


def test_the_accuracy_is_over_contexts_whose_answers_are_all_known():
    correct = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 0.0], [1.0, -1.0]])
    data = channel(4, 2, correct=correct)
    found = estimate("answer-accuracy", data)
    assert (found.value, found.local, dict(found.diagnostics)) == (0.5, None, {"known": 3})
    assert found.stderr == pytest.approx(0.5 / math.sqrt(3))
    whole = estimate("answer-accuracy", channel(3, 2, correct=correct[:3]))
    assert whole.local.tolist() == [0.5, 1.0, 0.0]
    two = np.array([[1.0, 0.0], [1.0, 1.0]])
    assert estimate("answer-accuracy", channel(2, 2, correct=two)).stderr == pytest.approx(0.25)
    single = estimate("answer-accuracy", channel(2, 2, correct=correct[2:]))
    assert (single.value, single.stderr) == (0.0, None)
    with pytest.raises(Incompatible, match="no answer is known"):
        estimate("answer-accuracy", channel(2, 2, correct=np.array([[1.0, -1.0], [-1.0, -1.0]])))


def test_logsumexp_along_any_axis():
    values = np.array([[1000.0, 1000.0, -1000.0], [0.0, math.log(3), -math.inf]])
    np.testing.assert_allclose(logsumexp(values), [1000 + math.log(2), math.log(4)])
    np.testing.assert_allclose(logsumexp(values[:, :2], 0), [1000.0, 1000.0])
