"""The library door: components by name, and runs.

>>> import harness, numpy as np
>>> rng = np.random.default_rng(0)
>>> points = harness.Samples(np.zeros((4, 2)))
>>> harness.estimator("msc/entropy").estimate(points, rng=rng).value
0.0
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from harness import calls, given, plan, registry
from harness.naming import named
from harness.records import Records
from harness.runner import Options
from harness.runner import run as run_plan
from harness.specs import Role
from harness.store import Store


def estimator(name: str, **params: Any) -> Any:
    """The estimator with this full or bare name: ``.estimate(data, rng=rng) -> Output``.

    The name may carry settings, ``"classics/ksg[k=3]"``; ``params`` go before them. Raises
    `UsageError` for unknown names and parameters, `MissingDependency` where a package is absent;
    ``estimate`` raises `UsageError` for data of a kind that the estimator does not read.
    """
    return _built("estimator", name, params)


def model(name: str, **params: Any) -> Any:
    """The model with this name: ``.transform(data, to=Kind, rng=rng) -> Kind``; see `estimator`."""
    return _built("model", name, params)


def task(name: str, **params: Any) -> Any:
    """The task with this name: ``.cases(seed=0)``, ``.score(case, output)``; see `estimator`."""
    return _built("task", name, params)


def _built(role: Role, name: str, params: Mapping[str, Any]) -> Any:
    known = registry.default()
    component, settings = named(known, role, name)
    built = component.build({**settings, **params})
    return built if role == "task" else calls.checked(known, component, built)


def run(
    data: Any = None,
    *,
    plugins: Iterable[str] = (),
    tasks: Iterable[str] = (),
    models: Iterable[str] = (),
    estimators: Iterable[str] = (),
    params: Mapping[str, Mapping[str, Any]] | None = None,
    seeds: Iterable[int] = (0,),
    baselines: bool = True,
    device: str | None = None,
    workers: int = 0,
    threads: int = 1,
    gpu_workers: int = 1,
    timeout: float | None = None,
    memory: float | None = None,
    store: str | Path | None = None,
) -> Records:
    """Run every legal path of a request, as ``harness run`` does.

    Parameters
    ----------
    data : an object in memory that a task takes: ASE's atoms in a list or `Structures`, a graph of
        networkx or PyTorch Geometric or `Graph`, a data frame, `PairedSamples`. It is written to a
        temporary file, which the task reads; ``tasks`` says which where several could.
    plugins, tasks, models, estimators : names or globs.
    params : by component, such as ``{"msc": {"h": 0.02}}``.
    seeds : one run of every path for each.
    device : such as ``"cuda"``: the parameter of that name, of every component that has one and
        that ``params`` does not set.
    workers : 0 runs in this process; more are supervised processes.
    threads : threads that each process computes on, whatever the environment says.
    gpu_workers : how many of the workers may compute on a GPU.
    timeout, memory : seconds and MiB per path (with workers).
    store : where results are kept and looked up; without it nothing is kept.

    Raises
    ------
    UsageError : unknown names, wrong parameters, no legal path, a device that is not there, an
        object that no task takes.
    """
    found = registry.default()
    options = Options(
        workers=workers, threads=threads, gpu_workers=gpu_workers, timeout=timeout, memory=memory
    )
    with tempfile.TemporaryDirectory() as text:
        folder, asked, settings = Path(text), tuple(tasks), dict(params or {})
        if data is not None:
            name, where = given.placed(found, data, asked, folder)
            asked = (name,)
            bare = name.rpartition("/")[2]
            settings[name] = {**where, **settings.pop(bare, {}), **settings.pop(name, {})}
        request = plan.Request(
            tuple(plugins),
            asked,
            tuple(models),
            tuple(estimators),
            settings,
            tuple(seeds),
            baselines,
            device,
        )
        with Store(store or folder / "store.sqlite", write=True) as opened:
            result = run_plan(found, plan.make(found, request), opened, options)
        for problem in result.problems:
            warnings.warn(problem, stacklevel=2)
        if result.interrupted:
            raise KeyboardInterrupt
        return result.records
