"""H* against rational numbers, planted matrices, and SciPy's LSQR on the rows written out."""

import itertools

import numpy as np
import pytest
import scipy.sparse.linalg

from harness_netinfof import compatibility
from harness_netinfof.adjacency import adjacency
from harness_netinfof.backbone import Adjusted


def unit_rows(rng, n, d):
    z = rng.normal(size=(n, d))
    return z / np.linalg.norm(z, axis=1, keepdims=True)


def written_out(z, pairs):
    """The rows of the problem in the coefficients r <= c, as in section 3.3 of the brief."""
    r, c = np.triu_indices(z.shape[1])
    i, j = pairs.T
    rows = z[i][:, r] * z[j][:, c] + z[i][:, c] * z[j][:, r]
    rows[:, r == c] /= 2
    return rows


def test_one_hot_embeddings_decouple_into_shares():
    """With a cluster per column, H*[a, b] is the share of edges between clusters a and b."""
    rng = np.random.default_rng(0)
    clusters, n = 4, 80
    of = rng.integers(clusters, size=n)
    pairs = rng.integers(n, size=(3000, 2))
    y = (rng.random(3000) < 0.1 + 0.2 * (of[pairs[:, 0]] == of[pairs[:, 1]])).astype(float)
    found = compatibility.solve(np.eye(clusters)[of], pairs, y, damp=0.0, tolerance=1e-13).matrix
    for a, b in itertools.combinations_with_replacement(range(clusters), 2):
        ends = np.sort(of[pairs], axis=1)
        cell = (ends == [a, b]).all(1)
        assert found[a, b] == pytest.approx(y[cell].mean(), abs=1e-9)
    assert (found == found.T).all()


def test_a_planted_matrix_is_recovered():
    rng = np.random.default_rng(1)
    d = 8
    z = unit_rows(rng, 300, d)
    planted = rng.normal(size=(d, d))
    planted = planted + planted.T
    pairs = rng.integers(300, size=(20 * d * d, 2))
    y = np.einsum("ni,ij,nj->n", z[pairs[:, 0]], planted, z[pairs[:, 1]])
    found = compatibility.solve(z, pairs, y, damp=1e-6, tolerance=1e-12)
    assert np.abs(found.matrix - planted).max() < 1e-6


@pytest.mark.parametrize("warm", [False, True])
def test_the_minimiser_is_that_of_lsqr(warm):
    """SciPy draws a damped solution to x0: minimise |Xh - y|^2 + damp^2 |h - x0|^2."""
    rng = np.random.default_rng(2)
    z, n, d = unit_rows(rng, 60, 6), 60, 6
    pairs = rng.integers(n, size=(500, 2))
    y = rng.integers(2, size=500).astype(float)
    start = rng.normal(size=(d, d))
    start = start + start.T
    upper = np.triu_indices(d)
    more = {"x0": start[upper]} if warm else {}
    reference = scipy.sparse.linalg.lsqr(
        written_out(z, pairs), y, damp=0.7, atol=1e-14, btol=1e-14, iter_lim=5000, **more
    )
    found = compatibility.solve(
        z, pairs, y, damp=0.7, start=start if warm else None, tolerance=1e-13
    )
    assert np.abs(found.matrix[upper] - reference[0]).max() < 1e-8


def test_left_out_coefficients_stay_zero_and_the_rest_solves_the_smaller_problem():
    rng = np.random.default_rng(3)
    z = unit_rows(rng, 60, 6)
    pairs, y = rng.integers(60, size=(500, 2)), rng.integers(2, size=500).astype(float)
    start = rng.normal(size=(6, 6)) ** 3
    start = start + start.T
    free = compatibility.large(start)
    sizes = np.abs(start[np.triu_indices(6)])
    left_out = ~free[np.triu_indices(6)]
    assert 0 < sizes[left_out].sum() <= compatibility.DROPPED * sizes.sum()
    found = compatibility.solve(z, pairs, y, start=start, free=free, tolerance=1e-13).matrix
    assert (found[~free] == 0).all()
    kept = free[np.triu_indices(6)]
    reference = scipy.sparse.linalg.lsqr(
        written_out(z, pairs)[:, kept],
        y,
        damp=1.0,
        atol=1e-14,
        btol=1e-14,
        x0=start[np.triu_indices(6)][kept],
    )[0]
    assert np.abs(found[np.triu_indices(6)][kept] - reference).max() < 1e-8


