"""Texts with classes or references, and what predictors say of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, ClassVar, Self

import numpy as np

from harness.arrays import Bools, Floats, Ints
from harness.errors import DataError
from harness.kinds.base import Kind
from harness.kinds.examples import alternating, classes_first, parts, shuffled_labels
from harness.kinds.fields import array, strings

SLACK = 1e-6
"""How far the probabilities of an example may sum from one: the rounding of float32, and floors."""


class LabelledText(Kind):
    """n texts with a class each.

    Attributes
    ----------
    texts (n)     what the class is to be read from; never blank
    y (n,)        the class, a position in ``classes``
    classes       names of the classes, all different
    contexts (n)  a second text that goes with the first (hypothesis, claim, options), if any
    groups (n)    a slice per text (topic, difficulty ...), where known
    wrong (n,)    which labels were made wrong on purpose, where known; predictors never look
    repeats       whether equal texts may stand in training and elsewhere: a small alphabet, no leak
    """

    judged = ("y",)

    min_n: ClassVar[int] = 2

    texts: tuple[str, ...] = strings("n")
    y: Ints = array("n", np.int64)
    classes: tuple[str, ...]
    contexts: tuple[str, ...] | None = strings("n", default=None)
    groups: tuple[str, ...] | None = strings("n", default=None)
    wrong: Bools | None = array("n", np.bool_, default=None)
    repeats: bool = False

    def identify(self) -> dict[str, Any]:
        """Text, label, and what else is known of each."""
        more = {"context": self.contexts, "group": self.groups}
        found = {name: values for name, values in more.items() if values is not None}
        return {"text": self.texts, "label": [self.classes[y] for y in self.y], **found}

    @property
    def codes(self) -> Ints:
        """The class of each unit as a position in `classes`."""
        return self.y

    @property
    def n_classes(self) -> int:
        """Number of classes that occur; ``classes`` may name more."""
        return len(np.unique(self.y))

    def check(self) -> None:
        """Refuse blank texts, unnamed labels, a single class, classes unseen in training, leaks."""
        for row, text in enumerate(self.texts):
            if not text.strip():
                raise DataError(
                    "LabelledText.texts", "an empty text", "at least one visible character", row
                )
        check_classes("LabelledText", self.y, self.classes)
        if (self.y == self.y[0]).all():
            raise DataError(
                "LabelledText.y",
                f"the one class {self.classes[self.y[0]]!r}",
                "at least two classes",
            )
        if self.split is not None:
            unseen = np.setdiff1d(self.y, self.y[self.split.train])
            if unseen.size:
                raise DataError(
                    "LabelledText.split",
                    f"class {self.classes[unseen[0]]!r} absent from the training part",
                    "every class in it",
                )
            leaked = self.leaks()
            if leaked.size and not self.repeats:
                raise DataError(
                    "LabelledText.split",
                    f"a text of the training part again ({len(leaked)} such: "
                    f"{self.texts[leaked[0]][:40]!r})",
                    "test texts that training does not have",
                    int(leaked[0]),
                )

    def leaks(self) -> Ints:
        """Units outside training that equal a training unit but for case and spaces."""
        if self.split is None:
            return np.empty(0, np.int64)
        prints = self.prints()
        seen = {prints[row] for row in self.split.train}
        others = np.concatenate([self.split.test, self.split.valid])
        return np.array(sorted(int(row) for row in others if prints[row] in seen), np.int64)

    def prints(self) -> list[tuple[str, str]]:
        """What makes two units the same: text and context, but for case and spaces."""
        contexts = self.contexts if self.contexts is not None else ("",) * self.n
        return [
            (_plain(text), _plain(context))
            for text, context in zip(self.texts, contexts, strict=True)
        ]

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """A word for the class among words that say nothing; no text twice."""
        y = shuffled_labels(rng, n)
        fill = np.array(["near", "far", "old", "new", "red", "blue", "one", "two"])[
            rng.integers(8, size=(n, 3))
        ]
        words = ("tree", "stone", "river")
        texts = tuple(f"{' '.join(fill[i])} {words[y[i]]} {i}" for i in range(n))
        wrong = np.arange(n) % 7 == 3
        return cls(texts, y, words[: min(3, n)], None, groups=alternating(n), wrong=wrong)

    def awkward(self) -> Iterator[tuple[str, Self]]:
        """A text that says nothing of the class, and a class name that no text has."""
        one = self.texts[:1] * self.n
        yield "one text throughout", dataclasses.replace(self, texts=one, repeats=True)
        names = (*self.classes, "another class")
        yield "a class without texts", dataclasses.replace(self, classes=names)

    def divided(self, rng: np.random.Generator) -> Self:
        """Split at random, with every class in the training part."""
        order = classes_first(rng.permutation(self.n), self.y)
        return dataclasses.replace(self, split=parts(order))


class LabelLogProbabilities(Kind):
    """What predictors give the classes of n units, with the input and without it, in nats.

    Attributes
    ----------
    log_full (n, k)  log-probability of each class given the input
    log_null (n, k)  the same given nothing: the null of the same predictive family
    y (n,)           the class
    classes          names of the k classes
    held_out (n,)    whether neither predictor was fitted on the unit
    row (n,)         the unit's position in the data that were predicted
    groups, wrong    as in `LabelledText`
    """

    log_full: Floats = array("n k")
    log_null: Floats = array("n k")
    y: Ints = array("n", np.int64)
    classes: tuple[str, ...]
    held_out: Bools = array("n", np.bool_)
    row: Ints = array("n", np.int64)
    groups: tuple[str, ...] | None = strings("n", default=None)
    wrong: Bools | None = array("n", np.bool_, default=None)

    def identify(self) -> dict[str, Any]:
        """Row of the data that were predicted, label, and the likeliest class."""
        said = self.log_full.argmax(1)
        label, predicted = ([self.classes[k] for k in codes] for codes in (self.y, said))
        return {"row": self.row, "label": label, "predicted": predicted}

    def check(self) -> None:
        """Refuse labels without a name, and what are no logarithms of probabilities."""
        check_classes("LabelLogProbabilities", self.y, self.classes)
        for name in ("log_full", "log_null"):
            table, where = getattr(self, name), f"LabelLogProbabilities.{name}"
            if table.shape[1] != len(self.classes):
                raise DataError(
                    where, f"{table.shape[1]} columns", f"one per class ({len(self.classes)})"
                )
            total = np.exp(table).sum(axis=1)
            off = np.flatnonzero(np.abs(total - 1.0) > SLACK)
            if off.size:
                found = f"probabilities that sum to {total[off[0]]:.6g}"
                raise DataError(where, found, "a sum of 1", int(off[0]))

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Three classes, each likelier where it is right, and a uniform null."""
        y = shuffled_labels(rng, n)
        scores = rng.normal(size=(n, 3)) + 2.0 * np.eye(3)[y]
        full = scores - np.log(np.exp(scores).sum(1, keepdims=True))
        null = np.full((n, 3), -np.log(3.0))
        held_out, wrong = np.ones(n, bool), np.arange(n) % 7 == 3
        more = {"groups": alternating(n), "wrong": wrong}
        return cls(full, null, y, ("a", "b", "c"), held_out, np.arange(n), **more)


