"""Representations beside the operators that predictions span.

Y. Zhang, arXiv:2507.19247, section 7. That likelihood aligns the two is proved there for a
quadratic surrogate of it (version 5); here the overlap is measured, with what a random
representation would have.
"""

from __future__ import annotations

import logging

import numpy as np

from harness import Estimate, Floats, HeadStates, Incompatible
from harness_markov_categories.entropies import shares
from harness_markov_categories.settings import Alignment, Operator, Similarity

LOG = logging.getLogger("harness.markov_categories")
TINY = 1e-8
"""Singular values below this share of the largest count as zero."""
ROUNDING = 1e-12
"""Rows whose distances from their mean are below this share of their lengths are equal."""
CLOSE = 1e-6
"""Neighbouring eigenvalues that differ by less, as a share of the largest, are not told apart."""
EXACT = 2_000_000
"""Numbers of a table up to which all its singular values are computed."""


def contexts(data: HeadStates, most: int, rng: np.random.Generator) -> HeadStates:
    """At most ``most`` items, drawn at random; equal states become one, with their weight.

    What repeats adds no dimension that a random representation could miss. Raises `Incompatible`
    for fewer than three different states.
    """
    mu = shares(data)
    chosen = np.arange(len(mu))
    if len(mu) > most:
        chosen = np.sort(rng.permutation(len(mu))[:most])
    chosen = chosen[mu[chosen] > 0]
    scale = np.abs(data.h).max() or 1.0
    _, first, place = np.unique(
        np.round(data.h[chosen] / scale, 9), axis=0, return_index=True, return_inverse=True
    )
    if len(first) < 3:
        raise Incompatible(f"{len(first)} different states; wants at least 3")
    kept = chosen[first]
    return HeadStates(
        data.h[kept],
        data.w,
        data.ids[kept],
        np.arange(len(kept) + 1),
        data.bias,
        None if data.true is None else data.true[kept],
        np.bincount(place.ravel(), mu[chosen]).astype(np.float64),
    )


def predicted(data: HeadStates) -> Floats:
    """ln of the laws of the data where they are known, else of the model ``(items, v)``."""
    if data.true is None:
        return data.log_laws()
    with np.errstate(divide="ignore"):
        return np.log(data.true)


def features(settings: Operator | Similarity, data: HeadStates) -> Floats:
    """A table ``(items, f)`` whose products are the operator.

    Raises `Incompatible` for ``logp`` where a law has a zero.
    """
    log_p, name = predicted(data), settings.operator
    if name == "logp":
        if np.isneginf(log_p).any():
            raise Incompatible("a law has zeros, whose logarithm is infinite; wanted operator=bc")
        return np.asarray(log_p - log_p.mean(1, keepdims=True))
    if name == "bc":
        return np.exp(log_p / 2)
    p = np.exp(log_p)
    if name == "chi2":
        mean = shares(data) @ p
        return np.asarray(p[:, mean > 0] / np.sqrt(mean[mean > 0]))
    if name == "prototype":
        return np.asarray(p @ data.w)
    if name == "hellinger-rbf":
        root = np.exp(log_p / 2)
        near = np.exp(-settings.beta * np.maximum(0.0, 2 - 2 * root @ root.T))
        values, vectors = np.linalg.eigh(near)
        # What is rounding here would be above `TINY` as a root.
        sure = values > len(near) * np.finfo(float).eps * values[-1]
        return np.asarray(vectors[:, sure] * np.sqrt(values[sure]))
    return p


def centred(x: Floats, mu: Floats) -> Floats:
    """Rows less their mean, by the square root of their share: products are covariances. Zero
    where the rows differ by rounding alone.
    """
    root = np.sqrt(mu)[:, None]
    found = np.asarray(root * (x - mu @ x))
    return found if np.linalg.norm(found) > ROUNDING * np.linalg.norm(root * x) else 0 * found


