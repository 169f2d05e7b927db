"""Plugin `wireless_pvi`: usable information of every example, and training guided by it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness import (
    CommandSpec,
    Estimate,
    EstimatorSpec,
    LabelledSamples,
    LabelledText,
    LabelLogProbabilities,
    ModelSpec,
    PairedSamples,
    ReferencedText,
    ReportSpec,
    hookimpl,
)
from harness.quantities import ACCURACY, V_INFORMATION
from harness_wireless_pvi.kinds import GeneratedText, GuidedText
from harness_wireless_pvi.policies.specs import POLICIES
from harness_wireless_pvi.quantities import (
    ARTEFACT,
    CALIBRATION,
    CONDITIONAL_V_ENTROPY,
    LEAST_SLICE,
    MISLABELLED,
    ROUGE,
    V_ENTROPY,
)

HARNESS_API = 1

_PVI = (
    "K. Ethayarajh et al., Understanding Dataset Difficulty with V-Usable Information, "
    "ICML 2022, arXiv:2110.08420"
)
_THEORY = "Y. Xu et al., A Theory of Usable Information, ICLR 2020, arXiv:2002.10689"
_WIRELESS = (
    "Y. Lin et al., Empowering Large Language Models in Wireless Communication, 2025, "
    "arXiv:2501.09631"
)
_GUO = "C. Guo et al., On Calibration of Modern Neural Networks, ICML 2017, arXiv:1706.04599"
_LIN = "C.-Y. Lin, ROUGE: A Package for Automatic Evaluation of Summaries, ACL workshop 2004"

_INSTALL = "infoharness[text]"
_SKLEARN: dict[str, Any] = {"requires": ("sklearn",), "install": _INSTALL}
_TORCH: dict[str, Any] = {"requires": ("sklearn", "torch"), "install": _INSTALL}
_HUB: dict[str, Any] = {"requires": ("torch", "transformers"), "install": _INSTALL}

_PREDICTS: dict[str, Any] = {"reads": LabelledText, "gives": LabelLogProbabilities}
_WRITES: dict[str, Any] = {"reads": ReferencedText, "gives": GeneratedText}
_READS: dict[str, Any] = {"reads": LabelLogProbabilities, "gives": Estimate}
_SCORES: dict[str, Any] = {"reads": GeneratedText, "gives": Estimate}

_INVARIANT = ("deterministic", "permutation-invariant")
_LOCAL = (*_INVARIANT, "local-mean")


@hookimpl
def harness_models() -> Iterable[ModelSpec]:
    """Predictors, an embedding, the rating of training texts, and writers."""
    yield ModelSpec(
        name="prior",
        summary="label frequencies of the training rows, whatever the input",
        implementation="harness_wireless_pvi.predictors.linear:Prior",
        settings="harness_wireless_pvi.settings:HeldOut",
        paper=_THEORY,
        **_PREDICTS,
    )
    yield ModelSpec(
        name="logistic",
        summary="logistic regression on standardized vectors",
        implementation="harness_wireless_pvi.predictors.linear:Logistic",
        settings="harness_wireless_pvi.settings:Logistic",
        reads=LabelledSamples,
        gives=LabelLogProbabilities,
        paper=_THEORY,
        **_SKLEARN,
    )
    yield ModelSpec(
        name="tfidf-logistic",
        summary="logistic regression on n-grams weighted by TF-IDF",
        implementation="harness_wireless_pvi.predictors.linear:TfidfLogistic",
        settings="harness_wireless_pvi.settings:LogisticOfNgrams",
        paper=_PVI,
        **_PREDICTS,
        **_SKLEARN,
    )
    yield ModelSpec(
        name="embedding-logistic",
        summary="logistic regression on sentence embeddings",
        implementation="harness_wireless_pvi.predictors.linear:EmbeddingLogistic",
        settings="harness_wireless_pvi.settings:LogisticOfEmbedding",
        paper=_PVI,
        **_PREDICTS,
        **_SKLEARN,
    )
    yield ModelSpec(
        name="transformer-classifier",
        summary="a small transformer trained from scratch",
        implementation="harness_wireless_pvi.predictors.transformer:TransformerClassifier",
        settings="harness_wireless_pvi.settings:TransformerFamily",
        paper=_PVI,
        **_PREDICTS,
        **_TORCH,
    )
    yield ModelSpec(
        name="hf-classifier",
        summary="a sequence classifier of transformers, fine-tuned in full or by low-rank updates",
        implementation="harness_wireless_pvi.predictors.hf_classifier:HFClassifier",
        settings="harness_wireless_pvi.settings:TunedClassifier",
        paper=_PVI,
        **_PREDICTS,
        **_HUB,
    )
    yield ModelSpec(
        name="hf-causal",
        summary="a causal language model whose answers are the classes, as it is or fine-tuned",
        implementation="harness_wireless_pvi.predictors.hf_causal:HFCausal",
        settings="harness_wireless_pvi.settings:TunedAnswers",
        paper=_WIRELESS,
        **_PREDICTS,
        **_HUB,
    )
    yield ModelSpec(
        name="text-embedding",
        summary="labelled texts as labelled vectors",
        implementation="harness_wireless_pvi.predictors.embedding:TextEmbedding",
        settings="harness_wireless_pvi.settings:Embedding",
        reads=LabelledText,
        gives=LabelledSamples,
        **_SKLEARN,
    )
    yield ModelSpec(
        name="pvi-guide",
        summary="training texts rated by PVI, each by a predictor that did not see it",
        implementation="harness_wireless_pvi.policies.guide:Guide",
        settings="harness_wireless_pvi.settings:Guide",
        reads=LabelledText,
        gives=GuidedText,
        paper=_WIRELESS,
        **_TORCH,
    )
    yield ModelSpec(
        name="lead-sentences",
        summary="the first sentences of a text as its summary",
        implementation="harness_wireless_pvi.writing.writers:LeadSentences",
        settings="harness_wireless_pvi.settings:Lead",
        traits=_INVARIANT,
        **_WRITES,
    )
    yield ModelSpec(
        name="nearest-answer",
        summary="the reference of the nearest training text",
        implementation="harness_wireless_pvi.writing.writers:NearestAnswer",
        settings="harness_wireless_pvi.settings:Nearest",
        traits=("deterministic",),
        **_WRITES,
        **_SKLEARN,
    )
    yield ModelSpec(
        name="hf-writer",
        summary="the continuation of a prompt by a causal language model",
        implementation="harness_wireless_pvi.writing.writers:HFWriter",
        settings="harness_wireless_pvi.settings:Writing",
        paper=_WIRELESS,
        **_WRITES,
        **_HUB,
    )


@hookimpl
def harness_estimators() -> Iterable[EstimatorSpec]:
    """What log-probabilities tell, which tokens matter, what was written, and policies."""
    yield EstimatorSpec(
        name="pvi",
        summary="pointwise V-information of every example, and its mean",
        implementation="harness_wireless_pvi.estimators:PVI",
        quantity=V_INFORMATION,
        traits=_LOCAL,
        paper=_PVI,
        **_READS,
    )
    yield EstimatorSpec(
        name="v-information",
        summary="V-information with a bootstrap interval",
        implementation="harness_wireless_pvi.estimators:VInformation",
        settings="harness_wireless_pvi.settings:Bootstrap",
        quantity=V_INFORMATION,
        traits=("permutation-invariant",),
        paper=_THEORY,
        **_READS,
    )
    yield EstimatorSpec(
        name="v-entropy",
        summary="H_V(Y): mean surprise of the predictor without the input",
        implementation="harness_wireless_pvi.estimators:VEntropy",
        quantity=V_ENTROPY,
        traits=_LOCAL,
        paper=_PVI,
        **_READS,
    )
    yield EstimatorSpec(
        name="conditional-v-entropy",
        summary="H_V(Y|X): mean surprise of the predictor with the input",
        implementation="harness_wireless_pvi.estimators:ConditionalVEntropy",
        quantity=CONDITIONAL_V_ENTROPY,
        traits=_LOCAL,
        paper=_PVI,
        **_READS,
    )
    yield EstimatorSpec(
        name="accuracy",
        summary="share of examples whose likeliest class is right",
        implementation="harness_wireless_pvi.estimators:Accuracy",
        quantity=ACCURACY,
        traits=_LOCAL,
        paper=_PVI,
        **_READS,
    )
    yield EstimatorSpec(
        name="slice-v-information",
        summary="V-information of every class or group, and the least of them",
        implementation="harness_wireless_pvi.estimators:SliceVInformation",
        settings="harness_wireless_pvi.settings:Slices",
        quantity=LEAST_SLICE,
        traits=_INVARIANT,
        paper=_PVI,
        **_READS,
    )
    yield EstimatorSpec(
        name="calibration",
        summary="expected calibration error",
        implementation="harness_wireless_pvi.estimators:Calibration",
        settings="harness_wireless_pvi.settings:Bins",
        quantity=CALIBRATION,
        traits=_INVARIANT,
        paper=_GUO,
        **_READS,
    )
    yield EstimatorSpec(
        name="mislabelled",
        summary="how well a low PVI finds wrong labels",
        implementation="harness_wireless_pvi.estimators:Mislabelled",
        quantity=MISLABELLED,
        traits=_INVARIANT,
        requires=("scipy",),
        install=_INSTALL,
        paper=_PVI,
        **_READS,
    )
    yield EstimatorSpec(
        name="gaussian-v-information",
        summary="V-information of linear predictors with Gaussian noise of a fixed variance",
        implementation="harness_wireless_pvi.regression:GaussianVInformation",
        settings="harness_wireless_pvi.settings:Linear",
        reads=PairedSamples,
        gives=Estimate,
        quantity=V_INFORMATION,
        paper=_THEORY,
    )
    yield EstimatorSpec(
        name="token-artefacts",
        summary="tokens that carry the information, found by leaving out each in turn",
        implementation="harness_wireless_pvi.artefacts:TokenArtefacts",
        settings="harness_wireless_pvi.settings:Tokens",
        reads=LabelledText,
        gives=Estimate,
        quantity=ARTEFACT,
        needs=("split",),
        paper=_PVI,
        **_SKLEARN,
    )
    yield EstimatorSpec(
        name="rouge-l",
        summary="ROUGE-L F-measure of what was written",
        implementation="harness_wireless_pvi.writing.scores:RougeL",
        settings="harness_wireless_pvi.settings:Words",
        quantity=ROUGE,
        traits=_LOCAL,
        requires=("rouge_score",),
        install=_INSTALL,
        paper=_LIN,
        **_SCORES,
    )
    yield EstimatorSpec(
        name="numeric-answer",
        summary="share of written numbers that are right within a tolerance",
        implementation="harness_wireless_pvi.writing.scores:NumericAnswer",
        settings="harness_wireless_pvi.settings:Tolerance",
        quantity=ACCURACY,
        traits=_LOCAL,
        **_SCORES,
    )
    yield from POLICIES
    yield EstimatorSpec(
        name="scaling-curve",
        summary="V-information of the small transformer, and its loss with fewer training texts",
        implementation="harness_wireless_pvi.scaling:ScalingCurve",
        settings="harness_wireless_pvi.settings:Scaled",
        reads=LabelledText,
        gives=Estimate,
        quantity=V_INFORMATION,
        needs=("split",),
        paper=_WIRELESS,
        **_TORCH,
    )


@hookimpl
def harness_reports() -> Iterable[ReportSpec]:
    """The report on scaling."""
    yield ReportSpec(
        name="scaling",
        summary="held-out loss over training texts and size of the network, with power laws",
        implementation="harness_wireless_pvi.reports.scaling:Scaling",
        reads=("wireless_pvi/scaling-curve",),
        requires=("scipy",),
        install="infoharness[boards]",
    )


@hookimpl
def harness_commands() -> Iterable[CommandSpec]:
    """The verbs ``hard`` and ``questions``."""
    yield CommandSpec(
        name="hard",
        summary="find the labelled texts whose label their text says least of",
        implementation="harness_wireless_pvi.command",
    )
    yield CommandSpec(
        name="questions",
        summary="make questions from passages by a language model, and check them",
        implementation="harness_wireless_pvi.questions.command",
        install=_INSTALL,
    )
