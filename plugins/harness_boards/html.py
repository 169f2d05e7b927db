"""HTML from templates: everything that is filled in is escaped, and no tag is written elsewhere.

The lines of a template (but the outermost) are joined without their indentation, so that templates
can be read and pages hold no blanks between elements.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from harness import MissingDependency

if TYPE_CHECKING:
    from jinja2 import Environment


LAYOUT = "layout.html"


@dataclass(frozen=True)
class Drawing:
    """One plot and what stands above it."""

    caption: str
    svg: Markup


def sentence(text: str) -> str:
    """The first sentence of a text; initials ("E. Rosch") end none."""
    return re.split(r"(?<=[.?!])(?<!\b[A-Z]\.)\s+(?=[A-Z`])", text.strip(), maxsplit=1)[0]


def render(template: str, **values: Any) -> Markup:
    """A template filled in. Raises `MissingDependency` without Jinja2."""
    return Markup(_environment().get_template(template).render(values))  # noqa: S704 - autoescaped


@cache
def _environment() -> Environment:
    try:
        from jinja2 import Environment, FunctionLoader, StrictUndefined
    except ImportError as error:
        raise MissingDependency("jinja2", "pip install 'infoharness[boards]'") from error
    made = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    made.filters |= {"ticked": ticked, "sentence": sentence}
    style, script = _text("assets/page.css"), _text("assets/page.js")
    made.globals |= {
        "style": Markup(style),  # noqa: S704 - files of this package
        "script": Markup(script),  # noqa: S704
        "style_digest": _digest(style),
        "script_digest": _digest(script),
    }
    return made


def _template(name: str) -> str:
    text = _text(f"templates/{name}")
    return text if name == LAYOUT else re.sub(r"\n\s*", "", text)


@cache
def _text(name: str) -> str:
    return resources.files("harness_boards").joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def ticked(text: str) -> Markup:
    """Text, with what stands between backticks as code."""
    parts = re.split(r"`([^`]+)`", text)
    codes = (Markup("<code>{}</code>").format(p) if i % 2 else p for i, p in enumerate(parts))
    return Markup("").join(codes)


def safe_json(value: Any) -> Markup:
    """JSON in which nothing can end a script element."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    text = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return Markup(text)  # noqa: S704
