"""Plugin `ib_lossy`: compress first, then measure; and the information plane of a stochastic network."""

from __future__ import annotations

from collections.abc import Iterable

from harness import (
    Kind,
    LabelledSamples,
    ModelSpec,
    PairedSamples,
    Param,
    ReportSpec,
    Samples,
    TaskSpec,
)
from harness import hookimpl as _hookimpl
from harness.quantities import MUTUAL_INFORMATION

HARNESS_API = 1

_PAPER = "I. Butakov et al., Information Bottleneck Analysis of DNNs via Lossy Compression, ICLR 2024, arXiv:2305.08013"

_SIDE = Param(
    "side",
    str,
    "both",
    "which variable is compressed; a discrete one never is",
    choices=("x", "y", "both"),
)
_CODE = (
    Param("code_dim", int, 4, "dimensions of the code", low=1),
    Param(
        "singular",
        str,
        "allow",
        "what happens where the code has more dimensions than the data in it",
        choices=("allow", "refuse"),
    ),
)
_PCA = (*_CODE, Param("whiten", bool, False, "give every direction of the code the variance 1"))
_AUTOENCODER = (
    *_CODE,
    Param(
        "layers",
        str,
        "dense",
        "fully connected, or convolutions on square pictures",
        choices=("dense", "conv"),
    ),
    Param(
        "hidden",
        tuple[int, ...],
        (128, 64),
        "widths between data and code (dense), channels (conv)",
        low=1,
    ),
    Param(
        "code_noise",
        float,
        0.02,
        "standard deviation of the noise on the code in training",
        low=0.0,
    ),
    Param("steps", int, 3000, "steps of Adam", low=1),
    Param(
        "batch", int, 256, "samples per step; the whole training part where it is smaller", low=1
    ),
    Param(
        "learning_rate",
        float,
        2e-3,
        "of Adam at the start; it falls to zero by a cosine",
        above=0.0,
    ),
    Param("device", str, "cpu", "where the network runs", choices=("cpu", "cuda")),
)
_USES = ("superposition/two-nn",)
_KINDS: tuple[tuple[str, str, type[Kind]], ...] = (
    ("", "Pairs", PairedSamples),
    ("-samples", "Samples", Samples),
    ("-labelled", "Labelled", LabelledSamples),
)


@_hookimpl
def harness_models() -> Iterable[ModelSpec]:
    """Compressors: fitted on the training part, they hand on the codes of the test part."""
    for ending, suffix, kind in _KINDS:
        yield ModelSpec(
            name=f"identity{ending}",
            summary="no compression: the test part as it is",
            implementation="harness_ib_lossy.identity:Identity",
            reads=kind,
            gives=kind,
            traits=("deterministic",),
            paper=_PAPER,
        )
        sides = (_SIDE,) if kind is PairedSamples else ()
        yield ModelSpec(
            name=f"pca{ending}",
            summary="codes by the leading principal components of the training part",
            implementation=f"harness_ib_lossy.pca:PCA{suffix}",
            reads=kind,
            gives=kind,
            params=(*_PCA, *sides),
            traits=("deterministic",),
            uses=_USES,
            paper=_PAPER,
        )
        yield ModelSpec(
            name=f"autoencoder{ending}",
            summary="codes by an autoencoder of the training part",
            implementation=f"harness_ib_lossy.autoencoder:Autoencoder{suffix}",
            reads=kind,
            gives=kind,
            params=(*_AUTOENCODER, *sides),
            requires=("torch",),
            install="infoharness[ib_lossy]",
            uses=_USES,
            paper=_PAPER,
            keep=True,
        )


@_hookimpl
def harness_tasks() -> Iterable[TaskSpec]:
    """The information plane."""
    yield TaskSpec(
        name="ib-plane",
        summary="layers of a noisy classifier in training: I(X;L) and I(L;Y) of every layer and epoch",
        implementation="harness_ib_lossy.ib_plane:IBPlane",
        params=(
            Param(
                "dataset",
                str,
                "digits",
                "digits of scikit-learn, a Hugging Face id, or a Parquet file",
            ),
            Param("image", str, "image", "column of the pictures"),
            Param("label", str, "label", "column of the labels"),
            Param(
                "limit", int, 0, "most pictures that are used, drawn at random; 0 for all", low=0
            ),
            Param(
                "train_share",
                float,
                0.5,
                "share of the pictures that the network learns from",
                above=0.0,
                high=0.99,
            ),
            Param("hidden", tuple[int, ...], (32, 16), "widths of the hidden layers", low=1),
            Param(
                "epochs",
                tuple[int, ...],
                (0, 1, 2, 5, 10, 20, 50, 100),
                "when the layers are looked at",
                low=0,
            ),
            Param(
                "noise",
                str,
                "absolute",
                "noise of one size, or in proportion",
                choices=("absolute", "relative"),
            ),
            Param(
                "sigma", float, 0.1, "standard deviation of the noise before each layer", low=0.0
            ),
            Param("batch", int, 64, "pictures per step", low=1),
            Param("learning_rate", float, 1e-3, "of Adam", above=0.0),
        ),
        gives=PairedSamples,
        quantities=(MUTUAL_INFORMATION,),
        traits=("split",),
        requires=("sklearn", "torch"),
        install="infoharness[ib_lossy]",
        paper=_PAPER,
    )


@_hookimpl
def harness_reports() -> Iterable[ReportSpec]:
    """The information plane."""
    plane = "harness_ib_lossy.reports.plane:InformationPlane"
    yield ReportSpec(
        name="plane",
        summary="the information plane of a network in training, a panel for each layer",
        implementation=plane,
        settings=plane,
        reads=("ib_lossy/ib-plane",),
    )
