import dataclasses
import itertools

import numpy as np
import pytest

import harness
from harness import (
    ConditionedSamples,
    DataError,
    Incompatible,
    Kernels,
    PairedSamples,
    StateFutures,
    UsageError,
)
from harness.testing import conformance
from harness_kernels.models import FuturesGivenNext, StatesAndNext
from harness_kernels.sources import (
    EnumerableSources,
    before,
    copy,
    hmm3,
    joint_law,
    last,
    latent,
    truths,
)
from harness_kernels.topics import TopicKernels, pairwise
from harness_kernels.walks import GraphWalks, walk

RNG = np.random.default_rng


@conformance("kernels", params={"enumerable-sources": {"n": 300}, "graph-walks": {"n": 300}})
def test_conformance(check):
    check()


def surplus(source, states, ahead):
    return truths(joint_law(source, states, ahead))["information_surplus"]


@pytest.mark.parametrize(
    ("kind", "known", "values"),
    [
        (latent, 0.2047479, (0.0592847, 0.0739809, 0.0775398)),
        (before, 0.0946196, (0.0237622, 0.0294831, 0.0308697)),
    ],
)
def test_a_hidden_state_knows_as_much_as_is_published(kind, known, values):
    states = kind(hmm3())
    found = [truths(joint_law(hmm3(), states, ahead)) for ahead in (1, 2, 3)]
    assert [t["information_surplus"] for t in found] == pytest.approx(values, abs=1e-7)
    assert [t["mutual_information"] for t in found] == pytest.approx([known] * 3, abs=1e-7)


def test_past_tokens_know_as_much_as_is_published():
    found = [truths(joint_law(hmm3(), last(hmm3(), m), 1)) for m in range(1, 6)]
    known = (0.0353349, 0.0444009, 0.0465629, 0.0470872, 0.0472143)
    more = (0.0090659, 0.0112279, 0.0117522, 0.0118794, 0.0119102)
    assert [t["mutual_information"] for t in found] == pytest.approx(known, abs=1e-7)
    assert [t["information_surplus"] for t in found] == pytest.approx(more, abs=1e-7)


def block_entropies(source, most):
    """Of 0 to ``most`` tokens, by summing over every path of hidden states."""
    s, v = source.emit.shape
    found = [0.0]
    for length in range(1, most + 1):
        p = np.zeros((v,) * length)
        for path in itertools.product(range(s), repeat=length):
            weight = source.law[path[0]]
            weight *= np.prod([source.step[a, b] for a, b in itertools.pairwise(path)])
            block = np.ones(())
            for state in path:
                block = np.multiply.outer(block, source.emit[state])
            p += weight * block
        kept = p[p > 0]
        found.append(-float(kept @ np.log(kept)))
    return np.array(found)


@pytest.mark.parametrize("memory", [1, 2, 3])
@pytest.mark.parametrize("ahead", [1, 2, 3])
def test_the_surplus_of_past_tokens_is_what_entropies_of_blocks_say(memory, ahead):
    """Surplus_K(m) = sum over k < K of h_k - h_(m+k), with h_k the entropy of the next token given
    k of them."""
    h = np.diff(block_entropies(hmm3(), memory + ahead + 1))
    wanted = sum(h[k] - h[memory + k] for k in range(1, ahead + 1))
    assert surplus(hmm3(), last(hmm3(), memory), ahead) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("memory", [1, 2, 3])
@pytest.mark.parametrize("ahead", [1, 2, 3])
def test_copied_tokens_are_known_as_far_as_the_round_goes(memory, ahead):
    """Of a round of three, all is known from three tokens; a shorter memory has not seen the first
    of them, which comes next."""
    found = truths(joint_law(copy(), last(copy(), memory), ahead))
    full = memory == 3
    assert found["mutual_information"] == pytest.approx(np.log(3) * full, abs=1e-12)
    # Without it the state holds the last `memory` of the three tokens of the round.
    seen = min(ahead + 1, 3) - 1 if full else max(0, min(ahead + 1, 3) - (3 - memory))
    assert found["information_surplus"] == pytest.approx(np.log(3) * seen, abs=1e-12)


def test_no_surplus_without_memory_or_with_all_of_it_in_the_last_token():
    cases = {c.id: c.truth for c in EnumerableSources().cases(seed=0)}
    assert cases["markov1-last1-2"]["mutual_information"] == pytest.approx(0.1284245, abs=1e-7)
    for name, truth in cases.items():
        if name.startswith(("iid", "markov1")):
            assert truth["information_surplus"] == pytest.approx(0, abs=1e-12)
        if name.startswith("iid"):
            assert truth["mutual_information"] == pytest.approx(0, abs=1e-12)


def test_draws_come_as_often_as_the_joint_law_says():
    task = EnumerableSources(n=50_000, sources=("hmm3",), ahead=(2,))
    (case,) = (c for c in task.cases(seed=1) if c.id == "hmm3-latent-3")
    data = case.load()
    counts = np.zeros(data.joint.shape)
    np.add.at(counts, (data.state[:, 0].astype(int), data.next, data.future @ [3, 1]), 1)
    wanted = data.n * data.joint
    off = (counts - wanted) / np.sqrt(wanted * (1 - data.joint))
    assert np.abs(off).max() < 5
    assert case.load() == data


def test_the_joint_law_may_be_left_out():
    for case in GraphWalks(joint=False, n=50).cases(seed=0):
        assert case.load().joint is None


