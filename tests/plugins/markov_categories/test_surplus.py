import dataclasses
import itertools
import logging

import numpy as np
import pytest

import harness
from harness import HiddenStates, Incompatible, Split, StateFutures, UsageError

RNG = np.random.default_rng


def exact(joint, ahead=1):
    joint = np.asarray(joint)
    v = joint.shape[1]
    data = StateFutures([[0.0]], [0], np.zeros((1, ahead), int), v, "discrete", joint)
    return harness.estimator("markov_categories/surplus-exact").estimate(data)


def cases(**params):
    return {c.id: c for c in harness.task("enumerable-sources", **params).cases(seed=0)}


def test_published_figures():
    found = cases(n=2, sources=("hmm3",), ahead=(1, 2, 3))
    for tokens, value in zip((2, 3, 4), (0.0592847, 0.0739809, 0.0775398), strict=True):
        data = found[f"hmm3-latent-{tokens}"].load()
        got = harness.estimator("markov_categories/surplus-exact").estimate(data)
        assert got.value == pytest.approx(value, abs=1e-7)
        assert got.diagnostics["next"] == pytest.approx(0.2047479, abs=1e-7)
        assert got.diagnostics["total"] == pytest.approx(value + 0.2047479, abs=2e-7)
        if tokens == 2:
            assert got.diagnostics["future"] == pytest.approx(1.0032739, abs=1e-7)
            assert got.diagnostics["fraction"] == pytest.approx(0.0592847 / 1.0032739, abs=1e-6)


def test_bounds_invariance_and_data_processing_on_random_joint_laws():
    """A thousand: 0 <= surplus <= H(future | next) <= (K - 1) ln v; relabelling changes nothing,
    merging states only lowers it, one token more only raises it."""
    rng = RNG(0)
    for _ in range(1000):
        h, v = rng.integers(2, 5), rng.integers(2, 4)
        joint = rng.dirichlet(np.full(h * v**3, rng.choice([0.05, 1.0]))).reshape(h, v, v * v)
        found = exact(joint, 2)
        assert -1e-12 <= found.value <= found.diagnostics["future"] + 1e-12
        assert found.diagnostics["future"] <= 2 * np.log(v) + 1e-12
        renamed = joint[rng.permutation(h)][:, rng.permutation(v)]
        assert exact(renamed, 2).value == pytest.approx(found.value, abs=1e-12)
        merged = np.concatenate([joint[:1] + joint[1:2], joint[2:]])
        assert exact(merged, 2).value <= found.value + 1e-12
        sooner = exact(joint.reshape(h, v, v, v).sum(3))
        assert sooner.value <= found.value + 1e-12


def test_zero_cells_are_no_trouble():
    joint = np.zeros((2, 2, 2))
    joint[0, 0, 0] = joint[1, 0, 1] = 0.5
    found = exact(joint)
    assert found.value == pytest.approx(np.log(2))
    assert found.diagnostics["fraction"] == pytest.approx(1)


def test_counts_come_near_the_truth():
    """Forty draws of 5,000: the mean is within 0.004 nats, four of its standard errors."""
    values = []
    for seed in range(40):
        task = harness.task("enumerable-sources", sources=("hmm3",), memory=(1,), ahead=(1,))
        (case,) = (c for c in task.cases(seed=seed) if c.id == "hmm3-latent-2")
        estimator = harness.estimator("markov_categories/surplus-plug-in")
        values.append(estimator.estimate(case.load()).value)
    assert np.mean(values) == pytest.approx(0.0592847, abs=0.004)
    # One estimate spreads by 0.006.
    assert 0.003 < np.std(values, ddof=1) < 0.012


def test_counts_have_a_bias_that_miller_and_madow_lower():
    data = cases(n=1000, ahead=(3,))["iid-last3-4"].load()
    plain, corrected = (
        harness.estimator("markov_categories/surplus-plug-in", miller_madow=on).estimate(data)
        for on in (False, True)
    )
    assert 0 < corrected.value < plain.value


def test_a_state_for_every_sample_is_reported(caplog):
    rng = RNG(0)
    data = StateFutures(
        np.arange(200.0)[:, None], rng.integers(2, size=200), rng.integers(2, size=(200, 1)), 2,
        "discrete",
    )  # fmt: skip
    with caplog.at_level(logging.WARNING):
        found = harness.estimator("markov_categories/surplus-plug-in", miller_madow=False).estimate(
            data
        )
    assert found.diagnostics["saturated"] is True
    assert found.value == pytest.approx(found.diagnostics["future"], rel=1e-12)
    assert "200 different states among 200" in caplog.text


def test_what_suits_no_estimator_is_refused_with_advice():
    vectors = StateFutures(RNG(0).normal(size=(9, 2)), np.zeros(9, int), np.zeros((9, 1), int), 2)
    with pytest.raises(Incompatible, match=r"state-futures\[codes=16\]"):
        harness.estimator("markov_categories/surplus-plug-in").estimate(vectors)
    with pytest.raises(Incompatible, match="joint law is not known"):
        harness.estimator("markov_categories/surplus-exact").estimate(vectors)
    with pytest.raises(Incompatible, match="wants 2 at least to train"):
        harness.estimator("markov_categories/surplus-probe").estimate(
            vectors.take([0, 1, 2]), rng=RNG(0)
        )
    with pytest.raises(UsageError, match="at least 1"):
        harness.model("markov_categories/state-futures", ahead=0)


