"""Settings of the tasks: each parameter is declared here once."""

from __future__ import annotations

from dataclasses import dataclass

from harness import param


@dataclass(frozen=True, kw_only=True)
class TwoLevels:
    """Parameters of `two-level-logits`."""

    margins: tuple[float, ...] = param(
        (0.0, 1.0, 2.0, 4.0, 8.0), "margins of the targets over other keys, one case for each"
    )
    keys: int = param(16, "number of keys, which all queries see", low=2)
    targets: int = param(4, "number of keys that are targets", low=1)


@dataclass(frozen=True, kw_only=True)
class BlockLabels:
    """Parameters of `block-labels`."""

    dials: tuple[float, ...] = param(
        (0.0, 0.2, 0.4, 0.6, 0.8, 1.0),
        "weights of the penalty that the layer is to be trained with, one case for each",
        low=0.0,
        high=1.0,
    )
    blocks: int = param(4, "number of blocks", low=2)
    types: int = param(8, "number of types of token in a block, and its dimensions", low=1)
    tokens: int = param(32, "number of tokens in a sequence", low=2)
    sequences: int = param(128, "number of sequences to train on, and as many to test", low=1)
    classes: int = param(4, "number of classes of a block in a sequence", low=2)
    noise: float = param(0.7, "standard deviation of the noise on the values", low=0.0)


@dataclass(frozen=True, kw_only=True)
class Documents:
    """Documents that are drawn from laws of words."""

    documents: tuple[int, ...] = param(
        (300,), "numbers of documents, one case for each with each number below", low=1
    )
    length: int = param(30, "number of tokens in a document", low=1)
    words: int = param(20, "number of words of a source", low=2)


@dataclass(frozen=True, kw_only=True)
class Mixtures(Documents):
    """Parameters of `block-mixtures`."""

    blocks: tuple[int, ...] = param((1, 2, 4), "numbers of blocks, one case for each", low=1)
    concentration: float = param(
        0.2, "concentration of the Dirichlet law of the blocks' laws of words", above=0.0
    )


@dataclass(frozen=True, kw_only=True)
class Sources(Documents):
    """Parameters of `expert-mixtures`."""

    experts: tuple[int, ...] = param(
        (1, 2, 3), "numbers of kinds of source, one case for each", low=1
    )
    blocks: int = param(2, "number of blocks of a kind of source", low=1)
    concentration: float = param(
        0.5, "concentration of the Dirichlet law of the blocks' laws of words", above=0.0
    )


@dataclass(frozen=True, kw_only=True)
class Words:
    """How texts become counts of words."""

    vocabulary: int = param(500, "largest number of words, the most frequent first", low=2)
    least: int = param(8, "smallest number of words in a document that is kept", low=1)


@dataclass(frozen=True, kw_only=True)
class PydocBlocks(Words):
    """Parameters of `pydoc-blocks`."""

    blocks: int = param(6, "number of topics, the longest first", low=1)


@dataclass(frozen=True, kw_only=True)
class LabelledBlocks(Words):
    """Parameters of `labelled-blocks`."""

    path: str = param("", "file of JSON lines, each with a text and its block")
    text: str = param("text", "field of the text")
    block: str = param("block", "field of the block")
