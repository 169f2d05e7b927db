"""What foreign code says, as plain JSON that a file, a terminal and a page can take.

Texts lose what steers terminals (escape sequences, bells, marks that turn the direction of
writing), what no file can hold (lone surrogates), folders of this machine, and all beyond a length.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from harness.errors import PluginError

LONGEST_CAUSE = 8 * 2**10
LONGEST_NOTE = 500
MOST_NOTES = 50
LARGEST = 64 * 2**10
"""Characters of JSON that the diagnostics of one output may take."""
DEEPEST = 8
_STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_FOLDERS = re.compile(r"(?:(?<=file://)|(?<![\w.~/\\]))/(?:[^\s/:;,\"'`<>()\[\]|]+/)+")
_TOKENS = re.compile(r"\b(hf_|ghp_|gho_|github_pat_|sk-)[A-Za-z0-9_-]{16,}")


def text(value: Any, longest: int = LONGEST_NOTE) -> str:
    """A text without control characters, folders and tokens; its middle goes where it is long."""
    found = value if type(value) is str else said(value)
    if len(found) > longest:
        head = longest // 4
        found = f"{found[:head]} [...] {found[len(found) - (longest - head) :]}"
    found = shown(found)
    if "/" in found:
        found = _FOLDERS.sub(".../", found)
    return _TOKENS.sub(r"\1...", found) if "_" in found or "-" in found else found


def shown(value: Any) -> str:
    """A text for a terminal: nothing steers it, the rest stays."""
    found = value if type(value) is str else said(value)
    if found.isprintable():
        return found
    return _STEERING.sub(lambda m: f"\\x{ord(m[0]):02x}", found.replace("\r\n", "\n"))


def said(value: Any) -> str:
    """What an object says of itself, or that it cannot."""
    try:
        return str(value)
    except Exception:
        return f"a {type(value).__name__} that cannot be shown"


def texts(values: Iterable[Any]) -> list[str]:
    """Notes, each once; beyond `MOST_NOTES` their number only."""
    found = list(dict.fromkeys(text(value) for value in values))
    if len(found) <= MOST_NOTES:
        return found
    return [*found[:MOST_NOTES], f"{len(found) - MOST_NOTES} more notes are left out"]


def diagnostics(values: Any) -> dict[str, Any]:
    """Diagnostics as JSON values. Raises `PluginError` for what has no plain form, or too large."""
    if not isinstance(values, Mapping):
        raise PluginError(f"diagnostics are a {type(values).__name__}; wanted a dictionary")
    found: dict[str, Any] = _value(values, "diagnostics", 0)
    if (size := len(json.dumps(found))) > LARGEST:
        raise PluginError(
            f"diagnostics of {size / 1024:.0f} KiB; wanted at most {LARGEST // 1024} KiB"
        )
    return found


def _value(value: Any, where: str, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return text(value, LARGEST // 8)
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
        value = value.item()  # a scalar of numpy, or of torch
    if isinstance(value, float):
        return float(value)
    if isinstance(value, int):
        if abs(value) >= 2**64:
            raise PluginError(f"{where} is a whole number of {value.bit_length()} bits; wanted 64")
        return int(value)
    if depth == DEEPEST:
        raise PluginError(f"{where} is nested deeper than {DEEPEST}")
    if isinstance(value, Mapping):
        return {text(k): _value(v, f"{where}[{text(k)!r}]", depth + 1) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_value(v, f"{where}[{i}]", depth + 1) for i, v in enumerate(value)]
    raise PluginError(
        f"{where} is of type {type(value).__name__}; "
        "wanted numbers, texts, and lists and dictionaries of them"
    )
