"""A board of made-up results, of any size: rows that differ in error, noise, cost and failures."""

from __future__ import annotations

import math
import random
from pathlib import Path

from harness import Quantity
from harness.records import Record, Records, Status
from harness_boards.submission import Declared, Submission, write

DIMS = (1, 2, 3, 5, 10, 20)
VALIDITY = """
[[sections]]
kind = "accuracy"
quantity = "mutual_information"
about = "Gaussian pairs of known information."
tasks = ["pairs", "curved-pairs"]

[[sections]]
kind = "ranking"
quantity = "gain"
tasks = ["choose"]

[[sections]]
kind = "validity"
quantity = "novelty"
outcome = "made/chooser-0"
"""
QUANTITIES = {
    "mutual_information": Quantity("mutual_information", "nats", "truth", 0.0, summary="I(X;Y)"),
    "gain": Quantity("gain", "meV/atom", "higher", summary="how much is won by it"),
    "novelty": Quantity("novelty", "", "higher", summary="how new the data are"),
}


def make(folder: Path, rows: int, cases: int, seeds: int, *, sections: bool = False) -> int:
    """Write ``board.toml`` and records of ``rows * cases * seeds`` results (more with other
    sections); their number.
    """
    folder.mkdir(parents=True)
    head = f'title = "Made-up results"\nabout = "Nothing here was measured."\nseeds = {list(range(seeds))}\n'
    (folder / "board.toml").write_text(head + (VALIDITY if sections else ""), encoding="utf-8")
    rng = random.Random(0)
    records = [r for row in range(rows) for r in _row(rng, row, cases, seeds)]
    if sections:
        records += [r for row in range(6) for r in _ranked(rng, row, seeds)]
        records += [r for row in range(3) for r in _measured(rng, row, seeds)]
    names = dict.fromkeys(r.estimator for r in records)
    paper = "A. Nobody, J. Imagined 1 (1999)"
    declared = {n: Declared(f"the method {n[5:]}", ("deterministic",), paper) for n in names}
    write(folder / "records", Submission("made", Records(records), "made-up", QUANTITIES, declared))
    return len(records)


def _record(
    task: str, case: str, estimator: str, seed: int, params: dict[str, object], **more: object
) -> Record:
    given: dict[str, object] = {
        "key": f"{task}{case}{estimator}{seed}", "status": Status.OK, "task": f"made/{task}", "case": case,
        "source": case, "models": (), "estimator": f"made/{estimator}", "plugin": "made", "seed": seed, "unit": "nats",
        "params": {"task": {"n": 1000}, "models": [], "estimator": params}, "machine": "m-1", "threads": 1,
        "started": "2026-01-02T03:04:05+00:00", "fingerprint": f"{case}{seed}",
        "versions": {"python": "3.11.7", "infoharness": "0.1.0", "numpy": "2.4.6"},
        "sources": {"made": "0123456789abcdef"},
    }  # fmt: skip
    return Record(**(given | more))  # type: ignore[arg-type]


def _row(rng: random.Random, row: int, cases: int, seeds: int) -> list[Record]:
    """One estimator: a bias that grows with dimension and information, noise, a time, now and
    then a failure.
    """
    slope, noise, pace = (
        0.002 * 1.12**row,
        0.01 * rng.uniform(0.5, 3),
        10 ** rng.uniform(-3, 1) / (1 + row / 10),
    )
    found = []
    for c in range(cases):
        dim, truth = DIMS[c % len(DIMS)], round(0.25 * (1 + c % 12), 3)
        task = "pairs" if c < cases // 2 else "curved-pairs"
        failing = row % 7 == 3 and dim == DIMS[-1]
        for seed in range(seeds):
            value = truth - slope * dim * truth + rng.gauss(0.0, noise * math.sqrt(dim))
            outcome: dict[str, object] = {"value": value, "stderr": noise, "wall_s": pace * dim}
            if failing:
                cause = f"estimator made/method-{row:02d}: more than {seed + 60} s"
                outcome = {"status": Status.TIMEOUT, "cause": cause}
            notes = ("the bandwidth was widened twice",) if row % 5 == 1 and dim > 5 else ()
            found.append(
                _record(
                    task, f"case-{c:03d}", f"method-{row:02d}", seed, {"k": row + 1, "metric": "euclidean"},
                    quantity="mutual_information", truth=truth, facts={"dim": dim, "law": f"law-{c % 4}", "n": 1000},
                    notes=notes, **outcome,
                )
            )  # fmt: skip
    return found


def _ranked(rng: random.Random, row: int, seeds: int) -> list[Record]:
    return [
        _record(
            "choose", f"set-{c}@{rate:g}", f"chooser-{row}", seed, {}, quantity="gain", unit="meV/atom",
            value=10.0 * rate * (1 + 0.2 * row) * (1 + c / 5) + rng.gauss(0, 0.4), wall_s=0.1 * 2**row,
            facts={"rate": rate},
        )
        for c in range(6) for rate in (0.01, 0.05, 0.2, 0.5) for seed in range(seeds)
    ]  # fmt: skip


def _measured(rng: random.Random, row: int, seeds: int) -> list[Record]:
    return [
        _record(
            "choose", f"set-{c}@{rate:g}", f"proxy-{row}", seed, {}, quantity="novelty", unit="",
            value=rate * (1 + c / 5) + rng.gauss(0, 0.05 * 4**row), wall_s=0.002, facts={"rate": rate},
        )
        for c in range(6) for rate in (0.01, 0.05, 0.2, 0.5) for seed in range(seeds)
    ]  # fmt: skip
