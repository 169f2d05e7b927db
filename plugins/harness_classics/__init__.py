"""Plugin `classics`: the estimators of entropy and mutual information that everyone compares against."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness import (
    ConditionedSamples,
    Estimate,
    EstimatorSpec,
    LabelledSamples,
    PairedSamples,
    Param,
    Samples,
)
from harness import hookimpl as _hookimpl
from harness.quantities import CONDITIONAL_MUTUAL_INFORMATION, ENTROPY, MUTUAL_INFORMATION

HARNESS_API = 1

_EVERY = ("deterministic", "permutation-invariant", "translation-invariant", "local-mean")
_MI = (*_EVERY, "scale-invariant")
_CODES = (
    "deterministic",
    "permutation-invariant",
    "translation-invariant",
    "scale-invariant",
    "local-mean",
)
_NUMBA = {"requires": ("numba",), "install": "infoharness[classics]"}

_KSG = "A. Kraskov, H. Stögbauer, P. Grassberger, Phys. Rev. E 69, 066138 (2004)"
_KL = "L. Kozachenko, N. Leonenko, Probl. Inf. Transm. 23 (1987)"
_WKL = "T. Berrett, R. Samworth, M. Yuan, Ann. Statist. 47 (2019)"
_ROSS = "B. Ross, PLoS ONE 9, e87357 (2014)"
_MILLER = "G. Miller, Note on the bias of information estimates (1955)"
_MESNER = "O. Mesner, C. Shalizi, IEEE Trans. Inf. Theory 67, 464 (2021)"
_FP = "S. Frenzel, B. Pompe, Phys. Rev. Lett. 99, 204101 (2007)"
_KDE = "B. Silverman, Density Estimation for Statistics and Data Analysis (1986)"

_K = Param("k", int, 5, "neighbours", low=1)
_STANDARDIZE = Param("standardize", bool, True, "divide each column by its standard deviation")
_METRIC = Param("metric", str, "euclidean", "distance", choices=("euclidean", "chebyshev"))
_WHITEN = Param(
    "whiten", bool, True, "take the covariance out first, and its volume back in at the end"
)
_MAX = Param(
    "max_weight",
    float,
    10.0,
    "use plain weights where the norm of the solved ones exceeds it",
    above=0.0,
)
_STDERR = Param(
    "stderr",
    str,
    "subsamples",
    "standard error from disjoint parts, from local values (cheap, too small), or none",
    choices=("subsamples", "local", "none"),
)
_BANDWIDTH = Param(
    "bandwidth",
    float | None,
    None,
    "in standard deviations; none: of greatest likelihood",
    above=0.0,
)
_CORRECT = Param("correct", bool, False, "take off the bias that Gaussian data have")
_SHARED = Param("shared", bool, True, "use the joint density's bandwidth for all three entropies")


def _entropy(name: str, summary: str, implementation: str, **more: Any) -> EstimatorSpec:
    settings: dict[str, Any] = {"traits": _EVERY, "quantity": ENTROPY} | _NUMBA | more
    return EstimatorSpec(
        name=name,
        summary=summary,
        implementation=f"harness_classics.{implementation}",
        reads=Samples,
        gives=Estimate,
        **settings,
    )


def _information(name: str, summary: str, implementation: str, **more: Any) -> EstimatorSpec:
    settings: dict[str, Any] = (
        {"reads": PairedSamples, "traits": _MI, "quantity": MUTUAL_INFORMATION} | _NUMBA | more
    )
    return EstimatorSpec(
        name=name,
        summary=summary,
        implementation=f"harness_classics.{implementation}",
        gives=Estimate,
        **settings,
    )


@_hookimpl
def harness_estimators() -> Iterable[EstimatorSpec]:
    """Entropy, mutual information, conditional mutual information."""
    plain, neighbours = {"requires": (), "install": ""}, (_K, _METRIC, _WHITEN, _STDERR)
    yield _entropy(
        "kl",
        "entropy from the k-th neighbour (Kozachenko-Leonenko)",
        "entropy:KL",
        params=neighbours,
        paper=_KL,
    )
    yield _entropy(
        "wkl",
        "weighted entropy from the first k neighbours (Berrett-Samworth-Yuan)",
        "entropy:WKL",
        params=(*neighbours, _MAX),
        paper=_WKL,
    )
    yield _entropy(
        "kde",
        "entropy from a leave-one-out kernel density",
        "density:KDE",
        params=(_BANDWIDTH, _STDERR),
        paper=_KDE,
    )
    yield _entropy(
        "gaussian-entropy",
        "entropy of the Gaussian with the data's covariance: the greatest for it",
        "gaussian:GaussianEntropy",
        params=(_CORRECT,),
        traits=(*_EVERY, "upper-bound"),
        **plain,
    )
    yield _entropy(
        "plug-in-entropy",
        "entropy of integer codes from their counts",
        "discrete:PlugInEntropy",
        traits=_CODES,
        paper=_MILLER,
        **plain,
    )
    yield _entropy(
        "miller-madow-entropy",
        "the same with the Miller-Madow correction",
        "discrete:MillerMadowEntropy",
        traits=_CODES,
        paper=_MILLER,
        **plain,
    )
    yield _information(
        "ksg",
        "mutual information from neighbours in the joint space (Kraskov et al., first)",
        "ksg:KSG",
        params=(_K, _STANDARDIZE, _STDERR),
        paper=_KSG,
    )
    yield _information(
        "ksg2",
        "the same with a box around the neighbours (Kraskov et al., second)",
        "ksg:KSG2",
        params=(_K, _STANDARDIZE, _STDERR),
        paper=_KSG,
    )
    yield _information(
        "kl-3h",
        "mutual information as three entropies `kl`",
        "entropy:KL3H",
        params=neighbours,
        paper=_KL,
    )
    yield _information(
        "wkl-3h",
        "mutual information as three weighted entropies `wkl`",
        "entropy:WKL3H",
        params=(*neighbours, _MAX),
        paper=_WKL,
    )
    yield _information(
        "kde-3h",
        "mutual information as three leave-one-out kernel entropies",
        "density:KDE3H",
        params=(_BANDWIDTH, _STDERR, _SHARED),
        paper=_KDE,
    )
    yield _information(
        "ross",
        "mutual information of a continuous and a discrete variable",
        "mixed:Ross",
        reads=(PairedSamples, LabelledSamples),
        params=(_K, _STANDARDIZE, _STDERR),
        paper=_ROSS,
    )
    yield _information(
        "plug-in",
        "mutual information of two discrete variables from their counts",
        "discrete:PlugIn",
        traits=_CODES,
        paper=_MILLER,
        **plain,
    )
    yield _information(
        "miller-madow",
        "the same with the Miller-Madow correction",
        "discrete:MillerMadow",
        traits=_CODES,
        paper=_MILLER,
        **plain,
    )
    yield _information(
        "gaussian",
        "mutual information of a Gaussian with the data's covariance (canonical correlations)",
        "gaussian:Gaussian",
        params=(_CORRECT,),
        **plain,
    )
    yield _information(
        "frenzel-pompe",
        "conditional mutual information from neighbours in the joint space",
        "ksg:FrenzelPompe",
        reads=ConditionedSamples,
        quantity=CONDITIONAL_MUTUAL_INFORMATION,
        params=(_K, _STANDARDIZE, _STDERR),
        paper=_FP,
    )
    conditional: dict[str, Any] = {
        "reads": ConditionedSamples,
        "quantity": CONDITIONAL_MUTUAL_INFORMATION,
    }
    yield _information(
        "mesner-shalizi",
        "conditional mutual information of continuous, discrete and mixed variables",
        "mesner_shalizi:MesnerShalizi",
        params=(_K, _STANDARDIZE, _STDERR),
        paper=_MESNER,
        **conditional,
    )
    yield _information(
        "plug-in-cmi",
        "conditional mutual information of discrete variables from their counts",
        "discrete:PlugInCMI",
        traits=_CODES,
        paper=_MILLER,
        **plain,
        **conditional,
    )
    yield _information(
        "miller-madow-cmi",
        "the same with the Miller-Madow correction",
        "discrete:MillerMadowCMI",
        traits=_CODES,
        paper=_MILLER,
        **plain,
        **conditional,
    )
