"""The study over many sets: ``harness report msc/study RECORDS --out study.md``.

A row for each data set with its information, then what each selector keeps of it at one rate, and
a finding for each comparison of `msc` with another selector over the sets.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from tabulate import tabulate

from harness import Document, Finding, Record, Records, UsageError, param

SHOWN = ("diversity_kept", "overlap_kept", "outliers_kept", "tail_recall", "rmse_in", "rmse_out")
FORCES = ("force_in", "force_out")
"""Scores that only some potentials have."""
PER_CENT = SHOWN[:4]
Kept: TypeAlias = Mapping[str, Mapping[str, Mapping[float, Mapping[str, float]]]]
"""By data set, selector, rate and score: the mean over seeds."""


@dataclass(frozen=True, kw_only=True)
class Study:
    """Information and compression of every data set in the records."""

    rate: float = param(
        0.1, "share of the structures of which the tables and findings are", above=0.0, high=1.0
    )
    score: str = param("diversity_kept", "score that the figure draws against the rate")

    def make(self, records: Records) -> Document:
        """The tables, the findings, and a figure with a panel for each set.

        Raises `UsageError` where no selection has the rate.
        """
        good = [r for r in records.where(status="ok") if "msc/map" not in r.models]
        found = kept(good)
        rates = sorted({rate for sets in found.values() for by in sets.values() for rate in by})
        if not any(math.isclose(rate, self.rate) for rate in rates):
            known = ", ".join(f"{rate:g}" for rate in rates) or "none"
            raise UsageError(f"no selection at the rate {self.rate:g}; wanted one of: {known}")
        text = "\n\n".join(filter(None, (information(good), self._selectors(found))))
        draw = partial(paint, found=found, score=self.score)
        return Document(text, tuple(self._findings(found)), draw)

    def _selectors(self, found: Kept) -> str:
        has = {
            s for sets in found.values() for by in sets.values() for at in by.values() for s in at
        }
        shown = [name for name in (*SHOWN, *FORCES) if name in has]
        rows = []
        for dataset, selectors in sorted(found.items()):
            for selector, by_rate in sorted(selectors.items(), key=lambda item: item[0] != "msc"):
                scores = at(by_rate, self.rate)
                if scores:
                    rows.append((dataset, selector, *(_shown(name, scores) for name in shown)))
        heads = [f"{n.replace('_', ' ')}{' [%]' if n in PER_CENT else ''}" for n in shown]
        table = tabulate(rows, ("set", "selector", *heads), "github", disable_numparse=True)
        return f"Kept at {100 * self.rate:g} % of the structures, means over seeds:\n\n{table}"

    def _findings(self, found: Kept) -> list[Finding]:
        others = sorted({name for selectors in found.values() for name in selectors} - {"msc"})
        out = []
        for score, sign in (("diversity_kept", 1), ("tail_recall", 1), ("rmse_out", -1)):
            for other in others:
                values = differences(found, other, score, self.rate)
                if values:
                    claim = f"msc less {other}, {score.replace('_', ' ')}, a number for each set"
                    out.append(Finding(claim, values, "msc is better", 1 if sign > 0 else -1))
        return out


def kept(records: Sequence[Record]) -> Kept:
    """The scores of selections by data set, selector and rate, means over seeds."""
    values: dict[Any, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        if record.scores and "rate" in record.facts:
            place = str(record.facts["dataset"]), name_of(record), float(record.facts["rate"])
            for score, value in record.scores.items():
                values[place][score].append(value)
    out: dict[str, dict[str, dict[float, dict[str, float]]]] = defaultdict(
        lambda: defaultdict(dict)
    )
    for (dataset, selector, rate), scores in values.items():
        out[dataset][selector][rate] = {s: float(np.mean(v)) for s, v in scores.items()}
    return out


def name_of(record: Record) -> str:
    """The selector without its plugin."""
    return record.estimator.rpartition("/")[2]


def at(by_rate: Mapping[float, Mapping[str, float]], rate: float) -> Mapping[str, float]:
    """The scores at a rate; none where there is no such rate."""
    return next((scores for r, scores in by_rate.items() if math.isclose(r, rate)), {})


def differences(found: Kept, other: str, score: str, rate: float) -> tuple[float, ...]:
    """The score of `msc` less that of another selector, for each set that has both."""
    out = []
    for _, selectors in sorted(found.items()):
        mine, theirs = (at(selectors.get(name, {}), rate) for name in ("msc", other))
        if score in mine and score in theirs:
            out.append(mine[score] - theirs[score])
    return tuple(out)


def information(records: Sequence[Record]) -> str:
    """H, D and what goes with them of every data set, as a table; empty without such records."""
    measured: dict[str, dict[str, Record]] = defaultdict(dict)
    for record in records:
        if "dataset" in record.facts and not record.scores and record.value is not None:
            measured[str(record.facts["dataset"])].setdefault(name_of(record), record)
    rows = []
    for dataset, by_name in sorted(measured.items()):
        if "entropy" not in by_name:
            continue
        entropy = by_name["entropy"]
        ceiling = float(entropy.diagnostics.get("ln_n", math.nan))
        best = by_name.get("best-size")
        rows.append(
            (
                dataset,
                int(entropy.diagnostics.get("n", 0)),
                f"{entropy.value:.4f}",
                _value(by_name, "diversity"),
                f"{ceiling:.4f}",
                f"{100 * (entropy.value or 0.0) / ceiling:.1f}",
                _value(by_name, "novelty"),
                _value(by_name, "information-gap"),
                "–" if best is None else f"{100 * (best.value or 0.0):.0f}",
            )
        )
    heads = (
        "set",
        "environments",
        "H",
        "D",
        "ln n",
        "H/ln n [%]",
        "mean dH",
        "gap",
        "best size [%]",
    )
    return tabulate(rows, heads, "github", disable_numparse=True) if rows else ""


def _value(by_name: Mapping[str, Record], name: str) -> str:
    return f"{by_name[name].value:.4f}" if name in by_name else "–"


def _shown(name: str, scores: Mapping[str, float]) -> str:
    if name not in scores:
        return "–"
    return f"{100 * scores[name]:.1f}" if name in PER_CENT else f"{scores[name]:.3g}"


def paint(figure: Any, found: Kept, score: str) -> None:
    """A panel for each data set: the score against the rate, a line for each selector."""
    columns = min(4, len(found))
    rows = math.ceil(len(found) / columns)
    figure.set_size_inches(3.0 * columns + 1.6, 2.6 * rows)
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True).ravel()
    names = sorted({name for selectors in found.values() for name in selectors})
    lines = {}
    for panel, (dataset, selectors) in zip(panels, sorted(found.items()), strict=False):
        for colour, name in enumerate(names):
            points = [
                (r, s[score]) for r, s in sorted(selectors.get(name, {}).items()) if score in s
            ]
            if points:
                rates, values = zip(*points, strict=True)
                style = {"lw": 2.2, "zorder": 3} if name == "msc" else {"lw": 1.1}
                (lines[name],) = panel.plot(rates, values, "o-", ms=3, color=f"C{colour}", **style)
        panel.set_title(dataset, fontsize="small")
        panel.set_xscale("log")
        panel.grid(color="0.92")
    for panel in panels[len(found) :]:
        panel.remove()
    figure.supxlabel("share of the structures kept")
    figure.supylabel(score.replace("_", " "))
    figure.legend(lines.values(), lines, loc="outside right upper", frameon=False)
