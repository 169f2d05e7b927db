"""Plugin `netinfof`: the usable information of a graph for a task, without training."""

from __future__ import annotations

from collections.abc import Iterable

from harness import (
    Estimate,
    EstimatorSpec,
    Graph,
    LabelledSamples,
    Links,
    ModelSpec,
    Param,
    Prediction,
    Quantity,
)
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
    Param(
        "walks",
        str,
        "exact",
        "the walk matrix of r: its expectation, or sampled walks",
        choices=("exact", "sampled"),
    ),
    Param("trials", int, 200, "sampled walks per node", low=1),
    Param("threshold", int, 1, "sampled visits up to this number are dropped", low=0),
    Param(
        "adjust",
        str,
        "compatibility",
        "similarity of pairs: z_i H* z_j, or z_i z_j",
        choices=("compatibility", "identity"),
    ),
    Param(
        "centre",
        str,
        "warm",
        "what the damping draws H* to: a ridge regression's answer, or zero",
        choices=("warm", "zero"),
    ),
    Param("damp", float, 1.0, "weight of that pull", low=0.0),
    Param("tolerance", float, 0.01, "relative residual at which the solver of H* stops", above=0.0),
)
_CHOSEN = Param(
    "components", tuple[str, ...], _COMPONENTS, "components that are used", choices=_COMPONENTS
)
_MODELS = (
    ("netinfof", "the five components side by side", "Embedding"),
    ("netinfof-u", "structure: singular vectors of the adjacency", "Structure"),
    (
        "netinfof-r",
        "neighbourhoods: singular vectors of the two-step walk matrix",
        "Neighbourhoods",
    ),
    ("netinfof-f", "principal components of the features", "Features"),
    (
        "netinfof-p",
        "principal components of features averaged over two hops, without the node itself",
        "Propagated",
    ),
    (
        "netinfof-s",
        "principal components of features averaged over two hops, with the node itself",
        "Smoothed",
    ),
)

_TRAINED = (
    (
        "gcn",
        "two graph convolutions, trained",
        "T. Kipf and M. Welling, ICLR 2017, arXiv:1609.02907",
    ),
    (
        "sage",
        "two layers of own features and the neighbours' mean, trained",
        "W. Hamilton et al., NeurIPS 2017, arXiv:1706.02216",
    ),
    (
        "gat",
        "two layers of attention over neighbours, trained",
        "P. Velickovic et al., ICLR 2018, arXiv:1710.10903",
    ),
    (
        "sgc",
        "a linear model on features smoothed twice, trained",
        "F. Wu et al., ICML 2019, arXiv:1902.07153",
    ),
    ("linear", "a linear model on features alone, trained", ""),
)
_TRAINING = (
    Param(
        "hidden",
        int,
        64,
        "width of the hidden layer, and of the vectors that links are read from",
        low=1,
    ),
    Param("epochs", int, 300, "steps of Adam at most, each on the whole training part", low=1),
    Param(
        "patience", int, 100, "steps without a better validation value that end the training", low=1
    ),
    Param("learning_rate", float, 0.01, "of Adam", above=0.0),
    Param("decay", float, 5e-5, "weight decay", low=0.0),
    Param(
        "dropout",
        float,
        0.5,
        "share of the inputs of each layer that is dropped in training",
        low=0.0,
        high=0.95,
    ),
    Param("device", str, "cpu", "where the network runs", choices=("cpu", "cuda")),
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
                Param(
                    "pair",
                    str,
                    "similarity",
                    "what stands for a pair of nodes",
                    choices=("similarity", "products"),
                ),
            ),
            requires=("numba", "scipy"),
            install="infoharness[netinfof]",
            paper=_PAPER,
        )


@_hookimpl
def harness_estimators() -> Iterable[EstimatorSpec]:
    """The probe, the solver, and what is trained at greater cost."""
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
            Param(
                "part",
                str,
                "valid",
                "the part that is counted; test where it is empty",
                choices=("valid", "test"),
            ),
            Param(
                "correction",
                str,
                "none",
                "of the entropy for few counts",
                choices=("none", "miller-madow"),
            ),
            Param(
                "shuffles",
                int,
                20,
                "shuffles of the labels for the null score in the diagnostics",
                low=0,
            ),
        ),
        requires=("numba", "scipy", "sklearn"),
        install="infoharness[netinfof]",
        paper=_PAPER,
    )
    yield EstimatorSpec(
        name="netinfof-act",
        summary="links or classes predicted by one sparse linear model on the closed-form embeddings",
        implementation="harness_netinfof.act:Act",
        reads=(Graph, Links),
        gives=Prediction,
        needs=("split",),
        params=(
            *_BACKBONE,
            _CHOSEN,
            Param(
                "sparsity",
                tuple[float, ...],
                (1e-4, 1e-5),
                "weights of sum |w| that are tried",
                low=0.0,
            ),
            Param(
                "group",
                tuple[float, ...],
                (1e-3, 1e-4, 1e-5, 1e-6),
                "weights of sum |w_component| tried",
                low=0.0,
            ),
            Param(
                "steps", int, 500, "steps of the solver at most, for each pair of weights", low=1
            ),
            Param(
                "patience",
                int,
                5,
                "looks at the validation part without improvement that end a fit",
                low=1,
            ),
        ),
        requires=("numba", "scipy"),
        install="infoharness[netinfof]",
        paper=_PAPER,
    )
    for name, summary, paper in _TRAINED:
        yield EstimatorSpec(
            name=name,
            summary=summary,
            implementation=f"harness_netinfof.trained:{name.title() if name in ('linear', 'sage') else name.upper()}",
            reads=(Graph, Links),
            gives=Prediction,
            needs=("split",),
            params=_TRAINING,
            requires=("numba", "scipy", "torch"),
            install="infoharness[netinfof]",
            paper=paper,
        )
