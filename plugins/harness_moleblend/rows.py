"""Rows of predictions of hidden relations, gathered molecule by molecule."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness import Bools, Floats, Incompatible, Ints
from harness_moleblend.inputs import Labels
from harness_moleblend.kinds import RelationLogProbabilities


class Rows:
    """What was said of hidden relations so far."""

    def __init__(self, labels: Labels, molecules: int) -> None:
        self._labels, self._molecules = labels, molecules
        self._parts: list[tuple[Any, ...]] = []

    def add(
        self, owner: Ints, pairs: Ints, modality: int, pattern: int, logs: Floats, hidden: Bools
    ) -> None:
        """Log-probabilities ``(k, classes)`` of the relations of pairs ``(k,)``."""
        y = self._labels.both[modality][pairs]
        full, null = logs[np.arange(len(y)), y], self._labels.null[modality][y]
        constant = np.full(len(y), modality), np.full(len(y), pattern)
        self._parts.append((owner, full, null, y, constant[1], constant[0], hidden))

    def gathered(self, **more: Any) -> RelationLogProbabilities:
        """All rows, those of one molecule together. `Incompatible` where there are none."""
        if not sum(len(part[0]) for part in self._parts):
            raise Incompatible("test molecules without a pair of atoms")
        owner, *columns = (np.concatenate(column) for column in zip(*self._parts, strict=True))
        order = np.argsort(owner, kind="stable")
        cuts = np.searchsorted(owner[order], np.arange(self._molecules + 1))
        full, null, y, pattern, modality, hidden = (column[order] for column in columns)
        return RelationLogProbabilities(full, null, y, pattern, modality, hidden, cuts, **more)
