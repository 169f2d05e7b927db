"""Claims on heads: ``harness report gpcis/claims leaderboards/clicks/records``.

A head's number under a seed is its mean over the cases; heads meet the same pictures.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from tabulate import tabulate

from harness import Document, Finding, Records

Means = dict[str, dict[int, float]]
"""By head and seed."""


@dataclass(frozen=True)
class Claims:
    """Orders of heads, clicks that masks contradict, overlaps that grow."""

    def make(self, records: Records) -> Document:
        """A finding for each claim that the records speak to."""
        clicks, wrong = means(records, "clicks_90"), means(records, "wrong_clicks")
        first, fifth = means(records, "overlap_1"), means(records, "overlap_5")
        gp, deep = "gp-clicks", "gpcis-clicks"
        most = {seed: max(heads) for seed, heads in by_seed(wrong).items()}
        findings = (
            apart("NoC@90: nearest click less process", clicks, "nearest-click", gp),
            apart("NoC@90: weight space less nearest click", clicks, "rff-clicks", "nearest-click"),
            apart(
                "NoC@90: untrained double-space samples less their mean",
                clicks,
                "pathwise-clicks",
                gp,
            ),
            apart("NoC@90: random walks less process", clicks, "random-walker", gp),
            Finding(
                "NoIC per picture, the worst head",
                tuple(most.values()),
                "table S1: 0 to 54 in all",
                -1,
                0.0,
                strict=False,
            ),
            Finding(
                "IoU after five clicks less after one, process",
                grown(first, fifth, gp),
                "table S1",
                1,
            ),
            Finding(
                "IoU after five clicks less after one, trained",
                grown(first, fifth, deep),
                "table S1",
                1,
            ),
            Finding(
                "IoU after one click, trained less by hand", difference(first, deep, gp), "", 1
            ),
            Finding("NoC@90: by hand less trained", difference(clicks, gp, deep), "", 1),
        )
        text = f"Clicks until an overlap of 0.90, mean over cases.\n\n{listed(clicks)}"
        return Document(text, findings=tuple(f for f in findings if f.values))


def listed(found: Means) -> str:
    """The numbers of each head, by seed, and their means."""
    seeds = sorted({seed for values in found.values() for seed in values})
    mean = {head: sum(values.values()) / len(values) for head, values in found.items()}
    rows = [
        (head, *(found[head].get(seed) for seed in seeds), mean[head])
        for head in sorted(mean, key=mean.__getitem__)
    ]
    header = ("head", *(f"seed {seed}" for seed in seeds), "mean")
    return str(tabulate(rows, header, "github", floatfmt=".2f"))


def means(records: Records, name: str) -> Means:
    """The mean of a score over cases."""
    found: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in records:
        if row.status == "ok" and name in row.scores:
            found[row.estimator.rpartition("/")[2]][row.seed].append(row.scores[name])
    return {
        head: {seed: sum(values) / len(values) for seed, values in sorted(seeds.items())}
        for head, seeds in found.items()
    }


def by_seed(found: Means) -> dict[int, list[float]]:
    """The numbers of all heads under each seed."""
    seeds = sorted({seed for values in found.values() for seed in values})
    return {seed: [values[seed] for values in found.values() if seed in values] for seed in seeds}


def difference(found: Means, one: str, other: str) -> tuple[float, ...]:
    """One head less another, under each seed that both have."""
    first, second = found.get(one, {}), found.get(other, {})
    return tuple(first[seed] - second[seed] for seed in first if seed in second)


def grown(before: Means, after: Means, head: str) -> tuple[float, ...]:
    """A score of a head less an earlier one."""
    late = after.get(head, {})
    return tuple(late[seed] - value for seed, value in before.get(head, {}).items())


def apart(claim: str, found: Means, worse: str, better: str) -> Finding:
    """That one head needs more clicks than another."""
    return Finding(claim, difference(found, worse, better), "", 1)
