"""What a check says: nothing where all is well, or one of two exceptions."""

from __future__ import annotations

import unittest
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal


class Failed(AssertionError):
    """The plugin breaks a promise: ``where``, what was ``found`` and what was ``wanted``."""

    def __init__(self, where: str, found: str, wanted: str) -> None:
        self.where, self.found, self.wanted = where, found, wanted
        super().__init__(f"{where}: {found}; wanted {wanted}")


class NotChecked(unittest.SkipTest):
    """The check could not be made, and why. Test runners show it as skipped."""


def ensure(holds: bool, where: str, found: str, wanted: str) -> None:
    """Raise `Failed` unless ``holds``."""
    if not holds:
        raise Failed(where, found, wanted)


@dataclass(frozen=True)
class Check:
    """One promise of one component, as a function without arguments that raises where it is broken.

    Attributes
    ----------
    name : what is checked, such as ``equal-seeds``.
    component : full name of the component (with the kind it is given), or the plugin's name.
    body : raises `Failed` or `NotChecked`, each with its reason.
    """

    name: str
    component: str
    body: Callable[[], None]

    def __call__(self) -> None:
        """Make the check. Raises `Failed` or `NotChecked`."""
        self.body()

    def strict(self) -> Check:
        """The same check, which fails where it cannot be made."""

        def body() -> None:
            try:
                self.body()
            except NotChecked as reason:
                raise Failed(str(self), f"skipped: {reason}", "a check that is made") from None

        return Check(self.name, self.component, body)

    def __str__(self) -> str:
        return f"{self.component}-{self.name}"


@dataclass(frozen=True)
class Verdict:
    """How a check ended, for tables."""

    check: str
    component: str
    result: Literal["passed", "failed", "skipped"]
    reason: str = ""


def verdicts(checks: list[Check]) -> Iterator[Verdict]:
    """Make the checks one after the other. An unforeseen exception counts as a failure."""
    for check in checks:
        try:
            check()
        except NotChecked as reason:
            yield Verdict(check.name, check.component, "skipped", str(reason))
        except Failed as failure:
            yield Verdict(check.name, check.component, "failed", str(failure))
        except Exception as error:
            yield Verdict(check.name, check.component, "failed", f"{type(error).__name__}: {error}")
        else:
            yield Verdict(check.name, check.component, "passed")
