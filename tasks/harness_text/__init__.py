"""Neutral tasks on text: known usable information, a manual, wireless questions and problems, files of one's own."""

from __future__ import annotations

from collections.abc import Iterable

from harness import (
    LabelledSamples,
    LabelledText,
    ModelSpec,
    Param,
    Quantity,
    ReferencedText,
    TaskSpec,
)
from harness import hookimpl as _hookimpl
from harness.quantities import ACCURACY, MUTUAL_INFORMATION, V_INFORMATION

HARNESS_API = 1

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


def _test_share(default: float) -> Param:
    return Param(
        "test_share", float, default, "share of the texts that is for testing", above=0.0, high=0.9
    )


def _noise(*default: float) -> Param:
    return Param(
        "noise",
        tuple[float, ...],
        default,
        "shares of labels made wrong, a case each",
        low=0.0,
        high=0.5,
    )


@_hookimpl
def harness_tasks() -> Iterable[TaskSpec]:
    """The tasks of this plugin."""
    yield TaskSpec(
        name="known-v-information",
        summary="texts whose usable information is known: channels, normal classes, XOR, noisy topics",
        implementation="harness_text.known:KnownVInformation",
        params=(
            Param("n", int, 4000, "texts of each case", low=20),
            _test_share(0.5),
            Param(
                "flips",
                tuple[float, ...],
                (0.0, 0.05, 0.1, 0.25, 0.5),
                "errors of the channels",
                low=0.0,
                high=0.5,
            ),
            Param(
                "distances",
                tuple[float, ...],
                (0.25, 0.5, 1.0, 2.0),
                "means of the normal classes",
                low=0.0,
            ),
            _noise(0.0, 0.1, 0.3),
        ),
        gives=LabelledText,
        quantities=(V_INFORMATION, MUTUAL_INFORMATION),
        traits=("split",),
        paper=_THEORY,
    )
    yield TaskSpec(
        name="pydoc-topics",
        summary="which topic of Python's language reference is a paragraph from?",
        implementation="harness_text.manual:PydocTopics",
        params=(
            Param(
                "topics", tuple[int, ...], (4, 12), "the largest so many topics, a case each", low=2
            ),
            _noise(0.0, 0.1),
            Param("least", int, 60, "characters of a paragraph", low=1),
            _test_share(0.4),
        ),
        gives=LabelledText,
        quantities=(V_INFORMATION, ACCURACY),
        traits=("split",),
        paper=_PVI,
    )
    yield TaskSpec(
        name="wireless-qa",
        summary="questions over chains of facts on wireless communication, true or false and with four choices",
        implementation="harness_text.wireless_qa:WirelessQA",
        params=(
            Param("n", int, 1200, "questions of each form", low=20),
            Param("hops", int, 3, "facts in the longest chain", low=1, high=5),
            Param("shown", int, 6, "facts that stand before the question; 0 for none", low=0),
            Param(
                "forms",
                tuple[str, ...],
                ("tf", "mcq"),
                "true or false, and four choices: a case each",
            ),
            _test_share(0.4),
        ),
        gives=LabelledText,
        quantities=(V_INFORMATION, ACCURACY),
        traits=("split",),
        paper=_WIRELESS,
    )
    yield TaskSpec(
        name="noma",
        summary="claims and choices about the rates of NOMA users, with golden answers",
        implementation="harness_text.noma:Noma",
        params=(
            Param("n", int, 1500, "problems of each case", low=20),
            Param(
                "forms",
                tuple[str, ...],
                ("claim", "choice"),
                "a claim to judge, and four choices: a case each",
            ),
            _noise(0.0, 0.1),
            _test_share(0.4),
        ),
        gives=LabelledText,
        quantities=(V_INFORMATION, MUTUAL_INFORMATION, ACCURACY),
        traits=("split",),
        paper=_WIRELESS,
    )
    yield TaskSpec(
        name="noma-answers",
        summary="the rates of NOMA users as numbers to be written",
        implementation="harness_text.noma:NomaAnswers",
        params=(Param("n", int, 600, "problems", low=10), _test_share(0.4)),
        gives=ReferencedText,
        quantities=(ACCURACY,),
        traits=("split",),
        paper=_WIRELESS,
    )
    yield TaskSpec(
        name="wireless-summaries",
        summary="optimisation problems told at length, with the summary that is wanted",
        implementation="harness_text.summaries:WirelessSummaries",
        params=(Param("n", int, 300, "texts", low=10), _test_share(0.4)),
        gives=ReferencedText,
        quantities=(ROUGE,),
        traits=("split",),
        paper=_WIRELESS,
    )
    yield TaskSpec(
        name="labelled-text",
        summary="labelled texts of your own: CSV, TSV, JSON, Parquet, a folder, or a data set on the Hugging Face hub",
        implementation="harness_text.labelled:LabelledFile",
        params=(
            Param("path", str, "", "file, folder laid out like a repository, or id on the hub"),
            Param(
                "test",
                str,
                "",
                "second file, or name of the test split; empty draws one (hub: test)",
            ),
            Param("text", str, "text", "column of the texts"),
            Param("label", str, "label", "column of the labels"),
            Param(
                "context", str, "", "column of a second text (hypothesis, options); empty for none"
            ),
            Param("group", str, "", "column of slices; empty for none"),
            Param("config", str, "", "configuration of a data set on the hub"),
            Param("revision", str, "main", "branch, tag or commit on the hub"),
            Param("train", str, "train", "name of the training split on the hub"),
            Param(
                "test_share",
                float,
                0.3,
                "share of each class that is drawn for testing",
                above=0.0,
                high=0.9,
            ),
            Param("empty", str, "error", "rows without a text", choices=("error", "drop")),
            Param(
                "duplicates",
                str,
                "error",
                "test texts that stand in training",
                choices=("error", "drop"),
            ),
            Param("limit", int, 0, "most rows, drawn at random; 0 for all", low=0),
        ),
        gives=LabelledText,
        quantities=(V_INFORMATION, ACCURACY),
        traits=("split",),
    )


@_hookimpl
def harness_models() -> Iterable[ModelSpec]:
    """Changes of labelled texts, and vectors read off them."""
    yield ModelSpec(
        name="rewrite",
        summary="labelled texts made poorer: words shuffled, only the length kept, letters encrypted, one text dropped",
        implementation="harness_text.rewriting:Rewrite",
        reads=LabelledText,
        gives=LabelledText,
        params=(
            Param(
                "what",
                str,
                "shuffle",
                "the change",
                choices=("shuffle", "length", "encrypt", "drop-context", "only-context"),
            ),
        ),
        paper=_PVI,
    )
    yield ModelSpec(
        name="numbers",
        summary="the numbers in labelled texts as vectors",
        implementation="harness_text.features:Numbers",
        reads=LabelledText,
        gives=LabelledSamples,
        traits=("deterministic",),
    )
    yield ModelSpec(
        name="noma-features",
        summary="distance of each stated rate from the golden one, for problems of the task noma",
        implementation="harness_text.features:NomaFeatures",
        reads=LabelledText,
        gives=LabelledSamples,
        traits=("deterministic",),
        paper=_WIRELESS,
    )
