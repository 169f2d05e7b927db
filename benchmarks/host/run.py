"""What the host itself costs: start-up, and trivial paths, beside their budgets."""

from __future__ import annotations

import importlib.util
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

TOY = Path(__file__).parents[2] / "tests" / "toy"


def user_seconds(*words: str) -> float:
    """User CPU seconds of a command, the least of five."""
    found = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        found.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)
    return min(found)


def paths(workers: int) -> tuple[float, float]:
    """Seconds for 1,000 trivial paths, and for the same again from the store: the least of three.

    Processor seconds in this process, which a busy machine moves little; with workers, wall time.
    """
    rounds = [_paths(workers, time.perf_counter if workers else time.process_time) for _ in "123"]
    return min(r[0] for r in rounds), min(r[1] for r in rounds)


def _paths(workers: int, clock: Callable[[], float]) -> tuple[float, float]:
    from harness import plan, registry, runner
    from harness.store import Store

    found = registry.load()
    request = plan.Request(
        tasks=("normals",), estimators=("noise",), params={"normals": {"count": 1000}}
    )
    with tempfile.TemporaryDirectory() as folder:
        seconds = []
        for _ in range(2):
            start = clock()
            with Store(Path(folder) / "s.sqlite", write=True) as store:
                made = plan.make(found, request)
                result = runner.run(found, made, store, runner.Options(workers=workers))
            seconds.append(clock() - start)
            assert len(result.records) == 1000
        return seconds[0], seconds[1]


def main() -> None:
    """Print figures and budgets."""
    harness = (sys.executable, "-m", "harness")
    bare = user_seconds(sys.executable, "-c", "pass")
    rows = [("bare interpreter, user s", bare, None)]
    rows.append(("harness --help, user s", user_seconds(*harness, "--help"), 0.05))
    rows.append(("harness list, user s", user_seconds(*harness, "list"), 0.25))
    if importlib.util.find_spec("click"):
        rows.append(
            (
                "import click, user s",
                user_seconds(sys.executable, "-c", "import click") - bare,
                None,
            )
        )
    sys.path.insert(0, str(TOY))
    os.environ.pop("HARNESS_STORE", None)
    first, again = paths(0)
    rows += [
        ("a trivial path in process, CPU ms", first, 0.8),
        ("1,000 paths from the store, CPU s", again, 0.1),
    ]
    rows.append(("a trivial path on two workers, ms", paths(2)[0], 1.2))
    for name, value, budget in rows:
        limit = "" if budget is None else f"  (budget {budget:g}, {value / budget:.0%} of it)"
        print(f"{name:36} {value:8.3f}{limit}")


if __name__ == "__main__":
    main()
