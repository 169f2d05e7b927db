"""How near a written text is to the one that was wanted: by words, and by numbers."""

from __future__ import annotations

import math
import re

import numpy as np

from harness import Estimate, Incompatible
from harness_wireless_pvi.kinds import GeneratedText
from harness_wireless_pvi.settings import Tolerance, Words

NUMBER = re.compile(
    r"[-+]?(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])(?:\.[0-9]+)?|[0-9]+\.?[0-9]*|\.[0-9]+)"
    r"(?:[eE][-+]?[0-9]+)?"
)
"""A number, with commas between thousands or without."""


class RougeL(Words):
    """Mean F-measure of the longest common subsequence of words, case ignored, by ``rouge_score``.

    Source: Lin 2004.
    """

    def estimate(self, data: GeneratedText, *, rng: np.random.Generator) -> Estimate:
        """The mean over texts; ``local`` (n,) holds the value of each text."""
        from rouge_score.rouge_scorer import RougeScorer

        scorer = RougeScorer(["rougeL"], use_stemmer=self.stem)
        found = [
            scorer.score(wanted, given)["rougeL"]
            for wanted, given in zip(data.references, data.written, strict=True)
        ]
        notes: dict[str, float | int | str | bool] = {
            "precision": float(np.mean([score.precision for score in found])),
            "recall": float(np.mean([score.recall for score in found])),
            "n": data.n,
        }
        return Estimate.from_local([score.fmeasure for score in found], notes)


class NumericAnswer(Tolerance):
    """Share of texts whose first number is that of the reference, within a relative tolerance."""

    def estimate(self, data: GeneratedText, *, rng: np.random.Generator) -> Estimate:
        """The share; ``local`` (n,) is 1 where the number is right.

        Raises `Incompatible` where a reference has no number.
        """
        wanted: list[float] = []
        for text in data.references:
            value = number(text)
            if value is None:
                raise Incompatible(f"the reference {text[:40]!r} has no number; wanted one in each")
            wanted.append(value)
        found = [number(text) for text in data.written]
        right = [g is not None and self.near(g, w) for g, w in zip(found, wanted, strict=True)]
        return Estimate.from_local(right, {"n": data.n, "without_number": found.count(None)})

    def near(self, value: float, wanted: float) -> bool:
        """Whether a number is right."""
        return abs(value - wanted) <= self.tolerance * max(abs(wanted), 1e-12)


def number(text: str) -> float | None:
    """The first finite number in a text, whatever currency or unit is beside it; None for none."""
    for match in NUMBER.finditer(text):
        value = float(match.group().replace(",", ""))
        if math.isfinite(value):
            return value
    return None
