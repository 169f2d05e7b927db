"""What notebooks show of estimates, selections, curves and records: tables and figures."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Sequence
from typing import Any

from harness import figures
from harness.errors import MissingDependency

ROWS = 50
"""Rows of a table that are shown."""


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
