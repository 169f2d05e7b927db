"""Do standard errors say how far estimates spread? Every estimator that states one, on fresh draws.

    python -m benchmarks.calibration [--only 'classics/*,agentic/*'] [--law student] [--write]

For each estimator and law: the mean stated error over the standard deviation of the estimates (1 is
right), and how often value ± 1.96 errors holds the mean of the estimates and, where it is known, the
truth (0.95 is right; the second counts bias as well). 200 draws, 60 where torch trains. Results are
kept one by one in the cache folder, by the source of the plugin, so that a run that was ended goes
on where it was. ``--write`` puts the rows into docs/calibration.md and leaves the other rows there.
"""

from __future__ import annotations

import argparse
import fnmatch
import hashlib
import json
import logging
import math
import re
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import harness
from benchmarks.calibration import laws
from harness import Estimate, HarnessError, stream
from harness.components import Component
from harness.registry import default

DOC = Path(__file__).parents[2] / "docs" / "calibration.md"
DRAWS, TRAINED = 200, 60
STATES = 20
"""Draws after which an estimator without an error in any of them is one that states none."""
FEWEST = 0.2
"""Share of the draws that have to state an error for a row."""
LIMIT_S = 2.0
"""Estimators whose first call takes longer are left out, and said so."""
NORMAL = 1.96
TRAINING = {"hidden": (32, 32), "batch": 64, "steps": 400, "patience": 3}
SETTINGS: dict[str, dict[str, Any]] = {"neural/*": TRAINING}
"""Settings for a quick training, by estimator."""
HEAD = "| estimator | law | n | draws | spread | stated / spread | holds own mean | holds truth |"
RULE = "|---|---|---|---|---|---|---|---|"


@dataclass(frozen=True)
class Row:
    """An estimator on a law."""

    component: Component
    law: laws.Law
    kind: str
    params: dict[str, Any]
    repeats: int

    @property
    def name(self) -> str:
        """What the table calls it."""
        several = isinstance(self.component.spec.reads, tuple)
        return f"| `{self.component.name}` | {self.law.name}{f', {self.kind}' * several} |"

    @property
    def key(self) -> str:
        """Names the results: all that they depend on."""
        source = default().source_digest(self.component.plugin)
        what = [self.component.name, self.law.name, self.kind, self.law.n, self.params, source]
        drawn = Path(laws.__file__).read_text("utf-8")
        return hashlib.sha256(f"{json.dumps(what)}{drawn}".encode()).hexdigest()[:16]

    def once(self, seed: int) -> Estimate:
        """The estimate from fresh draws."""
        rng = stream(seed, "calibration", self.component.name, self.kind, self.law.name)
        data = self.law.draw(rng, self.law.n)
        found: Estimate = self.component.build(self.params).estimate(data, rng=rng)
        return found


def rows(only: list[str], law: str) -> Iterator[Row]:
    """Every estimator that gives an `Estimate`, on every law of what it reads."""
    for plugin in sorted(p.name for p in default().plugins.values()):
        for component in default().of_plugin(plugin, "estimator"):
            spec = component.spec
            wanted = any(fnmatch.fnmatch(component.name, pattern) for pattern in only)
            if not wanted or spec.gives is not Estimate or spec.asks or component.missing():
                continue
            params = next(
                (p for n, p in SETTINGS.items() if fnmatch.fnmatch(component.name, n)), {}
            )
            repeats = TRAINED if "torch" in spec.requires else DRAWS
            for kind in spec.reads if isinstance(spec.reads, tuple) else (spec.reads,):
                for one in laws.of(kind):
                    if fnmatch.fnmatch(one.name, law):
                        yield Row(component, one, kind.__name__, params, repeats)


