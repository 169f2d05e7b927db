"""Each behaviour of the hostile plugin beside an honest estimator, under a deadline and a bound.

Passed: the run ends within a minute; every path has a record, with a status that is expected of the
behaviour; the honest estimator has the values and surroundings that it has alone; no process of the
run is left; the process of the run needs less than 600 MB.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
HOSTILE = Path(__file__).parent / "hostile"
LIMIT_S, LIMIT_MB = 60, 600
EXPECTED = {
    "timeout": "loop-py loop-c loop-numba loop-hold-gil sig-ignore fork-bomb-timeout stop-self spawner "
    "nap garbage-partial steady",
    "memory": "hog hog-child hog-shm memory-err",
    "memory timeout": "hog-fast",
    "crashed": "segv stderr-flood-dies stderr-one-line-dies stderr-surrogate-dies os-exit close-fds "
    "garbage import-osexit import-segv thread-exits write-data",
    "error": "exit exit-text keyboard-int gen-exit huge-diagnostics deep-diagnostics cycle-diagnostics "
    "object-diagnostics bytes-diagnostics array-diagnostics lambda-diagnostics foreign-diagnostics "
    "reduce-diagnostics complex big-int msg-surrogate msg-ansi msg-huge msg-raises msg-bytes recursion "
    "group bool-value str-value fault-off import-exit import-raise change-registry",
    "crashed memory": "recursion-c",
    "error memory timeout": "huge-local",
}
"""Statuses by behaviour; all others are expected to be ``ok``, and noted where they leave traces."""


@dataclass
class Ended:
    """How a run ended."""

    records: list[dict]
    status: int
    seconds: float
    peak_mb: float
    left: int
    said: str


def expected(name: str) -> set[str]:
    """The statuses that a behaviour may have."""
    for statuses, names in EXPECTED.items():
        if name.removeprefix("a-") in names.split():
            return set(statuses.split())
    return {"ok"}


def names() -> list[str]:
    """All behaviours."""
    sys.path.insert(0, str(HOSTILE))
    from harness_hostile import IMPORTS, NAMES

    return [*NAMES, *(f"a-import-{how}" for how in IMPORTS)]


def environment(folder: Path, mark: str) -> dict[str, str]:
    """The variables of a run in a folder of its own; ``mark`` is found in all that it starts."""
    path = [str(HOSTILE), *map(str, (ROOT, ROOT / "plugins", ROOT / "tasks"))]
    own = {"DRILL_FOLDER": folder, "DRILL_STORE": folder / "store.sqlite", "DRILL_MARK": mark}
    own |= {"HARNESS_CACHE": folder / "cache", "PYTHONPATH": os.pathsep.join(path)}
    return os.environ | {name: str(value) for name, value in own.items()}


def command(folder: Path, *estimators: str, count: int = 2) -> list[str]:
    """The command of a run of these estimators."""
    chosen = [word for name in estimators for word in ("--estimator", f"hostile/{name}")]
    more = ["--set", f"plain.count={count}", "--store", str(folder / "store.sqlite")]
    return [sys.executable, "-m", "harness", "run", "--task", "hostile/plain", *chosen, *more]


def run(*estimators: str, count: int = 2, timeout: float = 8.0) -> Ended:
    """Run estimators of the hostile plugin on one worker."""
    mark = secrets.token_hex(16)
    with tempfile.TemporaryDirectory(prefix="drill-") as name:
        folder = Path(name).resolve()
        bounds = ["--workers", "1", "--timeout", str(timeout), "--memory", "2048"]
        words = [*command(folder, *estimators, count=count), *bounds, "--format", "json"]
        started, peak = time.monotonic(), 0.0
        with (folder / "out").open("wb") as out, (folder / "said").open("wb") as said:
            process = subprocess.Popen(
                words, cwd=folder, env=environment(folder, mark), stdout=out, stderr=said
            )
            while process.poll() is None and time.monotonic() - started < LIMIT_S:
                peak = max(peak, _peak_mb(process.pid))
                time.sleep(0.03)
            if process.poll() is None:
                process.kill()
            process.wait()
        seconds = time.monotonic() - started
        time.sleep(0.1)
        left = marked(mark)
        for pid in left:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        lines = (folder / "out").read_bytes().split(b"\n")
        records = [json.loads(line) for line in lines if line.strip()]
        text = (folder / "said").read_bytes()[-500:].decode(errors="replace")
    return Ended(records, process.returncode, seconds, peak, len(left), text)


def marked(mark: str) -> list[int]:
    """The processes that a run has started and that are still there."""
    found = []
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            with suppress(OSError):
                dead = (path / "stat").read_bytes().rpartition(b")")[2].split()[0] == b"Z"
                if not dead and mark.encode() in (path / "environ").read_bytes():
                    found.append(int(path.name))
    return found


def _peak_mb(pid: int) -> float:
    with suppress(OSError, IndexError):
        status = Path(f"/proc/{pid}/status").read_bytes()
        return int(status.partition(b"VmHWM:")[2].split()[0]) / 1024
    return 0.0


def honest(ended: Ended) -> dict[str, object]:
    """What the honest estimator has found, and where."""
    own = [r for r in ended.records if r["estimator"] == "hostile/z-good"]
    return {r["case"]: (r["value"], r["diagnostics"]) for r in own}


def wrong(name: str, alone: dict[str, object], ended: Ended) -> list[str]:
    """What did not pass, in words."""
    own = [r["status"] for r in ended.records if r["estimator"] == f"hostile/{name}"]
    found = []
    if len(own) != len(alone):
        found.append(f"{len(own)} records of {len(alone)}: {ended.said[-200:]}")
    if odd := set(own) - expected(name):
        found.append(f"status {odd}, expected {expected(name)}")
    if honest(ended) != alone:
        found.append("the honest estimator differs")
    if ended.left:
        found.append(f"{ended.left} processes left")
    if ended.peak_mb > LIMIT_MB:
        found.append(f"{ended.peak_mb:.0f} MB")
    if ended.seconds > LIMIT_S:
        found.append("did not end")
    return found


def drill(count: int) -> tuple[str, bool]:
    """All behaviours (the first ``count``), one run each; a line for the table."""
    alone = honest(run("z-good"))
    assert len(alone) == 2, "the honest estimator does not run alone"
    failed, chosen, peak = 0, names()[:count], 0.0
    for name in chosen:
        ended = run(name, "z-good")
        problems = wrong(name, alone, ended)
        failed += bool(problems)
        peak = max(peak, ended.peak_mb)
        print(
            f"  {name}: {'; '.join(problems) or 'as expected'}, {ended.seconds:.1f} s", flush=True
        )
    passed = len(chosen) - failed
    return (
        f"{passed} of {len(chosen)} behaviours as expected; largest run process {peak:.0f} MB",
        failed == 0,
    )
