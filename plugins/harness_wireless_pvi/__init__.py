"""Plugin `wireless_pvi`: information that a model can use, example by example, and training guided by it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness import (
    Estimate,
    EstimatorSpec,
    LabelledSamples,
    LabelledText,
    LabelLogProbabilities,
    ModelSpec,
    PairedSamples,
    Param,
    Quantity,
    ReferencedText,
)
from harness import hookimpl as _hookimpl
from harness.quantities import ACCURACY, V_INFORMATION
from harness_wireless_pvi.kinds import GeneratedText, GuidedText

HARNESS_API = 1

V_ENTROPY = Quantity(
    "v_entropy", "nats", "none", summary="H_V(Y): what the family leaves unsaid without the input"
)
CONDITIONAL_V_ENTROPY = Quantity(
    "conditional_v_entropy", "nats", "lower", summary="H_V(Y|X), on held-out data"
)
LEAST_SLICE = Quantity(
    "least_slice_v_information", "nats", "higher", summary="V-information of the worst slice"
)
CALIBRATION = Quantity(
    "calibration_error", "", "lower", lower=0.0, upper=1.0, summary="expected calibration error"
)
MISLABELLED = Quantity(
    "mislabelled_auroc", "", "higher", lower=0.0, upper=1.0, summary="wrong labels: lower PVI"
)
ARTEFACT = Quantity(
    "token_artefact", "nats", "none", summary="largest mean fall of ln p(y|x) without one token"
)
ROUGE = Quantity(
    "rouge_l",
    "",
    "higher",
    lower=0.0,
    upper=1.0,
    summary="longest common word subsequence, F-measure",
)

_PVI = "K. Ethayarajh et al., Understanding Dataset Difficulty with V-Usable Information, ICML 2022, arXiv:2110.08420"
_THEORY = "Y. Xu et al., A Theory of Usable Information, ICLR 2020, arXiv:2002.10689"
_WIRELESS = "Y. Lin et al., Empowering Large Language Models in Wireless Communication, 2025, arXiv:2501.09631"
_GUO = "C. Guo et al., On Calibration of Modern Neural Networks, ICML 2017, arXiv:1706.04599"
_LIN = "C.-Y. Lin, ROUGE: A Package for Automatic Evaluation of Summaries, ACL workshop 2004"
_INSTALL = "infoharness[text]"

_FOLDS = Param(
    "folds",
    int,
    0,
    "0: fit on the training part, score the test part; else cross-fit all rows",
    low=0,
)
_SCORED = Param(
    "scored", str, "test", "with folds=0: held-out rows, or fitted ones", choices=("test", "train")
)
_CROSS = (_FOLDS, _SCORED)
_NULL = Param(
    "null",
    str,
    "prior",
    "labels counted, or the family trained on blank inputs",
    choices=("prior", "trained"),
)
_DEVICE = Param("device", str, "cpu", "where networks run", choices=("cpu", "cuda"))
_LOGISTIC = (
    Param(
        "c",
        float,
        0.0,
        "inverse strength of the L2 penalty; 0 chooses it on a fifth of the training rows",
        low=0.0,
    ),
    Param("iterations", int, 1000, "most iterations of L-BFGS", low=1),
    _NULL,
    *_CROSS,
)
_ENCODER = (
    Param(
        "encoder",
        str,
        "",
        "empty for hashed n-grams with an SVD; else folder or hub id of an encoder",
    ),
    Param("dimensions", int, 100, "of the hashed embedding", low=1),
    _DEVICE,
)
_TRANSFORMER = (
    Param("tokens", str, "words", "what a token is", choices=("words", "bytes")),
    Param("max_length", int, 128, "tokens that are read; the rest is cut", low=2),
    Param("width", int, 64, "of the hidden layers, a multiple of 16", low=16),
    Param("layers", int, 2, "encoder layers", low=1),
    Param("dropout", float, 0.1, "in training", low=0.0, high=0.9),
    Param("steps", int, 300, "of AdamW", low=1),
    Param("batch", int, 32, "texts per step", low=1),
    Param("learning_rate", float, 2e-3, "at its peak; it falls to zero", above=0.0),
    Param("weight_decay", float, 0.01, "of AdamW", low=0.0),
    _DEVICE,
)


def _tuned(steps: int, window: int) -> tuple[Param, ...]:
    return (
        Param("model", str, "", "folder, or id on the Hugging Face hub"),
        Param("revision", str, "main", "branch, tag or commit on the hub"),
        Param("steps", int, steps, "of AdamW; 0 uses the model as it is", low=0),
        Param("batch", int, 32, "texts per step", low=1),
        Param("learning_rate", float, 5e-5, "at its peak; it falls to zero", above=0.0),
        Param("weight_decay", float, 0.0, "of AdamW", low=0.0),
        Param(
            "lora_rank", int, 0, "0 trains all weights; else low-rank updates of that rank", low=0
        ),
        Param("max_length", int, window, "tokens that are read; the rest is cut", low=8),
        Param("score_tokens", int, 8192, "tokens in a batch when scoring", low=1),
        _DEVICE,
        *_CROSS,
    )


_SCORERS = ("transformer", "tfidf-logistic", "embedding-logistic")
_RESULT: dict[str, Any] = {"gives": LabelLogProbabilities, "install": _INSTALL}


@_hookimpl
def harness_models() -> Iterable[ModelSpec]:
    """Predictive families, an embedding, the rating of training texts, and writers."""
    yield ModelSpec(
        name="prior",
        summary="label frequencies of the training rows, whatever the input",
        implementation="harness_wireless_pvi.linear:Prior",
        reads=LabelledText,
        gives=LabelLogProbabilities,
        params=_CROSS,
        paper=_THEORY,
    )
    yield ModelSpec(
        name="logistic",
        summary="logistic regression on scaled vectors",
        implementation="harness_wireless_pvi.linear:Logistic",
        reads=LabelledSamples,
        params=_LOGISTIC,
        requires=("sklearn",),
        paper=_THEORY,
        **_RESULT,
    )
    yield ModelSpec(
        name="tfidf-logistic",
        summary="logistic regression on n-grams weighted by TF-IDF",
        implementation="harness_wireless_pvi.linear:TfidfLogistic",
        reads=LabelledText,
        params=(
            *_LOGISTIC,
            Param(
                "analyzer",
                str,
                "word",
                "what an n-gram is made of",
                choices=("word", "char", "char_wb"),
            ),
            Param("ngrams", int, 2, "longest n-gram", low=1),
            Param("max_features", int, 50_000, "most frequent n-grams that are kept", low=1),
        ),
        requires=("sklearn",),
        paper=_PVI,
        **_RESULT,
    )
    yield ModelSpec(
        name="embedding-logistic",
        summary="logistic regression on sentence embeddings",
        implementation="harness_wireless_pvi.linear:EmbeddingLogistic",
        reads=LabelledText,
        params=(*_LOGISTIC, *_ENCODER),
        requires=("sklearn",),
        paper=_PVI,
        **_RESULT,
    )
    yield ModelSpec(
        name="transformer-classifier",
        summary="a small transformer trained from scratch",
        implementation="harness_wireless_pvi.transformer:TransformerClassifier",
        reads=LabelledText,
        params=(*_TRANSFORMER, _NULL, *_CROSS),
        requires=("sklearn", "torch"),
        paper=_PVI,
        **_RESULT,
    )
    yield ModelSpec(
        name="hf-classifier",
        summary="a sequence classifier of transformers, fine-tuned in full or by low-rank updates",
        implementation="harness_wireless_pvi.hf_classifier:HFClassifier",
        reads=LabelledText,
        params=(*_tuned(200, 128), _NULL),
        requires=("torch", "transformers"),
        paper=_PVI,
        **_RESULT,
    )
    yield ModelSpec(
        name="hf-causal",
        summary="a causal language model whose answers are the classes, as it is or fine-tuned",
        implementation="harness_wireless_pvi.hf_causal:HFCausal",
        reads=LabelledText,
        params=(
            *_tuned(0, 512),
            Param(
                "scoring",
                str,
                "first",
                "first tokens of the answers, or all",
                choices=("first", "whole"),
            ),
            Param(
                "null",
                str,
                "prompt",
                "the prompt with a blank text, or labels counted",
                choices=("prompt", "prior"),
            ),
            Param("null_keeps_context", bool, False, "whether the blank prompt keeps the context"),
            Param(
                "instruction",
                str,
                "",
                "first line of the prompt; empty for one that lists the classes",
            ),
        ),
        requires=("torch", "transformers"),
        paper=_WIRELESS,
        **_RESULT,
    )
    yield ModelSpec(
        name="text-embedding",
        summary="labelled texts as labelled vectors",
        implementation="harness_wireless_pvi.embedding:TextEmbedding",
        reads=LabelledText,
        gives=LabelledSamples,
        params=_ENCODER,
        requires=("sklearn",),
        install=_INSTALL,
    )
    yield ModelSpec(
        name="pvi-guide",
        summary="training texts rated by PVI, each by a predictor that did not see it",
        implementation="harness_wireless_pvi.guide:Guide",
        reads=LabelledText,
        gives=GuidedText,
        params=(
            Param("scorer", str, "transformer", "the family that rates", choices=_SCORERS),
            Param("folds", int, 5, "parts of the cross-fit", low=2),
            Param("rounds", int, 1, "cuts into folds that are averaged", low=1),
            *_TRANSFORMER,
        ),
        requires=("sklearn", "torch"),
        install=_INSTALL,
        paper=_WIRELESS,
    )
    yield ModelSpec(
        name="lead-sentences",
        summary="the first sentences as a summary",
        implementation="harness_wireless_pvi.writing:LeadSentences",
        reads=ReferencedText,
        gives=GeneratedText,
        params=(Param("sentences", int, 2, "how many", low=1),),
        traits=("deterministic", "permutation-invariant"),
    )
    yield ModelSpec(
        name="nearest-answer",
        summary="the reference of the nearest training text",
        implementation="harness_wireless_pvi.writing:NearestAnswer",
        reads=ReferencedText,
        gives=GeneratedText,
        params=(Param("ngrams", int, 2, "longest n-gram of words that is compared", low=1),),
        traits=("deterministic",),
        requires=("sklearn",),
        install=_INSTALL,
    )
    yield ModelSpec(
        name="hf-writer",
        summary="a causal language model continues a prompt",
        implementation="harness_wireless_pvi.writing:HFWriter",
        reads=ReferencedText,
        gives=GeneratedText,
        params=(
            Param("model", str, "", "folder, or id on the Hugging Face hub"),
            Param("revision", str, "main", "branch, tag or commit on the hub"),
            Param("instruction", str, "Text:", "stands before the text"),
            Param("cue", str, "Answer:", "stands after the text"),
            Param("new_tokens", int, 64, "most tokens that are written", low=1),
            Param("max_length", int, 512, "tokens of the prompt; the text is cut", low=16),
            _DEVICE,
        ),
        requires=("torch", "transformers"),
        install=_INSTALL,
        paper=_WIRELESS,
    )


_READING: tuple[tuple[str, str, Quantity, str, tuple[Param, ...], bool], ...] = (
    (
        "pvi",
        "pointwise V-information of every example, and its mean",
        V_INFORMATION,
        "PVI",
        (),
        True,
    ),
    ("v-entropy", "H_V(Y): the null's surprise", V_ENTROPY, "VEntropy", (), True),
    (
        "conditional-v-entropy",
        "H_V(Y|X): surprise with the input",
        CONDITIONAL_V_ENTROPY,
        "ConditionalVEntropy",
        (),
        True,
    ),
    (
        "accuracy",
        "share of examples whose likeliest class is right",
        ACCURACY,
        "Accuracy",
        (),
        True,
    ),
    (
        "slice-v-information",
        "V-information of every class or group, and the least of them",
        LEAST_SLICE,
        "SliceVInformation",
        (
            Param("by", str, "class", "what a slice is", choices=("class", "group")),
            Param("least", int, 5, "examples that a slice must have", low=1),
        ),
        False,
    ),
    (
        "calibration",
        "expected calibration error",
        CALIBRATION,
        "Calibration",
        (Param("bins", int, 15, "bins of equal width", low=1),),
        False,
    ),
    ("mislabelled", "how well a low PVI finds wrong labels", MISLABELLED, "Mislabelled", (), False),
)


@_hookimpl
def harness_estimators() -> Iterable[EstimatorSpec]:
    """What log-probabilities say, what tokens carry, what was written, and training policies."""
    for name, summary, quantity, implementation, params, local in _READING:
        yield EstimatorSpec(
            name=name,
            summary=summary,
            implementation=f"harness_wireless_pvi.estimators:{implementation}",
            reads=LabelLogProbabilities,
            gives=Estimate,
            quantity=quantity,
            params=params,
            traits=("deterministic", "permutation-invariant", *(("local-mean",) if local else ())),
            paper=_GUO if name == "calibration" else _PVI,
        )
    yield EstimatorSpec(
        name="v-information",
        summary="V-information with a bootstrap interval",
        implementation="harness_wireless_pvi.estimators:VInformation",
        reads=LabelLogProbabilities,
        gives=Estimate,
        quantity=V_INFORMATION,
        params=(
            Param("resamples", int, 1000, "of the bootstrap", low=2),
            Param("level", float, 0.95, "of the interval", above=0.0, high=0.999),
        ),
        traits=("permutation-invariant",),
        paper=_THEORY,
    )
    yield EstimatorSpec(
        name="gaussian-v-information",
        summary="V-information of linear predictors with Gaussian noise of a fixed variance",
        implementation="harness_wireless_pvi.regression:GaussianVInformation",
        reads=PairedSamples,
        gives=Estimate,
        quantity=V_INFORMATION,
        params=(
            Param("variance", float, 0.5, "of the noise, in squared units of y", above=0.0),
            Param(
                "ridge", float, 1e-6, "relative to the mean variance of the columns of x", low=0.0
            ),
            Param("folds", int, 5, "parts of the cross-fit, where the data have no split", low=2),
        ),
        paper=_THEORY,
    )
    yield EstimatorSpec(
        name="token-artefacts",
        summary="which tokens carry the information: each left out in turn",
        implementation="harness_wireless_pvi.artefacts:TokenArtefacts",
        reads=LabelledText,
        gives=Estimate,
        quantity=ARTEFACT,
        params=(
            Param(
                "predictor",
                str,
                "wireless_pvi/tfidf-logistic",
                "full name of the model that predicts",
            ),
            Param("least", int, 6, "texts of a class that a token must occur in", low=1),
            Param("limit", int, 200, "most test texts that are looked at; 0 for all", low=0),
        ),
        needs=("split",),
        requires=("sklearn",),
        install=_INSTALL,
        paper=_PVI,
    )
    yield EstimatorSpec(
        name="rouge-l",
        summary="ROUGE-L F-measure of what was written",
        implementation="harness_wireless_pvi.written:RougeL",
        reads=GeneratedText,
        gives=Estimate,
        quantity=ROUGE,
        params=(Param("stem", bool, False, "compare word stems"),),
        traits=("deterministic", "permutation-invariant", "local-mean"),
        requires=("rouge_score",),
        install=_INSTALL,
        paper=_LIN,
    )
    yield EstimatorSpec(
        name="numeric-answer",
        summary="share of numbers that are right within a tolerance",
        implementation="harness_wireless_pvi.written:NumericAnswer",
        reads=GeneratedText,
        gives=Estimate,
        quantity=ACCURACY,
        params=(Param("tolerance", float, 0.01, "relative", low=0.0),),
        traits=("deterministic", "permutation-invariant", "local-mean"),
    )
    yield from _policies()


_BUCKETS = (Param("buckets", int, 4, "parts by rank, which come in one after the other", low=1),)
_TAU = (Param("tau", float, 0.0, "least PVI that is kept, nats"),)
_SHARE = (Param("share", float, 0.25, "part of each class that is kept", above=0.0, high=1.0),)
_STRENGTH = (Param("strength", float, 1.0, "weights are exp(strength x PVI), per nat"),)


def _policies() -> Iterable[EstimatorSpec]:
    for name, implementation, params, summary in (
        ("all", "TrainAll", (), "all texts in random order: no use of PVI"),
        ("order", "TrainOrder", _BUCKETS, "easy texts come in first"),
        ("reverse", "TrainReverse", _BUCKETS, "hard texts come in first"),
        (
            "random-order",
            "TrainRandomOrder",
            _BUCKETS,
            "random parts come in one after the other: control",
        ),
        ("filter", "TrainFilter", _TAU, "texts below a PVI are left out"),
        (
            "random-kept",
            "TrainRandomKept",
            _TAU,
            "as many texts at random as the filter keeps: control",
        ),
        ("easy", "TrainEasy", _SHARE, "the share of highest PVI"),
        ("medium", "TrainMedium", _SHARE, "the share about the median PVI"),
        ("hard", "TrainHard", _SHARE, "the share of lowest PVI"),
        ("random", "TrainRandom", _SHARE, "a random share: control"),
        ("weight", "TrainWeight", _STRENGTH, "texts weighted by PVI"),
        (
            "random-weight",
            "TrainRandomWeight",
            _STRENGTH,
            "the same weights dealt out at random: control",
        ),
    ):
        yield EstimatorSpec(
            name=f"train-{name}",
            summary=f"test accuracy of the small transformer: {summary}",
            implementation=f"harness_wireless_pvi.policies:{implementation}",
            reads=GuidedText,
            gives=Estimate,
            quantity=ACCURACY,
            params=(*_TRANSFORMER, *params),
            needs=("split",),
            requires=("sklearn", "torch"),
            install=_INSTALL,
            paper=_WIRELESS,
        )
