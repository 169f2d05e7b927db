"""Plugin `language`: generated languages of known entropy rate, text, and long contexts with
questions.
"""

from __future__ import annotations

from collections.abc import Iterable

from harness import Contexts, Param, TaskSpec, TokenSequences
from harness import hookimpl as _hookimpl
from harness.quantities import ACCURACY, CROSS_ENTROPY, MUTUAL_INFORMATION

HARNESS_API = 1

_SHARES = (
    Param(
        "train_share",
        float,
        0.8,
        "share of the sequences that models learn from",
        above=0.0,
        high=0.99,
    ),
)


@_hookimpl
def harness_tasks() -> Iterable[TaskSpec]:
    """Token sequences, and contexts."""
    yield TaskSpec(
        name="known-entropy-languages",
        summary="Markov chains, hidden Markov models and grammars whose entropy rate is known",
        implementation="harness_language.known:KnownEntropyLanguages",
        params=(
            Param(
                "languages",
                tuple[str, ...],
                ("coin", "markov", "markov-2", "cycle", "hidden", "noisy", "grammar"),
                "which of them",
                choices=("coin", "markov", "markov-2", "cycle", "hidden", "noisy", "grammar"),
            ),
            Param("sequences", int, 400, "drawn of each", low=4),
            Param("length", int, 128, "symbols of a sequence", low=2),
            *_SHARES,
        ),
        gives=TokenSequences,
        quantities=(CROSS_ENTROPY,),
        traits=("split",),
    )
    yield TaskSpec(
        name="pydoc-text",
        summary="the language reference inside CPython as bytes; or a file or Hugging Face data set of texts",
        implementation="harness_language.text:PydocText",
        params=(
            Param("dataset", str, "pydoc", "pydoc, a text or Parquet file, or a Hugging Face id"),
            Param(
                "config",
                str,
                "",
                "configuration of a Hugging Face data set, such as wikitext-2-raw-v1",
            ),
            Param("column", str, "text", "column of the texts"),
            Param(
                "limit", int, 0, "most documents that are used, drawn at random; 0 for all", low=0
            ),
            Param(
                "test_bytes", int, 40_000, "bytes of test documents, at most a fifth of all", low=1
            ),
        ),
        gives=TokenSequences,
        quantities=(CROSS_ENTROPY,),
        traits=("split",),
    )
    yield TaskSpec(
        name="long-contexts",
        summary="LongHealth, FinanceBench, QASPER, WildChat and FineWeb from files or the hub, to be compressed",
        implementation="harness_language.contexts:LongContexts",
        params=(
            Param(
                "preset",
                str,
                "longhealth",
                "the format",
                choices=("longhealth", "financebench", "qasper", "wildchat", "fineweb"),
            ),
            Param(
                "path",
                str,
                "",
                "a JSON, JSON lines or Parquet file, or a Hugging Face id; empty for the preset's",
            ),
            Param("split", str, "train", "of a data set on the hub"),
            Param(
                "documents",
                str,
                "",
                "folder of FinanceBench's reports as DOC_NAME.txt, pages by form feeds",
            ),
            Param("query", str, "", "the question to WildChat or FineWeb; empty for the preset's"),
            Param("contexts", int, 20, "of each question", low=2),
            Param("questions", int, 10, "cases, one question each, drawn at random", low=1),
            Param("characters", int, 0, "longer texts are cut; 0 for never", low=0),
        ),
        gives=Contexts,
        quantities=(MUTUAL_INFORMATION, ACCURACY),
        paper="S. He et al., arXiv:2512.21720 (2025), for the choice and its filters",
    )
