"""Plugin `neural`: mutual information by trained critics, all on one training loop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness import Estimate, EstimatorSpec, PairedSamples, hookimpl
from harness.quantities import MUTUAL_INFORMATION

HARNESS_API = 1

_INFORMATION: dict[str, Any] = {
    "reads": PairedSamples,
    "gives": Estimate,
    "quantity": MUTUAL_INFORMATION,
    "requires": ("torch",),
    "install": "infoharness[torch]",
}
_INVARIANT = ("permutation-invariant", "translation-invariant", "scale-invariant")

MINE = EstimatorSpec(
    name="mine",
    summary="Donsker-Varadhan bound, trained with a running mean in the gradient",
    implementation="harness_neural.estimators:MINE",
    settings="harness_neural.settings:RunningMean",
    traits=(*_INVARIANT, "lower-bound"),
    paper="M. Belghazi et al., Mutual Information Neural Estimation, ICML 2018, arXiv:1801.04062",
    **_INFORMATION,
)
DV = EstimatorSpec(
    name="dv",
    summary="Donsker-Varadhan bound",
    implementation="harness_neural.estimators:DV",
    settings="harness_neural.settings:Critic",
    traits=(*_INVARIANT, "lower-bound"),
    paper="M. Donsker, S. Varadhan, Commun. Pure Appl. Math. 36 (1983)",
    **_INFORMATION,
)
NWJ = EstimatorSpec(
    name="nwj",
    summary="bound of Nguyen, Wainwright and Jordan",
    implementation="harness_neural.estimators:NWJ",
    settings="harness_neural.settings:Critic",
    traits=(*_INVARIANT, "lower-bound"),
    paper="X. Nguyen, M. Wainwright, M. Jordan, IEEE Trans. Inf. Theory 56 (2010), arXiv:0809.0853",
    **_INFORMATION,
)
INFONCE = EstimatorSpec(
    name="infonce",
    summary="contrastive bound, at most ln(batch)",
    implementation="harness_neural.estimators:InfoNCE",
    settings="harness_neural.settings:Contrastive",
    traits=(*_INVARIANT, "lower-bound"),
    paper="A. van den Oord, Y. Li, O. Vinyals, arXiv:1807.03748 (2018)",
    **_INFORMATION,
)
SMILE = EstimatorSpec(
    name="smile",
    summary="Donsker-Varadhan value with clipped scores: less variance, not a bound",
    implementation="harness_neural.estimators:SMILE",
    settings="harness_neural.settings:Clipped",
    traits=_INVARIANT,
    paper="J. Song, S. Ermon, Limitations of Variational MI Estimators, ICLR 2020, "
    "arXiv:1910.06222",
    **_INFORMATION,
)
CLUB = EstimatorSpec(
    name="club",
    summary="contrastive log-ratio upper bound, with a fitted Gaussian q(y|x)",
    implementation="harness_neural.likelihood:CLUB",
    settings="harness_neural.settings:Density",
    traits=(*_INVARIANT, "upper-bound"),
    paper="P. Cheng et al., CLUB, ICML 2020, arXiv:2006.12013",
    **_INFORMATION,
)
L1OUT = EstimatorSpec(
    name="l1out",
    summary="leave-one-out upper bound, with a fitted Gaussian q(y|x)",
    implementation="harness_neural.likelihood:L1Out",
    settings="harness_neural.settings:Density",
    traits=(*_INVARIANT, "upper-bound"),
    paper="B. Poole et al., On Variational Bounds of Mutual Information, ICML 2019, "
    "arXiv:1905.06922",
    **_INFORMATION,
)
F_DIME = EstimatorSpec(
    name="f-dime",
    summary="mean logarithm of the density ratio, by a discriminator of an f-divergence",
    implementation="harness_neural.estimators:FDIME",
    settings="harness_neural.settings:Discriminator",
    traits=_INVARIANT,
    paper="N. Letizia, N. Novello, A. Tonello, Mutual Information Estimation via f-Divergence and "
    "Data Derangements, NeurIPS 2024, arXiv:2305.20025",
    **_INFORMATION,
)
KNIFE = EstimatorSpec(
    name="knife",
    summary="h(Y) - h(Y|X), each by a learned mixture of Gaussian kernels",
    implementation="harness_neural.knife:KNIFE",
    settings="harness_neural.settings:Kernels",
    traits=_INVARIANT,
    paper="G. Pichler et al., A Differential Entropy Estimator for Training Neural Networks, ICML "
    "2022, arXiv:2202.06618",
    **_INFORMATION,
)
MINDE = EstimatorSpec(
    name="minde",
    summary="scores of noisy data, of x with y known and of x alone (diffusion)",
    implementation="harness_neural.minde:MINDE",
    settings="harness_neural.settings:Diffusion",
    traits=_INVARIANT,
    paper="G. Franzese, M. Bounoua, P. Michiardi, MINDE: Mutual Information Neural Diffusion "
    "Estimation, ICLR 2024, arXiv:2310.09031",
    **_INFORMATION,
)
FLOW_MATCHING = EstimatorSpec(
    name="flow-matching",
    summary="divergence of a flow from x of any y to x given y",
    implementation="harness_neural.flow:FlowMatching",
    settings="harness_neural.settings:Flow",
    traits=_INVARIANT,
    paper="I. Butakov, A. Semenenko, A. Frolov, I. Oseledets, FMMI: Flow Matching Mutual "
    "Information Estimation, arXiv:2511.08552 (2025)",
    **_INFORMATION,
)
LATENT_MI = EstimatorSpec(
    name="latent-mi",
    summary="neighbours in representations by autoencoders that predict both variables",
    implementation="harness_neural.latent:LatentMI",
    settings="harness_neural.settings:Latent",
    traits=(*_INVARIANT, "lower-bound"),
    paper="G. Gowri et al., Approximating Mutual Information of High-Dimensional Variables Using "
    "Learned Representations, NeurIPS 2024, arXiv:2409.02732",
    **_INFORMATION,
)


@hookimpl
def harness_estimators() -> Iterable[EstimatorSpec]:
    """Bounds by a critic T(x, y), and by a fitted conditional density q(y|x)."""
    return (
        *(MINE, DV, NWJ, INFONCE, SMILE, CLUB, L1OUT),
        *(F_DIME, KNIFE, MINDE, LATENT_MI, FLOW_MATCHING),
    )
