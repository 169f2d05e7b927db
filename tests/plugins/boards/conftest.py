"""Small boards made of records written down here."""

import dataclasses
import hashlib
import json

import pytest

from harness import Quantity
from harness.identity import record_key
from harness.records import Record, Records, Status
from harness_boards import definition, lock, submission
from harness_boards.submission import Declared, Submission

QUANTITIES = {
    q.name: q
    for q in (
        Quantity("information", "nats", "truth", lower=0.0), Quantity("gain", "", "higher"),
        Quantity("loss", "", "lower"), Quantity("accuracy", "", "higher", lower=0.0, upper=1.0),
    )
}  # fmt: skip


def made_record(estimator="a", case="one", seed=0, value=1.0, **change):
    """A record of ``e/ESTIMATOR``, whole and with the key that belongs to it."""
    plugin = change.pop("plugin", "e")
    status = change.get("status", Status.OK)
    ok = status is Status.OK
    fields = {
        "key": "", "status": status, "task": "t/known", "case": case, "source": case, "models": (),
        "estimator": f"{plugin}/{estimator}", "plugin": plugin,
        "params": {"task": {"n": 10}, "models": [], "estimator": {"k": 3}}, "seed": seed, "quantity": "information",
        "unit": "nats", "value": value if ok else None, "truth": 1.0 if ok else None, "stderr": 0.1 if ok else None,
        "facts": {"n": 10}, "cause": None if ok else "it broke", "wall_s": 0.5, "cpu_s": 0.5, "n": 10,
        "fingerprint": "sha256:" + hashlib.sha256(f"{case}{seed}".encode()).hexdigest(),
        "sources": {plugin: "1" * 16, "t": "2" * 16, "host": "3" * 16}, "threads": 1,
        "versions": {"python": "3.11.7", "infoharness": "0.1.0"}, "machine": "m-00000001", "started": "2026-01-02T03:04:05+00:00",
    } | change  # fmt: skip
    if fields["value"] is None or fields["truth"] is None:
        fields.setdefault("error", None)
    else:
        fields["error"] = fields["value"] - fields["truth"]
    record = Record(**fields)
    return dataclasses.replace(record, key=record_key(record))


@pytest.fixture
def record():
    """Makes records."""
    return made_record


@pytest.fixture
def board(tmp_path):
    """Makes a board of records: ``board(records, toml, traits={})`` -> `Board`."""

    def make(records, toml="", traits=None, name="toys"):
        folder = tmp_path / "leaderboards" / name
        (folder / "records").mkdir(parents=True, exist_ok=True)
        seeds = sorted({r.seed for r in records})
        head = "" if "title" in toml else 'title = "Toys"\n'
        head += "" if "seeds" in toml else f"seeds = {seeds}\n"
        (folder / "board.toml").write_text(
            head + ("" if "tasks" in toml.split("[[")[0] else 'tasks = ["known"]\n') + toml
        )
        by_plugin = {}
        for one in records:
            by_plugin.setdefault(one.plugin, []).append(one)
        for plugin, mine in by_plugin.items():
            names = {n for r in mine for n in (r.quantity, *r.scores)}
            declared = {
                r.estimator: Declared(
                    f"estimates {r.estimator}", (traits or {}).get(r.estimator, ())
                )
                for r in mine
            }
            quantities = {n: QUANTITIES[n] for n in names}
            submission.write(
                folder / "records",
                Submission(plugin, Records(mine), "infoharness", quantities, declared),
            )
        made = definition.load(folder)
        lock.write(made, lock_of(made, records))
        return made

    return make


def lock_of(board, records):
    """The lock of a board that asks for just these records."""
    tasks, paths = {}, {}
    for r in records:
        step = lock.Step(r.task, r.params["task"])
        cases = tasks.setdefault(json.dumps([r.task, r.params["task"]]), (step, {}))[1]
        truth = {r.quantity: r.truth} if r.truth is not None else {}
        known = cases.setdefault(r.case, lock.Case(r.source, truth, r.facts))
        if truth and known.truth != truth:
            cases[r.case] = dataclasses.replace(known, truth=known.truth | truth)
    order = list(tasks)
    for r in records:
        task = order.index(json.dumps([r.task, r.params["task"]]))
        chain = tuple(map(lock.Step, r.models, r.params["models"]))
        estimator = lock.Step(r.estimator, r.params["estimator"])
        paths.setdefault(repr((task, chain, estimator)), (task, chain, estimator, []))[3].append(r)
    return lock.Lock(
        lock.digest(board),
        board.seeds,
        {
            n: {what: getattr(QUANTITIES[n], what) for what in lock.MEANING}
            for r in records
            for n in (r.quantity, *r.scores)
        },
        tuple(lock.Task(*found, open=True) for found in tasks.values()),
        tuple(
            lock.Asked(t, chain, estimator, "", tuple(dict.fromkeys(r.case for r in mine)))
            for t, chain, estimator, mine in paths.values()
        ),
    )
