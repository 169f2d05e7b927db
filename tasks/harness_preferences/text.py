"""Preferences and prompts from data sets of texts."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from harness import (
    Case,
    Ints,
    Preferences,
    PreferenceSource,
    ReferencedText,
    Split,
    UsageError,
    stream,
)
from harness_preferences import rows, settings
from harness_preferences.rows import Row
from harness_preferences.tries import trie

LOG = logging.getLogger("harness.preferences")
TURN = "Assistant:"
"""What the prompt of a transcript ends with."""


class PreferenceText(settings.PreferenceText):
    """Pairs of texts of which people preferred one, in the prefix tree of all texts.

    Where a data set has references alone (questions with answers, dialogues with summaries), the
    reference is compared with that of another row: preferred by construction, and told apart by
    whether it belongs to the prompt.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """The one case. Raises `UsageError` where no data set is named, or a file is not there."""
        rows.check(self.dataset, "preference-text")
        name = Path(self.dataset).name
        stamp = rows.digest(self.dataset) if rows.is_file(self.dataset) else None
        yield Case(name, partial(self._made, seed), facts={"data": name}, stamp=stamp)

    def _made(self, seed: int) -> Preferences:
        rng = stream(seed, "preference-text", Path(self.dataset).name)
        found = rows.read(self.dataset, self.config, self.revision, self.limit, rng)
        found = usable(with_rejected(found, rng), self.dataset)
        texts = [row.prompt + row.chosen for row in found]
        texts += [row.prompt + str(row.rejected) for row in found]
        parent, added, leaf = trie(texts)
        pairs = leaf.reshape(2, -1).T
        y = np.where(rng.random(len(pairs)) < 0.5, 1.0, -1.0)  # which of the two stands first
        pairs = np.where(y[:, None] > 0, pairs, pairs[:, ::-1])
        return Preferences(
            parent,
            PreferenceSource.by_depth(parent, np.unique(leaf), self.alpha),
            pairs,
            y,
            self.noise,
            texts=added,
            signs=True,
            split=self._split(found, rng),
        )

    def _split(self, found: list[Row], rng: np.random.Generator) -> Split:
        part = np.array([row.part for row in found])
        if {"train", "test"} <= set(part.tolist()):
            return Split(np.flatnonzero(part == "train"), np.flatnonzero(part == "test"))
        group = by_prompt(found)
        order = rng.permutation(group.max() + 1)
        rows_so_far = np.bincount(group)[order].cumsum()
        wanted = max(1, round(self.test_share * len(found)))
        cut = min(1 + int(np.searchsorted(rows_so_far, wanted)), len(order) - 1)
        tested = np.isin(group, order[:cut])
        return Split(np.flatnonzero(~tested), np.flatnonzero(tested))


def by_prompt(found: list[Row]) -> Ints:
    """A number for each row, equal for equal prompts: these must not be on both sides of a split.

    Rows without a prompt, and rows that all have one and the same, are told apart.
    """
    keys: list[str | int] = []
    for number, row in enumerate(found):
        prompt = prompted(row)[0]
        keys.append(prompt if row.prompt or prompt.endswith(TURN) else number)
    place = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    if len(place) < 2:
        return np.arange(len(found))
    return np.array([place[key] for key in keys])


def with_rejected(found: list[Row], rng: np.random.Generator) -> list[Row]:
    """Rows without a rejected text get the reference of another row. Raises `UsageError`."""
    if all(row.rejected is not None for row in found):
        return found
    if len({row.chosen for row in found}) < 2:
        raise UsageError("all references are equal; wanted at least two different ones")
    shuffled = rng.permutation(len(found))
    other = np.empty(len(found), np.int64)
    other[shuffled] = np.roll(shuffled, 1)
    return [
        row if row.rejected is not None else replace(row, rejected=found[o].chosen)
        for row, o in zip(found, other, strict=True)
    ]


def usable(found: list[Row], name: str) -> list[Row]:
    """Rows whose texts are there and differ. Raises `UsageError` where fewer than two are left."""
    kept = [
        row for row in found if row.chosen.strip() and str(row.rejected).strip() and differ(row)
    ]
    if len(kept) < len(found):
        text = "%s: %d rows with an empty text, or with two equal ones, are left out"
        LOG.warning(text, name, len(found) - len(kept))
    if len(kept) < 2:
        raise UsageError(f"{name}: {len(kept)} rows with two different texts; wanted at least two")
    return kept


def differ(row: Row) -> bool:
    """Whether the two texts differ in a word."""
    return row.chosen.split() != str(row.rejected).split()


class PreferencePrompts(settings.Dataset):
    """Prompts with the preferred answer as the reference: what the tree generator continues."""

    def cases(self, *, seed: int) -> Iterable[Case]:
        """The one case. Raises `UsageError` where no data set is named, or a file is not there."""
        rows.check(self.dataset, "preference-prompts")
        name = Path(self.dataset).name
        stamp = rows.digest(self.dataset) if rows.is_file(self.dataset) else None
        yield Case(name, partial(self._made, seed), facts={"data": name}, stamp=stamp)

    def _made(self, seed: int) -> ReferencedText:
        rng = stream(seed, "preference-prompts", Path(self.dataset).name)
        found = rows.read(self.dataset, self.config, self.revision, self.limit, rng)
        asked = [prompted(row) for row in found]
        kept = [(p, r) for p, r in asked if p.strip() and r.strip()]
        if len(kept) < len(asked):
            text = "%s: %d rows without a prompt or an answer are left out"
            LOG.warning(text, self.dataset, len(asked) - len(kept))
        if not kept:
            raise UsageError(f"{self.dataset}: no row has a prompt and an answer")
        prompts, references = zip(*kept, strict=True)
        return ReferencedText(prompts, references)


def prompted(row: Row) -> tuple[str, str]:
    """Prompt and answer; without a prompt of its own, what the two texts share up to a turn."""
    if row.prompt or row.rejected is None:
        return row.prompt, row.chosen
    same = 0
    for a, b in zip(row.chosen, row.rejected, strict=False):
        if a != b:
            break
        same += 1
    cut = row.chosen[:same].rfind(TURN)
    cut = cut + len(TURN) if cut >= 0 else row.chosen[:same].rfind(" ") + 1
    return row.chosen[:cut], row.chosen[cut:]
