"""The result store: one SQLite file, one writer, history kept.

Each record is committed before it is announced, so a killed run loses at most the paths in
flight. Writers hold a lock file that names its owner; readers need none. Arrays (local values)
and model outputs worth keeping lie in a folder beside the file, each written whole or not at all.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from harness import folders
from harness.errors import StoreError
from harness.files import whole
from harness.kinds.base import write_npz
from harness.records import Record, Status

APPLICATION_ID = 0x696E666F  # "info": tells our files from other databases


def _schema_1(db: sqlite3.Connection) -> None:
    db.execute(
        "CREATE TABLE records (id INTEGER PRIMARY KEY, key TEXT NOT NULL, status TEXT NOT NULL,"
        " task TEXT NOT NULL, estimator TEXT NOT NULL, record TEXT NOT NULL) STRICT"
    )
    db.execute("CREATE INDEX by_key ON records (key, status)")
    db.execute(
        "CREATE TABLE fingerprints (token TEXT PRIMARY KEY, fingerprint TEXT NOT NULL) STRICT"
    )
    db.execute("CREATE TABLE machines (id TEXT PRIMARY KEY, facts TEXT NOT NULL) STRICT")


MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (_schema_1,)
"""Applied in order; the number applied is the file's ``user_version``. Append, never edit."""


def default_path() -> Path:
    """``HARNESS_STORE``, or the platform's folder for user data."""
    if given := os.environ.get("HARNESS_STORE"):
        return Path(given)
    return folders.data() / "store.sqlite"


