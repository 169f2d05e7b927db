"""Link prediction on synthetic graphs, where it is known which components predict links."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable

import numpy as np

from harness import Case, Floats, Ints, Links, UsageError, stream
from harness_graphs import settings
from harness_graphs.scores import Ranked
from harness_graphs.splits import split_links
from harness_graphs.walks import walk_vectors

BLOCKS = 4
GROUP = (4, 8)
"""Sizes of the cliques, and of each side of the bicliques."""
VISITED = 0.1
"""Weight of a node that is in a group already, against 1."""
REPLACED = 0.002
"""Share of the features that noise replaces, except where all are noise."""
FEATURES = ("random", "global", "local")
STRUCTURES = ("diag", "offdiag")


class LinkScenarios(Ranked, settings.LinkScenarios):
    """Three kinds of features on two structures.

    Links are within blocks ("diag"), or between the blocks of a pair ("offdiag"). "random" features
    tell nothing; "global" ones are walk vectors of the graph; "local" ones are walk vectors too,
    but each block has columns of its own, so that only a compatibility matrix can compare blocks.
    Features are made from all edges before the split, as in the paper. ``noise`` is the probability
    of an edge where the structure has none on "diag", and half of it on "offdiag".
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """Six cases.

        Raises `UsageError` for fewer than 16 nodes a block, or columns that four blocks cannot
        share.
        """
        fewest = BLOCKS * 2 * GROUP[1]
        if self.nodes < fewest or self.columns % BLOCKS or self.columns >= self.nodes:
            raise UsageError(
                f"link-scenarios: nodes={self.nodes}, columns={self.columns}; wanted {fewest} "
                f"nodes or more, and columns in a multiple of {BLOCKS}, fewer columns than nodes"
            )
        for features, structure in itertools.product(FEATURES, STRUCTURES):
            yield Case(
                id=f"{features}-{structure}",
                data=self._make(features, structure, seed),
                facts={
                    "features": features,
                    "structure": structure,
                    "informative": "urps" if features == "random" else "urfps",
                    "uninformative": "f" if features == "random" else "",
                },
                stamp="",
            )

    def _make(self, features: str, structure: str, seed: int) -> Callable[[], Links]:
        def make() -> Links:
            edges = self._edges(structure, stream(seed, "link-scenarios", structure))
            rng = stream(seed, "link-scenarios", structure, features)
            x = self._features(features, edges, rng).astype(np.float32)
            name = f"{features}-{structure}"
            split = stream(seed, "link-scenarios", structure, "split")
            return split_links(
                edges, self.nodes, x, k=self.k, negatives=self.negatives, rng=split, name=name
            )

        return make

    def _edges(self, structure: str, rng: np.random.Generator) -> Ints:
        blocks = np.array_split(np.arange(self.nodes), BLOCKS)
        if structure == "diag":
            pairs, chance = [(c, c) for c in range(BLOCKS)], self.noise
        else:
            pairs, chance = [(c, c + 1) for c in range(0, BLOCKS, 2)], self.noise / 2
        found = [_dense(blocks[a], blocks[b], self.density, rng) for a, b in pairs]
        found += [
            _sparse(blocks[a], blocks[b], chance, rng)
            for a, b in itertools.combinations_with_replacement(range(BLOCKS), 2)
            if (a, b) not in pairs
        ]
        return np.unique(np.sort(np.concatenate(found), axis=1), axis=0)

    def _features(self, features: str, edges: Ints, rng: np.random.Generator) -> Floats:
        if features == "random":
            return rng.integers(2, size=(self.nodes, self.columns)).astype(np.float64)
        if features == "global":
            x = walk_vectors(edges, self.nodes, self.columns, rng)
        else:
            width = self.columns // BLOCKS
            vectors = walk_vectors(edges, self.nodes, width, rng)
            x = np.zeros((self.nodes, self.columns))
            for c, block in enumerate(np.array_split(np.arange(self.nodes), BLOCKS)):
                x[block, c * width : (c + 1) * width] = vectors[block]
        replaced = rng.random(x.shape) < REPLACED
        x[replaced] = rng.random(int(replaced.sum()))
        return x


def _dense(rows: Ints, columns: Ints, density: float, rng: np.random.Generator) -> Ints:
    """Fully linked groups, until the block is dense enough and every node has been in one."""
    one = rows is columns
    possible = len(rows) * (len(rows) - 1) / 2 if one else len(rows) * len(columns)
    fresh = [np.ones(len(rows)), np.ones(len(columns))]
    linked: set[tuple[int, int]] = set()
    open_sides = fresh[: 1 if one else 2]
    while len(linked) <= density * possible or any((w == 1).any() for w in open_sides):
        left = _group(fresh[0], rng)
        right = left if one else _group(fresh[1], rng)
        pairs = ((rows[i], columns[j]) for i in left for j in right)
        linked |= {(a, b) for a, b in pairs if not one or a < b}
    return np.array(sorted(linked))


def _group(weights: Floats, rng: np.random.Generator) -> Ints:
    """A group of nodes, preferably of those that were in none; their weights fall."""
    size = min(int(rng.integers(GROUP[0], GROUP[1] + 1)), len(weights))
    chosen: Ints = rng.choice(len(weights), size, replace=False, p=weights / weights.sum())
    weights[chosen] = VISITED
    return chosen


def _sparse(rows: Ints, columns: Ints, chance: float, rng: np.random.Generator) -> Ints:
    """Each pair of a node of either block with the same probability."""
    hit = rng.random((len(rows), len(columns))) < chance
    if rows is columns:
        hit = np.triu(hit, 1)
    i, j = np.nonzero(hit)
    return np.column_stack([rows[i], columns[j]])
