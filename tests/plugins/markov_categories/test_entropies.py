import math

import numpy as np
import pytest

import harness
from harness import HeadStates, Incompatible, Kernels
from harness_markov_categories.entropies import log, named, relative

RNG = np.random.default_rng
NAMES = ("kl", "tv", "hellinger", "renyi", "chi2", "js")
FIRST, SECOND = (1 / 2, 1 / 4, 1 / 8, 1 / 8), (0.7, 0.2, 0.1)
FIGURES = [
    (FIRST, "", {}, 1.213008),
    (FIRST, "-tv", {}, 0.656250),
    (FIRST, "-hellinger", {}, 0.866117),
    (FIRST, "-chi2", {}, 3.0),
    (FIRST, "-renyi", {"order": 2.0}, 1.386294),
    (FIRST, "-renyi", {"order": 0.5}, 1.134997),
    (FIRST, "-js", {}, 0.327212),
    (SECOND, "", {}, 0.801819),
    (SECOND, "-tv", {}, 0.46),
    (SECOND, "-hellinger", {}, 0.586545),
    (SECOND, "-chi2", {}, 2.0),
    (SECOND, "-renyi", {"order": 2.0}, 1.098612),
    (SECOND, "-renyi", {"order": 0.5}, 0.694220),
    (SECOND, "-js", {}, 0.219216),
]


def measured(ending, kernel, **params):
    return harness.estimator(f"markov_categories/categorical-entropy{ending}", **params).estimate(
        kernel
    )


def rows(*laws):
    return Kernels(np.array(laws), np.ones(len(laws)))


@pytest.mark.parametrize(("law", "ending", "params", "value"), FIGURES)
def test_published_figures(law, ending, params, value):
    assert measured(ending, rows(law), **params).value == pytest.approx(value, abs=6e-7)


def product(p, divergence, order):
    """The divergence of diag(p) from p x p, all pairs written out; p may have zeros."""
    copied, free = np.diag(p).ravel(), np.outer(p, p).ravel()
    on = copied > 0
    if divergence == "kl":
        return (copied[on] * np.log(copied[on] / free[on])).sum()
    if divergence == "tv":
        return np.abs(copied - free).sum() / 2
    if divergence == "hellinger":
        return ((np.sqrt(copied) - np.sqrt(free)) ** 2).sum()
    if divergence == "renyi":
        return np.log((copied[on] ** order * free[on] ** (1 - order)).sum()) / (order - 1)
    if divergence == "chi2":
        return ((copied - free)[free > 0] ** 2 / free[free > 0]).sum()
    middle = (copied + free) / 2
    also = free > 0
    return (
        (copied[on] * np.log(copied[on] / middle[on])).sum()
        + (free[also] * np.log(free[also] / middle[also])).sum()
    ) / 2


@pytest.mark.parametrize("divergence", NAMES)
@pytest.mark.parametrize("order", [0.0, 0.3, 2.0, 3.5])
def test_closed_forms_are_the_divergences_over_all_pairs(divergence, order):
    rng = RNG(0)
    laws = rng.dirichlet(np.full(24, 0.3), size=40)
    laws[::2, ::3] = 0
    laws /= laws.sum(1, keepdims=True)
    params = {"order": order} if divergence == "renyi" else {}
    ending = "" if divergence == "kl" else f"-{divergence}"
    found = measured(ending, Kernels(laws, rng.random(40)), **params)
    wanted = [product(p, divergence, order) for p in laws]
    np.testing.assert_allclose(found.local, wanted, rtol=1e-11, atol=1e-12)


def test_certain_rows_have_no_entropy_by_any_divergence():
    for name in NAMES:
        ending = "" if name == "kl" else f"-{name}"
        assert measured(ending, rows((0, 1, 0), (1, 0, 0))).value == 0


