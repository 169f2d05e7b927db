"""Stores that are damaged, of a newer version, or wanted twice: never a wrong value, never a traceback."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import tempfile
from pathlib import Path

from drills.behaviour import command, environment
from harness.cli.store import problems
from harness.errors import StoreError
from harness.store import Store

PAGE = 4096


def drill(count: int) -> tuple[str, bool]:
    """Damage ``count`` copies of a store; a line for the table."""
    with tempfile.TemporaryDirectory(prefix="drill-") as name:
        folder = Path(name).resolve()
        twice = _two_at_once(folder)
        store = folder / "store.sqlite"
        with Store(store) as opened:
            written = {r.key: r.to_json() for r in opened.records()}
        found = {"refused": 0, "in part": 0, "whole": 0, "wrong": 0}
        rng = random.Random(0)
        for _ in range(count):
            found[_damaged(store, folder / "copy.sqlite", written, rng)] += 1
        newer = _newer(store, folder / "newer.sqlite")
    counts = ", ".join(f"{number} {what}" for what, number in found.items())
    passed = twice == 0 and found["wrong"] == 0 and newer
    return (
        f"two equal runs at once: {twice} faults; {count} damaged stores read: {counts}; a newer "
        f"version is {'refused' if newer else 'read'}",
        passed,
    )


def _two_at_once(folder: Path) -> int:
    words = [*command(folder, "brief", count=300), "--workers", "1"]
    runs = [
        subprocess.Popen(
            words, cwd=folder, env=environment(folder, "two"),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for _ in range(2)
    ]  # fmt: skip
    faults = sum(run.wait(300) != 0 for run in runs)
    with Store(folder / "store.sqlite") as store:
        keys = [record.key for record in store.records(history=True)]
        faults += len(list(problems(store))) + (len(keys) != 300 or len(set(keys)) != 300)
    return faults


def _damaged(store: Path, copy: Path, written: dict[str, str], rng: random.Random) -> str:
    """Overwrite some pages of a copy, or cut it off; what reading it gives."""
    shutil.copyfile(store, copy)
    for rest in ("-wal", "-shm"):
        copy.with_name(copy.name + rest).unlink(missing_ok=True)
    size = copy.stat().st_size
    with copy.open("r+b") as file:
        if rng.random() < 0.2:
            file.truncate(rng.randrange(size))
        for _ in range(rng.randrange(1, 4)):
            file.seek(rng.randrange(max(1, size // PAGE)) * PAGE)
            file.write(rng.randbytes(PAGE) if rng.random() < 0.5 else bytes(PAGE))
    try:
        with Store(copy) as opened:
            read = {r.key: r.to_json() for r in opened.records()}
    except StoreError:
        return "refused"
    if any(written.get(key) != line for key, line in read.items()):
        return "wrong"
    return "whole" if read == written else "in part"


def _newer(store: Path, copy: Path) -> bool:
    shutil.copyfile(store, copy)
    database = sqlite3.connect(copy)
    database.execute("PRAGMA user_version = 99")
    database.close()
    try:
        Store(copy).close()
    except StoreError as error:
        return "newer than this harness" in str(error)
    return False
