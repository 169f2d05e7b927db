"""Vectors of walks of two steps: features that follow from structure."""

from __future__ import annotations

import numpy as np
import scipy.sparse

from harness import Floats, Ints

POWERS = 4


def walk_vectors(edges: Ints, nodes: int, columns: int, rng: np.random.Generator) -> Floats:
    """``U sqrt(S) - min`` (n, columns) of the expected visits of walks of two steps.

    The second step never goes straight back.
    """
    from sklearn.utils.extmath import randomized_svd

    a, b = edges.T
    ones = np.ones(2 * len(edges))
    adjacency = scipy.sparse.csr_array((ones, (np.r_[a, b], np.r_[b, a])), shape=(nodes, nodes))
    degree = np.diff(adjacency.indptr)
    first = scipy.sparse.diags_array(1.0 / np.maximum(degree, 1)) @ adjacency
    second = scipy.sparse.diags_array(1.0 / np.maximum(degree - 1, 1)) @ adjacency
    twice = first @ second
    walks = first + twice - scipy.sparse.diags_array(twice.diagonal())
    u, s, _ = randomized_svd(
        walks.tocsr(), columns, n_iter=POWERS, random_state=int(rng.integers(2**31))
    )
    vectors: Floats = u * np.sqrt(s)
    vectors -= vectors.min()
    return vectors
