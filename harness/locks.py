"""A lock between processes that names its owner; the kernel's, so a killed owner leaves none."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path


def acquire(path: Path, doing: str, tell: Callable[[str], None]) -> int | None:
    """Take the lock of a file, waiting for its owner; a handle for `release`.

    Parameters
    ----------
    path : the file, made when absent; a link is refused, because its target would be emptied.
    doing : what its owner does: ``writes to results.sqlite``.
    tell : told, once, for whom this waits.

    Raises `OSError` where the file cannot be opened.
    """
    try:
        import fcntl
    except ImportError:  # Windows: SQLite's own lock is what is left
        return None
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    told = False
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not told:
                    owner = os.pread(handle, 1000, 0).decode(errors="replace").strip()
                    tell(f"waiting for {owner or 'another process'}, which {doing}")
                    told = True
                time.sleep(0.05)
    except BaseException:
        os.close(handle)
        raise
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"process {os.getpid()} ({' '.join(sys.argv)[:200]})".encode(), 0)
    return handle


def release(handle: int) -> None:
    """Let the lock go."""
    os.ftruncate(handle, 0)
    os.close(handle)
