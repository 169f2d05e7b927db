"""Plugin `boards`: leaderboards that are rebuilt from records alone, by ``harness board``."""

from __future__ import annotations

from collections.abc import Iterable

from harness import CommandSpec, hookimpl

HARNESS_API = 1


BOARD = CommandSpec(
    name="board",
    summary="leaderboards: show, run, build, check, submit",
    implementation="harness_boards.command",
    install="infoharness[boards]",
)


@hookimpl
def harness_commands() -> Iterable[CommandSpec]:
    """The verb ``board``."""
    return (BOARD,)
