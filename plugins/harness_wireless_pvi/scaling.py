"""How the held-out loss of the small transformer falls with the number of training texts."""

from __future__ import annotations

import dataclasses

import numpy as np

import harness
from harness import Estimate, Floats, Incompatible, Ints, LabelledText, single_threaded
from harness_wireless_pvi import settings
from harness_wireless_pvi.predictors import held_out
from harness_wireless_pvi.predictors.texts import joined
from harness_wireless_pvi.predictors.transformer import SmallTransformer

LENGTHS = (8, 4, 2, 1)
"""Trainings take ``steps`` divided by these; which is best is chosen on held-out training texts."""
CHOOSING = 5
"""One of so many training texts is for that choice."""


class ScalingCurve(SmallTransformer, settings.Scaled):
    """V-information after training on 1, 1/2, 1/4 .. of the training texts.

    Smaller sets are parts of larger ones, with the classes in proportion. Of each set a fifth
    chooses the length of training, and whether the label frequencies are better than any (the
    family may ignore its input).
    """

    def estimate(self, data: LabelledText, *, rng: np.random.Generator) -> Estimate:
        """The V-information in nats with all training texts.

        The diagnostics hold the loss H_V(Y|X) on the test part after each number of training texts
        (``loss_N``), for the report ``wireless_pvi/scaling``, and the weights of the network.

        Raises `Incompatible` without a split, and where the smallest set lacks a class.
        """
        if data.split is None:
            raise Incompatible("these texts have no train/test split; wanted one")
        texts, k, y, test = joined(data), len(data.classes), data.y, data.split.test
        order = nested(y, data.split.train, rng)
        sizes = [len(order) >> p for p in range(self.points)][::-1]
        if sizes[0] < CHOOSING or np.setdiff1d(y, y[order[: sizes[0]]]).size:
            raise Incompatible(
                f"{sizes[0]} texts, the smallest of {self.points} training sets, lack a class or "
                f"are fewer than {CHOOSING}; wanted fewer points"
            )
        losses: dict[str, float] = {}
        for done, n in enumerate(sizes, start=1):
            table, steps, weights = self._chosen(texts, y, k, order[:n], test, rng)
            each = table[np.arange(len(test)), y[test]]
            losses[f"loss_{n}"] = float(-each.mean())
            harness.progress(done, len(sizes))
        usable = each - held_out.prior(y[order], k)[y[test]]
        return Estimate(
            float(usable.mean()),
            diagnostics={
                **losses,
                "weights": weights,
                "accuracy": float((table.argmax(1) == y[test]).mean()),
                "steps_chosen": steps,
                "error_given_training": float(usable.std() / np.sqrt(len(test))),
                "n": len(test),
            },
        )

    def _chosen(
        self,
        texts: list[str],
        y: Ints,
        k: int,
        rows: Ints,
        test: Ints,
        rng: np.random.Generator,
    ) -> tuple[Floats, int, int]:
        """Log-probabilities (m, k) of the test texts, steps chosen, weights without embeddings."""
        mixed = rng.permutation(rows)
        held, fitted = np.split(mixed, [len(rows) // CHOOSING])
        null = held_out.prior(y[rows], k)
        best, chosen = float(-null[y[held]].mean()), 0
        table = np.tile(null, (len(test), 1))
        for part in LENGTHS:
            steps = max(1, self.steps // part)
            brief = dataclasses.replace(self, steps=steps)
            network, words = brief.fit(texts, y, k, fitted, None, rng)
            with single_threaded(self.device, np.random.default_rng(0)):
                judged = self.score(network, words, [texts[i] for i in (*held, *test)])
            judged = np.maximum(judged, held_out.FLOOR)
            loss = float(-judged[np.arange(len(held)), y[held]].mean())
            if loss < best:
                best, chosen, table = loss, steps, judged[len(held) :]
        return table, chosen, sum(p.numel() for p in network.encoder.parameters())


def nested(y: Ints, rows: Ints, rng: np.random.Generator) -> Ints:
    """The rows in an order of which every beginning has the classes in proportion, nearly."""
    mixed = rng.permutation(rows)
    place = np.empty(len(mixed))
    for c in np.unique(y[mixed]):
        member = np.flatnonzero(y[mixed] == c)
        place[member] = (np.arange(len(member)) + 0.5) / len(member)
    return mixed[np.argsort(place, kind="stable")]
