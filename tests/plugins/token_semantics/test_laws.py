import itertools
import math

import numpy as np
import pytest

import harness
from harness import Incompatible, Split, TokenLaws, TokenLogProbabilities
from harness_token_semantics.laws import (
    DirectedLaws,
    EvidenceBound,
    GeneralizationGap,
    InformationDrift,
)


@pytest.fixture(scope="module")
def flow():
    cases = harness.task("sequences/flow", temperatures=(0.25, 1.0, 4.0)).cases(seed=1)
    return {case.facts["temperature"]: case for case in cases}


def test_density_and_drift_have_the_truth_as_their_mean(flow):
    data, truth = flow[1.0].load(), flow[1.0].truth["directed_information"]
    for estimator in (DirectedLaws(), InformationDrift()):
        found = estimator.estimate(data)
        assert abs(found.value - truth) < 4 * found.stderr
    drift = InformationDrift().estimate(data)
    assert drift.stderr < DirectedLaws().estimate(data).stderr
    assert drift.diagnostics["least_drift"] >= 0
    assert drift.diagnostics["martingale"]


@pytest.mark.parametrize(("temperature", "sign"), [(0.25, 1), (4.0, -1)])
def test_a_sampler_of_another_temperature_is_noticed(flow, temperature, sign, caplog):
    found = InformationDrift().estimate(flow[temperature].load())
    assert not found.diagnostics["martingale"]
    assert np.sign(found.diagnostics["mismatch"]) == sign
    assert "were not drawn from these laws" in caplog.text


def test_expected_drift_is_the_information_exactly():
    """Over all sequences of three letters, each as often as its probability says: weights of a sum."""
    rng = np.random.default_rng(0)
    first, step = rng.dirichlet(np.ones(3), 4), rng.dirichlet(np.ones(3), (4, 3))
    every = np.array(list(itertools.product(range(3), repeat=3)))
    expected = information = 0.0
    marginal = np.zeros(len(every))
    path = np.zeros((4, len(every)))
    for source, (i, ids) in itertools.product(range(4), enumerate(every)):
        path[source, i] = first[source, ids[0]] * np.prod(
            [step[source, a, b] for a, b in itertools.pairwise(ids)]
        )
    marginal = path.mean(0)
    information = (path * np.log(path / marginal)).sum() / 4
    for source, (i, ids) in itertools.product(range(4), enumerate(every)):
        rows, under = [], np.zeros(4)
        for t in range(3):
            law = first if t == 0 else step[:, ids[t - 1]]
            weight = np.exp(under) / np.exp(under).sum()
            rows.append((law[source], weight @ law))
            under = under + np.log(law[:, ids[t]])
        full, blind = (np.log(np.array(r)) for r in zip(*rows, strict=True))
        one = TokenLaws(full, blind, ids, [0, 3])
        expected += path[source, i] / 4 * 3 * InformationDrift().estimate(one).value
    assert expected == pytest.approx(information, abs=1e-12)


def test_the_bound_falls_short_by_a_divergence(flow):
    data = flow[1.0].load()
    exact = EvidenceBound().estimate(data)
    assert exact.diagnostics["gap"] == pytest.approx(0.0, abs=1e-12)
    assert abs(exact.value - flow[1.0].truth["evidence_bound"]) < 4 * exact.stderr
    gaps = [EvidenceBound(temperature=t).estimate(data).diagnostics["gap"] for t in (1.5, 3.0, 1e6)]
    assert 0 < gaps[0] < gaps[1] < gaps[2]
    # Of the prior it is the divergence of the prior from the posterior, worked out by itself.
    posterior = data.under - np.logaddexp.reduce(data.under, axis=1, keepdims=True)
    assert gaps[2] == pytest.approx((-math.log(4) - posterior).mean(), abs=1e-3)
    with pytest.raises(Incompatible, match="not known"):
        EvidenceBound().estimate(TokenLaws(data.full, data.blind, data.ids, data.offsets))


def test_impossible_tokens():
    with np.errstate(divide="ignore"):
        sure, even = np.log([[1.0, 0.0]]), np.log([[0.5, 0.5]])
    good = TokenLaws.of(sure, even, [0], [0, 1])
    assert DirectedLaws().estimate(good).value == pytest.approx(math.log(2))
    assert InformationDrift().estimate(good).value == pytest.approx(math.log(2))
    with pytest.raises(Incompatible, match="token 0 is impossible under the full law"):
        DirectedLaws().estimate(TokenLaws.of(sure, even, [1], [0, 1]))
    with pytest.raises(Incompatible, match="divergence is infinite"):
        InformationDrift().estimate(TokenLaws.of(even, sure, [0], [0, 1]))


def test_a_model_that_learns_by_heart_has_a_gap():
    """Loss of 0 on training, of ln 4 on the rest; tokens of two symbols count twice."""
    log_p = np.array([0.0, 0.0, -math.log(4), -2 * math.log(4)])
    data = TokenLogProbabilities(log_p, [1, 1, 1, 2], [0, 0, 0, 0], np.arange(5))
    split = Split(np.array([0, 1]), np.array([2, 3]))
    found = GeneralizationGap().estimate(
        TokenLogProbabilities(log_p, data.symbols, data.context, data.offsets, split=split)
    )
    assert found.value == pytest.approx(math.log(4))
    assert found.stderr == pytest.approx(0.0, abs=1e-12)
    with pytest.raises(Incompatible, match="has none"):
        GeneralizationGap().estimate(data)
