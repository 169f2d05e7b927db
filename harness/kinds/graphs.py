"""Graphs with attributes: their nodes as units, or pairs of nodes as units."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from harness import mapped
from harness.arrays import Bools, Floats, Ints, Singles
from harness.errors import DataError
from harness.kinds.base import Kind
from harness.kinds.examples import on_grid
from harness.kinds.fields import array, class_codes, whole_numbers
from harness.kinds.split import Split

LARGEST = 2**31
"""Most nodes of a graph: a pair of them is one number of 64 bits."""


class Graph(Kind):
    """One graph with n nodes; a unit is a node, and the split is over nodes.

    Attributes
    ----------
    nodes              number of nodes, n; those without edges count
    edges (m, 2)       an edge a row, each once; its order of ends means nothing unless ``directed``
    features (n, f)    what is known of each node, where anything is (single precision)
    labels (n,)        class of each node, from 0 up, -1 where unknown; where there are classes
    weights (m,)       a weight per edge, where edges have them
    directed           whether ``(a, b)`` is another edge than ``(b, a)``

    Edges are the only items of the kind that no offsets cut: `take` gives the induced subgraph.
    """

    judged = ("labels",)

    coordinates: ClassVar[tuple[str, ...]] = ("features",)

    nodes: int
    edges: Ints = array("items 2", np.int64)
    features: Singles | None = array("n f", np.float32, default=None)
    labels: Ints | None = array("n", np.int64, default=None)
    weights: Floats | None = array("items", default=None)
    directed: bool = False

    @property
    def n(self) -> int:
        """Number of nodes."""
        return self.nodes

    @property
    def classes(self) -> Ints:
        """The labels that occur, ascending; none without labels."""
        return np.empty(0, np.int64) if self.labels is None else class_codes(self.labels)[0]

    @property
    def codes(self) -> Ints:
        """The class of each node as a position in `classes`, -1 where it is unknown."""
        return np.full(self.nodes, -1) if self.labels is None else class_codes(self.labels)[1]

    @property
    def n_classes(self) -> int:
        """Number of classes that occur; 0 without labels."""
        return len(self.classes)

    def check(self) -> None:
        """Refuse edges out of range, loops, repeated edges; and labels that cannot be learnt."""
        check_nodes(self.nodes, "Graph.nodes")
        check_edges(self.edges, self.nodes, "Graph.edges", self.directed)
        for name in ("features", "labels"):
            value = getattr(self, name)
            if value is not None and len(value) != self.nodes:
                raise DataError(
                    f"Graph.{name}", f"{len(value)} rows", f"one per node ({self.nodes})"
                )
        if self.labels is not None:
            self._check_labels(self.labels)

    def _check_labels(self, labels: Ints) -> None:
        if labels.min() < -1:
            row = int(labels.argmin())
            raise DataError(
                "Graph.labels", f"label {labels[row]}", "labels from 0 up, -1 where unknown", row
            )
        known = class_codes(labels)[0]
        if len(known) < 2:
            raise DataError(
                "Graph.labels", f"{len(known)} class", "at least two classes, or no labels at all"
            )
        if self.split is not None:
            for name, part in self.split.parts():
                if (labels[part] < 0).any():
                    row = int(part[np.argmax(labels[part] < 0)])
                    raise DataError(
                        f"Graph.split.{name}", "a node without a label", "labelled nodes in it", row
                    )
            unseen = np.setdiff1d(known, labels[self.split.train])
            if unseen.size:
                raise DataError(
                    "Graph.split",
                    f"class {unseen[0]} absent from the training part",
                    "every class in it",
                )

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Two communities, with features that say which."""
        edges, features, labels = _communities(rng, n)
        return cls(n, edges, features, labels, weights=None)

    def take(self, indices: ArrayLike) -> Self:
        """The induced subgraph on the nodes at ``indices``, in that order; the split goes along.

        A node taken twice becomes two nodes with the same neighbours and no edge between them.
        """
        idx = np.asarray(indices, np.int64)
        if idx.size and (idx.min() < 0 or idx.max() >= self.nodes):
            raise DataError(
                "Graph.take",
                f"position {idx.min() if idx.min() < 0 else idx.max()}",
                f"positions from 0 to {self.nodes - 1}",
            )
        order = np.argsort(idx, kind="stable")
        copies = np.bincount(idx, minlength=self.nodes)
        starts = np.concatenate([[0], np.cumsum(copies)])
        edges, weights = mapped.Column(np.int64, 2), mapped.Column(np.float64)
        for part in mapped.blocks_of(self.edges):
            a, b = self.edges[part].T
            repeats = copies[a] * copies[b]
            edge = np.repeat(np.arange(len(a)), repeats)
            within = np.arange(len(edge)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
            new_a = order[starts[a[edge]] + within // np.maximum(copies[b[edge]], 1)]
            new_b = order[starts[b[edge]] + within % np.maximum(copies[b[edge]], 1)]
            edges.add(np.column_stack([new_a, new_b]))
            if self.weights is not None:
                weights.add(self.weights[part][edge])
        return dataclasses.replace(
            self,
            nodes=len(idx),
            edges=edges.array(),
            features=None if self.features is None else mapped.taken(self.features, idx),
            labels=None if self.labels is None else mapped.taken(self.labels, idx),
            weights=None if self.weights is None else weights.array(),
            split=None if self.split is None else self.split.take(idx, self.nodes),
        )


class Links(Kind):
    """Pairs of nodes, linked or not, and the graph that is known; the split is over pairs.

    Attributes
    ----------
    nodes              number of nodes of the graph, v
    edges (m, 2)       the edges that methods may read, of training; each once, undirected
    pairs (n, 2)       the pairs in question: training edges and non-edges, then what is held out
    y (n,)             1 where the pair is linked, 0 where not
    features (v, f)    what is known of each node, where anything is (single precision)
    k                  the k of Hits@k that the task asks for
    """

    judged = ("y",)

    min_n: ClassVar[int] = 2
    whole: ClassVar[tuple[str, ...]] = ("m", "v")
    coordinates: ClassVar[tuple[str, ...]] = ("features",)

    nodes: int
    edges: Ints = array("m 2", np.int64)
    pairs: Ints = array("n 2", np.int64)
    y: Ints = array("n", np.int64)
    features: Singles | None = array("v f", np.float32, default=None)
    k: int = 100

    def check(self) -> None:
        """Refuse pairs out of range, and held-out pairs that the known edges already answer."""
        check_nodes(self.nodes, "Links.nodes")
        check_edges(self.edges, self.nodes, "Links.edges", directed=False)
        check_range(self.pairs, self.nodes, "Links.pairs")
        if self.features is not None and len(self.features) != self.nodes:
            raise DataError(
                "Links.features", f"{len(self.features)} rows", f"one per node ({self.nodes})"
            )
        if self.k < 1:
            raise DataError("Links.k", str(self.k), "a rank from 1 up")
        strange = np.flatnonzero((self.y != 0) & (self.y != 1))
        if strange.size:
            raise DataError(
                "Links.y", f"label {self.y[strange[0]]}", "1 for linked, 0 for not", int(strange[0])
            )
        if self.split is not None:
            self._check_split()

    def _check_split(self) -> None:
        assert self.split is not None
        known = sorted_codes(self.edges, self.nodes)
        for name, part in self.split.parts():
            counts = np.bincount(self.y[part], minlength=2)
            if part.size and not counts.all():
                missing = "negatives" if counts[1] else "positives"
                raise DataError(f"Links.split.{name}", f"no {missing}", "linked and unlinked pairs")
            if name != "train" and part.size:
                held = codes(self.pairs[part], self.nodes)
                spot = np.minimum(np.searchsorted(known, held), len(known) - 1)
                seen = np.flatnonzero(known[spot] == held)
                if seen.size:
                    raise DataError(
                        f"Links.split.{name}",
                        "a pair that is a known edge",
                        "held-out pairs",
                        int(part[seen[0]]),
                    )

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Pairs of a graph of two communities, half of them linked."""
        nodes, half = max(24, n // 2), n // 2
        edges, features, _ = _communities(rng, nodes)
        rest = np.argwhere(np.triu(np.ones((nodes, nodes), bool), 1))
        apart = rest[~np.isin(codes(rest, nodes), codes(edges, nodes))]
        linked, unlinked = rng.permutation(edges)[:half], rng.permutation(apart)[: n - half]
        y = np.repeat([1, 0], [len(linked), len(unlinked)])
        return cls(nodes, edges, np.concatenate([linked, unlinked]), y, features, k=2)

    def divided(self, rng: np.random.Generator) -> Self:
        """Linked and unlinked pairs in every part; held-out links are edges no more."""
        role = np.empty(self.n, np.int64)
        for y in (0, 1):
            pairs = rng.permutation(np.flatnonzero(self.y == y))
            role[pairs] = np.array([0, 0, 0, 1, 2])[np.arange(len(pairs)) % 5]
        held = self.pairs[(role > 0) & (self.y == 1)]
        known = self.edges[~np.isin(codes(self.edges, self.nodes), codes(held, self.nodes))]
        split = Split(*(np.flatnonzero(role == part) for part in (0, 2, 1)))
        return dataclasses.replace(self, edges=known, split=split)


def check_nodes(nodes: int, where: str) -> None:
    """A number of nodes is a positive integer; pairs of them are numbered by 64 bits."""
    if not isinstance(nodes, int) or isinstance(nodes, bool) or not 1 <= nodes <= LARGEST:
        raise DataError(where, repr(nodes), f"a whole number of nodes from 1 to {LARGEST}")


def check_range(pairs: Ints, nodes: int, where: str) -> None:
    """Raise `DataError` for a pair with an end that is no node, or with one end twice."""
    _refuse_outside(pairs, nodes, where)
    row = _first(pairs, lambda block: block[:, 0] == block[:, 1])
    if row is not None:
        raise DataError(
            where, f"a loop at node {pairs[row, 0]}", "two different ends (see simple_edges)", row
        )


def check_edges(edges: Ints, nodes: int, where: str, directed: bool) -> None:
    """Raise `DataError` for ends out of range, loops and repeated edges.

    O(m) where the edges are sorted, else O(m log m).
    """
    check_range(edges, nodes, where)
    last = -1
    for part in mapped.blocks_of(edges):
        key = codes(edges[part], nodes, directed)
        if key[0] <= last or (np.diff(key) <= 0).any():
            break
        last = key[-1]
    else:
        return
    key = sorted_codes(edges, nodes, directed)
    twice = mapped.Column(np.int64)
    for part in mapped.blocks_of(key):
        same = np.flatnonzero(np.diff(key[part.start : part.stop + 1]) == 0)
        twice.add(key[part][same])
    if len(repeated := np.unique(twice.array())):
        row = _second(edges, repeated, nodes, directed)
        raise DataError(
            where, f"the edge {edges[row].tolist()} again", "each edge once (see simple_edges)", row
        )


def codes(pairs: Ints, nodes: int, directed: bool = False) -> Ints:
    """A number per pair ``(m, 2)``, equal for equal pairs; ``directed`` pairs have an order."""
    a, b = pairs.T
    found: Ints = (a if directed else np.minimum(a, b)) * nodes
    found += b if directed else np.maximum(a, b)
    return found


def sorted_codes(pairs: Ints, nodes: int, directed: bool = False) -> Ints:
    """The `codes` of pairs ``(m, 2)``, ascending; memory need not hold them."""
    key: Ints = mapped.zeros(len(pairs), np.int64)
    for part in mapped.blocks_of(pairs):
        key[part] = codes(pairs[part], nodes, directed)
    key.sort()  # in place: pages are visited in order
    return key


def simple_edges(edges: ArrayLike, nodes: int, *, name: str = "graph") -> Ints:
    """The undirected simple graph of a list of pairs ``(m, 2)``, sorted.

    Loops are dropped, repeats and reversals merged. What was dropped or merged is logged as a
    warning under ``harness.graphs``.

    Raises
    ------
    DataError : an end that is no node.
    """
    check_nodes(int(nodes), f"nodes of {name}")
    raw = np.asarray(edges)
    raw = (raw if raw.dtype == np.int64 else whole_numbers(raw, f"edges of {name}")).reshape(-1, 2)
    _refuse_outside(raw, nodes, f"edges of {name}")
    key, proper = mapped.zeros(len(raw), np.int64), 0
    for part in mapped.blocks_of(raw):
        found = codes(raw[part], nodes)[raw[part, 0] != raw[part, 1]]
        key[proper : proper + len(found)] = found
        proper += len(found)
    key = key[:proper]
    key.sort()  # in place: pages are visited in order
    count, last = 0, -1
    for part in mapped.blocks_of(key):
        block = key[part]
        kept = block[np.diff(block, prepend=last) > 0]
        last = block[-1]
        key[count : count + len(kept)] = kept
        count += len(kept)
    loops, merged = len(raw) - proper, proper - count
    if loops or merged:
        logging.getLogger("harness.graphs").warning(
            "%s: %d loops dropped, %d repeated or reversed edges merged, %d edges left",
            name,
            loops,
            merged,
            count,
        )
    out: Ints = mapped.zeros((count, 2), np.int64)
    for part in mapped.blocks(count, out.itemsize):
        np.divmod(key[part], nodes, out=(out[part, 0], out[part, 1]))
    return out


def _refuse_outside(pairs: Ints, nodes: int, where: str) -> None:
    def outside(block: Ints) -> Bools:
        a, b = block.T
        return np.asarray((np.minimum(a, b) < 0) | (np.maximum(a, b) >= nodes))

    row = _first(pairs, outside)
    if row is not None:
        raise DataError(where, f"ends {pairs[row].tolist()}", f"nodes from 0 to {nodes - 1}", row)


def _first(pairs: Ints, wrong: Callable[[Ints], Bools]) -> int | None:
    """The first row of pairs ``(m, 2)`` that is wrong."""
    for part in mapped.blocks_of(pairs):
        found = wrong(pairs[part])
        if found.any():
            return int(part.start + np.argmax(found))
    return None


def _second(edges: Ints, repeated: Ints, nodes: int, directed: bool) -> int:
    """The first row that repeats an earlier one; ``repeated`` are the codes of those that do."""
    seen = np.zeros(len(repeated), bool)

    def again(block: Ints) -> Bools:
        key = codes(block, nodes, directed)
        rows = np.flatnonzero(np.isin(key, repeated))
        at, place = np.searchsorted(repeated, key[rows]), np.zeros(len(block), bool)
        first = np.zeros(len(rows), bool)
        first[np.unique(at, return_index=True)[1]] = True
        place[rows] = ~first | seen[at]
        seen[at] = True
        return place

    row = _first(edges, again)
    assert row is not None
    return row


def _communities(rng: np.random.Generator, n: int) -> tuple[Ints, Singles, Ints]:
    """Edges mostly within two communities, features that say which, and the community of nodes."""
    labels = np.arange(n) % 2
    chance = np.where(labels[:, None] == labels, 0.4, 0.05)
    edges = np.argwhere(np.triu(rng.random((n, n)) < chance, 1))
    features = on_grid(rng.normal(size=(n, 3)) + 2.0 * labels[:, None])
    return edges, features.astype(np.float32), labels
