"""One bilinear layer of attention over blocks of token types, with its gradients and its training.

The layer is small enough to have its gradients written out, so it needs numpy alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness import BlockSequences, Floats, Ints, progress

Penalty = Literal["none", "mass", "group", "weights"]
BETAS, TINY = (0.9, 0.999), 1e-8
"""Constants of Adam."""


@dataclass(frozen=True)
class Weights:
    """The bilinear form ``w (d, d)`` of queries and keys, and the head ``u (classes, classes)``."""

    w: Floats
    u: Floats


@dataclass(frozen=True)
class Recipe:
    """How a layer is trained.

    Attributes
    ----------
    penalty : ``mass`` is the mean attention outside of the query's block, ``group`` the mean over
        queries of the Euclidean norms of the attention to each other block, ``weights`` the sum of
        the Frobenius norms of the parts of w between blocks (group lasso).
    weight : of the penalty in the loss.
    temperature : of the softmax.
    """

    penalty: Penalty
    weight: float
    steps: int
    learning_rate: float
    temperature: float = 1.0


@dataclass(frozen=True)
class Batch:
    """What the layer reads, made ready once."""

    data: BlockSequences
    places: Ints
    own: Floats
    blocks: Floats
    truth: Floats

    @classmethod
    def of(cls, data: BlockSequences) -> Batch:
        """From the data: pairs of types, queries and keys of one block, blocks of keys, labels."""
        types, block = len(data.blocks), data.blocks[data.ids]
        places = data.ids[:, :, None] * types + data.ids[:, None, :]
        own = (block[:, :, None] == block[:, None, :]).astype(np.float64)
        blocks = np.eye(int(data.blocks.max()) + 1)[block]
        return cls(data, places, own, blocks, np.eye(data.values.shape[2])[data.labels])


def logits(batch: Batch, w: Floats, temperature: float) -> Floats:
    """z_ij = x_i' W x_j / (sqrt(d) temperature) ``(n, t, t)``: all tokens see all."""
    x = batch.data.embedding
    types = x @ w @ x.T / (np.sqrt(x.shape[1]) * temperature)
    return np.asarray(types.ravel()[batch.places])


def softmax(z: Floats) -> Floats:
    """Along the last axis."""
    e = np.exp(z - z.max(-1, keepdims=True))
    e /= e.sum(-1, keepdims=True)
    return np.asarray(e)


def log_softmax(z: Floats) -> Floats:
    """Along the last axis."""
    z = z - z.max(-1, keepdims=True)
    return np.asarray(z - np.log(np.exp(z).sum(-1, keepdims=True)))


def loss(batch: Batch, at: Weights, recipe: Recipe) -> tuple[float, Weights]:
    """Cross-entropy of the labels with the penalty on attention, and the gradient of that.

    The penalty on weights is not in it: it has no gradient at zero, and proximal steps instead.
    """
    values, count = batch.data.values, batch.data.ids.size
    a = softmax(logits(batch, at.w, recipe.temperature))
    read = a @ values
    log_p = log_softmax(read @ at.u)
    found = -float((log_p * batch.truth).sum()) / count
    back = (np.exp(log_p) - batch.truth) / count
    slope = (back @ at.u.T) @ values.swapaxes(1, 2)
    if recipe.penalty == "mass":
        found += recipe.weight * (1 - float((a * batch.own).sum()) / count)
        slope -= recipe.weight / count * batch.own
    elif recipe.penalty == "group":
        norms = np.sqrt((a * a) @ batch.blocks)
        others = norms * (1 - batch.blocks)
        found += recipe.weight * float(others.sum()) / count
        rates = np.divide(1 - batch.blocks, norms, out=np.zeros_like(norms), where=norms > 0)
        slope += recipe.weight / count * a * (rates @ batch.blocks.swapaxes(1, 2))
    slope = a * (slope - (a * slope).sum(-1, keepdims=True))
    x, types = batch.data.embedding, len(batch.data.blocks)
    by_type = np.bincount(batch.places.ravel(), slope.ravel(), types * types).reshape(types, types)
    w = x.T @ by_type @ x / (np.sqrt(x.shape[1]) * recipe.temperature)
    u = read.reshape(-1, read.shape[2]).T @ back.reshape(-1, back.shape[2])
    return found, Weights(w, u)


def trained(batch: Batch, start: Weights, recipe: Recipe) -> tuple[Weights, float]:
    """The weights after training on the whole batch, and the empirical threshold of the penalty.

    That is the largest Frobenius norm, during training, of the gradient of a part of w between
    blocks: with a greater weight of the group lasso, such a part shrinks at every step until it is
    exactly zero (our R3). The penalty on weights is trained by plain proximal gradient steps, for
    the steps of Adam have no exact zeros; everything else by Adam.
    """
    values, groups, highest = [start.w.copy(), start.u.copy()], batch.data.groups, 0.0
    first, second = [np.zeros_like(v) for v in values], [np.zeros_like(v) for v in values]
    for step in range(1, recipe.steps + 1):
        slope = loss(batch, Weights(*values), recipe)[1]
        highest = max(highest, float(between(group_norms(slope.w, groups)).max(initial=0.0)))
        if recipe.penalty == "weights":
            rate = recipe.learning_rate
            values[0] = shrunk(values[0] - rate * slope.w, groups, rate * recipe.weight)
            values[1] = values[1] - rate * slope.u
            progress(step, recipe.steps, "steps")
            continue
        for k, g in enumerate((slope.w, slope.u)):
            first[k] += (1 - BETAS[0]) * (g - first[k])
            second[k] += (1 - BETAS[1]) * (g * g - second[k])
            size = np.sqrt(second[k] / (1 - BETAS[1] ** step)) + TINY
            values[k] -= recipe.learning_rate * first[k] / (1 - BETAS[0] ** step) / size
        progress(step, recipe.steps, "steps")
    return Weights(*values), highest


def group_norms(w: Floats, groups: Ints) -> Floats:
    """Frobenius norms of the parts of w between groups of dimensions ``(K, K)``."""
    members = np.eye(int(groups.max()) + 1)[groups]
    return np.asarray(np.sqrt(members.T @ (w * w) @ members))


def shrunk(w: Floats, groups: Ints, amount: float) -> Floats:
    """The proximal step of the group lasso: W_gh max(0, 1 - amount / ||W_gh||), g not h."""
    norms = group_norms(w, groups)
    factor = 1 - np.divide(amount, norms, out=np.full_like(norms, np.inf), where=norms > 0)
    factor = np.maximum(0.0, factor)
    np.fill_diagonal(factor, 1.0)
    return np.asarray(w * factor[np.ix_(groups, groups)])


def between(norms: Floats) -> Floats:
    """The entries of a table ``(K, K)`` that belong to two different groups."""
    return np.asarray(norms[~np.eye(len(norms), dtype=bool)])


def gradient_bound(batch: Batch, u: Floats, temperature: float) -> Floats:
    """What the gradients of the parts of w can be at most ``(K, K)`` (our R3).

    sqrt(2) ||U||_2 max_j ||v_j|| R_g R_h / (temperature sqrt(d)), with R_g the largest norm of an
    embedding within group g. It holds for any w.
    """
    data = batch.data
    members = np.eye(int(data.groups.max()) + 1)[data.groups]
    reach = np.sqrt((data.embedding**2 @ members).max(0))
    longest = float(np.linalg.norm(data.values, axis=-1).max())
    scale = np.sqrt(2.0) * float(np.linalg.norm(u, 2)) * longest
    return np.asarray(
        scale * np.outer(reach, reach) / (temperature * np.sqrt(data.embedding.shape[1]))
    )
