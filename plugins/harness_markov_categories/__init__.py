"""Plugin `markov_categories`: what kernels, states and heads of language models hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from harness import (
    Estimate,
    EstimatorSpec,
    HeadStates,
    HiddenStates,
    Kernels,
    ModelSpec,
    StateFutures,
    hookimpl,
)
from harness.quantities import ACCURACY, ENTROPY
from harness_markov_categories.quantities import (
    CALIBRATION_GAP,
    CHI_SQUARED,
    DIRICHLET_ENERGY,
    DRAFT_GAIN,
    EFFECTIVE_RANK,
    ENTROPY_GAP,
    HELLINGER,
    INFORMATION_SURPLUS,
    JENSEN_SHANNON,
    KERNEL_ALIGNMENT,
    RENYI,
    SPECTRAL_ALIGNMENT,
    TOTAL_VARIATION,
)

HARNESS_API = 1

_PAPER = "Y. Zhang, A Markov Categorical Framework for Language Modeling, arXiv:2507.19247 (2025)"
_PERRONE = "P. Perrone, Markov categories and entropy, IEEE Trans. Inf. Theory 70, 1671 (2024)"
_INSTALL = "infoharness[markov_categories]"
_ROWS = ("deterministic", "permutation-invariant")

CATEGORICAL_ENTROPY = EstimatorSpec(
    name="categorical-entropy",
    summary="mean entropy of the next token: divergence of a copied one from two independent ones",
    implementation="harness_markov_categories.entropies:Kullback",
    settings="harness_markov_categories.settings:Direction",
    traits=_ROWS,
    reads=(Kernels, HeadStates),
    gives=Estimate,
    quantity=ENTROPY,
    paper=_PAPER,
)
CATEGORICAL_ENTROPY_TV = replace(
    CATEGORICAL_ENTROPY,
    name="categorical-entropy-tv",
    summary="the same by total variation: the index of Gini and Simpson",
    implementation="harness_markov_categories.entropies:TotalVariation",
    settings=None,
    quantity=TOTAL_VARIATION,
    paper=_PERRONE,
)
CATEGORICAL_ENTROPY_HELLINGER = replace(
    CATEGORICAL_ENTROPY_TV,
    name="categorical-entropy-hellinger",
    summary="the same by the squared Hellinger distance",
    implementation="harness_markov_categories.entropies:Hellinger",
    quantity=HELLINGER,
    paper=_PAPER,
)
CATEGORICAL_ENTROPY_RENYI = replace(
    CATEGORICAL_ENTROPY,
    name="categorical-entropy-renyi",
    summary="the same by a Rényi divergence: the Rényi entropy of another order",
    implementation="harness_markov_categories.entropies:Renyi",
    settings="harness_markov_categories.settings:Order",
    quantity=RENYI,
    paper=_PERRONE,
)
CATEGORICAL_ENTROPY_CHI2 = replace(
    CATEGORICAL_ENTROPY_TV,
    name="categorical-entropy-chi2",
    summary="the same by chi-squared: the number of possible tokens less one",
    implementation="harness_markov_categories.entropies:ChiSquared",
    reads=Kernels,
    quantity=CHI_SQUARED,
    paper=_PAPER,
)
CATEGORICAL_ENTROPY_JS = replace(
    CATEGORICAL_ENTROPY_TV,
    name="categorical-entropy-js",
    summary="the same by the Jensen-Shannon divergence",
    implementation="harness_markov_categories.entropies:JensenShannon",
    quantity=JENSEN_SHANNON,
    paper=_PAPER,
)
HEAD_ENTROPY_GAP = EstimatorSpec(
    name="head-entropy-gap",
    summary="how far the mean entropy of a model's laws is from that of the data's",
    implementation="harness_markov_categories.entropies:EntropyGap",
    settings="harness_markov_categories.settings:Gap",
    traits=_ROWS,
    reads=(Kernels, HeadStates),
    gives=Estimate,
    quantity=ENTROPY_GAP,
    paper=_PAPER,
)
CALIBRATION = EstimatorSpec(
    name="calibration-gap",
    summary="cross-entropy less the mean entropy of the model's own laws",
    implementation="harness_markov_categories.entropies:CalibrationGap",
    traits=_ROWS,
    reads=(Kernels, HeadStates),
    gives=Estimate,
    quantity=CALIBRATION_GAP,
    paper=_PAPER,
)

SURPLUS_EXACT = EstimatorSpec(
    name="surplus-exact",
    summary="information surplus from the joint law, where the data hold it",
    implementation="harness_markov_categories.surplus:Exact",
    traits=_ROWS,
    reads=StateFutures,
    gives=Estimate,
    quantity=INFORMATION_SURPLUS,
    paper=_PAPER,
)
SURPLUS_PLUG_IN = EstimatorSpec(
    name="surplus-plug-in",
    summary="information surplus of states that are codes, from counts",
    implementation="harness_markov_categories.surplus:PlugIn",
    settings="harness_markov_categories.settings:Counted",
    traits=(*_ROWS, "local-mean"),
    uses=(
        *("classics/plug-in-cmi", "classics/miller-madow-cmi"),
        *("classics/plug-in", "classics/miller-madow"),
        *("classics/plug-in-entropy", "classics/miller-madow-entropy"),
    ),
    reads=StateFutures,
    gives=Estimate,
    quantity=INFORMATION_SURPLUS,
    paper=_PAPER,
)
SURPLUS_PROBE = EstimatorSpec(
    name="surplus-probe",
    summary="information surplus that a small network can use, on a test part",
    implementation="harness_markov_categories.probe:SurplusProbe",
    settings="harness_markov_categories.settings:Probe",
    requires=("torch",),
    install=_INSTALL,
    reads=StateFutures,
    gives=Estimate,
    quantity=INFORMATION_SURPLUS,
    paper="Y. Xu et al., A theory of usable information, ICLR 2020",
)
DRAFT_ACCURACY = replace(
    SURPLUS_PROBE,
    name="draft-accuracy",
    summary="how often a small network foretells the token after the next one, given the state",
    implementation="harness_markov_categories.probe:DraftAccuracy",
    quantity=ACCURACY,
    paper="Y. Li et al., EAGLE, ICML 2024",
)
DRAFT_GAIN_ESTIMATE = replace(
    DRAFT_ACCURACY,
    name="draft-gain",
    summary="the same less what it foretells without the state",
    implementation="harness_markov_categories.probe:DraftGain",
    quantity=DRAFT_GAIN,
)

SPECTRAL = EstimatorSpec(
    name="spectral-alignment",
    summary="overlap of states with the leading eigenspace of an operator, beside a random one",
    implementation="harness_markov_categories.spectral:SpectralAlignment",
    settings="harness_markov_categories.settings:Alignment",
    requires=("sklearn",),
    install=_INSTALL,
    reads=HeadStates,
    gives=Estimate,
    quantity=SPECTRAL_ALIGNMENT,
    paper=_PAPER,
)
CKA = EstimatorSpec(
    name="cka",
    summary="linear centred kernel alignment of states with an operator",
    implementation="harness_markov_categories.spectral:KernelAlignment",
    settings="harness_markov_categories.settings:Operator",
    reads=HeadStates,
    gives=Estimate,
    quantity=KERNEL_ALIGNMENT,
    paper="S. Kornblith et al., ICML 2019",
)
DIRICHLET = EstimatorSpec(
    name="dirichlet-energy",
    summary="mean squared difference of states of similar predictions, over their variance",
    implementation="harness_markov_categories.spectral:DirichletEnergy",
    settings="harness_markov_categories.settings:Similarity",
    reads=HeadStates,
    gives=Estimate,
    quantity=DIRICHLET_ENERGY,
    paper=_PAPER,
)
PULLBACK_RANK = EstimatorSpec(
    name="pullback-rank",
    summary="effective rank of the mean metric that the head pulls back to states",
    implementation="harness_markov_categories.geometry:PullbackRank",
    traits=_ROWS,
    reads=HeadStates,
    gives=Estimate,
    quantity=EFFECTIVE_RANK,
    paper=_PAPER,
)

FINITE_HEAD = ModelSpec(
    name="finite-head",
    summary="a free state for each context and a softmax head, trained on a whole kernel",
    implementation="harness_markov_categories.finite:FiniteHead",
    settings="harness_markov_categories.settings:FiniteHead",
    requires=("torch",),
    install=_INSTALL,
    reads=Kernels,
    gives=HeadStates,
    paper=_PAPER,
)
STATE_FUTURES = ModelSpec(
    name="state-futures",
    summary="states of a layer, as codes or vectors, and the tokens after them",
    implementation="harness_markov_categories.states:StateFuturesOf",
    settings="harness_markov_categories.settings:Futures",
    requires=("sklearn",),
    install=_INSTALL,
    reads=HiddenStates,
    gives=StateFutures,
    paper=_PAPER,
)


@hookimpl
def harness_estimators() -> Iterable[EstimatorSpec]:
    """Entropies, gaps, surplus, and the geometry of heads."""
    return (
        *(CATEGORICAL_ENTROPY, CATEGORICAL_ENTROPY_TV, CATEGORICAL_ENTROPY_HELLINGER),
        *(CATEGORICAL_ENTROPY_RENYI, CATEGORICAL_ENTROPY_CHI2, CATEGORICAL_ENTROPY_JS),
        *(HEAD_ENTROPY_GAP, CALIBRATION),
        *(SURPLUS_EXACT, SURPLUS_PLUG_IN, SURPLUS_PROBE),
        *(DRAFT_ACCURACY, DRAFT_GAIN_ESTIMATE),
        *(SPECTRAL, CKA, DIRICHLET, PULLBACK_RANK),
    )


@hookimpl
def harness_models() -> Iterable[ModelSpec]:
    """Heads of finite kernels, and states with their futures."""
    return (FINITE_HEAD, STATE_FUTURES)
