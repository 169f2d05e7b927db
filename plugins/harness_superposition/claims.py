"""What the paper claims, measured on records: ``python -m harness_superposition.claims RECORDS [...]``.

RECORDS are files of lines of ``harness run --format json``, or folders of them such as a board's. Recovery compares
every estimator with the true number of features; claims are orderings with their mean over seeds, a 95 % interval, and
in how many seeds they hold.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tabulate import tabulate

from harness import HarnessError, Record, UsageError, read_records

MEASURE = "sae > effective-features"
UNDERSTOOD = 0.95
"""Accuracy on unseen pairs from which on the rule is taken to be found."""
_STUDENT = (math.nan, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
"""97.5 % points of Student's t by degrees of freedom; beyond the table, that of the normal distribution."""


@dataclass(frozen=True)
class Finding:
    """One quantity over seeds: ``values``, and whether the claim is that it is above (+1) or below (-1) ``limit``."""

    claim: str
    values: tuple[float, ...]
    sign: int = 0
    limit: float = 0.0

    @property
    def mean(self) -> float:
        """Over seeds."""
        return float(np.mean(self.values))

    @property
    def half_width(self) -> float:
        """Half of the 95 % interval of the mean; NaN for one seed."""
        n = len(self.values)
        if n < 2:
            return math.nan
        factor = _STUDENT[n - 1] if n <= len(_STUDENT) else 1.96
        return float(factor * np.std(self.values, ddof=1) / math.sqrt(n))

    @property
    def held(self) -> int:
        """In how many seeds the claim holds."""
        return sum((v - self.limit) * self.sign > 0 for v in self.values)


def read(places: Iterable[Path]) -> list[Record]:
    """Records that ended well. Raises `UsageError` for files that hold none."""
    found = list(read_records(*places).where(status="ok"))
    if not found:
        raise UsageError(f"{', '.join(map(str, places))}: no record that ended well; wanted some")
    return found


def measure(row: Record) -> str:
    """Models and estimator without their plugins, such as ``sae > effective-features``."""
    return " > ".join(name.rpartition("/")[2] for name in (*row.models, row.estimator))


def select(rows: Iterable[Record], task: str, name: str = MEASURE) -> list[Record]:
    """The records of a task and measure."""
    return [row for row in rows if row.task.rpartition("/")[2] == task and measure(row) == name]


def recovery(rows: Sequence[Record]) -> list[dict[str, Any]]:
    """By task and measure: mean relative error, and Pearson and rank correlation with the features, mean over seeds.

    Measures of any quantity are held against the true number of features; the error means something only for those
    that count features.
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
                    "rank": float(
                        np.mean(
                            [np.corrcoef(_ranks(p[:, 0]), _ranks(p[:, 1]))[0, 1] for p in pairs]
                        )
                    ),
                    "seeds": len(pairs),
                }
            )
    return table


def findings(rows: Sequence[Record], name: str = MEASURE) -> list[Finding]:
    """All claims that the records can speak to, for one measure."""
    return [
        *_dropout(select(rows, "dropout-parity", name)),
        *_grokking(select(rows, "grokking", name)),
        *_adversarial(select(rows, "adversarial-digits", name)),
    ]


def slope(rows: Iterable[Record], fact: str) -> float:
    """Least-squares slope of the value over a fact, divided by the mean value where the fact is 0."""
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
                    f"dropout lowers F: slope, {site}-activation, width {width}", values, -1
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
    for part, claim, sign, limit in (
        ("drop", "F falls by 5 % or more when the rule is found: change from its peak", -1, -0.05),
        (
            "all",
            "F follows the learning coefficient: Pearson over all of training above 0.7",
            1,
            0.7,
        ),
        ("peak", "the same from the peak of the coefficient on", 1, 0.7),
    ):
        if found[part]:
            yield Finding(claim, tuple(found[part]), sign, limit)


def _adversarial(rows: list[Record]) -> Iterable[Finding]:
    slopes: dict[tuple[int, int], dict[int, float]] = {}
    for classes, width in sorted({(r.facts["classes"], r.facts["units"]) for r in rows}):
        found = _by_seed(
            [r for r in rows if (r.facts["classes"], r.facts["units"]) == (classes, width)]
        )
        slopes[classes, width] = {seed: slope(of, "epsilon") for seed, of in found.items()}
        yield Finding(
            f"slope over epsilon, {classes} classes, width {width}",
            tuple(slopes[classes, width].values()),
        )
    widths, counts = sorted({w for _, w in slopes}), sorted({c for c, _ in slopes})
    for classes in counts:
        if len(widths) > 1:
            wide, narrow = slopes[classes, widths[-1]], slopes[classes, widths[0]]
            values = tuple(wide[s] - narrow[s] for s in wide if s in narrow)
            yield Finding(
                f"abundance raises: slope at width {widths[-1]} less at {widths[0]}, {classes} classes",
                values,
                1,
            )
    if len(counts) > 1:
        for width in widths:
            few, many = slopes[counts[0], width], slopes[counts[-1], width]
            values = tuple(few[s] - many[s] for s in few if s in many)
            yield Finding(
                f"scarcity lowers: slope of {counts[0]} less of {counts[-1]} classes, width {width}",
                values,
                1,
            )


def _by_seed(rows: Iterable[Record]) -> dict[int, list[Record]]:
    found: dict[int, list[Record]] = defaultdict(list)
    for row in rows:
        found[row.seed].append(row)
    return dict(sorted(found.items()))


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 0, the mean of them for equal values."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts + 1) / 2)[inverse])


def report(rows: Sequence[Record], name: str = MEASURE) -> str:
    """Both tables as Markdown."""
    parts = []
    if table := recovery(rows):
        parts.append(
            "Recovery of the number of features\n\n"
            + tabulate(table, "keys", "github", floatfmt=".3f")
        )
    if found := findings(rows, name):
        lines = [
            (
                f.claim,
                f"{f.mean:+.3f} ± {f.half_width:.3f}",
                f"{f.held} of {len(f.values)}" if f.sign else "",
            )
            for f in found
        ]
        parts.append(
            f"Claims, by {name}\n\n"
            + tabulate(lines, ("claim", "mean, 95 %", "holds in seeds"), "github")
        )
    return "\n\n".join(parts) or "the records hold nothing that the claims are about"


def command(
    words: Sequence[str] | None,
    name: str,
    about: str,
    act: Callable[[argparse.Namespace], None],
    *options: str,
) -> int:
    """Parse ``words``, act, and give the exit status: 0, or 2 with one line on stderr."""
    parser = argparse.ArgumentParser(
        prog=f"python -m harness_superposition.{name}", description=about
    )
    parser.add_argument(
        "records",
        type=Path,
        nargs="+",
        help="files of harness run --format json, or folders of them",
    )
    parser.add_argument(
        "--measure",
        default=MEASURE,
        help="models and estimator, such as 'sae > effective-features'",
    )
    for option in options:
        parser.add_argument(option, type=Path, required=True)
    try:
        act(parser.parse_args(words))
    except HarnessError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def main(words: Sequence[str] | None = None) -> int:
    """Print the report."""
    return command(
        words,
        "claims",
        "The paper's claims on records.",
        lambda given: print(report(read(given.records), given.measure)),
    )


if __name__ == "__main__":
    sys.exit(main())
