"""The estimators on matrices of log-likelihoods, against exact values and the brief's figures."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import harness
from harness import ChannelLogLikelihoods, DataError, Incompatible, stream
from harness_agentic import channels
from harness_agentic.information import logsumexp, lower_terms, upper_terms


def estimate(name, data):
    return harness.estimator(f"agentic/{name}").estimate(data, rng=stream(0))


def matrix(log_p, **more):
    log_p = np.asarray(log_p, float)
    return ChannelLogLikelihoods.of(log_p, np.ones(log_p.shape[:2], int), **more)


@pytest.mark.parametrize(
    ("n", "flip", "wanted"),
    [(8, 0.1, 1.55977), (20, 0.2, 1.90644), (8, 0.0, math.log(8)), (20, 0.95, 0.0)],
)
def test_closed_world(n, flip, wanted):
    """A symmetric channel over exactly these contexts: the estimate is unbiased (4,000 draws each)."""
    assert channels.symmetric_information(n, flip) == pytest.approx(wanted, abs=1e-5)
    data = matrix(channels.symmetric(n, 4000, flip, stream(1)))
    assert estimate("agentic-mi", data).value == pytest.approx(wanted, abs=0.01)


@pytest.mark.parametrize(
    ("snr", "n", "lower", "upper"),
    [
        (10, 8, 0.964, 1.907),
        (10, 32, 1.128, 1.317),
        (10, 128, 1.172, 1.216),
        (100, 128, 2.235, 2.483),
    ],
)
def test_gaussian_sandwich(snr, n, lower, upper):
    """Lower and upper estimates in the mean, and the truth between them."""
    truth, below, above = 0.5 * math.log1p(snr), [], []
    for seed in range(1200 // n + 4):
        rng = stream(seed, "gauss")
        x = math.sqrt(snr) * rng.normal(size=n)
        z = x[:, None] + rng.normal(size=(n, 4))
        data = matrix(-((z[:, :, None] - x) ** 2) / 2)
        below.append(lower_terms(data).mean())
        above.append(upper_terms(data).mean())
    for values, wanted in ((below, lower), (above, upper)):
        spread = np.std(values, ddof=1) / math.sqrt(len(values))
        assert np.mean(values) == pytest.approx(wanted, abs=max(0.03, 4 * spread))
    assert np.mean(below) - 3 * np.std(below) / math.sqrt(len(below)) <= truth
    assert np.mean(above) + 3 * np.std(above) / math.sqrt(len(above)) >= truth


def test_an_exact_gaussian_channel_needs_no_shift_by_hand():
    """Densities of a narrow channel exceed one. z = x + noise in two dimensions has the information
    ln(1 + power / noise^2); estimates are those of the densities over their largest value.
    """
    n, noise, rng = 400, 0.025, stream(4)
    x = 2 * noise * rng.normal(size=(n, 2))
    z = x[:, None] + noise * rng.normal(size=(n, 2, 2))
    apart = ((z[:, :, None] - x) ** 2).sum(-1)
    log_p = -apart / (2 * noise**2) - math.log(2 * math.pi * noise**2)
    assert log_p.max() > 0
    lengths = np.ones((n, 2), int)
    data = ChannelLogLikelihoods(log_p, lengths, exact=True, density=True)
    shifted = ChannelLogLikelihoods(log_p - log_p.max(), lengths, exact=True)
    for name in ("agentic-mi", "agentic-mi-upper", "matrix-infonce"):
        one, two = estimate(name, data), estimate(name, shifted)
        assert one.value == pytest.approx(two.value, rel=1e-9)
        assert one.stderr == pytest.approx(two.stderr, rel=1e-6)
    truth = math.log(5.0)
    low, high = estimate("agentic-mi", data), estimate("agentic-mi-upper", data)
    assert low.value - 4 * low.stderr < truth < high.value + 4 * high.stderr
    assert low.value == pytest.approx(truth, abs=4 * low.stderr + 0.02)


matrices = st.tuples(
    st.integers(2, 7), st.integers(1, 3), st.integers(0, 10**6), st.sampled_from([0.1, 3.0, 300.0])
)


def random(n, m, seed, scale):
    return -scale * np.random.default_rng(seed).random((n, m, n))


@given(matrices)
def test_no_term_exceeds_the_ceiling(given_):
    data = matrix(random(*given_))
    assert (lower_terms(data) <= math.log(data.n) + 1e-9).all()
    # A term is above 0 where the own context is likelier than the mean; leaving it out then raises
    # the term.
    above = lower_terms(data) > 0
    assert (upper_terms(data)[above] >= lower_terms(data)[above] - 1e-9).all()
    assert estimate("matrix-infonce", data).value <= math.log(data.n) + 1e-9


@given(matrices)
def test_what_cancels(given_):
    """A number added to a compression under all contexts, and the order of contexts, change
    nothing.
    """
    a = random(*given_)
    n, m, seed, scale = given_
    plain = estimate("agentic-mi", matrix(a))
    rng = np.random.default_rng(seed + 1)
    shifted = matrix(a - scale * rng.random((n, m, 1)))
    assert estimate("agentic-mi", shifted).value == pytest.approx(
        plain.value, abs=1e-9 * (1 + scale)
    )
    order = rng.permutation(n)
    moved = estimate("agentic-mi", matrix(a).take(order))
    assert moved.value == pytest.approx(plain.value, abs=1e-12 * (1 + scale))
    np.testing.assert_allclose(moved.local, plain.local[order], atol=1e-9)


def test_extremes():
    same = estimate("agentic-mi", matrix(np.full((5, 2, 5), -7.0)))
    assert same.value == pytest.approx(0.0, abs=1e-12)
    perfect = matrix(np.where(np.eye(5)[:, None] == 1, -3.0, -math.inf))
    found = estimate("agentic-mi", perfect)
    assert found.value == math.log(5)
    assert found.diagnostics["saturated"]
    upper = estimate("agentic-mi-upper", perfect)
    assert upper.value == math.inf
    assert upper.diagnostics["unique"] == 1.0


def test_proxies_only_lose():
    """Tempered and wrong laws give less than the exact one; a permuted one less than nothing,
    unclipped.
    """
    log_p = channels.symmetric(4, 4000, 0.1, stream(0))
    exact = estimate("agentic-mi", matrix(log_p)).value
    for factor in (2.0, 0.5, 0.25):
        assert estimate("agentic-mi", matrix(factor * log_p)).value < exact
    wrong = estimate("agentic-mi", matrix(log_p[:, :, [1, 2, 3, 0]]))
    assert wrong.value < -0.5
    assert wrong.diagnostics["clipped"] == 0.0


@pytest.mark.parametrize("power", [2.0, 0.5, 0.25])
def test_a_tempered_law_gives_its_closed_form(power):
    """q = p^power on the symmetric channel: (1-e) ln(q1/q) + e ln(q0/q) with q the mean of q over
    contexts.
    """
    n, e = 4, 0.1
    q1, q0 = (1 - e) ** power, (e / (n - 1)) ** power
    mean = (q1 + (n - 1) * q0) / n
    wanted = (1 - e) * math.log(q1 / mean) + e * math.log(q0 / mean)
    data = matrix(power * channels.symmetric(n, 6000, e, stream(2)))
    assert estimate("agentic-mi", data).value == pytest.approx(wanted, abs=0.02)


def test_names_of_values_do_not_matter():
    """Facts whose values are relabelled one to one, in contexts and compressions alike."""
    rng = stream(7)
    x = rng.integers(8, size=(20, 3))
    z = channels.fact_compressions(x, 4, 8, 0.7, 0.2, rng)
    names = rng.permutation(8)
    renamed = np.where(z < 0, -1, names[np.maximum(z, 0)])
    plain, other = (
        channels.fact_log_p(b, a, 8, 0.7, 0.2) for a, b in ((x, z), (names[x], renamed))
    )
    np.testing.assert_array_equal(plain, other)


@pytest.mark.parametrize(
    ("keep", "corrupt", "nats"), [(0.5, 0.3, 2.09), (0.7, 0.15, 3.60), (0.9, 0.05, 4.12)]
)
def test_fact_channel_with_a_proxy_that_is_set_wrong(keep, corrupt, nats):
    """All three judged as if keep were 0.9 and corrupt 0.1 (the brief's figures), n = 64: never
    more than exactly.
    """
    wrong, exact = [], []
    for seed in range(5):
        rng = stream(seed, "wrong")
        x = rng.integers(8, size=(64, 6))
        z = channels.fact_compressions(x, 8, 8, keep, corrupt, rng)
        wrong.append(estimate("agentic-mi", matrix(channels.fact_log_p(z, x, 8, 0.9, 0.1))).value)
        exact.append(
            estimate("agentic-mi", matrix(channels.fact_log_p(z, x, 8, keep, corrupt))).value
        )
    assert np.mean(wrong) == pytest.approx(nats, abs=0.1)
    assert np.mean(wrong) <= np.mean(exact) + 0.01


@pytest.mark.parametrize(
    ("n", "keep", "corrupt", "filler", "nats", "tokens", "rate"),
    [
        (16, 0.5, 0.3, 20, 1.71, 23.0, 0.107),
        (16, 0.7, 0.15, 8, 2.50, 12.1, 0.297),
        (16, 0.9, 0.05, 2, 2.77, 7.4, 0.540),
        (64, 0.5, 0.3, 20, 2.25, 23.0, 0.141),
        (64, 0.7, 0.15, 8, 3.60, 12.1, 0.426),
        (64, 0.9, 0.05, 2, 4.12, 7.4, 0.803),
    ],
)
def test_fact_channel_against_the_brief(n, keep, corrupt, filler, nats, tokens, rate):
    """Six facts of eight values, 8 draws, five seeds."""
    params = {
        "channels": ("facts",),
        "contexts": n,
        "facts": (6,),
        "keep": (keep,),
        "corrupt": (corrupt,),
    }
    task = harness.task("context-compression", **params, filler=(filler,))
    values, lengths, rates = [], [], []
    for seed in range(5):
        (case,) = task.cases(seed=seed)
        data = case.load()
        values.append(estimate("agentic-mi", data).value)
        rates.append(estimate("bits-per-token", data).value)
        lengths.append(data.lengths.mean())
    assert np.mean(values) == pytest.approx(nats, abs=0.1)
    assert np.mean(lengths) == pytest.approx(tokens, abs=0.3)
    assert np.mean(rates) == pytest.approx(rate, abs=0.02)
    truth = {(0.5, 0.3): (2.65, 0.412), (0.7, 0.15): (5.73, 0.632), (0.9, 0.05): (9.63, 0.867)}[
        keep, corrupt
    ]
    assert case.truth["mutual_information"] == pytest.approx(truth[0], abs=0.005)
    assert case.truth["accuracy"] == pytest.approx(truth[1], abs=0.001)


def test_fact_channel_by_enumeration():
    """All compressions of two facts of three values: probabilities sum to 1, and I is the closed
    form.
    """
    keep, corrupt, k = 0.6, 0.2, 3
    grid = np.array([(a, b) for a in range(-1, k) for b in range(-1, k)])
    contexts = np.array([(a, b) for a in range(k) for b in range(k)])
    z = np.broadcast_to(grid[None], (len(contexts), *grid.shape))
    p = np.exp(channels.fact_log_p(z, contexts, k, keep, corrupt)[0])
    np.testing.assert_allclose(p.sum(0), 1.0)
    information = (p * np.log(p / p.mean(1, keepdims=True))).sum() / len(contexts)
    assert information == pytest.approx(2 * keep * channels.symmetric_information(k, corrupt))


def test_information_orders_compressors_as_accuracy_does():
    """More kept, fewer wrong: more information and accuracy; filler lowers bits per token only."""
    task = harness.task("context-compression", channels=("facts",), facts=(2,), contexts=256)
    info, accuracy = {}, {}
    for case in task.cases(seed=0):
        data = case.load()
        key = case.facts["keep"], case.facts["corrupt"]
        info[key] = estimate("agentic-mi", data).value
        accuracy[key] = estimate("answer-accuracy", data).value
    for keep, corrupt in info:
        assert info[keep, corrupt] > info.get((keep, {0.05: 0.15, 0.15: 0.3}.get(corrupt)), -1)
        assert info[keep, corrupt] > info.get(
            ({0.9: 0.7, 0.7: 0.5, 0.5: 0.3}.get(keep), corrupt), -1
        )
    rank = [np.argsort(np.argsort(list(v.values()))) for v in (info, accuracy)]
    assert np.corrcoef(rank)[0, 1] > 0.9
    fewer, more = (
        next(
            iter(
                harness.task(
                    "context-compression", channels=("facts",), keep=(0.5,), filler=(f,)
                ).cases(seed=0)
            )
        ).load()
        for f in (0, 30)
    )
    assert estimate("agentic-mi", fewer).value == estimate("agentic-mi", more).value
    assert estimate("bits-per-token", fewer).value > 5 * estimate("bits-per-token", more).value


def test_the_order_of_compressors_is_that_of_the_truth():
    """5 x 5 compressors, none saturated: estimates are in the order of the true information.

    Accuracy follows it at 0.967 and not at 1: dropping a fact and getting it wrong cost the two
    measures differently.
    """
    grid = {
        "keep": (0.1, 0.3, 0.5, 0.7, 0.9),
        "corrupt": (0.05, 0.15, 0.25, 0.35, 0.45),
        "filler": (0,) * 5,
    }
    task = harness.task(
        "context-compression", channels=("facts",), facts=(2,), contexts=400, draws=4, **grid
    )
    truth, found, right = [], [], []
    for case in task.cases(seed=0):
        data = case.load()
        truth.append(case.truth["mutual_information"])
        found.append(estimate("agentic-mi", data))
        right.append(case.truth["accuracy"])
    assert not any(f.diagnostics["saturated"] for f in found)
    ranks = np.array([np.argsort(np.argsort(v)) for v in (truth, [f.value for f in found], right)])
    assert np.corrcoef(ranks)[0, 1] > 0.98
    assert np.corrcoef(ranks)[0, 2] == pytest.approx(0.967, abs=0.002)


def test_joint_queries_inflate():
    """A compression that betrays its query: with one query per context the matrix measures the
    query, too.
    """
    rng = stream(0)
    n = 32
    queries = rng.integers(8, size=n)
    # z repeats its query, and nothing of the context.
    joint = matrix(np.where(queries[:, None, None] == queries, 0.0, -math.inf))
    one = matrix(np.zeros((n, 1, n)))
    assert estimate("agentic-mi", joint).value > 1.5
    assert estimate("agentic-mi", one).value == pytest.approx(0.0, abs=1e-12)


def test_a_question_is_a_case_over_shared_contexts():
    """I(X;Z|q) for each q, the same q in every term; the conditional value is the mean over cases,
    as tables print it.
    """
    colour, metal = (
        case.load()
        for case in harness.task("context-questions", contexts=6, training=30).cases(seed=0)
    )
    assert colour.texts == metal.texts
    params = {"steps": 3, "predictor_steps": 3, "width": 8}
    model = harness.model("tiny-compressor", **params)
    found = [
        model.transform(data, to=ChannelLogLikelihoods, rng=stream(0)) for data in (colour, metal)
    ]
    assert (
        [f.query for f in found]
        == [colour.query, metal.query]
        == ["What is its colour?", "What is its metal?"]
    )
    run = harness.run(
        tasks=["context-questions"],
        models=["tiny-compressor"],
        estimators=["agentic-mi"],
        params={"tiny-compressor": params, "context-questions": {"contexts": 6, "training": 30}},
    )
    assert [(r.case, r.quantity) for r in run] == [
        ("colour", "mutual_information"),
        ("metal", "mutual_information"),
    ]


@pytest.mark.parametrize(
    "name", ["agentic-mi", "agentic-mi-upper", "matrix-infonce", "bits-per-token"]
)
def test_jackknife_by_brute_force(name):
    log_p = 5 * random(9, 2, 0, 3.0)
    log_p[2, 0, 3] = 60.0 + log_p[2, 0].max()
    lengths = np.random.default_rng(0).integers(1, 30, (9, 2))
    data = ChannelLogLikelihoods(log_p - log_p.max(), lengths)
    left = [estimate(name, data.take(np.delete(np.arange(9), k))).value for k in range(9)]
    wanted = math.sqrt(8 / 9 * ((np.array(left) - np.mean(left)) ** 2).sum())
    assert estimate(name, data).stderr == pytest.approx(wanted, rel=1e-9)
    assert estimate(name, data.take([0, 1])).stderr is None


def test_jackknife_error_is_the_spread_over_draws():
    task = harness.task(
        "context-compression",
        channels=("facts",),
        facts=(2,),
        keep=(0.7,),
        corrupt=(0.15,),
        filler=(8,),
    )
    found = [estimate("agentic-mi", next(iter(task.cases(seed=s))).load()) for s in range(60)]
    values, errors = [f.value for f in found], [f.stderr for f in found]
    # A standard deviation from 60 draws is known to 9 %.
    assert np.mean(errors) == pytest.approx(np.std(values, ddof=1), rel=0.35)


def test_rate_of_means():
    data = ChannelLogLikelihoods(-random(4, 2, 0, 1.0) - 1.0, np.array([[1, 3]] * 4))
    found = estimate("bits-per-token", data)
    assert found.value == pytest.approx(estimate("agentic-mi", data).value / math.log(2) / 2.0)
    assert found.diagnostics["mean_of_ratios"] != pytest.approx(found.value)


def test_what_is_no_channel():
    good = np.full((3, 2, 3), -1.0)
    with pytest.raises(DataError, match="at least 2"):
        matrix(good[:1, :, :1])
    with pytest.raises(DataError, match="every one scored"):
        matrix(good[:, :, :2])
    with pytest.raises(DataError, match="NaN"):
        matrix(np.where(np.eye(3)[:, None] == 1, np.nan, good))
    with pytest.raises(DataError, match="numbers up to 0"):
        matrix(good + 1.5)
    with pytest.raises(DataError, match="impossible under every context"):
        matrix(np.where(np.arange(3)[:, None, None] == 1, -math.inf, good))
    with pytest.raises(DataError, match=r"row 1.*compression 1 is empty"):
        ChannelLogLikelihoods(good, np.array([[1, 1], [1, 0], [1, 1]]))
    with pytest.raises(DataError, match=r"rectangular|lengths"):
        ChannelLogLikelihoods([[[-1.0]], [[-1.0], [-1.0]]], np.ones((2, 1), int))
    with pytest.raises(DataError, match="outside 0"):
        matrix(good, correct=np.full((3, 2), 2.0))
    own = matrix(np.where(np.eye(3)[:, None] == 1, -math.inf, good))
    with pytest.raises(Incompatible, match="impossible under its own context"):
        estimate("agentic-mi", own)
    with pytest.raises(Incompatible, match="no predictor"):
        estimate("answer-accuracy", matrix(good))


def test_logsumexp_of_impossible_things():
    low = ChannelLogLikelihoods.IMPOSSIBLE
    assert logsumexp(np.array([low, low, -5.0])) == -5.0
    assert logsumexp(np.array([low, low])) <= low
