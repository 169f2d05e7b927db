"""A component that a plugin declares, and a plugin as it was found."""

from __future__ import annotations

import importlib.util
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness import sources
from harness.errors import MissingDependency
from harness.params import effective
from harness.specs import Role, resolve


@dataclass(frozen=True)
class Component:
    """An estimator, model, task or report that a plugin declares."""

    role: Role
    plugin: str
    spec: Any

    @property
    def name(self) -> str:
        """The full name, ``plugin/name``."""
        return f"{self.plugin}/{self.spec.name}"

    def missing(self) -> MissingDependency | None:
        """The first required package that is not installed, without importing any."""
        for package in self.spec.requires:
            if importlib.util.find_spec(package) is None:
                return MissingDependency(package, f"pip install '{self.spec.install or package}'")
        return None

    def implementation(self) -> Any:
        """Import the class that the lazy reference names.

        Raises `MissingDependency` or `PluginError`.
        """
        if absent := self.missing():
            raise absent
        return resolve(self.spec.implementation, self.name)

    def build(self, params: Mapping[str, Any]) -> Any:
        """The implementation with ``params`` over the defaults."""
        return self.implementation()(**effective(self.spec, self.name, params))


@dataclass
class Plugin:
    """One row of ``harness plugin list``."""

    name: str
    module: str
    distribution: str = ""
    version: str = ""
    location: str = ""
    state: str = "ok"
    problem: str = ""
    fix: str = ""
    trace: str = ""
    components: list[Component] = field(default_factory=list)

    def fail(self, state: str, problem: str, fix: str) -> None:
        """Mark it as broken, with the reason and what fixes it."""
        self.state, self.problem, self.fix = state, problem, fix
        self.trace = traceback.format_exc()

    def digest(self) -> str:
        """Digest of its source."""
        return sources.digest(self.module)
