"""Rate and distortion of compressors: ``harness report agentic/rate-distortion RECORDS``.

Records of `bits-per-token` and `answer-accuracy` are read. Every case and seed with both is a point
(R, D): bits per token, and 1 - accuracy. The curve D = C exp(-b R) + D0 is that of a Gaussian
source with a floor (section 3 of the paper).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from tabulate import tabulate

from harness import Document, Finding, Floats, Record, Records, UsageError, spearman, stream

GRID, ROUNDS = 100, 6
"""Values of b that are tried at once, and how often the neighbourhood of the best is divided
again."""
RESAMPLES = 200


@dataclass(frozen=True)
class RateDistortion:
    """The fitted curve, and whether distortion falls with the rate."""

    def make(self, records: Records) -> Document:
        """The fit as a table, the rank correlation of each seed as a finding, and the curve.

        Raises `UsageError` for fewer than four points.
        """
        by_seed = points(records.where(status="ok"))
        rate, distortion = np.concatenate(list(by_seed.values()), axis=1)
        found = fit(rate, distortion, rng=stream(0, "rate-distortion"))
        rows = [
            (name, value, f"{low:.4g} to {high:.4g}")
            for name, value, (low, high) in (
                ("C", found.c, found.c_interval),
                ("b", found.b, found.b_interval),
                ("D0", found.floor, found.floor_interval),
            )
        ]
        table = tabulate(rows, ("D = C exp(-b R) + D0", "fit", "90 % interval"), "github", ".4g")
        text = (
            f"{table}\n\nR² {found.r2:.3f}, rmse {found.rmse:.4g}, {len(rate)} points, "
            f"Pearson correlation of rate and distortion {np.corrcoef(rate, distortion)[0, 1]:.3f}"
        )
        ordered = (float(spearman(*seed)) for seed in by_seed.values() if seed.shape[1] > 2)
        finding = Finding(
            "rank correlation of rate and distortion",
            tuple(value for value in ordered if np.isfinite(value)),
            paper="negative",
            sign=-1,
        )
        paint = partial(draw, rate=rate, distortion=distortion, found=found)
        return Document(text, (finding,), paint)


@dataclass(frozen=True)
class Fit:
    """D(R) = c exp(-b R) + floor, with 90 % intervals (lowest, highest) by resampling residuals."""

    c: float
    b: float
    floor: float
    r2: float
    rmse: float
    c_interval: tuple[float, float]
    b_interval: tuple[float, float]
    floor_interval: tuple[float, float]

    def curve(self, rate: Floats) -> Floats:
        """The distortion at these rates."""
        return np.asarray(self.c * np.exp(-self.b * rate) + self.floor)


def fit(rate: Floats, distortion: Floats, *, rng: np.random.Generator) -> Fit:
    """Least squares with b > 0, c >= 0 and 0 <= floor <= the least distortion.

    For every b of a grid c and the floor are linear; the grid is then drawn closer about the best
    b.

    Parameters
    ----------
    rate, distortion : ``(k,)``; k is 4 at least, and the rates are not all equal.

    Raises
    ------
    UsageError : too few points, equal rates, or numbers that are not finite.
    """
    rate, distortion = np.asarray(rate, np.float64), np.asarray(distortion, np.float64)
    if len(rate) != len(distortion) or len(rate) < 4:
        raise UsageError(
            f"{len(rate)} rates and {len(distortion)} distortions; wanted as many, and 4 at least"
        )
    if not (np.isfinite(rate).all() and np.isfinite(distortion).all()) or np.ptp(rate) == 0:
        raise UsageError("rates and distortions; wanted finite numbers, and different rates")
    c, b, floor = _best(rate, distortion)
    found = c * np.exp(-b * rate) + floor
    residuals = distortion - found
    drawn = []
    for _ in range(RESAMPLES):
        noise = rng.permutation(residuals)[rng.integers(len(rate), size=len(rate))]
        drawn.append(_best(rate, found + noise * np.sqrt(len(rate) / max(1, len(rate) - 3))))
    low, high = np.quantile(np.array(drawn), (0.05, 0.95), axis=0)
    spread = float(((distortion - distortion.mean()) ** 2).sum())
    r2 = 1 - float((residuals**2).sum()) / spread if spread > 0 else 0.0
    intervals = [(float(a), float(z)) for a, z in zip(low, high, strict=True)]
    return Fit(
        c,
        b,
        floor,
        r2,
        float(np.sqrt((residuals**2).mean())),
        intervals[0],
        intervals[1],
        intervals[2],
    )


def _best(rate: Floats, distortion: Floats) -> tuple[float, float, float]:
    extent = float(np.ptp(rate))
    grid = np.geomspace(0.01 / extent, 100 * len(rate) / extent, GRID)
    for _ in range(ROUNDS):
        losses, c, floor = _linear(rate, distortion, grid)
        at = int(np.argmin(losses))
        best = float(c[at]), float(grid[at]), float(floor[at])
        grid = np.geomspace(grid[max(0, at - 1)], grid[min(len(grid) - 1, at + 1)], GRID)
    return best


def _linear(rate: Floats, distortion: Floats, b: Floats) -> tuple[Floats, Floats, Floats]:
    """For every b of ``(g,)``: the loss, c and floor of the best curve within the bounds."""
    x = np.exp(-b[:, None] * (rate - rate.min()))
    top = max(0.0, float(distortion.min()))
    apart = x - x.mean(1, keepdims=True)
    spread = (apart**2).sum(1)
    slope = np.divide((apart * distortion).sum(1), spread, out=np.zeros(len(b)), where=spread > 0)
    # The free optimum where it is allowed, else the best on each edge: floor at 0 or at the top, or
    # no slope.
    level = np.zeros(len(b)) + min(max(float(distortion.mean()), 0.0), top)
    edges = [
        (((distortion - f) * x).sum(1) / (x**2).sum(1), f + np.zeros(len(b))) for f in (0.0, top)
    ]
    choices = [(slope, distortion.mean() - slope * x.mean(1)), *edges, (np.zeros(len(b)), level)]
    c, floor = (np.stack(values) for values in zip(*choices, strict=True))
    losses = ((c[:, :, None] * x + floor[:, :, None] - distortion) ** 2).sum(2)
    losses[(c < 0) | (floor < -1e-12) | (floor > top + 1e-12)] = np.inf
    at = losses.argmin(0)
    every = np.arange(len(b))
    return losses[at, every], c[at, every] * np.exp(b * rate.min()), floor[at, every]


def flops_per_generation(
    weights: int, layers: int, context: int, attention_width: int, tokens: float
) -> float:
    """(2 weights + 2 layers x context x attention width) x tokens: operations to generate, prefill
    not counted.

    ``attention_width`` is that of all heads together (J. Kaplan et al., arXiv:2001.08361).
    """
    return (2 * weights + 2 * layers * context * attention_width) * tokens


def points(records: Iterable[Record]) -> dict[int, Floats]:
    """By seed, rates (bits per token) and distortions ``(2, k)``. Raises `UsageError` where there
    are none.

    A point is a case and seed of one task and model with its parameters.
    """
    found: dict[str, dict[tuple[int, str, str], float]] = {
        "bits-per-token": {},
        "answer-accuracy": {},
    }
    for record in records:
        name = record.estimator.rpartition("/")[2]
        if name in found and record.value is not None:
            which = json.dumps([record.task, record.models, record.params["models"]])
            found[name][record.seed, which, record.case] = record.value
    both = sorted(found["bits-per-token"].keys() & found["answer-accuracy"].keys())
    if not both:
        raise UsageError(
            "no case with both bits-per-token and answer-accuracy; wanted records of both"
        )
    by_seed: dict[int, list[tuple[float, float]]] = {}
    for key in both:
        point = found["bits-per-token"][key], 1 - found["answer-accuracy"][key]
        by_seed.setdefault(key[0], []).append(point)
    return {seed: np.array(pairs).T for seed, pairs in by_seed.items()}


def draw(figure: Any, rate: Floats, distortion: Floats, found: Fit) -> None:
    """Paint the points and the curve on an empty figure."""
    figure.set_size_inches(6.0, 4.2)
    axes = figure.subplots()
    axes.scatter(
        rate, distortion, s=22, facecolors="none", edgecolors="tab:blue", label="compressors"
    )
    grid = np.linspace(rate.min(), rate.max(), 200)
    label = f"{found.c:.2f} exp(-{found.b:.2f} R) + {found.floor:.2f}, R² = {found.r2:.2f}"
    axes.plot(grid, found.curve(grid), color="tab:orange", label=label)
    axes.set_xlabel("rate R / bits per token")
    axes.set_ylabel("distortion D = 1 - accuracy")
    axes.grid(color="0.92")
    axes.set_axisbelow(True)
    axes.legend(frameon=False)
