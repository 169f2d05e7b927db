"""``harness show NAME``: one component in full."""

from __future__ import annotations

import argparse
import json

from harness.cli import options
from harness.cli.list_ import kinds
from harness.errors import UsageError, unknown_name
from harness.params import describe
from harness.registry import ROLES, Component, Registry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this verb."""
    parser.add_argument("name", help="full or bare name of an estimator, model or task")
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
    for role in ROLES:
        try:
            found += registry.matching(role, name)
        except UsageError as error:
            if "ambiguous" in str(error) or "did not load" in str(error):
                raise
    if not found:
        known = {
            n
            for role in ROLES
            for full in registry.components[role]
            for n in (full, full.rpartition("/")[2])
        }
        raise unknown_name("component", name, known)
    return found


def _print(component: Component) -> None:
    spec = component.spec
    print(f"{component.name} ({component.role}): {spec.summary}")
    lines = [("kinds", kinds(component))]
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
    else:
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
        print(f"  {word:{width}} {text}")
    if spec.params:
        print("  parameters, set with --set:")
    for param in spec.params:
        default = (
            json.dumps(param.default)
            if not isinstance(param.default, tuple)
            else ",".join(map(str, param.default))
        )
        limits = param.range() or (
            ("one of " + ", ".join(map(str, param.choices))) if param.choices else ""
        )
        kind = describe(param.type) + (f", {limits}" if limits else "")
        print(f"    {spec.name}.{param.name}={default}  {param.summary} ({kind})")
