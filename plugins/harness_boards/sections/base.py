"""What a kind of section is: how it is defined, worked out, printed, kept and shown."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from markupsafe import Markup

from harness import Quantity, Record, UsageError, unknown_name
from harness.tables import Table, matches, number
from harness_boards import html
from harness_boards.clusters import BY_TASK, Clusters
from harness_boards.contents import Contents
from harness_boards.grid import Row
from harness_boards.provenance import Groups, Provenance
from harness_boards.standing import Figures

COMMON: dict[str, Any] = {
    "kind": str,
    "title": str,
    "about": str,
    "quantity": str,
    "tasks": list,
    "estimators": list,
    "cluster": (str, dict),
}
"""What ``[[sections]]`` of every kind may state."""


@dataclass(frozen=True)
class Definition:
    """What ``board.toml`` says of one section.

    Attributes
    ----------
    kind : ``accuracy``, ``ranking``, ``validity``, ``overview``, or another in this folder.
    quantity : what is ranked; elsewhere the only one that is looked at, or empty for all.
    tasks, estimators : globs of full or bare names; empty for all.
    cluster : what is independent, where it is not what the tasks say (`harness_boards.clusters`).
    options : what belongs to this kind alone.
    """

    kind: str
    quantity: str = ""
    title: str = ""
    about: str = ""
    tasks: tuple[str, ...] = ()
    estimators: tuple[str, ...] = ()
    cluster: Clusters = BY_TASK
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class View:
    """What a section needs for its part of the page: its identity there, and what its rows came
    from."""

    identity: str
    made: Sequence[Provenance]
    contents: Contents
    home: str = ""


@dataclass(frozen=True, eq=False, kw_only=True)
class Section(ABC):
    """A section, worked out. Each kind is a class with a ``kind`` in a module of this folder."""

    kind: ClassVar[str] = ""
    options: ClassVar[Mapping[str, Any]] = {}
    """Keys of ``[[sections]]`` that belong to this kind."""
    reading: ClassVar[str] = ""
    """How to read the section, under its table."""
    kinds: ClassVar[dict[str, type[Section]]] = {}
    """All kinds by name."""

    title: str
    about: str = ""

    def __init_subclass__(cls) -> None:
        if cls.kind:
            Section.kinds[cls.kind] = cls

    # How it is defined and worked out.

    @classmethod
    def check(cls, raw: Mapping[str, Any], where: str) -> Mapping[str, Any]:
        """The options of this kind from a block of ``board.toml``. Raises `UsageError`."""
        return {name: raw[name] for name in cls.options if name in raw}

    @classmethod
    def suits(cls, record: Record, quantity: Quantity) -> bool:
        """Whether a board without sections gets one of this kind for a quantity that the record
        has."""
        return False

    @classmethod
    def reads(cls, definition: Definition) -> tuple[str, ...]:
        """Names of other boards whose records it reads (`Contents.others`)."""
        return ()

    @classmethod
    @abstractmethod
    def of(
        cls,
        definition: Definition,
        contents: Contents,
        seeds: Sequence[int],
        rng: np.random.Generator,
    ) -> Section:
        """Work it out. Raises `UsageError` where records are not comparable or nothing is there."""

    # What is made of it.

    @abstractmethod
    def tables(self) -> list[Table]:
        """Its tables, best row first."""

    @abstractmethod
    def csv_rows(self) -> Iterator[list[Any]]:
        """Lines of ``table.csv``: row, models, estimator, measure, value, low, high."""

    @abstractmethod
    def plain(self) -> dict[str, Any]:
        """All of it as JSON values; ``rows`` is a list, each row with its ``label``."""

    def leaders(self) -> list[str] | None:
        """The labels of those who lead; None where nothing is ranked."""
        return None

    @property
    def finding(self) -> str:
        """What was found, as a sentence; empty where nothing is asked."""
        return ""

    def page(self, view: View) -> Markup:
        """Its part of the page: here the tables as they are, with its `drawings`."""
        return html.render("section.html", section=self, identity=view.identity)

    def drawings(self) -> tuple[html.Drawing, ...]:
        """Figures of a section without a page of its own."""
        return ()

    @property
    def drawn(self) -> str:
        """What the drawings show."""
        return ""

    def files(self) -> Mapping[str, tuple[str, bytes]]:
        """Files beside the page by the end of their names, each with its caption."""
        return {}

    def records(self, groups: Groups) -> list[list[Record]]:
        """The records behind each of its rows, in order."""
        return []

    @classmethod
    def state(cls, row: Mapping[str, Any]) -> str:
        """A row of `plain` in words, for the difference of two boards."""
        return ""


def chosen(contents: Contents, definition: Definition) -> list[Record]:
    """The records of a section's tasks and estimators. Raises `UsageError` where there are none."""
    found = [
        r
        for r in contents.records
        if matches(r.task, definition.tasks) and matches(r.estimator, definition.estimators)
    ]
    if not found:
        name = definition.title or definition.quantity
        raise UsageError(f"section {name!r}: no record of its tasks and estimators")
    return found


def quantity_of(contents: Contents, definition: Definition) -> Quantity:
    """The declaration of a section's quantity. Raises `UsageError`."""
    if definition.quantity not in contents.quantities:
        raise unknown_name("quantity of a section", definition.quantity, contents.quantities)
    return contents.quantities[definition.quantity]


def lines(row: Row, figures: Figures) -> Iterator[list[Any]]:
    """The lines of ``table.csv`` for one row."""
    who = [row.label, "+".join(row.models), row.estimator]
    for name, (value, bounds) in figures.items():
        yield [*who, name, *map(exact, (value, *(bounds or (None, None))))]


def plain_row(row: Row, figures: Figures) -> dict[str, Any]:
    """A row as JSON values."""
    found: dict[str, Any] = {
        "label": row.label,
        "models": list(row.models),
        "estimator": row.estimator,
        "plugin": row.plugin,
        "params": row.params,
    }
    for name, (value, bounds) in figures.items():
        found[name] = exact(value)
        if bounds is not None:
            found[f"{name}_interval"] = [exact(b) for b in bounds]
    return found


def exact(value: Any) -> Any:
    """Six significant digits: more than any board resolves, fewer than processors differ in."""
    if isinstance(value, float | np.floating):
        return None if not np.isfinite(value) else float(f"{value:.6g}")
    return value


def exacts(values: Iterable[Any]) -> list[Any]:
    """`exact` of each."""
    return [exact(v) for v in values]


def bounds_of(row: Mapping[str, Any], name: str) -> str:
    """The interval of a figure of a row of `plain`, for the difference of two boards."""
    low, high = row.get(f"{name}_interval") or (None, None)
    return "" if low is None or high is None else f" [{number(low)}, {number(high)}]"


def told(row: Mapping[str, Any]) -> Iterator[str]:
    """Time, traits and verification of a row of `plain`, for the difference of two boards."""
    if row.get("cost_s") is not None:
        yield f"{row['cost_s']:.2g} s"
    if row.get("traits"):
        yield ", ".join(row["traits"])
    if "verified" in row:
        n, m = row["verified"]
        yield f"verified {n} of {m}"
