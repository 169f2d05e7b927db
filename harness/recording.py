"""Records of what came of paths, with all that a reader needs to judge them."""

from __future__ import annotations

import datetime
import functools
import importlib.metadata
import platform
from collections.abc import Mapping
from typing import Any

import harness
from harness import machine, plain
from harness.identity import RECIPE, data_token, path_key, path_sources
from harness.identity import sources as sources_of
from harness.plan import Path
from harness.records import Record
from harness.registry import Registry
from harness.specs import Case
from harness.units import CaseResult, Outcome


class Recorder:
    """Makes the records and keys of one run, whose processes compute on ``threads`` threads."""

    def __init__(self, registry: Registry, threads: int) -> None:
        self._registry, self._threads = registry, threads
        self._source_digests: dict[str, dict[str, str]] = {}

    def token(self, path: Path, source: str, stamp: str) -> str:
        """Names the data of a source of the path's task, which has a stamp."""
        task = path.task
        if task.name not in self._source_digests:
            steps = [(task.component, task.params)]
            self._source_digests[task.name] = sources_of(self._registry, steps)
        return data_token(path, source, stamp, self._source_digests[task.name])

    def keys(self, path: Path, cases: tuple[str, ...], fingerprint: str) -> dict[str, str]:
        """The cases by the keys of their records."""
        sources = self._sources(path)
        return {path_key(path, c, fingerprint, sources, self._threads): c for c in cases}

    def record(
        self, path: Path, case: Case | None, result: CaseResult, outcome: Outcome | None = None
    ) -> Record:
        """The record of a case; without an outcome, of a path that could not begin."""
        outcome = outcome or Outcome(0, [])
        sources = self._sources(path)
        quantity = self._quantity(path, result)
        cost = outcome.cost
        truth = error = None
        if result.value is not None and case is not None:
            truth = case.truth.get(quantity)
            if truth is not None:
                error = 0.0 if result.value == truth else result.value - truth
        return Record(
            key=path_key(path, result.case, outcome.fingerprint or "", sources, self._threads),
            status=result.status,
            task=path.task.name,
            case=result.case,
            source=case.source if case else result.case,
            models=tuple(m.name for m in path.models),
            estimator=path.estimator.name,
            plugin=path.estimator.component.plugin,
            params={
                "task": _as_stored(path.task.params),
                "models": [_as_stored(m.params) for m in path.models],
                "estimator": _as_stored(path.estimator.params),
            },
            seed=path.seed,
            quantity=quantity,
            unit=self._registry.quantity(quantity).unit,
            value=result.value,
            stderr=result.stderr,
            truth=truth,
            error=error,
            scores=result.scores,
            facts=dict(case.facts) if case else {},
            cluster=case.cluster if case else "",
            truths=self._truths(case, result, quantity),
            diagnostics=plain.diagnostics(outcome.diagnostics),
            cause=None if result.cause is None else plain.text(result.cause, plain.LONGEST_CAUSE),
            notes=tuple(plain.texts(outcome.notes)),
            wall_s=cost.wall_s if cost else None,
            cpu_s=cost.cpu_s if cost else None,
            peak_mib=cost.peak_mib if cost else None,
            prefix_s=outcome.prefix_s,
            score_s=result.score_s,
            threads=self._threads,
            recipe=RECIPE,
            n=outcome.n,
            fingerprint=outcome.fingerprint,
            sources=sources,
            versions=self._versions(sources) | outcome.versions,
            machine=machine.name(outcome.card),
            started=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        )

    @staticmethod
    def _truths(case: Case | None, result: CaseResult, quantity: str) -> dict[str, float]:
        """What is known of the scores beside the value."""
        if case is None:
            return {}
        return {k: v for k, v in case.truth.items() if k in result.scores and k != quantity}

    def _sources(self, path: Path) -> dict[str, str]:
        if str(path) not in self._source_digests:
            self._source_digests[str(path)] = path_sources(self._registry, path)
        return self._source_digests[str(path)]

    def _quantity(self, path: Path, result: CaseResult) -> str:
        """What the value is: the estimator's quantity, or the first that the task scored."""
        if own := path.estimator.component.spec.quantity:
            return str(own.name)
        ranked = [q.name for q in path.task.component.spec.quantities]
        return next(
            (name for name in ranked if name in result.scores), ranked[0] if ranked else "score"
        )

    def _versions(self, sources: dict[str, str]) -> dict[str, str]:
        plugins = (self._registry.plugins[p] for p in sources if p in self._registry.plugins)
        return dict(_versions(tuple(plugin.distribution for plugin in plugins)))


def _as_stored(params: Mapping[str, Any]) -> dict[str, Any]:
    """As a store or a file gives them back, so that what was run now and before is one row."""
    return {k: list(v) if isinstance(v, tuple) else v for k, v in params.items()}


@functools.cache
def _versions(distributions: tuple[str, ...]) -> dict[str, Any]:
    versions = {"python": platform.python_version(), "infoharness": harness.__version__}
    for distribution in filter(None, distributions):
        versions[distribution] = importlib.metadata.version(distribution)
    return versions
