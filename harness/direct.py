"""Answers without a run: information between arrays, and structures worth keeping.

>>> import harness, numpy as np
>>> rng = np.random.default_rng(0)
>>> x = rng.normal(size=2000)
>>> found = harness.measure(x, x + rng.normal(size=2000), estimators="classics/gaussian")
>>> round(found["classics/gaussian"].value, 1)  # ln(2) / 2 = 0.35 nats
0.4
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any, Literal

import numpy as np

from harness import registry
from harness.arrays import Ints
from harness.columns import of_object, variables
from harness.components import Component
from harness.errors import DataError, Incompatible, MissingDependency, UsageError
from harness.kinds import (
    ConditionedSamples,
    Environments,
    Kind,
    PairedSamples,
    Samples,
    Structures,
)
from harness.naming import named
from harness.outputs import Estimate
from harness.plan import reads
from harness.seeds import stream


def measure(
    x: Any,
    y: Any = None,
    given: Any = None,
    *,
    estimators: str | Iterable[str] = "classics/*",
    seed: int = 0,
    missing: Literal["error", "drop"] = "error",
) -> dict[str, Estimate]:
    """Entropy of ``x``, information between ``x`` and ``y``, or that given ``given``, in nats.

    Parameters
    ----------
    x, y, given : arrays or tensors ``(n,)`` or ``(n, d)``, series or data frames (numpy, torch,
        pandas, polars). Discrete and mixed columns are recognized as in `harness.columns`.
    estimators : names, with settings (``"classics/ksg[k=3]"``) or wildcards.
    seed : of estimators that draw at random.
    missing : rows with missing values are an error, or are left out.

    Returns
    -------
    By full name, the estimate of each that suits the data.

    Raises
    ------
    UsageError : unknown names, missing values, columns of different lengths.
    Incompatible : no estimator suits; it says why.
    """
    if given is not None and y is None:
        raise UsageError("measure(x, given=z): no y; wanted measure(x, y, given=z)")
    sides = {"x": x, "y": y, "z": given}
    groups = {name: of_object(side, name) for name, side in sides.items() if side is not None}
    found = variables(groups, missing)
    columns, kinds = zip(*found.values(), strict=True)
    kind: type[Kind] = (Samples, PairedSamples, ConditionedSamples)[len(found) - 1]
    data: Kind = kind(*columns) if kind is Samples else kind(*columns, *kinds)
    names = [estimators] if isinstance(estimators, str) else list(estimators)
    estimates: dict[str, Estimate] = {}
    refused: dict[str, str] = {}
    for component, params in _asked(names, kind):
        try:
            rng = stream(seed, "measure", component.name)
            estimates[component.name] = component.build(params).estimate(data, rng=rng)
        except (Incompatible, DataError, MissingDependency) as error:
            refused[component.name] = str(error)
    if not estimates:
        told = "; ".join(f"{name}: {reason}" for name, reason in refused.items())
        raise Incompatible(f"no estimator suits {data!r}: {told or 'none of those named reads it'}")
    return estimates


def _asked(names: Iterable[str], kind: type[Kind]) -> list[tuple[Component, dict[str, Any]]]:
    """The estimators of these names that read ``kind``, with their settings."""
    found = registry.default()
    asked: dict[str, tuple[Component, dict[str, Any]]] = {}
    matching: list[tuple[Component, dict[str, Any]]]
    for name in names:
        if "[" not in name and any(mark in name for mark in "*?"):
            matching = [(component, {}) for component in found.matching("estimator", name)]
        else:
            matching = [named(found, "estimator", name)]
        for component, params in matching:
            if kind in reads(component) and component.spec.gives is Estimate:
                asked[component.name] = component, dict(params)
    return list(asked.values())


def select(
    structures: Any,
    keep: float | int = 0.1,
    *,
    method: str = "msc/msc",
    descriptor: str = "msc/quests",
    seed: int = 0,
) -> Ints:
    """The positions (m,) of the structures, or vectors, that are worth keeping, best first.

    Parameters
    ----------
    structures : a list of ASE atoms, `harness.Structures`, `harness.Environments`, or vectors
        ``(n, d)``, each of which is then a structure of its own.
    keep : a share below 1, or a number of structures.
    method : an estimator that selects environments.
    descriptor : the model that makes environments of structures.

    Raises
    ------
    UsageError : a ``keep`` out of range, or unknown names.
    DataError : structures or vectors that are none.
    """
    data = _environments(structures, descriptor, seed)
    count = keep if isinstance(keep, int) else max(1, round(keep * data.n))
    if isinstance(keep, bool) or not 1 <= count <= data.n or keep <= 0:
        raise UsageError(f"keep={keep}; wanted a share between 0 and 1, or 1 to {data.n}")
    data = dataclasses.replace(data, sizes=(count,))
    component, params = named(registry.default(), "estimator", method)
    if Environments not in reads(component):
        raise UsageError(f"{component.name} reads no Environments; wanted a selector such as msc")
    selection = component.build(params).estimate(data, rng=stream(seed, "select", component.name))
    chosen: Ints = selection.subset(count)
    return chosen


def _environments(structures: Any, descriptor: str, seed: int) -> Environments:
    if isinstance(structures, Environments):
        return structures
    if isinstance(structures, np.ndarray) or hasattr(structures, "detach"):
        columns = of_object(structures, "vectors")
        x = variables({"vectors": columns})["vectors"][0]
        return Environments(x, np.arange(len(x) + 1))
    if not isinstance(structures, Structures):
        structures = Structures.of_atoms(structures)
    component, params = named(registry.default(), "model", descriptor)
    made = component.build(params).transform(
        structures, to=Environments, rng=stream(seed, "select", component.name)
    )
    if not isinstance(made, Environments):
        raise UsageError(f"{component.name} gives {type(made).__name__}; wanted Environments")
    return made
