"""What a board's tables and pages are made from: its records and their declarations."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness import Quantity, Records, UsageError
from harness_boards.submission import Declared, Submission

if TYPE_CHECKING:
    from harness_boards.definition import Board


@dataclass(frozen=True)
class Contents:
    """The records of a board with their declarations: all that its tables and pages are made
    from."""

    records: Records
    quantities: Mapping[str, Quantity] = field(default_factory=dict)
    estimators: Mapping[str, Declared] = field(default_factory=dict)
    distributions: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, Contents] = field(default_factory=dict)
    """What each board has whose records a section reads; all of it is in the fields above, too."""

    @classmethod
    def of_board(cls, board: Board) -> Contents:
        """The records of a board, with those of the boards that it reads. Raises `UsageError`."""
        others = {other.name: other.submissions() for other in board.read()}
        every = [*board.submissions(), *(one for given in others.values() for one in given)]
        return dataclasses.replace(
            cls.of(every), others={name: cls.of(given) for name, given in others.items()}
        )

    @classmethod
    def of(cls, submissions: Iterable[Submission]) -> Contents:
        """Several files as one. Raises `UsageError` where two declare a quantity differently."""
        quantities: dict[str, Quantity] = {}
        owner: dict[str, str] = {}
        given = list(submissions)
        for one in given:
            for name, quantity in one.quantities.items():
                known = quantities.setdefault(name, quantity)
                owner.setdefault(name, one.plugin)
                for what in ("unit", "better", "lower", "upper"):
                    if getattr(known, what) != getattr(quantity, what):
                        raise UsageError(
                            f"quantity {name}: {what} is {getattr(known, what)!r} in records of "
                            f"{owner[name]} and "
                            f"{getattr(quantity, what)!r} in those of {one.plugin}: not comparable"
                        )
        records = Records(r for one in given for r in one.records)
        estimators = {name: d for one in given for name, d in one.estimators.items()}
        return cls(records, quantities, estimators, {one.plugin: one.distribution for one in given})
