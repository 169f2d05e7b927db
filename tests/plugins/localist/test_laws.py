"""Exact laws of attention against a rule: on random rows, at their tight cases, and in closed form."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import harness
from harness import Incompatible, PointedAttention, stream
from harness_localist import laws


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def entropy(a):
    return -(a * np.log(np.where(a > 0, a, 1))).sum(-1)


def rows(count=10_000, keys=12, seed=0):
    """Random logits of all scales, with one to eleven targets: ``z``, ``own``, by brute force."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(count, keys)) * rng.choice([0.1, 1.0, 10.0], size=(count, 1))
    m = rng.integers(1, keys, size=count)
    own = rng.permuted(np.arange(keys) < m[:, None], axis=1)
    # Every other row leans to its targets, so that margins of both signs are met.
    z += np.where(own, rng.choice([0.0, 5.0, 20.0], size=(count, 1)), 0.0)
    margin = np.where(own, z, np.inf).min(1) - np.where(own, -np.inf, z).max(1)
    return z, own, m, keys - m, margin


def test_no_row_of_10000_violates_a_bound():
    z, own, m, r, margin = rows()
    a = softmax(z)
    share, h = (a * own).sum(1), entropy(a)
    assert (margin > 0).sum() > 1000 < (margin < 0).sum()
    assert (share - laws.least_fidelity(margin, m, r)).min() > -1e-10
    assert (laws.largest_entropy(margin, m, r) - h).min() > -1e-10
    assert (h - laws.binary_entropy(1 - share)).min() > -1e-10
    # One target among m: its leads over the other targets and over the other keys.
    first = own.argmax(1)
    lead = np.take_along_axis(z, first[:, None], 1)
    rest = own & (np.arange(z.shape[1]) != first[:, None])
    inner = (lead - np.where(rest, z, -np.inf).max(1, keepdims=True))[:, 0]
    outer = (lead - np.where(own, -np.inf, z).max(1, keepdims=True))[:, 0]
    single = np.take_along_axis(a, first[:, None], 1)[:, 0]
    inner = np.where(m > 1, inner, 0.0)
    assert (single - laws.least_single(inner, outer, m, r)).min() > -1e-10


def test_the_bounds_are_tight_for_two_levels():
    for margin, m, r in ((0.0, 4, 12), (1.5, 1, 7), (3.0, 5, 2), (9.0, 3, 40)):
        z = np.repeat([margin, 0.0], [m, r])[None]
        a = softmax(z)
        assert laws.least_fidelity(margin, m, r) == pytest.approx(a[0, :m].sum(), abs=1e-12)
        assert laws.largest_entropy(margin, m, r) == pytest.approx(entropy(a)[0], abs=1e-12)
        share = float(laws.least_fidelity(margin, m, r))
        assert laws.needed_margin(share, m, r) == pytest.approx(margin, abs=1e-9)


@pytest.mark.parametrize(
    ("margin", "share", "nats", "bits"),
    [
        (0, 0.25, 2.772589, 4),
        (1, 0.475367, 2.654596, 3.829772),
        (2, 0.711235, 2.304578, 3.324803),
        (4, 0.947915, 1.648125, 2.377742),
        (8, 0.998995, 1.395343, 2.013055),
    ],
)
def test_table_of_sixteen_keys_and_four_targets(margin, share, nats, bits):
    assert laws.least_fidelity(margin, 4, 12) == pytest.approx(share, abs=1e-6)
    assert laws.largest_entropy(margin, 4, 12) == pytest.approx(nats, abs=1e-6)
    assert laws.largest_entropy(margin, 4, 12) / np.log(2) == pytest.approx(bits, abs=1e-6)


def test_limits():
    assert laws.largest_entropy(600.0, 4, 12) == pytest.approx(np.log(4))  # and not 0
    assert laws.largest_entropy(-3.0, 4, 12) == pytest.approx(np.log(16))  # no bound from it
    assert laws.largest_entropy(0.0, 16, 0) == pytest.approx(np.log(16))  # all keys are targets
    assert laws.least_fidelity(-5.0, 16, 0) == 1.0


