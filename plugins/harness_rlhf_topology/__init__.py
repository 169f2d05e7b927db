"""Plugin `rlhf_topology`: what preference data tell, by the shape of their comparisons."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness import (
    Curve,
    Estimate,
    EstimatorSpec,
    LabelledSamples,
    LabelLogProbabilities,
    ModelSpec,
    PairedSamples,
    Preferences,
    PreferenceSource,
    Quantity,
    ReferencedText,
    ReportSpec,
)
from harness import hookimpl as _hookimpl
from harness.quantities import ACCURACY
from harness_rlhf_topology.kinds import RewardPredictions

HARNESS_API = 1

INFERENCE_DISTANCE = Quantity(
    "inference_distance",
    "reward²",
    "lower",
    lower=0.0,
    summary="mean posterior variance of a difference of rewards, exact: all paths",
)
PATH_DISTANCE = Quantity(
    "path_distance",
    "reward²",
    "lower",
    lower=0.0,
    summary="mean length of the cheapest single path between two responses: a bound",
)
INFORMATION_GAIN = Quantity(
    "information_gain",
    "nats",
    "higher",
    lower=0.0,
    summary="information of the annotated margins about all rewards",
)
PAIR_INFORMATION = Quantity(
    "pair_information",
    "nats",
    "higher",
    lower=0.0,
    summary="mean information of the annotated margins about one difference of rewards",
)
ALIGNMENT_DIVERGENCE = Quantity(
    "alignment_divergence",
    "nats",
    "lower",
    lower=0.0,
    summary="KL(p_H || p_LM) between the policies of the true and of the learnt reward",
)
ANNOTATION_LENGTH = Quantity(
    "annotation_length",
    "words",
    "lower",
    lower=0.0,
    summary="words that an annotator reads for a comparison, after the common beginning",
)
STRUCTURAL_EXPONENT = Quantity(
    "structural_exponent",
    "",
    "truth",
    summary="alpha of F(M): how fast rewards become alike in finer partitions",
)

_PAPER = "T. Qiu et al., Findings of ACL 2025, arXiv:2402.10184"
_INSTALL = "infoharness[rlhf_topology]"
_SCIPY: dict[str, Any] = {"requires": ("scipy",), "install": _INSTALL, "paper": _PAPER}
_TOPOLOGY: dict[str, Any] = _SCIPY | {"reads": PreferenceSource, "gives": Preferences}
_REWARD: dict[str, Any] = _SCIPY | {"reads": Preferences, "gives": RewardPredictions}
_DATA: dict[str, Any] = _SCIPY | {
    "reads": Preferences,
    "gives": Estimate,
    "traits": ("deterministic",),
}
_SOURCE: dict[str, Any] = {
    "reads": PreferenceSource,
    "traits": ("deterministic", "permutation-invariant"),
    "paper": _PAPER,
}
_PREDICTED: dict[str, Any] = {
    "reads": RewardPredictions,
    "gives": Estimate,
    "traits": ("deterministic", "permutation-invariant"),
    "paper": _PAPER,
}
_HUB: dict[str, Any] = {
    "requires": ("torch", "transformers"),
    "install": _INSTALL,
    "paper": _PAPER,
    "keep": True,
}

MODELS = (
    ModelSpec(
        name="chain",
        summary="preference data of independent random pairs",
        implementation="harness_rlhf_topology.topologies:Chain",
        **_TOPOLOGY,
    ),
    ModelSpec(
        name="reuse",
        summary="preference data of random pairs among few random responses",
        implementation="harness_rlhf_topology.topologies:Reused",
        settings="harness_rlhf_topology.settings:Reuse",
        **_TOPOLOGY,
    ),
    ModelSpec(
        name="tree",
        summary="preference data of random pairs among one response for each prefix of a depth",
        implementation="harness_rlhf_topology.topologies:PrefixTree",
        settings="harness_rlhf_topology.settings:Tree",
        **_TOPOLOGY,
    ),
    ModelSpec(
        name="active",
        summary="preference data of pairs chosen one after another, the least certain first",
        implementation="harness_rlhf_topology.topologies:ActiveGreedy",
        settings="harness_rlhf_topology.settings:Active",
        **_TOPOLOGY,
    ),
    ModelSpec(
        name="bayes",
        summary="reward model: the exact posterior mean from the margins",
        implementation="harness_rlhf_topology.reward:Bayes",
        traits=("deterministic",),
        **_REWARD,
    ),
    ModelSpec(
        name="bt-map",
        summary="reward model: the posterior mode from Bradley-Terry labels, with the true prior",
        implementation="harness_rlhf_topology.reward:BradleyTerryMap",
        settings="harness_rlhf_topology.settings:Fit",
        traits=("deterministic",),
        **_REWARD,
    ),
    ModelSpec(
        name="hf-reward",
        summary="reward model: any sequence classifier of transformers, trained on labels",
        implementation="harness_rlhf_topology.hf_reward:HFReward",
        settings="harness_rlhf_topology.settings:RewardModel",
        reads=Preferences,
        gives=RewardPredictions,
        **_HUB,
    ),
    ModelSpec(
        name="hf-tree",
        summary="the paper's tree of responses to prompts, written by a causal language model",
        implementation="harness_rlhf_topology.generator:HFTree",
        settings="harness_rlhf_topology.settings:Generator",
        reads=ReferencedText,
        gives=PreferenceSource,
        **_HUB,
    ),
    ModelSpec(
        name="margin-pairs",
        summary="comparisons as pairs of numbers: the difference of rewards, and the margin seen",
        implementation="harness_rlhf_topology.views:MarginPairs",
        settings="harness_rlhf_topology.settings:Shown",
        reads=Preferences,
        gives=PairedSamples,
        traits=("deterministic", "permutation-invariant"),
    ),
    ModelSpec(
        name="prefix-vectors",
        summary="comparisons as labelled vectors: the prefixes in which the two responses differ",
        implementation="harness_rlhf_topology.views:PrefixVectors",
        settings="harness_rlhf_topology.settings:Vectors",
        reads=Preferences,
        gives=LabelledSamples,
        traits=("deterministic", "permutation-invariant"),
    ),
    ModelSpec(
        name="preference-probabilities",
        summary="predicted preferences as probabilities of two classes",
        implementation="harness_rlhf_topology.views:PreferenceProbabilities",
        reads=RewardPredictions,
        gives=LabelLogProbabilities,
        traits=("deterministic",),
    ),
)

ESTIMATORS = (
    EstimatorSpec(
        name="inference-distance",
        summary="exact posterior variance of reward differences, over all paths",
        implementation="harness_rlhf_topology.distances:InferenceDistance",
        quantity=INFERENCE_DISTANCE,
        **_DATA,
    ),
    EstimatorSpec(
        name="path-distance",
        summary="cheapest single path between two responses: the bound of the paper's proofs",
        implementation="harness_rlhf_topology.distances:PathDistance",
        quantity=PATH_DISTANCE,
        **_DATA,
    ),
    EstimatorSpec(
        name="information-gain",
        summary="information of the annotated margins about all rewards",
        implementation="harness_rlhf_topology.distances:InformationGain",
        quantity=INFORMATION_GAIN,
        **_DATA,
    ),
    EstimatorSpec(
        name="pair-information",
        summary="information of the annotated margins about one difference of rewards",
        implementation="harness_rlhf_topology.distances:PairInformation",
        quantity=PAIR_INFORMATION,
        **_DATA,
    ),
    EstimatorSpec(
        name="annotation-length",
        summary="words that an annotator reads for a comparison",
        implementation="harness_rlhf_topology.distances:AnnotationLength",
        reads=Preferences,
        gives=Estimate,
        quantity=ANNOTATION_LENGTH,
        traits=("deterministic",),
        paper=_PAPER,
    ),
    EstimatorSpec(
        name="structural-exponent",
        summary="exponent of the structural function of the responses",
        implementation="harness_rlhf_topology.structure:StructuralExponent",
        settings="harness_rlhf_topology.settings:Structure",
        gives=Estimate,
        quantity=STRUCTURAL_EXPONENT,
        **_SOURCE,
    ),
    EstimatorSpec(
        name="structural-function",
        summary="structural function of the responses: F against the number of parts",
        implementation="harness_rlhf_topology.structure:StructuralFunction",
        gives=Curve,
        **_SOURCE,
    ),
    EstimatorSpec(
        name="pair-accuracy",
        summary="share of test pairs that a reward model orders rightly",
        implementation="harness_rlhf_topology.predictions:PairAccuracy",
        quantity=ACCURACY,
        **_PREDICTED,
    ),
    EstimatorSpec(
        name="alignment-divergence",
        summary="divergence of the policy that the learnt rewards lead to from the wanted one",
        implementation="harness_rlhf_topology.predictions:AlignmentDivergence",
        settings="harness_rlhf_topology.settings:Decoding",
        quantity=ALIGNMENT_DIVERGENCE,
        **_PREDICTED,
    ),
)

CLAIMS = ReportSpec(
    name="claims",
    summary="chain against the other topologies: ratios of distances, and how they grow",
    implementation="harness_rlhf_topology.reports.claims:Claims",
    reads=("preferences/prefix-trees",),
    requires=("scipy",),
    install="infoharness[boards]",
)


@_hookimpl
def harness_reports() -> Iterable[ReportSpec]:
    """The paper's claims."""
    return (CLAIMS,)


@_hookimpl
def harness_models() -> Iterable[ModelSpec]:
    """Topologies, reward models, and views for estimators of other fields."""
    return MODELS


@_hookimpl
def harness_estimators() -> Iterable[EstimatorSpec]:
    """Distances, information, structure, and how good a reward model is."""
    return ESTIMATORS