def test_orders_of_renyi_at_which_it_is_something_else():
    kernel = Kernels(RNG(1).dirichlet(np.ones(7), size=9), np.ones(9))
    shannon = measured("", kernel).value
    for near in (1 - 1e-5, 1, 1 + 1e-5):
        assert measured("-renyi", kernel, order=near).value == pytest.approx(shannon, abs=1e-4)
    assert measured("-renyi", kernel, order=2.0).value == pytest.approx(math.log(7))
    least = np.log(kernel.k.min(1))
    assert measured("-renyi", kernel, order=math.inf).value == pytest.approx(-least.mean())
    far = measured("-renyi", kernel, order=1e6)
    assert far.value == pytest.approx(-least.mean(), rel=1e-4)


def test_chi_squared_counts_and_jumps_where_a_token_becomes_possible():
    barely = (1 - 1e-300, 1e-300)
    assert measured("-chi2", rows((1, 0), (0.5, 0.5))).value == 0.5
    assert measured("-chi2", rows(barely)).value == 1
    assert measured("-tv", rows(barely)).value == 0


def test_the_other_way_round_it_is_infinite():
    found = measured("", rows((0.5, 0.5), (1, 0)), reverse=True)
    assert found.value == math.inf
    assert found.diagnostics["infinite"]
    assert measured("", rows((0, 1), (1, 0)), reverse=True).value == 0


def test_weights_count():
    kernel = Kernels([[0.5, 0.5], [1, 0]], [3.0, 1.0])
    assert measured("", kernel).value == pytest.approx(0.75 * math.log(2))


