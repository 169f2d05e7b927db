"""Citation networks, heterophilous graphs, OGB: attributed graphs that the user has as files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from harness import Case, Graph, Links, Singles, Split, UsageError, stream
from harness.files import unpacked
from harness_graphs import files, settings
from harness_graphs.arrays import Loaded
from harness_graphs.scores import Classified, Ranked
from harness_graphs.splits import split_links, split_nodes


class Planetoid(Classified, settings.Planetoid):
    """Classes of nodes of graphs in files, or named as ``pyg:Cora`` and ``ogb:ogbn-arxiv``.

    The split is random (60/20/20 within each class) or the file's own, by ``seed`` where it has
    several.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One case per data set. Raises `UsageError` where none is named."""
        for name in _named(self.datasets, "planetoid"):
            yield Case(
                id=short(name),
                data=self._make(name, seed),
                facts={"split": self.split},
                stamp=files.stamp(name, self.root, self.features, self.labels),
            )

    def _make(self, name: str, seed: int) -> Callable[[], Graph]:
        def make() -> Graph:
            found = files.read(name, self.root, self.features, self.labels)
            if found.labels is None:
                raise UsageError(
                    f"{name}: nodes without labels; wanted a graph with classes, or the task "
                    "planetoid-links"
                )
            split = split_nodes(found.labels, stream(seed, "planetoid", short(name)))
            if self.split == "public":
                split = _public(found, name, seed)
            x = shares(found.features, self.normalise)
            return Graph(found.nodes, found.edges, x, found.labels, split=split)

        return make


class PlanetoidLinks(Ranked, settings.PlanetoidLinks):
    """Edges held out of the same graphs, split 70/10/20 with non-edges, as in the paper."""

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One case per data set. Raises `UsageError` where none is named."""
        for name in _named(self.datasets, "planetoid-links"):
            yield Case(
                id=short(name),
                data=self._make(name, seed),
                facts={"k": self.k},
                stamp=files.stamp(name, self.root, self.features, self.labels),
            )

    def _make(self, name: str, seed: int) -> Callable[[], Links]:
        def make() -> Links:
            found = files.read(name, self.root, self.features, self.labels)
            return split_links(
                found.edges,
                found.nodes,
                shares(found.features, self.normalise),
                k=self.k,
                negatives=self.negatives,
                rng=stream(seed, "planetoid-links", short(name)),
                name=short(name),
            )

        return make


def _named(datasets: tuple[str, ...], task: str) -> tuple[str, ...]:
    if not datasets:
        raise UsageError(
            f"{task}.datasets: none; wanted --set {task}.datasets=cora.npz,chameleon.npz --set "
            f"{task}.root=FOLDER (or pyg:Cora, ogb:ogbn-arxiv)"
        )
    return datasets


def short(name: str) -> str:
    """A data set's name without folder, ending and source."""
    path = unpacked(Path(name.rpartition(":")[2]))
    known = path.suffix.lower() in (".npz", *files.LISTS, *files.MARKUP)
    return (path.stem if known else path.name).lower()


def shares(features: Singles | None, normalise: bool) -> Singles | None:
    """Features from zero up, each row over its sum, as the authors do; unless asked, unchanged."""
    if features is None or not normalise:
        return features
    lifted = features - features.min()
    total = lifted.sum(1, keepdims=True)
    return np.asarray(lifted / np.where(total > 0, total, 1.0), np.float32)


def _public(found: Loaded, name: str, seed: int) -> Split:
    if not found.splits:
        raise UsageError(f"{name}: no public split in the file; wanted split=random")
    parts = found.splits[seed % len(found.splits)]
    return Split(parts["train"], parts["test"], parts["valid"])
