"""What is independent in a section: the cluster of each case.

A task names it (`harness.Case.cluster`; the source where it does not). A board may say otherwise,
as boards of records that are older than that must: ``cluster = "FACT"`` takes a fact of the cases
(several with commas between), ``"case"`` or ``"task"`` these, and a table names clusters by
globs of cases::

    [sections.cluster]
    spiral = ["spiral-*"]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from harness import Record, UsageError


@dataclass(frozen=True)
class Clusters:
    """How the cases of a section are grouped: by ``fact``, by ``globs``, or as their tasks say."""

    fact: str = ""
    globs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def read(cls, raw: Any, where: str) -> Clusters:
        """From ``board.toml``. Raises `UsageError`."""
        if isinstance(raw, str):
            return cls(fact=raw)
        globs = {}
        for name, given in raw.items():
            if not isinstance(given, list) or not all(isinstance(g, str) for g in given):
                raise UsageError(f"{where}: cluster.{name} is {given!r}; wanted a list of globs")
            globs[name] = tuple(given)
        return cls(globs=globs)

    def of(self, r: Record) -> str:
        """The cluster of a record's case. Raises `UsageError` for a fact that it does not have."""
        if self.globs:
            named = (
                n for n, globs in self.globs.items() if any(fnmatchcase(r.case, g) for g in globs)
            )
            return next(named, r.case)
        if self.fact in ("", "source"):
            return (r.cluster if not self.fact else "") or r.source
        if self.fact in ("case", "task"):
            return r.case if self.fact == "case" else r.task
        names = [n.strip() for n in self.fact.split(",")]
        for name in names:
            if name not in r.facts:
                raise UsageError(
                    f"cluster {name!r}: {r.task}:{r.case} has no such fact; its facts are "
                    f"{', '.join(r.facts) or 'none'}"
                )
        return ", ".join(str(r.facts[n]) for n in names)


BY_TASK = Clusters()
"""As the tasks say."""
