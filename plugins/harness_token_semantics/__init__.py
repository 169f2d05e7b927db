"""Plugin `token_semantics`: what flows through sequences of tokens, and at what rate it could."""

from __future__ import annotations

from collections.abc import Iterable

from harness import (
    ChannelLogLikelihoods,
    ConceptVectors,
    Curve,
    Estimate,
    EstimatorSpec,
    HeadStates,
    ModelSpec,
    PairedSamples,
    PairedSequences,
    RateProblem,
    ReferencedText,
    Samples,
    TokenLaws,
    TokenLogProbabilities,
    hookimpl,
)
from harness.quantities import MUTUAL_INFORMATION
from harness_token_semantics.quantities import (
    DIRECTED_INFORMATION,
    EVIDENCE_BOUND,
    GENERALIZATION_BOUND,
    GENERALIZATION_GAP,
    GROMOV_WASSERSTEIN,
    INSTANTANEOUS_INFORMATION,
    MEMORY_CAPACITY,
    REVERSE_INFORMATION,
    TRANSFER_ENTROPY,
)

HARNESS_API = 1

_PAPER = "B. Bai, Forget BIT, It is All about TOKEN, arXiv:2511.01202 (2025)"
_MASSEY = "J. Massey, Causality, feedback and directed information, ISITA 1990"
_UNIVERSAL = "J. Jiao et al., IEEE Trans. Inf. Theory 59, 6220 (2013)"
_BLAHUT = "R. Blahut, IEEE Trans. Inf. Theory 18, 460 (1972)"
_INSTALL = "infoharness[token_semantics]"

