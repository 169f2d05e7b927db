"""The conformance suite: what every plugin promises, as named checks.

In the tests of a plugin one line is enough::

    from harness.testing import conformance


    @conformance("my-plugin")
    def test_conformance(check):
        check()

`harness plugin check my-plugin` makes the same checks on an installed plugin.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness import registry as registries
from harness.components import Component, Plugin
from harness.errors import UsageError, unknown_name
from harness.params import effective
from harness.registry import Registry
from harness.testing import behaviour, cases, declarations
from harness.testing.records import record
from harness.testing.report import Check, Failed, NotChecked, Verdict, verdicts
from harness.testing.samples import sample, with_split
from harness.testing.subject import Subject

__all__ = [
    "Check",
    "Failed",
    "NotChecked",
    "Verdict",
    "checks",
    "conformance",
    "record",
    "sample",
    "verdicts",
    "with_split",
]

Settings = Mapping[str, Mapping[str, Any]]


def checks(plugin: Plugin, registry: Registry, params: Settings | None = None) -> list[Check]:
    """Every check that the declarations of a plugin call for; calling one raises where it fails.

    Parameters
    ----------
    plugin : a row of the registry, loaded or not.
    registry : where its components are.
    params : by component (full or bare name), for components that are slow by default.

    Raises
    ------
    UsageError : ``params`` names an unknown component or parameter.
    """
    found = list(declarations.checks(plugin))
    settings = _settings(plugin, params or {})
    for component in sorted(plugin.components, key=lambda c: (c.role, c.name)):
        if registry.components[component.role].get(component.name) is not component:
            raise UsageError(
                f"{component.name} is not in this registry; "
                f"wanted the one that loaded {plugin.name}"
            )
        given = settings.get(component.name, {})
        found += declarations.component_checks(component)
        found += _run_checks(component, given)
    return found


def _run_checks(component: Component, params: Mapping[str, Any]) -> list[Check]:
    if component.role == "task":
        return list(cases.checks(component, params))
    if component.role == "report":  # the checks have no records that it is about
        return []
    reads = (
        component.spec.reads if isinstance(component.spec.reads, tuple) else (component.spec.reads,)
    )
    return [c for kind in reads for c in behaviour.checks(Subject(component, kind, params))]


def _settings(plugin: Plugin, params: Settings) -> dict[str, Mapping[str, Any]]:
    settings: dict[str, Mapping[str, Any]] = {}
    for name, values in params.items():
        named = [c.name for c in plugin.components if name in (c.name, c.spec.name)]
        if not named:
            raise unknown_name(
                f"component of {plugin.name}", name, [c.name for c in plugin.components]
            )
        for component in plugin.components:
            if component.name in named:
                settings[component.name] = effective(component.spec, component.name, values)
    return settings


def conformance(
    name: str, *, params: Settings | None = None, strict: bool = False
) -> Callable[[Callable[..., Any]], Any]:
    """A pytest decorator: the test runs once per check, which it takes as ``check`` and calls.

    With ``strict``, a check that could not be made fails.

    Raises `UsageError` where no plugin of that name is installed.
    """
    import pytest

    found = registries.default()
    if name not in found.plugins:
        raise unknown_name("plugin", name, found.plugins)
    made = checks(found.plugins[name], found, params)
    return pytest.mark.parametrize("check", [c.strict() if strict else c for c in made], ids=str)
