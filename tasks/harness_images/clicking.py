"""The simulated user, and the scores of what was clicked.

An estimator that asks shows its masks of all pictures to be segmented, and is told the next click
on each (`ClickMasks.click`) until the target or the limit is reached on all. The first masks do
not count: the first click is the inmost pixel of the object. The masks stay with the task.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from harness import (
    Case,
    ClickMasks,
    Clicks,
    ClickSessions,
    Curve,
    DataError,
    Floats,
    Incompatible,
    Ints,
    Prediction,
)
from harness_images import settings

Transcript = Sequence[tuple[Any, Any]]
"""Questions (`ClickMasks`) and answers (`Clicks`, or None after the last)."""


class Clicked(settings.Protocol):
    """Answers and scores, for a task whose hidden data are the true masks."""

    def respond(
        self, case: Case, transcript: Transcript, question: ClickMasks, *, rng: np.random.Generator
    ) -> Clicks | None:
        """The next clicks, in the order of the pictures to be segmented; None after the last.

        Raises `DataError` for masks of other sizes, and with other values than 0 and 1.
        """
        truth = self._truth(case)
        if not np.array_equal(question.shape, truth.shape):
            found = f"{question.n} masks, the first of {tuple(question.shape[0].tolist())}"
            wanted = f"{truth.n} of the sizes of the pictures"
            raise DataError("ClickMasks.shape", found, wanted)
        if (question.mask < 0).any():
            raise DataError("ClickMasks.mask", "-1", "0 or 1, in a mask that a head gives")
        answers = [answer for _, answer in transcript if answer is not None]
        place, sign = np.zeros((2, truth.n), np.int64)
        for i in range(truth.n):
            if answers and answers[-1].sign[i] == 0:
                continue
            guess = (question.of(i) == 1) & bool(answers)
            if answers and (len(answers) >= self.limit or truth.overlap(i, guess) >= self.target):
                continue
            clicked = np.zeros(guess.size, bool)
            clicked[[answer.place[i] for answer in answers]] = True
            place[i], sign[i] = truth.click(i, guess, clicked.reshape(guess.shape))
        return Clicks(place, sign) if sign.any() else None

    def score(self, case: Case, output: Curve | Prediction) -> dict[str, float]:
        """Of a curve, what was clicked; of a prediction, its mean over the pictures of the case.

        Raises `Incompatible` where nothing was clicked, or for more than a number per picture.
        """
        if isinstance(output, Prediction):
            return {"forecast": self._forecast(case, output)}
        if not case.transcript:
            raise Incompatible("nothing was clicked: wanted an estimator that asks")
        truth = self._truth(case)
        found = session(truth, self.members(case), case.transcript)
        scores = {f"overlap_{k}": float(found.after(k, found.iou).mean()) for k in (1, 5, 20)}
        for at in (0.85, 0.9):
            if at <= self.target:
                clicks, reached = found.clicks_to(at, self.limit)
                scores[f"clicks_{100 * at:.0f}"] = float(clicks.mean())
        if self.target >= 0.9:
            scores["failures_90"] = float(1.0 - reached.mean())
        scores["wrong_clicks"] = float(found.contradicted().mean())
        if found.code is not None:
            scores["mask_code_length"] = float(found.after(5, found.code).mean())
            scores["usable_information"] = share_entropy(truth) - scores["mask_code_length"]
        return scores

    def _truth(self, case: Case) -> ClickMasks:
        truth = case.reveal()
        assert isinstance(truth, ClickMasks)
        return truth

    def members(self, case: Case) -> Ints:
        """The pictures of a case among all that its source asks for."""
        return np.arange(self._truth(case).n)

    def _forecast(self, case: Case, output: Prediction) -> float:
        truth = self._truth(case)
        if output.values.ndim != 1 or len(output.values) != truth.n:
            found = " x ".join(map(str, output.values.shape))
            raise Incompatible(f"a prediction of {found} values; wanted one for each picture")
        values: Floats = output.values[self.members(case)]
        return float(values.mean())


def share_entropy(truth: ClickMasks) -> float:
    """Entropy of a pixel in nats, known by the share of object pixels in all masks."""
    share = float((truth.mask == 1).sum() / (truth.mask >= 0).sum())
    return float(-sum(p * np.log(p) for p in (share, 1.0 - share) if p > 0))


def session(truth: ClickMasks, members: Ints, transcript: Transcript) -> ClickSessions:
    """What was clicked on some pictures, with the overlap after each click, and with the code
    length of the mask where the questions have log odds.

    Raises `Incompatible` where a head did not ask again after a first click.
    """
    place, sign, iou, agrees, code, lengths = [], [], [], [], [], []
    with_code = all(question.logit is not None for question, _ in transcript)
    for i in members:
        mask, own, last = truth.of(i).ravel(), 0, np.empty(0, np.int8)
        for (_, answer), (after, _) in itertools.pairwise(transcript):
            if answer is None or answer.sign[i] == 0:
                break
            place.append(answer.place[i])
            sign.append(answer.sign[i])
            last = after.of(i).ravel()
            iou.append(truth.overlap(i, after.of(i) == 1))
            if after.logit is not None and with_code:
                logit = after.logit[after.offsets[i] : after.offsets[i + 1]].astype(np.float64)
                code.append(code_length(mask, logit))
            own += 1
        if not own:
            raise Incompatible("no mask was shown after the first click")
        made = (last[place[-own:]] == 1) == (np.array(sign[-own:]) > 0)
        agrees += made.astype(int).tolist()
        lengths.append(own)
    shape = truth.shape[members]
    return ClickSessions(
        place=np.array(place),
        sign=np.array(sign),
        iou=np.array(iou),
        agrees=np.array(agrees),
        shape=shape,
        bounds=np.concatenate([[0], np.cumsum(shape.prod(1))]),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        code=np.array(code) if with_code else None,
    )


def code_length(mask: np.ndarray, logit: Floats) -> float:
    """Mean of -ln p(label) over the pixels that count, in nats."""
    seen = mask >= 0
    against = np.where(mask[seen] == 1, -logit[seen], logit[seen])
    return float(np.logaddexp(0.0, against).mean())
