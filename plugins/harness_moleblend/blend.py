"""The trained encoder as a model: what it says of hidden relations, its features, its attention."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

import numpy as np
import torch

from harness import (
    AttentionMaps,
    Floats,
    Incompatible,
    Ints,
    Kind,
    LabelledSamples,
    Molecules,
    PairedSamples,
    RelationPairs,
    single_threaded,
)
from harness_moleblend import masks, settings
from harness_moleblend.counts import pairs_of
from harness_moleblend.features import labelled, labels_of
from harness_moleblend.inputs import Atoms, Batch, Labels, Parts, batch, epoch, parts_of
from harness_moleblend.kinds import RelationLogProbabilities
from harness_moleblend.masks import Shown
from harness_moleblend.network import FARTHEST, Encoder, Given, Visible, given
from harness_moleblend.rows import Rows
from harness_moleblend.training import Blended

PATTERNS = RelationLogProbabilities.patterns
JUDGED = ("all", "other", "own", "both", "none")
MOLECULES = 128
"""Molecules that are judged at a time."""
REACH = 0.99
"""Share of the training distances that kernels reach at least."""


class Trained:
    """A trained encoder with all that it needs to look at molecules."""

    def __init__(
        self, network: Encoder, atoms: Atoms, labels: Labels, parts: Parts, device: torch.device
    ) -> None:
        self.network, self.atoms, self.labels = network, atoms, labels
        self.parts, self.device = parts, device

    def batches(self, molecules: Ints, hop_classes: int) -> Iterator[tuple[Batch, Given]]:
        """Molecules of about the same size at a time."""
        order = np.random.default_rng(0)  # of batches, which changes nothing
        for rows in epoch(self.atoms.sizes, molecules, MOLECULES, order):
            found = batch(self.atoms, rows)
            yield found, given(self.atoms, found, hop_classes, self.device)

    def said(self, known: Given, shown: Shown) -> list[Floats]:
        """Log-probabilities of hops and of distances, ``(p, classes)`` each."""
        found = self.network(known, Visible.of(shown, self.device))
        return [logs.double().cpu().numpy() for logs in found]

    def pooled(self, shown: str, hop_classes: int) -> Floats:
        """The mean state of each molecule's atoms, ``(n, width)``."""
        found = np.zeros((len(self.atoms.sizes), self.network.how.width))
        for rows, known in self.batches(np.arange(len(found)), hop_classes):
            seen = Shown.every(len(rows.rows), shown != "3d", shown != "2d")
            vectors = self.network.pooled(known, Visible.of(seen, self.device))
            found[rows.molecules] = vectors.double().cpu().numpy()
        return found


@contextmanager
def trained(
    data: Molecules | RelationPairs, how: settings.Pretraining, rng: np.random.Generator
) -> Iterator[Trained]:
    """An encoder trained on the training part, for use within ``with``, without gradients.

    Raises
    ------
    Incompatible : no split, no positions, or no pairs to train on.
    UsageError : probabilities that do not sum to 1, a training that diverges, no such device.
    """
    masks.check(how.p)
    parts = parts_of(data.split, type(data).__name__)
    atoms = Atoms.of(data)
    labels = Labels.of(atoms.pairs, parts.train, how)
    seed = int(rng.integers(2**62))
    reach = float(np.quantile(atoms.pairs.distance[pairs_of(atoms.pairs, parts.train)], REACH))
    with single_threaded(how.device, rng) as device:
        network = Encoder(how, how.hop_classes, how.bins, max(FARTHEST, reach)).to(device)
        objective = Blended(network, atoms, labels, parts, how, device)
        objective.train(seed, f"{data.fingerprint()} {asdict(how)}")
        network.eval()
        with torch.no_grad():
            yield Trained(network, atoms, labels, parts, device)