def test_blocks_sit_on_the_diagonal_and_bipartite_graphs_off_it():
    side = np.repeat([0, 1], 20)
    everything = np.array(list(itertools.combinations(range(40), 2)))
    same = side[everything[:, 0]] == side[everything[:, 1]]
    block = compatibility.solve(np.eye(2)[side], everything, same.astype(float)).matrix
    across = compatibility.solve(np.eye(2)[side], everything, (~same).astype(float)).matrix
    assert block[0, 0] > 0.9 > 0.1 > abs(block[0, 1])
    assert across[0, 1] > 0.9 > 0.1 > abs(across[0, 0])


def test_without_unlinked_pairs_every_pair_looks_linked():
    """Why non-edges are needed: H* then gives everything a similarity near 1."""
    rng = np.random.default_rng(4)
    z = np.abs(unit_rows(rng, 200, 5))
    z = np.column_stack([z, np.ones(200)]) / np.sqrt(2)
    edges = rng.integers(200, size=(4000, 2))
    only = compatibility.solve(z, edges, np.ones(4000), damp=1e-3, tolerance=1e-10).matrix
    similarity = np.einsum("ni,ij,nj->n", z[::2], only, z[1::2])
    assert np.abs(similarity - 1).max() < 0.01


def test_the_warm_start_is_a_ridge_regression_on_neighbours():
    """Checked against scikit-learn's, whose coefficients are laid out (output, input)."""
    from sklearn.linear_model import Ridge

    rng = np.random.default_rng(5)
    edges = np.unique(np.sort(rng.integers(30, size=(90, 2)), axis=1), axis=0)
    edges = edges[edges[:, 0] != edges[:, 1]]
    z = unit_rows(rng, 30, 4)
    both = np.concatenate([edges, edges[:, ::-1]])
    reference = np.triu(Ridge(fit_intercept=False).fit(z[both[:, 0]], z[both[:, 1]]).coef_)
    found = compatibility.warm_start(z, adjacency(edges, 30))
    assert np.abs(np.triu(found) - reference).max() < 1e-12
    assert (found == found.T).all()


def test_training_pairs_leave_out_ends_with_one_neighbour_and_known_edges():
    edges = np.array([[0, 1], [1, 2], [0, 2], [2, 3]])
    found, targets = compatibility.training_pairs(
        adjacency(edges, 6), edges, np.random.default_rng(0)
    )
    assert found[targets == 1].tolist() == [[0, 1], [1, 2], [0, 2]]
    apart = np.sort(found[targets == 0], axis=1)
    assert 0 < len(apart) <= 6
    assert (apart[:, 0] != apart[:, 1]).all()
    assert not set(map(tuple, apart.tolist())) & set(map(tuple, edges.tolist()))
    single = np.array([[0, 1]])
    lonely, _ = compatibility.training_pairs(adjacency(single, 3), single, np.random.default_rng(0))
    assert lonely[0].tolist() == [0, 1], (
        "where no edge has two neighbours at its ends, all are used"
    )


def test_similarities_come_in_the_order_of_the_pairs(close32):
    rng = np.random.default_rng(6)
    z, zh = (rng.normal(size=(20, 3)).astype(np.float32) for _ in range(2))
    pairs = rng.integers(20, size=(200, 2))
    reference = (zh[pairs[:, 0]] * z[pairs[:, 1]]).sum(1)
    close32(Adjusted(z, zh).similarities(pairs), reference, terms=3)
