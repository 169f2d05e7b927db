"""``harness show NAME``: one component in full."""

from __future__ import annotations

import argparse
import json
from typing import Any

from harness.cli import options
from harness.cli.list_ import kinds
from harness.components import Component
from harness.errors import UsageError, unknown_name
from harness.params import describe
from harness.registry import Registry
from harness.settings import Param
from harness.specs import OFFERS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this verb."""
    parser.add_argument("name", help="full or bare name of an estimator, model, task or report")
    options.add_plugins(parser)


def run(args: argparse.Namespace) -> int:
    """Print every component of that name."""
    for number, component in enumerate(find(options.registry(args), args.name)):
        if number:
            print()
        _print(component)
    return 0


def find(registry: Registry, name: str) -> list[Component]:
    """Components of any role with this full or bare name (or glob). Raises `UsageError`."""
    if ":" in name:
        return registry.matching("estimator", name)
    found: list[Component] = []
    for role in OFFERS:
        try:
            found += registry.matching(role, name)
        except UsageError as error:
            if "ambiguous" in str(error) or "did not load" in str(error):
                raise
    if not found:
        known = {
            n
            for role in OFFERS
            for full in registry.components[role]
            for n in (full, full.rpartition("/")[2])
        }
        raise unknown_name("component", name, known)
    return found


def _print(component: Component) -> None:
    spec = component.spec
    print(options.filled(spec.summary, f"{component.name} ({component.role}): ", "    "))
    lines = [("reads" if component.role == "report" else "kinds", kinds(component))]
    if component.role == "estimator" and spec.quantity:
        lines.append(
            (
                "measures",
                f"{spec.quantity.name}"
                + (f", in {spec.quantity.unit}" if spec.quantity.unit else ""),
            )
        )
    if component.role == "task":
        for quantity in spec.quantities:
            unit = f" [{quantity.unit}]" if quantity.unit else ""
            better = (
                "" if quantity.better in ("truth", "none") else f", {quantity.better} is better"
            )
            lines.append((quantity.name, f"{quantity.summary}{unit}{better}"))
        lines.append(("baselines", ", ".join(spec.baselines)))
    elif component.role != "report":
        lines.append(("needs", ", ".join(spec.needs)))
    lines.append(("uses", ", ".join(spec.uses)))
    lines += [
        ("traits", ", ".join(spec.traits)),
        ("requires", ", ".join(spec.requires)),
        ("paper", spec.paper),
    ]
    if absent := component.missing():
        lines.append(("missing", str(absent)))
    lines = [(f"{word}:", text) for word, text in lines if text]
    width = max(len(word) for word, _ in lines)
    for word, text in lines:
        indent = (3 + width) * " "
        first = f"  {word:{width}} "
        print(options.filled(text, first, indent))
    if spec.parameters:
        print(options.filled(f"(--set {spec.name}.PARAMETER=VALUE):", "  parameters ", "    "))
    for param in spec.parameters:
        print(f"    {param.name} = {_value(param.default)}")
        print(options.filled(_described(param), 8 * " ", 8 * " "))


def _value(value: Any) -> str:
    """A value as ``--set`` reads it."""
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "()"
    return json.dumps(value) if isinstance(value, bool | str) else str(value).lower()


def _described(param: Param) -> str:
    """What a parameter is, its unit, and what it can be."""
    kind = f"one of {', '.join(map(str, param.choices))}" if param.choices else describe(param.type)
    if param.component is not None:
        kind = f"the name of a component of role {param.component.role}, NAME[PARAMETER=VALUE,...]"
    told = [kind, param.range(), f"in {param.unit}" if param.unit else ""]
    return f"{param.summary} ({', '.join(filter(None, told))})"
