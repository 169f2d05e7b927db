"""Vectors of the user: columns of a file as one variable, as two, or as two given a third."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from harness import (
    Case,
    ConditionedSamples,
    DataError,
    Floats,
    Kind,
    PairedSamples,
    Samples,
    UsageError,
)
from harness.columns import Column, chosen, read_columns, stated, variables
from harness.files import read_bytes
from harness_vectors import settings

LOG = logging.getLogger("harness.vectors")


class _Own(settings.Columns):
    """One case: the rows of a file."""

    def _case(self, task: str, load: Callable[[list[Column], str], Kind]) -> Iterable[Case]:
        if not self.path:
            raise UsageError(f"{task}.path is empty; wanted --set {task}.path=FILE")
        path = Path(self.path).expanduser()
        stamp = hashlib.sha256(read_bytes(path)).hexdigest()[:16]
        yield Case(path.name, partial(self._load, task, path, load), stamp=stamp)

    def _load(self, task: str, path: Path, load: Callable[[list[Column], str], Kind]) -> Kind:
        columns = read_columns(path, self.encoding, f"{task}.encoding")
        columns = stated(columns, self.discrete, self.continuous)
        return load(columns, str(path))

    def _variables(
        self, groups: dict[str, list[Column]], path: str
    ) -> dict[str, tuple[Floats, str]]:
        try:
            found = variables(groups, self.missing)
        except (UsageError, DataError) as error:
            raise UsageError(f"{path}: {error}") from error
        for side, (_, kind) in found.items():
            parts = ", ".join(f"{column.name} ({column.kind})" for column in groups[side])
            LOG.warning("%s is %s: %s", side, kind, parts[:200])
        return found


class OwnSamples(_Own, settings.OwnSamples):
    """Columns of a file as one variable."""

    def cases(self, *, seed: int) -> Iterable[Case]:
        """The case. Raises `UsageError` where there is no file."""
        return self._case("samples", self._made)

    def _made(self, columns: list[Column], path: str) -> Samples:
        found = self._variables({"x": chosen(columns, self.x, path)}, path)
        return Samples(found["x"][0])


class OwnPairs(_Own, settings.OwnPairs):
    """Columns of a file as two variables."""

    def cases(self, *, seed: int) -> Iterable[Case]:
        """The case. Raises `UsageError` where there is no file, or where no columns are named."""
        return self._case("pairs", self._made)

    def _made(self, columns: list[Column], path: str) -> PairedSamples:
        groups = _sides("pairs", columns, {"x": self.x, "y": self.y}, path)
        (x, x_kind), (y, y_kind) = self._variables(groups, path).values()
        return PairedSamples(x, y, x_kind, y_kind)


class OwnConditioned(_Own, settings.OwnConditioned):
    """Columns of a file as two variables and what they are conditioned on."""

    def cases(self, *, seed: int) -> Iterable[Case]:
        """The case. Raises `UsageError` where there is no file, or where no columns are named."""
        return self._case("conditioned", self._made)

    def _made(self, columns: list[Column], path: str) -> ConditionedSamples:
        wanted = {"x": self.x, "y": self.y, "z": self.z}
        found = self._variables(_sides("conditioned", columns, wanted, path), path)
        (x, x_kind), (y, y_kind), (z, z_kind) = found.values()
        return ConditionedSamples(x, y, z, x_kind, y_kind, z_kind)


def _sides(
    task: str, columns: list[Column], wanted: dict[str, tuple[str, ...]], path: str
) -> dict[str, list[Column]]:
    for side, patterns in wanted.items():
        if not patterns:
            names = ", ".join(column.name for column in columns[:12])
            raise UsageError(
                f"{task}.{side} is empty; wanted --set {task}.{side}=COLUMN,... with columns of "
                f"{path}: {names}"
            )
    found = {side: chosen(columns, patterns, path) for side, patterns in wanted.items()}
    used = [column.name for group in found.values() for column in group]
    twice = [name for name in used if used.count(name) > 1]
    if twice:
        LOG.warning("the column %s is in two variables, which then determine each other", twice[0])
    return found