class ReferencedText(Kind):
    """n texts with the text that is wanted for each, such as a summary or an answer.

    ``texts (n)``, ``references (n)``.
    """

    judged = ("references",)

    texts: tuple[str, ...] = strings("n")
    references: tuple[str, ...] = strings("n")
    groups: tuple[str, ...] | None = strings("n", default=None)

    def check(self) -> None:
        """Refuse blank texts and references."""
        for name in ("texts", "references"):
            for row, text in enumerate(getattr(self, name)):
                if not text.strip():
                    raise DataError(
                        f"ReferencedText.{name}",
                        "an empty text",
                        "at least one visible character",
                        row,
                    )

    @classmethod
    def example(cls, rng: np.random.Generator, n: int = 48) -> Self:
        """Sums, and their answers."""
        numbers = rng.integers(10, 99, size=(n, 2))
        texts = tuple(
            f"Case {i} adds {a} and {b}. Their sum is wanted." for i, (a, b) in enumerate(numbers)
        )
        return cls(texts, tuple(f"It is {a + b}." for a, b in numbers), alternating(n))


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def check_classes(kind: str, y: Ints, classes: tuple[str, ...]) -> None:
    """Class names are different strings, and every label is a position among them."""
    if len(set(classes)) < len(classes) or not all(isinstance(name, str) for name in classes):
        raise DataError(f"{kind}.classes", repr(classes), "different names")
    outside = np.flatnonzero((y < 0) | (y >= len(classes)))
    if outside.size:
        raise DataError(
            f"{kind}.y",
            f"label {y[outside[0]]}",
            f"0 to {len(classes) - 1}, as classes",
            int(outside[0]),
        )