DI_PLUG_IN = EstimatorSpec(
    name="di-plug-in",
    summary="directed information of x to y from counts",
    implementation="harness_token_semantics.counts:DirectedPlugIn",
    settings="harness_token_semantics.settings:Memory",
    traits=("deterministic",),
    reads=PairedSequences,
    gives=Estimate,
    quantity=DIRECTED_INFORMATION,
    paper=_MASSEY,
)
DI_REVERSE = EstimatorSpec(
    name="di-reverse",
    summary="the reverse part: information of the strict past of y about x, from counts",
    implementation="harness_token_semantics.counts:ReversePlugIn",
    settings="harness_token_semantics.settings:Memory",
    traits=("deterministic",),
    reads=PairedSequences,
    gives=Estimate,
    quantity=REVERSE_INFORMATION,
    paper=_MASSEY,
)
DI_INSTANTANEOUS = EstimatorSpec(
    name="di-instantaneous",
    summary="the instantaneous part: information of x and y now, given both pasts, from counts",
    implementation="harness_token_semantics.counts:InstantaneousPlugIn",
    settings="harness_token_semantics.settings:Memory",
    traits=("deterministic",),
    reads=PairedSequences,
    gives=Estimate,
    quantity=INSTANTANEOUS_INFORMATION,
    paper=_MASSEY,
)
DI_CTW = EstimatorSpec(
    name="di-ctw",
    summary="directed information of x to y by context-tree weighting, in four forms",
    implementation="harness_token_semantics.context_tree:DirectedTree",
    settings="harness_token_semantics.settings:ContextTree",
    traits=("deterministic",),
    requires=("numba",),
    install=_INSTALL,
    reads=PairedSequences,
    gives=Estimate,
    quantity=DIRECTED_INFORMATION,
    paper=_UNIVERSAL,
)
DI_REVERSE_CTW = EstimatorSpec(
    name="di-reverse-ctw",
    summary="the reverse part by context-tree weighting",
    implementation="harness_token_semantics.context_tree:ReverseTree",
    settings="harness_token_semantics.settings:ContextTree",
    traits=("deterministic",),
    requires=("numba",),
    install=_INSTALL,
    reads=PairedSequences,
    gives=Estimate,
    quantity=REVERSE_INFORMATION,
    paper=_UNIVERSAL,
)
TE_PLUG_IN = EstimatorSpec(
    name="te-plug-in",
    summary="transfer entropy of x to y from counts, with surrogates",
    implementation="harness_token_semantics.counts:TransferPlugIn",
    settings="harness_token_semantics.settings:Transfer",
    requires=("scipy",),
    install=_INSTALL,
    reads=PairedSequences,
    gives=Estimate,
    quantity=TRANSFER_ENTROPY,
    paper="T. Schreiber, Phys. Rev. Lett. 85, 461 (2000)",
)
TE_GAUSSIAN = EstimatorSpec(
    name="te-gaussian",
    summary="transfer entropy of Gaussian series, half their Granger causality",
    implementation="harness_token_semantics.gaussian:TransferGaussian",
    settings="harness_token_semantics.settings:Autoregression",
    traits=("deterministic", "translation-invariant", "scale-invariant"),
    requires=("scipy",),
    install=_INSTALL,
    reads=PairedSequences,
    gives=Estimate,
    quantity=TRANSFER_ENTROPY,
    paper="L. Barnett, A. Barrett, A. Seth, Phys. Rev. Lett. 103, 238701 (2009)",
)
DI_GAUSSIAN = EstimatorSpec(
    name="di-gaussian",
    summary="directed information of Gaussian series: transfer entropy and the instantaneous part",
    implementation="harness_token_semantics.gaussian:DirectedGaussian",
    settings="harness_token_semantics.settings:Autoregression",
    traits=("deterministic", "translation-invariant", "scale-invariant"),
    requires=("scipy",),
    install=_INSTALL,
    reads=PairedSequences,
    gives=Estimate,
    quantity=DIRECTED_INFORMATION,
    paper="P.-O. Amblard, O. Michel, J. Comput. Neurosci. 30, 7 (2011)",
)
DI_LM = EstimatorSpec(
    name="di-lm",
    summary="directed information of a source to tokens, from a model with it and one without",
    implementation="harness_token_semantics.laws:DirectedLaws",
    traits=("deterministic", "permutation-invariant"),
    reads=TokenLaws,
    gives=Estimate,
    quantity=DIRECTED_INFORMATION,
    paper=_PAPER,
)
INFORMATION_DRIFT = EstimatorSpec(
    name="information-drift",
    summary="mean divergence of a model with the source from one without it, and a martingale test",
    implementation="harness_token_semantics.laws:InformationDrift",
    traits=("deterministic", "permutation-invariant"),
    reads=TokenLaws,
    gives=Estimate,
    quantity=DIRECTED_INFORMATION,
    paper=_PAPER,
)
EVIDENCE = EstimatorSpec(
    name="evidence-bound",
    summary="variational lower bound on the probability of a sequence, with its exact gap",
    implementation="harness_token_semantics.laws:EvidenceBound",
    settings="harness_token_semantics.settings:Posterior",
    traits=("deterministic", "permutation-invariant", "local-mean", "lower-bound"),
    reads=TokenLaws,
    gives=Estimate,
    quantity=EVIDENCE_BOUND,
    paper=_PAPER,
)
GENERALIZATION = EstimatorSpec(
    name="generalization-gap",
    summary="what a language model loses on sequences that it has not seen",
    implementation="harness_token_semantics.laws:GeneralizationGap",
    traits=("deterministic",),
    needs=("split",),
    reads=TokenLogProbabilities,
    gives=Estimate,
    quantity=GENERALIZATION_GAP,
    paper=_PAPER,
)
NORM_BOUND = EstimatorSpec(
    name="norm-bound",
    summary="how much a linear-softmax head may lose on new tokens, from norms",
    implementation="harness_token_semantics.bounds:NormBound",
    settings="harness_token_semantics.settings:Norms",
    traits=("deterministic", "permutation-invariant"),
    reads=HeadStates,
    gives=Estimate,
    quantity=GENERALIZATION_BOUND,
    paper="A. Maurer, A vector-contraction inequality for Rademacher complexities, ALT 2016",
)
RATE_DISTORTION = EstimatorSpec(
    name="rate-distortion",
    summary="rate against distortion of independent letters (Blahut-Arimoto)",
    implementation="harness_token_semantics.rates:RateDistortion",
    settings="harness_token_semantics.settings:Sweeps",
    traits=("deterministic",),
    reads=RateProblem,
    gives=Curve,
    paper=_BLAHUT,
)
DIRECTED_RATE_DISTORTION = EstimatorSpec(
    name="directed-rate-distortion",
    summary="directed rate against distortion of a source with memory, through causal channels",
    implementation="harness_token_semantics.directed_rates:DirectedRateDistortion",
    settings="harness_token_semantics.settings:Horizon",
    traits=("deterministic",),
    reads=RateProblem,
    gives=Curve,
    paper="S. Tatikonda, Control under Communication Constraints, PhD thesis, MIT (2000)",
)
RATE_REWARD = EstimatorSpec(
    name="rate-reward",
    summary="information, or divergence from a reference, against reward",
    implementation="harness_token_semantics.rates:RateReward",
    settings="harness_token_semantics.settings:Reward",
    traits=("deterministic",),
    reads=RateProblem,
    gives=Curve,
    paper=_PAPER,
)
GROMOV = EstimatorSpec(
    name="gromov-wasserstein",
    summary="distance of two sets of vectors by their inner distances alone",
    implementation="harness_token_semantics.gromov:GromovWasserstein",
    settings="harness_token_semantics.settings:Coupling",
    traits=("translation-invariant",),
    requires=("scipy",),
    install=_INSTALL,
    reads=PairedSamples,
    gives=Estimate,
    quantity=GROMOV_WASSERSTEIN,
    paper="F. Mémoli, Found. Comput. Math. 11, 417 (2011)",
)
CPC = EstimatorSpec(
    name="cpc",
    summary="contrastive predictive coding with a bilinear score: at most ln of the candidates",
    implementation="harness_token_semantics.predictive_coding:PredictiveCoding",
    settings="harness_token_semantics.settings:Contrast",
    traits=("lower-bound",),
    requires=("scipy",),
    install=_INSTALL,
    reads=PairedSamples,
    gives=Estimate,
    quantity=MUTUAL_INFORMATION,
    paper="A. van den Oord et al., arXiv:1807.03748 (2018)",
)
CAPACITY = EstimatorSpec(
    name="memory-capacity",
    summary="patterns per dimension that a linear threshold unit stores with random labels",
    implementation="harness_token_semantics.capacity:MemoryCapacity",
    settings="harness_token_semantics.settings:Capacity",
    requires=("scipy",),
    install=_INSTALL,
    reads=Samples,
    gives=Estimate,
    quantity=MEMORY_CAPACITY,
    paper="E. Gardner, J. Phys. A 21, 257 (1988)",
)

