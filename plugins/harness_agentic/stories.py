"""Contexts with a question: generated stories of facts, or the user's own."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from harness import Case, Contexts, Split, UsageError, stream
from harness.files import json_lines
from harness_agentic.settings import Questions

COLOURS = ("red", "green", "blue", "white", "black", "yellow", "brown", "grey")
THINGS = dict.fromkeys(("box", "lamp", "chair", "door", "kite", "mug", "scarf", "boat"), COLOURS)
"""Things and their colours: all answers are of one sort, so a reader has to find the thing."""
TRAITS = {
    "colour": COLOURS,
    "metal": ("iron", "copper", "silver", "gold", "tin", "zinc", "lead", "nickel"),
    "fruit": ("apple", "pear", "plum", "cherry", "lemon", "fig", "peach", "grape"),
    "city": ("Paris", "Rome", "Oslo", "Cairo", "Lima", "Delhi", "Quito", "Seoul"),
    "animal": ("horse", "goat", "otter", "raven", "mole", "trout", "newt", "crab"),
    "month": ("January", "March", "April", "May", "June", "July", "August", "October"),
    "tree": ("oak", "birch", "elm", "maple", "pine", "willow", "cedar", "larch"),
    "tool": ("hammer", "saw", "drill", "file", "axe", "chisel", "spade", "rake"),
}
"""Traits and their values: each has answers of its own sort, which small models can learn."""
FAMILIES = {
    "things": (THINGS, "The {name} is {value}.", "What colour is the {name}?"),
    "traits": (TRAITS, "Its {name} is {value}.", "What is its {name}?"),
}


class ContextQuestions(Questions):
    """Cases are questions, each with contexts that it can be asked about.

    Generated: sentences that give every thing a colour, or a place its traits, in random order;
    ``contexts`` of them to be compressed (the test part), and ``training`` for models that learn.
    Own data: JSON lines with ``text`` and, if known, ``answer``; one file is one question. Where it
    has more than ``contexts`` lines, that many are drawn for the test part and the others are for
    training.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One per question.

        Raises `UsageError` for a file that cannot be read, and for more questions than things.
        """
        if self.dataset:
            if not self.query:
                raise UsageError(
                    "context-questions.query: empty; wanted the question about the texts"
                )
            stamp = _digest(Path(self.dataset))
            yield Case(
                Path(self.dataset).stem,
                partial(self._read, seed),
                facts={"query": self.query},
                stamp=stamp,
            )
            return
        names = list(FAMILIES[self.about][0])
        if not self.questions <= self.things <= len(names):
            wanted = f"questions <= things <= {len(names)}"
            raise UsageError(
                f"context-questions: questions={self.questions}, things={self.things}; "
                f"wanted {wanted}"
            )
        for name in names[: self.questions]:
            facts = {"about": self.about, "things": self.things}
            yield Case(name, partial(self._draw, name, seed), facts=facts, stamp="")

    def _draw(self, asked: str, seed: int) -> Contexts:
        values, sentence, query = FAMILIES[self.about]
        names = list(values)[: self.things]
        rng = stream(seed, "context-questions", self.about)
        texts, answers = [], []
        for _ in range(self.contexts + self.training):
            chosen = {name: str(rng.choice(values[name])) for name in names}
            order = [names[i] for i in rng.permutation(len(names))]
            texts.append(" ".join(sentence.format(name=name, value=chosen[name]) for name in order))
            answers.append(chosen[asked])
        found = Contexts(
            tuple(texts), tuple(answers), query=query.format(name=asked), options=values[asked]
        )
        return _divided(found, np.arange(len(texts)), self.contexts)

    def _read(self, seed: int) -> Contexts:
        path = Path(self.dataset)
        texts: list[str] = []
        answers: list[Any] = []
        for number, row in json_lines(path):
            if not isinstance(row, dict) or not isinstance(row.get("text"), str):
                there = ", ".join(row) if isinstance(row, dict) else type(row).__name__
                raise UsageError(
                    f"{path}:{number}: {there[:60]}; wanted a JSON object with a string text"
                )
            texts.append(row["text"])
            answers.append(row.get("answer"))
        known = all(isinstance(a, str) for a in answers)
        options = tuple(sorted(set(answers))) if known else ()
        found = Contexts(
            tuple(texts), tuple(answers) if known else None, query=self.query, options=options
        )
        return _divided(
            found, stream(seed, "context-questions", path.name).permutation(found.n), self.contexts
        )


def _divided(data: Contexts, order: Sequence[int] | np.ndarray, test: int) -> Contexts:
    """The first ``test`` of an order as test part, the others for training, if there are others."""
    if len(order) - test < 2:
        return data
    return dataclasses.replace(data, split=Split(np.sort(order[test:]), np.sort(order[:test])))


def _digest(path: Path) -> str | None:
    """Digest of a file; None where it cannot be read, which is an error once it is loaded."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError:
        return None
