"""Settings of the tasks: each parameter is declared here once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness import param


@dataclass(frozen=True, kw_only=True)
class Languages:
    """Parameters of `known-entropy-languages`."""

    languages: tuple[
        Literal["coin", "markov", "markov-2", "cycle", "hidden", "noisy", "grammar"], ...
    ] = param(
        ("coin", "markov", "markov-2", "cycle", "hidden", "noisy", "grammar"),
        "languages, one case for each",
    )
    sequences: int = param(400, "number of sequences that are drawn of each language", low=4)
    length: int = param(128, "number of symbols in a sequence", low=2)
    train_share: float = param(
        0.8, "share of the sequences that models learn from", above=0.0, high=0.99
    )


@dataclass(frozen=True, kw_only=True)
class Documents:
    """Parameters of `pydoc-text`."""

    dataset: str = param("pydoc", "text: pydoc, a text or Parquet file, or a Hugging Face id")
    config: str = param("", "configuration of a Hugging Face data set, such as wikitext-2-raw-v1")
    column: str = param("text", "column that holds the texts")
    limit: int = param(
        0, "largest number of documents that are used, drawn at random; 0 for all", low=0
    )
    test_bytes: int = param(
        40_000,
        "size of the test documents, but at most a fifth of all",
        low=1,
        unit="bytes",
    )


@dataclass(frozen=True, kw_only=True)
class Corpora:
    """Parameters of `long-contexts`."""

    preset: Literal["longhealth", "financebench", "qasper", "wildchat", "fineweb"] = param(
        "longhealth", "format of the documents and questions"
    )
    path: str = param(
        "",
        "JSON, JSON lines or Parquet file, or a Hugging Face id; empty for the one of the preset",
    )
    split: str = param("train", "split of a Hugging Face data set")
    documents: str = param(
        "",
        "folder of the reports of FinanceBench as DOC_NAME.txt, pages separated by form feeds",
    )
    query: str = param("", "question about WildChat or FineWeb; empty for the one of the preset")
    contexts: int = param(20, "number of contexts for each question", low=2)
    questions: int = param(10, "number of questions, drawn at random, one case for each", low=1)
    characters: int = param(
        0, "largest length of a text, beyond which it is cut; 0 for any", low=0, unit="characters"
    )
