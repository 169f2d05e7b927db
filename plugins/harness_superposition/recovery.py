"""Does a dictionary have the features that a layer was made of?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import Estimate, Floats, Incompatible
from harness_superposition.kinds import SparseCodes
from harness_superposition.settings import Matching


@dataclass(frozen=True)
class Recovery:
    """Scores of one dictionary, all from 0 to 1.

    ``f1`` is the harmonic mean of ``precision`` (live rows that are matched) and ``recall``
    (features that are); ``uniqueness`` is the number of different features that the live rows are
    nearest to, as a share of the rows; ``cosine`` the mean of the best matching, over the features.
    """

    f1: float
    precision: float
    recall: float
    uniqueness: float
    cosine: float


def recovery(rows: Floats, features: Floats, least: float) -> Recovery:
    """Match live rows of a decoder ``(D, N)`` with true directions ``(M, N)``, one to one.

    The matching has the largest sum of cosines (the Hungarian algorithm); a pair counts from a
    cosine of ``least`` on. Signs count: codes are not negative. Raises `Incompatible` where no row
    has a length.
    """
    from scipy.optimize import linear_sum_assignment

    length = np.linalg.norm(rows, axis=1, keepdims=True)
    rows = rows[length[:, 0] > 0] / length[length[:, 0] > 0]
    if not len(rows):
        raise Incompatible("no feature is ever active, so none can be matched")
    cosines = rows @ (features / np.linalg.norm(features, axis=1, keepdims=True)).T
    best = cosines[linear_sum_assignment(cosines, maximize=True)]
    hits = int((best >= least).sum())
    precision, recall = hits / len(rows), hits / len(features)
    return Recovery(
        f1=2 * hits / (len(rows) + len(features)),
        precision=precision,
        recall=recall,
        uniqueness=len(np.unique(cosines.argmax(1))) / len(rows),
        cosine=float(best.sum()) / len(features),
    )


class DictionaryRecovery(Matching):
    """F1 of the matching of live decoder rows with the features that the layer was made of."""

    def estimate(self, data: SparseCodes, *, rng: np.random.Generator) -> Estimate:
        """The mean over the autoencoders of the first sparsity and scale.

        Raises `Incompatible` where the features of the layer are not known.
        """
        if data.decoder is None or data.truth is None:
            raise Incompatible(
                "the features that this layer was made of are not known; "
                "wanted known-dictionaries, or Activations(directions=...)"
            )
        chosen = (data.sparsity == data.sparsity[0]) & (data.scale == data.scale[0])
        often = data.counts[chosen].sum(1) / data.samples
        found = [
            recovery(rows[used >= self.rarest], data.truth, self.least)
            for rows, used in zip(data.decoder[chosen], often, strict=True)
        ]
        f1 = np.array([each.f1 for each in found])
        notes = {
            name: float(np.mean([getattr(each, name) for each in found]))
            for name in ("precision", "recall", "uniqueness", "cosine")
        }
        notes |= {"features": float(len(data.truth)), "autoencoders": float(len(f1))}
        notes["live"] = float((often >= self.rarest).sum(-1).mean())
        spread = float(f1.std(ddof=1) / np.sqrt(len(f1))) if len(f1) > 1 else None
        return Estimate(float(f1.mean()), spread, diagnostics=notes)
