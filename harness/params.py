"""Typed parameters: from the text of ``--set``, or from Python values."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from typing import Any

from harness.errors import UsageError, unknown_name
from harness.specs import Param, Spec

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
        body = text.strip("()[]")
        return tuple(
            _parse(options[0], item.strip(), where) for item in body.split(",") if item.strip()
        )
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
    known = {p.name: p for p in spec.params}
    values = {p.name: p.default for p in spec.params}
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
