"""Splits of nodes, and of edges with non-edges beside them."""

from __future__ import annotations

import numpy as np

from harness import Ints, Links, Singles, Split, UsageError

NODE_SHARES = (0.6, 0.2)
"""Training and validation; the rest is the test part."""
LINK_SHARES = (0.7, 0.1)
"""The same for edges, as in the paper."""
LISTED = 4_000_000
"""Up to this many pairs, all non-edges are listed and drawn from; above, pairs are rejected."""
TRIES = 100


def split_nodes(labels: Ints, rng: np.random.Generator) -> Split:
    """A random split of the labelled nodes, class by class."""
    parts: tuple[list[Ints], list[Ints], list[Ints]] = ([], [], [])
    for label in np.unique(labels[labels >= 0]):
        nodes = rng.permutation(np.flatnonzero(labels == label))
        a = max(1, round(NODE_SHARES[0] * len(nodes)))
        b = max(a, round(sum(NODE_SHARES) * len(nodes)))
        for part, chosen in zip(parts, (nodes[:a], nodes[a:b], nodes[b:]), strict=True):
            part.append(chosen)
    train, valid, test = (np.sort(np.concatenate(part)) for part in parts)
    return Split(train, test, valid)


def split_links(
    edges: Ints,
    nodes: int,
    features: Singles | None,
    *,
    k: int,
    negatives: float,
    rng: np.random.Generator,
    name: str,
) -> Links:
    """Edges of a simple graph cut 70/10/20, with non-edges beside them.

    Training pairs are all training edges and ``negatives`` times as many pairs that are no training
    edge (held-out edges may be among them, as a method cannot know). Each held-out edge is
    beside one pair that is no edge at all.

    Raises
    ------
    UsageError : too few edges or non-edges to fill the parts, or fewer than ``k`` non-edges in a
        part that is scored.
    """
    order = rng.permutation(edges)
    a, b = round(LINK_SHARES[0] * len(order)), round(sum(LINK_SHARES) * len(order))
    known, valid, test = order[:a], order[a:b], order[b:]
    if not (len(known) and len(valid) and len(test)):
        raise UsageError(
            f"{name}: {len(edges)} edges; link prediction needs 10 or more to cut into three parts"
        )
    fewest = min(len(valid), len(test))
    if fewest < k:
        raise UsageError(
            f"{name}: k={k}, and the smallest part has {fewest} non-edges; wanted a smaller k"
        )
    apart = non_edges(edges, nodes, len(valid) + len(test), rng, name)
    wrong = non_edges(known, nodes, round(negatives * len(known)), rng, name)
    known = known[np.lexsort((known[:, 1], known[:, 0]))]
    groups = [known, wrong, valid, apart[: len(valid)], test, apart[len(valid) :]]
    role = np.repeat([0, 0, 1, 1, 2, 2], [len(g) for g in groups])
    y = np.repeat([1, 0, 1, 0, 1, 0], [len(g) for g in groups])
    split = Split(np.flatnonzero(role == 0), np.flatnonzero(role == 2), np.flatnonzero(role == 1))
    return Links(nodes, known, np.concatenate(groups), y, features, k, split=split)


def non_edges(edges: Ints, nodes: int, count: int, rng: np.random.Generator, name: str) -> Ints:
    """``count`` distinct uniform pairs (i < j) without an edge. Raises `UsageError` if too few
    exist.
    """
    taken = np.sort(edges.min(1) * nodes + edges.max(1))
    free = nodes * (nodes - 1) // 2 - len(taken)
    if free < count:
        raise UsageError(
            f"{name}: {free} pairs without an edge, and {count} are needed: the graph is too dense"
        )
    if nodes * (nodes - 1) // 2 <= LISTED:
        i, j = np.triu_indices(nodes, 1)
        pairs = np.setdiff1d(i * nodes + j, taken, assume_unique=True)
        chosen = pairs[rng.choice(len(pairs), count, replace=False)]
        return np.column_stack([chosen // nodes, chosen % nodes])
    found = np.empty(0, np.int64)
    for _ in range(TRIES):
        ends = rng.integers(nodes, size=(2 * (count - len(found)) + 16, 2))
        ends = ends[ends[:, 0] != ends[:, 1]]
        fresh = ends.min(1) * nodes + ends.max(1)
        spot = np.minimum(np.searchsorted(taken, fresh), max(len(taken) - 1, 0))
        fresh = fresh[taken[spot] != fresh] if len(taken) else fresh
        found = np.concatenate([found, fresh])
        found = found[np.sort(np.unique(found, return_index=True)[1])]
        if len(found) >= count:
            found = found[:count]
            return np.column_stack([found // nodes, found % nodes])
    raise UsageError(
        f"{name}: {TRIES} rounds did not find {count} pairs without an edge: the graph is too dense"
    )
