"""The units that wait, in an order that uses up what is loaded."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from harness.units import Unit


class Queue:
    """Units waiting, by whether they ask for a GPU and by the data they need."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self._rows: dict[bool, dict[str, deque[Unit]]] = {False: {}, True: {}}
        self.suspects: list[Unit] = []
        """Those that wait for processes that nobody has used."""
        for unit in units:
            self._rows[unit.device != "cpu"].setdefault(unit.data_key, deque()).append(unit)

    def __bool__(self) -> bool:
        return any(self._rows.values()) or bool(self.suspects)

    def startable(self, gpu_slots: int) -> int:
        """How many units could begin at once where ``gpu_slots`` of them may use a GPU."""
        on_cpu, on_gpu = (sum(map(len, self._rows[gpu].values())) for gpu in (False, True))
        return on_cpu + min(on_gpu, gpu_slots) + len(self.suspects)

    def take(self, held: str, busy: set[str], *, gpu: bool, new: bool) -> Unit | None:
        """The next unit for a worker that has ``held`` loaded while others have ``busy``.

        Units for a GPU come first where it may have them (``gpu``), because they wait for one
        another. Then its own data first, data that nobody has loaded, the longest row of others.
        Suspects go to a ``new`` worker, and before all others. None where all that waits is for
        a GPU, or for a new worker.
        """
        for suspect in self.suspects if new else ():
            if gpu or suspect.device == "cpu":
                self.suspects.remove(suspect)
                return suspect
        rows = self._rows[True] if gpu and self._rows[True] else self._rows[False]
        if not rows:
            return None
        key: str | None = held
        if key not in rows:
            key = next((k for k in rows if k not in busy), None)
        if key is None:
            key = max(rows, key=lambda k: len(rows[k]))
        unit = rows[key].popleft()
        if not rows[key]:
            del rows[key]
        return unit

    def put_back(self, unit: Unit) -> None:
        """Take a unit again that died where others had worked: it is to try in a new worker."""
        self.suspects.append(unit)

    def drop(self, lost: Unit, stage: str) -> list[Unit]:
        """Remove and return the units that would go through the stage at which ``lost`` died."""

        def doomed(unit: Unit) -> bool:
            same_models = unit.models[: len(lost.models)] == lost.models
            return unit.seed == lost.seed and (stage.startswith("task") or same_models)

        gone: list[Unit] = []
        for rows in self._rows.values():
            row = rows.pop(lost.data_key, deque())
            gone += [u for u in row if doomed(u)]
            if rest := deque(u for u in row if not doomed(u)):
                rows[lost.data_key] = rest
        return gone
