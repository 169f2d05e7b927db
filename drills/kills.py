"""Kills at random moments: of runs, of their processes, and of merges.

After each, the store must be sound, hold every result that was announced as it was announced, and
no process may be left.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from drills.behaviour import command, environment, marked
from harness.cli.store import problems
from harness.store import Store

PARENTS = 10
"""Of so many kills, about one is of the run itself, and one of a merge."""


def drill(count: int) -> tuple[str, bool]:
    """Kill ``count`` processes; a line for the table."""
    rng = random.Random(0)
    kills = {"runs": 0, "their processes": 0, "merges": 0}
    announced = lost = wrong = left = 0
    with tempfile.TemporaryDirectory(prefix="drill-") as name:
        folder = Path(name).resolve()
        said = folder / "announced"
        while sum(kills.values()) < count:
            for role, killed in _round(folder, said, rng).items():
                kills[role] += killed
            left += _gone(folder)
            with Store(folder / "store.sqlite") as store:
                wrong += len(list(problems(store)))
                rows = {line for *_, line in store.rows()}
            lines = said.read_text(encoding="utf-8").splitlines() if said.exists() else []
            announced += len(lines)
            lost += sum(line not in rows for line in lines)
            kills["merges"] += _merge(folder, rng)
            with suppress(FileNotFoundError):
                said.unlink()
            print(f"  {sum(kills.values())} kills, {announced} announced, {lost} lost", flush=True)
    which = ", ".join(f"{number} of {role}" for role, number in kills.items())
    return (
        f"{sum(kills.values())} kills ({which}): {announced} results announced, {lost} lost or "
        f"changed; {wrong} faults of the store, {left} processes left",
        not (lost or wrong or left),
    )


def _round(folder: Path, said: Path, rng: random.Random) -> dict[str, int]:
    """A run whose processes are killed one by one, and then the run itself."""
    seed = str(rng.randrange(2**40))
    words = [*command(folder, "brief", count=5_000), "--seeds", seed]
    own = environment(folder, str(folder)) | {"DRILL_ANNOUNCED": str(said)}
    run = subprocess.Popen(
        [*words, "--workers", "2"], cwd=folder, env=own,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    killed = 0
    until = time.monotonic() + 60
    begins = rng.random() < 0.8  # now and then before anything has begun
    while begins and not said.exists() and time.monotonic() < until and run.poll() is None:
        time.sleep(0.05)
    time.sleep(rng.random())
    for _ in range(PARENTS - 2):
        others = [pid for pid in marked(str(folder)) if pid != run.pid]
        if others and run.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(rng.choice(others), signal.SIGKILL)
                killed += 1
        time.sleep(rng.random())
    alive = run.poll() is None
    run.kill()
    run.wait()
    if not (folder / "store.sqlite").exists():
        Store(folder / "store.sqlite", write=True).close()
    return {"runs": int(alive), "their processes": killed}


def _gone(folder: Path) -> int:
    """How many processes are left some time after their run was killed; they are ended."""
    until = time.monotonic() + 10
    while (left := marked(str(folder))) and time.monotonic() < until:
        time.sleep(0.05)
    for pid in left:
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    return len(left)


def _merge(folder: Path, rng: random.Random) -> int:
    """Merge the store into another one, killed on the way; the other one must be sound."""
    words = [sys.executable, "-m", "harness", "store", "merge", folder / "store.sqlite"]
    merging = subprocess.Popen(
        [*map(str, words), "--store", str(folder / "merged.sqlite")],
        env=environment(folder, str(folder)), stderr=subprocess.DEVNULL,
    )  # fmt: skip
    time.sleep(rng.random())
    killed = merging.poll() is None
    merging.kill()
    merging.wait()
    if (folder / "merged.sqlite").exists():
        Store(folder / "merged.sqlite", write=True).close()
        with Store(folder / "merged.sqlite") as store:
            assert not list(problems(store)), "a merge that was killed has left faults"
    return int(killed)
