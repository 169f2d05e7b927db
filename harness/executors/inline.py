"""Run units in this process: for debuggers, notebooks and trivial estimators."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import replace

from harness.keeper import Keeper
from harness.outputs import Estimate
from harness.registry import Registry
from harness.threads import Threads
from harness.units import Ask, Outcome, Show, ShowUnit, Unit
from harness.work import Bench


class Inline:
    """One unit after the other. No deadline and no memory bound can be kept here.

    Nor is the truth in another room: what a component does to this process, it does to the run.
    """

    def __init__(self, registry: Registry, threads: Threads, *, debug: bool = False) -> None:
        self._keeper = Keeper(registry, threads, debug=debug)
        self._bench = Bench(registry, threads, debug=debug)
        self._current: list[Unit] = []

    def outcomes(self, units: Iterable[Unit], ask: Ask, show: ShowUnit) -> Iterator[Outcome]:
        """Perform the units in order."""
        for unit in units:
            self._current = [unit]
            outcome = self._perform(unit, ask, functools.partial(show, unit))
            self._current = []
            if outcome is not None:
                yield outcome

    def _perform(self, unit: Unit, ask: Ask, show: Show) -> Outcome | None:
        loaded = self._keeper.load(unit, _untold)
        if loaded.data is None or loaded.fingerprint is None:
            return Outcome.begun(unit, loaded)
        wanted = ask(unit, loaded.fingerprint)
        if not wanted:
            return None
        unit = replace(unit, cases=wanted)
        outcome = Outcome.begun(unit, loaded)
        self._keeper.begin()
        done = self._bench.perform(
            unit.work(loaded.fingerprint),
            loaded.data,
            _untold,
            show,
            functools.partial(self._keeper.respond, unit),
        )
        outcome.add(unit, done)
        if done.spoiled:
            self._keeper.forget()
        if done.output is not None and not isinstance(done.output, Estimate):
            outcome.cases = self._keeper.judge(unit, done.output, _untold)
        return outcome

    def in_flight(self) -> list[Unit]:
        """The unit that is running, if any."""
        return self._current


def _untold(stage: str) -> None:
    """Nobody keeps a deadline here."""
