"""Loss over data and size of the network: ``harness report wireless_pvi/scaling RECORDS``.

Records of `scaling-curve` are read: losses for each case, network and seed. Along each axis the
law L(x) = E + A x^-alpha is fitted, and stated only where the points determine it. Losses of one
seed share test texts and training texts: seeds are what is independent, and intervals are over
whole seeds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from tabulate import tabulate

from harness import Document, Floats, Ints, Record, Records, UsageError
from harness.tables import counted

EXPONENTS = np.geomspace(0.01, 10.0, 2000)
"""The exponents that are tried."""
OFFSETS = 1000
"""Number of offsets that are tried for its interval."""
CONFIDENCE = 0.9
FINEST = 1e-3
"""Share of the range of the losses below which a misfit does not matter."""
REFUSED = 0.99
"""Confidence at which losses depart from a law, and at which they must be seen to fall."""
WIDEST = 4.0
"""A law is stated where the interval of its exponent is no wider than by this factor."""
LEAST = 5
"""Least number of different positions of a fit."""
SEEDS = 3
"""Least number of seeds that an interval is made from."""


class Loss(NamedTuple):
    """A held-out loss in nats, the seed that it is of, and the fingerprint of that seed's data."""

    seed: int
    value: float
    data: str | None = None


Points = dict[int, dict[float, list[Loss]]]
"""By number of weights and of training texts, the losses of the seeds."""


@dataclass(frozen=True)
class Law:
    """L(x) = offset + factor x^-exponent, with intervals (lowest, highest) at `CONFIDENCE`.

    ``seeds`` is the number of seeds that the intervals are over. ``stated`` is whether the points
    determine the law; ``why`` says why they do not.
    """

    offset: float
    factor: float
    exponent: float
    exponents: tuple[float, float]
    offsets: tuple[float, float]
    seeds: int
    why: str

    @property
    def stated(self) -> bool:
        """Whether the points determine the law."""
        return not self.why

    def at(self, x: Floats) -> Floats:
        """The loss at these positions."""
        return np.asarray(self.offset + self.factor * x**-self.exponent)

    def __str__(self) -> str:
        """The law, or why there is none."""
        low, high = self.exponents
        if self.why:
            return f"no law: {self.why}"
        return (
            f"{self.offset:.3f} + {self.factor:.3g} x^-{self.exponent:.2f}; exponent {low:.2f} to "
            f"{high:.2f}, offset {self.offsets[0]:.3f} to {self.offsets[1]:.3f} "
            f"({100 * CONFIDENCE:.0f} % intervals over {self.seeds} seeds)"
        )


@dataclass(frozen=True)
class Scaling:
    """A table of losses, the laws that are determined, and the curves."""

    def make(self, records: Records) -> Document:
        """Raises `UsageError` where no record has losses."""
        cases = read(records.where(status="ok"))
        parts, laws = [], {}
        for case, points in cases.items():
            sizes = sorted(points)
            counts = sorted({n for at in points.values() for n in at})
            rows = [[int(n), *(_mean(points[w].get(n, [])) for w in sizes)] for n in counts]
            head = ("training texts", *(f"{w} weights" for w in sizes))
            lines = [f"**{case}**: held-out loss, nats", tabulate(rows, head, "github", ".3f")]
            lines += [independent(points), ""]
            for w in sizes:
                laws[case, w] = fit(points[w])
                lines.append(f"- over texts, {w} weights: {laws[case, w]}")
            most = {float(w): points[w][counts[-1]] for w in sizes if counts[-1] in points[w]}
            lines.append(f"- over weights, {int(counts[-1])} texts: {fit(most)}")
            parts.append("\n".join((lines[0], "", lines[1], "", *lines[2:])))
        return Document("\n\n".join(parts), (), partial(draw, cases=cases, laws=laws))


def read(records: Iterable[Record]) -> dict[str, Points]:
    """The losses by case. Raises `UsageError` where no record has any."""
    cases: dict[str, Points] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for record in records:
        for name, loss in record.diagnostics.items():
            if name.startswith("loss_"):
                points = cases[f"{record.task}, {record.case}"][int(record.diagnostics["weights"])]
                one = Loss(record.seed, float(loss), record.fingerprint)
                points[float(name[5:])].append(one)
    if not cases:
        raise UsageError("no losses in these records; wanted records of wireless_pvi/scaling-curve")
    return cases