def test_too_many_futures_are_refused():
    with pytest.raises(UsageError, match="at most 50,000,000"):
        list(EnumerableSources(sources=("hmm3",), ahead=(15,)).cases(seed=0))
    with pytest.raises(UsageError, match="at most 50,000,000"):
        list(EnumerableSources(sources=("hmm3",), memory=(16,)).cases(seed=0))
    with pytest.raises(UsageError, match="at least 1"):
        harness.task("enumerable-sources", ahead=(0,))


@pytest.mark.parametrize("name", ["karate", "caveman"])
def test_a_walk_stays_in_its_stationary_law_and_is_no_chain_of_communities(name):
    source = walk(name)
    np.testing.assert_allclose(source.law @ source.step, source.law, atol=1e-15)
    assert surplus(source, before(source), 1) > 0.02


def test_divergences_of_copied_tokens_by_their_definition():
    first = pairwise(np.array([1 / 2, 1 / 4, 1 / 8, 1 / 8]))
    second = pairwise(np.array([0.7, 0.2, 0.1]))
    values = (1.213008, 0.656250, 0.866117, 1.134997, 3, 0.327212)
    assert first == pytest.approx(values, abs=1e-6)
    assert second == pytest.approx((0.801819, 0.46, 0.586545, 0.694220, 2, 0.219216), abs=1e-6)


def test_temperatures_sharpen_the_models_laws_and_keep_the_datas():
    sharp, same = (c.load() for c in TopicKernels(temperatures=(0.5, 1.0)).cases(seed=0))
    np.testing.assert_allclose(same.k, same.data, rtol=1e-12)
    np.testing.assert_array_equal(sharp.data, same.data)
    squares = same.k**2
    np.testing.assert_allclose(sharp.k, squares / squares.sum(1, keepdims=True), rtol=1e-12)
    assert np.linalg.matrix_rank(same.data) == 3


def test_temperatures_whose_truths_would_underflow_are_refused():
    for low in (0.01, 0.001):
        with pytest.raises(UsageError, match=rf"at {low} .* wanted a higher temperature"):
            list(TopicKernels(temperatures=(1.0, low)).cases(seed=0))
    (case,) = TopicKernels(temperatures=(0.05,)).cases(seed=0)
    assert np.isfinite(list(case.truth.values())).all()


def test_what_is_no_kernel_is_refused():
    rows, ones = np.full((3, 2), 0.5), np.ones(3)
    for k, weights, data, found in [
        (
            [[0.5, 0.5], [0.5, 0.6], [0.5, 0.5]],
            ones,
            None,
            "Kernels.k at row 1: probabilities that sum to 1.1",
        ),
        ([[1.5, -0.5]] * 3, ones, None, "Kernels.k at row 0: a negative probability"),
        (rows * [[1, 1], [1, 1], [np.nan, 1]], ones, None, "Kernels.k at row 2: NaN"),
        (rows, ones, rows * 2, "Kernels.data at row 0"),
        (rows, -ones, None, "Kernels.weights at row 0: a negative weight"),
        (rows, 0 * ones, None, "Kernels.weights: no mass"),
    ]:
        with pytest.raises(DataError, match=found.replace(".", r"\.")):
            Kernels(k, weights, data)


def test_what_are_no_states_and_futures_is_refused():
    good = next(iter(GraphWalks(n=5, ahead=(2,)).cases(seed=0))).load()
    for change, found in [
        ({"next": good.next + 2}, "StateFutures.next at row"),
        ({"future": -good.future - 1}, "StateFutures.future at row 0: -"),
        ({"state": good.state + 0.5}, "StateFutures.state at row 0: a fraction"),
        ({"state_kind": "odd"}, "StateFutures.state_kind: 'odd'"),
        ({"joint": good.joint * 2}, "StateFutures.joint at row 0: probabilities that sum to 2"),
        ({"joint": good.joint[:, :, :2]}, "StateFutures.joint: 2 tokens and 2 futures"),
    ]:
        with pytest.raises(DataError, match=found.replace(".", r"\.")):
            dataclasses.replace(good, **change)


def test_states_become_samples():
    data = StateFutures([[3.0], [4.0]], [0, 1], [[1, 1], [0, 1]], 2, "discrete")
    triple = FuturesGivenNext().transform(data, to=ConditionedSamples, rng=RNG(0))
    pair = StatesAndNext().transform(data, to=PairedSamples, rng=RNG(0))
    codes = ("discrete",) * 3
    assert triple == ConditionedSamples(data.state, [[1.0, 1], [0, 1]], [[0.0], [1]], *codes)
    assert pair == PairedSamples(data.state, [[0.0], [1]], "discrete", "discrete")
    with pytest.raises(Incompatible, match="one state"):
        StatesAndNext().transform(data.take([0]), to=PairedSamples, rng=RNG(0))


def test_other_peoples_estimators_run_on_the_tasks_by_plan_alone():
    found = harness.run(
        tasks=["enumerable-sources"],
        estimators=["miller-madow-cmi", "miller-madow", "infonce"],
        params={
            "enumerable-sources": {
                "n": 2000, "sources": ("hmm3",), "memory": (1,), "ahead": (1,)
            },
            "infonce": {"steps": 100, "hidden": (8,)},
        },
    )  # fmt: skip
    assert {r.status for r in found} == {"ok"}
    assert len(found) == 9
    for record in found:
        # Two thousand states: standard errors below 0.02 nats.
        if record.estimator.startswith("classics/miller"):
            assert record.value == pytest.approx(record.truth, abs=0.08)
