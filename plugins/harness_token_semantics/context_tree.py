"""Directed information by context-tree weighting, after J. Jiao, H. Permuter, L. Zhao, Y.-H. Kim,
T. Weissman, Universal estimation of directed information, IEEE Trans. Inf. Theory 59, 6220 (2013).

Three trees predict the next letter from the last ``depth`` ones: of the pairs (x, y), of y, and of
x. A node keeps counts c and beta = Pe / prod of the children's Pw. The Krichevsky-Trofimov law is
pe = (c + 1/2) / (sum c + A/2); a leaf predicts by it, a node above by (beta pe + p_child) /
(beta + 1), which weights both halves of Pw = (Pe + prod Pw of children) / 2.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from harness import Estimate, Floats, Incompatible, Ints, Kind, PairedSequences, TokenLaws
from harness_token_semantics.codes import block_error, letters
from harness_token_semantics.settings import ContextTree, Depth

MOST_BYTES = 1 << 30
LEAST, MOST = 1e-100, 1e100
"""Where beta is cut off."""


@njit(cache=True)
def _predict(tree: Floats, first: Ints, size: int, context: int, p: Floats) -> None:
    """Laws of the nodes on the path of a context, ``p (depth + 1, size)``: row 0 is the root's.

    ``tree (nodes, size + 2)`` holds counts, their sum, and beta.
    """
    depth = len(first) - 1
    width = 1
    for _ in range(depth):
        width *= size
    for d in range(depth, -1, -1):
        node = first[d] + context % width
        total = tree[node, size] + 0.5 * size
        beta = tree[node, size + 1]
        for a in range(size):
            pe = (tree[node, a] + 0.5) / total
            p[d, a] = pe if d == depth else (beta * pe + p[d + 1, a]) / (beta + 1.0)
        width //= size


@njit(cache=True)
def _learn(tree: Floats, first: Ints, size: int, context: int, p: Floats, letter: int) -> None:
    """Take in the letter that followed the context."""
    depth = len(first) - 1
    width = 1
    for d in range(depth + 1):
        node = first[d] + context % width
        if d < depth:
            pe = (tree[node, letter] + 0.5) / (tree[node, size] + 0.5 * size)
            beta = tree[node, size + 1] * pe / p[d + 1, letter]
            tree[node, size + 1] = min(max(beta, LEAST), MOST)
        tree[node, letter] += 1.0
        tree[node, size] += 1.0
        width *= size


@njit(cache=True)
def _laws(
    x: Ints, y: Ints, cuts: Ints, ax: int, ay: int, depth: int
) -> tuple[Floats, Floats, Floats]:
    """Laws of every step after the first ``depth`` of its sequence, before that step is seen.

    Pairs ``(m, ax * ay)`` with x varying fastest, y ``(m, ay)`` from its own past, x ``(m, ax)``.
    """
    sizes = (ax * ay, ay, ax)
    firsts = np.zeros((3, depth + 1), np.int64)
    nodes = np.zeros(3, np.int64)
    for k in range(3):
        width = 1
        for d in range(depth + 1):
            firsts[k, d] = nodes[k]
            nodes[k] += width
            width *= sizes[k]
    pair, own, other = (
        np.zeros((nodes[0], sizes[0] + 2)),
        np.zeros((nodes[1], sizes[1] + 2)),
        np.zeros((nodes[2], sizes[2] + 2)),
    )
    pair[:, -1] = own[:, -1] = other[:, -1] = 1.0
    m = 0
    for i in range(len(cuts) - 1):
        m += max(0, cuts[i + 1] - cuts[i] - depth)
    out = np.empty((m, sizes[0])), np.empty((m, ay)), np.empty((m, ax))
    p, q, r = (
        np.empty((depth + 1, sizes[0])),
        np.empty((depth + 1, ay)),
        np.empty((depth + 1, ax)),
    )
    wide = sizes[0] ** depth, ay**depth, ax**depth
    row = 0
    for i in range(len(cuts) - 1):
        a = b = c = 0
        for t in range(cuts[i], cuts[i + 1]):
            both = x[t] + ax * y[t]
            if t - cuts[i] >= depth:
                _predict(pair, firsts[0], sizes[0], a, p)
                _predict(own, firsts[1], ay, b, q)
                _predict(other, firsts[2], ax, c, r)
                out[0][row], out[1][row], out[2][row] = p[0], q[0], r[0]
                row += 1
                _learn(pair, firsts[0], sizes[0], a, p, both)
                _learn(own, firsts[1], ay, b, q, y[t])
                _learn(other, firsts[2], ax, c, r, x[t])
            a = (a * sizes[0] + both) % wide[0]
            b = (b * ay + y[t]) % wide[1]
            c = (c * ax + x[t]) % wide[2]
    return out


def laws(data: PairedSequences, depth: int) -> tuple[Floats, Floats, Floats, Ints, Ints]:
    """Predictive laws of pairs ``(m, ay, ax)``, of y ``(m, ay)``, of x ``(m, ax)``, and the letters
    that followed, x and y ``(m,)``.

    Raises `Incompatible` for variables that are not discrete, sequences that are all too short, and
    trees that take too much memory.
    """
    (x, ax), (y, ay) = letters(data, "x"), letters(data, "y")
    seen = data.step >= depth
    m, size = int(seen.sum()), ax * ay
    if m < 2:
        raise Incompatible(
            f"{m} steps have a past of {depth}; wants at least 2, in sequences of more than "
            f"{depth + 1} steps"
        )
    nodes = sum(size**d for d in range(depth + 1))
    needed = 8 * (nodes + m) * (size + 2)
    if needed > MOST_BYTES:
        raise Incompatible(
            f"{ax} x {ay} letters at depth {depth} have {nodes} contexts, which take "
            f"{needed / 2**30:.1f} GiB; wants at most {MOST_BYTES >> 30} GiB (a smaller depth)"
        )
    pair, own, other = _laws(x, y, data.offsets, ax, ay, depth)
    return pair.reshape(m, ay, ax), own, other, x[seen], y[seen]


def _divergence(p: Floats, q: Floats) -> Floats:
    """sum p ln(p / q) over the last axis; all are positive."""
    return np.asarray((p * np.log(p / q)).sum(-1))


def _entropy(p: Floats) -> Floats:
    """-sum p ln p over the last axis."""
    return np.asarray(-(p * np.log(p)).sum(-1))


class _Weighted(ContextTree):
    def estimate(
        self, data: PairedSequences, *, rng: np.random.Generator | None = None
    ) -> Estimate:
        """The information in nats per step, with an error from the means of blocks.

        Raises `Incompatible` for variables that are not discrete, too few steps, and trees that
        take too much memory.
        """
        pair, own, other, x, y = laws(data.evaluated(), self.depth)
        local = self._local(pair, own, other, x, y)[int(self.skipped * len(x)) :]
        return Estimate(local.mean(), block_error(local), diagnostics={"steps": len(local)})

    def warm_up(self) -> None:
        """Compile."""
        column = np.arange(6.0)[:, None] % 2
        kinds = ("discrete", "discrete")
        laws(PairedSequences(column, column, np.array([0, 6]), *kinds), 1)

    def _local(self, pair: Floats, own: Floats, other: Floats, x: Ints, y: Ints) -> Floats:
        raise NotImplementedError


class DirectedTree(_Weighted):
    """Directed information of x to y. E3 and E4 are never negative; E1 and E2 may be."""

    def _local(self, pair: Floats, own: Floats, other: Floats, x: Ints, y: Ints) -> Floats:
        every = np.arange(len(x))
        from_both = pair.sum(1)
        if self.form == "E1":
            joint = pair[every, y, x]
            return np.asarray(np.log(joint / (from_both[every, x] * own[every, y])))
        if self.form == "E2":
            flat = pair.reshape(len(x), -1)
            return np.asarray(_entropy(own) - _entropy(flat) + _entropy(from_both))
        if self.form == "E3":
            return _divergence(pair[every, :, x] / from_both[every, x, None], own)
        apart = own[:, :, None] * from_both[:, None]
        return _divergence(pair.reshape(len(x), -1), apart.reshape(len(x), -1))


class ReverseTree(_Weighted):
    """The reverse part, from the strict past of y to x. E3 and E4 are one."""

    def _local(self, pair: Floats, own: Floats, other: Floats, x: Ints, y: Ints) -> Floats:
        every = np.arange(len(x))
        from_both = pair.sum(1)
        if self.form == "E1":
            return np.asarray(np.log(from_both[every, x] / other[every, x]))
        if self.form == "E2":
            return np.asarray(_entropy(other) - _entropy(from_both))
        return _divergence(from_both, other)


class TreeLaws(Depth):
    """Laws of y with and without x, by context trees: the smallest language model of both."""

    def transform(
        self, data: PairedSequences, *, to: type[Kind], rng: np.random.Generator
    ) -> TokenLaws:
        """A sequence for each that is longer than the depth; tokens are the ranks of letters.

        Raises `Incompatible` as the estimators do.
        """
        part = data.evaluated()
        pair, own, _, x, y = laws(part, self.depth)
        given = pair[np.arange(len(x)), :, x]
        lengths = np.maximum(np.diff(part.offsets) - self.depth, 0)
        cuts = np.concatenate([[0], np.cumsum(lengths[lengths > 0])])
        return TokenLaws(np.log(given / given.sum(1, keepdims=True)), np.log(own), y, cuts)
