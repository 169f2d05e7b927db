"""The paper's claims on records: ``harness report rlhf_topology/claims RECORDS``.

Records of `path-distance` and `inference-distance` on `prefix-trees`, behind `chain` and the other
topologies. The two distances are never mixed: the logarithmic factor belongs to paths.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from tabulate import tabulate

from harness import Document, Finding, Record, Records, UsageError

NOISY = 0.1
"""Noise from which on the tree is claimed to win nothing."""
SAME = 0.05
"""Largest distance of a ratio from 1 that counts as no gain."""
GROWTH = "growth of chain / {} with (log n / log log n), as its power, n = {} .. {}: {}"

Ratios = dict[int, dict[int, float]]
"""Chain over another topology, by number of comparisons and seed."""


@dataclass(frozen=True, order=True)
class Setting:
    """What a ratio is of: distance, topology with its settings, law of the tree, noise."""

    distance: str
    topology: str
    structure: str
    alpha: float
    noise: float

    def __str__(self) -> str:
        return f"{self.distance}, {self.structure} {self.alpha:g}, noise {self.noise:g}"


@dataclass(frozen=True)
class Claims:
    """Ratios of mean distances, chain over each other topology, and their growth."""

    def make(self, records: Records) -> Document:
        """A table of ratios, and findings. Raises `UsageError` where nothing can be compared."""
        found = ratios(records.where(status="ok"))
        if not found:
            raise UsageError(
                "no two topologies, chain among them, on the same case of prefix-trees under the "
                "same seed; wanted --model chain --model tree"
            )
        table = [
            {
                "distance": setting.distance,
                "structure": f"{setting.structure} {setting.alpha:g}",
                "noise": setting.noise,
                "chain over": setting.topology,
            }
            | {f"n = {n}": _spread(list(by_seed.values())) for n, by_seed in sorted(of.items())}
            for setting, of in sorted(found.items())
        ]
        text = "Chain over other topologies: ratio of mean distances, with its standard error\n\n"
        return Document(text + tabulate(table, "keys", "github"), tuple(findings(found)))


def ratios(records: Iterable[Record]) -> dict[Setting, Ratios]:
    """By setting, number of comparisons and seed."""
    chains: dict[tuple[str, str, int, str], float] = {}
    others: list[tuple[tuple[str, str, int, str], Record]] = []
    for record in records:
        if len(record.models) != 1 or record.value is None or not math.isfinite(record.value):
            continue
        task = repr(sorted(dict(record.params.get("task", {})).items()))
        key = (record.case, record.estimator, record.seed, task)
        if record.models[0].endswith("/chain"):
            chains[key] = record.value
        else:
            others.append((key, record))
    found: dict[Setting, Ratios] = defaultdict(lambda: defaultdict(dict))
    for key, record in others:
        if key in chains and record.value:
            facts = record.facts
            setting = Setting(
                record.estimator.rpartition("/")[2],
                _topology(record),
                str(facts["structure"]),
                float(facts["alpha"]),
                float(facts["noise"]),
            )
            found[setting][int(facts["comparisons"])][record.seed] = chains[key] / record.value
    return found


def _topology(record: Record) -> str:
    """The topology with what it was told to be, or by what its best depth was chosen."""
    name = record.models[0].rpartition("/")[2]
    given = dict((record.params.get("models") or ({},))[0])
    judged = given.pop("judged_by", None)
    told = [f"{key} {value}" for key, value in sorted(given.items()) if value]
    if judged and not given.get("depth") and not given.get("leaves"):
        told.append(f"best by {judged}")
    return f"{name} ({', '.join(told)})" if told else name


def findings(found: dict[Setting, Ratios]) -> Iterator[Finding]:
    """That the tree wins with little noise by paths, and else wins nothing; and its growth."""
    for setting, of in sorted(found.items()):
        if not setting.topology.startswith("tree"):
            continue
        path = setting.distance == "path-distance"
        last = max(of)
        values = tuple(of[last].values())
        if path and setting.noise < NOISY:
            paper = "section 5: the tree is better in diverse tasks with little data"
            yield Finding(f"chain / tree, n = {last}: {setting}", values, paper, 1, 1.0)
        else:
            away = tuple(abs(v - 1.0) for v in values)
            claim = f"distance of chain / tree from 1, n = {last}: {setting}, {setting.topology}"
            yield Finding(claim, away, "", -1, SAME)
        if path and setting.noise < NOISY and len(of) > 2:
            sizes = sorted(of)
            claim = GROWTH.format("tree", sizes[0], last, setting)
            yield Finding(claim, tuple(growth(of)), "Theta(log n / log log n): 1")


def growth(of: Ratios) -> Iterator[float]:
    """For each seed, the power of log n / log log n with which the ratio grows."""
    sizes = np.array(sorted(of), float)
    scale = np.log(np.log(sizes) / np.log(np.log(sizes)))
    for seed in sorted(set.intersection(*(set(by_seed) for by_seed in of.values()))):
        values = np.log([of[int(n)][seed] for n in sizes])
        yield float(np.polyfit(scale, values, 1)[0])


def _spread(values: list[float]) -> str:
    mean = f"{np.mean(values):.3f}"
    if len(values) < 2:
        return mean
    return f"{mean} ± {np.std(values, ddof=1) / math.sqrt(len(values)):.3f}"
