"""Inference distances beside networkx and plain Dijkstra: CPU seconds, and ratios.

Exact: n = 2048 comparisons of a complete tree of height 16, and the test pairs of a tree of 2,047
nodes beside ``networkx.resistance_distance``. Path: ours, which keeps compared responses and their
branching points, beside SciPy's Dijkstra on the whole tree. Both must agree. Nothing is downloaded.
"""

import argparse
import dataclasses
import os
import sys
import time
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import networkx as nx  # noqa: E402
import numpy as np  # noqa: E402

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "plugins"), str(ROOT / "tasks")]

from harness import Split  # noqa: E402
from harness.kinds import Preferences  # noqa: E402
from harness_preferences.trees import complete, tails, test_pairs  # noqa: E402
from harness_rlhf_topology.exact import Posterior  # noqa: E402
from harness_rlhf_topology.forest import Forest  # noqa: E402
from harness_rlhf_topology.shortest import path_distances  # noqa: E402

TARGETS = {"exact_s": 0.5, "networkx": 10.0, "dijkstra": 3.0}


def best(call, repeats):
    """The least CPU seconds of several calls, and the last result."""
    found, result = [], None
    for _ in range(repeats):
        start = time.process_time()
        result = call()
        found.append(time.process_time() - start)
    return min(found), result


def preferences(height, n, noise, rng):
    parent, variance, leaves = complete(-np.diff(tails("polynomial", 0.5, height, 2)), 2)
    pairs = test_pairs(leaves, n, 1, rng)
    test = test_pairs(leaves, 24, 20, rng)
    split = Split(np.arange(n), np.arange(n, n + len(test)))
    both = np.concatenate([pairs, test])
    return Preferences(parent, variance, both, np.zeros(len(both)), noise, split=split)


def plain_dijkstra(data):
    """On every node of the tree, from each first node of the test pairs."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import dijkstra

    child = np.flatnonzero(data.parent >= 0)
    pairs = np.unique(np.sort(data.part("train").pairs, axis=1), axis=0)
    rows = np.concatenate([data.parent[child], pairs[:, 0]])
    columns = np.concatenate([child, pairs[:, 1]])
    lengths = np.concatenate([data.variance[child], np.full(len(pairs), data.noise)])
    graph = coo_array((lengths, (rows, columns)), (len(data.parent),) * 2).tocsr()
    test = data.part("test").pairs
    sources, row = np.unique(test[:, 0], return_inverse=True)
    return dijkstra(graph, directed=False, indices=sources)[row, test[:, 1]]


def by_networkx(data):
    graph = nx.MultiGraph()
    for node, up in enumerate(data.parent.tolist()):
        if up >= 0:
            graph.add_edge(up, node, c=1 / data.variance[node])
    for a, b in data.part("train").pairs.tolist():
        graph.add_edge(a, b, c=1 / data.noise)
    every = nx.resistance_distance(graph, weight="c", invert_weight=False)
    return np.array([every[a][b] for a, b in data.part("test").pairs.tolist()])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    asked, rng = parser.parse_args(), np.random.default_rng(0)
    large = preferences(16, 2048, 1e-4, rng)
    exact, _ = best(lambda: Posterior(large).variance, asked.repeats)
    print(f"exact posterior, n = 2048          {exact:.3f} s of CPU (at most 0.5)")

    small = preferences(10, 480, 1e-2, rng)
    small_s, mine = best(lambda: Posterior(small).variance, asked.repeats)
    peer_s, theirs = best(lambda: by_networkx(small), 1)
    np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-9)
    times = peer_s / small_s
    nodes = len(small.parent)
    print(f"networkx / ours, {nodes} nodes         {times:.0f} (at least 10)")

    train, test = large.part("train").pairs, large.part("test").pairs

    def ours():
        return path_distances(Forest(large.parent, large.variance), train, 1e-6, test)

    quiet = dataclasses.replace(large, noise=1e-6)
    path_s, mine = best(ours, asked.repeats)
    plain_s, theirs = best(lambda: plain_dijkstra(quiet), asked.repeats)
    np.testing.assert_allclose(mine, theirs, rtol=1e-9)
    gain = plain_s / path_s
    print(f"plain Dijkstra / ours, path        {gain:.1f} (at least 3)")
    good = (
        exact <= TARGETS["exact_s"] and times >= TARGETS["networkx"] and gain >= TARGETS["dijkstra"]
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