@pytest.mark.parametrize("case", ["hmm3-latent-2", "copy-last3-4", "iid-last1-4"])
def test_a_network_finds_what_there_is(case):
    found = cases(n=4000)[case]
    got = harness.estimator("markov_categories/surplus-probe", epochs=15).estimate(
        found.load(), rng=RNG(1)
    )
    # Networks lose up to 0.02 nats for each token.
    assert got.stderr is None  # one training knows nothing of others
    off = 5 * got.diagnostics["error_given_training"] + 0.02 * found.facts["tokens"]
    assert got.value == pytest.approx(found.truth["information_surplus"], abs=off)


def test_a_network_reads_vectors_too():
    rng = RNG(0)
    bit, first = rng.integers(2, size=(2, 4000))
    state = np.stack([np.where(bit == 1, 5.0, -5.0) + rng.normal(size=4000), first], 1)
    data = StateFutures(state, first, (bit ^ first)[:, None], 2)
    probe = harness.estimator("markov_categories/surplus-probe", epochs=20)
    found = probe.estimate(data, rng=rng)
    assert found.value == pytest.approx(np.log(2), abs=0.02)
    draft = harness.estimator("markov_categories/draft-accuracy", epochs=20)
    accuracy = draft.estimate(data, rng=rng)
    assert accuracy.value > 0.99
    assert accuracy.diagnostics["blind"] < 0.6
    gain = harness.estimator("markov_categories/draft-gain", epochs=20).estimate(data, rng=rng)
    assert gain.value == pytest.approx(0.5, abs=0.1)


def test_a_split_is_kept():
    rng = RNG(0)
    bit = rng.integers(2, size=300)
    data = StateFutures(
        bit[:, None], rng.integers(2, size=300), bit[:, None], 2, "discrete",
        split=Split(np.arange(200), np.arange(250, 300), np.arange(200, 250)),
    )  # fmt: skip
    probe = harness.estimator("markov_categories/surplus-probe", epochs=30)
    found = probe.estimate(data, rng=RNG(1))
    assert len(found.local) == 50
    # What the test part holds is no part of the training.
    other = StateFutures(
        data.state, data.next, np.where(np.arange(300) < 250, bit, 1 - bit)[:, None], 2, "discrete",
        split=data.split,
    )  # fmt: skip
    worse = probe.estimate(other, rng=RNG(1))
    assert found.value > 0.5
    assert worse.value < -0.5


def hidden(n=30, length=12, d=3):
    rng = RNG(2)
    cuts = length * np.arange(n + 1)
    return HiddenStates(rng.normal(size=(cuts[-1], d)), rng.integers(5, size=cuts[-1]), cuts, 1, 2)


def test_states_are_followed_by_their_own_tokens():
    data = hidden()
    found = harness.model("markov_categories/state-futures", codes=0, ahead=2).transform(
        data, to=StateFutures, rng=RNG(0)
    )
    assert found.n == 30 * (12 - 3)
    assert found.vocab_size == 5
    place = {tuple(x): i for i, x in enumerate(data.x)}
    owners = []
    for state, first, future in zip(found.state, found.next, found.future, strict=True):
        at = place[tuple(state)]
        assert [first, *future] == data.ids[at + 1 : at + 4].tolist()
        owners.append(at // 12)
    parts = [set(np.array(owners)[part]) for _, part in found.split.parts()]
    assert sorted(map(len, parts)) == [6, 6, 18]
    assert not any(a & b for a, b in itertools.combinations(parts, 2))


def test_parts_of_sequences_are_kept():
    data = dataclasses.replace(hidden(), split=Split(np.arange(3), np.arange(3, 30)))
    found = harness.model("markov_categories/state-futures", codes=2).transform(
        data, to=StateFutures, rng=RNG(0)
    )
    np.testing.assert_array_equal(found.split.train, np.arange(3 * 10))
    np.testing.assert_array_equal(found.split.test, np.arange(3 * 10, 300))
    short = HiddenStates(
        data.x[:13], data.ids[:13], [0, 1, 13], 1, 2, split=Split(np.array([0]), np.array([1]))
    )
    with pytest.raises(Incompatible, match="no sequence to train"):
        harness.model("markov_categories/state-futures").transform(
            short, to=StateFutures, rng=RNG(0)
        )


def test_codes_are_those_of_the_training_part():
    """States of other parts that lie elsewhere make no centre of their own."""
    data = hidden()
    model = harness.model("markov_categories/state-futures", codes=4)
    plain = model.transform(data, to=StateFutures, rng=RNG(0))
    vectors = harness.model("markov_categories/state-futures", codes=0).transform(
        data, to=StateFutures, rng=RNG(0)
    )
    code = plain.state[:, 0].astype(int)
    train = plain.split.train
    assert set(code[train]) == {0, 1, 2, 3}
    centres = np.stack([vectors.state[train][code[train] == c].mean(0) for c in range(4)])
    nearest = ((vectors.state[:, None] - centres) ** 2).sum(2).argmin(1)
    np.testing.assert_array_equal(code, nearest)


def test_few_sequences_are_cut_into_stretches():
    data = hidden(n=2, length=100)
    found = harness.model("markov_categories/state-futures", codes=0).transform(
        data, to=StateFutures, rng=RNG(0)
    )
    assert found.split.train.max() < found.split.valid.min()
    assert found.split.valid.max() < found.split.test.min()
    with pytest.raises(Incompatible, match="0 tokens are followed by 101"):
        harness.model("markov_categories/state-futures", ahead=100).transform(
            data, to=StateFutures, rng=RNG(0)
        )
