"""Run units in this process: for debuggers, notebooks and trivial estimators."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.registry import Registry
from harness.threads import Threads
from harness.units import Ask, Outcome, Show, Unit
from harness.work import Bench


class Inline:
    """One unit after the other. No deadline and no memory bound can be kept here."""

    def __init__(self, registry: Registry, threads: Threads, *, debug: bool = False) -> None:
        self._bench = Bench(registry, threads, debug=debug)
        self._current: list[Unit] = []

    def outcomes(self, units: Iterable[Unit], ask: Ask, show: Show) -> Iterator[Outcome]:
        """Perform the units in order."""
        for unit in units:
            self._current = [unit]
            outcome = self._bench.perform(unit, ask, show=show)
            self._current = []
            if outcome is not None:
                yield outcome

    def in_flight(self) -> list[Unit]:
        """The unit that is running, if any."""
        return self._current
