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
        the Frobenius norms of the parts of w between blocks (group lasso, by proximal steps).
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


def trained(batch: Batch, start: Weights, recipe: Recipe) -> Weights:
    """The weights after training on the whole batch: by Adam, or by proximal steps."""
    if recipe.penalty == "weights":
        return proximal(batch, start, recipe)
    values = [start.w.copy(), start.u.copy()]
    first, second = [np.zeros_like(v) for v in values], [np.zeros_like(v) for v in values]
    for step in range(1, recipe.steps + 1):
        gradient = loss(batch, Weights(*values), recipe)[1]
        for k, g in enumerate((gradient.w, gradient.u)):
            first[k] += (1 - BETAS[0]) * (g - first[k])
            second[k] += (1 - BETAS[1]) * (g * g - second[k])
            size = np.sqrt(second[k] / (1 - BETAS[1] ** step)) + TINY
            values[k] -= recipe.learning_rate * first[k] / (1 - BETAS[0] ** step) / size
        progress(step, recipe.steps, "steps")
    return Weights(*values)


def group_norms(w: Floats, groups: Ints) -> Floats:
    """Frobenius norms of the parts of w between groups of dimensions ``(K, K)``."""
    members = np.eye(int(groups.max()) + 1)[groups]
    return np.asarray(np.sqrt(members.T @ (w * w) @ members))


def shrunk(w: Floats, groups: Ints, amount: float) -> Floats:
    """The proximal step of the group lasso: W_gh max(0, 1 - amount / ||W_gh||), where g is not h."""
    norms = group_norms(w, groups)
    factor = 1 - np.divide(amount, norms, out=np.full_like(norms, np.inf), where=norms > 0)
    factor = np.maximum(0.0, factor)
    np.fill_diagonal(factor, 1.0)
    return np.asarray(w * factor[np.ix_(groups, groups)])


def penalized(w: Floats, groups: Ints, weight: float) -> float:
    """The penalty of the group lasso: the sum of the norms of the parts between groups."""
    norms = group_norms(w, groups)
    return weight * float(norms.sum() - np.trace(norms))


def proximal(batch: Batch, start: Weights, recipe: Recipe) -> Weights:
    """Accelerated proximal gradient steps with backtracking; the objective never rises.

    Adam has no proximal step of its own: its steps leave an exact zero as easily as they miss it.
    """
    groups, rate = batch.data.groups, recipe.learning_rate
    at, ahead, momentum = start, start, 1.0
    value = loss(batch, at, recipe)[0] + penalized(at.w, groups, recipe.weight)
    for step in range(1, recipe.steps + 1):
        here, slope = loss(batch, ahead, recipe)
        while True:
            w = shrunk(ahead.w - rate * slope.w, groups, rate * recipe.weight)
            new = Weights(w, ahead.u - rate * slope.u)
            moved = (new.w - ahead.w, new.u - ahead.u)
            smooth = loss(batch, new, recipe)[0]
            bound = here + sum(
                float((g * m).sum()) + float((m * m).sum()) / (2 * rate)
                for g, m in zip((slope.w, slope.u), moved, strict=True)
            )
            if smooth <= bound + 1e-12 or rate < 1e-9:
                break
            rate /= 2
        total = smooth + penalized(new.w, groups, recipe.weight)
        if total > value and ahead is not at:  # momentum led astray: again, from where we stand
            ahead, momentum = at, 1.0
            continue
        following = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        pull = (momentum - 1) / following
        ahead = Weights(new.w + pull * (new.w - at.w), new.u + pull * (new.u - at.u))
        at, value, momentum = new, total, following
        rate *= 1.1
        progress(step, recipe.steps, "steps")
    return at
