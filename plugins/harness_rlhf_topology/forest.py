"""Forests of prefixes as arrays: depths, prior variances, common ancestors, sums along the tree."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from harness import Floats, Ints

Values = TypeVar("Values", Ints, Floats)


class Forest:
    """A forest whose parents come before their children.

    Attributes
    ----------
    parent (v,)   parent of each node, -1 for a root
    variance (v,) variance of the increment of each node
    depth (v,)    number of edges above each node
    above (v,)    prior variance of the reward: sum of the variances from the root to the node
    size (v,)     number of nodes in the subtree
    place (v,)    position in depth-first order: a subtree is ``place .. place + size - 1``
    root (v,)     the root of the tree of each node
    """

    def __init__(self, parent: Ints, variance: Floats) -> None:
        v = len(parent)
        self.parent, self.variance = parent, variance
        order = np.argsort(parent, kind="stable")
        starts = np.searchsorted(parent[order], np.arange(v + 1))
        self.depth, self.root = np.zeros(v, np.int64), np.arange(v)
        self.above, self.size = np.zeros(v), np.ones(v, np.int64)
        self.place = np.zeros(v, np.int64)
        self._levels = [np.flatnonzero(parent < 0)]
        while self._levels[-1].size:
            nodes = self._levels[-1]
            counts = starts[nodes + 1] - starts[nodes]
            within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
            children = order[np.repeat(starts[nodes], counts) + within]
            up = parent[children]
            self.depth[children] = self.depth[up] + 1
            self.above[children] = self.above[up] + variance[children]
            self.root[children] = self.root[up]
            self._levels.append(children)
        self._levels.pop()
        self.size = self.below(self.size)
        for level in self._levels:  # siblings lie side by side, each after those before it
            before = np.cumsum(self.size[level]) - self.size[level]
            up = parent[level]
            first = np.flatnonzero(np.diff(up, prepend=-2) != 0)
            origin = np.repeat(before[first], np.diff(first, append=len(level)))
            if up[0] < 0:
                self.place[level] = before
            else:
                self.place[level] = self.place[up] + 1 + before - origin

    def below(self, values: Values) -> Values:
        """Sum of values (v,) over the subtree of each node, its own among them."""
        out = values.copy()
        for level in reversed(self._levels[1:]):
            np.add.at(out, self.parent[level], out[level])
        return out

    def covariance_times(self, weights: Floats) -> Floats:
        """K w: the prior covariance of all nodes times weights (v,), in O(v).

        An edge contributes its variance times the weight below it to every node below it.
        """
        mass, out = self.below(weights), np.zeros(len(weights))
        for level in self._levels[1:]:
            out[level] = out[self.parent[level]] + self.variance[level] * mass[level]
        return out

    def common(self, a: Ints, b: Ints) -> Ints:
        """The deepest common ancestor of each pair of nodes (m,); -1 in different trees."""
        a, b = a.copy(), b.copy()
        open_ = np.flatnonzero(self.root[a] == self.root[b])
        a[self.root[a] != self.root[b]] = -1
        while open_.size:
            open_ = open_[a[open_] != b[open_]]
            x, y = a[open_], b[open_]
            up_x, up_y = self.depth[x] >= self.depth[y], self.depth[y] >= self.depth[x]
            a[open_], b[open_] = (
                np.where(up_x, self.parent[x], x),
                np.where(up_y, self.parent[y], y),
            )
        return a

    def distance(self, pairs: Ints) -> Floats:
        """Prior variance of the difference of rewards of pairs (m, 2); infinite across trees."""
        a, b = pairs.T
        shared = self.common(a, b)
        found: Floats = self.above[a] + self.above[b] - 2 * self.above[shared]
        return np.where(shared < 0, np.inf, found)

    def ancestors(self, nodes: Ints, depth: int) -> Ints:
        """The ancestor of each node at a depth; the node itself where it is not that deep."""
        nodes = nodes.copy()
        while (deep := np.flatnonzero(self.depth[nodes] > depth)).size:
            nodes[deep] = self.parent[nodes[deep]]
        return nodes

    def skeleton(self, nodes: Ints) -> tuple[Ints, Ints]:
        """The given nodes and their branching points in depth-first order, and parents among them.

        At most twice as many as were given. Parents are positions (-1 for none); the edge to a
        parent stands for the whole chain between the two.
        """
        used = np.unique(nodes)
        used = used[np.argsort(self.place[used])]
        joints = self.common(used[:-1], used[1:])
        kept = np.unique(np.concatenate([used, joints[joints >= 0]]))
        kept = kept[np.argsort(self.place[kept])]
        # In depth-first order the parent of a node is what it shares with the node before it.
        up = np.concatenate([[-1], self.common(kept[:-1], kept[1:])])
        spot = np.searchsorted(self.place[kept], self.place[up])
        return kept, np.where(up < 0, -1, spot)
