"""Settings of the tasks: each parameter is declared here once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness import param


@dataclass(frozen=True, kw_only=True)
class Questions:
    """Parameters of `context-questions`."""

    contexts: int = param(16, "number of contexts to be compressed, for each question", low=2)
    training: int = param(1000, "number of generated contexts for models that learn", low=0)
    about: Literal["traits", "things"] = param(
        "traits",
        "subject of the generated facts: traits, each with values of its own sort, or things, each "
        "of which has a colour",
    )
    things: int = param(4, "number of facts in a generated context", low=1, high=8)
    questions: int = param(2, "number of questions, one case for each", low=1, high=8)
    dataset: str = param(
        "", "file of JSON lines with text and answer; empty for generated contexts"
    )
    query: str = param("", "question about the texts of the file")


@dataclass(frozen=True, kw_only=True)
class Collection:
    """Parameters of `research-questions`."""

    folder: str = param("", "folder of text files (.txt, .md); empty for generated documents")
    asked: str = param(
        "",
        "file of JSON lines, each a question about the folder, with answer, options and queries "
        "where they are known",
    )
    documents: int = param(12, "number of generated documents", low=2, high=16)
    questions: int = param(2, "number of questions, one case for each", low=1)
    given: bool = param(
        True, "whether sub-queries that are known stand below the question; else models divide it"
    )


@dataclass(frozen=True, kw_only=True)
class Channels:
    """Parameters of `context-compression`."""

    channels: tuple[Literal["symmetric", "gaussian", "facts"], ...] = param(
        ("symmetric", "gaussian", "facts"), "families of channels"
    )
    contexts: int = param(64, "number of contexts in each case", low=2)
    draws: int = param(8, "number of compressions of each context", low=1)
    facts: tuple[int, ...] = param(
        (2, 6), "numbers of facts in a context, one set of cases for each", low=1
    )
    values: int = param(8, "number of values that a fact can have", low=2)
    keep: tuple[float, ...] = param(
        (0.3, 0.5, 0.7, 0.9),
        "probabilities that a fact is kept, one set of cases for each",
        low=0.0,
        high=1.0,
    )
    corrupt: tuple[float, ...] = param(
        (0.05, 0.15, 0.3),
        "probabilities that a kept fact is wrong, one set of cases for each",
        low=0.0,
        high=1.0,
    )
    filler: tuple[int, ...] = param(
        (20, 12, 8, 2),
        "numbers of tokens without information, one for each probability in keep",
        low=0,
    )
    flip: tuple[float, ...] = param(
        (0.0, 0.1, 0.5), "error probabilities of the symmetric channels", low=0.0, high=1.0
    )
    snr: tuple[float, ...] = param(
        (1.0, 10.0, 100.0), "signal-to-noise ratios of the Gaussian channels", above=0.0
    )
    proxy: float = param(
        1.0, "factor on the log-likelihoods; 1 gives the exact probabilities", above=0.0
    )
