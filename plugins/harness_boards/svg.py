"""Drawings that go into a page: matplotlib's SVG, made plain.

A page forbids styles that are not its own, follows a light or dark scheme, and must come out byte
for byte the same. So styles become attributes, colours become the page's custom properties,
coordinates are rounded, and names, dates and whatever nothing refers to are dropped. Text stays
text.
"""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from markupsafe import Markup

from harness import MissingDependency
from harness_boards.axes import thin

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, FAINT, REST, GRID, PAPER = "#f20000", "#f20001", "#f20002", "#f20003", "#f20004"
SERIES = tuple(f"#f1000{i}" for i in range(8))
"""Stand-ins: matplotlib wants real colours, the page puts its own in their place."""

_OWN = {INK: "ink", FAINT: "faint", REST: "plot-rest", GRID: "plot-grid", PAPER: "paper"} | {
    colour: f"plot-{i}" for i, colour in enumerate(SERIES)
}
_SPACE = re.compile(r"\{[^}]*\}")
_NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
_FONT = re.compile(r"(?:(?P<weight>bold|[1-9]00)\s+)?(?P<size>[\d.]+)px")
_SETTINGS: dict[str, Any] = {
    "svg.hashsalt": "board",
    "svg.fonttype": "none",
    "text.parse_math": False,
    "path.simplify": False,
    "font.family": "sans-serif",
    "font.size": 10.0,
    "text.color": INK,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.labelsize": 10.0,
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.formatter.useoffset": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": GRID,
    "lines.linewidth": 1.6,
    "xtick.color": FAINT,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 9.0,
    "ytick.color": FAINT,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 9.0,
}


@contextlib.contextmanager
def drawing(width: int, height: int) -> Iterator[Figure]:
    """An empty drawing of that many pixels, under settings that are not the user's own.

    Raises `MissingDependency` where matplotlib is not installed.
    """
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingDependency("matplotlib", "pip install 'infoharness[boards]'") from error
    settings: Any = {**matplotlib.rcParamsDefault, **_SETTINGS}
    with matplotlib.rc_context(settings):
        yield Figure(figsize=(width / 72, height / 72), dpi=72)


def inline(figure: Figure, name: str, title: str, description: str = "") -> Markup:
    """The drawing as an ``svg`` element; ``name`` keeps its ids apart from those of the page's
    other drawings.

    Without a title it is decoration, hidden from those who listen.
    """
    for axes in figure.axes:
        thin(axes)
    out = io.StringIO()
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", "Glyph .* missing"
        )  # the reader's fonts draw it, not matplotlib's
        figure.savefig(
            out,
            format="svg",
            metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
        )
    root = ElementTree.fromstring(out.getvalue())  # noqa: S314  (matplotlib has just written it)
    used = set(
        re.findall(
            r"#([\w-]+)", " ".join(v for e in root.iter() for k, v in e.attrib.items() if k != "id")
        )
    )
    _prune(root)
    for element in root.iter():
        _plain(element, used, name)
    box = root.attrib["viewBox"]
    root.attrib.clear()
    root.set("viewBox", box)
    if title:
        root.attrib |= {"role": "img", "aria-label": f"{title}. {description}".strip()}
        for position, (tag, text) in enumerate((("title", title), ("desc", description))):
            label = ElementTree.Element(tag)
            label.text = text
            root.insert(position, label)
    else:
        root.set("aria-hidden", "true")
    text = ElementTree.tostring(root, encoding="unicode", short_empty_elements=True)
    return Markup(text)  # noqa: S704 - escaped by ElementTree


def _prune(parent: ElementTree.Element) -> None:
    """Drop metadata, style sheets, comments, and the groups that hold nothing else."""
    for child in list(parent):
        tag = _SPACE.sub("", child.tag) if isinstance(child.tag, str) else "comment"
        _prune(child)
        if tag in ("metadata", "style", "comment") or (tag in ("g", "defs") and not len(child)):
            parent.remove(child)


def _plain(element: ElementTree.Element, used: set[str], name: str) -> None:
    element.tag = _SPACE.sub("", element.tag)
    element.tail = None
    if element.tag != "text":
        element.text = None
    found: dict[str, str] = {}
    for key, value in element.attrib.items():
        local = _SPACE.sub("", key)
        if local == "id":
            if value in used:
                found["id"] = f"{name}-{value}"
        elif local == "style":
            found |= _attributes(value)
        elif local == "href" or value.startswith("url("):
            found[local] = value.replace("#", f"#{name}-")
        else:
            found[local] = _NUMBER.sub(_rounded, value)
    element.attrib.clear()
    element.attrib.update(sorted(found.items()))


def _attributes(style: str) -> dict[str, str]:
    """A style as presentation attributes, in the page's colours; the page chooses the font."""
    found = {}
    for part in filter(None, map(str.strip, style.split(";"))):
        key, _, value = (p.strip() for p in part.partition(":"))
        if key in ("font", "font-size"):
            font = _FONT.search(value)
            if font:
                found["font-size"] = font["size"]
                if font["weight"]:
                    found["font-weight"] = font["weight"]
        elif value in _OWN:
            found[key] = f"var(--{_OWN[value]})"
        elif key not in ("font-family", "font-stretch", "font-variant", "font-style"):
            found[key] = _NUMBER.sub(_rounded, value)
    return found


def _rounded(match: re.Match[str]) -> str:
    """Two places are a fraction of a pixel, and hide how processors round."""
    short = f"{float(match[0]):.2f}".rstrip("0").rstrip(".")
    return "0" if short == "-0" else short
