"""Each component against dense linear algebra on small graphs."""

import logging

import networkx as nx
import numpy as np
import pytest

from harness import Incompatible, stream
from harness_netinfof import walk_matrix
from harness_netinfof.adjacency import adjacency
from harness_netinfof.components import embed, normalised
from harness_netinfof.settings import Embedding
from harness_netinfof.spectral import components, left_vectors

SETTINGS = Embedding(dim=8)


def random_graph(seed, n=40, p=0.12):
    graph = nx.gnp_random_graph(n, p, seed=seed)
    return adjacency(np.array(graph.edges(), np.int64).reshape(-1, 2), n), nx.to_numpy_array(graph)


def dense_walks(a):
    """P1 + P2 by its definition, entry by entry."""
    n, degree = len(a), a.sum(1)
    walks = np.zeros((n, n))
    for i in range(n):
        for j in np.flatnonzero(a[i]):
            walks[i, j] += 1 / degree[i]
            others = [k for k in np.flatnonzero(a[j]) if k != i]
            for k in others:
                walks[i, k] += 1 / degree[i] / len(others)
    return walks


def test_expected_walks_are_the_definition():
    graph, a = random_graph(0)
    expected = walk_matrix.ExpectedWalks(graph)
    walks = dense_walks(a)
    unit = np.eye(len(a), dtype=np.float32)
    assert np.abs(expected.apply(unit) - walks).max() < 1e-6
    assert np.abs(expected.transposed(unit) - walks.T).max() < 1e-6


def test_sampled_walks_have_that_expectation():
    """Each of 1,600 entries sums two binomials of 4,000 trials; five standard deviations."""
    graph, a = random_graph(1)
    trials = 4000
    counted = walk_matrix.sampled(graph, trials, 0, stream(0)).toarray()
    walks = dense_walks(a)
    assert np.abs(counted / trials - walks).max() < 5 * np.sqrt(0.25 * 2 / trials)
    assert (counted[walks == 0] == 0).all()
    assert (counted.sum(1) <= 2 * trials).all()
    kept = walk_matrix.sampled(graph, trials, 300, stream(0)).toarray()
    assert (kept == np.where(counted > 300, counted, 0)).all()


def test_sampled_walks_do_not_depend_on_the_blocks(monkeypatch):
    graph, _ = random_graph(2)
    whole = walk_matrix.sampled(graph, 50, 1, stream(0)).toarray()
    monkeypatch.setattr(walk_matrix, "VISITS", 700)
    assert (walk_matrix.sampled(graph, 50, 1, stream(0)).toarray() == whole).all()


def test_left_vectors_are_those_of_the_dense_decomposition():
    rng = np.random.default_rng(0)
    scales = 2.0 ** -np.arange(30)
    matrix = (np.linalg.qr(rng.normal(size=(50, 30)))[0] * scales) @ np.linalg.qr(
        rng.normal(size=(30, 30))
    )[0]
    matrix = matrix.astype(np.float32)
    square = np.zeros((50, 50), np.float32)
    square[:, :30] = matrix
    found = left_vectors(lambda x: square @ x, lambda x: square.T @ x, 50, 4, 2, stream(0))
    u, s, _ = np.linalg.svd(matrix)
    reference = u[:, :4] * np.sqrt(s[:4])
    signs = np.sign((found * reference).sum(0))
    assert np.abs(found * signs - reference).max() < 1e-5


@pytest.mark.parametrize("f", [20, 700])
def test_principal_components_are_scikit_learns(f):
    from sklearn.decomposition import PCA

    rng = np.random.default_rng(0)
    x = (
        rng.normal(size=(900, 6)) @ (3.0 ** -np.arange(6)[:, None] * rng.normal(size=(6, f)))
    ).astype(np.float32) + 5.0
    found = components(x, 3, stream(0))
    reference = PCA(3, svd_solver="full").fit_transform(x.astype(np.float64))
    signs = np.sign((found * reference).sum(0))
    assert np.abs(found * signs - reference).max() < 2e-4 * np.abs(reference).max()


