"""Estimators on recorded sessions and on latent numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import ClickSessions, Estimate, Floats, Incompatible, LatentPixels
from harness_gpcis import settings
from harness_gpcis.heads import ProcessHead, clicked
from harness_gpcis.information import bald, entropies, gain_of_clicks
from harness_gpcis.pixels import counted
from harness_gpcis.playing import likeliest
from harness_gpcis.variational import best, elbo

FIVE = 5
"""Clicks after which the code of the mask is measured."""


class ClicksTo(settings.Overlap):
    """Number of clicks until an overlap is reached (NoC)."""

    def estimate(self, data: ClickSessions, *, rng: np.random.Generator | None = None) -> Estimate:
        """Sessions that never reach it count ``limit``; the diagnostics say how many reached."""
        clicks, reached = data.evaluated().clicks_to(self.at, self.limit)
        return Estimate.from_local(clicks, {"reached": int(reached.sum())})


class Missed(settings.Overlap):
    """Share of sessions that do not reach an overlap (NoF)."""

    def estimate(self, data: ClickSessions, *, rng: np.random.Generator | None = None) -> Estimate:
        """One that reaches it with the very last click did reach it; the authors' program counts
        that one as a failure."""
        _, reached = data.evaluated().clicks_to(self.at, self.limit)
        return Estimate.from_local(1.0 - reached)


@dataclass(frozen=True)
class WrongClicks:
    """Number of clicks that the last mask contradicts (NoIC)."""

    def estimate(self, data: ClickSessions, *, rng: np.random.Generator | None = None) -> Estimate:
        """Mean over sessions; their sum in the diagnostics."""
        wrong = data.evaluated().contradicted()
        return Estimate.from_local(wrong, {"sum": int(wrong.sum())})


class OverlapAfter(settings.After):
    """Overlap after some clicks (IoU@k)."""

    def estimate(self, data: ClickSessions, *, rng: np.random.Generator | None = None) -> Estimate:
        """The last overlap of sessions that ended before."""
        sessions = data.evaluated()
        return Estimate.from_local(sessions.after(self.clicks, sessions.iou))


def _head(data: ClickSessions, i: int, chosen: settings.Process, most: int | None) -> ProcessHead:
    mine = data.clicks(i)
    places, signs = data.place[mine][:most], data.sign[mine][:most]
    return clicked(data.picture(i), places.tolist(), signs.tolist(), chosen)


class InformationGain(settings.Gain):
    """I(f; observations at the clicks) = 1/2 ln |I + K / noise^2|."""

    def estimate(self, data: ClickSessions, *, rng: np.random.Generator | None = None) -> Estimate:
        """In nats for each session: no click lowers it, and each adds less than it would before
        others. Raises `Incompatible` without pictures."""
        sessions = data.evaluated()
        heads = (_head(sessions, i, self, None) for i in range(sessions.n))
        gains = [gain_of_clicks(h.posterior.of_clicks(), self.noise) for h in heads]
        return Estimate.from_local(gains)


class ClickElbo(settings.Bound):
    """Evidence lower bound of the signs of the clicks."""

    def estimate(self, data: ClickSessions, *, rng: np.random.Generator | None = None) -> Estimate:
        """In nats per click, for each session. Raises `Incompatible` without pictures."""
        sessions = data.evaluated()
        found = []
        for i in range(sessions.n):
            head, y = (
                _head(sessions, i, self, None),
                sessions.sign[sessions.clicks(i)].astype(float),
            )
            k = head.posterior.of_clicks() + self.jitter * np.eye(len(y))
            m, s = best(k, y, self.family, self.pull * y, self.sigma, self.nodes)
            found.append(elbo(k, y, m, s, self.nodes) / len(y))
        return Estimate.from_local(found)


class UsableInformation(settings.Usable):
    """V-information of clicks about the mask, V: the head, with one factor for its log odds."""

    def estimate(self, data: ClickSessions, *, rng: np.random.Generator | None = None) -> Estimate:
        """H(share of object pixels) less the code after five clicks, in nats per pixel.

        The factor and the share are fitted to the training part where there is one; the share else
        to the sessions themselves. Raises `Incompatible` without pictures and masks, and for a mask
        without a pixel that counts.
        """
        trained = data if data.split is None else data.part("train")
        marks = [trained.truth(i)[counted(trained, i)] for i in range(trained.n)]
        share = float(np.concatenate(marks).mean())
        if not 0.0 < share < 1.0:
            raise Incompatible("the masks have object pixels alone, or ground alone")
        sharpness = self.sharpness
        if data.split is not None:
            sharpness = likeliest(
                np.concatenate([self._agreeing(trained, i) for i in range(trained.n)])
            )
        sessions, local = data.evaluated(), []
        for i in range(sessions.n):
            code = np.logaddexp(0.0, -sharpness * self._agreeing(sessions, i)).mean()
            mine = float(sessions.truth(i)[counted(sessions, i)].mean())
            null = -mine * np.log(share) - (1.0 - mine) * np.log1p(-share)
            local.append(null - code)
        return Estimate.from_local(local, {"sharpness": sharpness, "share": share})

    def _agreeing(self, data: ClickSessions, i: int) -> Floats:
        """The field, with the sign of the mask, where the mask counts."""
        field, mask = _head(data, i, self, FIVE).field().astype(np.float64), data.truth(i)
        agreeing: Floats = np.where(mask == 1, field, -field)[counted(data, i)]
        return agreeing


class PredictiveEntropy(settings.Quadrature):
    """H[E p], the entropy of labels."""

    def estimate(self, data: LatentPixels, *, rng: np.random.Generator | None = None) -> Estimate:
        """Mean over the pixels, in nats."""
        own = data.evaluated()
        return Estimate.from_local(entropies(own.mean, own.var, self.nodes)[0])


class Bald(settings.Quadrature):
    """H[E p] - E H[p], the mutual information of a label and its latent number."""

    def estimate(self, data: LatentPixels, *, rng: np.random.Generator | None = None) -> Estimate:
        """Mean over the pixels, in nats; the most informative pixel in the diagnostics."""
        own = data.evaluated()
        found = bald(own.mean, own.var, self.nodes)
        return Estimate.from_local(found, {"best": int(found.argmax())})
