"""How the rows of a section compare, pair by pair, for its page; and all of it as JSON values."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from harness_boards import standing
from harness_boards import statistics as st

if TYPE_CHECKING:
    from harness_boards.sections.ranked import Ranked


def verdicts(section: Ranked, index: int) -> dict[str, list[str]]:
    """How one row compares with the others, in words: which are worse, not separated, better, or
    incomparable."""
    found: dict[str, list[str]] = {
        "better than": [],
        "not separated from": [],
        "worse than": [],
        "too little in common with": [],
    }
    for v in section.verdicts:
        if index not in (v.first, v.second):
            continue
        other = section.rows[v.second if v.first == index else v.first].row.label
        if v.holm is None:
            found["too little in common with"].append(other)
        elif v.holm >= 1 - st.LEVEL:
            found["not separated from"].append(other)
        else:
            found["better than" if (v.sign < 0) == (v.first == index) else "worse than"].append(
                other
            )
    return {words: names for words, names in found.items() if names}


def pairs(section: Ranked) -> dict[str, Any]:
    """The figures of all verdicts: first, second, who is ahead (-1 the first), cases, clusters,
    difference (first less second), low, high, p, Holm's p.

    The sign of a difference is that of the error or value.
    """
    turn = section.turn(section.quantity)
    found = []
    for v in section.verdicts:
        bounds = (
            sorted((turn * v.low, turn * v.high))
            if v.low is not None and v.high is not None
            else (None, None)
        )
        difference = None if v.difference is None else turn * v.difference
        figures = (
            None if f is None else float(f"{f:.4g}") for f in (difference, *bounds, v.p, v.holm)
        )
        found.append((v.first, v.second, v.sign, v.cases, v.clusters, *figures))
    labels = [s.row.label for s in section.rows]
    return {"labels": labels, "level": round(1 - st.LEVEL, 6), "pairs": found}


def plain(section: Ranked) -> dict[str, Any]:
    """Rows with their figures by case, cases, and all pairs."""
    from harness_boards.sections.base import exact, exacts, plain_row

    grid = section.grid
    mean = st.over_seeds(section.told(grid))
    truths = st.over_seeds(grid.truth.transpose(1, 0, 2).reshape(len(grid.cases), -1))
    return {
        "kind": section.kind,
        "title": section.title,
        "about": section.about,
        "quantity": asdict(section.quantity),
        "seeds": list(grid.seeds),
        "cases": [
            {
                "task": c.task,
                "case": c.name,
                "facts": dict(c.facts),
                "truth": exact(t),
                "params": dict(c.params),
                "cluster": c.cluster,
            }
            for c, t in zip(grid.cases, truths.tolist(), strict=True)
        ],
        "rows": [
            plain_row(s.row, standing.figures(s))
            | {"marks": dict(s.marks or {}), "by_case": exacts(mean[i].tolist())}
            for i, s in enumerate(section.rows)
        ],
        "pairs": [
            {
                "first": v.first,
                "second": v.second,
                "cases": v.cases,
                "clusters": v.clusters,
                "difference": exact(v.difference),
                "low": exact(v.low),
                "high": exact(v.high),
                "p": exact(v.p),
                "holm": exact(v.holm),
            }
            for v in section.verdicts
        ],
        "clusters": section.clusters,
        "p": exact(section.p),
        **(
            {"tolerance": section.rule.tolerance, "ceiling": section.rule.ceiling}
            if section.rule
            else {}
        ),
        "notes": list(section.notes),
        "reading": section.reading,
    }
