"""The statistics of boards against closed forms, textbook figures and scipy."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from scipy import stats

from harness_boards import statistics as st


@pytest.mark.parametrize("ties", [False, True])
def test_friedman_is_scipys(ties):
    losses = np.random.default_rng(1).random((5, 12))
    if ties:
        losses = np.round(losses, 1)
    found = st.friedman(losses)
    assert found.p == pytest.approx(stats.friedmanchisquare(*losses).pvalue, rel=1e-9)
    assert sum(found.places) == pytest.approx(5 * 6 / 2)


def test_failures_share_the_last_place():
    losses = np.array([[1.0, np.nan], [2.0, np.nan], [3.0, 1.0]])
    assert st.friedman(losses).places == (1.75, 2.25, 2.0)


def test_equal_rows_are_not_told_apart():
    found = st.friedman(np.ones((4, 6)))
    assert (found.p, found.places) == (1.0, (2.5,) * 4)


def test_one_row_or_one_case_has_no_test():
    assert st.friedman(np.ones((1, 5))).p is None
    assert st.friedman(np.array([[1.0], [2.0]])).critical is None


@pytest.mark.parametrize(
    ("rows", "q"), [(2, 1.960), (5, 2.728), (10, 3.164)]
)  # Demšar (2006), table 5(a)
def test_nemenyi_is_the_published_table(rows, q):
    assert st.nemenyi(rows, 20) == pytest.approx(q * math.sqrt(rows * (rows + 1) / 120), rel=4e-4)


def test_cases_needed_is_the_inverse_of_the_critical_difference():
    cases = st.cases_needed(10, 1.0)
    assert st.nemenyi(10, cases) <= 1.0 < st.nemenyi(10, cases - 1)


def test_holm_by_hand():
    assert st.holm(np.array([0.04, 0.01, np.nan, 0.03])).tolist() == pytest.approx(
        [0.06, 0.03, np.nan, 0.06], nan_ok=True
    )
    assert st.holm(np.array([0.9, 0.8])).tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("separated", "wanted"),
    [([], ["a", "a", "a"]), ([(0, 2)], ["a", "ab", "b"]), ([(0, 1), (0, 2)], ["a", "b", "b"]),
     ([(0, 1), (0, 2), (1, 2)], ["a", "b", "c"])],
)  # fmt: skip
def test_letters_by_hand(separated, wanted):
    matrix = np.zeros((3, 3), bool)
    for i, j in separated:
        matrix[i, j] = matrix[j, i] = True
    assert st.letters(matrix) == wanted


@given(some.integers(0, 2**32 - 1), some.integers(1, 7))
def test_rows_share_a_letter_just_where_nothing_separates_them(seed, rows):
    upper = np.triu(np.random.default_rng(seed).random((rows, rows)) < 0.4, 1)
    separated = upper | upper.T
    groups = st.letters(separated)
    for i in range(rows):
        assert groups[i]
        for j in range(rows):
            assert bool(set(groups[i]) & set(groups[j])) == (not separated[i, j])


def test_resampling_keeps_cases_within_tasks_and_seeds_within_cases():
    tasks = np.array([0, 0, 0, 1])
    weight = st.weights(tasks, 5, 400, np.random.default_rng(0)).reshape(4, 5, 400)
    per_case = weight.sum(axis=1)
    assert (per_case % 5 == 0).all()  # a drawn case brings five seeds
    assert (per_case[:3].sum(axis=0) == 15).all()
    assert (per_case[3] == 5).all()
    assert weight.mean() == pytest.approx(1.0, abs=1e-12)
    assert weight[3].min() == 0  # the seeds within it are drawn, too


def test_bootstrap_error_of_a_mean_is_the_clustered_one():
    """Cases with a spread of their own and seeds within: the variance of the mean is var(case means)/C + within/(C S)."""
    rng = np.random.default_rng(3)
    cases, seeds = 60, 5
    values = rng.normal(size=(cases, 1)) + 0.5 * rng.normal(size=(cases, seeds))
    weight = st.weights(np.zeros(cases, np.int64), seeds, 4000, rng)
    drawn = st.means(values.reshape(1, -1), weight)[0]
    between = values.mean(axis=1).var() / cases
    within = values.var(axis=1).mean() / (cases * seeds)
    assert drawn.var() == pytest.approx(between + within, rel=0.1)  # 4,000 draws: 2.2 % each way


def test_percentile_interval_covers():
    """The 95 % interval of a mean over 40 cases holds the truth in 90 to 98 of 100 draws of the data."""
    rng = np.random.default_rng(5)
    hits = 0
    for _ in range(300):
        values = 2.0 + rng.normal(size=(40, 1)) + rng.normal(size=(40, 3))
        weight = st.weights(np.zeros(40, np.int64), 3, 400, rng)
        low, high = st.interval(st.means(values.reshape(1, -1), weight)[0])
        hits += low <= 2.0 <= high
    assert (
        0.90 <= hits / 300 <= 0.98
    )  # 0.95 less the small-sample loss of percentiles, ± 2.5 standard errors


def test_paired_test_is_scipys():
    rng = np.random.default_rng(0)
    a, b = rng.random((2, 12, 3))
    found = st.verdict(a, b)
    wanted = stats.ttest_rel(a.mean(axis=1), b.mean(axis=1))
    assert (found.p, found.difference) == (
        pytest.approx(wanted.pvalue),
        pytest.approx((a - b).mean()),
    )
    low, high = wanted.confidence_interval(0.95)
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))


def test_paired_test_uses_what_both_completed():
    a, b = np.array([[1.0], [2.0], [np.nan], [9.0]]), np.array([[2.0], [4.0], [1.0], [np.nan]])
    found = st.verdict(a, b)
    assert (found.cases, found.difference) == (2, -1.5)
    assert st.verdict(a[2:3], b[2:3]).p is None


def test_one_case_is_compared_over_its_seeds():
    rng = np.random.default_rng(0)
    a, b = rng.random((2, 1, 8))
    assert st.verdict(a, b).p == pytest.approx(stats.ttest_rel(a[0], b[0]).pvalue)


def test_equal_and_constantly_different_rows():
    ones = np.ones((5, 2))
    assert st.verdict(ones, ones).p == 1.0
    assert st.verdict(ones, ones + 0.5).p == 0.0


def test_ranks_count_strictly_better_rows():
    losses = np.array([[1.0, 1.0], [1.0, 1.0], [3.0, 3.0], [np.nan, np.nan]])
    difference = st.differences(losses, np.ones((2, 1)))
    assert st.ranks(difference, 4)[:, 0].tolist() == [1.0, 1.0, 3.0, 1.0]


def test_front():
    loss, cost = np.array([1.0, 2.0, 3.0, 1.0, np.nan]), np.array([3.0, 1.0, 2.0, 3.0, 0.1])
    assert st.front(loss, cost).tolist() == [True, True, False, True, False]
