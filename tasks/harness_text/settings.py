"""Parameters: each is declared here once, and inherited by the classes that use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness import param


@dataclass(frozen=True, kw_only=True)
class Testing:
    """How many texts are held out."""

    test_share: float = param(0.4, "share of the texts that is for testing", above=0.0, high=0.9)


@dataclass(frozen=True, kw_only=True)
class Known:
    """Parameters of the task `known-v-information`."""

    n: int = param(4000, "number of texts in each case", low=20)
    test_share: float = param(0.5, "share of the texts that is for testing", above=0.0, high=0.9)
    flips: tuple[float, ...] = param(
        (0.0, 0.05, 0.1, 0.25, 0.5),
        "error probabilities of the channels, one case for each",
        low=0.0,
        high=0.5,
    )
    distances: tuple[float, ...] = param(
        (0.25, 0.5, 1.0, 2.0),
        "distances of the means of the normal classes from zero, one case for each",
        low=0.0,
    )
    noise: tuple[float, ...] = param(
        (0.0, 0.1, 0.3),
        "shares of wrong labels of the topics, one case for each",
        low=0.0,
        high=0.5,
    )


@dataclass(frozen=True, kw_only=True)
class Paragraphs:
    """Paragraphs of a manual."""

    topics: tuple[int, ...] = param(
        (4, 12), "numbers of topics, the largest ones, one case for each", low=2
    )
    noise: tuple[float, ...] = param(
        (0.0, 0.1), "shares of labels that are made wrong, one case for each", low=0.0, high=0.5
    )
    least: int = param(60, "least number of characters of a paragraph", low=1)


@dataclass(frozen=True, kw_only=True)
class Manual(Testing, Paragraphs):
    """Parameters of the task `pydoc-topics`."""


@dataclass(frozen=True, kw_only=True)
class Chains:
    """Questions over chains of facts."""

    n: int = param(1200, "number of questions of each form", low=20)
    hops: int = param(3, "number of facts in the longest chain", low=1, high=5)
    shown: int = param(6, "number of facts before the question; 0 for none", low=0)
    forms: tuple[str, ...] = param(
        ("tf", "mcq"), "forms, true or false (tf) and four choices (mcq), one case for each"
    )


@dataclass(frozen=True, kw_only=True)
class Questions(Testing, Chains):
    """Parameters of the task `wireless-qa`."""


@dataclass(frozen=True, kw_only=True)
class Shared:
    """Who shares a channel."""

    systems: tuple[str, ...] = param(
        ("downlink",), "directions, downlink and uplink, one case for each"
    )
    users: tuple[int, ...] = param(
        (2,), "numbers of users who share the channel, one case for each", low=2, high=6
    )


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Problems about rates."""

    n: int = param(1500, "number of problems in each case", low=20)
    forms: tuple[str, ...] = param(
        ("claim", "choice"), "forms, a claim to judge and four choices, one case for each"
    )
    noise: tuple[float, ...] = param(
        (0.0, 0.1), "shares of labels that are made wrong, one case for each", low=0.0, high=0.5
    )


@dataclass(frozen=True, kw_only=True)
class Problems(Testing, Shared, Rates):
    """Parameters of the task `noma`."""


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """How many problems with a number as the answer."""

    n: int = param(600, "number of problems", low=10)


@dataclass(frozen=True, kw_only=True)
class Answers(Testing, Shared, Numbers):
    """Parameters of the task `noma-answers`."""


@dataclass(frozen=True, kw_only=True)
class Statements:
    """How many statements of problems."""

    n: int = param(300, "number of texts", low=10)


@dataclass(frozen=True, kw_only=True)
class Summaries(Testing, Statements):
    """Parameters of the task `wireless-summaries`."""


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """Parameters of the task `labelled-text`."""

    path: str = param("", "file, folder laid out like a repository, or id on the Hugging Face hub")
    test: str = param(
        "", "second file, or name of the test split on the hub; empty draws one (on the hub: test)"
    )
    text: str = param("text", "column of the texts")
    label: str = param("label", "column of the labels")
    context: str = param(
        "", "column of a second text, such as a hypothesis or options; empty for none"
    )
    group: str = param("", "column of the groups that slices are made of; empty for none")
    config: str = param("", "configuration of a data set on the hub")
    revision: str = param("main", "branch, tag or commit of a data set on the hub")
    train: str = param("train", "name of the training split on the hub")
    test_share: float = param(
        0.3,
        "share of each class that is drawn for testing where there is no test part",
        above=0.0,
        high=0.9,
    )
    empty: Literal["error", "drop"] = param("error", "treatment of rows without a text")
    missing: Literal["error", "drop"] = param("error", "treatment of rows without a label")
    negative: Literal["missing", "class"] = param(
        "missing", "meaning of negative labels such as -1: no label, or a class of their own"
    )
    duplicates: Literal["error", "drop"] = param(
        "error",
        "treatment of texts of a test part of your own that are in the training part too; where "
        "the test part is drawn, equal texts stay together",
    )
    encoding: str = param("utf-8", "encoding of the files, such as cp1252 or utf-16")
    quotes: Literal["auto", "yes", "no"] = param(
        "auto", "whether double quotes enclose fields: in .csv they do, in .tsv they do not"
    )
    limit: int = param(0, "largest number of rows, drawn at random; 0 for all", low=0)


@dataclass(frozen=True, kw_only=True)
class Surprises:
    """Parameters of the task `pvi-table`."""

    path: str = param("", "file with a row for each example")
    label: str = param("label", "column of the labels")
    predicted: str = param("predicted_label", "column of the classes that the model says")
    full: str = param("H_yx", "column of the surprise given the text, in bits")
    null: str = param("H_yb", "column of the surprise without the text, in bits")


@dataclass(frozen=True, kw_only=True)
class Change:
    """Parameters of the model `rewrite`."""

    what: Literal["shuffle", "length", "encrypt", "drop-context", "only-context"] = param(
        "shuffle",
        "change of the texts: shuffle their words, keep only their length, encrypt their letters, "
        "or drop one of the two texts",
    )
