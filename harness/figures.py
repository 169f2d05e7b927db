"""Figures as files: PNG, SVG, PDF, or a page of HTML that shows one."""

from __future__ import annotations

import html
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.errors import MissingDependency, UsageError
from harness.files import whole

Draw = Callable[[Any], None]
"""Paints on an empty figure of matplotlib."""
SUFFIXES = (".png", ".svg", ".html", ".pdf")


def target(text: str) -> Path:
    """A file for a figure. Raises `UsageError` where it cannot be written, or is no figure's."""
    path = Path(text).expanduser()
    if path.suffix not in SUFFIXES:
        raise UsageError(f"--plot {text}: wanted a file that ends in {', '.join(SUFFIXES)}")
    if not path.parent.is_dir():
        raise UsageError(f"{path}: the folder {path.parent} does not exist; wanted one that does")
    _matplotlib()
    return path


def write(path: Path, draw: Draw, title: str, command: str = "") -> None:
    """Write a figure as its file's suffix says, with its title and the command that made it."""
    if path.suffix == ".html":
        content = page(draw, title, command)
    else:
        content = drawn(draw, path.suffix, title, command)
    with whole(path) as out:
        out.write(content)


def drawn(draw: Draw, suffix: str = ".png", title: str = "", command: str = "") -> bytes:
    """The contents of a figure's file; equal figures give equal files.

    ``title``, and the ``command`` that made it, are in its metadata.

    Raises `MissingDependency` without matplotlib.
    """
    matplotlib = _matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    made_by = {".pdf": "Subject"}.get(suffix, "Description")
    dated = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    told = {"Title": title} | ({made_by: command} if command else {}) | dated.get(suffix, {})
    out = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "report"}):
        figure = Figure(layout="constrained")
        FigureCanvasAgg(figure)
        draw(figure)
        # "tight" follows the labels: the longest of them is never clipped.
        figure.savefig(out, format=suffix[1:], dpi=130, metadata=told, bbox_inches="tight")
    return out.getvalue()


def page(draw: Draw, title: str, command: str = "", text: str = "") -> bytes:
    """A page that needs nothing else: the figure as SVG, how it was made, and its text."""
    svg = drawn(draw, ".svg", title, command).decode()
    head, made_by = html.escape(title), html.escape(command, quote=True)
    below = f"<p><code>{made_by}</code></p>\n" if command else ""
    below += f"<pre>{html.escape(text)}</pre>\n" if text else ""
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{head}</title>\n'
        f'<meta name="description" content="{made_by}">\n'
        "<style>body{font-family:sans-serif;margin:2em}svg{max-width:100%;height:auto}</style>"
        f"</head>\n<body><h1>{head}</h1>\n{svg[svg.index('<svg') :]}\n{below}</body></html>\n"
    ).encode()


def _matplotlib() -> Any:
    try:
        import matplotlib
    except ImportError as error:
        raise MissingDependency("matplotlib", "pip install 'infoharness[plots]'") from error
    return matplotlib
