"""Small boards made of records written down here."""

import dataclasses

import pytest

from harness import Quantity
from harness.identity import record_key
from harness.records import Record, Records, Status
from harness_boards import definition, submission
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
        "fingerprint": f"sha256:{case}{seed}", "sources": {"e": "1", "t": "2"},
        "versions": {"python": "3.11.7", "infoharness": "0.1.0"}, "machine": "m-1", "started": "2026-01-02T03:04:05+00:00",
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
        return definition.load(folder)

    return make
