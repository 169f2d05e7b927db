"""Neutral tasks on graphs: classes of nodes, and links between them."""

from __future__ import annotations

from collections.abc import Iterable

from harness import Graph, Links, Param, Prediction, Quantity, TaskSpec
from harness import hookimpl as _hookimpl
from harness.quantities import ACCURACY

HARNESS_API = 1

HITS = Quantity(
    "hits",
    "",
    "higher",
    lower=0.0,
    upper=1.0,
    summary="Hits@k: links above the k-th greatest non-link",
)
MRR = Quantity(
    "mrr",
    "",
    "higher",
    lower=0.0,
    upper=1.0,
    summary="mean of 1 / rank of a link among the non-links",
)
AUC = Quantity(
    "auc", "", "higher", lower=0.0, upper=1.0, summary="chance that a link stands above a non-link"
)

_PAPER = "M.-C. Lee et al., NetInfoF Framework, ICLR 2024, arXiv:2402.07999"
_NODES = {
    "gives": Graph,
    "quantities": (ACCURACY,),
    "scores": (Prediction,),
    "traits": ("split",),
    "requires": ("scipy", "sklearn"),
    "install": "infoharness[graphs]",
}
_LINKS = _NODES | {"gives": Links, "quantities": (HITS, MRR, AUC)}
_NEGATIVES = Param("negatives", float, 2.0, "non-edges per edge in the training part", above=0.0)


def _k(default: int) -> Param:
    return Param("k", int, default, "the k of Hits@k", low=1)


_ONLY = Param("only", tuple[str, ...], (), "names of graphs; empty for all")
_FILES = (
    Param(
        "datasets",
        tuple[str, ...],
        (),
        "npz files under root, or pyg:NAME, or ogb:NAME; a case each",
    ),
    Param("root", str, ".", "folder of the files"),
)
_NORMALISE = Param("normalise", bool, True, "features from zero up, each row divided by its sum")


@_hookimpl
def harness_tasks() -> Iterable[TaskSpec]:
    """The tasks of this plugin."""
    yield TaskSpec(
        name="node-scenarios",
        summary="made graphs with classes: random, structural or semantic features on three structures",
        implementation="harness_graphs.node_scenarios:NodeScenarios",
        params=(
            Param("nodes", int, 1000, "nodes", low=20),
            Param("columns", int, 64, "features of a node", low=2),
            Param("classes", int, 4, "classes, an even number", low=2),
            Param("degree", float, 12.0, "mean degree", above=0.0),
            Param(
                "noise", float, 0.2, "share of the edges that ignore the classes", low=0.0, high=1.0
            ),
        ),
        paper=_PAPER,
        **_NODES,
    )
    yield TaskSpec(
        name="link-scenarios",
        summary="made graphs with links held out: random, global or local features on two structures",
        implementation="harness_graphs.link_scenarios:LinkScenarios",
        params=(
            Param("nodes", int, 600, "nodes", low=64),
            Param("columns", int, 120, "features of a node, a multiple of 4", low=4),
            Param(
                "density",
                float,
                0.03,
                "share of linked pairs where the structure has links",
                above=0.0,
                high=0.5,
            ),
            Param("noise", float, 0.0012, "the same where it has none", low=0.0, high=0.5),
            _k(50),
            _NEGATIVES,
        ),
        paper=_PAPER,
        **_LINKS,
    )
    yield TaskSpec(
        name="small-graphs",
        summary="karate club, southern women, digits joined by likeness: classes of nodes",
        implementation="harness_graphs.small:SmallGraphs",
        params=(_ONLY,),
        **_NODES,
    )
    yield TaskSpec(
        name="small-links",
        summary="karate club, Les Misérables, digits: links held out",
        implementation="harness_graphs.small:SmallLinks",
        params=(_ONLY, _k(50), _NEGATIVES),
        **_LINKS,
    )
    yield TaskSpec(
        name="planetoid",
        summary="classes of nodes in citation, heterophilous and OGB graphs, from files or by name",
        implementation="harness_graphs.planetoid:Planetoid",
        params=(
            *_FILES,
            Param(
                "split",
                str,
                "random",
                "60/20/20 by the seed, or the file's own",
                choices=("random", "public"),
            ),
            _NORMALISE,
        ),
        **_NODES,
    )
    yield TaskSpec(
        name="planetoid-links",
        summary="links held out of the same graphs",
        implementation="harness_graphs.planetoid:PlanetoidLinks",
        params=(*_FILES, _k(100), _NEGATIVES, _NORMALISE),
        **_LINKS,
    )
