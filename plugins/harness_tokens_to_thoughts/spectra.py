"""Entropy of the spectrum of clusters: in how many directions their items spread."""

from __future__ import annotations

import numpy as np

from harness import ConceptVectors, Estimate, Floats, Partitions
from harness_tokens_to_thoughts.cost import judged
from harness_tokens_to_thoughts.partitions import Scatter
from harness_tokens_to_thoughts.settings import Spectrum

NEGLIGIBLE = 1e-12
"""Share of the spread of a cluster below which a direction is rounding."""


class ClusterEntropy(Spectrum):
    """Mean over clusters of the Renyi entropy of the shares of their centred spectrum.

    With the eigenvalues of Z Z^T as shares p: S = ln(sum p^alpha) / (1 - alpha), for alpha = 1
    -sum p ln p. The paper writes S_alpha without a formula; this is the matrix-based entropy of
    related work of its last author. A cluster without spread has S = 0.
    """

    def estimate(self, data: ConceptVectors | Partitions, *, rng: np.random.Generator) -> Estimate:
        """The mean in nats over categories or clusters; ``flat`` counts those without spread."""
        labels = judged(data, Scatter(data.x))
        ids, counts = np.unique(labels, return_counts=True)
        values = np.array([entropy(spectrum(data.x[labels == c]), self.alpha) for c in ids])
        flat = sum(not spectrum(data.x[labels == c]).size for c in ids)
        weights = (
            counts / counts.sum() if self.weight == "size" else np.full(len(ids), 1 / len(ids))
        )
        return Estimate(
            float(weights @ values), None, None, {"clusters": len(ids), "flat": int(flat)}
        )


def spectrum(x: Floats) -> Floats:
    """The shares of the spread of vectors ``(n, d)`` about their mean; none where there is none."""
    z = x - x.mean(0)
    square = z @ z.T if len(z) <= z.shape[1] else z.T @ z
    values = np.linalg.eigvalsh(square)
    scale = float((x**2).sum())
    if not values.sum() > NEGLIGIBLE * scale:
        return np.empty(0)
    p = values[values > NEGLIGIBLE * values.sum()]
    return np.asarray(p / p.sum())


def entropy(p: Floats, alpha: float) -> float:
    """The Renyi entropy in nats of shares; 0 of none."""
    if not p.size:
        return 0.0
    if alpha == 1:
        return float(-(p * np.log(p)).sum())
    return float(np.log((p**alpha).sum()) / (1 - alpha))
