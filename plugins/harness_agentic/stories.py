"""Contexts with a question: generated stories of facts, or the user's own."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from harness import Case, Contexts, UsageError, stream

THINGS = ("box", "lamp", "chair", "door", "kite", "mug", "scarf", "boat")
COLOURS = ("red", "green", "blue", "white", "black", "yellow", "brown", "grey")


@dataclass(frozen=True)
class ContextQuestions:
    """Cases are questions, each with contexts that all can be asked it: the same question stands with every context.

    Generated: sentences that give every thing a colour, in random order. Own data: JSON lines with ``text`` and, if
    known, ``answer``; one file is one question.
    """

    contexts: int = 16
    things: int = 4
    questions: int = 2
    dataset: str = ""
    query: str = ""

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One per question. Raises `UsageError` for a file that cannot be read, or more questions than things."""
        if self.dataset:
            if not self.query:
                raise UsageError("context-questions.query: empty; wanted the question that is asked of the texts")
            yield Case(Path(self.dataset).stem, self._read, facts={"query": self.query})
            return
        if not self.questions <= self.things <= len(THINGS):
            wanted = f"questions <= things <= {len(THINGS)}"
            raise UsageError(f"context-questions: {self.questions} questions of {self.things} things; wanted {wanted}")
        for thing in THINGS[: self.questions]:
            yield Case(thing, partial(self._draw, thing, seed), facts={"things": self.things}, stamp="")

    def _draw(self, thing: str, seed: int) -> Contexts:
        rng = stream(seed, "context-questions")
        texts, answers = [], []
        for _ in range(self.contexts):
            colours = dict(zip(THINGS[: self.things], rng.choice(COLOURS, self.things).tolist(), strict=True))
            order = [THINGS[i] for i in rng.permutation(self.things)]
            texts.append(" ".join(f"The {name} is {colours[name]}." for name in order))
            answers.append(colours[thing])
        return Contexts(tuple(texts), tuple(answers), query=f"What colour is the {thing}?", options=COLOURS)

    def _read(self) -> Contexts:
        path = Path(self.dataset)
        texts, answers = [], []
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"context-questions.dataset: {error}; wanted a file of JSON lines") from error
        for number, line in enumerate(lines, start=1):
            try:
                row = json.loads(line)
                texts.append(row["text"])
                answers.append(row.get("answer"))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise UsageError(f"{path}, line {number}: {error!r}; wanted a JSON object with text") from None
        known = all(isinstance(a, str) for a in answers)
        options = tuple(sorted(set(answers))) if known else ()
        return Contexts(tuple(texts), tuple(answers) if known else None, query=self.query, options=options)
