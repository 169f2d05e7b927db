"""What the host itself costs: start-up, and trivial paths, beside their budgets."""

from __future__ import annotations

import importlib.util
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

TOY = Path(__file__).parents[2] / "tests" / "toy"
BOARDS = Path(__file__).parents[2] / "leaderboards"


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


def protection() -> Iterator[tuple[str, float, float | None]]:
    """What it costs that data stay what they were: seals on 1,000 paths, and what workers look for.

    Each call is timed within the run, so that what is around it does not matter, and the least of
    three runs counts.
    """
    import numpy as np

    from harness.kinds import PairedSamples, Samples
    from harness.leftovers import Leftovers
    from harness.reading import read_records
    from harness.seals import Seal

    spent = 0.0

    def timed(method: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any) -> Any:
            nonlocal spent
            start = time.perf_counter()
            try:
                return method(*args)
            finally:
                spent += time.perf_counter() - start

        return called

    with mock.patch.multiple(Seal, __init__=timed(Seal.__init__), broken=timed(Seal.broken)):
        rounds = []
        for _ in "123":
            spent = 0.0
            _paths(0, time.process_time)
            rounds.append(spent)
    yield "seals of a trivial path, ms", min(rounds), None
    leftovers = Leftovers()
    looked = 1000 * least(leftovers.found)
    yield "what a path left in its worker, ms", looked, None
    yield "both, ms a path", min(rounds) + looked, 0.2

    data = PairedSamples(x=np.zeros((5000, 25)), y=np.zeros((5000, 25)))
    kept = Seal(data)
    sealed = least(lambda: Seal(data)) + least(lambda: kept.broken(data))
    yield "seals of 5,000 pairs in 25 + 25 dimensions, ms", 1000 * sealed, None
    folder = BOARDS / "mutual-information" / "records"
    times = [r.wall_s for r in read_records(folder) if r.status == "ok"]
    yield (
        "the same, in percent of a path of their board",
        100 * sealed * len(times) / sum(times),
        1,
    )
    large = Samples(x=np.ones((2**25, 1)))
    copied = least(large.x.copy)
    digested = least(lambda: Seal(large))
    yield "256 MiB: time of a seal over that of a copy", digested / copied, None


def least(call: Callable[[], object]) -> float:
    """Seconds of a call, the least of fifty."""
    found = []
    for _ in range(50):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return min(found)


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
    rows += protection()
    for name, value, budget in rows:
        limit = "" if budget is None else f"  (budget {budget:g}, {value / budget:.0%} of it)"
        print(f"{name:50} {value:8.3f}{limit}")


if __name__ == "__main__":
    main()
