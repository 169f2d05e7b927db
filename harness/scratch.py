"""What killed processes leave in folders: half written files, and folders of their own."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PREFIX = "harness-"
"""What the names of our folders for passing data begin with."""
STALE_S = 3600.0
"""Seconds after which a file under a temporary name is that of a process which was killed."""
_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{16}")


def sweep(folder: Path) -> int:
    """Remove what `whole` was killed over, in a folder and below; the number of files removed."""
    count = 0
    for file in folder.rglob(".*"):
        with contextlib.suppress(OSError):
            old = time.time() - file.lstat().st_mtime > STALE_S
            if old and _TEMPORARY.fullmatch(file.name) and file.is_file():
                file.unlink()
                count += 1
    return count


@contextlib.contextmanager
def scratch(place: Path) -> Iterator[Path]:
    """A folder of this process in ``place``, removed at the end.

    Those whose processes were killed are removed now: nobody holds their locks any more.
    """
    import fcntl

    for left in place.glob(f"{PREFIX}*/lock"):
        with contextlib.suppress(OSError):
            handle = os.open(left, os.O_RDWR | os.O_NOFOLLOW)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left.parent, ignore_errors=True)
            finally:
                os.close(handle)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=place) as name:
        lock = Path(name, "lock")
        # Locked before it has its name, so that nobody finds it free.
        handle = os.open(lock.with_name("own"), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            lock.with_name("own").rename(lock)
            yield Path(name)
        finally:
            os.close(handle)
