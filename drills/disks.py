"""A disk that fills up while a run writes, and a store in a folder that cannot be written.

Each run has a mount of its own (``unshare``); where that is not allowed, files have a largest size
(``RLIMIT_FSIZE``), and the read-only folder is one by its mode.
"""

from __future__ import annotations

import os
import random
import resource
import shlex
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from drills.behaviour import command, environment
from harness.cli.store import problems
from harness.store import Store


def drill(count: int) -> tuple[str, bool]:
    """Fill ``count`` disks, and read one store that cannot be written; a line for the table."""
    rng = random.Random(0)
    mounts = _run(["true"], "true").returncode == 0
    announced = lost = faults = full = 0
    for _ in range(count):
        with tempfile.TemporaryDirectory(prefix="drill-") as name:
            folder = Path(name).resolve()
            said = folder / "announced"
            size = rng.randrange(200, 700) * 1024
            ended = _filled(folder, said, size, mounts)
            text = ended.stderr.decode(errors="replace")
            ran_out = ended.returncode == 2 and "Traceback" not in text
            full += ran_out
            lines = said.read_text(encoding="utf-8").splitlines() if said.exists() else []
            announced += len(lines)
            rows, found = _kept(folder / "after")
            faults += found
            lost += sum(line not in rows for line in lines)
            how = text.strip().splitlines()[-1:] if ran_out else [text[-300:]]
            print(
                f"  {size} bytes: status {ended.returncode}, {len(lines)} announced, {how}",
                flush=True,
            )
    read = _read_only(mounts)
    where = "tmpfs" if mounts else "RLIMIT_FSIZE"
    return (
        f"{count} full disks ({where}): {full} ended with status 2 and one line; {announced} results "
        f"announced, {lost} lost or changed, {faults} faults of the store; read-only "
        f"{'mount' if mounts else 'folder'}: {read}",
        full == count and not lost and not faults and read.startswith(("read", "not tried")),
    )


def _run(
    words: list[str], before: str, limit: Callable[[], None] | None = None, **more: object
) -> subprocess.CompletedProcess[bytes]:
    """A command after ``before``, in a space of mounts of its own."""
    script = f"set -e; {before}; {shlex.join(words)}"
    try:
        return subprocess.run(
            ["unshare", "-Urm", "sh", "-c", script] if limit is None else words,
            capture_output=True, preexec_fn=limit, timeout=120, check=False, **more,
        )  # fmt: skip
    except FileNotFoundError:  # not Linux
        return subprocess.CompletedProcess(words, 1, b"", b"no unshare")


def _filled(
    folder: Path, said: Path, size: int, mounts: bool
) -> subprocess.CompletedProcess[bytes]:
    """A run whose store has ``size`` bytes; what it leaves is copied to ``after``."""
    (disk := folder / "disk").mkdir()
    words = [*command(folder, "brief", count=5_000), "--workers", "1"]
    words[words.index("--store") + 1] = str(disk / "store.sqlite")
    own = environment(folder, "full") | {"DRILL_ANNOUNCED": str(said)}
    if mounts:
        script = f"{shlex.join(words)} || ended=$?; cp -r {disk} {folder}/after; exit $ended"
        return _run(["sh", "-c", script], f"mount -t tmpfs -o size={size} none {disk}",
                    cwd=folder, env=own)  # fmt: skip

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    # What is announced is a file too, and bounded with the others: its last line may be half.
    ended = _run(words, "true", limit, cwd=folder, env=own)
    disk.rename(folder / "after")
    return ended


def _kept(folder: Path) -> tuple[set[str], int]:
    store = folder / "store.sqlite"
    if not store.exists():
        return set(), 0
    Store(store, write=True).close()
    with Store(store) as opened:
        return {line for *_, line in opened.rows()}, len(list(problems(opened)))


def _read_only(mounts: bool) -> str:
    """Whether a store that cannot be written is read, and a run there refused in one line."""
    with tempfile.TemporaryDirectory(prefix="drill-") as name:
        folder = Path(name).resolve()
        (disk := folder / "disk").mkdir()
        words = [*command(folder, "z-good"), "--workers", "1"]
        words[words.index("--store") + 1] = str(disk / "store.sqlite")
        own = environment(folder, "read-only")
        subprocess.run(words, cwd=folder, env=own, capture_output=True, check=True)
        results = [*words[:3], "results", "--format", "json", "--store", words[-3]]
        results[-1] = str(disk / "store.sqlite")
        before = f"mount --bind {disk} {disk}; mount -o remount,ro,bind {disk}"
        if not mounts:
            disk.chmod(0o555)
            before = "true"
            if os.geteuid() == 0:
                return "not tried: root writes everywhere"
        limit = None if mounts else (lambda: None)
        good = subprocess.run(results, cwd=folder, env=own, capture_output=True, check=False)
        read = _run(results, before, limit, cwd=folder, env=own)
        words[words.index("--set") + 1] = "plain.count=3"
        ran = _run(words, before, limit, cwd=folder, env=own)
        disk.chmod(0o755)
    if read.returncode or read.stdout != good.stdout or not good.stdout:
        return f"not read: {read.stderr.decode(errors='replace')[-200:]}"
    text = ran.stderr.decode(errors="replace").strip()
    if ran.returncode != 2 or "Traceback" in text:
        return f"a run there ended with {ran.returncode}: {text[-200:]}"
    return f"read as before; a run there is refused ({text.splitlines()[-1].rpartition('sqlite: ')[2]})"
