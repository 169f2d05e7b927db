"""How near what was written is to what was wanted: ROUGE-L, and numbers as numbers."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

from harness import Estimate, Incompatible
from harness_wireless_pvi.kinds import GeneratedText

NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


@dataclass(frozen=True)
class RougeL:
    """Mean F-measure of the longest common subsequence of words (Lin 2004), by ``rouge_score``; case is ignored."""

    stem: bool = False

    def estimate(self, data: GeneratedText, *, rng: np.random.Generator) -> Estimate:
        """The mean over texts; ``local`` has each text's."""
        from rouge_score.rouge_scorer import RougeScorer

        scorer = RougeScorer(["rougeL"], use_stemmer=self.stem)
        found = [
            scorer.score(wanted, given)["rougeL"]
            for wanted, given in zip(data.references, data.written, strict=True)
        ]
        local = np.array([score.fmeasure for score in found])
        notes = {
            "precision": float(np.mean([score.precision for score in found])),
            "recall": float(np.mean([score.recall for score in found])),
            "n": data.n,
        }
        return Estimate.from_local(local, notes)


@dataclass(frozen=True)
class NumericAnswer:
    """Share of texts whose first number is the reference's, within a relative tolerance."""

    tolerance: float = 0.01

    def estimate(self, data: GeneratedText, *, rng: np.random.Generator) -> Estimate:
        """The share; ``local`` is 1 where right. Raises `Incompatible` where a reference has no number."""
        wanted = [number(text) for text in data.references]
        if None in wanted:
            raise Incompatible(
                f"the reference {data.references[wanted.index(None)][:40]!r} has no number"
            )
        found = [number(text) for text in data.written]
        local = np.array(
            [
                g is not None
                and w is not None
                and abs(g - w) <= self.tolerance * max(abs(w), 1e-12)
                for g, w in zip(found, wanted, strict=True)
            ],
            np.float64,
        )
        notes = {"n": data.n, "without_number": found.count(None)}
        return Estimate.from_local(local, notes)


def number(text: str) -> float | None:
    """The first finite number in a text, where there is one."""
    for match in NUMBER.finditer(text):
        value = float(match.group())
        if math.isfinite(value):
            return value
    return None
