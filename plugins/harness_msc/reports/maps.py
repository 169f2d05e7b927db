"""Why a map in two dimensions cannot show it: ``harness report msc/maps RECORDS --out maps.png``.

Records of the same measures and selectors are compared, with the model `map` between descriptor
and estimator and without it. What the map is given is its best scale: its diversity equals that of
the descriptors (``map.match``), so whatever differs is due to the loss of dimensions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from tabulate import tabulate

from harness import Document, Finding, Record, Records, UsageError, spearman
from harness_msc.reports.study import name_of

MAP = "msc/map"
MEASURES = ("entropy", "diversity", "overlap", "novelty")
SCORES = ("diversity_kept", "outliers_kept", "tail_recall", "rmse_out")
Pairs: TypeAlias = Mapping[str, Mapping[tuple[str, str], tuple[float, float]]]
"""By measure or score, by (data set, what else tells the place): full and on the map."""


@dataclass(frozen=True)
class Maps:
    """Measures and selections on maps beside those of the descriptors."""

    def make(self, records: Records) -> Document:
        """A row for each data set, and findings over data sets and rates.

        Raises `UsageError` where no path stands with the map and without.
        """
        measures, scores = pairs(records.where(status="ok"))
        if not measures and not scores:
            raise UsageError(
                f"no measure or selector with the model {MAP} and without; wanted records of both "
                "(--model msc/quests --model msc/map)"
            )
        draw = partial(paint, measures=measures, scores=scores)
        return Document(table(measures), tuple(findings(measures, scores)), draw)


def pairs(records: Iterable[Record]) -> tuple[Pairs, Pairs]:
    """Values of measures and scores of selections, full and on the map, means over seeds."""
    values: dict[Any, list[float]] = defaultdict(list)
    for record in records:
        dataset, flat = str(record.facts.get("dataset", record.source)), MAP in record.models
        name = name_of(record)
        if record.scores and "rate" in record.facts:
            place = dataset, f"{name} {record.facts['rate']}"
            for score in SCORES:
                if score in record.scores:
                    values[True, score, place, flat].append(record.scores[score])
        elif name in MEASURES and record.value is not None:
            values[False, name, (dataset, ""), flat].append(record.value)
    out: tuple[dict[str, Any], dict[str, Any]] = {}, {}
    for scored, name, place, flat in values:
        if flat and (scored, name, place, False) in values:
            full, mapped = (values[scored, name, place, side] for side in (False, True))
            out[scored].setdefault(name, {})[place] = (float(np.mean(full)), float(np.mean(mapped)))
    return out


def table(measures: Pairs) -> str:
    """The measures of each data set, full and on the map."""
    shown = [name for name in MEASURES if name in measures]
    sets = sorted({dataset for name in shown for dataset, _ in measures[name]})
    rows = [
        (
            dataset,
            *(
                f"{value:.4f}"
                for name in shown
                for value in measures[name].get((dataset, ""), (np.nan, np.nan))
            ),
        )
        for dataset in sets
    ]
    heads = [f"{name}, {side}" for name in shown for side in ("all dimensions", "map")]
    return tabulate(rows, ("set", *heads), "github", disable_numparse=True) if rows else ""


def findings(measures: Pairs, scores: Pairs) -> list[Finding]:
    """What a map would have to show, and does not."""
    out = []
    if "overlap" in measures:
        hidden = [flat - full for _, (full, flat) in sorted(measures["overlap"].items())]
        out.append(
            Finding(
                "share of environments that are new in all dimensions and covered on the map, at "
                "least; a number for each set",
                tuple(hidden),
                "maps hide novelty",
                1,
            )
        )
    if "entropy" in measures:
        changes = [flat - full for _, (full, flat) in sorted(measures["entropy"].items())]
        out.append(
            Finding("entropy on the map less that of all dimensions, nats, at equal diversity",
                    tuple(changes))
        )  # fmt: skip
        if len(changes) > 2:
            full, flat = zip(*measures["entropy"].values(), strict=True)
            out.append(
                Finding(
                    "rank correlation over the sets of entropy on the map and of all dimensions",
                    (float(spearman(np.array(full), np.array(flat))),),
                )
            )
    for score, of in scores.items():
        sign = -1 if score.startswith("rmse") else 1
        by_selector: dict[str, list[float]] = defaultdict(list)
        for (_, what), both in sorted(of.items()):
            by_selector[what.rpartition(" ")[0]].append(both[0] - both[1])
        for selector, values in by_selector.items():
            claim = f"{selector} in all dimensions less {selector} on the map, "
            claim += f"{score.replace('_', ' ')}, a number for each set and rate"
            expected = "the map loses" if selector == "msc" else ""
            out.append(
                Finding(claim, tuple(values), expected, (1 if sign > 0 else -1) if expected else 0)
            )
    return out


def paint(figure: Any, measures: Pairs, scores: Pairs) -> None:
    """Full across, map up, a panel for each measure and score; on the diagonal nothing is lost."""
    panels = [(name, of) for part in (measures, scores) for name, of in part.items()]
    columns = min(4, len(panels))
    rows = -(-len(panels) // columns)
    figure.set_size_inches(3.2 * columns, 3.0 * rows)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel, (name, of) in zip(axes, panels, strict=False):
        full, flat = np.array(list(of.values())).T
        low, high = float(min(full.min(), flat.min())), float(max(full.max(), flat.max()))
        panel.plot([low, high], [low, high], "--", lw=1, color="0.6")
        panel.plot(full, flat, "o", ms=4)
        panel.set_title(name.replace("_", " "), fontsize="medium")
        panel.grid(color="0.92")
    for panel in axes[len(panels) :]:
        panel.remove()
    figure.supxlabel("all dimensions")
    figure.supylabel("map")