def head(n=50, v=30, d=4, seed=0, **more):
    rng = RNG(seed)
    h, w = rng.normal(size=(n, d)), 2 * rng.normal(size=(v, d))
    return HeadStates(h, w, rng.integers(v, size=n), [0, n // 5, n], rng.normal(size=v), **more)


def test_heads_and_kernels_agree():
    states = head()
    z = states.h @ states.w.T + states.bias
    k = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    for name in NAMES:
        if name != "chi2":
            ending = "" if name == "kl" else f"-{name}"
            one, two = measured(ending, states), measured(ending, Kernels(k, np.ones(len(k))))
            assert one.value == pytest.approx(two.value, rel=1e-12)
            np.testing.assert_allclose(one.local, [two.local[:10].mean(), two.local[10:].mean()])


def test_large_tables_are_read_in_blocks(monkeypatch):
    whole = measured("", head()).value
    monkeypatch.setattr("harness_markov_categories.entropies.BLOCK", 100)
    assert measured("", head()).value == pytest.approx(whole, rel=1e-14)


def pair(seed=0, n=40, v=6):
    q, p = RNG(seed).dirichlet(np.full(v, 0.7), size=(2, n))
    return Kernels(q, RNG(seed).random(n) + 0.1, p)


def test_cross_entropy_is_divergence_and_entropy():
    kernel = pair()
    gap = harness.estimator("markov_categories/head-entropy-gap").estimate(kernel)
    calibration = harness.estimator("markov_categories/calibration-gap").estimate(kernel)
    cross = calibration.diagnostics["cross_entropy"]
    notes = gap.diagnostics
    assert cross == pytest.approx(notes["divergence"] + notes["data"], rel=1e-12)
    assert calibration.value == pytest.approx(cross - notes["model"], rel=1e-12)
    assert cross >= notes["data"]
    assert gap.value == pytest.approx(abs(notes["model"] - notes["data"]), rel=1e-12)


def test_the_gap_is_within_the_bound_of_fannes_and_audenaert():
    for seed in range(300):
        q, p = RNG(seed).dirichlet(np.full(5, 0.2), size=(2, 1))
        found = harness.estimator("markov_categories/head-entropy-gap").estimate(
            Kernels(q, np.ones(1), p)
        )
        assert found.value <= found.diagnostics["bound"] + 1e-12
    # The bound is reached by a certain token that loses t of its mass to all others alike.
    q, p = [[1.0, 0, 0, 0, 0]], [[0.6, 0.1, 0.1, 0.1, 0.1]]
    found = harness.estimator("markov_categories/head-entropy-gap").estimate(
        Kernels(q, np.ones(1), p)
    )
    assert found.value == pytest.approx(found.diagnostics["bound"], rel=1e-12)


@pytest.mark.parametrize("divergence", ["tv", "hellinger", "renyi", "js"])
def test_gaps_by_other_divergences_are_zero_for_equal_kernels_alone(divergence):
    estimator = harness.estimator("markov_categories/head-entropy-gap", divergence=divergence)
    kernel = pair()
    assert estimator.estimate(Kernels(kernel.k, kernel.weights, kernel.k)).value == 0
    found = estimator.estimate(kernel)
    model, data = (kernel.shares @ named(divergence, 0.5)(log(x)) for x in (kernel.k, kernel.data))
    assert found.value == pytest.approx(abs(model - data), rel=1e-12)


def test_a_model_that_is_too_sure_has_a_positive_calibration_gap():
    cases = {c.facts["temperature"]: c for c in harness.task("topic-kernels").cases(seed=3)}
    for temperature, sign in ((0.5, 1), (1.0, 0), (2.0, -1)):
        case = cases[temperature]
        found = harness.estimator("markov_categories/calibration-gap").estimate(case.load())
        assert found.value == pytest.approx(case.truth["calibration_gap"], abs=1e-12)
        assert np.sign(round(found.value, 12)) == sign


def test_without_laws_of_the_data_tokens_are_counted():
    states = head()
    found = harness.estimator("markov_categories/calibration-gap").estimate(states)
    loss = -states.log_laws()[np.arange(50), states.ids].mean()
    assert found.diagnostics["cross_entropy"] == pytest.approx(loss, rel=1e-12)
    with pytest.raises(Incompatible, match="not known"):
        harness.estimator("markov_categories/head-entropy-gap").estimate(states)
    with pytest.raises(Incompatible, match="no tokens"):
        harness.estimator("markov_categories/calibration-gap").estimate(rows((0.5, 0.5)))


def test_a_model_that_excludes_what_the_data_have_is_infinitely_off():
    found = harness.estimator("markov_categories/calibration-gap").estimate(
        Kernels([[1.0, 0.0]], np.ones(1), [[0.5, 0.5]])
    )
    assert found.value == math.inf
    gap = harness.estimator("markov_categories/head-entropy-gap").estimate(
        Kernels([[1.0, 0.0]], np.ones(1), [[0.5, 0.5]])
    )
    assert gap.value == pytest.approx(math.log(2))
    assert gap.diagnostics["divergence"] == math.inf


def test_a_context_that_never_comes_changes_no_gap():
    """Not even where the model excludes what the data have there."""
    seen = Kernels([[0.8, 0.2]], np.ones(1), [[0.5, 0.5]])
    more = Kernels([[1, 0], [0.8, 0.2]], [0.0, 1.0], [[0.5, 0.5], [0.5, 0.5]])
    for name in ("head-entropy-gap", "calibration-gap"):
        one, two = (
            harness.estimator(f"markov_categories/{name}").estimate(k) for k in (seen, more)
        )
        assert one.value == two.value
        assert one.diagnostics == two.diagnostics


def test_distances_between_laws_are_bounded_by_divergence():
    """TV^2 <= KL/2 and sum (sqrt p - sqrt q)^2 <= KL: with half of it the constant is a half."""
    p, q = RNG(5).dirichlet(np.full(4, 0.4), size=(2, 10_000))
    divergence = relative(log(p), log(q))
    assert (np.abs(p - q).sum(1) ** 2 / 4 <= divergence / 2 + 1e-12).all()
    squared = ((np.sqrt(p) - np.sqrt(q)) ** 2).sum(1)
    assert (squared <= divergence + 1e-12).all()
    assert (squared > 0.5 * divergence).any()


@pytest.mark.slow
def test_every_truth_of_the_topics_is_met():
    found = harness.run(plugins=["markov_categories"], tasks=["topic-kernels"], seeds=[0])
    judged = [r for r in found if r.truth is not None and not r.models]
    assert len(judged) == 3 * 8
    for record in judged:
        assert record.value == pytest.approx(record.truth, abs=1e-12), record.estimator
