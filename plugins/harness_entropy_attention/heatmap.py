"""Attention entropies as a picture: ``python -m harness_entropy_attention.heatmap RECORDS.jsonl OUT.png``.

RECORDS.jsonl is what ``harness run --task attention-architectures --estimator attention-entropy --format json`` prints
(or records of a board). Each case is a panel, layers by heads; the colour is the entropy of a head as a share of what
causal rows can reach, the number its entropy in nats. Over seeds it is the mean.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness import HarnessError, MissingDependency, Record, UsageError, read_records

Heads: TypeAlias = Mapping[str, tuple[NDArray[np.float64], float]]
"""By case: mean entropies ``(layers, heads)`` in nats, and the maximum."""

NUMBERED = 64
"""Heads of larger models get colours only."""


def read(path: Path) -> Heads:
    """Heads from a file of records. Raises `UsageError` where it cannot be read, or holds none."""
    found: dict[str, list[NDArray[np.float64]]] = {}
    maxima: dict[str, float] = {}
    for row in named(read_records(path), "attention-entropy"):
        values, maximum = heads_of(row)
        found.setdefault(row.case, []).append(values)
        maxima[row.case] = maximum
    if not found:
        raise UsageError(f"{path}: no record of attention-entropy")
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


def draw(heads: Heads, out: Path) -> None:
    """Write the picture. Raises `MissingDependency` without matplotlib, `UsageError` where it cannot be written."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingDependency("matplotlib", "pip install 'infoharness[plots]'") from None
    columns = min(4, len(heads))
    lines = math.ceil(len(heads) / columns)
    deep, wide = (max(values.shape[axis] for values, _ in heads.values()) for axis in (0, 1))
    size = columns * (0.55 * wide + 0.9) + 1.2, lines * (0.45 * deep + 0.9) + 0.6
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
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
        picture, ax=list(panels[: len(heads)]), label="share of the causal maximum (number: nats)"
    )
    try:
        figure.savefig(out, dpi=130)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{out}: cannot be written ({error}); wanted a picture file such as heads.png"
        ) from None


def main(words: Sequence[str] | None = None) -> int:
    """Read records, draw, and return the exit status: 0, or 2 with one line on stderr."""
    parser = argparse.ArgumentParser(
        prog="python -m harness_entropy_attention.heatmap",
        description="Draw attention entropies, layers by heads.",
    )
    parser.add_argument(
        "records",
        type=Path,
        help="lines of harness run --estimator attention-entropy --format json",
    )
    parser.add_argument("out", type=Path, help="the picture, such as heads.png")
    given = parser.parse_args(words)
    try:
        draw(read(given.records), given.out)
    except HarnessError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
