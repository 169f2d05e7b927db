"""Plugin `text`: tasks on texts, some of known usable information, some on wireless systems."""

from __future__ import annotations

from collections.abc import Iterable

from harness import (
    LabelledSamples,
    LabelledText,
    LabelLogProbabilities,
    ModelSpec,
    Quantity,
    ReferencedText,
    TaskSpec,
    hookimpl,
)
from harness.quantities import ACCURACY, MUTUAL_INFORMATION, V_INFORMATION

HARNESS_API = 1

ROUGE = Quantity(
    "rouge_l",
    "",
    "higher",
    lower=0.0,
    upper=1.0,
    summary="F-measure of the longest common subsequence of words",
)

_PVI = (
    "K. Ethayarajh et al., Understanding Dataset Difficulty with V-Usable Information, "
    "ICML 2022, arXiv:2110.08420"
)
_THEORY = "Y. Xu et al., A Theory of Usable Information, ICLR 2020, arXiv:2002.10689"
_WIRELESS = (
    "Y. Lin et al., Empowering Large Language Models in Wireless Communication, 2025, "
    "arXiv:2501.09631"
)


@hookimpl
def harness_tasks() -> Iterable[TaskSpec]:
    """The tasks of this plugin."""
    yield TaskSpec(
        name="known-v-information",
        summary="texts of known usable information: channels, normal classes, XOR, noisy topics",
        implementation="harness_text.known:KnownVInformation",
        settings="harness_text.settings:Known",
        gives=LabelledText,
        quantities=(V_INFORMATION, MUTUAL_INFORMATION),
        traits=("split",),
        paper=_THEORY,
    )
    yield TaskSpec(
        name="pydoc-topics",
        summary="paragraphs of Python's language reference, to be told apart by topic",
        implementation="harness_text.manual:PydocTopics",
        settings="harness_text.settings:Manual",
        gives=LabelledText,
        quantities=(V_INFORMATION, ACCURACY),
        traits=("split",),
        paper=_PVI,
    )
    yield TaskSpec(
        name="wireless-qa",
        summary="questions over chains of facts on wireless communication, in two forms",
        implementation="harness_text.wireless_qa:WirelessQA",
        settings="harness_text.settings:Questions",
        gives=LabelledText,
        quantities=(V_INFORMATION, ACCURACY),
        traits=("split",),
        paper=_WIRELESS,
    )
    yield TaskSpec(
        name="noma",
        summary="claims and choices about the rates of NOMA users, with golden answers",
        implementation="harness_text.noma:Noma",
        settings="harness_text.settings:Problems",
        gives=LabelledText,
        quantities=(V_INFORMATION, MUTUAL_INFORMATION, ACCURACY),
        traits=("split",),
        paper=_WIRELESS,
    )
    yield TaskSpec(
        name="noma-answers",
        summary="the rates of NOMA users as numbers to be written",
        implementation="harness_text.noma:NomaAnswers",
        settings="harness_text.settings:Answers",
        gives=ReferencedText,
        quantities=(ACCURACY,),
        traits=("split",),
        paper=_WIRELESS,
    )
    yield TaskSpec(
        name="wireless-summaries",
        summary="optimisation problems stated at length, with the summary that is wanted",
        implementation="harness_text.summaries:WirelessSummaries",
        settings="harness_text.settings:Summaries",
        gives=ReferencedText,
        quantities=(ROUGE,),
        traits=("split",),
        paper=_WIRELESS,
    )
    yield TaskSpec(
        name="labelled-text",
        files={"path": (".csv", ".tsv", ".json", ".jsonl", ".parquet", "/")},
        summary="labelled texts of your own, from files or the Hugging Face hub",
        implementation="harness_text.labelled:LabelledFile",
        plan=False,
        settings="harness_text.settings:Labelled",
        gives=LabelledText,
        quantities=(V_INFORMATION, ACCURACY),
        traits=("split",),
    )
    yield TaskSpec(
        name="pvi-table",
        files={"path": (".csv",)},
        summary="surprises that others measured, such as the files of Ethayarajh et al.",
        implementation="harness_text.surprises:PVITable",
        plan=False,
        settings="harness_text.settings:Surprises",
        gives=LabelLogProbabilities,
        quantities=(V_INFORMATION, ACCURACY),
        paper=_PVI,
    )


@hookimpl
def harness_models() -> Iterable[ModelSpec]:
    """Changes of labelled texts, and vectors read from them."""
    yield ModelSpec(
        name="rewrite",
        summary="labelled texts with less information: shuffled, encrypted, or cut down",
        implementation="harness_text.rewriting:Rewrite",
        settings="harness_text.settings:Change",
        reads=LabelledText,
        gives=LabelledText,
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
        summary="distance of each stated rate from the golden one, for texts of the task noma",
        implementation="harness_text.features:NomaFeatures",
        reads=LabelledText,
        gives=LabelledSamples,
        traits=("deterministic",),
        paper=_WIRELESS,
    )
