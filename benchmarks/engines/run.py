"""What each engine costs a trivial path: the first run, and the same again from the store.

Wall time, and CPU seconds of this process and of those it has waited for. The ratio is to this
process in the same round of runs; the fixed cost of an engine is its time for few paths.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from pathlib import Path

TOY = Path(__file__).parents[2] / "tests" / "toy"
ENGINES = {
    "in process": {"workers": 0},
    "two local workers": {"workers": 2},
    "Dask, two workers": {"workers": 2, "executor": "dask"},
    "Slurm's jobs here, two": {"workers": 2, "executor": "slurm"},
}
FEW, MANY, ROUNDS = 10, 1010, 3


def cpu() -> float:
    """CPU seconds of this process and of the ended ones that it waited for."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(u.ru_utime + u.ru_stime for u in used)


def spent(count: int, **options: object) -> tuple[float, float, int]:
    """Wall and CPU seconds of a run of ``count`` paths into a new store, and the store's bytes."""
    from harness import plan, registry, runner
    from harness.store import Store

    found = registry.load()
    request = plan.Request(
        tasks=("normals",), estimators=("noise",), params={"normals": {"count": count}}
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "s.sqlite"
        wall, used = time.perf_counter(), cpu()
        with Store(file, write=True) as store:
            made = plan.make(found, request)
            result = runner.run(found, made, store, runner.Options(**options))  # type: ignore[arg-type]
        wall, used = time.perf_counter() - wall, cpu() - used
        assert [r.status.value for r in result.records] == ["ok"] * count
        return wall, used, file.stat().st_size


def main() -> None:
    """Print the table."""
    sys.path.insert(0, str(TOY))
    os.environ["PYTHONPATH"] = os.pathsep.join([str(TOY), os.environ.get("PYTHONPATH", "")])
    os.environ.pop("HARNESS_STORE", None)
    rows: dict[str, list[tuple[float, float, float]]] = {name: [] for name in ENGINES}
    size = 0
    for _ in range(ROUNDS):  # each round has all engines, so that a busy minute hits all of them
        for name, options in ENGINES.items():
            start, start_cpu, _ = spent(FEW, **options)
            wall, used, size = spent(MANY, **options)
            per = 1000 / (MANY - FEW)
            rows[name].append((start, (wall - start) * per, (used - start_cpu) * per))
    print("| engine | start, s | a path more, wall ms | CPU ms | wall by in process |")
    print("| --- | --- | --- | --- | --- |")
    base = min(wall for _, wall, _ in rows["in process"])
    for name, found in rows.items():
        start, wall, used = (min(column) for column in zip(*found, strict=True))
        print(f"| {name} | {start:.2f} | {wall:.2f} | {used:.2f} | {wall / base:.1f} |", flush=True)
    print(f"bytes of the store per result: {size / MANY:.0f}")


if __name__ == "__main__":
    main()
