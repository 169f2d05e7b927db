"""Components that are called without a run: what they are given is looked at first.

On a path the planner sees to it that kinds fit. Where `harness.estimator` or `harness.model` hands
a component out, its method refuses data of a kind that it does not read.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from harness.components import Component
from harness.errors import UsageError
from harness.kinds import Kind
from harness.plan import reads
from harness.registry import Registry

METHODS = {"estimator": "estimate", "model": "transform"}


@dataclass(frozen=True)
class _Checked:
    """The method of a component, behind a look at the data."""

    method: Any
    component: Component
    alike: tuple[Component, ...]

    def __call__(self, data: Any, *args: Any, **named: Any) -> Any:
        wanted = reads(self.component)
        if isinstance(data, wanted):
            return self.method(data, *args, **named)
        names = " or ".join(kind.__name__ for kind in wanted)
        said = f"{self.component.name} reads {names}, not {type(data).__name__}"
        if isinstance(data, Kind):
            fit = sorted(c.name for c in self.alike if isinstance(data, reads(c)))
            raise UsageError(f"{said}; what reads that: {', '.join(fit) or 'none of its like'}")
        made = " or ".join(f"{kind.__name__}({_needed(kind)})" for kind in wanted)
        raise UsageError(f"{said}; wanted {made}")


def _needed(kind: type[Kind]) -> str:
    """The fields that have no default."""
    return ", ".join(f.name for f in dataclasses.fields(kind) if f.default is dataclasses.MISSING)


def checked(registry: Registry, component: Component, built: Any) -> Any:
    """``built``, whose method raises `UsageError` for data of another kind than its spec names.

    The error lists the components that read such data and give the same.
    """
    spec = component.spec
    given = (spec.gives, getattr(spec, "quantity", None))
    alike = tuple(
        other
        for other in registry.components[component.role].values()
        if (other.spec.gives, getattr(other.spec, "quantity", None)) == given
    )
    # The object is a frozen dataclass: its method is covered, its fields stay.
    name = METHODS[component.role]
    object.__setattr__(built, name, _Checked(getattr(built, name), component, alike))
    return built