def test_a_bonus_by_its_closed_forms():
    """The example of 16 keys, 4 targets and margin 2, and rows where everything is computed anew."""
    share = float(laws.least_fidelity(2.0, 4, 12))
    assert laws.lifted(share, 1.0) == pytest.approx(0.870049, abs=1e-6)
    assert laws.cost(share, 1.0) == pytest.approx(0.071595, abs=1e-6)
    assert laws.lifted(share, 3.0) == pytest.approx(0.980187, abs=1e-6)
    assert laws.cost(share, 3.0) == pytest.approx(0.261301, abs=1e-6)
    assert laws.needed_strength(0.99, share) == pytest.approx(3.693732, abs=1e-6)

    z, own, _, _, _ = rows(500, seed=1)
    z = z / 10
    a, after = softmax(z), softmax(z + 1.7 * own)
    share = (a * own).sum(1)
    np.testing.assert_allclose(laws.lifted(share, 1.7), (after * own).sum(1), atol=1e-12)
    divergence = (after * (np.log(after) - np.log(a))).sum(1)
    np.testing.assert_allclose(laws.cost(share, 1.7), divergence, atol=1e-12)
    reached = softmax(z + laws.needed_strength(0.9, share)[:, None] * own)
    np.testing.assert_allclose((reached * own).sum(1), 0.9, atol=1e-12)


@pytest.mark.parametrize("fidelity", [0.0, 1.0, 1.2])
def test_a_fidelity_that_no_bonus_reaches(fidelity):
    with pytest.raises(ValueError, match="between 0 and 1"):
        laws.needed_strength(fidelity, 0.5)
    with pytest.raises(ValueError, match="wanted 0 < f < 1"):
        laws.needed_margin(fidelity, 2, 3)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_mask_cannot_be_lifted(share):
    with pytest.raises(ValueError, match="no or with all attention"):
        laws.needed_strength(0.9, share)


def test_a_rule_lowers_entropy_below_the_turning_point_only():
    z, own, _, _, _ = rows(2000, seed=2)
    kept = (own.sum(1) > 0) & ((~own).sum(1) > 0)
    z, own = z[kept] / 5, own[kept]
    before, after = softmax(z), softmax(z + 1e-4 * own)
    change = entropy(after) - entropy(before)

    def of_part(mask):
        part = before * mask
        return entropy(part / part.sum(1, keepdims=True))

    outside = (before * ~own).sum(1)
    turning = laws.turning_point(of_part(own), of_part(~own))
    sure = np.abs(outside - turning) > 1e-3
    assert (sure & (outside > turning)).sum() > 100 < (sure & (outside < turning)).sum()
    assert ((change > 0) == (outside > turning))[sure].all()


def test_entropy_rises_with_a_rule_for_a_row_that_points_elsewhere():
    a = np.array([0.02, *[0.98 / 15] * 15])
    sharper = softmax((np.log(a) + (np.arange(16) == 0))[None])
    assert entropy(sharper)[0] > entropy(a)
    assert 0.98 > laws.turning_point(0.0, np.log(15)) == pytest.approx(15 / 16)


# The same through the estimators, on data of the kind.


def pointed(z, own, **more):
    return PointedAttention.of_logits(z[None, None, None], own[None], **more)


def estimate(name, data, **params):
    return harness.estimator(f"localist/{name}", **params).estimate(data, rng=stream(0))


def random_data(seed=0, t=100):
    """A hundred rows over a hundred keys."""
    rng = np.random.default_rng(seed)
    own = rng.random((t, t)) < rng.random((t, 1))
    own[:, 0], own[:, 1] = True, False
    return rng.normal(size=(t, t)) * 3 + 4 * own, own


def test_estimators_against_whole_rows():
    z, own = random_data()
    a, m = softmax(z), own.sum(1)
    data = pointed(z, own)
    share = (a * own).sum(1)
    assert estimate("pointer-fidelity", data).value == pytest.approx(share.mean(), abs=1e-12)
    best = own[np.arange(len(z)), z.argmax(1)]
    assert estimate("pointer-fidelity", data, form="argmax").value == pytest.approx(best.mean())
    assert estimate("pointer-lift", data).value == pytest.approx(
        (share - m / 100).mean(), abs=1e-12
    )
    fidelity, nats = estimate("fidelity-bound", data), estimate("entropy-bound", data)
    for found in (fidelity, nats):
        assert found.diagnostics["violations"] == 0
        assert found.diagnostics["least"] > -1e-10
        assert found.value > 0
    assert nats.diagnostics["chain_rule"] < 1e-12
    cost = estimate("rule-cost", data, fidelity=0.95)
    bonus = np.maximum(laws.needed_strength(0.95, share), 0.0)
    assert cost.value == pytest.approx(laws.cost(share, bonus).mean(), abs=1e-12)
    assert estimate("rule-cost", data, strength=2.0).value == pytest.approx(
        laws.cost(share, 2.0).mean(), abs=1e-12
    )


def test_two_level_logits_are_tight_and_true():
    for case in harness.task("blocks/two-level-logits").cases(seed=0):
        data = case.load()
        for name in ("pointer_fidelity", "attention_entropy"):
            found = data.inside if name == "pointer_fidelity" else data.entropy
            np.testing.assert_allclose(found, case.truth[name], atol=1e-12)
        for name in ("fidelity-bound", "entropy-bound"):
            assert abs(estimate(name, data).value) < 1e-12


