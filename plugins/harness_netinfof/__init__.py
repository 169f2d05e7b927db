"""Plugin `netinfof`: how much usable information a graph holds for a task, without training; and solving the task with it."""

from __future__ import annotations

from collections.abc import Iterable

from harness import Estimate, EstimatorSpec, Graph, LabelledSamples, Links, ModelSpec, Param, Quantity
from harness import hookimpl as _hookimpl
from harness_netinfof.names import COMPONENTS as _COMPONENTS

HARNESS_API = 1

NUI = Quantity(
    "network_usable_information",
    "",
    "higher",
    lower=0.0,
    upper=1.0,
    summary="2^-H(Y|B), H in bits: a lower bound of the accuracy of the best guess from the bins B",
)

_PAPER = "M.-C. Lee et al., NetInfoF Framework, ICLR 2024, arXiv:2402.07999"

_BACKBONE = (
    Param("dim", int, 128, "columns of each component at most", low=1),
    Param("walks", str, "exact", "the walk matrix of r: its expectation, or sampled walks", choices=("exact", "sampled")),
    Param("trials", int, 200, "sampled walks per node", low=1),
    Param("threshold", int, 1, "sampled visits up to this number are dropped", low=0),
    Param("adjust", str, "compatibility", "similarity of pairs: z_i H* z_j, or z_i z_j", choices=("compatibility", "identity")),
    Param("centre", str, "warm", "what the damping draws H* to: a ridge regression's answer, or zero", choices=("warm", "zero")),
    Param("damp", float, 1.0, "weight of that pull", low=0.0),
    Param("tolerance", float, 0.03, "relative residual at which the solver of H* stops", above=0.0),
)
_CHOSEN = Param("components", tuple[str, ...], _COMPONENTS, "components that are used", choices=_COMPONENTS)
_MODELS = (
    ("netinfof", "the five components side by side", "Embedding"),
    ("netinfof-u", "structure: singular vectors of the adjacency", "Structure"),
    ("netinfof-r", "neighbourhoods: singular vectors of the two-step walk matrix", "Neighbourhoods"),
    ("netinfof-f", "principal components of the features", "Features"),
    ("netinfof-p", "principal components of features averaged over two hops, without the node itself", "Propagated"),
    ("netinfof-s", "principal components of features averaged over two hops, with the node itself", "Smoothed"),
)


@_hookimpl
def harness_models() -> Iterable[ModelSpec]:
    """Closed-form embeddings: nodes or pairs of nodes as labelled vectors."""
    for name, summary, implementation in _MODELS:
        yield ModelSpec(
            name=name,
            summary=summary,
            implementation=f"harness_netinfof.embed:{implementation}",
            reads=(Graph, Links),
            gives=LabelledSamples,
            params=(
                *_BACKBONE,
                Param("pair", str, "similarity", "what stands for a pair of nodes", choices=("similarity", "products")),
            ),
            requires=("numba", "scipy"),
            install="infoharness[netinfof]",
            paper=_PAPER,
        )


@_hookimpl
def harness_estimators() -> Iterable[EstimatorSpec]:
    """The probe."""
    yield EstimatorSpec(
        name="nui",
        summary="network usable information 2^-H(Y|B) from a table of counts: no training",
        implementation="harness_netinfof.probe:Nui",
        reads=(Graph, Links, LabelledSamples),
        gives=Estimate,
        quantity=NUI,
        needs=("split",),
        params=(
            *_BACKBONE,
            _CHOSEN,
            Param("bins", int, 8, "bins of similarities, and of any single column", low=2),
            Param("clusters", int, 8, "clusters per class, for vectors", low=1),
            Param("part", str, "valid", "the part that is counted; test where it is empty", choices=("valid", "test")),
            Param("correction", str, "none", "of the entropy for few counts", choices=("none", "miller-madow")),
            Param("shuffles", int, 20, "shuffles of the labels for the null score in the diagnostics", low=0),
        ),
        requires=("numba", "scipy", "sklearn"),
        install="infoharness[netinfof]",
        paper=_PAPER,
    )
