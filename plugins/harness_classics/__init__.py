"""Plugin `classics`: estimators of entropy and mutual information that others are compared with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness import (
    ConditionedSamples,
    Estimate,
    EstimatorSpec,
    LabelledSamples,
    PairedSamples,
    Quantity,
    Samples,
    hookimpl,
)
from harness.quantities import CONDITIONAL_MUTUAL_INFORMATION, ENTROPY, MUTUAL_INFORMATION

HARNESS_API = 1

SLICED_MUTUAL_INFORMATION = Quantity(
    "sliced_mutual_information",
    "nats",
    "none",
    lower=0.0,
    summary="SI(X;Y), mean of I over random lines through X and Y: at most I(X;Y), and another "
    "quantity",
)

_ENTROPY: dict[str, Any] = {"reads": Samples, "gives": Estimate, "quantity": ENTROPY}
_INFORMATION: dict[str, Any] = {
    "reads": PairedSamples,
    "gives": Estimate,
    "quantity": MUTUAL_INFORMATION,
}
_CONDITIONAL: dict[str, Any] = {
    "reads": ConditionedSamples,
    "gives": Estimate,
    "quantity": CONDITIONAL_MUTUAL_INFORMATION,
}
_COMPILED: dict[str, Any] = {"requires": ("numba",), "install": "infoharness[classics]"}

_SHIFTED = ("deterministic", "permutation-invariant", "translation-invariant", "local-mean")
_SCALED = (*_SHIFTED, "scale-invariant")
_COPULA = ("deterministic", "permutation-invariant", "translation-invariant", "scale-invariant")

_KSG = "A. Kraskov, H. Stögbauer, P. Grassberger, Phys. Rev. E 69, 066138 (2004)"
_KL = "L. Kozachenko, N. Leonenko, Probl. Inf. Transm. 23 (1987)"
_WKL = "T. Berrett, R. Samworth, M. Yuan, Ann. Statist. 47 (2019)"
_MILLER = "G. Miller, Note on the bias of information estimates (1955)"
_KDE = "B. Silverman, Density Estimation for Statistics and Data Analysis (1986)"

KL = EstimatorSpec(
    name="kl",
    summary="entropy from the distance to the k-th neighbour (Kozachenko-Leonenko)",
    implementation="harness_classics.entropy:KL",
    settings="harness_classics.settings:Distances",
    traits=_SHIFTED,
    paper=_KL,
    **_ENTROPY,
    **_COMPILED,
)
WKL = EstimatorSpec(
    name="wkl",
    summary="weighted entropy from the first k neighbours (Berrett-Samworth-Yuan)",
    implementation="harness_classics.entropy:WKL",
    settings="harness_classics.settings:WeightedDistances",
    traits=_SHIFTED,
    paper=_WKL,
    **_ENTROPY,
    **_COMPILED,
)
KDE = EstimatorSpec(
    name="kde",
    summary="entropy from a leave-one-out kernel density",
    implementation="harness_classics.density:KDE",
    settings="harness_classics.settings:Kernel",
    traits=_SHIFTED,
    paper=_KDE,
    **_ENTROPY,
    **_COMPILED,
)
GAUSSIAN_ENTROPY = EstimatorSpec(
    name="gaussian-entropy",
    summary="entropy of the Gaussian with the covariance of the data, an upper bound",
    implementation="harness_classics.gaussian:GaussianEntropy",
    settings="harness_classics.settings:Covariance",
    traits=(*_SHIFTED, "upper-bound"),
    **_ENTROPY,
)
PLUG_IN_ENTROPY = EstimatorSpec(
    name="plug-in-entropy",
    summary="entropy of integer codes from their counts",
    implementation="harness_classics.discrete:PlugInEntropy",
    traits=_SCALED,
    paper=_MILLER,
    **_ENTROPY,
)
MILLER_MADOW_ENTROPY = EstimatorSpec(
    name="miller-madow-entropy",
    summary="entropy of integer codes from their counts, with the Miller-Madow correction",
    implementation="harness_classics.discrete:MillerMadowEntropy",
    traits=_SCALED,
    paper=_MILLER,
    **_ENTROPY,
)

KSG = EstimatorSpec(
    name="ksg",
    summary="mutual information from neighbours in the joint space (Kraskov et al., first)",
    implementation="harness_classics.ksg:KSG",
    settings="harness_classics.settings:Tied",
    traits=_SCALED,
    paper=_KSG,
    **_INFORMATION,
    **_COMPILED,
)
KSG2 = EstimatorSpec(
    name="ksg2",
    summary="mutual information from boxes around joint neighbours (Kraskov et al., second)",
    implementation="harness_classics.ksg:KSG2",
    settings="harness_classics.settings:Tied",
    traits=_SCALED,
    paper=_KSG,
    **_INFORMATION,
    **_COMPILED,
)
KL_3H = EstimatorSpec(
    name="kl-3h",
    summary="mutual information as three entropies by `kl`",
    implementation="harness_classics.entropy:KL3H",
    settings="harness_classics.settings:Distances",
    traits=_SCALED,
    paper=_KL,
    **_INFORMATION,
    **_COMPILED,
)
WKL_3H = EstimatorSpec(
    name="wkl-3h",
    summary="mutual information as three weighted entropies by `wkl`",
    implementation="harness_classics.entropy:WKL3H",
    settings="harness_classics.settings:WeightedDistances",
    traits=_SCALED,
    paper=_WKL,
    **_INFORMATION,
    **_COMPILED,
)
KDE_3H = EstimatorSpec(
    name="kde-3h",
    summary="mutual information as three leave-one-out kernel entropies",
    implementation="harness_classics.density:KDE3H",
    settings="harness_classics.settings:ThreeKernels",
    traits=_SCALED,
    paper=_KDE,
    **_INFORMATION,
    **_COMPILED,
)
ROSS = EstimatorSpec(
    name="ross",
    summary="mutual information of a continuous and a discrete variable",
    implementation="harness_classics.mixed:Ross",
    settings="harness_classics.settings:Joint",
    traits=_SCALED,
    paper="B. Ross, PLoS ONE 9, e87357 (2014)",
    **_INFORMATION | {"reads": (PairedSamples, LabelledSamples)},
    **_COMPILED,
)
MIXED_KSG = EstimatorSpec(
    name="mixed-ksg",
    summary="mutual information of mixtures: variables with atoms, codes beside numbers",
    implementation="harness_classics.mixture:MixedKSG",
    settings="harness_classics.settings:Joint",
    traits=_SCALED,
    paper="W. Gao, S. Kannan, S. Oh, P. Viswanath, NeurIPS 2017, arXiv:1709.06212",
    **_INFORMATION | {"reads": (PairedSamples, LabelledSamples)},
    **_COMPILED,
)
PLUG_IN = EstimatorSpec(
    name="plug-in",
    summary="mutual information of two discrete variables from their counts",
    implementation="harness_classics.discrete:PlugIn",
    traits=_SCALED,
    paper=_MILLER,
    **_INFORMATION,
)
MILLER_MADOW = EstimatorSpec(
    name="miller-madow",
    summary="mutual information from counts, with the Miller-Madow correction",
    implementation="harness_classics.discrete:MillerMadow",
    traits=_SCALED,
    paper=_MILLER,
    **_INFORMATION,
)
GAUSSIAN = EstimatorSpec(
    name="gaussian",
    summary="mutual information of Gaussian variables from their canonical correlations",
    implementation="harness_classics.gaussian:Gaussian",
    settings="harness_classics.settings:Covariance",
    traits=_SCALED,
    **_INFORMATION,
)
GAUSSIAN_COPULA = EstimatorSpec(
    name="gaussian-copula",
    summary="mutual information of a Gaussian copula, from the correlations of normal scores",
    implementation="harness_classics.copula:GaussianCopula",
    settings="harness_classics.settings:Copula",
    traits=_SCALED,
    paper="R. Ince et al., Hum. Brain Mapp. 38, 1541 (2017)",
    **_INFORMATION,
)
STUDENT_COPULA = EstimatorSpec(
    name="student-copula",
    summary="mutual information of a Student copula: correlations and a scale in common",
    implementation="harness_classics.copula:StudentCopula",
    settings="harness_classics.settings:Copula",
    traits=_COPULA,
    paper="S. Demarta, A. McNeil, Int. Stat. Rev. 73, 111 (2005)",
    **_INFORMATION,
)
ANCHORED_KSG = EstimatorSpec(
    name="anchored-ksg",
    summary="a Student copula, and by neighbours what the data have beyond it",
    implementation="harness_classics.anchored:AnchoredKSG",
    settings="harness_classics.settings:Anchored",
    traits=("permutation-invariant", "translation-invariant", "scale-invariant"),
    **_INFORMATION,
    **_COMPILED,
)
SLICED_KSG = EstimatorSpec(
    name="sliced-ksg",
    summary="sliced mutual information: the mean of `ksg` over random lines",
    implementation="harness_classics.sliced:SlicedKSG",
    settings="harness_classics.settings:Slices",
    traits=("permutation-invariant", "translation-invariant", "scale-invariant"),
    paper="Z. Goldfeld, K. Greenewald, Sliced Mutual Information, NeurIPS 2021, arXiv:2110.05279",
    **_INFORMATION | {"quantity": SLICED_MUTUAL_INFORMATION},
    **_COMPILED,
)

FRENZEL_POMPE = EstimatorSpec(
    name="frenzel-pompe",
    summary="conditional mutual information from neighbours in the joint space",
    implementation="harness_classics.ksg:FrenzelPompe",
    settings="harness_classics.settings:Tied",
    traits=_SCALED,
    paper="S. Frenzel, B. Pompe, Phys. Rev. Lett. 99, 204101 (2007)",
    **_CONDITIONAL,
    **_COMPILED,
)
MESNER_SHALIZI = EstimatorSpec(
    name="mesner-shalizi",
    summary="conditional mutual information of continuous, discrete and mixed variables",
    implementation="harness_classics.mesner_shalizi:MesnerShalizi",
    settings="harness_classics.settings:Joint",
    traits=_SCALED,
    paper="O. Mesner, C. Shalizi, IEEE Trans. Inf. Theory 67, 464 (2021)",
    **_CONDITIONAL,
    **_COMPILED,
)
PLUG_IN_CMI = EstimatorSpec(
    name="plug-in-cmi",
    summary="conditional mutual information of discrete variables from their counts",
    implementation="harness_classics.discrete:PlugInCMI",
    traits=_SCALED,
    paper=_MILLER,
    **_CONDITIONAL,
)
MILLER_MADOW_CMI = EstimatorSpec(
    name="miller-madow-cmi",
    summary="conditional mutual information from counts, with the Miller-Madow correction",
    implementation="harness_classics.discrete:MillerMadowCMI",
    traits=_SCALED,
    paper=_MILLER,
    **_CONDITIONAL,
)


@hookimpl
def harness_estimators() -> Iterable[EstimatorSpec]:
    """Entropy, mutual information, conditional mutual information."""
    return (
        *(KL, WKL, KDE, GAUSSIAN_ENTROPY, PLUG_IN_ENTROPY, MILLER_MADOW_ENTROPY),
        *(KSG, KSG2, KL_3H, WKL_3H, KDE_3H, ROSS, MIXED_KSG, PLUG_IN, MILLER_MADOW, GAUSSIAN),
        *(GAUSSIAN_COPULA, STUDENT_COPULA, ANCHORED_KSG, SLICED_KSG),
        *(FRENZEL_POMPE, MESNER_SHALIZI, PLUG_IN_CMI, MILLER_MADOW_CMI),
    )