class Store:
    """An open store. Use as a context manager.

    Parameters
    ----------
    path : the file; made when absent and writable. A folder means ``store.sqlite`` in it.
    write : take the writer's lock, waiting for its owner.
    waiting : told, once, who holds the lock that is being waited for.

    Raises
    ------
    StoreError : not a store, from a newer version, in a folder that cannot be written, disk full.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        write: bool = False,
        waiting: Callable[[str], None] | None = None,
    ) -> None:
        self.path = Path(path)
        if self.path.is_dir():
            self.path /= "store.sqlite"
        self.folder = self.path.with_name(self.path.name + ".d")
        self._lock: int | None = None
        if not write and not self.path.exists():
            raise StoreError(f"{self.path}: no store here yet; `harness run` makes one")
        try:
            with self._errors():
                if write:
                    self.path.parent.mkdir(parents=True, exist_ok=True)
                    self._acquire(waiting)
                self._db = sqlite3.connect(self.path, isolation_level=None)
                self._prepare(write)
        except BaseException:
            self.close()
            raise

    def _prepare(self, write: bool) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        application = self._db.execute("PRAGMA application_id").fetchone()[0]
        tables = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if tables and application != APPLICATION_ID:
            raise StoreError(
                f"{self.path}: a database of another program; wanted a harness store or a new file"
            )
        if version > len(MIGRATIONS):
            raise StoreError(
                f"{self.path}: store version {version}, newer than this harness "
                f"(version {len(MIGRATIONS)}): "
                "pip install --upgrade infoharness, or name another --store"
            )
        if version < len(MIGRATIONS) and not write:
            raise StoreError(
                f"{self.path}: store version {version}; a `harness run` brings it up to date"
            )
        if write:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            for number, migrate in enumerate(MIGRATIONS[version:], start=version + 1):
                with self._transaction():
                    migrate(self._db)
                    self._db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                    self._db.execute(f"PRAGMA user_version = {number}")

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """What SQLite and the file system say, as one line for the user."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            said = str(error)
            if "not a database" in said or "malformed" in said:
                raise StoreError(
                    f"{self.path}: not a harness store ({said}); name another --store"
                ) from error
            if "full" in said:
                raise StoreError(
                    f"{self.path}: the disk is full; what was finished is kept"
                ) from error
            raise StoreError(
                f"{self.path}: {said}; check that the file and its folder can be written"
            ) from error
        except OSError as error:
            raise StoreError(
                f"{self.path}: {error.strerror or error}; name a writable --store"
            ) from error

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._errors():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _acquire(self, waiting: Callable[[str], None] | None) -> None:
        """Take the writer's lock; it is the kernel's, so a killed owner leaves none behind."""
        try:
            import fcntl
        except ImportError:  # Windows: SQLite's own lock is what is left
            return
        handle = os.open(
            self.path.with_name(self.path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o644
        )
        told = False
        try:
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if waiting is not None and not told:
                        owner = (
                            os.pread(handle, 1000, 0).decode(errors="replace").strip()
                            or "another process"
                        )
                        waiting(f"waiting for {owner}, which writes to {self.path}")
                        told = True
                    time.sleep(0.05)
        except BaseException:
            os.close(handle)
            raise
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"process {os.getpid()} ({' '.join(sys.argv)[:200]})".encode(), 0)
        self._lock = handle

    def close(self) -> None:
        """Close the file and let the lock go."""
        if hasattr(self, "_db"):
            self._db.close()
        if self._lock is not None:
            os.ftruncate(self._lock, 0)
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def add(self, records: Iterable[Record], fingerprints: dict[str, str] | None = None) -> None:
        """Commit records, and the fingerprints of data that need not be loaded again."""
        rows = [(r.key, r.status.value, r.task, r.estimator, r.to_json()) for r in records]
        with self._transaction():
            self._db.executemany(
                "INSERT INTO records (key, status, task, estimator, record) VALUES (?, ?, ?, ?, ?)",
                rows,
            )
            if fingerprints:
                self._db.executemany(
                    "INSERT OR REPLACE INTO fingerprints VALUES (?, ?)", fingerprints.items()
                )

    def add_machine(self, name: str, facts: dict[str, Any]) -> None:
        """Remember the machine that records point to."""
        with self._transaction():
            row = (name, json.dumps(facts, sort_keys=True))
            self._db.execute("INSERT OR IGNORE INTO machines VALUES (?, ?)", row)

    def array_file(self, key: str) -> Path:
        """Where the arrays that belong to a record lie (``.npz``): local values."""
        return self.folder / "local" / key[:2] / f"{key}.npz"

    def add_arrays(self, key: str, arrays: dict[str, Any], header: dict[str, Any]) -> None:
        """Keep arrays beside the record of that key."""
        with self._errors():
            write_npz(self.array_file(key), arrays, header)

    def finished(self, keys: Iterable[str]) -> dict[str, Record]:
        """The newest successful record of each key that has one. Failures never count."""
        found: dict[str, Record] = {}
        wanted = list(keys)
        with self._errors():
            for start in range(0, len(wanted), 500):
                part = wanted[start : start + 500]
                marks = ",".join("?" * len(part))
                rows = self._db.execute(
                    f"SELECT key, record FROM records WHERE key IN ({marks})"  # noqa: S608
                    " AND status IN (?, ?) ORDER BY id",
                    [*part, Status.OK.value, Status.INCOMPATIBLE.value],
                )
                found.update({key: Record.from_json(text) for key, text in rows})
        return found

    def fingerprint(self, token: str) -> str | None:
        """The fingerprint that belongs to a data token, if the data were ever loaded."""
        with self._errors():
            row = self._db.execute(
                "SELECT fingerprint FROM fingerprints WHERE token = ?", [token]
            ).fetchone()
        return row[0] if row else None

    def records(self, *, history: bool = False) -> list[Record]:
        """The newest record of every key (all of them with ``history``), oldest first."""
        which = "" if history else " WHERE id IN (SELECT max(id) FROM records GROUP BY key)"
        with self._errors():
            rows = self._db.execute(f"SELECT record FROM records{which} ORDER BY id")  # noqa: S608
            return [Record.from_json(text) for (text,) in rows]

    def machines(self) -> dict[str, dict[str, Any]]:
        """The machines that results were made on."""
        with self._errors():
            return {
                name: json.loads(facts)
                for name, facts in self._db.execute("SELECT id, facts FROM machines")
            }

    def merge(self, other: Store) -> int:
        """Add what another store holds and this one does not; the number of records added."""
        with self._errors():
            known = {text for (text,) in self._db.execute("SELECT record FROM records")}
            tokens = dict(
                other._db.execute("SELECT token, fingerprint FROM fingerprints").fetchall()
            )
        new = [r for r in other.records(history=True) if r.to_json() not in known]
        for name, facts in other.machines().items():
            self.add_machine(name, facts)
        with self._errors():
            for record in new:
                source, target = other.array_file(record.key), self.array_file(record.key)
                if source.exists() and not target.exists():
                    with whole(target) as out:
                        out.write(source.read_bytes())
        self.add(new, tokens)
        return len(new)

    def collect_garbage(self, keep: Callable[[Record], bool]) -> int:
        """Remove superseded records and those that ``keep`` refuses; the number removed."""
        with self._errors():
            newest = dict(
                self._db.execute("SELECT key, max(id) FROM records GROUP BY key").fetchall()
            )
            rows = self._db.execute("SELECT id, key, record FROM records").fetchall()
        gone = [i for i, key, text in rows if newest[key] != i or not keep(Record.from_json(text))]
        with self._transaction():
            self._db.executemany("DELETE FROM records WHERE id = ?", [(i,) for i in gone])
        with self._errors():
            self._db.execute("VACUUM")
            kept = {key for (key,) in self._db.execute("SELECT key FROM records")}
            for file in (self.folder / "local").glob("*/*.npz"):
                if file.stem not in kept:
                    file.unlink()
        return len(gone)

    def forget_models(self) -> float:
        """Remove all kept model outputs, which later runs make again; the MiB that frees."""
        files = list((self.folder / "models").glob("*/*.npz"))
        size = sum(file.stat().st_size for file in files)
        with self._errors():
            for file in files:
                file.unlink()
        return size / 2**20