class Blend(settings.Blend):
    """Blend-then-predict pre-training, judged on hidden relations of test molecules."""

    def transform(
        self, data: Molecules | RelationPairs, *, to: type[Kind], rng: np.random.Generator
    ) -> RelationLogProbabilities:
        """Every pattern of both modalities, with ``draws`` masks; features of all molecules.

        Raises as `trained`; `Incompatible` where test molecules have no pair.
        """
        with trained(data, self, rng) as found:
            rows = Rows(found.labels, len(found.atoms.sizes))
            for some, known in found.batches(found.parts.test, self.hop_classes):
                self._judge(found, some, known, rows, rng)
            labels = data.labels if isinstance(data, Molecules) else None
            return rows.gathered(
                features=found.pooled(self.shown, self.hop_classes),
                labels=labels,
                split=data.split,
            )

    def _judge(
        self, found: Trained, some: Batch, known: Given, rows: Rows, rng: np.random.Generator
    ) -> None:
        """The rows of some molecules: for each mask, both modalities in each pattern.

        Pairs that show the answer are asked for only where training did.
        """
        owner = some.molecules[some.unit]
        pairs = found.atoms.pairs
        prescribed = None if pairs.shown is None else pairs.shown[some.rows]
        for draw in range(self.draws if prescribed is None else 1):
            blend = masks.drawn(len(some.rows), self, rng, prescribed)
            answers: dict[bytes, list[Floats]] = {}
            for modality, pattern in itertools.product(range(2), JUDGED):
                whole = pattern in ("all", "none")
                if whole and draw:
                    continue  # nothing in it is drawn
                shown = masks.patterned(blend, modality, pattern)
                if (key := shown.key()) not in answers:
                    answers[key] = found.said(known, shown)
                everywhere = not self.hidden_only or (whole and prescribed is None)
                asked = np.flatnonzero(everywhere | ~blend.tells(modality)[:, 0])
                one, other = shown.tells(modality)[asked].T
                rows.add(
                    *(owner[asked], some.rows[asked], modality, PATTERNS.index(pattern)),
                    *(answers[key][modality][asked], ~(one | other)),
                )


class BlendFeatures(settings.Features):
    """The mean state of the atoms of each molecule, with its label."""

    def transform(
        self, data: Molecules, *, to: type[Kind], rng: np.random.Generator
    ) -> PairedSamples | LabelledSamples:
        """Vectors ``(n, width)`` with the labels, or their classes, split alike.

        Raises as `trained`; `Incompatible` for molecules without labels.
        """
        wanted = labels_of(data)
        with trained(data, self, rng) as found:
            return labelled(found.pooled(self.shown, self.hop_classes), wanted, data, to)


class RandomFeatures(settings.Random):
    """The same with the weights that an encoder starts from."""

    def transform(
        self, data: Molecules, *, to: type[Kind], rng: np.random.Generator
    ) -> PairedSamples | LabelledSamples:
        """Vectors ``(n, width)`` with the labels, or their classes, split alike.

        Raises `Incompatible` for molecules without labels, split, positions or pairs.
        """
        mine = asdict(self)
        how = BlendFeatures(**mine, steps=0)
        return how.transform(data, to=to, rng=rng)


class BlendViews(settings.Pretraining):
    """The mean state of each molecule's atoms, seen in 2D and seen in 3D."""

    def transform(
        self, data: Molecules, *, to: type[Kind], rng: np.random.Generator
    ) -> PairedSamples:
        """Pairs of vectors ``(n, width)``, split alike, for contrastive estimators.

        Raises as `trained`.
        """
        with trained(data, self, rng) as found:
            views = [
                found.pooled(shown, self.hop_classes)
                for shown in RelationLogProbabilities.modalities
            ]
        return PairedSamples(views[0], views[1], split=data.split)


class BlendMaps(settings.Maps):
    """The attention of one layer, for each test molecule."""

    def transform(
        self, data: Molecules, *, to: type[Kind], rng: np.random.Generator
    ) -> AttentionMaps:
        """Maps of the test molecules with the commonest number of atoms, ``(n, 1, heads, t, t)``.

        Raises as `trained`; `Incompatible` for a layer that the encoder does not have.
        """
        if self.layer > self.layers:
            raise Incompatible(f"layer={self.layer}; the encoder has {self.layers}")
        with trained(data, self, rng) as found:
            sizes = found.atoms.sizes[found.parts.test]
            common = int(np.bincount(sizes).argmax())
            chosen = found.parts.test[sizes == common]
            rows = batch(found.atoms, chosen)
            known = given(found.atoms, rows, self.hop_classes, found.device)
            seen = Shown.every(len(rows.rows), self.shown != "3d", self.shown != "2d")
            visible = Visible.of(seen, found.device)
            maps = found.network.maps(known, visible, self.layer - 1).double().cpu().numpy()
        return AttentionMaps(maps[:, None], causal=False)
