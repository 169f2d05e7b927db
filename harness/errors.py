"""What can go wrong, by whom it can be fixed.

HarnessError
├── UsageError           the request is wrong: names, parameters, files (exit status 2)
│   └── StoreError       the result store cannot be used
├── DataError            a kind refused its data: which field, which row, what was wanted
├── Incompatible         a path that cannot run on this data; recorded, not counted as a failure
├── MissingDependency    an optional package is absent; names the command that installs it
└── PluginError          a plugin broke the contract

Every message says what is wrong, where, and what would be right.
"""

from __future__ import annotations

import difflib
import importlib
import shlex
from collections.abc import Iterable
from typing import Any


class HarnessError(Exception):
    """Base of all errors that the host raises on purpose."""


class UsageError(HarnessError):
    """The request is wrong. The command line prints it as one line and exits with status 2."""


class StoreError(UsageError):
    """The result store cannot be read or written."""


class DataError(HarnessError):
    """A kind refused its data.

    Parameters
    ----------
    where : the kind and field, such as ``"PairedSamples.y"``.
    found, wanted : what stands there and what would be right.
    row : index of the first offending row, where one can be named.
    """

    def __init__(self, where: str, found: str, wanted: str, row: int | None = None) -> None:
        self.where, self.found, self.wanted, self.row = where, found, wanted, row
        at = "" if row is None else f" at row {row}"
        super().__init__(f"{where}{at}: {found}; wanted {wanted}")

    def __reduce__(self) -> tuple[type[DataError], tuple[str, str, str, int | None]]:
        return DataError, (self.where, self.found, self.wanted, self.row)


class Incompatible(HarnessError):
    """This path cannot run on this data (too few samples, no split ...): say why."""


class MissingDependency(HarnessError):
    """An optional package is absent."""

    def __init__(self, package: str, install: str) -> None:
        self.package, self.install = package, install
        super().__init__(f"needs the package {package!r}, which is not installed: {install}")

    def __reduce__(self) -> tuple[type[MissingDependency], tuple[str, str]]:
        return MissingDependency, (self.package, self.install)


def needs(module: str, install: str = "") -> Any:
    """Import an optional module, such as ``needs("matplotlib", "infoharness[plots]")``.

    ``install`` is what ``pip install`` is given; by default the name of the package. Raises
    `MissingDependency` where the import fails.
    """
    package = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ImportError as absent:
        command = f"pip install {shlex.quote(install or package)}"
        raise MissingDependency(package, command) from absent


class PluginError(HarnessError):
    """A plugin broke the contract."""


def unknown_name(what: str, name: str, known: Iterable[str]) -> UsageError:
    """An error for a name that nothing answers to, with the nearest matches."""
    names = sorted(set(known))
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    # A full name is also near when only its bare part is.
    near += [
        n
        for n in names
        if n not in near
        and n.rpartition("/")[2]
        in difflib.get_close_matches(name, [n.rpartition("/")[2]], cutoff=0.6)
    ][:3]
    if near:
        hint = "did you mean " + " or ".join(near[:3]) + "?"
    elif names:
        hint = "known: " + ", ".join(names[:12]) + (" ..." if len(names) > 12 else "")
    else:
        hint = "none is installed"
    return UsageError(f"unknown {what} {name!r}: {hint}")
