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


def write(path: Path, draw: Draw, title: str) -> None:
    """Write a figure as its file's suffix says; ``title`` is that of a page of HTML."""
    with whole(path) as out:
        out.write(page(draw, title) if path.suffix == ".html" else drawn(draw, path.suffix))


def drawn(draw: Draw, suffix: str = ".png") -> bytes:
    """The contents of a figure's file; equal figures give equal files.

    Raises `MissingDependency` without matplotlib.
    """
    matplotlib = _matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    dated = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    out = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "report"}):
        figure = Figure(layout="constrained")
        FigureCanvasAgg(figure)
        draw(figure)
        figure.savefig(out, format=suffix[1:], dpi=130, metadata=dated.get(suffix))
    return out.getvalue()


def page(draw: Draw, title: str) -> bytes:
    """A page of HTML that holds the figure."""
    picture = drawn(draw, ".svg").decode()
    head = f'<!doctype html><meta charset="utf-8"><title>{html.escape(title)}</title>'
    return f"{head}\n<h1>{html.escape(title)}</h1>\n{picture[picture.index('<svg') :]}".encode()


def _matplotlib() -> Any:
    try:
        import matplotlib
    except ImportError as error:
        raise MissingDependency("matplotlib", "pip install 'infoharness[plots]'") from error
    return matplotlib
