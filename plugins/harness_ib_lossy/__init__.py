"""Plugin `ib_lossy`: compress first, then measure; noisy networks and channels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness import (
    Estimate,
    EstimatorSpec,
    LabelledSamples,
    ModelSpec,
    PairedSamples,
    ReportSpec,
    Samples,
    TaskSpec,
    hookimpl,
)
from harness.quantities import MUTUAL_INFORMATION

HARNESS_API = 1

_PAPER = (
    "I. Butakov et al., Information Bottleneck Analysis of DNNs via Lossy Compression, ICLR 2024, "
    "arXiv:2305.08013"
)
_PAIRS: dict[str, Any] = {"reads": PairedSamples, "gives": PairedSamples}
_SAMPLES: dict[str, Any] = {"reads": Samples, "gives": Samples}
_LABELLED: dict[str, Any] = {"reads": LabelledSamples, "gives": LabelledSamples}

_IDENTITY: dict[str, Any] = {
    "summary": "no compression: the test part unchanged",
    "implementation": "harness_ib_lossy.identity:Identity",
    "traits": ("deterministic",),
    "paper": _PAPER,
}
_PCA: dict[str, Any] = {
    "summary": "codes by the leading principal components of the training part",
    "traits": ("deterministic",),
    "uses": ("superposition/two-nn",),
    "paper": _PAPER,
}
_AUTOENCODER: dict[str, Any] = {
    "summary": "codes by an autoencoder trained on the training part",
    "requires": ("torch",),
    "install": "infoharness[ib_lossy]",
    "uses": ("superposition/two-nn",),
    "keep": True,
    "paper": _PAPER,
}

IDENTITY = ModelSpec(name="identity", **_IDENTITY, **_PAIRS)
IDENTITY_SAMPLES = ModelSpec(name="identity-samples", **_IDENTITY, **_SAMPLES)
IDENTITY_LABELLED = ModelSpec(name="identity-labelled", **_IDENTITY, **_LABELLED)

PCA = ModelSpec(
    name="pca",
    implementation="harness_ib_lossy.pca:PCAPairs",
    settings="harness_ib_lossy.settings:PairComponents",
    **_PCA,
    **_PAIRS,
)
PCA_SAMPLES = ModelSpec(
    name="pca-samples",
    implementation="harness_ib_lossy.pca:PCASamples",
    settings="harness_ib_lossy.settings:Components",
    **_PCA,
    **_SAMPLES,
)
PCA_LABELLED = ModelSpec(
    name="pca-labelled",
    implementation="harness_ib_lossy.pca:PCALabelled",
    settings="harness_ib_lossy.settings:Components",
    **_PCA,
    **_LABELLED,
)

AUTOENCODER = ModelSpec(
    name="autoencoder",
    implementation="harness_ib_lossy.autoencoder:AutoencoderPairs",
    settings="harness_ib_lossy.settings:PairAutoencoder",
    **_AUTOENCODER,
    **_PAIRS,
)
AUTOENCODER_SAMPLES = ModelSpec(
    name="autoencoder-samples",
    implementation="harness_ib_lossy.autoencoder:AutoencoderSamples",
    settings="harness_ib_lossy.settings:Autoencoder",
    **_AUTOENCODER,
    **_SAMPLES,
)
AUTOENCODER_LABELLED = ModelSpec(
    name="autoencoder-labelled",
    implementation="harness_ib_lossy.autoencoder:AutoencoderLabelled",
    settings="harness_ib_lossy.settings:Autoencoder",
    **_AUTOENCODER,
    **_LABELLED,
)

IB_PLANE = TaskSpec(
    name="ib-plane",
    files={"dataset": (".parquet",)},
    summary="layers of a noisy classifier in training: I(X;L) and I(L;Y) by layer and epoch",
    implementation="harness_ib_lossy.ib_plane:IBPlane",
    settings="harness_ib_lossy.settings:Plane",
    gives=PairedSamples,
    quantities=(MUTUAL_INFORMATION,),
    traits=("split",),
    requires=("sklearn", "torch"),
    install="infoharness[ib_lossy]",
    paper=_PAPER,
)

SAMPLE_PROPAGATION = EstimatorSpec(
    name="sample-propagation",
    summary="information through known Gaussian noise, as the entropy of a mixture about samples",
    implementation="harness_ib_lossy.propagation:SamplePropagation",
    settings="harness_ib_lossy.settings:Propagation",
    reads=PairedSamples,
    gives=Estimate,
    quantity=MUTUAL_INFORMATION,
    traits=("translation-invariant", "local-mean", "lower-bound"),
    requires=("scipy",),
    install="infoharness[ib_lossy]",
    paper="Z. Goldfeld et al., ICML 2019, arXiv:1810.05728",
)

PLANE = ReportSpec(
    name="plane",
    summary="the information plane of a network in training, a panel for each layer",
    implementation="harness_ib_lossy.reports.plane:InformationPlane",
    settings="harness_ib_lossy.reports.plane:InformationPlane",
    reads=("ib_lossy/ib-plane", "networks/activation-plane"),
)


@hookimpl
def harness_models() -> Iterable[ModelSpec]:
    """Compressors: fitted on the training part, they give the codes of the test part."""
    return (
        *(IDENTITY, PCA, AUTOENCODER),
        *(IDENTITY_SAMPLES, PCA_SAMPLES, AUTOENCODER_SAMPLES),
        *(IDENTITY_LABELLED, PCA_LABELLED, AUTOENCODER_LABELLED),
    )


@hookimpl
def harness_estimators() -> Iterable[EstimatorSpec]:
    """What a channel of known noise tells."""
    return (SAMPLE_PROPAGATION,)


@hookimpl
def harness_tasks() -> Iterable[TaskSpec]:
    """The information plane."""
    return (IB_PLANE,)


@hookimpl
def harness_reports() -> Iterable[ReportSpec]:
    """The information plane as a figure."""
    return (PLANE,)
