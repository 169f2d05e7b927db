"""Measures of attention, against closed forms."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import harness
from harness import AttentionMaps, AttentionProfile, DataError, Incompatible, stream
from harness.kinds import keys_in_sight


def estimate(name, data, **params):
    return harness.estimator(f"entropy_attention/{name}", **params).estimate(data, rng=stream(0))


def uniform(t):
    return np.tri(t) / np.arange(1, t + 1)[:, None]


def banded(t, w):
    near = np.tri(t) - np.tri(t, k=-w)
    return near / near.sum(1, keepdims=True)


def maps(*heads, layers=1):
    """One sequence whose heads are these maps, in as many layers."""
    a = np.stack(heads)[None]
    return AttentionMaps(a.reshape(1, layers, -1, *a.shape[2:]))


@pytest.mark.parametrize(
    ("t", "wanted"), [(64, 3.2058), (128, 3.8782), (256, 4.5596), (512, 5.2462), (1024, 5.9358)]
)
def test_uniform_causal_heads_reach_the_causal_maximum(t, wanted):
    found = estimate("attention-entropy", maps(uniform(t)))
    assert (
        found.value
        == pytest.approx(math.lgamma(t + 1) / t, abs=1e-6)
        == pytest.approx(wanted, abs=5e-5)
    )
    assert estimate("attention-uniformity", maps(uniform(t))).value == pytest.approx(1.0)
    assert estimate(
        "attention-uniformity", maps(uniform(t)), reference="row"
    ).value == pytest.approx(1.0)
    log = {64: 0.771, 128: 0.799, 256: 0.822, 512: 0.841, 1024: 0.856}
    assert estimate(
        "attention-uniformity", maps(uniform(t)), reference="log"
    ).value == pytest.approx(log[t], abs=6e-4)


def test_full_and_one_hot_attention():
    full = AttentionMaps(np.full((1, 1, 1, 8, 8), 1 / 8), causal=False)
    assert estimate("attention-entropy", full).value == pytest.approx(math.log(8), abs=1e-12)
    assert estimate("attention-uniformity", full).value == pytest.approx(1.0)
    assert estimate("attention-entropy", maps(np.eye(8))).value == 0.0


def test_an_offset_in_the_logarithm_biases():
    """The released code takes ln(a + 1e-9): 1.28e-7 too little at 128 equal weights, and not 0 for
    one of 1.
    """
    full = np.full((128, 128), 1 / 128)
    ours = estimate("attention-entropy", AttentionMaps(full[None, None, None], causal=False)).value
    theirs = -(full * np.log(full + 1e-9)).sum(1).mean()
    assert theirs - ours == pytest.approx(-1.28e-7, rel=1e-3)
    assert ours == pytest.approx(math.log(128), abs=1e-12)
    one = np.eye(8)
    assert abs(-(one * np.log(one + 1e-9)).sum(1).mean()) <= 1.1e-9


def test_banded_attention():
    t, w = 50, 7
    wanted = (sum(math.log(i) for i in range(1, w)) + (t - w + 1) * math.log(w)) / t
    assert estimate("attention-entropy", maps(banded(t, w))).value == pytest.approx(
        wanted, abs=1e-12
    )


def test_geometric_attention():
    """a_j ~ r^j over n keys: H = -ln((1-r)/(1-r^n)) - ln r (r/(1-r) - n r^n/(1-r^n))."""
    n, r = 40, 0.7
    row = r ** np.arange(n)
    row /= row.sum()
    wanted = -math.log((1 - r) / (1 - r**n)) - math.log(r) * (r / (1 - r) - n * r**n / (1 - r**n))
    full = AttentionMaps(np.tile(row, (1, 1, 1, n, 1)), causal=False)
    assert estimate("attention-entropy", full).value == pytest.approx(wanted, abs=1e-12)


@given(st.integers(0, 10**6))
def test_order_of_keys_and_heads_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    a = rng.dirichlet(np.full(6, 0.3), size=(2, 2, 3, 6))
    plain = estimate("attention-entropy", AttentionMaps(a, causal=False)).value
    keys, heads = rng.permutation(6), rng.permutation(3)
    changed = estimate(
        "attention-entropy", AttentionMaps(a[:, :, heads][..., keys], causal=False)
    ).value
    assert changed == pytest.approx(plain, abs=1e-12)
    assert 0 <= plain <= math.log(6)


def test_profile_and_maps_give_the_same():
    rng = np.random.default_rng(0)
    a = rng.dirichlet(np.full(9, 0.5), size=(3, 2, 2, 9)) * np.tri(9)
    a /= a.sum(-1, keepdims=True)
    whole = AttentionMaps(a)
    entropy = -(a * np.log(np.where(a > 0, a, 1.0))).sum(-1)
    for name in (
        "attention-entropy",
        "attention-uniformity",
        "attention-overload",
        "attention-collapse",
    ):
        assert estimate(name, whole).value == estimate(name, AttentionProfile(entropy)).value


PAPER = {
    "layers": (3.59, 3.85, 3.82, 3.79, 3.74, 2.60, 2.13, 1.97, 0.52, 0.18, 0.06, 0.04),
    "shares": (0.326, 0.097, 0.125, 0.451),
}
"""Means of layers, and of the four classes, that the paper's heatmap of the softmax-only network
gives.
"""


def test_classes_of_heads_with_the_papers_shares():
    """144 heads in the paper's four bins: 33 % collapsed and 45 % overloaded by the largest head
    observed.
    """
    counts = np.rint(np.array(PAPER["shares"]) * 144).astype(int)
    assert counts.sum() == 144
    top = 3.87
    heads = np.concatenate([np.full(c, top * (b + 0.5) / 4) for b, c in enumerate(counts)])
    heads[-1] = top
    t = 128
    # Rows that have the mean of their head without leaving what causal rows can reach.
    rows = (
        heads.reshape(12, 12)[None, :, :, None]
        * np.log(np.arange(1, t + 1))
        / (math.lgamma(t + 1) / t)
    )
    data = AttentionProfile(rows)
    found = {
        n: estimate(f"attention-{n}", data, reference="observed").value
        for n in ("collapse", "balance", "overload")
    }
    assert found["collapse"] == pytest.approx(0.33, abs=0.005)
    assert found["overload"] == pytest.approx(0.45, abs=0.005)
    assert found["balance"] == pytest.approx(0.097 + 0.125, abs=0.005)
    assert sum(found.values()) == pytest.approx(1.0)
    # Heads at 3.87 nats are uniform, to 0.2 %, though ln 128 is 4.85.
    assert top / (math.lgamma(t + 1) / t) == pytest.approx(0.998, abs=5e-4)


def test_layers_of_the_papers_heatmap():
    """Its means of layers alone: five layers at 92 % and more of the causal maximum, four
    collapsed, one third of all.
    """
    t = 128
    top = math.lgamma(t + 1) / t
    rows = np.log(np.arange(1, t + 1)) / top * np.array(PAPER["layers"])[:, None, None]
    data = AttentionProfile(np.broadcast_to(rows[None], (1, 12, 12, t)))
    found = estimate("attention-collapse", data, reference="observed")
    assert found.value == pytest.approx(4 / 12)
    assert abs(found.value - PAPER["shares"][0]) < 0.02
    heads = np.array(json.loads(found.diagnostics["heads"]))
    np.testing.assert_allclose(heads.mean(1), PAPER["layers"], atol=1e-3)
    assert ((heads.mean(1) / top) >= 0.92).sum() == 5
    assert estimate("attention-overload", data).value == pytest.approx(5 / 12)


def test_the_observed_maximum_is_fragile():
    """Equal heads of middling entropy: all overloaded by the paper's reference, none by the causal
    one.
    """
    half = AttentionProfile(0.5 * np.log(np.arange(1, 33)) * np.ones((2, 3, 4, 1)))
    assert estimate("attention-overload", half, reference="observed").value == 1.0
    assert estimate("attention-overload", half).value == 0.0
    assert estimate("attention-balance", half).value == 1.0


def test_broken_rows_are_counted_and_left_out():
    broken = np.zeros((2, 1, 2, 8), bool)
    broken[:, :, 1] = True
    broken[0, 0, 0, :2] = True
    entropy = np.where(broken, 0.0, np.log(np.arange(1, 9)))
    data = AttentionProfile(entropy, broken=broken)
    assert estimate("broken-attention", data).value == pytest.approx((16 + 2) / 32)
    found = estimate("attention-entropy", data)
    assert found.diagnostics["broken_heads"] == 1
    means = np.log(np.arange(3, 9)).mean(), math.lgamma(9) / 8
    assert found.value == pytest.approx(np.mean(means))
    assert json.loads(found.diagnostics["heads"])[0][1] is None
    assert estimate("attention-overload", data).value == 1.0  # of the one head that is known
    with pytest.raises(Incompatible, match="every row"):
        estimate("attention-entropy", AttentionProfile(0 * entropy, broken=np.ones_like(broken)))


def test_the_maximum_is_that_of_the_rows_that_count():
    """Uniform heads are at their maximum whichever of their rows are broken."""
    entropy = np.broadcast_to(np.log(np.arange(1, 17)), (2, 1, 2, 16)).copy()
    broken = np.zeros(entropy.shape, bool)
    broken[..., :4] = True
    broken[0, 0, 1, 9:] = True
    data = AttentionProfile(np.where(broken, 0.0, entropy), broken=broken)
    for reference in ("causal", "row"):
        found = estimate("attention-uniformity", data, reference=reference)
        assert found.value == pytest.approx(1.0, abs=1e-12)
    assert estimate("attention-overload", data, low=0.5, high=0.999).value == 1.0


def padded_pair(causal, side):
    """Random attention over sequences of 5 and 8 tokens, apart and as one padded batch."""
    rng, alone = np.random.default_rng(3), []
    for t in (5, 8):
        a = rng.dirichlet(np.full(t, 0.5), size=(1, 2, 2, t)) * (np.tri(t) if causal else 1.0)
        alone.append(AttentionMaps(a / a.sum(-1, keepdims=True), causal=causal))
    whole, padded = np.zeros((2, 2, 2, 8, 8)), np.zeros((2, 8), bool)
    own = slice(3, 8) if side == "left" else slice(0, 5)
    whole[0, :, :, own, own], whole[1] = alone[0].a[0], alone[1].a[0]
    padded[0] = True
    padded[0, own] = False
    return alone, AttentionMaps(whole, causal=causal, padded=padded)


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_counts_for_nothing(causal, side):
    """A padded batch is its sequences, row by row, in maps and in profiles."""
    alone, maps = padded_pair(causal, side)
    entropy = -(maps.a * np.log(np.where(maps.a > 0, maps.a, 1.0))).sum(-1)
    log_p = np.where(maps.padded, 0.0, -1.5)
    profile = AttentionProfile(entropy, causal=causal, padded=maps.padded, log_p=log_p)
    five, eight = (json.loads(estimate("attention-entropy", m).diagnostics["heads"]) for m in alone)
    tops = [math.lgamma(t + 1) / t if causal else math.log(t) for t in (5, 8)]
    top = (5 * tops[0] + 8 * tops[1]) / 13
    for data in (maps, profile):
        found = estimate("attention-entropy", data)
        heads = np.array(json.loads(found.diagnostics["heads"]))
        np.testing.assert_allclose(
            heads, (5 * np.array(five) + 8 * np.array(eight)) / 13, atol=2e-3
        )
        assert found.diagnostics["maximum"] == pytest.approx(top)
        assert found.diagnostics["log_t"] == pytest.approx((math.log(5) + math.log(8)) / 2)
        share = estimate("attention-uniformity", data).value
        assert share == pytest.approx(heads.mean() / top, abs=1e-3)
    full = np.where(
        maps.padded[:, None, None],
        0.0,
        np.log(keys_in_sight(2, 8, causal, maps.padded))[:, None, None],
    )
    full = np.broadcast_to(full, entropy.shape)
    level = AttentionProfile(full, causal=causal, padded=maps.padded)
    for reference in ("causal", "row"):
        found = estimate("attention-uniformity", level, reference=reference)
        assert found.value == pytest.approx(1.0, abs=1e-12)
    assert estimate("attention-overload", level, high=0.999).value == 1.0
    apart = [estimate("head-diversity", m).value for m in alone]
    assert estimate("head-diversity", maps).value == pytest.approx(np.mean(apart))
    cost = harness.estimator("lm/cross-entropy").estimate(profile, rng=stream(0))
    assert (cost.value, cost.diagnostics["symbols"]) == (pytest.approx(1.5), 13)


def test_broken_rows_of_padding_are_not_counted():
    _, maps = padded_pair(True, "right")
    entropy, broken = np.zeros((2, 2, 2, 8)), np.zeros((2, 2, 2, 8), bool)
    broken[0, :, :, 4:] = True  # one row of the sequence, three of padding
    data = AttentionProfile(entropy, broken=broken, padded=maps.padded)
    assert estimate("broken-attention", data).local.tolist() == [0.2, 0.0]
    assert estimate("attention-entropy", data).diagnostics["broken_rows"] == pytest.approx(1 / 13)


def test_padding_that_is_none():
    _, maps = padded_pair(False, "right")
    a = maps.a.copy()
    a[0, 1, 0, 2] = 1 / 8
    with pytest.raises(DataError, match=r"a weight of 0\.375 on padding"):
        AttentionMaps(a, causal=False, padded=maps.padded)
    with pytest.raises(DataError, match="nothing but padding"):
        AttentionMaps(maps.a, causal=False, padded=np.ones((2, 8), bool))
    for seen, most in ((5, None), (6, r"0 to 1\.60944")):
        entropy = np.zeros((2, 1, 1, 8))
        entropy[0, ..., 0] = math.log(seen)
        if most is None:
            AttentionProfile(entropy, causal=False, padded=maps.padded)
            continue
        with pytest.raises(DataError, match=most):
            AttentionProfile(entropy, causal=False, padded=maps.padded)


def test_what_is_no_attention():
    good = uniform(4)[None, None, None]
    with pytest.raises(DataError, match=r"sums to 0.9.*no dropout"):
        AttentionMaps(0.9 * good)
    with pytest.raises(DataError, match="negative weight"):
        AttentionMaps(good - 2 * np.eye(4) + np.roll(2 * np.eye(4), 1, 1))
    with pytest.raises(DataError, match="as many keys"):
        AttentionMaps(np.full((1, 1, 1, 4, 5), 0.2), causal=False)
    with pytest.raises(DataError, match="later key"):
        AttentionMaps(np.full((1, 1, 1, 4, 4), 0.25))
    with pytest.raises(DataError, match="NaN"):
        AttentionMaps(np.full((1, 1, 1, 4, 4), np.nan))
    with pytest.raises(DataError, match="logarithm of the keys in sight"):
        AttentionProfile(np.full((1, 1, 1, 4), 1.0))
    with pytest.raises(DataError, match="numbers up to 0"):
        AttentionProfile(np.zeros((1, 1, 1, 4)), log_p=np.full((1, 4), 0.1))


def test_a_single_token_has_no_maximum():
    one = AttentionProfile(np.zeros((2, 1, 1, 1)))
    assert estimate("attention-entropy", one).value == 0.0
    for name in ("attention-uniformity", "attention-overload"):
        with pytest.raises(Incompatible, match="single token"):
            estimate(name, one)
    flat = AttentionProfile(np.zeros((2, 1, 1, 4)))
    assert estimate("attention-collapse", flat).value == 1.0
    with pytest.raises(Incompatible, match="reference=causal"):
        estimate("attention-collapse", flat, reference="observed")


def test_diversity_of_heads():
    """Two heads that look at different keys are ln 2 apart, equal ones 0; against scipy on random
    rows.
    """
    from scipy.spatial.distance import jensenshannon

    assert estimate("head-diversity", maps(uniform(6), uniform(6))).value == pytest.approx(
        0.0, abs=1e-12
    )
    a, b = (np.zeros((4, 4)) for _ in range(2))
    a[:, 0], b[:, 3] = 1.0, 1.0
    apart = AttentionMaps(np.stack([a, b])[None, None], causal=False)
    assert estimate("head-diversity", apart).value == pytest.approx(math.log(2))
    p = np.random.default_rng(0).dirichlet(np.ones(5), size=(3, 2, 3, 5))
    pairs = [(i, j) for i in range(3) for j in range(i)]
    wanted = np.mean([jensenshannon(p[:, :, i], p[:, :, j], axis=-1) ** 2 for i, j in pairs])
    assert estimate("head-diversity", AttentionMaps(p, causal=False)).value == pytest.approx(
        wanted, abs=1e-12
    )
    with pytest.raises(Incompatible, match="one head in each layer"):
        estimate("head-diversity", maps(uniform(4)))