def measured(row: Row, kept: Path, limit: float) -> str | None:
    """The line of the table; None where the estimator does not take the data or states no error."""
    file = kept / f"{row.key}.jsonl"
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    found = [tuple(json.loads(line)) for line in lines]
    if found[:1] == [(None, None)]:
        return None
    start, first = time.perf_counter(), len(found)
    with file.open("a", encoding="utf-8") as out:
        for seed in range(len(found), row.repeats):
            try:
                estimate = row.once(seed)
            except HarnessError as error:
                if seed == 0:
                    out.write("[null, null]\n")
                    return None
                print(f"{row.name} draw {seed}: {error}", file=sys.stderr)
                out.write("[NaN, NaN]\n")  # it counts as a draw, of which there is no figure
                found.append((math.nan, math.nan))
                continue
            found.append((estimate.value, estimate.stderr))
            if len(found) == STATES and all(error is None for _, error in found):
                file.write_text("[null, null]\n", encoding="utf-8")
                return None
            out.write(json.dumps(found[-1]) + "\n")
            if seed == first + 1 and (took := time.perf_counter() - start) > 2 * limit:
                print(f"{row.name} left out: {took / 2:.1f} s a draw", file=sys.stderr)
                return None
            if sys.stderr.isatty():
                print(
                    f"\r{row.name} {seed + 1}/{row.repeats}   ", end="", file=sys.stderr, flush=True
                )
    if sys.stderr.isatty():
        print("\r" + 78 * " " + "\r", end="", file=sys.stderr, flush=True)
    return line(row, np.array(found, float))


def line(row: Row, found: np.ndarray[Any, np.dtype[np.float64]]) -> str | None:
    """The figures of all draws that state an error; an estimator that never varies has none."""
    values, errors = found[np.isfinite(found).all(1)].T
    spread = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    if len(values) < FEWEST * len(found) or spread <= 1e-12 * max(1.0, float(np.abs(values).max())):
        return None
    quantity = row.component.spec.quantity
    truth = row.law.truths.get(quantity.name) if quantity else None
    holds = [
        f"{(np.abs(values - centre) <= NORMAL * errors).mean():.2f}" if centre is not None else "—"
        for centre in (values.mean(), truth)
    ]
    ratio = f"{float(errors.mean()) / spread:.2f}"
    stated = f"{len(values)}" + f" of {len(found)}" * (len(values) < len(found))
    return f"{row.name} {row.law.n} | {stated} | {spread:.3g} | {ratio} | {holds[0]} | {holds[1]} |"


def write(made: list[str]) -> None:
    """Put the rows into the table of the page, over those of the same estimator and law."""
    text = DOC.read_text("utf-8")
    between = re.compile(r"(<!-- calibrated -->\n).*?(<!-- end -->)", re.DOTALL)
    found = between.search(text)
    old = found[0].splitlines()[3:-1] if found else []
    table = {row_name(one): one for one in [*old, *made]}
    body = "\n".join([HEAD, RULE, *(table[name] for name in sorted(table))])
    DOC.write_text(between.sub(lambda m: f"{m[1]}{body}\n{m[2]}", text), encoding="utf-8")


def row_name(text: str) -> tuple[str, ...]:
    """Estimator and law of a line of the table."""
    return tuple(text.split(" | ")[:2])


def main() -> int:
    """Measure the rows asked for, print them, and write them where asked to."""
    ask = argparse.ArgumentParser(prog="python -m benchmarks.calibration", description=__doc__)
    ask.formatter_class = argparse.RawDescriptionHelpFormatter
    ask.add_argument("--only", default="*", help="globs of full names of estimators, with commas")
    ask.add_argument("--law", default="*", help="glob of laws")
    ask.add_argument("--limit", type=float, default=LIMIT_S, help="most seconds of a draw")
    ask.add_argument("--write", action="store_true", help=f"put the rows into {DOC.name}")
    given = ask.parse_args()
    logging.getLogger("harness").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    kept = harness.cache_folder("calibration")
    kept.mkdir(parents=True, exist_ok=True)
    made = []
    print(HEAD, RULE, sep="\n", flush=True)
    for row in rows(given.only.split(","), given.law):
        if (text := measured(row, kept, given.limit)) is not None:
            made.append(text)
            print(text, flush=True)
    if given.write:
        write(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
