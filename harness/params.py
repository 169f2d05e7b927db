"""Typed parameters: from the text of ``--set``, or from Python values."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from typing import Any

from harness.errors import UsageError, unknown_name
from harness.settings import Param
from harness.specs import Spec

_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def parse(param: Param, text: str, where: str) -> Any:
    """The value that ``text`` stands for. Raises `UsageError` for another type or range."""
    value = _parse(param.type, text.strip(), where)
    param.check(value, where)
    return value


def _parse(kind: Any, text: str, where: str) -> Any:
    options = typing.get_args(kind)
    if isinstance(kind, types.UnionType):
        if text.lower() in ("none", "") and type(None) in options:
            return None
        return _parse(next(o for o in options if o is not type(None)), text, where)
    if typing.get_origin(kind) is tuple:
        items = split_list(_without_brackets(text.strip()))
        return tuple(_parse(options[0], item, where) for item in items)
    if kind is float and text.endswith("%"):
        return _parse(float, text[:-1].strip(), where) / 100
    try:
        return _WORDS[text.lower()] if kind is bool else kind(text)
    except (ValueError, KeyError):
        raise UsageError(f"{where}: {text!r}; wanted {describe(kind)}") from None


def coerce(param: Param, value: Any, where: str) -> Any:
    """A Python value as the parameter's type (lists become tuples, whole numbers floats)."""
    value = _coerce(param.type, value, where)
    param.check(value, where)
    return value


def _coerce(kind: Any, value: Any, where: str) -> Any:
    options = typing.get_args(kind)
    if isinstance(kind, types.UnionType):
        if value is None and type(None) in options:
            return None
        return _coerce(next(o for o in options if o is not type(None)), value, where)
    if typing.get_origin(kind) is tuple and isinstance(value, list | tuple):
        return tuple(_coerce(options[0], item, where) for item in value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if (
        isinstance(kind, type)
        and isinstance(value, kind)
        and not (kind is int and isinstance(value, bool))
    ):
        return value
    raise UsageError(f"{where}: {value!r} is {type(value).__name__}; wanted {describe(kind)}")


def describe(kind: Any) -> str:
    """A type in the words of a user."""
    words = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
    options = typing.get_args(kind)
    if isinstance(kind, types.UnionType):
        return " or ".join("none" if o is type(None) else describe(o) for o in options)
    if typing.get_origin(kind) is tuple:
        return f"{describe(options[0])} (several, with commas)"
    return words.get(kind, str(kind))


def effective(spec: Spec, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters of a component: the given ones, typed and checked, over the defaults.

    Text is parsed, other values are checked. Raises `UsageError` for unknown names.
    """
    known = {p.name: p for p in spec.parameters}
    values = {p.name: p.default for p in spec.parameters}
    for key, value in given.items():
        if key not in known:
            raise unknown_name(f"parameter of {name}", key, known)
        read = parse if isinstance(value, str) else coerce
        values[key] = read(known[key], value, f"{name}.{key}")
    return values


def split_setting(text: str) -> tuple[str, str, str]:
    """``"msc.h=0.02"`` as component, parameter and value."""
    target, equals, value = text.partition("=")
    name, dot, param = target.strip().rpartition(".")
    if not (equals and dot and name and param):
        raise UsageError(f"--set {text!r}; wanted NAME.PARAMETER=VALUE, such as msc.h=0.02")
    return name, param, value


_OPEN, _CLOSE = "([", ")]"


def split_list(text: str) -> list[str]:
    """The items of a list with commas; a comma within brackets belongs to its item."""
    items, depth = [""], 0
    for letter in text:
        depth += (letter in _OPEN) - (letter in _CLOSE)
        if letter == "," and depth == 0:
            items.append("")
        else:
            items[-1] += letter
    return [item.strip() for item in items if item.strip()]


def _without_brackets(text: str) -> str:
    """``(1,2)`` and ``[1,2]`` as ``1,2``."""
    whole = text[:1] and text[0] in _OPEN and text[-1] in _CLOSE and len(split_list(text)) == 1
    return text[1:-1] if whole else text


def split_component(text: str) -> tuple[str, dict[str, str]]:
    """``"lm/tiny-lm[steps=800,layers=2]"`` as name and settings. Raises `UsageError`."""
    name, bracket, rest = text.strip().partition("[")
    if not bracket:
        return name, {}
    pairs = [item.partition("=") for item in split_list(rest.removesuffix("]"))]
    if not rest.endswith("]") or not all(key.strip() and equals for key, equals, _ in pairs):
        raise UsageError(f"component {text!r}; wanted NAME[PARAMETER=VALUE,...]")
    return name.strip(), {key.strip(): value.strip() for key, _, value in pairs}


def join_component(name: str, values: Mapping[str, Any]) -> str:
    """The text that `split_component` reads, in one form for equal settings."""
    if not values:
        return name
    return f"{name}[{','.join(f'{key}={_written(values[key])}' for key in sorted(values))}]"


def _written(value: Any) -> str:
    if isinstance(value, tuple):
        return f"({','.join(map(_written, value))})"
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return str(value)
