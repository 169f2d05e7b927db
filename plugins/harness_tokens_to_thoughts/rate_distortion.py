"""The rate-distortion curve of items under squared error, with free reproduction points.

With slope s, F(s) = min over channels of I(X;Y) + s E d(X, Y) is -max over q of
E ln of the integral of q(y) e^(-s d(x, y)): the likelihood of a Gaussian mixture with any mixing
measure q, which is concave in q (K. Rose, IEEE Trans. Inf. Theory 40, 1939 (1994)). Points and
weights are improved in turn, and a point is added where the measure lacks one. For any q with
f(x) its integral and c the maximum over all y of E e^(-s d(x, y)) / f(x),
F(s) >= -E ln f - ln c: what is found is at most ln c above the bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import ConceptVectors, Curve, Floats, Incompatible, Ints, Partitions, progress
from harness_tokens_to_thoughts.partitions import Scatter, best, complexity
from harness_tokens_to_thoughts.settings import Slopes

ROUNDS, STEPS, SHIFTS, CLIMBERS = 40, 30, 400, 100
REACHED, SLOWEST = 1e-7, 0.995
"""Of a climb: what may be left of it, in nats, and the largest ratio of one gain to the last."""
SHARES = (0.5, 0.1, 0.02, 0.004, 0.0008)
SMALL = 1e-9
"""Weight below which a reproduction point is dropped, and distance at which two are one."""


@dataclass(frozen=True)
class Point:
    """What a slope gives: a channel that can be had, and the lower bound that it certifies."""

    slope: float
    rate: float
    distortion: float
    bound: float
    """At most F(slope): I + slope D of no channel is below it."""


class RateDistortion(Slopes):
    """R(D) of equally likely items: D as a share of their variance, R in nats.

    A curve over the items themselves as reproduction points is no lower bound for clusters, whose
    means are other points; here the points are free. Each slope is followed to within
    ``tolerance`` of a lower bound, so that no hard partition can be below the curve less ``gap``.
    """

    def estimate(self, data: ConceptVectors | Partitions, *, rng: np.random.Generator) -> Curve:
        """The curve; how far categories and clusters are above it stands in the diagnostics.

        Raises `Incompatible` for vectors that are all equal.
        """
        scatter = Scatter(data.x)
        if len(np.unique(data.x, axis=0)) < 2:
            raise Incompatible("all vectors are equal; wanted at least two different ones")
        points = follow(data.x, self.points, self.tolerance)
        about: dict[str, float] = {
            "gap": float(max(p.rate + p.slope * p.distortion - p.bound for p in points))
        }
        judged = {"categories": data.y}
        if isinstance(data, Partitions):
            judged["clusters"] = best(data, scatter)
        for name, labels in judged.items():
            share = scatter.distortion(labels) / scatter.variance
            about[f"rate_{name}"], about[f"distortion_{name}"] = complexity(labels), share
            about[f"excess_{name}"] = excess(labels, share, points)
        x, y = envelope(points)
        return Curve(x, y, "distortion, share of the variance", "rate, nats", diagnostics=about)


def excess(labels: Ints, share: float, points: list[Point]) -> float:
    """Nats by which a hard partition is above the lower bound at its own distortion."""
    return float(complexity(labels) - max(0.0, *(p.bound - p.slope * share for p in points)))


def envelope(points: list[Point]) -> tuple[Floats, Floats]:
    """The channels found, by distortion, ending with the one that says nothing."""
    found = sorted({(p.distortion, p.rate) for p in points if p.distortion < 1 - SMALL})
    x: list[float] = []
    y: list[float] = []
    for distortion, rate in found:
        if not x or (distortion > x[-1] + SMALL and rate < y[-1]):
            x.append(distortion)
            y.append(rate)
    return np.array([*x, 1.0]), np.array([*y, 0.0])


def follow(vectors: Floats, count: int, tolerance: float) -> list[Point]:
    """A point per slope, from where the rate leaves zero to nearly all items apart.

    Distances are squared and divided by the total variance.
    """
    x, p = coordinates(vectors)
    slopes = spaced(x, p, count)
    y, q = (p @ x)[None], np.ones(1)
    points = []
    for number, slope in enumerate(slopes):
        y, q, point = settle(x, p, y, q, slope, tolerance)
        points.append(point)
        progress(number + 1, count, "slopes")
    return points


def coordinates(vectors: Floats) -> tuple[Floats, Floats]:
    """Different rows, in few columns that keep all distances, of variance one; their shares."""
    x, counts = np.unique(vectors, axis=0, return_counts=True)
    p = counts / counts.sum()
    x = x - p @ x
    x = x / np.sqrt(p @ (x**2).sum(1))
    if x.shape[1] > len(x):  # products keep all distances; their rank is below the number of rows
        values, directions = np.linalg.eigh(x @ x.T)
        keep = values > 1e-14 * values[-1]
        x = directions[:, keep] * np.sqrt(values[keep])
    return np.ascontiguousarray(x), p


def spaced(x: Floats, p: Floats, count: int) -> Floats:
    """Slopes in even ratios from just above where the rate leaves zero.

    At the last most items are apart: half of the nearest neighbours are exp(-2 ln n) as likely.
    """
    first = onset(x, p)
    away = squared(x, x)
    np.fill_diagonal(away, np.inf)
    last = 2 * np.log(len(x)) / float(np.median(away.min(1)))
    return np.asarray(1.01 * first * np.geomspace(1, max(1.5, last / first), count))


def onset(x: Floats, p: Floats) -> float:
    """The greatest slope at which a single point, the mean, is the best code; to a thousandth.

    It is at most 1 / (2 largest eigenvalue), where the mean stops being a maximum; with many
    dimensions other points are better long before, and the rate jumps.
    """

    def enough(slope: float) -> bool:
        log_f = -slope * (x**2).sum(1)
        return bool(
            summits(x, p, np.zeros((1, x.shape[1])), log_f, slope, CLIMBERS)[1].max() <= 1 + 1e-6
        )

    high = 1 / (2 * float(np.linalg.norm(np.sqrt(p)[:, None] * x, 2)) ** 2)
    low = high
    while not enough(low):
        low /= 2
    while high - low > 1e-3 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if enough(middle) else (low, middle)
    return low


def squared(x: Floats, y: Floats) -> Floats:
    """Squared distances ``(n, m)``."""
    found: Floats = (x**2).sum(1)[:, None] + (y**2).sum(1) - 2 * (x @ y.T)
    return np.maximum(0.0, found, out=found)


def settle(
    x: Floats, p: Floats, y: Floats, q: Floats, slope: float, tolerance: float
) -> tuple[Floats, Floats, Point]:
    """Improve points and weights, and add points, until the bound is within ``tolerance``."""
    for number in range(ROUNDS + 1):
        y, q = improved(x, p, y, q, slope)
        log_f, _ = mixture(x, y, q, slope)
        peaks, heights = summits(x, p, y, log_f, slope, CLIMBERS)
        if np.log(heights.max()) <= tolerance or number == ROUNDS:
            peaks, heights = summits(x, p, y, log_f, slope)  # the bound rests on all climbs
        if np.log(heights.max()) <= tolerance or number == ROUNDS:
            break
        lacking = apart(peaks[heights > 1 + tolerance / 2], heights[heights > 1 + tolerance / 2])
        y, q = joined(x, p, y, q, lacking, slope)
    bound = float(-(p @ log_f) - np.log(max(1.0, heights.max())))
    _, joint = mixture(x, y, q, slope)
    out = p @ joint
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = float(np.where(joint > 0, p[:, None] * joint * np.log(joint / out), 0.0).sum())
    distortion = float((p[:, None] * joint * squared(x, y)).sum())
    return y, q, Point(slope, rate, distortion, bound)


def joined(
    x: Floats, p: Floats, y: Floats, q: Floats, more: Floats, slope: float
) -> tuple[Floats, Floats]:
    """The points with some more, at the share of weight (of a few) that is likeliest."""
    both = np.concatenate([y, more])
    new = np.full(len(more), 1 / len(more))
    tried = [np.concatenate([(1 - share) * q, share * new]) for share in SHARES]
    likelihoods = [float(p @ mixture(x, both, weights, slope)[0]) for weights in tried]
    return both, tried[int(np.argmax(likelihoods))]


def mixture(x: Floats, y: Floats, q: Floats, slope: float) -> tuple[Floats, Floats]:
    """ln f ``(n,)`` of every item, and the channel ``(n, m)`` from items to points."""
    log = np.log(q) - slope * squared(x, y)
    top = log.max(1)
    each = np.exp(log - top[:, None])
    total = each.sum(1)
    return top + np.log(total), each / total[:, None]


def improved(x: Floats, p: Floats, y: Floats, q: Floats, slope: float) -> tuple[Floats, Floats]:
    """Points at the means of what they reproduce, weights as often as they are used (Rose)."""
    before = -np.inf
    for _ in range(STEPS):
        log_f, joint = mixture(x, y, q, slope)
        weight = p[:, None] * joint
        q = weight.sum(0)
        kept = q > SMALL
        y = (weight.T[kept] @ x) / q[kept, None]
        q = q[kept] / q[kept].sum()
        now = float(p @ log_f)
        if now - before < 1e-9:
            break
        before = now
    if len(y) > 1:  # points that have become one
        order = np.argsort(-q)
        firsts = order[first_of_each(y[order])]
        nearest = squared(y, y[firsts]).argmin(1)
        q = np.bincount(nearest, q, len(firsts)).astype(np.float64)
        y = y[firsts]
    return y, q


def summits(
    x: Floats, p: Floats, y: Floats, log_f: Floats, slope: float, climbers: int | None = None
) -> tuple[Floats, Floats]:
    """Where E e^(-s d(x, y)) / f(x) has its maxima, and how high they are; by mean shift.

    It climbs from every item and point, or from the highest ``climbers`` of them; what is left to
    climb, a geometric series, is added.
    """
    at = np.concatenate([x, y])
    log_w = np.log(p) - log_f
    if climbers is not None and climbers < len(at):
        log = log_w - slope * squared(at, x)
        at = at[np.argsort(-np.logaddexp.reduce(log, axis=1), kind="stable")[:climbers]]
    heights, left = np.full(len(at), -np.inf), np.zeros(len(at))
    before = np.full(len(at), 1e300)
    active = np.arange(len(at))
    for _ in range(SHIFTS):
        log = log_w - slope * squared(at[active], x)
        top = log.max(1, keepdims=True)
        weight = np.exp(log - top)
        total = weight.sum(1)
        new = top[:, 0] + np.log(total)
        gain = np.clip(new - heights[active], 0.0, 1e300)
        ratio = np.clip(gain / before[active], 0.0, SLOWEST)
        heights[active], before[active] = new, np.maximum(gain, 1e-300)
        left[active] = np.minimum(gain, 1.0) * ratio / (1 - ratio)
        at[active] = (weight @ x) / total[:, None]
        active = active[gain > REACHED]
        if not active.size:
            break
    return at, np.exp(heights + left)


def apart(points: Floats, heights: Floats) -> Floats:
    """The points in order of height, without those that another is nearly equal to."""
    order = np.argsort(-heights)
    return points[order][first_of_each(points[order])]


def first_of_each(points: Floats, near: float = 1e-6) -> Ints:
    """Positions of points that no earlier one is near to."""
    close = squared(points, points) < near
    kept: list[int] = []
    for i in range(len(points)):
        if not close[i, kept].any():
            kept.append(i)
    return np.array(kept)