def test_uniform_attention_is_at_chance_and_one_hot_attention_points():
    own = np.arange(10) < 3
    own = np.broadcast_to(own, (10, 10))
    flat = pointed(np.zeros((10, 10)), own)
    assert estimate("pointer-fidelity", flat).value == pytest.approx(0.3)
    assert estimate("pointer-fidelity", flat).diagnostics["chance"] == pytest.approx(0.3)
    assert estimate("pointer-lift", flat).value == pytest.approx(0, abs=1e-15)
    sharp = pointed(50.0 * np.eye(10)[np.zeros(10, int)], own)
    assert estimate("pointer-fidelity", sharp).value == pytest.approx(1)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.floats(0.5, 4.0), st.floats(-50, 50))
def test_invariances(seed, temperature, shift):
    """Keys in any order, a constant on a row, logits and temperature on one scale."""
    z, own = random_data(seed, 12)
    order = np.random.default_rng(seed).permutation(12)
    plain = pointed(z, own)
    for other in (
        pointed(z[:, order], own[:, order]),
        pointed(z + shift, own),
        pointed(temperature * z / temperature, own),
    ):
        for name in ("pointer-fidelity", "fidelity-bound", "entropy-bound", "rule-cost"):
            assert estimate(name, other).value == pytest.approx(
                estimate(name, plain).value, abs=1e-9
            )


def test_queries_without_target_or_with_one_key_are_left_out():
    z, own = random_data(3, 6)
    causal = np.tri(6, dtype=bool)
    own = own & causal
    own[2] = False
    found = estimate("pointer-fidelity", pointed(z, own, visible=causal))
    a = softmax(np.where(causal, z, -np.inf))
    kept = [i for i in range(1, 6) if own[i].any()]
    assert found.value == pytest.approx((a * own).sum(1)[kept].mean())
    assert found.diagnostics["coverage"] == pytest.approx(len(kept) / 6)


def test_the_standard_error_is_that_over_sequences():
    z, own = random_data(4, 30)
    data = PointedAttention.of_logits(
        z.reshape(3, 1, 1, 10, 30)[..., :10],
        own.reshape(3, 10, 30)[..., :10] | np.eye(10, dtype=bool),
    )
    found = estimate("pointer-fidelity", data)
    means = data.inside.mean((1, 2, 3))
    assert found.stderr == pytest.approx(means.std(ddof=1) / np.sqrt(3))


def test_what_does_not_suit_is_refused():
    z, own = random_data(5, 8)
    with pytest.raises(Incompatible, match="single target"):
        estimate("pointer-fidelity", pointed(z, own | (np.arange(8) < 2)), form="single")
    single = np.eye(8, dtype=bool)
    assert estimate("pointer-fidelity", pointed(z, single), form="single").value == pytest.approx(
        np.diag(softmax(z)).mean()
    )
    masked = np.where(own, -np.inf, z)
    with pytest.raises(Incompatible, match="no bonus lifts it"):
        estimate("rule-cost", pointed(masked, own))
    found = estimate("fidelity-bound", pointed(masked, own))
    assert found.diagnostics["violations"] == 0
    assert found.diagnostics["without_margin"] == 8
    with pytest.raises(harness.DataError, match="NaN"):
        pointed(np.full((4, 4), np.nan), np.eye(4, dtype=bool))
    with pytest.raises(harness.DataError, match="no query has a target"):
        pointed(np.zeros((4, 4)), np.zeros((4, 4), bool))
    with pytest.raises(harness.UsageError, match="fidelity"):
        estimate("rule-cost", pointed(z, own), fidelity=1.0)
    first = np.zeros((2, 2), bool)
    first[0, 0] = True
    with pytest.raises(Incompatible, match="sees a second key"):
        estimate("pointer-lift", pointed(np.zeros((2, 2)), first, visible=np.tri(2, dtype=bool)))


def test_no_row_of_a_trained_network_violates_a_bound():
    """A small transformer that was penalized, and dialled when used."""
    case = next(iter(harness.task("language/known-entropy-languages", sequences=6).cases(seed=0)))
    data = harness.model(
        "lm/tiny-lm-pointers",
        steps=5,
        layers=2,
        heads=2,
        width=8,
        window=16,
        pointer_penalty=1.0,
        dial=0.5,
        dial_bias="targets",
    ).transform(case.load(), to=PointedAttention, rng=stream(0))
    for name in ("fidelity-bound", "entropy-bound"):
        assert estimate(name, data).diagnostics["violations"] == 0
    assert estimate("entropy-bound", data).diagnostics["chain_rule"] < 1e-9
    assert estimate("pointer-lift", data).value > 0