def test_directions_without_variance_are_left_out():
    """The authors' code divides rounding by its deviation there, which gives noise of size 1."""
    rng = np.random.default_rng(0)
    x = np.repeat(rng.normal(size=(50, 2)), 3, axis=1).astype(np.float32)
    assert components(x, 6, stream(0)).shape == (50, 2)
    assert components(np.ones((50, 4), np.float32), 4, stream(0)).shape == (50, 0)


def test_propagation_over_two_hops(close32):
    """On a complete bipartite graph P is the own side, and S mixes both; isolated nodes: S is F."""
    left, right, lone = 4, 6, 2
    n = left + right + lone
    edges = np.array([(i, left + j) for i in range(left) for j in range(right)])
    side = np.r_[np.zeros(left), np.ones(right), np.ones(lone)]
    x = np.column_stack([side, 1 - side]).astype(np.float32)
    from harness_netinfof.components import _propagated

    graph = adjacency(edges, n)
    p, s = (_propagated(graph, x, name) for name in "ps")
    assert np.allclose(p[: left + right], x[: left + right])
    assert (p[-lone:] == 0).all()
    assert np.allclose(s[-lone:], x[-lone:])
    own = (
        1 / 7 * (1 / 7 + 6 / 5)
    )  # a left node: itself, then by each of six right ones back to four left ones
    stays = 1 / 49 + 6 / 7 * 4 / 5
    close32(s[0, 1], stays, terms=2 * 13)
    assert abs(s[0, 1] - own) > 0.01


def test_without_edges_s_is_f():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(30, 5)).astype(np.float32)
    found = embed(adjacency(np.zeros((0, 2), np.int64), 30), x, "fs", SETTINGS, stream(0))
    assert np.allclose(np.abs(found["f"]), np.abs(found["s"]), atol=1e-5)


def test_columns_then_rows_are_normalised_and_zeros_stay():
    z = np.array([[3.0, 0.0], [0.0, 4.0], [0.0, 0.0]], np.float32)
    found = normalised(z)
    assert np.linalg.norm(found, axis=1).tolist() == pytest.approx([1, 1, 0])
    assert np.isfinite(normalised(np.zeros((3, 2), np.float32))).all()


def test_isolated_nodes_and_separate_parts_embed_without_nan():
    edges = np.array([[0, 1], [1, 2], [0, 2], [4, 5], [5, 6], [4, 6]])
    x = np.random.default_rng(0).normal(size=(9, 3)).astype(np.float32)
    found = embed(adjacency(edges, 9), x, "urfps", SETTINGS, stream(0))
    assert list(found) == list("urfps")
    for name, z in found.items():
        assert np.isfinite(z).all()
        lengths = np.linalg.norm(z, axis=1)
        assert np.allclose(lengths[(lengths > 0)], 1, atol=1e-5), name
    assert (found["u"][3] == 0).all()
    assert (found["r"][8] == 0).all()


def test_relabelling_nodes_relabels_the_embeddings_up_to_rotation():
    graph, a = random_graph(3)
    x = np.random.default_rng(1).normal(size=(40, 5)).astype(np.float32)
    order = np.random.default_rng(2).permutation(40)
    edges = np.argwhere(np.triu(a[np.ix_(order, order)]))
    one = embed(graph, x, "fps", SETTINGS, stream(0))
    other = embed(adjacency(edges, 40), x[order], "fps", SETTINGS, stream(0))
    for name in one:
        assert np.allclose(
            (one[name] @ one[name].T)[np.ix_(order, order)], other[name] @ other[name].T, atol=1e-3
        )


def test_a_component_does_not_depend_on_which_others_are_asked_for():
    graph, _ = random_graph(4)
    x = np.random.default_rng(1).normal(size=(40, 5)).astype(np.float32)
    every = embed(graph, x, "urfps", SETTINGS, stream(0))
    assert (embed(graph, x, "r", SETTINGS, stream(0))["r"] == every["r"]).all()


def test_no_features_leave_structure_with_a_word(caplog):
    graph, _ = random_graph(5)
    with caplog.at_level(logging.WARNING, "harness.netinfof"):
        assert list(embed(graph, None, "urfps", SETTINGS, stream(0))) == ["u", "r"]
    assert "component f left out: the nodes have no features" in caplog.text
    with pytest.raises(Incompatible, match="nothing to embed"):
        embed(graph, np.ones((40, 3), np.float32), "f", SETTINGS, stream(0))
