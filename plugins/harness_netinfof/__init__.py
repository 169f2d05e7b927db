"""Plugin `netinfof`: the usable information of a graph for a task, without training."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness import (
    CommandSpec,
    Estimate,
    EstimatorSpec,
    Graph,
    LabelledSamples,
    Links,
    ModelSpec,
    Prediction,
    Quantity,
)
from harness import hookimpl as _hookimpl

HARNESS_API = 1

NUI = Quantity(
    "network_usable_information",
    "",
    "higher",
    lower=0.0,
    upper=1.0,
    summary="2^-H(Y|B), H in bits: a lower bound of the accuracy of the best guess from the bins B",
    reading="{value} where labels by chance give {null}; component {component} carries it (u: "
    "structure, r: neighbourhoods, f: features, p: neighbours' features, s: smoothed features): "
    "the best guess from its bins is right at least that often, on what was counted "
    "{plug_in_accuracy}",
)

_PAPER = "M.-C. Lee et al., NetInfoF Framework, ICLR 2024, arXiv:2402.07999"
_INSTALL = "infoharness[netinfof]"
_MODEL: dict[str, Any] = {
    "settings": "harness_netinfof.settings:Vectors",
    "reads": (Graph, Links),
    "gives": LabelledSamples,
    "requires": ("numba", "scipy"),
    "install": _INSTALL,
    "paper": _PAPER,
}
_NETWORK: dict[str, Any] = {
    "settings": "harness_netinfof.settings:Network",
    "reads": (Graph, Links),
    "gives": Prediction,
    "needs": ("split",),
    "requires": ("numba", "scipy", "torch"),
    "install": _INSTALL,
}

MODELS = (
    ModelSpec(
        name="netinfof",
        summary="the five components side by side",
        implementation="harness_netinfof.embed:Embedding",
        **_MODEL,
    ),
    ModelSpec(
        name="netinfof-u",
        summary="structure: singular vectors of the adjacency matrix",
        implementation="harness_netinfof.embed:Structure",
        **_MODEL,
    ),
    ModelSpec(
        name="netinfof-r",
        summary="neighbourhoods: singular vectors of the two-step walk matrix",
        implementation="harness_netinfof.embed:Neighbourhoods",
        **_MODEL,
    ),
    ModelSpec(
        name="netinfof-f",
        summary="principal components of the features",
        implementation="harness_netinfof.embed:Features",
        **_MODEL,
    ),
    ModelSpec(
        name="netinfof-p",
        summary="principal components of features averaged over two hops, without the node itself",
        implementation="harness_netinfof.embed:Propagated",
        **_MODEL,
    ),
    ModelSpec(
        name="netinfof-s",
        summary="principal components of features averaged over two hops, with the node itself",
        implementation="harness_netinfof.embed:Smoothed",
        **_MODEL,
    ),
)

PROBE = EstimatorSpec(
    name="nui",
    summary="network usable information 2^-H(Y|B) from a table of counts, without training",
    implementation="harness_netinfof.probe:Nui",
    settings="harness_netinfof.settings:Probe",
    reads=(Graph, Links, LabelledSamples),
    gives=Estimate,
    quantity=NUI,
    needs=("split",),
    requires=("numba", "scipy", "sklearn"),
    install=_INSTALL,
    paper=_PAPER,
)
ACT = EstimatorSpec(
    name="netinfof-act",
    summary="links or classes predicted by one sparse linear model of the five components",
    implementation="harness_netinfof.act:Act",
    settings="harness_netinfof.settings:Act",
    reads=(Graph, Links),
    gives=Prediction,
    needs=("split",),
    requires=("numba", "scipy"),
    install=_INSTALL,
    paper=_PAPER,
)
NETWORKS = (
    EstimatorSpec(
        name="gcn",
        summary="trained network of two graph convolutions",
        implementation="harness_netinfof.trained:GCN",
        paper="T. Kipf and M. Welling, ICLR 2017, arXiv:1609.02907",
        **_NETWORK,
    ),
    EstimatorSpec(
        name="sage",
        summary="trained network of two layers of a node's features and its neighbours' mean",
        implementation="harness_netinfof.trained:Sage",
        paper="W. Hamilton et al., NeurIPS 2017, arXiv:1706.02216",
        **_NETWORK,
    ),
    EstimatorSpec(
        name="gat",
        summary="trained network of two layers of attention over neighbours",
        implementation="harness_netinfof.trained:GAT",
        paper="P. Velickovic et al., ICLR 2018, arXiv:1710.10903",
        **_NETWORK,
    ),
    EstimatorSpec(
        name="sgc",
        summary="trained linear model of features smoothed twice over the graph",
        implementation="harness_netinfof.trained:SGC",
        paper="F. Wu et al., ICML 2019, arXiv:1902.07153",
        **_NETWORK,
    ),
    EstimatorSpec(
        name="linear",
        summary="trained linear model of the features alone",
        implementation="harness_netinfof.trained:Linear",
        **_NETWORK,
    ),
)


@_hookimpl
def harness_models() -> Iterable[ModelSpec]:
    """Closed-form embeddings: nodes or pairs of nodes as labelled vectors."""
    return MODELS


@_hookimpl
def harness_estimators() -> Iterable[EstimatorSpec]:
    """The probe, the sparse linear model, and networks trained at greater cost."""
    return (PROBE, ACT, *NETWORKS)


@_hookimpl
def harness_commands() -> Iterable[CommandSpec]:
    """The verb ``graph``."""
    yield CommandSpec(
        name="graph",
        summary="what a graph tells of classes or links, before and beside training",
        implementation="harness_netinfof.command",
    )
