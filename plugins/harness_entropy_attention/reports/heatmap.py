"""Attention entropies as a figure: ``harness report entropy_attention/heatmap RECORDS --out
FILE.png``.

Each case is a panel, layers by heads; the colour is the entropy of a head as a share of what causal
rows can reach, the number its entropy in nats. Over seeds it is the mean.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from tabulate import tabulate

from harness import Document, Record, Records, UsageError

Heads: TypeAlias = Mapping[str, tuple[NDArray[np.float64], float]]
"""By case: mean entropies ``(layers, heads)`` in nats, and the maximum."""

NUMBERED = 64
"""Heads of larger models get colours only."""


@dataclass(frozen=True)
class Heatmap:
    """Entropies of heads by layer, a panel for each case."""

    def make(self, records: Records) -> Document:
        """The figure, and the mean of each layer as a table."""
        heads = averaged(records)
        deepest = max(len(values) for values, _ in heads.values())
        rows = [
            (case, *np.nanmean(values / maximum, axis=1), *[None] * (deepest - len(values)))
            for case, (values, maximum) in heads.items()
        ]
        names = ("case", *(f"layer {layer}" for layer in range(deepest)))
        table = tabulate(rows, names, "github", floatfmt=".3f")
        text = f"Mean entropy of the heads of a layer, as a share of the causal maximum.\n\n{table}"
        return Document(text, draw=partial(draw, heads=heads))


def averaged(records: Iterable[Record]) -> Heads:
    """Heads by case, the mean over seeds. Raises `UsageError` where the records hold none."""
    found: dict[str, list[NDArray[np.float64]]] = {}
    maxima: dict[str, float] = {}
    for row in named(records, "attention-entropy"):
        values, maximum = heads_of(row)
        found.setdefault(row.case, []).append(values)
        maxima[row.case] = maximum
    if not found:
        raise UsageError("no record of attention-entropy that ended well; wanted some")
    return {case: (np.mean(heads, axis=0), maxima[case]) for case, heads in found.items()}


def named(rows: Iterable[Record], estimator: str) -> list[Record]:
    """The records of an estimator, given without its plugin, that ended well."""
    return [
        row for row in rows if row.status == "ok" and row.estimator.rpartition("/")[2] == estimator
    ]


def heads_of(row: Record) -> tuple[NDArray[np.float64], float]:
    """Mean entropies ``(layers, heads)`` and their maximum from one record of `attention-entropy`.

    Raises `UsageError` where the record has none: they are left out for models of very many heads.
    """
    notes = row.diagnostics
    try:
        values = np.array(json.loads(notes["heads"]), dtype=np.float64)
        maximum = float(notes["maximum"])
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{row.case}, seed {row.seed}: {error!r}; wanted a record of attention-entropy"
        ) from None
    return values, maximum


def draw(figure: Any, heads: Heads) -> None:
    """Paint the panels on an empty figure."""
    columns = min(4, len(heads))
    lines = math.ceil(len(heads) / columns)
    deep, wide = (max(values.shape[axis] for values, _ in heads.values()) for axis in (0, 1))
    if hasattr(figure, "set_size_inches"):  # a part of a figure has no size of its own
        size = columns * (0.55 * wide + 0.9) + 1.2, lines * (0.45 * deep + 0.9) + 0.6
        figure.set_size_inches(*size)
    panels = figure.subplots(lines, columns, squeeze=False).ravel()
    picture = None
    for panel, (case, (values, maximum)) in zip(panels, heads.items(), strict=False):
        shares = values / maximum
        picture = panel.imshow(shares, cmap="viridis", vmin=0.0, vmax=1.0, aspect="auto")
        if values.size <= NUMBERED:
            for (layer, head), share in np.ndenumerate(shares):
                if np.isfinite(share):
                    tint = "black" if share > 0.6 else "white"
                    text = f"{values[layer, head]:.2f}"
                    panel.text(
                        head, layer, text, ha="center", va="center", color=tint, fontsize="small"
                    )
        panel.set_title(case, fontsize="medium")
        panel.set_xticks(range(values.shape[1]))
        panel.set_yticks(range(values.shape[0]))
    for panel in panels[len(heads) :]:
        panel.remove()
    figure.supxlabel("head")
    figure.supylabel("layer")
    assert picture is not None
    figure.colorbar(
        picture, ax=list(panels[: len(heads)]), label="share of the causal maximum\n(number: nats)"
    )
