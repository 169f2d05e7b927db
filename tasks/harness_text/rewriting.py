"""Labelled texts with less information: what is lost without a part is what it is worth."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable

import numpy as np

from harness import Incompatible, Kind, LabelledText, stream
from harness_text.settings import Change

TOKEN = re.compile(r"\w+|[^\w\s]")


class Rewrite(Change):
    """The same labels and split with changed texts (Ethayarajh et al. 2022, section 4).

    ``shuffle`` puts the words of each text in random order; ``length`` keeps only their number;
    ``encrypt`` replaces every letter and digit by another, the same everywhere; ``drop-context``
    and ``only-context`` keep one of the two texts.
    """

    def transform(
        self, data: LabelledText, *, to: type[Kind], rng: np.random.Generator
    ) -> LabelledText:
        """The changed texts; they may be equal, which is then no leak.

        Raises `Incompatible` where a context is to be changed and there is none.
        """
        if self.what in ("drop-context", "only-context") and data.contexts is None:
            raise Incompatible(
                f"what={self.what}: these texts have no context; wanted another what"
            )
        if self.what == "drop-context":
            return dataclasses.replace(data, contexts=None, repeats=True)
        if self.what == "only-context":
            assert data.contexts is not None
            texts = tuple(context if context.strip() else "." for context in data.contexts)
            return dataclasses.replace(data, texts=texts, contexts=None, repeats=True)
        change = self._change(rng)
        # Contexts come first: what is drawn for a text depends on the order.
        contexts = None if data.contexts is None else tuple(map(change, data.contexts))
        texts = tuple(map(change, data.texts))
        return dataclasses.replace(data, texts=texts, contexts=contexts, repeats=True)

    def _change(self, rng: np.random.Generator) -> Callable[[str], str]:
        """The function that changes a text."""
        if self.what == "encrypt":
            table = cipher()
            return lambda text: text.casefold().translate(table)
        if self.what == "length":
            return lambda text: " ".join(["x"] * max(1, len(TOKEN.findall(text))))
        return lambda text: " ".join(rng.permutation(TOKEN.findall(text) or ["."]).tolist())


def cipher() -> dict[int, str]:
    """A fixed permutation of the letters and of the digits."""
    rng = stream(0, "text", "cipher")
    table: dict[int, str] = {}
    for alphabet in ("abcdefghijklmnopqrstuvwxyz", "0123456789"):
        mixed = rng.permutation(list(alphabet))
        table |= {ord(a): str(b) for a, b in zip(alphabet, mixed, strict=True)}
    return table