def leading(x: Floats, k: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Left singular vectors and singular values, the k + 1 largest at least."""
    if x.size <= EXACT:
        u, s, _ = np.linalg.svd(x, full_matrices=False)
        return u, s
    from sklearn.utils.extmath import randomized_svd

    count = min(k + 1, *x.shape)
    u, s, _ = randomized_svd(x, count, n_iter=7, random_state=int(rng.integers(2**31)))
    return u, s


def rank(values: Floats) -> int:
    """Singular values that are not zero."""
    return int((values > TINY * values[0]).sum()) if values[0] > 0 else 0


def linear_cka(a: Floats, b: Floats) -> float:
    """|a' b|^2 / (|a' a| |b' b|) of centred tables ``(items, f)``, by their smaller sides.

    Raises `Incompatible` where one of them is constant.
    """
    lengths = [np.linalg.norm(x @ x.T if len(x) < x.shape[1] else x.T @ x) for x in (a, b)]
    if min(lengths) == 0:
        raise Incompatible("the states, or the laws, are all equal")
    return float(np.linalg.norm(a.T @ b) ** 2 / (lengths[0] * lengths[1]))


class SpectralAlignment(Alignment):
    """Overlap of the whitened representation with the leading eigenspace of an operator."""

    def estimate(self, data: HeadStates, *, rng: np.random.Generator) -> Estimate:
        """The mean squared cosine between the two spaces, less that of a random space.

        Whitening makes it blind to every invertible map of the states. ``null`` is the mean of a
        random space of the same dimension, max(k, r)/(items - 1), and ``normalized`` is
        (overlap - null)/(1 - null). Where k exceeds the rank of the operator it is lowered to it,
        and where eigenvalues k and k + 1 are not told apart the space is arbitrary: both are
        logged. Raises `Incompatible` where states or laws are all equal.
        """
        few = contexts(data.evaluated(), self.most, rng)
        mu = shares(few)
        q, s = np.linalg.svd(centred(few.h, mu), full_matrices=False)[:2]
        q = q[:, : rank(s)]
        factor = centred(features(self, few), mu)
        u, values = leading(factor, self.k, rng)
        k = min(self.k, rank(values))
        if not k or not q.shape[1]:
            raise Incompatible("the states, or the laws, are all equal")
        notes: dict[str, float | bool] = {"k": k, "rank": q.shape[1], "contexts": len(mu)}
        if k < self.k:
            LOG.warning("k=%d exceeds the rank of the operator; takes %d", self.k, k)
        if k < len(values) and values[k - 1] ** 2 - values[k] ** 2 < CLOSE * values[0] ** 2:
            notes["eigengap"] = False
            LOG.warning(
                "eigenvalues %d and %d are equal: the space of k=%d is arbitrary", k, k + 1, k
            )
        cosines = np.linalg.svd(q.T @ u[:, :k], compute_uv=False)
        overlap = float((cosines**2).sum() / min(k, q.shape[1]))
        null = min(1.0, max(k, q.shape[1]) / (len(mu) - 1))
        notes |= {"overlap": overlap, "null": null, "least_cosine": float(cosines.min())}
        if null < 1:
            notes["normalized"] = (overlap - null) / (1 - null)
        return Estimate(overlap - null, diagnostics=notes)


class KernelAlignment(Operator):
    """Linear centred kernel alignment with an operator: the scale of each direction counts."""

    def estimate(self, data: HeadStates, *, rng: np.random.Generator) -> Estimate:
        """The alignment, from 0 to 1. Raises `Incompatible` where states or laws are all equal."""
        few = contexts(data.evaluated(), self.most, rng)
        mu = shares(few)
        value = linear_cka(centred(few.h, mu), centred(features(self, few), mu))
        return Estimate(value, diagnostics={"contexts": len(mu)})


class DirichletEnergy(Similarity):
    """How much states differ between contexts of similar predictions."""

    def estimate(self, data: HeadStates, *, rng: np.random.Generator) -> Estimate:
        """E = 1/2 sum mu mu' K |h - h'|^2 over the variance of the states.

        ``null`` is the same for states dealt to the contexts at random, the mean of K over pairs.
        Raises `Incompatible` where all states are equal.
        """
        few = contexts(data.evaluated(), self.most, rng)
        mu, phi = shares(few), features(self, few)
        x = few.h - mu @ few.h
        near = mu @ phi
        squares = (x**2).sum(1)
        energy = mu @ (squares * (phi @ near)) - np.linalg.norm((phi * mu[:, None]).T @ x) ** 2
        apart = 1 - mu @ mu
        null = (near @ near - mu**2 @ (phi**2).sum(1)) / apart
        return Estimate(
            float(energy / (mu @ squares)),
            diagnostics={"null": float(null), "contexts": len(mu)},
        )
