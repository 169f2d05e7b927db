"""What a section found, as a sentence, with how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from harness_boards import statistics as st
from harness_boards.pairs import needed

if TYPE_CHECKING:
    from harness_boards.sections.ranked import Ranked


def of_ranked(section: Ranked) -> str:
    """Who leads, how many cases the best answers, and who is cheaper."""
    return " ".join(filter(None, (_verdict(section), _answered(section), _controls(section))))


def _verdict(section: Ranked) -> str:
    """What was found, as a sentence."""
    if not any(s.done for s in section.rows):
        return "No row has a value yet."
    leaders, rows = section.leaders(), len(section.ranked)
    if not rows:
        return "No row has run on all cases that it suits, and none is ranked."
    if rows == 1:
        return f"{leaders[0]} alone is ranked."
    if not leaders:
        clusters = f"{section.clusters} independent cluster{'s' * (section.clusters != 1)} of cases"
        if section.clusters < (least := needed(rows)):
            return f"Cannot rank its {rows} rows: {clusters}, and {least} are the fewest."
        return f"Cannot separate its {rows} rows on {clusters}."
    worse = rows - len(leaders)
    if len(leaders) == 1:
        others = "the other" if rows == 2 else f"all {worse} others"
        return f"{leaders[0]} is better than {others}."
    return (
        f"{listed(leaders)} lead: no row is surely better than any of them; {worse} of {rows} rows "
        "are surely worse than another."
    )


def listed(labels: Sequence[str], most: int = 4) -> str:
    """Names in a sentence."""
    if len(labels) > most:
        return f"{', '.join(labels[:most])} and {len(labels) - most} more"
    return " and ".join(filter(None, (", ".join(labels[:-1]), labels[-1])))


def _answered(section: Ranked) -> str:
    """The share of cases that the best of the undefeated answers, and the cheapest of them."""
    first = [s for s in section.ranked if s.ranks and s.ranks[0] == 1 and s.share is not None]
    if not first or section.rule is None:
        return ""
    count = len(section.grid.cases)
    cases = f"{count} case{'s' * (count != 1)}"
    within = f"within {section.rule.tolerance:g} {section.quantity.unit}".strip()
    best = max(first, key=lambda s: (s.share or 0.0, -(s.cost or 0.0)))
    said = f"{best.row.label} answers {100 * (best.share or 0):.0f} % of {cases} {within}"
    timed = [s for s in first if s.cost]
    cheap = min(timed, key=lambda s: s.cost or 0.0, default=best)
    if best.cost and cheap.cost and best.cost >= 2 * cheap.cost:
        times = float(f"{best.cost / cheap.cost:.2g}")
        said += (
            f"; {cheap.row.label} is {times:g} times cheaper and answers "
            f"{100 * (cheap.share or 0):.0f} %"
        )
    return f"{said}."


def _controls(section: Ranked) -> str:
    """Each row that has a control, against it."""
    rows = {s.row.label: i for i, s in enumerate(section.ranked)}
    parts, sure = [], 0
    for name, control in section.controls:
        if name not in rows or control not in rows:
            continue
        a, b = rows[name], rows[control]
        change = section.grid.value[a] - section.grid.value[b]
        known = change[np.isfinite(change)]
        better = int((known > 0 if section.high_wins else known < 0).sum())
        parts.append(f"{name} {float(known.mean()):+.3f} ({better} of {known.size} runs better)")
        sure += any(
            {v.first, v.second} == {a, b} and v.holm is not None and v.holm < 1 - st.LEVEL
            for v in section.verdicts
        )
    if not parts:
        return ""
    return f"Against its control: {'; '.join(parts)}; {sure} of {len(parts)} for sure."
