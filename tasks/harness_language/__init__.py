"""Plugin `language`: languages of known entropy rate, text, and long contexts with questions."""

from __future__ import annotations

from collections.abc import Iterable

from harness import Contexts, TaskSpec, TokenSequences
from harness import hookimpl as _hookimpl
from harness.quantities import ACCURACY, CROSS_ENTROPY, MUTUAL_INFORMATION

HARNESS_API = 1

KNOWN_ENTROPY_LANGUAGES = TaskSpec(
    name="known-entropy-languages",
    summary="Markov chains, hidden Markov models and grammars whose entropy rate is known",
    implementation="harness_language.known:KnownEntropyLanguages",
    settings="harness_language.settings:Languages",
    gives=TokenSequences,
    quantities=(CROSS_ENTROPY,),
    traits=("split",),
)
PYDOC_TEXT = TaskSpec(
    name="pydoc-text",
    files={"dataset": (".txt", ".md", ".parquet")},
    summary="text as bytes: the language reference inside CPython, a file, or a Hugging Face id",
    implementation="harness_language.text:PydocText",
    settings="harness_language.settings:Documents",
    gives=TokenSequences,
    quantities=(CROSS_ENTROPY,),
    traits=("split",),
)
LONG_CONTEXTS = TaskSpec(
    name="long-contexts",
    files={"path": (".json", ".jsonl", ".parquet")},
    summary="LongHealth, FinanceBench, QASPER, WildChat and FineWeb as contexts to be compressed",
    implementation="harness_language.contexts:LongContexts",
    settings="harness_language.settings:Corpora",
    gives=Contexts,
    quantities=(MUTUAL_INFORMATION, ACCURACY),
    paper="S. He et al., arXiv:2512.21720 (2025), for the choice and its filters",
)


@_hookimpl
def harness_tasks() -> Iterable[TaskSpec]:
    """Token sequences, and contexts."""
    return KNOWN_ENTROPY_LANGUAGES, PYDOC_TEXT, LONG_CONTEXTS
