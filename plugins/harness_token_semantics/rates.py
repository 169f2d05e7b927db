"""Rate against distortion and reward by Blahut's and Arimoto's sweeps, in nats.

R. Blahut, IEEE Trans. Inf. Theory 18, 460 (1972). At slope s, with weights E = exp(-s d), outputs q
and Z = E q: c = E' (p / Z), then q <- q c. The rate is within gap = ln max c - sum q c ln c of the
optimum. S. He's and others' rate-reward problems are the same with d = -reward, and the optimum of
E r - beta KL(pi || reference) is one step of it, at s = 1 / beta.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from harness import Curve, Floats, Incompatible, RateProblem
from harness_token_semantics.settings import Reward, Sweeps

SAME = 1e-12
"""Points of a curve that are nearer in x are one."""
LEAST = 1e-300
SHRINK, FARTHEST = 0.01, 100.0
AFRESH = 1e-3
"""Share of the uniform law in what a slope begins with: letters may come back."""


@dataclass(frozen=True)
class Point:
    """An achieved rate and distortion, with the outputs ``q (b,)`` and the distance from the
    optimum of rate + slope x distortion.
    """

    rate: float
    distortion: float
    gap: float
    sweeps: int
    q: Floats


def optimum(
    p: Floats, d: Floats, slope: float, tolerance: float, sweeps: int, start: Floats | None = None
) -> Point:
    """The point of slope -dR/dD = ``slope`` for letters of law ``p (a,)`` and ``d (a, b)``."""
    weight = np.exp(-slope * (d - d.min(1, keepdims=True)))
    b = d.shape[1]
    q = np.full(b, 1 / b) if start is None else (1 - AFRESH) * start + AFRESH / b
    done, gap = 0, np.inf
    while done < sweeps and gap >= tolerance:
        z = weight @ q
        c = weight.T @ (p / z)
        gain = q * c
        gap = float(np.log(c.max()) - gain @ np.log(np.maximum(c, LEAST)))
        again = weight.T @ (p / (weight @ gain))
        done += 2
        if gap >= tolerance:
            q = _leap(q, np.log(np.maximum(c, LEAST)), np.log(np.maximum(again, LEAST)))
            if not p @ np.log(weight @ q) >= p @ np.log(z):
                q = gain * again
    channel = weight * q / (weight @ q)[:, None]
    return Point(
        _information(p, channel, p @ channel),
        float((p[:, None] * channel * d).sum()),
        max(gap, 0.0),
        done,
        q,
    )


def _leap(q: Floats, first: Floats, second: Floats) -> Floats:
    """Where the steps ln q + first, then + second, lead to (R. Varadhan, C. Roland, Scand. J. Stat.
    35, 335 (2008)): letters that are given up slowly would take sweeps without end. No letter loses
    more than the factor `SHRINK` beyond both steps, so that all can come back.
    """
    bend = second - first
    size = float(np.sqrt((q * bend**2).sum()))
    far = float(np.sqrt((q * first**2).sum())) / size if size > 0 else 1.0
    far = min(max(far, 1.0), FARTHEST)
    log_q = np.log(np.maximum(q, LEAST)) + 2 * far * first + far**2 * bend
    leapt = np.exp(log_q - log_q.max())
    both = q * np.exp(first + second)
    leapt = np.maximum(leapt / leapt.sum(), SHRINK * both)
    return np.asarray(leapt / leapt.sum())


def _information(p: Floats, channel: Floats, q: Floats) -> float:
    """sum p channel ln(channel / q): with q the marginal, the mutual information."""
    ratio = np.where(channel > 0, channel, 1.0) / np.maximum(np.where(channel > 0, q, 1.0), LEAST)
    return float((p[:, None] * channel * np.log(ratio)).sum())


def as_curve(
    x: Iterable[float],
    y: Iterable[float],
    names: tuple[str, str],
    notes: dict[str, float | int | str | bool],
) -> Curve:
    """Points in order of x; of points with one x, the one with the least y."""
    order = sorted(zip(x, y, strict=True))
    kept: list[tuple[float, float]] = []
    for point in order:
        if not kept or point[0] - kept[-1][0] > SAME * max(1.0, abs(point[0])):
            kept.append(point)
    xs, ys = np.array(kept).T
    return Curve(xs, ys, *names, diagnostics=notes)


class RateDistortion(Sweeps):
    """R(D) of independent letters; the memory of a source, where it has one, is not used."""

    def estimate(self, data: RateProblem, *, rng: np.random.Generator | None = None) -> Curve:
        """A point per slope: distortion, and rate in nats. ``gap`` is the largest of all points."""
        points = self._points(data)
        notes = _notes(points) | ({} if data.law is None else {"memory_ignored": True})
        return as_curve(
            (o.distortion for o in points),
            (o.rate for o in points),
            ("distortion", "rate, nats"),
            notes,
        )

    def _points(self, data: RateProblem) -> list[Point]:
        return solved(data, self.tolerance, self.sweeps)


def solved(data: RateProblem, tolerance: float, sweeps: int) -> list[Point]:
    """The points at all slopes, each begun where the one before ended."""
    points: list[Point] = []
    for slope in np.unique(data.slopes):
        start = points[-1].q if points else None
        points.append(optimum(data.p, data.d, float(slope), tolerance, sweeps, start))
    return points


def _notes(points: list[Point]) -> dict[str, float | int | str | bool]:
    return {"gap": max(o.gap for o in points), "sweeps": sum(o.sweeps for o in points)}


def tilted(
    p: Floats, reward: Floats, beta: float, reference: Floats
) -> tuple[float, float, float, float]:
    """Of pi = reference exp(reward / beta) / Z: its mean reward, its divergence from the reference,
    its information about the context, and the value beta E ln Z = reward - beta x divergence.
    """
    with np.errstate(divide="ignore"):
        log_weight = np.log(reference) + reward / beta
    top = log_weight.max(1, keepdims=True)
    weight = np.exp(log_weight - top)
    z = weight.sum(1, keepdims=True)
    policy = weight / z
    return (
        float((p[:, None] * policy * reward).sum()),
        _information(p, policy, reference),
        _information(p, policy, p @ policy),
        float(beta * (p @ (np.log(z) + top)[:, 0])),
    )


class RateReward(Reward):
    """Rate against reward, -d: divergence from the reference that the problem states, or
    information where it states none.
    """

    def estimate(self, data: RateProblem, *, rng: np.random.Generator | None = None) -> Curve:
        """A point per slope 1 / beta: mean reward, and nats. Raises `Incompatible` for a slope of 0
        with a reference, where beta is infinite.
        """
        if data.reference is None or self.optimize:
            points = solved(data, self.tolerance, self.sweeps)
            rewards = (-o.distortion for o in points)
            names = ("reward", "rate, nats")
            return as_curve(rewards, (o.rate for o in points), names, _notes(points))
        if data.slopes.min() == 0:
            raise Incompatible("a slope of 0 has no beta; wants slopes above 0")
        found = [
            tilted(data.p, -data.d, 1 / float(slope), data.reference)
            for slope in np.unique(data.slopes)
        ]
        reward, divergence, information, value = np.array(found).T
        notes: dict[str, float | int | str | bool] = {
            "information": " ".join(f"{v:.6g}" for v in information),
            "value": " ".join(f"{v:.6g}" for v in value),
        }
        return as_curve(
            reward, divergence, ("reward", "divergence from the reference, nats"), notes
        )
