"""Parameters: each is declared here once, and inherited by the classes that use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness import ComponentOf, Device, LabelledText, LabelLogProbabilities, param

# What predictors share.


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """Which rows are fitted, and which are scored."""

    folds: int = param(
        0, "number of folds that score all rows held out; 0 scores the test part alone", low=0
    )
    scored: Literal["test", "train"] = param(
        "test", "part that is scored with folds=0: held-out rows, or those that were fitted"
    )


@dataclass(frozen=True, kw_only=True)
class Null:
    """What is known without the input."""

    null: Literal["prior", "trained"] = param(
        "prior", "predictor without the input: label frequencies, or the family on blank inputs"
    )


@dataclass(frozen=True, kw_only=True)
class Training:
    """Steps of AdamW."""

    steps: int = param(300, "number of steps of AdamW", low=1)
    batch: int = param(32, "number of texts in a step", low=1)
    learning_rate: float = param(
        2e-3, "learning rate of AdamW at its peak, from which it falls to zero", above=0.0
    )
    weight_decay: float = param(0.01, "weight decay of AdamW", low=0.0)


@dataclass(frozen=True, kw_only=True)
class Pretrained:
    """A model of `transformers`."""

    model: str = param("", "folder of the model, or its id on the Hugging Face hub")
    revision: str = param("main", "branch, tag or commit of the model on the hub")


# Predictors.


@dataclass(frozen=True, kw_only=True)
class Penalty:
    """The fit of a logistic regression."""

    c: float = param(
        0.0,
        "inverse strength of the L2 penalty; 0 chooses it on a fifth of the training rows",
        low=0.0,
    )
    iterations: int = param(1000, "largest number of iterations of L-BFGS", low=1)


@dataclass(frozen=True, kw_only=True)
class Logistic(HeldOut, Null, Penalty):
    """Logistic regression."""


@dataclass(frozen=True, kw_only=True)
class LogisticOfNgrams(Logistic):
    """Logistic regression on n-grams."""

    analyzer: Literal["word", "char", "char_wb"] = param(
        "word", "unit of an n-gram: words, characters, or characters within words"
    )
    ngrams: int = param(2, "length of the longest n-gram", low=1)
    max_features: int = param(50_000, "number of n-grams that are kept, the most frequent", low=1)


@dataclass(frozen=True, kw_only=True)
class Vectors:
    """Where the vectors of texts come from."""

    encoder: str = param(
        "", "folder or hub id of an encoder; empty for hashed n-grams with an SVD, which need none"
    )
    dimensions: int = param(100, "number of dimensions of the hashed n-grams", low=1)


@dataclass(frozen=True, kw_only=True)
class Embedding(Device, Vectors):
    """Texts as vectors."""


@dataclass(frozen=True, kw_only=True)
class LogisticOfEmbedding(Embedding, Logistic):
    """Logistic regression on vectors of texts."""


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """The small transformer."""

    tokens: Literal["words", "bytes"] = param("words", "tokens of a text: its words, or its bytes")
    max_length: int = param(
        128, "number of tokens that are read of a text; the rest is cut off", low=2
    )
    width: int = param(64, "width of the hidden layers, a multiple of 16", low=16)
    layers: int = param(2, "number of encoder layers", low=1)
    dropout: float = param(0.1, "dropout rate in training", low=0.0, high=0.9)


@dataclass(frozen=True, kw_only=True)
class Transformer(Device, Training, Architecture):
    """The small transformer and its training."""


@dataclass(frozen=True, kw_only=True)
class TransformerFamily(HeldOut, Null, Transformer):
    """The small transformer as a predictor."""


@dataclass(frozen=True, kw_only=True)
class Tuning(Training, Pretrained):
    """How a model of `transformers` is fine-tuned."""

    steps: int = param(200, "number of steps of AdamW; 0 uses the model as it is", low=0)
    learning_rate: float = param(
        5e-5, "learning rate of AdamW at its peak, from which it falls to zero", above=0.0
    )
    weight_decay: float = param(0.0, "weight decay of AdamW", low=0.0)
    lora_rank: int = param(0, "rank of the low-rank updates; 0 trains all weights", low=0)
    max_length: int = param(
        128, "number of tokens that are read of a text; the rest is cut off", low=8
    )
    score_tokens: int = param(8192, "number of tokens in a batch when scoring", low=1)


@dataclass(frozen=True, kw_only=True)
class Tunable(Device, Tuning):
    """A model of `transformers` that is fine-tuned."""


@dataclass(frozen=True, kw_only=True)
class Tuned(HeldOut, Tunable):
    """A model of `transformers` as a predictor."""


@dataclass(frozen=True, kw_only=True)
class TunedClassifier(Null, Tuned):
    """A sequence classifier."""


@dataclass(frozen=True, kw_only=True)
class TunedAnswers(Tuned):
    """A causal language model that answers with a class."""

    steps: int = param(0, "number of steps of AdamW; 0 uses the model as it is", low=0)
    max_length: int = param(
        512, "number of tokens of a prompt; the text in it is cut off beyond", low=8
    )
    scoring: Literal["first", "whole"] = param(
        "first", "tokens of an answer that are scored: its first, or all of them"
    )
    null: Literal["prompt", "prior"] = param(
        "prompt", "predictor without the input: the prompt with a blank text, or label frequencies"
    )
    null_keeps_context: bool = param(
        False, "whether the prompt with a blank text keeps the context"
    )
    instruction: str = param(
        "", "first line of the prompt; empty for one that lists the classes as answers"
    )


@dataclass(frozen=True, kw_only=True)
class Scaled(Transformer):
    """Training sets of several sizes."""

    points: int = param(
        5, "number of training sets: all texts, a half, a quarter .. of them", low=2, high=16
    )


# Training guided by PVI.


@dataclass(frozen=True, kw_only=True)
class Rating:
    """How training texts are rated."""

    scorer: Literal["transformer", "tfidf-logistic", "embedding-logistic"] = param(
        "transformer", "predictive family that rates the training texts"
    )
    folds: int = param(5, "number of folds of the cross-fit", low=2)
    rounds: int = param(
        1, "number of random cuts into folds, over which ratings are averaged", low=1
    )


@dataclass(frozen=True, kw_only=True)
class Guide(Transformer, Rating):
    """Ratings, and the small transformer that gives them."""


@dataclass(frozen=True, kw_only=True)
class Paced(Transformer):
    """Texts that come in one part after the other."""

    buckets: int = param(4, "number of parts by rank, which come in one after the other", low=1)


@dataclass(frozen=True, kw_only=True)
class Filtered(Transformer):
    """Texts above a threshold."""

    tau: float = param(0.0, "least PVI of a text that is kept", unit="nats")


@dataclass(frozen=True, kw_only=True)
class Budget(Transformer):
    """A share of the texts."""

    share: float = param(0.25, "share of the texts of each class that is kept", above=0.0, high=1.0)


@dataclass(frozen=True, kw_only=True)
class Weighted(Transformer):
    """Weighted texts."""

    strength: float = param(1.0, "strength s of the weights exp(s PVI) of the texts", unit="1/nats")


@dataclass(frozen=True, kw_only=True)
class TunedPolicy(Tunable):
    """A policy on a causal language model."""

    policy: Literal[
        "all",
        "order",
        "reverse",
        "random-order",
        "filter",
        "random-kept",
        "easy",
        "medium",
        "hard",
        "random",
        "weight",
        "random-weight",
    ] = param("all", "policy, or control of one, by which texts come to training")
    steps: int = param(200, "number of steps of AdamW", low=1)
    learning_rate: float = param(
        1e-3, "learning rate of AdamW at its peak, from which it falls to zero", above=0.0
    )
    lora_rank: int = param(8, "rank of the low-rank updates; 0 trains all weights", low=0)
    max_length: int = param(
        512, "number of tokens of a prompt; the text in it is cut off beyond", low=8
    )
    scoring: Literal["first", "whole"] = param(
        "first", "tokens of an answer that are scored: its first, or all of them"
    )
    instruction: str = param(
        "", "first line of the prompt; empty for one that lists the classes as answers"
    )
    buckets: int = param(4, "number of parts by rank, which come in one after the other", low=1)
    tau: float = param(0.0, "least PVI of a text that is kept", unit="nats")
    share: float = param(0.25, "share of the texts of each class that is kept", above=0.0, high=1.0)
    strength: float = param(1.0, "strength s of the weights exp(s PVI) of the texts", unit="1/nats")


# Writers, and scores of what they wrote.


@dataclass(frozen=True, kw_only=True)
class Lead:
    """The first sentences."""

    sentences: int = param(2, "number of sentences that are kept", low=1)


@dataclass(frozen=True, kw_only=True)
class Nearest:
    """The nearest training text."""

    ngrams: int = param(2, "length of the longest n-gram of words that is compared", low=1)


@dataclass(frozen=True, kw_only=True)
class Prompting(Pretrained):
    """A prompt, and how far it is continued."""

    instruction: str = param("Text:", "words before the text in the prompt")
    cue: str = param("Answer:", "words after the text in the prompt")
    new_tokens: int = param(64, "largest number of tokens that are written", low=1)
    max_length: int = param(
        512, "number of tokens of a prompt; the text in it is cut off beyond", low=16
    )


@dataclass(frozen=True, kw_only=True)
class Writing(Device, Prompting):
    """A causal language model that writes."""


@dataclass(frozen=True, kw_only=True)
class Words:
    """How words are compared."""

    stem: bool = param(False, "whether word stems are compared rather than words")


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """How numbers are compared."""

    tolerance: float = param(
        0.01, "largest relative error of a number that counts as right", low=0.0
    )


# Estimators.


@dataclass(frozen=True, kw_only=True)
class Bootstrap:
    """A bootstrap interval."""

    resamples: int = param(1000, "number of resamples of the bootstrap", low=2)
    level: float = param(0.95, "confidence level of the interval", above=0.0, high=0.999)


@dataclass(frozen=True, kw_only=True)
class Slices:
    """What a slice is."""

    by: Literal["class", "group"] = param("class", "what the examples of a slice have in common")
    least: int = param(5, "least number of examples of a slice that is judged", low=1)


@dataclass(frozen=True, kw_only=True)
class Bins:
    """Bins of probabilities."""

    bins: int = param(15, "number of bins of equal width", low=1)


@dataclass(frozen=True, kw_only=True)
class Linear:
    """Linear predictors of numbers."""

    variance: float = param(0.5, "variance of the noise, in squared units of y", above=0.0)
    ridge: float = param(
        1e-6, "ridge penalty, relative to the mean variance of the columns of x", low=0.0
    )
    folds: int = param(5, "number of folds of the cross-fit, where the data have no split", low=2)


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """Tokens that are left out in turn."""

    predictor: str = param(
        "wireless_pvi/tfidf-logistic",
        "model that predicts the class of a text",
        component=ComponentOf("model", reads=LabelledText, gives=LabelLogProbabilities),
    )
    least: int = param(6, "least number of texts of a class that a token must occur in", low=1)
    limit: int = param(200, "largest number of test texts that are examined; 0 for all", low=0)
