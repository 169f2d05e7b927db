"""``harness doctor``: what is installed, and what is missing."""

from __future__ import annotations

import argparse
import importlib.metadata

import harness
from harness import machine
from harness.cli import options
from harness.specs import OFFERS
from harness.store import default_path

PACKAGES = (
    "numpy",
    "pluggy",
    "networkx",
    "rich",
    "tabulate",
    "scipy",
    "scikit-learn",
    "numba",
    "ase",
    "pyarrow",
    "pandas",
    "torch",
    "transformers",
    "datasets",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this verb."""
    options.add_plugins(parser)
    options.add_store(parser)


def run(args: argparse.Namespace) -> int:
    """Print versions, machine, store and plugins; status 1 where something needs a fix."""
    facts = machine.facts()
    print(f"infoharness {harness.__version__}, Python {facts['python']}, {facts['system']}")
    print(f"{facts['cpu']}, {facts['cores']} cores, {facts['memory_gib']} GiB")
    print("threads: 1 for each process, or --threads N, whatever OMP_NUM_THREADS says")
    path = args.store or default_path()
    print(f"store: {path}")
    for package in PACKAGES:
        try:
            print(f"  {package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            print(f"  {package} not installed")
    registry, problems = options.registry(args), 0
    for plugin in registry.plugins.values():
        absent = {str(m) for c in plugin.components if (m := c.missing())}
        counts = {role: sum(c.role == role for c in plugin.components) for role in OFFERS}
        parts = [f"{count} {role}{'s' * (count != 1)}" for role, count in counts.items() if count]
        print(f"plugin {plugin.name} {plugin.version}: {', '.join([plugin.state, *parts])}")
        for line in [f"{plugin.problem}: {plugin.fix}"] if plugin.problem else []:
            print(f"    {line}")
        for line in sorted(absent):
            print(f"    {line}")
        problems += bool(absent) or plugin.state not in ("ok", "blocked")
    print("all well" if not problems else f"{problems} plugins need something")
    return 1 if problems else 0
