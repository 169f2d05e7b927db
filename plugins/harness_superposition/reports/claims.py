"""What the paper claims, measured on records: ``harness report superposition/claims RECORDS``.

Recovery compares every estimator with the true number of features; claims are orderings with their
mean over seeds, a 95 % interval, and in how many seeds they hold. The figure shows them as curves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from tabulate import tabulate

from harness import Document, Finding, Record, Records, UsageError, param, spearman
from harness_superposition.reports import curves

MEASURE = "sae > effective-features"
UNDERSTOOD = 0.95
"""Accuracy on unseen pairs from which on the rule is taken to be found."""


@dataclass(frozen=True, kw_only=True)
class Claims:
    """Recovery of known features, and the claims about one measure."""

    measure: str = param(MEASURE, "models and estimator of the claims, joined by ' > '")

    def make(self, records: Records) -> Document:
        """Both tables, and curves where there is something to draw.

        Raises `UsageError` where the records hold nothing that the claims are about.
        """
        rows = list(records.where(status="ok"))
        table, found = recovery(rows), findings(rows, self.measure)
        if not table and not found:
            raise UsageError(
                f"no record of {self.measure}, or of a known number of features, that ended well"
            )
        parts = []
        if table:
            parts.append("Recovery of the number of features")
            parts.append(tabulate(table, "keys", "github", floatfmt=".3f"))
        if found:
            parts.append(f"Claims, by {self.measure}")
        by_task = {task: select(rows, task, self.measure) for task in curves.TASKS}
        panels = curves.panels(by_task)
        draw = (lambda figure: curves.draw(figure, panels)) if panels else None
        return Document("\n\n".join(parts), tuple(found), draw)


def measure(row: Record) -> str:
    """Models and estimator without their plugins, such as ``sae > effective-features``."""
    return " > ".join(name.rpartition("/")[2] for name in (*row.models, row.estimator))


def select(rows: Iterable[Record], task: str, name: str = MEASURE) -> list[Record]:
    """The records of a task and measure."""
    return [row for row in rows if row.task.rpartition("/")[2] == task and measure(row) == name]


def recovery(rows: Sequence[Record]) -> list[dict[str, Any]]:
    """By task and measure: mean relative error, and Pearson and rank correlation with the features,
    mean over seeds.

    Measures of any quantity are held against the true number of features; the error means something
    only for those that count features.
    """
    table = []
    for task in ("known-codes", "toy-superposition"):
        for name in sorted({measure(r) for r in rows if r.task.endswith(f"/{task}")}):
            seeds = _by_seed(select(rows, task, name))
            pairs = [
                np.array([(r.value, r.facts["features"]) for r in found])
                for found in seeds.values()
            ]
            pairs = [p for p in pairs if len(p) > 2 and np.ptp(p[:, 0]) > 0 and np.ptp(p[:, 1]) > 0]
            if not pairs:
                continue
            table.append(
                {
                    "task": task,
                    "measure": name,
                    "relative error": float(
                        np.mean([np.abs(p[:, 0] / p[:, 1] - 1).mean() for p in pairs])
                    ),
                    "pearson": float(np.mean([np.corrcoef(p.T)[0, 1] for p in pairs])),
                    "rank": float(np.mean([spearman(*p.T) for p in pairs])),
                    "seeds": len(pairs),
                }
            )
    return table


def findings(rows: Sequence[Record], name: str = MEASURE) -> list[Finding]:
    """All claims that the records can speak to, for one measure."""
    return [
        *_dropout(select(rows, "dropout-parity", name)),
        *_grokking(select(rows, "grokking", name)),
        *_adversarial(select(rows, "adversarial-digits", name), "units", "width"),
        *_convolutions(select(rows, "adversarial-convolutions", name)),
    ]


def slope(rows: Iterable[Record], fact: str) -> float:
    """Least-squares slope of the value over a fact, divided by the mean value where the fact is
    0."""
    points = np.array([(row.facts[fact], row.value) for row in rows])
    start = points[points[:, 0] == 0, 1]
    if not start.size or np.ptp(points[:, 0]) == 0:
        raise UsageError(f"a slope over {fact} wants a case at 0 and another")
    return float(np.polyfit(points[:, 0], points[:, 1], 1)[0] / start.mean())


def _dropout(rows: list[Record]) -> Iterable[Finding]:
    for site in ("post", "pre"):
        for width in sorted({r.facts["units"] for r in rows}):
            found = _by_seed(
                [r for r in rows if (r.facts["site"], r.facts["units"]) == (site, width)]
            )
            values = tuple(slope(seed, "dropout") for seed in found.values())
            if values:
                yield Finding(
                    f"dropout lowers F: slope, {site}-activation, width {width}", values, sign=-1
                )


def _grokking(rows: list[Record]) -> Iterable[Finding]:
    found: dict[str, list[float]] = defaultdict(list)
    for seed in _by_seed(rows).values():
        seed.sort(key=lambda r: r.facts["step"])
        values = np.array([r.value for r in seed])
        notes = [r.diagnostics for r in seed]
        after = np.array([n.get("accuracy", 0.0) > UNDERSTOOD for n in notes])
        if after.any():
            found["drop"].append(
                float(values[after].mean() / values[: int(after.argmax()) + 1].max() - 1)
            )
        if all("learning_coefficient" in n for n in notes):
            coefficient = np.array([n["learning_coefficient"] for n in notes])
            for part, start in (("all", 0), ("peak", int(coefficient.argmax()))):
                if len(values) - start > 2:
                    found[part].append(
                        float(np.corrcoef(values[start:], coefficient[start:])[0, 1])
                    )
    if found["drop"]:
        claim = "F falls by 5 % or more when the rule is found: change from its peak"
        yield Finding(claim, tuple(found["drop"]), sign=-1, limit=-0.05)
    for part, claim in (
        ("all", "F follows the learning coefficient: Pearson over all of training above 0.7"),
        ("peak", "the same from the peak of the coefficient on"),
    ):
        if found[part]:
            yield Finding(claim, tuple(found[part]), sign=1, limit=0.7)


def _convolutions(rows: list[Record]) -> Iterable[Finding]:
    for layer in sorted({r.facts["layer"] for r in rows}):
        found = [r for r in rows if r.facts["layer"] == layer]
        yield from _adversarial(found, "channels", f"{layer}, channels")


def _adversarial(rows: list[Record], fact: str, words: str) -> Iterable[Finding]:
    """Slopes over the size of the attack by a ``fact`` that is the capacity, and their order."""
    slopes: dict[tuple[Any, Any], dict[int, float]] = {}
    for classes, width in sorted({(r.facts["classes"], r.facts[fact]) for r in rows}):
        found = _by_seed(
            [r for r in rows if (r.facts["classes"], r.facts[fact]) == (classes, width)]
        )
        slopes[classes, width] = {seed: slope(of, "epsilon") for seed, of in found.items()}
        yield Finding(
            f"slope over epsilon, {classes} classes, {words} {width}",
            tuple(slopes[classes, width].values()),
        )
    widths, counts = sorted({w for _, w in slopes}), sorted({c for c, _ in slopes})
    for classes in counts:
        if len(widths) > 1:
            wide, narrow = slopes[classes, widths[-1]], slopes[classes, widths[0]]
            values = tuple(wide[s] - narrow[s] for s in wide if s in narrow)
            yield Finding(
                f"abundance raises: slope at {words} {widths[-1]} less at {widths[0]}, {classes} "
                "classes",
                values,
                sign=1,
            )
    if len(counts) > 1:
        for width in widths:
            few, many = slopes[counts[0], width], slopes[counts[-1], width]
            values = tuple(few[s] - many[s] for s in few if s in many)
            yield Finding(
                f"scarcity lowers: slope of {counts[0]} less of {counts[-1]} classes, {words} "
                f"{width}",
                values,
                sign=1,
            )


def _by_seed(rows: Iterable[Record]) -> dict[int, list[Record]]:
    found: dict[int, list[Record]] = defaultdict(list)
    for row in rows:
        found[row.seed].append(row)
    return dict(sorted(found.items()))
