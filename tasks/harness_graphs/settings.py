"""Parameters: each is declared here once, and inherited by the classes that use it."""

from dataclasses import dataclass
from typing import Literal

from harness import param


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """How links are held out and scored."""

    k: int = param(50, "k of Hits@k: the rank of the non-edge that links have to beat", low=1)
    negatives: float = param(2.0, "number of non-edges per edge in the training part", above=0.0)


@dataclass(frozen=True, kw_only=True)
class NodeScenarios:
    """Parameters of the task `node-scenarios`."""

    nodes: int = param(1000, "number of nodes", low=20)
    columns: int = param(64, "number of features of a node", low=2)
    classes: int = param(4, "number of classes, which is even", low=2)
    degree: float = param(12.0, "mean degree of a node", above=0.0)
    noise: float = param(
        0.2, "share of the edges that do not depend on the classes", low=0.0, high=1.0
    )


@dataclass(frozen=True, kw_only=True)
class Blocks:
    """The graphs of the task `link-scenarios`."""

    nodes: int = param(600, "number of nodes", low=64)
    columns: int = param(120, "number of features of a node, a multiple of 4", low=4)
    density: float = param(
        0.03, "share of pairs that are linked where the structure has links", above=0.0, high=0.5
    )
    noise: float = param(
        0.0012, "share of pairs that are linked where the structure has none", low=0.0, high=0.5
    )


@dataclass(frozen=True, kw_only=True)
class LinkScenarios(HeldOut, Blocks):
    """Parameters of the task `link-scenarios`."""


@dataclass(frozen=True, kw_only=True)
class SmallGraphs:
    """Parameters of the task `small-graphs`."""

    only: tuple[str, ...] = param((), "names of the graphs that are used; empty for all")


@dataclass(frozen=True, kw_only=True)
class SmallLinks(HeldOut, SmallGraphs):
    """Parameters of the task `small-links`."""


@dataclass(frozen=True, kw_only=True)
class Files:
    """Which graphs are read."""

    datasets: tuple[str, ...] = param(
        (),
        "graphs, one case each: files in the folder root (.npz, .mat, lists, GraphML, GML), "
        "pyg:NAME or ogb:NAME",
    )
    features: str = param(
        "", "table of the features of nodes beside a list of edges: .csv, .tsv or .npy"
    )
    labels: str = param(
        "", "table of the classes of nodes beside a list of edges: .csv, .tsv or .npy"
    )
    root: str = param(".", "folder of the files")


@dataclass(frozen=True, kw_only=True)
class Divided(Files):
    """How nodes are split."""

    split: Literal["random", "public"] = param(
        "random", "60/20/20 by the seed, or the split that the file has"
    )


@dataclass(frozen=True, kw_only=True)
class Scaled:
    """How features are scaled."""

    normalise: bool = param(
        True, "whether features are shifted to start at zero, and each row divided by its sum"
    )


@dataclass(frozen=True, kw_only=True)
class Planetoid(Scaled, Divided):
    """Parameters of the task `planetoid`."""


@dataclass(frozen=True, kw_only=True)
class PlanetoidLinks(Scaled, HeldOut, Files):
    """Parameters of the task `planetoid-links`."""

    k: int = param(100, "k of Hits@k: the rank of the non-edge that links have to beat", low=1)
