"""The result store: one SQLite file, one writer, history kept.

Each record is committed before it is announced, so a killed run loses at most the paths in
flight. Writers hold a lock file that names its owner; readers need none. Arrays (local values)
and model outputs worth keeping lie in a folder beside the file, each written whole or not at all.
A row that cannot be read is as good as absent: it is said, and computed again where it is wanted.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import folders, locks
from harness.errors import StoreError, UsageError
from harness.files import whole
from harness.kinds.base import write_npz
from harness.records import Record, Status
from harness.scratch import sweep

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


@dataclass(frozen=True)
class Merged:
    """What came of a merge: how many results were added, and where two stores disagree."""

    added: int
    conflicts: list[str]


@dataclass(frozen=True)
class Garbage:
    """Numbers of rows that are of no use any more, by why."""

    superseded: list[int]
    stale: list[int]
    unreadable: list[int]

    def __len__(self) -> int:
        return len(self.superseded) + len(self.stale) + len(self.unreadable)


def _inode(path: Path) -> int | None:
    """What a name stands for; None for nothing."""
    return path.stat().st_ino if path.exists() else None


def _rank(record: Record) -> tuple[bool, str]:
    """What decides between two results with one key."""
    return not record.status.failed, record.started


class Store:
    """An open store. Use as a context manager.

    Parameters
    ----------
    path : the file; made when absent and writable. A folder means ``store.sqlite`` in it.
    write : take the writer's lock, waiting for its owner.
    tell : told, once each, who holds the lock that is being waited for, and what cannot be read.

    Raises
    ------
    StoreError : not a store, from a newer version, in a folder that cannot be written, disk full.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        write: bool = False,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        if str(path) == ":memory:":
            raise StoreError("':memory:' would be lost at the end; wanted the name of a file")
        # Resolved, so that a store has one lock whatever links lead to it.
        self.path = Path(path).resolve()
        if self.path.is_dir():
            self.path /= "store.sqlite"
        self._tell, self._unreadable = tell or (lambda said: None), 0
        self.folder = self.path.with_name(self.path.name + ".d")
        self._lock: int | None = None
        self._file: int | None = None
        if not write and not self.path.exists():
            raise StoreError(f"{self.path}: no store here yet; `harness run` makes one")
        try:
            with self._errors():
                if write:
                    self.path.parent.mkdir(parents=True, exist_ok=True)
                    lock = self.path.with_name(self.path.name + ".lock")
                    self._lock = locks.acquire(lock, f"writes to {self.path}", self._tell)
                self._db = self._connect(write)
                self._prepare(write)
                self._file = _inode(self.path)
        except BaseException:
            self.close()
            raise

    def _connect(self, write: bool) -> sqlite3.Connection:
        """The open file. Where its folder cannot be written, what was checkpointed is read."""
        db = sqlite3.connect(self.path, isolation_level=None)
        if not write:
            try:
                db.execute("PRAGMA user_version").fetchone()
            except sqlite3.OperationalError:
                db.close()
                db = sqlite3.connect(f"{self.path.as_uri()}?immutable=1", uri=True)
                log = self.path.with_name(self.path.name + "-wal")
                if log.exists() and log.stat().st_size:
                    self._tell(f"{self.path}: read-only; results still in {log.name} are left out")
        return db

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

    @property
    def gone(self) -> bool:
        """Whether the file that is written to is no longer the one of its name."""
        return self._file != _inode(self.path)

    def close(self) -> None:
        """Close the file and let the lock go."""
        if hasattr(self, "_db"):
            self._db.close()
        if self._lock is not None:
            locks.release(self._lock)
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
        """Where the arrays of an output lie (``.npz``, names as in `harness.kept`)."""
        return self.folder / "local" / key[:2] / f"{key}.npz"

    def add_arrays(self, key: str, arrays: dict[str, Any], header: dict[str, Any]) -> None:
        """Keep arrays beside the record of that key."""
        with self._errors():
            write_npz(self.array_file(key), arrays, header, compressed=True)

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
                found.update({record.key: record for _, record in self._read(rows)})
        return found

    def _read(self, rows: Iterable[tuple[Any, str]]) -> Iterator[tuple[Any, Record]]:
        """The records of rows, each with what the row begins with; what cannot be read is said."""
        unreadable = 0
        for first, line in rows:
            try:
                yield first, Record.from_json(line)
            except UsageError:
                unreadable += 1
        if unreadable > self._unreadable:
            self._unreadable = unreadable
            self._tell(
                f"{self.path}: results that cannot be read count as absent ({unreadable}); "
                "`harness store gc` removes them"
            )

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
            rows = self._db.execute(
                f"SELECT id, record FROM records{which} ORDER BY id"  # noqa: S608
            )
            return [record for _, record in self._read(rows)]

    def machines(self) -> dict[str, dict[str, Any]]:
        """The machines that results were made on."""
        with self._errors():
            return {
                name: json.loads(facts)
                for name, facts in self._db.execute("SELECT id, facts FROM machines")
            }

    def merge(self, other: Store) -> Merged:
        """Add what another store holds and this one does not.

        Of two results with one key a success counts before a failure, then the one that was made
        last, wherever it comes from; successes that differ in their value are conflicts.
        """
        with self._errors():
            known = {text for (text,) in self._db.execute("SELECT record FROM records")}
            tokens = dict(
                other._db.execute("SELECT token, fingerprint FROM fingerprints").fetchall()
            )
        mine = {record.key: record for record in self.records()}
        new = [r for r in other.records(history=True) if r.to_json() not in known]
        for name, facts in other.machines().items():
            self.add_machine(name, facts)
        with self._errors():
            for record in new:
                source, target = other.array_file(record.key), self.array_file(record.key)
                if source.exists() and not target.exists():
                    with whole(target) as out:
                        out.write(source.read_bytes())
        last: list[Record] = []
        conflicts = []
        for theirs in other.records():
            ours = mine.get(theirs.key)
            if ours is None or ours == theirs:
                continue
            if ours.status is theirs.status is Status.OK and ours.value != theirs.value:
                conflicts.append(f"{theirs.path}: {ours.value} here, {theirs.value} there")
            if _rank(ours) > _rank(theirs):
                last.append(ours)
        self.add(new, tokens)
        with self._transaction():  # the newest row of a key is the one that counts
            self._db.executemany(
                "UPDATE records SET id = (SELECT max(id) + 1 FROM records) WHERE record = ?",
                [(record.to_json(),) for record in last],
            )
        return Merged(len(new), conflicts)

    def garbage(self, keep: Callable[[Record], bool]) -> Garbage:
        """Superseded rows, those that cannot be read, and those that ``keep`` refuses."""
        rows, found = self.rows(), Garbage([], [], [])
        newest = {key: number for number, key, *_ in rows}
        for number, key, _, line in rows:
            try:
                record = Record.from_json(line)
            except UsageError:
                found.unreadable.append(number)
                continue
            if newest[key] != number:
                found.superseded.append(number)
            elif not keep(record):
                found.stale.append(number)
        return found

    def remove(self, garbage: Garbage) -> None:
        """Remove rows, arrays that belong to none, and what killed processes have half written."""
        gone = [*garbage.superseded, *garbage.stale, *garbage.unreadable]
        with self._transaction():
            self._db.executemany("DELETE FROM records WHERE id = ?", [(i,) for i in gone])
        with self._errors():
            self._db.execute("VACUUM")
            for file in self.orphans():
                file.unlink()
            sweep(self.folder)

    def orphans(self) -> list[Path]:
        """Files of arrays that belong to no row."""
        kept = {key for (key,) in self._db.execute("SELECT key FROM records")}
        return [f for f in (self.folder / "local").glob("*/*.npz") if f.stem not in kept]

    def rows(self) -> list[tuple[int, str, str, str]]:
        """Number, key, status and record of every row, oldest first, as they stand in the file."""
        with self._errors():
            return self._db.execute(
                "SELECT id, key, status, record FROM records ORDER BY id"
            ).fetchall()

    def damage(self) -> list[str]:
        """What SQLite finds wrong with the file."""
        with self._errors():
            said = [line for (line,) in self._db.execute("PRAGMA integrity_check")]
        return [line for line in said if line != "ok"]

    def forget_models(self) -> float:
        """Remove all kept model outputs, which later runs make again; the MiB that frees."""
        files = list((self.folder / "models").glob("*/*.npz"))
        size = sum(file.stat().st_size for file in files)
        with self._errors():
            for file in files:
                file.unlink()
        return size / 2**20
