"""What notebooks show of estimates, selections, curves and records: tables and figures."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from harness import figures
from harness.errors import MissingDependency

ROWS = 50
"""Rows of a table that are shown."""
PANELS = 6
"""Heat maps that are shown, at most."""
HEADS = "heads"
"""The diagnostic under which an estimator keeps a value for each layer and head, as JSON."""


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Rows as HTML; of many the first, and how many more there are."""
    found = list(rows)
    lines = [_line("th", head), *(_line("td", row) for row in found[:ROWS])]
    more = f"<p>… and {len(found) - ROWS} more</p>" if len(found) > ROWS else ""
    return f"<table>{''.join(lines)}</table>{more}"


def _line(tag: str, cells: Sequence[Any]) -> str:
    return "<tr>" + "".join(f"<{tag}>{html.escape(shown(c))}</{tag}>" for c in cells) + "</tr>"


def shown(value: Any) -> str:
    """A cell: numbers with four digits, nothing for None."""
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else str(value)


def picture(draw: figures.Draw) -> bytes | None:
    """A figure as PNG; None where matplotlib is not installed."""
    try:
        return figures.drawn(draw)
    except MissingDependency:
        return None


def image(png: bytes | None) -> str:
    """A picture within HTML; nothing for none."""
    if png is None:
        return ""
    return f'<img src="data:image/png;base64,{base64.b64encode(png).decode()}">'


def line(figure: Any, x: Any, y: Any, names: tuple[str, str], stderr: Any = None) -> None:
    """A small curve, with its errors where there are some."""
    figure.set_size_inches(4.5, 3.0)
    axes = figure.subplots()
    axes.errorbar(x, y, yerr=stderr, fmt="o-", ms=3, capsize=2)
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1])
    axes.grid(color="0.92")


def histogram(figure: Any, values: Any) -> None:
    """How single values spread."""
    figure.set_size_inches(4.5, 2.4)
    axes = figure.subplots()
    axes.hist(values, 40)
    axes.set_xlabel("local value")


def heads(diagnostics: Mapping[str, Any]) -> list[list[float]] | None:
    """Values of layers by heads that diagnostics hold; None where they hold none."""
    try:
        found = json.loads(diagnostics[HEADS])
        rows = [[float("nan") if v is None else float(v) for v in row] for row in found]
    except (KeyError, TypeError, ValueError):
        return None
    return rows if rows and rows[0] and len({len(row) for row in rows}) == 1 else None


def maps(figure: Any, panels: Mapping[str, Sequence[Sequence[float]]]) -> None:
    """Heat maps of layers by heads, side by side, in the same colours."""
    deep = max(len(rows) for rows in panels.values())
    wide = sum(len(rows[0]) for rows in panels.values())
    figure.set_size_inches(0.4 * wide + 1.1 * len(panels) + 1.0, 0.4 * deep + 1.2)
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    known = [v for rows in panels.values() for row in rows for v in row if v == v] or [0.0]
    for panel, (title, rows) in zip(axes, panels.items(), strict=True):
        picture = panel.imshow(rows, cmap="viridis", vmin=min(known), vmax=max(known))
        panel.set_title(title, fontsize="small")
        panel.set_xticks(range(len(rows[0])))
        panel.set_yticks(range(len(rows)))
        panel.set_xlabel("head")
    axes[0].set_ylabel("layer")
    figure.colorbar(picture, ax=list(axes), label="nats")
