"""Each relation from the other one of the same pair, by counts: no context."""

from __future__ import annotations

import numpy as np

from harness import Floats, Ints, Kind, RelationPairs
from harness_moleblend import settings
from harness_moleblend.inputs import Labels, parts_of
from harness_moleblend.kinds import RelationLogProbabilities
from harness_moleblend.rows import Rows

PAIR = RelationLogProbabilities.patterns.index("pair")


def pairs_of(pairs: RelationPairs, molecules: Ints) -> Ints:
    """The pairs of some molecules."""
    return np.flatnonzero(np.isin(pairs.owners(), molecules))


def said(
    data: RelationPairs, labels: Labels, test: Ints, logs: tuple[Floats, Floats]
) -> RelationLogProbabilities:
    """Log-probabilities ``(test pairs, classes)`` of both relations as rows."""
    rows = Rows(labels, data.n)
    owner = data.owners()[test]
    for modality in range(2):
        rows.add(owner, test, modality, PAIR, logs[modality], np.ones(len(test), bool))
    return rows.gathered(split=data.split)


class PairTable(settings.Table):
    """Counts of the class of hops with the bin of the distance, over training pairs."""

    def transform(
        self, data: RelationPairs, *, to: type[Kind], rng: np.random.Generator
    ) -> RelationLogProbabilities:
        """Both relations of test pairs, each from the other.

        Raises `Incompatible` without a split, or without pairs in a part.
        """
        parts = parts_of(data.split, "RelationPairs")
        labels = Labels.of(data, parts.train, self)
        train, test = (pairs_of(data, part) for part in (parts.train, parts.test))
        counts = np.full((self.hop_classes, self.bins), self.prior)
        np.add.at(counts, (labels.hops[train], labels.bins[train]), 1)
        joint = np.log(counts)
        hops = (joint - np.log(counts.sum(0)))[:, labels.bins[test]].T
        bins = (joint - np.log(counts.sum(1))[:, None])[labels.hops[test]]
        return said(data, labels, test, (hops, bins))
