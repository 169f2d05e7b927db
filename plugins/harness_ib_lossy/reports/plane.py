"""The information plane as a figure: ``harness report ib_lossy/plane RECORDS --out FILE.png``.

Each layer is a panel with I(X;L) across and I(L;Y) up, its epochs in the order of training by
colour: raw values as small rings, joined and smoothed as a line.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from tabulate import tabulate

from harness import Document, Record, Records, UsageError, param
from harness_ib_lossy.names import PAIRS

Plane: TypeAlias = Mapping[int, Mapping[int, tuple[float, float]]]
"""By layer, by epoch: I(X;L) and I(L;Y) in nats, the mean over seeds."""


@dataclass(frozen=True, kw_only=True)
class InformationPlane:
    """The plane of a network in training, as one measure for each axis sees it."""

    across: str = param(
        "", "measure of I(X;L), such as 'pca > ksg', where the records hold several"
    )
    up: str = param("", "measure of I(L;Y), such as 'pca > ross', where the records hold several")

    def make(self, records: Records) -> Document:
        """The figure, and the first and last epoch of each layer as a table."""
        plane = gathered(records, across=self.across, up=self.up)
        titles = {int(r.facts["layer"]): str(r.facts["name"]) for r in records if "name" in r.facts}
        rows = [
            (_title(layer, plane, titles), epoch, *by_epoch[epoch])
            for layer, by_epoch in sorted(plane.items())
            for epoch in dict.fromkeys((min(by_epoch), max(by_epoch)))
        ]
        names = ("", "epoch", *(f"{pair} / nats" for pair in PAIRS.values()))
        text = "Information plane, the first and the last epoch.\n\n"
        return Document(
            text + tabulate(rows, names, "github"), draw=partial(draw, plane=plane, titles=titles)
        )


def gathered(records: Iterable[Record], *, across: str = "", up: str = "") -> Plane:
    """The plane of these records.

    ``across`` and ``up`` name the measures (``models > estimator``, such as ``pca > ksg``) of
    I(X;L) and I(L;Y), where the records hold several.

    Raises
    ------
    UsageError : no such records, or several measures of one axis.
    """
    values: dict[str, dict[str, dict[tuple[int, int], list[float]]]] = {
        p: defaultdict(lambda: defaultdict(list)) for p in PAIRS.values()
    }
    for record in records:
        if "epoch" in record.facts and "pair" in record.facts and record.value is not None:
            place = int(record.facts["layer"]), int(record.facts["epoch"])
            values[str(record.facts["pair"])][_measure(record)][place].append(record.value)
    x, y = (
        _chosen(values[pair], name, pair)
        for pair, name in zip(PAIRS.values(), (across, up), strict=True)
    )
    plane: dict[int, dict[int, tuple[float, float]]] = defaultdict(dict)
    for layer, epoch in sorted(x.keys() & y.keys()):
        plane[layer][epoch] = (float(np.mean(x[layer, epoch])), float(np.mean(y[layer, epoch])))
    if not plane:
        raise UsageError(
            f"no layer with both {' and '.join(PAIRS.values())}; wanted records of both"
        )
    return plane


def _title(layer: int, plane: Plane, titles: Mapping[int, str]) -> str:
    if layer in titles:
        return titles[layer]
    return "logits" if layer == max(plane) else f"layer {layer}"


def _measure(record: Record) -> str:
    return " > ".join(name.rpartition("/")[2] for name in (*record.models, record.estimator))


def _chosen(
    found: Mapping[str, Mapping[tuple[int, int], list[float]]], name: str, pair: str
) -> Mapping[tuple[int, int], list[float]]:
    known = ", ".join(sorted(found)) or "none"
    if not name and len(found) == 1:
        return next(iter(found.values()))
    if name not in found:
        option = "across" if pair == PAIRS["x"] else "up"
        raise UsageError(
            f"{name or 'no measure named'} for {pair}; wanted --set {option}=MEASURE with one of: "
            f"{known}"
        )
    return found[name]


def smooth(values: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """A running mean with the weights 1, 2, 1 over neighbours in the order of training ``(m,)``;
    the ends stay."""
    out = np.array(values, dtype=np.float64)
    if len(out) > 2:
        out[1:-1] = (out[:-2] + 2 * out[1:-1] + out[2:]) / 4
    return out


def draw(figure: Any, plane: Plane, titles: Mapping[int, str] = MappingProxyType({})) -> None:
    """Paint the panels on an empty figure; ``titles`` are those of layers that have a name."""
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    epochs = sorted({epoch for by_epoch in plane.values() for epoch in by_epoch})
    colours = colormaps["viridis"]
    scale = Normalize(0, max(1, len(epochs) - 1))
    columns = min(3, len(plane))
    rows = math.ceil(len(plane) / columns)
    figure.set_size_inches(4.2 * columns + 1.2, 3.8 * rows)
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
    for panel, (layer, by_epoch) in zip(panels, sorted(plane.items()), strict=False):
        seen = sorted(by_epoch)
        raw = np.array([by_epoch[e] for e in seen])
        line = np.column_stack([smooth(raw[:, 0]), smooth(raw[:, 1])])
        tint = [colours(scale(epochs.index(e))) for e in seen]
        panel.plot(raw[:, 0], raw[:, 1], color="0.8", lw=0.8, zorder=1)
        panel.scatter(
            raw[:, 0], raw[:, 1], s=26, facecolors="white", edgecolors=tint, zorder=2, label="raw"
        )
        for i in range(len(line) - 1):
            panel.plot(line[i : i + 2, 0], line[i : i + 2, 1], color=tint[i + 1], lw=2.4, zorder=3)
        panel.set_title(_title(layer, plane, titles))
        panel.grid(color="0.92")
        panel.set_axisbelow(True)
    for panel in panels[len(plane) :]:
        panel.remove()
    figure.supxlabel(f"{PAIRS['x']} / nats")
    figure.supylabel(f"{PAIRS['y']} / nats")
    bar = figure.colorbar(
        ScalarMappable(scale, colours), ax=list(panels[: len(plane)]), label="epoch"
    )
    shown = np.unique(
        np.linspace(0, len(epochs) - 1, min(9, len(epochs))).round().astype(int)
    ).tolist()
    bar.set_ticks(shown, labels=[str(epochs[i]) for i in shown])
    figure.suptitle(
        "Information plane: raw values (rings), smoothed over epochs (line)", fontsize="medium"
    )
