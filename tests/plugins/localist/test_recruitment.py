"""Recruitment of blocks and experts, against truths and closed forms."""

import math

import numpy as np
import pytest
from scipy import optimize
from scipy.special import logsumexp

import harness
from harness import BlockCounts, DataError, Incompatible, stream
from harness_localist import mixture, recruitment
from harness_localist.codes import naming, parameters
from harness_localist.kinds import CodeLengths

FITTING = mixture.Fitting(restarts=5, steps=60, smoothing=1e-3)


def drawn(task, seed, number, **params):
    """The one case of so many blocks or kinds of source."""
    what = {"block-mixtures": "blocks", "expert-mixtures": "experts"}[task]
    (case,) = harness.task(f"blocks/{task}", **{what: (number,)} | params).cases(seed=seed)
    return case


def lengths(model, data, seed=0, **params):
    return harness.model(f"localist/{model}", **params).transform(
        data, to=CodeLengths, rng=stream(seed)
    )


def estimate(name, data, **params):
    return harness.estimator(f"localist/{name}", **params).estimate(data, rng=stream(0))


@pytest.mark.parametrize("k", [1, 2, 4])
def test_the_true_number_of_blocks_is_recruited_in_ten_of_ten_seeds(k):
    for seed in range(10):
        case = drawn("block-mixtures", seed, k)
        found = estimate("recruited-blocks", lengths("mixture", case.load(), seed))
        assert found.value == k == case.truth["recruited_blocks"], seed
        assert not found.diagnostics["exhausted"]


def test_six_blocks_within_one():
    """EM may stop at a local optimum, so one more or less is allowed."""
    for seed in range(3):
        case = drawn("block-mixtures", seed, 6)
        assert abs(estimate("recruited-blocks", lengths("mixture", case.load())).value - 6) <= 1


@pytest.mark.parametrize("experts", [1, 2, 3])
def test_the_true_number_of_experts_and_their_blocks_are_recruited(experts):
    for seed in range(3):
        case = drawn("expert-mixtures", seed, experts)
        data = lengths("experts", case.load(), seed)
        assert estimate("recruited-experts", data).value == experts, seed
        assert estimate("recruited-blocks", data, hysteresis=0.1).value == 2 * experts
        # One mixture over all words finds the blocks, too, with a longer code.
        whole = lengths("mixture", case.load(), seed)
        assert estimate("recruited-blocks", whole).value == 2 * experts
        if experts > 1:
            shorter = estimate("code-length", data).value
            assert shorter < estimate("code-length", whole).value


def test_a_price_of_stored_parameters_is_a_price():
    """The bits of trainable parameters decide: dear enough ones, and one block is all that pays."""
    case = drawn("expert-mixtures", 0, 2)
    cheap = lengths("experts", case.load(), bits_per_parameter=4.0)
    dear = lengths("experts", case.load(), bits_per_parameter=1e4)
    assert estimate("recruited-experts", cheap).value == 2
    assert dear.blocks[0] == 1 == estimate("recruited-experts", dear).value


def test_code_lengths_are_what_the_formulas_say():
    """J(K) by brute force from the fitted blocks, and one expert against one mixture."""
    data = drawn("block-mixtures", 3, 2).load()
    counts = mixture.sparse(data.counts)
    first = mixture.one(counts, 1e-3)
    second = mixture.grown(counts, first, FITTING, stream(0))
    laws = second.words
    nats = logsumexp(
        [
            np.log(w) + (data.counts * np.log(law)).sum(1)
            for w, law in zip(second.weights, laws, strict=True)
        ],
        axis=0,
    )
    np.testing.assert_allclose(mixture.documents(counts, second), nats, atol=1e-9)
    found = lengths("mixture", data, 0)
    k = 2 * 19 + 1
    bits = -nats.sum() / np.log(2) + k / 2 * np.log2(300) + np.log2(3)
    assert found.bits[1] == pytest.approx(bits, rel=1e-9)
    assert found.misfit[1] == pytest.approx(-nats.sum() / np.log(2), rel=1e-9)
    tokens = lengths("mixture", data, units="tokens")
    assert tokens.per_parameter == pytest.approx(0.5 * np.log2(9000))
    one = lengths("experts", data, largest=1, most=1)
    used = int((data.counts.sum(0) > 0).sum())
    assert one.parameters[0] == parameters(1, used) == used - 1
    assert one.index[0] == pytest.approx(1 + naming(used, 20) + 1)
    assert naming(2, 5) == pytest.approx(math.log2(10) + math.log2(6))


