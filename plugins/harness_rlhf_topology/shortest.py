"""The cheapest single path of inference: variances add along it, and other paths do not count."""

from __future__ import annotations

import numpy as np

from harness import Floats, Ints
from harness_rlhf_topology.forest import Forest


def path_distances(forest: Forest, pairs: Ints, noise: float, test: Ints) -> Floats:
    """Length (t,) of the shortest path between the nodes of each test pair; infinite without one.

    Edges are those of the trees, as long as their variance, and the comparisons ``pairs``, as long
    as their noise; repeated comparisons are no shorter. Only compared nodes and branching points
    between them are kept, and what is compared without noise is one node.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components, dijkstra

    nodes, up = forest.skeleton(np.concatenate([pairs.ravel(), test.ravel()]))
    spot = np.zeros(len(forest.parent), np.int64)
    spot[nodes] = np.arange(len(nodes))
    child = np.flatnonzero(up >= 0)
    edges = np.column_stack([up[child], child])
    length = forest.above[nodes[child]] - forest.above[nodes[up[child]]]
    compared, asked = spot[pairs], spot[test]
    size = len(nodes)
    if noise == 0:
        a, b = compared.T
        links = csr_array((np.ones(len(a)), (a, b)), (size, size))
        size, one = connected_components(links, directed=False)
        edges, asked = one[edges], one[asked]
    else:
        edges = np.concatenate([edges, compared])
        length = np.concatenate([length, np.full(len(compared), noise)])
    edges = np.sort(edges, axis=1)
    # A sparse matrix would add what stands twice: the shorter of two equal edges is kept.
    key = edges[:, 0] * size + edges[:, 1]
    order = np.lexsort([length, key])
    order = order[np.diff(key[order], prepend=-1) != 0]
    order = order[edges[order, 0] != edges[order, 1]]
    a, b = edges[order].T
    graph = csr_array((length[order], (a, b)), (size, size))
    if len(np.unique(asked[:, 1])) < len(np.unique(asked[:, 0])):
        asked = asked[:, ::-1]
    sources, row = np.unique(asked[:, 0], return_inverse=True)
    found: Floats = dijkstra(graph, directed=False, indices=sources)[row, asked[:, 1]]
    return found
