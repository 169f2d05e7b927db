"""All sections of a board, worked out from its records."""

from __future__ import annotations

from harness import Quantity, Record, UsageError, stream, unknown_name
from harness.tables import matches
from harness_boards import grid as grids
from harness_boards.definition import Board, Contents, Section
from harness_boards.overview import Overview, survey
from harness_boards.standing import Ranking, rank
from harness_boards.validity import Validity, predict


def stand(board: Board, contents: Contents) -> list[Ranking | Validity | Overview]:
    """Work out all sections. Raises `UsageError` where records are not comparable or a section names nothing."""
    sections = board.sections or default_sections(contents)
    return [_section(board, contents, section, number) for number, section in enumerate(sections)]


def default_sections(contents: Contents) -> tuple[Section, ...]:
    """A section per quantity: accuracy where there are truths, ranking where a value can win."""
    found: dict[str, Section] = {}
    for r in contents.records:
        for name in dict.fromkeys((r.quantity, *r.scores)):
            better = contents.quantities[name].better
            if better == "truth" and r.truth is not None:
                found.setdefault(name, Section("accuracy", name))
            elif better in ("higher", "lower") and name == r.quantity:
                found.setdefault(name, Section("ranking", name))
    return tuple(found.values())


def _chosen(contents: Contents, section: Section) -> list[Record]:
    chosen = [
        r
        for r in contents.records
        if matches(r.task, section.tasks) and matches(r.estimator, section.estimators)
    ]
    if not chosen:
        raise UsageError(
            f"section {section.title or section.quantity!r}: no record of its tasks and estimators"
        )
    return chosen


def _quantity(contents: Contents, name: str) -> Quantity:
    if name not in contents.quantities:
        raise unknown_name("quantity of a section", name, contents.quantities)
    return contents.quantities[name]


def _section(
    board: Board, contents: Contents, section: Section, number: int
) -> Ranking | Validity | Overview:
    rng = stream(0, "board", board.name, str(number))
    if section.kind == "validity":
        return predict(section, _chosen(contents, section), contents, len(board.seeds), rng)
    if section.kind == "overview":
        return survey(section, _chosen(contents, section), contents)
    quantity = _quantity(contents, section.quantity)
    if section.kind == "ranking" and quantity.better not in ("higher", "lower"):
        raise UsageError(
            f"section {quantity.name}: nothing says whether higher or lower is better; wanted kind accuracy"
        )
    records = _chosen(contents, section)
    if section.kind == "accuracy":
        known = {
            (r.task, r.case) for r in records if r.quantity == quantity.name and r.truth is not None
        }
        records = [r for r in records if r.quantity == quantity.name and (r.task, r.case) in known]
    if not records:
        raise UsageError(f"section {quantity.name}: no record has a truth; wanted kind ranking")
    return rank(section, quantity, grids.build(records, quantity.name, board.seeds), contents, rng)