def test_expectation_and_maximization_never_lose_likelihood():
    data = drawn("block-mixtures", 1, 4).load()
    counts, rng = mixture.sparse(data.counts), np.random.default_rng(0)
    at = np.full((3, 4), 0.25), rng.dirichlet(np.ones(20), (3, 4))
    before = None
    for _ in range(30):
        at = mixture.sweep(counts, counts.T.tocsr(), *at, 1e-12)
        now = np.array(
            [
                mixture.documents(counts, mixture.Blocks(w, t)).sum()
                for w, t in zip(*at, strict=True)
            ]
        )
        assert before is None or (now >= before - 1e-8).all()
        before = now


def test_starts_do_not_touch_each_other():
    data = drawn("block-mixtures", 1, 2).load()
    counts, rng = mixture.sparse(data.counts), np.random.default_rng(0)
    weights, words = np.full((2, 3), 1 / 3), rng.dirichlet(np.ones(20), (2, 3))
    both = mixture.sweep(counts, counts.T.tocsr(), weights, words, 1e-3)
    for start in range(2):
        part = slice(start, start + 1)
        alone = mixture.sweep(counts, counts.T.tocsr(), weights[part], words[part], 1e-3)
        np.testing.assert_allclose(alone[0][0], both[0][start], atol=1e-12)
        np.testing.assert_allclose(alone[1][0], both[1][start], atol=1e-12)


def test_critical_size_on_the_lower_branch():
    """N* = 2292.547 on branch -1; branch 0 would give 0.81."""
    found = recruitment.critical_size(0.05, 20, 3.0)
    assert found == pytest.approx(2292.547, abs=1e-3)
    assert found * 0.05 == pytest.approx(10 * np.log2(found) + 3)
    assert found * 0.05 == pytest.approx(114.627, abs=1e-3)
    for gain, k, index in ((0.2, 5, 0.0), (1.0, 39, 1.5), (0.003, 2, 10.0)):
        root = optimize.brentq(
            lambda n, g=gain, k=k, i=index: n * g - k / 2 * np.log2(n) - i,
            k / (2 * gain * np.log(2)),
            1e7,
        )
        assert recruitment.critical_size(gain, k, index) == pytest.approx(root, rel=1e-6)
    assert recruitment.critical_size(40.0, 2, 0.0) == 1.0
    for wrong in ((0.0, 20, 3.0), (-1.0, 20, 3.0), (1.0, 0, 3.0), (1.0, 2, -1.0)):
        with pytest.raises(ValueError, match="wanted a gain"):
            recruitment.critical_size(*wrong)


def test_a_simulated_stream_recruits_at_the_critical_size():
    """Two known laws against their mean: the median time of recruitment is within 30 % of N*."""
    rng = np.random.default_rng(0)
    laws, tokens, k, index = np.array([[0.65, 0.35], [0.35, 0.65]]), 10, 40, 2.0
    times = []
    for _ in range(100):
        counts = rng.multinomial(tokens, laws[rng.integers(2, size=4000)])
        two = np.logaddexp(counts @ np.log(laws[0]), counts @ np.log(laws[1])) - np.log(2)
        gain = (two - tokens * np.log(0.5)) / np.log(2)
        n = np.arange(1, 4001)
        paid = np.flatnonzero((np.cumsum(gain) > k / 2 * np.log2(n) + index) & (n > 20))
        times.append(paid[0] + 1 if paid.size else np.inf)
    heads = np.arange(tokens + 1)
    ways = np.array([math.comb(tokens, h) for h in heads])
    like = [law[0] ** heads * law[1] ** (tokens - heads) for law in laws]
    mean = (like[0] + like[1]) / 2
    rate = float((ways * mean * np.log2(mean / 0.5**tokens)).sum())
    wanted = recruitment.critical_size(rate, k, index)
    assert abs(np.median(times) / wanted - 1) < 0.3


def test_the_gain_of_a_split_tends_to_the_divergence_less_the_entropy():
    """Blocks (.7 .1 .1 .1) and (.1 .1 .1 .7), 200 tokens: L JSD - H(pi), JSD = 0.253102 nats."""
    laws = np.array([[0.7, 0.1, 0.1, 0.1], [0.1, 0.1, 0.1, 0.7]])
    middle = laws.mean(0)
    divergence = (laws * np.log(laws / middle)).sum(1).mean()
    assert divergence == pytest.approx(0.253102, abs=1e-6)
    rng = np.random.default_rng(0)
    counts = mixture.sparse(rng.multinomial(200, laws[rng.integers(2, size=2000)]))
    one = mixture.documents(counts, mixture.Blocks(np.ones(1), middle[None]))
    two = mixture.documents(counts, mixture.Blocks(np.full(2, 0.5), laws))
    gain = two - one
    error = gain.std() / np.sqrt(len(gain))
    assert abs(gain.mean() - (200 * divergence - np.log(2))) < 4 * error


