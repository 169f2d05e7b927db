"""Settings: the parameters of an implementation, declared once as the fields of a class.

A settings class is a frozen, keyword-only dataclass in a module that imports nothing heavy; each
field is made by `param`. The spec names the class, the implementation inherits it, and the command
line, `harness show` and the checks of values read it::

    @dataclass(frozen=True, kw_only=True)
    class Neighbours:
        k: int = param(5, "number of neighbours", low=1)
        metric: Literal["euclidean", "chebyshev"] = param("euclidean", "distance between points")

Types are int, float, str, bool, a ``Literal`` of choices, a ``tuple`` of one of them, and any of
these or None.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from harness.errors import PluginError, UsageError

T = TypeVar("T")
_KEY = "harness"


@dataclass(frozen=True)
class ComponentOf:
    """What the component that a parameter names must be: its role, what it reads and gives.

    The value is a text, ``"lm/tiny-lm"`` or with settings ``"lm/tiny-lm[steps=800,layers=2]"``
    (empty for none). It is checked before anything runs, and its source enters the cache key.
    """

    role: Literal["estimator", "model", "task"]
    reads: type | None = None
    gives: type | None = None


@dataclass(frozen=True)
class Param:
    """One parameter as the host sees it, made from a field of a settings class.

    ``type`` is int, float, str, bool, a ``tuple`` of one of them, or any of these or None.
    """

    name: str
    type: Any
    default: Any
    summary: str
    low: float | None = None
    high: float | None = None
    above: float | None = None
    choices: tuple[Any, ...] = ()
    unit: str = ""
    component: ComponentOf | None = None

    def check(self, value: Any, where: str) -> None:
        """Raise `UsageError` where a value (each item of a tuple) is out of range."""
        for item in value if isinstance(value, tuple) else (value,):
            if item is None:
                continue
            if self.choices and item not in self.choices:
                wanted = ", ".join(map(repr, self.choices))
                raise UsageError(f"{where}: {item!r}; wanted one of {wanted}")
            if isinstance(item, int | float) and not (
                (self.low is None or item >= self.low)
                and (self.high is None or item <= self.high)
                and (self.above is None or item > self.above)
            ):
                raise UsageError(f"{where}: {item}; wanted {self.range()}")

    def range(self) -> str:
        """The allowed range in words."""
        bounds = [(self.low, "at least"), (self.above, "more than"), (self.high, "at most")]
        return " and ".join(f"{word} {bound:g}" for bound, word in bounds if bound is not None)


def param(
    default: T,
    summary: str,
    *,
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
    unit: str = "",
    component: ComponentOf | None = None,
) -> T:
    """A field of a settings class.

    Parameters
    ----------
    default : the value where the user sets none.
    summary : what it is, as a noun phrase that a stranger understands.
    low, high, above : range of a number (of each item of a tuple): at least, at most, more than.
    unit : of a number, as printed by `harness show`.
    component : where the text names a component.
    """
    told = {
        "summary": summary,
        "low": low,
        "high": high,
        "above": above,
        "unit": unit,
        "component": component,
    }
    return dataclasses.field(default=default, metadata={_KEY: told})


@functools.cache
def declared(settings: type) -> tuple[Param, ...]:
    """The parameters of a settings class, in the order of its fields.

    Raises `PluginError` for a class that is not a dataclass, and for a field without `param`.
    """
    where = f"{settings.__module__}:{settings.__qualname__}"
    if not dataclasses.is_dataclass(settings):
        raise PluginError(
            f"{where}: wanted a settings class, @dataclass(frozen=True, kw_only=True)"
        )
    hints = typing.get_type_hints(settings)
    found = []
    for field in dataclasses.fields(settings):
        if _KEY not in field.metadata:
            raise PluginError(f"{where}.{field.name}: wanted a field made by harness.param(...)")
        plain, choices = _split(hints[field.name])
        told = field.metadata[_KEY]
        found.append(Param(field.name, plain, field.default, choices=choices, **told))
    return tuple(found)


def _split(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """A type without its ``Literal``, and the choices that the ``Literal`` states."""
    origin, options = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return type(options[0]), options
    if origin is tuple:
        plain, choices = _split(options[0])
        return tuple.__class_getitem__((plain, ...)), choices
    if origin in (types.UnionType, typing.Union):
        plain, choices = _split(next(o for o in options if o is not type(None)))
        return plain | None, choices
    return hint, ()


@dataclass(frozen=True, kw_only=True)
class Device:
    """Where a network runs. ``harness run --device`` sets it for every component that has it."""

    device: Literal["cpu", "cuda"] = param("cpu", "device that the network runs on")
