"""Components by text, with settings given there: ``"lm/tiny-lm[steps=800,layers=2]"``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.components import Component
from harness.errors import UsageError
from harness.params import effective, join_component, split_component
from harness.registry import Registry
from harness.settings import ComponentOf
from harness.specs import Role


def named(registry: Registry, role: Role, text: str) -> tuple[Component, dict[str, Any]]:
    """The component that a text names, and the settings given there, typed and checked.

    Raises `UsageError` for unknown names and settings, and for values out of range.
    """
    name, given = split_component(text)
    component = registry.one(role, name)
    values = parameters(registry, component, given)
    return component, {key: values[key] for key in given}


def parameters(
    registry: Registry, component: Component, given: Mapping[str, Any]
) -> dict[str, Any]:
    """All parameters of a component: the given ones, typed and checked, over the defaults.

    A component that one of them names is looked up, and stands there by its full name with its
    settings in one form. Raises `UsageError`.
    """
    values = effective(component.spec, component.name, given)
    for param in component.spec.parameters:
        if param.component is not None:
            where, value = f"{component.name}.{param.name}", values[param.name]
            if isinstance(value, tuple):
                value = tuple(_in_full(registry, param.component, text, where) for text in value)
            elif value:
                value = _in_full(registry, param.component, value, where)
            values[param.name] = value
    return values


def _in_full(registry: Registry, wanted: ComponentOf, text: str, where: str) -> str:
    try:
        component, given = named(registry, wanted.role, text)
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None
    for word in ("reads", "gives"):
        kind, found = getattr(wanted, word), getattr(component.spec, word, ())
        kinds = found if isinstance(found, tuple) else (found,)
        if kind is not None and kind not in kinds:
            names = " or ".join(k.__name__ for k in kinds) or "nothing"
            raise UsageError(
                f"{where}: {component.name} {word} {names}; "
                f"wanted a {wanted.role} that {word} {kind.__name__}"
            )
    return join_component(component.name, given)