def independent(points: Points) -> str:
    """How many independent groups the losses are of, and what that leaves unsaid, in a sentence."""
    losses = [loss for at in points.values() for found in at.values() for loss in found]
    seeds, data = {loss.seed for loss in losses}, {loss.data for loss in losses}
    groups = counted(len(seeds), "independent group")
    text = f"{groups}: the losses of one seed share texts and count as one."
    if len(seeds) < SEEDS:
        return f"{text} No interval, and so no law, is given for fewer than {SEEDS}."
    if None not in data and len(data) < len(seeds):
        text += (
            f" The {len(seeds)} seeds have {counted(len(data), 'data set')} between them: "
            "intervals are of training, and leave out what other texts would change."
        )
    return text


def fit(points: Mapping[float, Iterable[Loss]]) -> Law:
    """The law by least squares with E >= 0 and A >= 0, over all seeds.

    For each of `EXPONENTS` the rest is linear. An interval covers two: the exponents, or offsets,
    whose best sum of squares is not worse than the least by the F test, once each seed's own level
    is taken out; and Student's interval from leaving out one seed after another (the jackknife
    over whole seeds, for the exponent on its logarithm). No law is stated for fewer than `LEAST`
    positions or `SEEDS` seeds, also when one seed is left out; for a loss that does not fall; where
    the means of the seeds lie farther from it than the shapes of seeds do from each other; and
    where the interval of the exponent reaches the end of those tried or is wider than `WIDEST`.
    """
    from scipy.stats import f, t

    x = np.array([at for at, losses in points.items() for _ in losses])
    losses = [loss for at in points.values() for loss in at]
    raw = np.array([loss.value for loss in losses])
    named, seed = np.unique([loss.seed for loss in losses], return_inverse=True)
    seeds, positions = len(named), len(points)
    if positions < LEAST:
        return _none(f"{positions} positions; wanted {LEAST} or more", seeds)
    if seeds < SEEDS:
        return _none(f"{counted(seeds, 'independent seed')}; wanted {SEEDS} or more", seeds)
    for s in range(seeds):
        if (left := len(np.unique(x[seed != s]))) < LEAST:
            return _none(f"{left} positions without seed {named[s]}; wanted {LEAST} or more", seeds)
    free = len(raw) - 3 - (seeds - 1)
    if free < 2:
        return _none(f"{len(raw)} losses of {seeds} seeds; wanted {seeds + 4} or more", seeds)
    y = level(x, raw, seed)
    z = (x / x.min()) ** -EXPONENTS[:, None]
    errors, offsets, factors = _linear(z, y)
    best = int(errors.argmin())
    bound = errors[best] * (1 + f.ppf(CONFIDENCE, 1, free) / free) + 1e-18 * (y**2).sum()
    inside = EXPONENTS[errors <= bound]
    within = _offsets(z[errors <= bound], y, bound)
    others = np.array([_best(x[seed != s], raw[seed != s], seed[seed != s]) for s in range(seeds)])
    halves = t.ppf((1 + CONFIDENCE) / 2, seeds - 1) * np.sqrt((seeds - 1) * others.var(axis=0))
    low, high = (
        float(np.clip(at, EXPONENTS[0], EXPONENTS[-1]))
        for at in (
            min(inside[0], EXPONENTS[best] * np.exp(-halves[0])),
            max(inside[-1], EXPONENTS[best] * np.exp(halves[0])),
        )
    )
    around = sum(((y[x == at] - y[x == at].mean()) ** 2).sum() for at in points)
    apart, twice = positions - 3, len(y) - positions - (seeds - 1)
    scatter = around / max(twice, 1) + (FINEST * np.ptp(y)) ** 2
    why = ""
    flat = errors[best] * (1 + 2 * f.ppf(REFUSED, 2, free) / free)  # a constant has two fewer
    if factors[best] <= 0 or ((y - y.mean()) ** 2).sum() <= flat:
        why = "the loss does not fall by more than it scatters"
    elif twice > 0 and (errors[best] - around) / apart > f.ppf(REFUSED, apart, twice) * scatter:
        why = "the losses do not follow a power law with an offset"
    elif low == EXPONENTS[0] or high == EXPONENTS[-1] or high > WIDEST * low:
        why = f"any exponent from {low:.2g} to {high:.2g} fits about as well"
    return Law(
        float(offsets[best]),
        float(factors[best] * x.min() ** EXPONENTS[best]),
        float(EXPONENTS[best]),
        (low, high),
        (
            max(0.0, min(within[0], float(offsets[best] - halves[1]))),
            max(within[1], float(offsets[best] + halves[1])),
        ),
        seeds,
        why,
    )