CTW_LAWS = ModelSpec(
    name="ctw-laws",
    summary="laws of y with and without x, by context-tree weighting",
    implementation="harness_token_semantics.context_tree:TreeLaws",
    settings="harness_token_semantics.settings:Depth",
    traits=("deterministic",),
    requires=("numba",),
    install=_INSTALL,
    reads=PairedSequences,
    gives=TokenLaws,
    paper=_UNIVERSAL,
)
CAUSAL_LAWS = ModelSpec(
    name="causal-laws",
    summary="laws of a reply with and without its text, by a causal model of transformers",
    implementation="harness_token_semantics.checkpoints:CausalLaws",
    settings="harness_token_semantics.settings:Checkpoint",
    traits=("deterministic",),
    requires=("torch", "transformers"),
    install=_INSTALL,
    reads=ReferencedText,
    gives=TokenLaws,
    paper=_PAPER,
)
MASKED_LAWS = ModelSpec(
    name="masked-laws",
    summary="the same by a masked model of transformers, uncovered in random orders",
    implementation="harness_token_semantics.checkpoints:MaskedLaws",
    settings="harness_token_semantics.settings:MaskedCheckpoint",
    requires=("torch", "transformers"),
    install=_INSTALL,
    reads=ReferencedText,
    gives=TokenLaws,
    paper="S. Nie et al., Large Language Diffusion Models, arXiv:2502.09992 (2025)",
)
ITEM_PROBLEM = ModelSpec(
    name="item-problem",
    summary="items that stand for one another at squared distance, as a rate-distortion problem",
    implementation="harness_token_semantics.problems:ItemProblem",
    settings="harness_token_semantics.settings:Slopes",
    traits=("deterministic",),
    reads=ConceptVectors,
    gives=RateProblem,
    paper=_BLAHUT,
)
CHANNEL_PROBLEM = ModelSpec(
    name="channel-problem",
    summary="contexts that texts stand for at -ln p(text | context), as a rate-distortion problem",
    implementation="harness_token_semantics.problems:ChannelProblem",
    settings="harness_token_semantics.settings:Slopes",
    traits=("deterministic",),
    reads=ChannelLogLikelihoods,
    gives=RateProblem,
    paper=_BLAHUT,
)


@hookimpl
def harness_estimators() -> Iterable[EstimatorSpec]:
    """Directed information and its kin, rates, and what goes with them."""
    return (
        *(DI_PLUG_IN, DI_CTW, DI_GAUSSIAN, DI_LM, INFORMATION_DRIFT),
        *(DI_REVERSE, DI_REVERSE_CTW, DI_INSTANTANEOUS),
        *(TE_PLUG_IN, TE_GAUSSIAN),
        *(RATE_DISTORTION, DIRECTED_RATE_DISTORTION, RATE_REWARD),
        *(GROMOV, CPC, CAPACITY, EVIDENCE, GENERALIZATION, NORM_BOUND),
    )


@hookimpl
def harness_models() -> Iterable[ModelSpec]:
    """Language models as laws of tokens, and what has a rate."""
    return (CTW_LAWS, CAUSAL_LAWS, MASKED_LAWS, ITEM_PROBLEM, CHANNEL_PROBLEM)
