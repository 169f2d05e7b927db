"""Models and an estimator on data: what a worker does, and what the in-process executor does.

Nothing here knows the task, its cases or the truth. Model outputs are shared by the work that
follows on the same data; what is declared deterministic is shared between seeds too. What a
component was given is looked at again after it: who changed it has failed.
"""

from __future__ import annotations

import json
import logging
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from harness import machine, plain
from harness.cost import Cost
from harness.errors import HarnessError, PluginError
from harness.identity import kept_name
from harness.kept import units_of
from harness.kinds import Kind
from harness.long_work import heard_by
from harness.outputs import Output
from harness.registry import Registry
from harness.seals import Seal
from harness.seeds import generator
from harness.specs import EstimatorSpec, ModelSpec, Role
from harness.stages import Failure, Stages, check_kind, explain, listening, seed_global_generators
from harness.threads import Threads
from harness.units import Done, Named, Respond, Show, Tell, Work

HOLD = 2
"""How many data sets keep their model outputs."""
LARGEST_OUTPUT = 2**27
"""Bytes that the arrays of an output may have: they are sent to the run, and kept in files."""


class Bench:
    """Does one piece of work after the other, keeping what the next can use.

    ``threads`` limits the numeric libraries, and is entered by whoever makes the bench. The global
    generators are seeded before each stage, and put back by the same (`seeds.put_back`).
    """

    def __init__(self, registry: Registry, threads: Threads, *, debug: bool = False) -> None:
        self._registry, self._stages = registry, Stages(registry, threads)
        self._debug = debug
        self._seal: tuple[str, Seal] | None = None
        self._doubted = ""
        self._outputs: dict[str, Any] = {}
        self._held: list[str] = []
        self._warm: set[str] = set()
        self._seeded: tuple[str, dict[str, Any]] = "", {}

    def perform(self, work: Work, data: Kind, tell: Tell, show: Show, respond: Respond) -> Done:
        """Run the models and the estimator. Raises nothing but on Ctrl-C."""
        done = Done()
        with listening(done.notes), heard_by(show):
            try:
                done.output, done.cost, done.prefix_s, read = self._perform(
                    work, data, tell, respond
                )
                done.units = units_of(done.output, read)
            except Failure as failure:
                if self._debug:
                    raise failure.cause from None
                done.status, done.cause = explain(failure.stage, failure.cause)
                done.spoiled = isinstance(failure.cause, _Changed)
                if done.spoiled:
                    self._forget()
                return done
        steps: list[tuple[Role, str]] = [("model", name) for name, _ in work.models]
        done.versions = self._stages.versions([*steps, ("estimator", work.estimator[0])])
        asked = [params.get("device") for _, params in (*work.models, work.estimator)]
        done.card = machine.card() if any(d not in (None, "cpu") for d in asked) else ""
        return done

    def _perform(
        self, work: Work, data: Kind, tell: Tell, respond: Respond
    ) -> tuple[Output, Cost, float, Kind]:
        if self._seal is not None and self._doubted == work.data:
            _require_restored(self._seal[1], data)
        if self._seal is None or self._seal[0] != work.data or self._doubted:
            self._seal, self._doubted = (work.data, Seal(data)), ""
            self._hold(work.data)
        seal, prefix_s = self._seal[1], 0.0
        for depth in range(len(work.models)):
            data, seal, seconds = self._model(work, depth, data, seal, tell)
            prefix_s += seconds
        return *self._estimate(work, data, seal, tell, respond), prefix_s, data

    def _forget(self) -> None:
        """Drop all outputs: one of them, or what it was made from, has been changed."""
        self._outputs, self._held, self._seeded = {}, [], ("", {})
        self._doubted = self._seal[0] if self._seal else ""

    def _hold(self, data: str) -> None:
        """Drop the outputs of data sets that were not used for longest."""
        self._held = [held for held in self._held if held != data] + [data]
        gone, self._held = self._held[:-HOLD], self._held[-HOLD:]
        for old in gone:
            self._outputs = {k: v for k, v in self._outputs.items() if not k.startswith(old)}

    def _model(
        self, work: Work, depth: int, data: Kind, seal: Seal, tell: Tell
    ) -> tuple[Kind, Seal, float]:
        name, params = work.models[depth]
        spec: ModelSpec = self._registry.one("model", name).spec
        memo, key = self._memo(work, work.models[: depth + 1])
        if key not in memo:
            kept = None
            if work.keep and spec.keep:
                steps = work.models[: depth + 1]
                kept_as = kept_name(self._registry, key, steps, self._stages.threads)
                kept = Path(work.keep, kept_as[:2], f"{kept_as}.npz")
            with self._stages.stage(f"model {name}", tell):
                started = time.perf_counter()
                out = _kept(spec.gives, kept)
                if out is None:
                    own, shared = work.streams[depth]
                    seed_global_generators(shared)
                    model = self._stages.build("model", name, params)
                    out = model.transform(data, to=spec.gives, rng=generator(own))
                    check_kind(out, spec.gives, name)
                    _require_judged(data, out)
                    _require_unchanged(seal, data)
                    if kept is not None:
                        out.save(kept)
                memo[key] = out, Seal(out), time.perf_counter() - started
        found: tuple[Kind, Seal, float] = memo[key]
        return found

    def _memo(self, work: Work, models: tuple[Named, ...], *more: Named) -> tuple[Any, str]:
        """Where the output of steps on these data is remembered, and under which key.

        What is deterministic throughout is shared between seeds; the rest lasts for one seed.
        """
        parts: list[tuple[Role, str, Any]] = [("model", *m) for m in models]
        parts += [("estimator", *e) for e in more]
        key = work.data + json.dumps(parts, sort_keys=True)
        specs = (self._registry.one(role, name).spec for role, name, _ in parts)
        if all("deterministic" in spec.traits for spec in specs):
            return self._outputs, key
        if self._seeded[0] != work.scope:
            self._seeded = work.scope, {}
        return self._seeded[1], f"{work.scope} {key}"

    def _estimate(
        self, work: Work, data: Kind, seal: Seal, tell: Tell, respond: Respond
    ) -> tuple[Output, Cost]:
        name, params = work.estimator
        spec: EstimatorSpec = self._registry.one("estimator", name).spec
        memo, key = self._memo(work, work.models, work.estimator)
        if key in memo:
            remembered: tuple[Output, Cost] = memo[key]
            return remembered
        with self._stages.stage(f"estimator {name}", tell):
            estimator = self._stages.build("estimator", name, params)
            if name not in self._warm:
                # Compilation and the like are paid once per process, outside of the timing.
                getattr(estimator, "warm_up", lambda: None)()
                self._warm.add(name)
                self._stages.hold()
            own, shared = work.streams[-1]
            given: dict[str, Any] = {"rng": generator(own)}
            if spec.asks is not None:
                given["respond"] = respond
            seed_global_generators(shared)
            cost = Cost.start()
            output: Output = estimator.estimate(data, **given)
            cost.stop()
            if not isinstance(output, spec.gives):
                raise PluginError(
                    f"gave {type(output).__name__}; its spec says {spec.gives.__name__}"
                )
            _require_unchanged(seal, data)
            _tidy(output)
        # No other work asks for an output that depends on the seed, or on a task's answers.
        if memo is self._outputs and spec.asks is None:
            memo[key] = output, cost
        return output, cost