def test_accepted_steps_shorten_the_code_and_are_few():
    data = lengths("mixture", drawn("block-mixtures", 0, 4).load())
    found = int(estimate("recruited-blocks", data).value)
    falls = -np.diff(data.bits[:found])
    eta = [recruitment.threshold(m, 0.01) for m in (data.bits - data.misfit)[1:found]]
    assert (falls > eta).all()
    assert found - 1 <= data.bits[0] / min(eta)


def test_hysteresis_stops_small_gains():
    bits = np.array([1000.0, 900.0, 899.5, 700.0])
    model = np.array([10.0, 20.0, 30.0, 40.0])
    assert recruitment.accepted(bits, model, 0.0) == 2  # half a bit is less than one
    assert recruitment.accepted(bits, model, 6.0) == 1  # 120 bits are asked for
    assert recruitment.accepted(bits - [0, 0, 2, 2], model, 0.01) == 4


def test_a_refused_block_says_from_how_many_documents_it_would_pay():
    """Half of the documents of two near blocks are too few; at N* and beyond they are enough."""
    rng = np.random.default_rng(5)
    laws = np.array([[0.5, 0.3, 0.2], [0.35, 0.3, 0.35]])
    few = BlockCounts(rng.multinomial(30, laws[rng.integers(2, size=40)]))
    found = estimate("recruited-blocks", lengths("mixture", few))
    assert found.value == 1
    assert found.diagnostics["pays_from"] > 40
    many = BlockCounts(rng.multinomial(30, laws[rng.integers(2, size=2000)]))
    assert estimate("recruited-blocks", lengths("mixture", many)).value == 2


def test_at_a_fixed_price_a_part_pays_where_the_gain_covers_it():
    """A second expert saves 50 bits on 100 units, and costs 9 parameters of 8 bits and 1 bit."""
    bits = [1000.0 + 80.0 + 1.0, 950.0 + 152.0 + 2.0]
    data = CodeLengths(bits, [1, 2], [10, 19], [1.0, 2.0], 8.0, 100, 3000, "experts", blocks=[1, 2])
    found = estimate("recruited-experts", data)
    assert found.value == 1
    assert found.diagnostics["pays_from"] == pytest.approx((9 * 8 + 1) / 0.5)


def test_code_length_in_nats_and_bits_per_token():
    data = lengths("mixture", drawn("block-mixtures", 0, 2).load())
    found = estimate("code-length", data)
    assert found.value == pytest.approx(data.bits.min() / 9000 * np.log(2))
    assert found.diagnostics["bits"] * np.log(2) == pytest.approx(found.value)
    assert found.diagnostics["misfit"] + found.diagnostics["model"] == pytest.approx(found.value)


def test_what_does_not_suit_is_refused():
    data = lengths("mixture", BlockCounts.example(np.random.default_rng(0)))
    with pytest.raises(Incompatible, match="has one expert"):
        estimate("recruited-experts", data)
    with pytest.raises(Incompatible, match="one is missing"):
        estimate("recruited-blocks", data.take([0, 2]))
    with pytest.raises(DataError, match="without words"):
        BlockCounts(np.array([[1, 2], [0, 0]]))
    with pytest.raises(DataError, match="negative count"):
        BlockCounts(np.array([[1, -2]]))
    with pytest.raises(DataError, match="negative block"):
        BlockCounts(np.array([[1, 2]]), np.array([-1]))
    with pytest.raises(DataError, match="fewer than the model alone"):
        CodeLengths([10.0], [1], [9], [1.0], 4.0, 10, 10, blocks=None)
    with pytest.raises(DataError, match="experts alone"):
        CodeLengths([90.0], [1], [9], [1.0], 4.0, 10, 10, "experts", blocks=None)
    with pytest.raises(DataError, match="level"):
        CodeLengths([90.0], [1], [9], [1.0], 4.0, 10, 10, "layers", blocks=None)


def test_documents_that_are_all_alike_are_one_block():
    same = BlockCounts(np.tile([3, 1, 2], (20, 1)))
    assert estimate("recruited-blocks", lengths("mixture", same)).value == 1
    assert estimate("recruited-experts", lengths("experts", same)).value == 1
