import multiprocessing
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import pytest

from harness import StoreError
from harness.records import Record, Status
from harness.store import MIGRATIONS, Store, default_path


def record(key="k", value=1.0, **change):
    fields = {
        "key": key, "status": Status.OK, "task": "t/a", "case": "c", "source": "c", "models": (), "estimator": "e/b",
        "plugin": "e", "params": {}, "seed": 0, "quantity": "entropy", "unit": "nats", "value": value,
    }  # fmt: skip
    return Record(**(fields | change))


def test_newest_success_counts(tmp_path):
    with Store(tmp_path / "s", write=True) as store:
        store.add([record(value=1.0)])
        store.add([record(value=2.0)])
        store.add([record(status=Status.TIMEOUT, value=None)])
        assert store.finished(["k", "other"])["k"].value == 2.0
        assert [r.status for r in store.records()] == [Status.TIMEOUT]
        assert len(store.records(history=True)) == 3


@pytest.mark.parametrize("status", [s for s in Status if s.failed])
def test_no_failure_is_finished(tmp_path, status):
    with Store(tmp_path / "s", write=True) as store:
        store.add([record(status=status, value=None)])
        assert store.finished(["k"]) == {}


def test_reading_needs_no_lock_and_writing_waits(tmp_path):
    said = []
    with Store(tmp_path / "s", write=True) as first:
        first.add([record()])
        with Store(tmp_path / "s") as reader:
            assert len(reader.records()) == 1
        second = threading.Thread(
            target=lambda: Store(tmp_path / "s", write=True, tell=said.append).close()
        )
        second.start()
        time.sleep(0.3)
        assert second.is_alive()
    second.join(timeout=10)
    assert not second.is_alive()
    assert len(said) == 1
    assert f"waiting for process {os.getpid()} (" in said[0]


def _write(path, name):
    for i in range(20):
        with Store(path, write=True) as store:
            store.add([record(f"{name}-{i}")])


def test_eight_writers_lose_nothing(tmp_path):
    path = tmp_path / "s"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(path, w)) for w in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with Store(path) as store:
        assert len(store.records()) == 160


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (
            lambda p: p.write_text("not a database at all, just some text " * 50),
            "not a harness store",
        ),
        (
            lambda p: sqlite3.connect(p).executescript("CREATE TABLE mine (x)").connection.close(),
            "another program",
        ),
        (lambda p: None, "no store here yet; `harness run` makes one"),
    ],
)
def test_what_is_no_store(tmp_path, prepare, message):
    prepare(tmp_path / "s")
    with pytest.raises(StoreError, match=message):
        Store(tmp_path / "s")


def test_a_store_from_a_newer_version(tmp_path):
    Store(tmp_path / "s", write=True).close()
    db = sqlite3.connect(tmp_path / "s")
    db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    db.close()
    for write in (False, True):
        with pytest.raises(
            StoreError, match=r"newer than this harness.*pip install --upgrade infoharness"
        ):
            Store(tmp_path / "s", write=write)


def test_migrations_apply_in_order(tmp_path, monkeypatch):
    with Store(tmp_path / "s", write=True) as store:
        store.add([record()])
    added = (*MIGRATIONS, lambda db: db.execute("ALTER TABLE machines ADD COLUMN note TEXT"))
    monkeypatch.setattr("harness.store.MIGRATIONS", added)
    with pytest.raises(StoreError, match="brings it up to date"):
        Store(tmp_path / "s")
    with Store(tmp_path / "s", write=True) as store:
        assert len(store.records()) == 1
        assert "note" in [row[1] for row in store._db.execute("PRAGMA table_info(machines)")]


def test_a_full_disk_is_one_line_and_loses_nothing(tmp_path):
    with Store(tmp_path / "s", write=True) as store:
        store.add([record("before")])
        pages = store._db.execute("PRAGMA page_count").fetchone()[0]
        store._db.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreError, match="the disk is full; what was finished is kept"):
            store.add([record(f"k{i}", cause="x" * 1000) for i in range(100)])
        store._db.execute("PRAGMA max_page_count = 100000")
        assert [r.key for r in store.records()] == ["before"]


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="name a writable --store"):
        Store(tmp_path / "file" / "s", write=True)


def test_a_folder_means_a_file_in_it(tmp_path):
    with Store(tmp_path, write=True) as store:
        assert store.path == tmp_path / "store.sqlite"


