import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from harness_classics import kernel, neighbours, tree


@pytest.fixture(scope="module")
def pairwise(brute):
    return brute.pairwise


SHAPES = [(2, 1), (5, 3), (32, 2), (33, 2), (65, 1), (300, 3), (700, 6), (500, 13), (257, 50)]


def points(n, d, lattice):
    x = np.random.default_rng(n + d).normal(size=(n, d))
    return np.rint(2 * x) if lattice else x


@pytest.mark.parametrize("lattice", [False, True])
@pytest.mark.parametrize(("n", "d"), SHAPES)
def test_distances_are_those_of_all_pairs_bit_for_bit(pairwise, n, d, lattice):
    x, k = points(n, d, lattice), min(4, n - 1)
    assert np.array_equal(neighbours.distances(x, k), np.sort(pairwise(x), 1)[:, :k])


@pytest.mark.parametrize(("n", "d"), SHAPES)
def test_euclidean_distances(n, d):
    x, k = points(n, d, False), min(4, n - 1)
    square = ((x[:, None] - x[None]) ** 2).sum(2)
    np.fill_diagonal(square, np.inf)
    assert neighbours.distances(x, k, "euclidean") == pytest.approx(
        np.sqrt(np.sort(square, 1)[:, :k]), rel=1e-13
    )


@pytest.mark.parametrize("lattice", [False, True])
@pytest.mark.parametrize(("n", "d"), SHAPES)
def test_counts_are_those_of_all_pairs_ties_included(pairwise, n, d, lattice):
    x = points(n, d, lattice)
    all_pairs = pairwise(x)
    radii = np.sort(all_pairs, 1)[:, min(4, n - 1) - 1]
    assert np.array_equal(
        neighbours.counts(x, radii, strict=True), (all_pairs < radii[:, None]).sum(1)
    )
    assert np.array_equal(
        neighbours.counts(x, radii, strict=False), (all_pairs <= radii[:, None]).sum(1)
    )


@pytest.mark.parametrize("lattice", [False, True])
def test_sides_of_the_box_around_the_neighbours(pairwise, lattice):
    z = points(400, 7, lattice)
    x, y = z[:, :3], z[:, 3:]
    radii = np.sort(pairwise(z), 1)[:, 4]
    inside = pairwise(z) <= radii[:, None]
    sides = neighbours.box_sides(x, y, radii)
    for got, side in zip(sides, (x, y), strict=True):
        assert np.array_equal(got, np.where(inside, pairwise(side), 0.0).max(1))


@settings(max_examples=60, deadline=None)
@given(
    arrays(
        np.float64,
        st.tuples(st.integers(2, 90), st.integers(1, 3)),
        elements=st.integers(-3, 3).map(float),
    )
)
def test_searches_survive_any_pattern_of_repeats(pairwise, x):
    all_pairs, k = pairwise(x), min(3, len(x) - 1)
    radii = np.sort(all_pairs, 1)[:, k - 1]
    assert np.array_equal(neighbours.distances(x, k)[:, -1], radii)
    assert np.array_equal(
        neighbours.counts(x, radii, strict=True), (all_pairs < radii[:, None]).sum(1)
    )


def test_strict_counts_are_strict_where_an_absolute_margin_would_be_lost():
    # Distances of 1e6 and more: 1e-15 less than a radius is the radius itself.
    x = np.array([[0.0], [1e6], [2e6], [4e6]])
    assert neighbours.counts(x, np.full(4, 1e6), strict=True).tolist() == [0, 0, 0, 0]
    assert neighbours.counts(x, np.full(4, 1e6), strict=False).tolist() == [1, 2, 1, 0]


def test_answers_do_not_depend_on_the_number_of_threads():
    x = points(5000, 4, False)
    allowed = numba.get_num_threads()
    found = []
    try:
        for threads in {1, allowed}:
            numba.set_num_threads(threads)
            r = neighbours.distances(x, 3)
            h = tree.build(x)
            near = tree.nearest(*h, 1, tree.EUCLIDEAN)[:, 0]
            found.append(
                (r, neighbours.counts(x, r[:, 2], strict=True), kernel.log_sums(*h, near, 0.3))
            )
    finally:
        numba.set_num_threads(allowed)
    for other in found[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(found[0], other, strict=True))


@pytest.mark.parametrize("h", [1e-3, 0.1, 1.0, 30.0])
@pytest.mark.parametrize(("n", "d"), [(2, 1), (100, 1), (500, 3), (300, 12)])
def test_kernel_sums_match_all_pairs_and_never_underflow(n, d, h):
    x = points(n, d, False)
    square = ((x[:, None] - x[None]) ** 2).sum(2)
    np.fill_diagonal(square, np.inf)
    exponent = -square / (2 * h * h)
    top = exponent.max(1)
    wanted = top + np.log(np.exp(exponent - top[:, None]).sum(1))
    grown = tree.build(x)
    near = tree.nearest(*grown, 1, tree.EUCLIDEAN)[:, 0]
    # Relative to the exponents, of which the largest reaches 1e7 at the least bandwidth.
    assert np.abs(kernel.log_sums(*grown, near, h) - wanted).max() <= 1e-13 * (
        1 + np.abs(top).max()
    )
