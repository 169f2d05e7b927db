"""Sign flips, subsets and pairs of rows: known answers, heavy tails, ties, few clusters."""

import itertools

import numpy as np
import pytest
from scipy import stats

from harness_boards import pairs, signflips
from harness_boards.pairs import compare, needed


def brute(d):
    sums = [
        abs(sum(s * x for s, x in zip(signs, d, strict=True)))
        for signs in itertools.product((1, -1), repeat=len(d))
    ]
    return np.mean([s >= abs(sum(d)) - 1e-12 for s in sums])


def test_p_by_hand_and_by_brute_force():
    assert signflips.p_values(np.array([[1.0, 2.0, 3.0]])).tolist() == [0.25]  # 2 of 8 patterns
    assert signflips.p_values(np.array([[1.0, 2.0, -3.0]])).tolist() == [1.0]
    rng = np.random.default_rng(0)
    d = rng.standard_cauchy((6, 9))
    assert signflips.p_values(d) == pytest.approx([brute(row) for row in d])
    d[:, 3] = 0.0  # a cluster without a difference takes no part
    assert signflips.p_values(d) == pytest.approx(signflips.p_values(np.delete(d, 3, axis=1)))


def test_p_of_signed_ranks_is_wilcoxons():
    d = np.random.default_rng(2).normal(size=(4, 11)) + 0.4
    p = signflips.p_values(signflips.signed_ranks(d))
    assert p == pytest.approx([stats.wilcoxon(row, method="exact").pvalue for row in d])


@pytest.mark.parametrize("law", ["normal", "standard_cauchy", "exponential"])
def test_a_sample_with_the_saddlepoint_is_the_exact_test(law, monkeypatch):
    """Far into the tail, where Holm's correction over hundreds of pairs needs it: a sample of 4,095
    is 6 % off at p = 0.05, and the saddlepoint within a factor of two at its very end."""
    rng = np.random.default_rng(1)
    d = np.clip(getattr(rng, law)(size=(40, 14)), -5, 5) + np.linspace(0, 2, 40)[:, None]
    monkeypatch.setattr(signflips, "EXACT", 14)
    exact = signflips.p_values(d)
    monkeypatch.setattr(signflips, "EXACT", 5)
    signflips.subsets.cache_clear()
    near = signflips.p_values(d)
    signflips.subsets.cache_clear()
    assert exact.min() < 1e-3
    assert near == pytest.approx(exact, rel=0.3, abs=3e-4)
    assert signflips.p_values(np.ones((1, 14))).tolist() == [2.0**-13]  # the end of the tail


def test_a_floor_is_far_away():
    assert signflips.p_values(np.linspace(1, 2, 60)[None])[0] < 1e-15


@pytest.mark.parametrize("clusters", [6, 12, 40])
@pytest.mark.parametrize("law", ["standard_cauchy", "one divergence"])
def test_false_verdicts_under_heavy_tails_and_clusters_of_four_cases(law, clusters):
    """Two equal rows: a verdict at 5 % comes at most that often (1,000 draws: 0.007 either way)."""
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(clusters), 4)
    draws = (1000, clusters, 1)
    shared, own = (
        (rng.standard_cauchy(draws), rng.standard_cauchy((1000, clusters, 4)))
        if law == "standard_cauchy"
        else (rng.normal(size=draws), rng.normal(size=(1000, clusters, 4)))
    )
    d = np.clip(shared + own, -10, 10)
    if law == "one divergence":
        d[np.arange(1000), rng.integers(clusters, size=1000), 0] += 1e12
    sums, _ = signflips.grouped(d.reshape(1000, -1), groups)
    assert (signflips.p_values(sums) < 0.05).mean() <= 0.05 + 3 * 0.007


def test_three_clusters_never_give_a_verdict():
    d = np.arange(1.0, 13.0)[None]
    sums, _ = signflips.grouped(d, np.repeat(np.arange(3), 4))
    assert signflips.p_values(sums).tolist() == [0.25]


def test_a_copy_that_is_1e_12_better_ties():
    a = np.random.default_rng(0).random((1, 12))
    found = compare(np.vstack([a, a * (1 - 1e-12)]), np.arange(12), ranked=False)
    (verdict,) = found.verdicts
    assert (verdict.sign, verdict.p, verdict.difference) == (0, 1.0, 0.0)
    assert found.ahead.tolist() == [0, 0]


def test_failures_count_last_in_their_case_and_twice_failed_is_equal():
    losses = np.array([[1.0, 1.0, np.inf, 1.0], [2.0, np.inf, np.inf, np.nan]])
    d = signflips.equalized(losses[:1], losses[1:])
    assert d.tolist()[0][:3] == [-1.0, -np.inf, 0.0]
    assert np.isnan(d[0, 3])
    assert signflips.signed_ranks(d).tolist() == [[-1.0, -2.0, 0.0, 0.0]]


def test_the_interval_of_a_difference_is_the_test_turned_round():
    """A constant taken off within the interval leaves p above 5 %, outside of it does not."""
    d = np.random.default_rng(4).normal(size=(1, 10)) + 0.3
    ones = np.ones_like(d)
    ((low, high),) = signflips.intervals(d, ones, signflips.subsets(10))
    for shift, inside in (
        (low - 0.01, False),
        (low + 0.01, True),
        (high - 0.01, True),
        (high + 0.01, False),
    ):
        assert (signflips.p_values(d - shift)[0] >= 0.049) == inside
    assert np.isnan(signflips.intervals(d[:, :5], ones[:, :5], signflips.subsets(5))).all()


def test_rank_sets_hold_all_true_ranks_at_once():
    """Six equal rows: at least 95 of 100 boards leave 1 to 6 open to all of them."""
    rng = np.random.default_rng(7)
    whole = 0
    for _ in range(200):
        losses = rng.random((6, 1)) * 0 + rng.lognormal(size=(6, 16))
        found = compare(losses, np.arange(16), ranked=False)
        whole += set(found.ranks()) == {(1, 6)}
    assert whole / 200 >= 0.95 - 3 * 0.0155


def test_rank_sets_and_letters_agree():
    losses = np.arange(4.0)[:, None] + 0.01 * np.random.default_rng(0).random((4, 20))
    found = compare(losses, np.arange(20), ranked=False)
    assert found.ranks() == [(1, 1), (2, 2), (3, 3), (4, 4)]
    turned = found.reordered([3, 2, 1, 0])
    assert turned.ranks() == [(4, 4), (3, 3), (2, 2), (1, 1)]
    assert all(v.sign == 1 and v.difference > 0 and v.low > 0 for v in turned.verdicts)


def test_how_many_clusters_a_section_needs():
    assert [needed(rows) for rows in (2, 3, 13)] == [6, 7, 12]
    assert 2 ** (1 - needed(13)) * 78 <= 0.05 < 2 ** (2 - needed(13)) * 78
    assert pairs.CHUNK > 1
