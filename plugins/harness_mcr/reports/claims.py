"""Claims on ways of training: ``harness report mcr/claims leaderboards/multimodal/records``.

Networks of one case and seed meet the same units, so that all differences are paired by them; a
number of a task under a seed is its mean over the cases.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tabulate import tabulate

from harness import Document, Finding, Record, Records

GAMES = {-1: "greedy", 0: "independent", 1: "collaborative"}
WAYS = ("joint", "ensemble", "multi-loss", "ogm", *GAMES.values())
TABLE = "table 1"
Run = tuple[str, str, int]
"""Task, case and seed."""


@dataclass(frozen=True)
class Trained:
    """Accuracy of a fused network and of its modalities alone, and what each modality adds."""

    accuracy: float
    alone: float
    """The better of the single modalities' own heads."""
    divergences: tuple[float, ...]


Networks = Mapping[Run, Mapping[str, Trained]]
"""By run and way."""


@dataclass(frozen=True)
class Claims:
    """Gains over joint training, over its simpler parts, and of the weak modality."""

    def make(self, records: Records) -> Document:
        """A table of accuracies, and a finding for each claim that the records speak to."""
        networks = trained(records)
        tasks = sorted({task for task, _, _ in networks})
        findings = [f for task in tasks for f in _of(task, networks)]
        text = f"Accuracy on test units, mean over seeds.\n\n{listed(networks)}"
        return Document(text, findings=tuple(f for f in findings if f.values))


def _of(task: str, networks: Networks) -> list[Finding]:
    def gain(way: str, other: str) -> tuple[float, ...]:
        return means(task, networks, way, other, lambda a, b: a.accuracy - b.accuracy)

    def finding(says: str, values: tuple[float, ...], paper: str) -> Finding:
        return Finding(f"{task}: {says}", values, paper, 1)

    return [
        *(
            finding(f"{way} less joint", gain(way, "joint"), f"{TABLE}, mostly")
            for way in ("ensemble", "multi-loss", "ogm")
        ),
        *(finding(f"{way} less joint", gain(way, "joint"), TABLE) for way in GAMES.values()),
        *(
            finding(f"greedy less {way}", gain("greedy", way), paper)
            for way, paper in (
                ("multi-loss", TABLE),
                ("ensemble", TABLE),
                ("ogm", TABLE),
                ("independent", "A.8: greedy is best"),
                ("collaborative", "A.8: greedy is best"),
            )
        ),
        finding(
            "greedy, fused less its better modality alone",
            means(task, networks, "greedy", "greedy", lambda a, _: a.accuracy - a.alone),
            TABLE,
        ),
        finding(
            "divergence of the weak modality, greedy less joint",
            means(task, networks, "greedy", "joint", _weak),
            "it rises",
        ),
        finding(
            "accuracy lost from the first case to the last, joint less greedy",
            _slower(task, networks),
            "MCR falls slowest with U1/S",
        ),
    ]


def _weak(one: Trained, joint: Trained) -> float:
    """The divergence of the modality that joint training uses less, less that under it."""
    weak = joint.divergences.index(min(joint.divergences))
    return one.divergences[weak] - joint.divergences[weak]


def _slower(task: str, networks: Networks) -> tuple[float, ...]:
    """How much less accuracy the greedy game loses than joint training, by seed."""
    if not task.endswith("balance"):
        return ()
    gains: dict[int, dict[float, float]] = defaultdict(dict)
    for (name, case, seed), ways in networks.items():
        if name == task and {"greedy", "joint"} <= ways.keys():
            ratio = float(case.rpartition("-")[2])
            gains[seed][ratio] = ways["greedy"].accuracy - ways["joint"].accuracy
    return tuple(g[max(g)] - g[min(g)] for _, g in sorted(gains.items()) if len(g) > 1)


def means(
    task: str, networks: Networks, one: str, other: str, of: Callable[[Trained, Trained], float]
) -> tuple[float, ...]:
    """Under each seed, the mean over the cases that have both ways."""
    found: dict[int, list[float]] = defaultdict(list)
    for (name, _, seed), ways in networks.items():
        if name == task and one in ways and other in ways:
            found[seed].append(of(ways[one], ways[other]))
    return tuple(sum(values) / len(values) for _, values in sorted(found.items()))


def trained(records: Records) -> Networks:
    """The networks whose accuracy and divergences are both recorded."""
    halves: dict[tuple[Run, str], dict[str, Record]] = defaultdict(dict)
    for row in records:
        if row.status == "ok" and row.models == ("mcr/fusion",):
            how = row.params["models"][0]
            way = GAMES[how["game"]] if how["how"] == "mcr" else how["how"]
            run = (row.task.partition("/")[2], row.case, row.seed)
            halves[run, way][row.estimator.partition("/")[2]] = row
    found: dict[Run, dict[str, Trained]] = defaultdict(dict)
    for (run, way), both in halves.items():
        accuracy, weak = both.get("fusion-accuracy"), both.get("weak-modality")
        if accuracy is None or weak is None or accuracy.value is None:
            continue
        alone = [v for name, v in accuracy.diagnostics.items() if name.startswith("alone_")]
        parts = [v for name, v in weak.diagnostics.items() if name.startswith("modality_")]
        found[run][way] = Trained(accuracy.value, max(alone), tuple(parts))
    return found


def listed(networks: Networks) -> str:
    """The accuracy of each way on each case, and of the better modality alone (greedy)."""
    cases = sorted({(task, case) for task, case, _ in networks})
    rows = []
    for task, case in cases:
        runs = [ways for (t, c, _), ways in networks.items() if (t, c) == (task, case)]
        row: list[str | float] = [task, case]
        for way in WAYS:
            values = [ways[way].accuracy for ways in runs if way in ways]
            row.append(sum(values) / len(values) if values else "")
        alone = [ways["greedy"].alone for ways in runs if "greedy" in ways]
        row.append(sum(alone) / len(alone) if alone else "")
        rows.append(row)
    header = ("task", "case", *WAYS, "greedy, alone")
    return str(tabulate(rows, header, "github", floatfmt=".3f"))