def _tidy(output: Output) -> None:
    """Make the diagnostics plain. Raises `PluginError` where they, or arrays, cannot be kept."""
    object.__setattr__(output, "diagnostics", plain.diagnostics(output.diagnostics))
    size = sum(v.nbytes for v in vars(output).values() if isinstance(v, np.ndarray))
    if size > LARGEST_OUTPUT:
        raise PluginError(
            f"gave {size / 2**20:.0f} MiB of values; wanted at most {LARGEST_OUTPUT / 2**20:.0f}"
        )


def _require_judged(data: Kind, out: Kind) -> None:
    """Raise `PluginError` where a model of a kind to itself wrote what results are judged by."""
    if type(data) is not type(out) or not data.judged:
        return
    before, after = data.evaluated(), out.evaluated()
    for field in data.judged:
        if not np.array_equal(getattr(before, field), getattr(after, field)):
            raise PluginError(
                f"changed {type(data).__name__}.{field}, by which results are judged; "
                "wanted the labels of the evaluated units as they came"
            )


def _require_restored(seal: Seal, data: Kind) -> None:
    """Raise `Failure` where data that were loaded anew are still those that somebody changed."""
    if field := seal.broken(data):
        error = PluginError(
            f"{type(data).__name__}.{field} was changed by a component before, and the task gives "
            "what it gave then; wanted --workers 1, where nobody can change data"
        )
        raise Failure("data", error)


def _kept(kind: type[Kind], file: Path | None) -> Kind | None:
    """A model's output that was kept; none where the file is absent, or no longer what it was."""
    if file is None or not file.exists():
        return None
    try:
        return kind.load(file)
    except (HarnessError, OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        logging.getLogger("harness").warning(
            "a kept output of %d bytes cannot be read (%s); it is computed again",
            file.stat().st_size,
            type(error).__name__,
        )
        return None


class _Changed(PluginError):
    """A component changed what it was given."""


def _require_unchanged(seal: Seal, data: Kind) -> None:
    if field := seal.broken(data):
        raise _Changed(
            f"changed its input ({type(data).__name__}.{field}); data are only read: "
            f"wanted np.array(data.{field}) before anything is changed"
        )
