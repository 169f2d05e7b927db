"""Utterances and their replies: generated, or from JSON lines and Parquet."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from harness import Case, ReferencedText, UsageError, stream
from harness.files import json_lines, parquet_rows
from harness_sequences.settings import Dialogues

COLOURS = ("red", "blue", "green", "white", "black", "brown", "grey", "pink")
HEARD = 0.8
"""Probability that a generated reply has the colour of the question."""


class DialogueTurns(Dialogues):
    """One case: every utterance with the reply of another speaker, grouped by dialogue.

    A file has a row per utterance, or a row per dialogue with a list of utterances. Generated ones
    ask whether a thing has one of eight colours, and the reply names that one or any other.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One case. Raises `UsageError` for a file that cannot be read."""
        if not self.dataset:
            yield Case("generated", partial(self._generated, seed), facts={"n": self.n}, stamp="")
            return
        path = Path(self.dataset)
        if not path.is_file() or path.suffix.lower() not in (".jsonl", ".parquet"):
            raise UsageError(
                f"dialogues.dataset: {self.dataset!r}; wanted a file in .jsonl or .parquet"
            )
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        yield Case(path.stem, partial(self._read, path), facts={}, stamp=digest)

    def _generated(self, seed: int) -> ReferencedText:
        rng = stream(seed, "dialogues")
        asked = rng.integers(len(COLOURS), size=self.n)
        other = (asked + rng.integers(1, len(COLOURS), size=self.n)) % len(COLOURS)
        said = np.where(rng.random(self.n) < HEARD, asked, other)
        return ReferencedText(
            tuple(f"Is the box {COLOURS[i]}?" for i in asked),
            tuple(f"The box is {COLOURS[i]}." for i in said),
            tuple(f"dialogue {i}" for i in range(self.n)),
        )

    def _read(self, path: Path) -> ReferencedText:
        pairs: list[tuple[str, str, str]] = []
        for name, turns in self._dialogues(path):
            for (one, text), (other, reply) in itertools.pairwise(turns):
                if one != other and text.strip() and reply.strip():
                    pairs.append((text, reply, name))
        if not pairs:
            raise UsageError(
                f"{path}: no utterance that another speaker replies to; wanted at least one"
            )
        return ReferencedText(*map(tuple, zip(*pairs[: self.n], strict=True)))

    def _dialogues(self, path: Path) -> Iterator[tuple[str, list[tuple[str, str]]]]:
        """By name, the turns of each dialogue: speaker and text."""
        rows = list(_rows(path))
        for number, row in enumerate(rows, start=1):
            if not isinstance(row, dict) or not isinstance(row.get(self.text), str | list):
                found = ", ".join(row) if isinstance(row, dict) else type(row).__name__
                raise UsageError(
                    f"{path}, row {number}: no text or list {self.text!r} in {found}; "
                    "set dialogues.text to the column with the utterances"
                )
            if isinstance(row[self.text], str) != isinstance(rows[0][self.text], str):
                raise UsageError(
                    f"{path}, row {number}: texts and lists in one column {self.text!r}; "
                    "wanted a row per utterance, or a row per dialogue"
                )
        if rows and isinstance(rows[0][self.text], list):
            for number, row in enumerate(rows, start=1):
                turns = [(str(i % 2), str(text)) for i, text in enumerate(row[self.text])]
                yield str(row.get(self.dialogue, number)), turns
            return
        groups: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            groups.setdefault(str(row.get(self.dialogue, "all")), []).append(row)
        for name, said in groups.items():
            timed = all(self.time in row for row in said)
            group = self._in_time(said, f"{path}, dialogue {name!r}") if timed else said
            yield (
                name,
                [
                    (str(row.get(self.speaker, i % 2)), row[self.text])
                    for i, row in enumerate(group)
                ],
            )

    def _in_time(self, group: list[dict[str, Any]], where: str) -> list[dict[str, Any]]:
        """The utterances by time: numbers, also as texts ("10" is after "9"), or what has an order
        of its own, such as dates. Raises `UsageError` for times that cannot be compared.
        """
        times = [row[self.time] for row in group]
        if all(isinstance(time, str) for time in times):
            with contextlib.suppress(ValueError):
                times = [float(time) for time in times]
        try:
            return [group[i] for i in sorted(range(len(group)), key=times.__getitem__)]
        except TypeError as error:
            raise UsageError(
                f"{where}: times in the column {self.time!r} cannot be compared ({error}); "
                "wanted numbers, or texts and dates of one format"
            ) from error


def _rows(path: Path) -> Iterator[Any]:
    if path.suffix.lower() == ".parquet":
        return parquet_rows(path, "infoharness[text]")
    return (row for _, row in json_lines(path))
