"""Labelled texts made poorer on purpose: what a part of the input is worth, is what is lost without it."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass

import numpy as np

from harness import Incompatible, Kind, LabelledText, stream

TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class Rewrite:
    """The same labels and split under a change of the texts (Ethayarajh et al. 2022, section 4).

    ``what``: ``shuffle`` puts the words of each text in random order; ``length`` leaves only how many there are;
    ``encrypt`` replaces every letter and digit by another, the same everywhere; ``drop-context`` and ``only-context``
    keep one of the two texts.
    """

    what: str = "shuffle"

    def transform(
        self, data: LabelledText, *, to: type[Kind], rng: np.random.Generator
    ) -> LabelledText:
        """Changed texts may become equal, which is then no leak. Raises `Incompatible` where there is no context."""
        if self.what in ("drop-context", "only-context") and data.contexts is None:
            raise Incompatible(f"what={self.what}: these texts have no context")
        if self.what == "drop-context":
            return dataclasses.replace(data, contexts=None, repeats=True)
        if self.what == "only-context":
            assert data.contexts is not None
            texts = tuple(context if context.strip() else "." for context in data.contexts)
            return dataclasses.replace(data, texts=texts, contexts=None, repeats=True)
        if self.what == "encrypt":
            table = cipher()
            change = lambda text: text.casefold().translate(table)  # noqa: E731 - one of three small functions
        elif self.what == "length":
            change = lambda text: " ".join(["x"] * max(1, len(TOKEN.findall(text))))  # noqa: E731
        else:
            change = lambda text: " ".join(rng.permutation(TOKEN.findall(text) or ["."]).tolist())  # noqa: E731
        contexts = None if data.contexts is None else tuple(map(change, data.contexts))
        return dataclasses.replace(
            data, texts=tuple(map(change, data.texts)), contexts=contexts, repeats=True
        )


def cipher() -> dict[int, str]:
    """A fixed one-to-one replacement of letters and digits."""
    rng = stream(0, "text", "cipher")
    table: dict[int, str] = {}
    for alphabet in ("abcdefghijklmnopqrstuvwxyz", "0123456789"):
        mixed = rng.permutation(list(alphabet))
        table |= {ord(a): str(b) for a, b in zip(alphabet, mixed, strict=True)}
    return table