def test_default_place(monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_STORE", "/elsewhere/s.sqlite")
    assert str(default_path()) == "/elsewhere/s.sqlite"
    monkeypatch.delenv("HARNESS_STORE")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    if sys.platform == "linux":
        assert default_path() == tmp_path / "infoharness" / "store.sqlite"


def test_merge_adds_only_what_is_new(tmp_path):
    with Store(tmp_path / "a", write=True) as a, Store(tmp_path / "b", write=True) as b:
        a.add([record("shared"), record("mine")])
        b.add([record("shared"), record("yours")], {"token": "sha256:f"})
        b.add_machine("m-1", {"cpu": "x"})
        assert a.merge(b).added == 1
        assert a.merge(b).added == 0
        assert {r.key for r in a.records()} == {"shared", "mine", "yours"}
        assert a.fingerprint("token") == "sha256:f"
        assert a.machines() == {"m-1": {"cpu": "x"}}


def test_garbage_is_what_is_superseded_or_refused(tmp_path):
    with Store(tmp_path / "s", write=True) as store:
        store.add([record("a", 1.0), record("a", 2.0), record("b"), record("c")])
        garbage = store.garbage(lambda r: r.key != "c")
        assert len(garbage) == 2
        store.remove(garbage)
        assert {r.key: r.value for r in store.records(history=True)} == {"a": 2.0, "b": 1.0}


def test_killed_at_any_moment_and_started_again(command, environment, tmp_path):
    """kill -9 of the parent: the second run computes what is missing, nothing is half-written."""
    log = tmp_path / "computed"

    def words(store, log):
        return ("run", "--task", "normals", "--estimator", "slow", "--set", "normals.count=40", "--set", f"slow.log={log}",
                "--set", "slow.seconds=0.02", "--workers", "2", "--store", store, "--format", "json")  # fmt: skip

    rng = random.Random(1)
    kills = 0
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-m", "harness", *map(str, words(tmp_path / "s", log))],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        before = log.stat().st_size if log.exists() else 0
        while (
            process.poll() is None and (log.stat().st_size if log.exists() else 0) < before + 72 * 3
        ):
            time.sleep(0.005)
        time.sleep(rng.random() * 0.1)
        process.send_signal(signal.SIGKILL)
        kills += process.wait() == -signal.SIGKILL
    assert kills >= 1
    resumed = command(*words(tmp_path / "s", log))
    assert resumed.returncode == 0, resumed.stderr
    undisturbed = command(*words(tmp_path / "u", tmp_path / "other"))
    computed = log.read_text().splitlines()
    assert len(set(computed)) == 40
    assert len(computed) <= 40 + 2 * kills  # at most what two workers had in flight

    def by_case(output):
        return {
            r.case: (r.value, r.fingerprint) for r in map(Record.from_json, output.splitlines())
        }

    assert by_case(resumed.stdout) == by_case(undisturbed.stdout)


def test_links_lead_to_one_lock(tmp_path):
    Store(tmp_path / "s", write=True).close()
    (tmp_path / "link").symlink_to(tmp_path / "s")
    with Store(tmp_path / "link", write=True) as store:
        assert store.path == (tmp_path / "s").resolve()
        assert (tmp_path / "s.lock").read_text().startswith(f"process {os.getpid()}")


def test_a_lock_that_is_a_link_empties_nothing(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "s.lock").symlink_to(victim)
    with pytest.raises(StoreError):
        Store(tmp_path / "s", write=True)
    assert victim.read_text() == "precious"


def test_memory_is_no_place_for_results():
    with pytest.raises(StoreError, match="wanted the name of a file"):
        Store(":memory:", write=True)


def test_rows_that_cannot_be_read_are_absent_and_said(tmp_path):
    said = []
    with Store(tmp_path / "s", write=True, tell=said.append) as store:
        store.add([record("a"), record("b")])
        store._db.execute("UPDATE records SET record = 'broken' WHERE key = 'a'")
        assert [r.key for r in store.records()] == ["b"]
        assert set(store.finished(["a", "b"])) == {"b"}
        assert len(said) == 1
        assert "results that cannot be read count as absent (1)" in said[0]
        garbage = store.garbage(lambda record: True)
        assert (len(garbage.unreadable), len(garbage)) == (1, 1)
        store.remove(garbage)
        assert len(store.rows()) == 1


@pytest.mark.parametrize("first", ["a", "b"])
def test_a_merge_does_not_depend_on_the_order_of_stores(tmp_path, first):
    old = record("k", 1.0, started="2026-01-01T00:00:00+00:00")
    new = record("k", 2.0, started="2026-02-01T00:00:00+00:00")
    failed = record("k", None, status=Status.ERROR, started="2026-03-01T00:00:00+00:00")
    with Store(tmp_path / "a", write=True) as a, Store(tmp_path / "b", write=True) as b:
        a.add([old, failed, new])
        b.add([failed, old])
        into, other = (a, b) if first == "a" else (b, a)
        merged = into.merge(other)
        assert [r.value for r in into.records()] == [2.0]
        assert into.finished(["k"])["k"].value == 2.0
        assert len(merged.conflicts) == 1


def test_a_store_in_a_folder_that_cannot_be_written_is_read(tmp_path, monkeypatch):
    """The mode of a folder does not bind root, so SQLite is made to refuse as it does there."""
    with Store(tmp_path / "s", write=True) as store:
        store.add([record("a")])
    connect = sqlite3.connect

    class ReadOnly:
        def __init__(self, *words, **more):
            self.immutable = "immutable" in str(words[0])
            self.db = connect(*words, **more)
            self.close = self.db.close

        def execute(self, *words):
            if not self.immutable:
                raise sqlite3.OperationalError("unable to open database file")
            return self.db.execute(*words)

    monkeypatch.setattr(sqlite3, "connect", ReadOnly)
    with Store(tmp_path / "s") as store:
        assert [r.key for r in store.records()] == ["a"]


def test_a_store_that_was_removed_is_noticed(tmp_path):
    with Store(tmp_path / "s", write=True) as store:
        store.add([record("a")])
        assert not store.gone
        store.path.unlink()
        assert store.gone


def test_files_have_the_mode_that_the_user_wants(tmp_path):
    from harness.files import whole
    from harness.scratch import scratch, sweep

    before = os.umask(0o077)
    try:
        with whole(tmp_path / "file") as out:
            out.write(b"x")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600
    half = tmp_path / ".file.0123456789abcdef"
    half.touch()
    os.utime(half, (0, 0))
    (tmp_path / ".hidden").touch()
    assert sweep(tmp_path) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == [".hidden", "file"]
    with scratch(tmp_path) as own, scratch(tmp_path) as other:
        assert own != other
        assert own.exists()