def _none(why: str, seeds: int) -> Law:
    nan = float("nan")
    return Law(nan, nan, nan, (nan, nan), (nan, nan), seeds, why)


def level(x: Floats, y: Floats, seed: Ints) -> Floats:
    """Losses ``y (n,)`` at ``x (n,)`` without the mean distance of their seed from the positions'.

    Which test texts a seed has shifts its whole curve, and says nothing of the exponent.
    """
    at = np.unique(x, return_inverse=True)[1]
    apart = y - (np.bincount(at, y) / np.bincount(at))[at]
    return np.asarray(y - (np.bincount(seed, apart) / np.maximum(np.bincount(seed), 1))[seed])


def _best(x: Floats, y: Floats, seed: Ints) -> tuple[float, float]:
    """The logarithm of the best exponent, and the offset."""
    errors, offsets, _ = _linear((x / x.min()) ** -EXPONENTS[:, None], level(x, y, seed))
    best = int(errors.argmin())
    return float(np.log(EXPONENTS[best])), float(offsets[best])


def _linear(z: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
    """For each exponent (g,): sum of squares, offset and factor of y = offset + factor z."""
    apart = z - z.mean(1, keepdims=True)
    factor = np.maximum((apart * y).sum(1) / (apart**2).sum(1), 0.0)
    offset = y.mean() - factor * z.mean(1)
    below = offset < 0
    factor[below] = ((z * y).sum(1) / (z**2).sum(1))[below]
    offset[below] = 0.0
    errors = ((offset[:, None] + factor[:, None] * z - y) ** 2).sum(1)
    return errors, offset, factor


def _offsets(z: Floats, y: Floats, bound: float) -> tuple[float, float]:
    """The lowest and the highest offset with a sum of squares within the bound.

    ``z`` are the rows of the exponents within it: no other can have such an offset.
    """
    tried = np.linspace(0.0, float(y.max()), OFFSETS)
    left = (z @ y)[:, None] - z.sum(1)[:, None] * tried
    explained = np.maximum(left, 0.0) ** 2 / (z**2).sum(1)[:, None]
    errors = ((y - tried[:, None]) ** 2).sum(1) - explained.max(0)
    inside = tried[errors <= max(bound, float(errors.min()))]
    return float(inside[0]), float(inside[-1])


def draw(figure: Any, cases: Mapping[str, Points], laws: Mapping[tuple[str, int], Law]) -> None:
    """A panel for each case, a line for each network; laws where they are determined."""
    figure.set_size_inches(5.0 * len(cases), 3.8)
    for axes, (case, points) in zip(
        figure.subplots(1, len(cases), squeeze=False)[0], cases.items(), strict=True
    ):
        for number, weights in enumerate(sorted(points)):
            x = np.array(sorted(points[weights]))
            color = f"C{number}"
            axes.plot(x, [_mean(points[weights][n]) for n in x], "o", color=color, ms=4)
            law = laws[case, weights]
            label = f"{weights} weights" + ("" if law.stated else " (no law)")
            grid = np.geomspace(x[0], x[-1], 100)
            if law.stated:
                axes.plot(grid, law.at(grid), color=color, lw=1.2, label=label)
            else:
                means = [_mean(points[weights][n]) for n in x]
                axes.plot(x, means, ":", color=color, lw=1.0, label=label)
        axes.set_xscale("log")
        every = sorted({n for at in points.values() for n in at})
        axes.set_xticks(every, [f"{n:.0f}" for n in every])
        axes.minorticks_off()
        axes.set_xlabel("training texts")
        axes.set_ylabel("held-out loss [nats]")
        axes.set_title(case, fontsize="small")
        axes.legend(fontsize="small", frameon=False)


def _mean(losses: list[Loss]) -> float:
    return float(np.mean([loss.value for loss in losses])) if losses else float("nan")
