"""The statistics of boards against closed forms, textbook figures and scipy."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from scipy import stats

from harness_boards import statistics as st


@pytest.mark.parametrize("ties", [False, True])
def test_the_test_of_all_rows_is_iman_and_davenports_of_scipys_friedman(ties):
    losses = np.random.default_rng(1).random((5, 12))
    if ties:
        losses = np.round(losses, 1)
    found = st.friedman(losses)
    chi = stats.friedmanchisquare(*losses).statistic
    assert found.p == pytest.approx(stats.f.sf(11 * chi / (12 * 4 - chi), 4, 44), rel=1e-9)
    assert sum(found.places) == pytest.approx(5 * 6 / 2)


def test_the_same_order_in_every_case_has_the_exact_chance():
    assert st.friedman(np.tile([[1.0], [2.0], [3.0]], 4)).p == pytest.approx(6.0**-3)


def test_failures_share_the_last_place():
    losses = np.array([[1.0, np.nan], [2.0, np.nan], [3.0, 1.0]])
    assert st.friedman(losses).places == (1.75, 2.25, 2.0)


def test_equal_rows_are_not_told_apart():
    found = st.friedman(np.ones((4, 6)))
    assert (found.p, found.places) == (1.0, (2.5,) * 4)


def test_one_row_or_one_case_has_no_test():
    assert st.friedman(np.ones((1, 5))).p is None
    assert st.friedman(np.array([[1.0], [2.0]])).p is None


@pytest.mark.parametrize(
    ("rows", "q"), [(2, 1.960), (5, 2.728), (10, 3.164)]
)  # Demšar (2006), table 5(a)
def test_nemenyi_is_the_published_table(rows, q):
    assert st.nemenyi(rows, 20) == pytest.approx(q * math.sqrt(rows * (rows + 1) / 120), rel=4e-4)


def test_clusters_needed_is_the_inverse_of_the_critical_difference():
    cases = st.clusters_needed(10, 1.0)
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


def coverage(draw, truth, strata, times=300):
    """How often the interval of a mean over clusters holds the truth."""
    rng = np.random.default_rng(5)
    strata = np.asarray(strata)
    hits = 0
    for _ in range(times):
        values = draw(rng, len(strata))[None]
        low, high = st.bootstrap_t(values, np.ones_like(values), strata, 300, rng)[0]
        hits += low <= truth <= high
    return hits / times


@pytest.mark.parametrize("strata", [[0] * 12, [0, 0, 1, 1, 2, 2], [0, 1, 2, 3, 4, 5]])
def test_the_interval_of_a_mean_covers_with_few_clusters_and_in_strata_of_one(strata):
    """300 draws: the standard error of a share of 0.95 is 0.013."""
    assert coverage(lambda rng, n: rng.normal(size=n), 0.0, strata) >= 0.90


def test_the_interval_covers_under_skewed_losses():
    """The percentiles of the bootstrap held 0.82 of such means with 12 clusters."""
    found = coverage(lambda rng, n: rng.lognormal(size=n), math.exp(0.5), [0] * 12)
    assert found >= 0.85


def test_the_interval_is_that_of_clusters_not_of_cases():
    """Copies of a case in its cluster say nothing new."""
    rng = np.random.default_rng(0)
    values = rng.random((1, 9))
    one, many = (
        st.bootstrap_t(
            k * values, np.full((1, 9), k), np.zeros(9, int), 400, np.random.default_rng(1)
        )
        for k in (1.0, 7.0)
    )
    assert one == pytest.approx(many)
    assert np.isnan(
        st.bootstrap_t(values[:, :5], np.ones((1, 5)), np.zeros(5, int), 10, rng)
    ).all()  # five are too few
    same = st.bootstrap_t(np.ones((1, 8)), np.ones((1, 8)), np.zeros(8, int), 10, rng)
    assert same.tolist() == [[1.0, 1.0]]


def test_front():
    loss, cost = np.array([1.0, 2.0, 3.0, 1.0, np.nan]), np.array([3.0, 1.0, 2.0, 3.0, 0.1])
    assert st.front(loss, cost).tolist() == [True, True, False, True, False]
