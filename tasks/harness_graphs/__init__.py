"""Neutral tasks on graphs: classes of nodes, and links between them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness import Graph, Links, Prediction, Quantity, TaskSpec
from harness import hookimpl as _hookimpl
from harness.quantities import ACCURACY

HARNESS_API = 1

HITS = Quantity(
    "hits",
    "",
    "higher",
    lower=0.0,
    upper=1.0,
    summary="Hits@k: share of links above the k-th greatest non-link",
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
    "auc",
    "",
    "higher",
    lower=0.0,
    upper=1.0,
    summary="probability that a link is above a non-link",
)

_PAPER = "M.-C. Lee et al., NetInfoF Framework, ICLR 2024, arXiv:2402.07999"
_NODES: dict[str, Any] = {
    "gives": Graph,
    "quantities": (ACCURACY,),
    "scores": (Prediction,),
    "traits": ("split",),
    "requires": ("scipy", "sklearn"),
    "install": "infoharness[graphs]",
}
_LINKS: dict[str, Any] = _NODES | {"gives": Links, "quantities": (HITS, MRR, AUC)}

GRAPHS = (".npz", ".csv", ".tsv", ".txt", ".edgelist", ".edges", ".graphml", ".gml")
"""Files of graphs, by their endings; see `files`."""

TASKS = (
    TaskSpec(
        name="node-scenarios",
        summary="synthetic graphs with classes: three kinds of features on three structures",
        implementation="harness_graphs.node_scenarios:NodeScenarios",
        settings="harness_graphs.settings:NodeScenarios",
        paper=_PAPER,
        **_NODES,
    ),
    TaskSpec(
        name="link-scenarios",
        summary="synthetic graphs with links held out: three kinds of features on two structures",
        implementation="harness_graphs.link_scenarios:LinkScenarios",
        settings="harness_graphs.settings:LinkScenarios",
        paper=_PAPER,
        **_LINKS,
    ),
    TaskSpec(
        name="small-graphs",
        summary="classes of nodes: karate club, southern women, digits joined by similarity",
        implementation="harness_graphs.small:SmallGraphs",
        settings="harness_graphs.settings:SmallGraphs",
        **_NODES,
    ),
    TaskSpec(
        name="small-links",
        summary="links held out: karate club, Les Misérables, digits joined by similarity",
        implementation="harness_graphs.small:SmallLinks",
        settings="harness_graphs.settings:SmallLinks",
        **_LINKS,
    ),
    TaskSpec(
        name="planetoid",
        takes="harness_graphs.given:graph",
        files={"datasets": GRAPHS},
        summary="classes of nodes in citation, heterophilous and OGB graphs, from files or by name",
        implementation="harness_graphs.planetoid:Planetoid",
        plan=False,
        settings="harness_graphs.settings:Planetoid",
        **_NODES,
    ),
    TaskSpec(
        name="planetoid-links",
        files={"datasets": GRAPHS},
        summary="links held out of citation, heterophilous and OGB graphs, from files or by name",
        implementation="harness_graphs.planetoid:PlanetoidLinks",
        plan=False,
        settings="harness_graphs.settings:PlanetoidLinks",
        **_LINKS,
    ),
)


@_hookimpl
def harness_tasks() -> Iterable[TaskSpec]:
    """The tasks of this plugin."""
    return TASKS
