"""What a section found, as a sentence, with how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness_boards.pairs import needed

if TYPE_CHECKING:
    from harness_boards.sections.ranked import Ranked


def of_ranked(section: Ranked) -> str:
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
        f"{listed(leaders)} lead: no row is better than one of them"
        f", and {worse} of {rows} are worse."
    )


def listed(labels: Sequence[str], most: int = 4) -> str:
    """Names in a sentence."""
    if len(labels) > most:
        return f"{', '.join(labels[:most])} and {len(labels) - most} more"
    return " and ".join(filter(None, (", ".join(labels[:-1]), labels[-1])))
