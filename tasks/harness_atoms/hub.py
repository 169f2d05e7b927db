"""ColabFit's data sets on the Hugging Face hub, through ``datasets``."""

from __future__ import annotations

import difflib
import functools
import re
from typing import Any

from harness import DataError, Structures, UsageError, needs, stream
from harness_atoms.names import COLABFIT
from harness_atoms.readers import COLUMNS, check_columns, rows_of
from harness_atoms.rows import assemble

BUFFER = 10_000
"""Rows of the buffer in which a stream is shuffled where only some are wanted."""


def pinned(revision: str) -> bool:
    """Whether a revision is a commit: only then are the data known before they are loaded."""
    return re.fullmatch(r"[0-9a-f]{40}", revision) is not None


@functools.lru_cache(maxsize=4)
def load(repo: str, *, revision: str = "main", limit: int = 0, seed: int = 0) -> Structures:
    """Stream the configurations of a repository (or of a local folder laid out like one).

    Parameters
    ----------
    repo : ``colabfit/NAME``.
    revision : branch, tag or commit.
    limit, seed : where limit is not 0, that many rows of the shuffled stream.

    Raises
    ------
    UsageError : the repository cannot be reached or has other columns.
    MissingDependency : ``datasets`` is not installed.
    """
    datasets = needs("datasets", "infoharness[hub]")
    try:
        table = _open(datasets, repo, revision)
        names = table.column_names or list(next(iter(table)))
        check_columns(names, repo)
        table = table.select_columns([c for c in COLUMNS if c in names])
        if limit:
            shuffle_seed = int(stream(seed, "atoms", "max_structures", repo).integers(2**31))
            table = table.shuffle(seed=shuffle_seed, buffer_size=BUFFER).take(limit)
        return assemble(rows_of(table, repo), repo)
    except (UsageError, DataError):
        raise
    except Exception as error:  # whatever the network, the hub or the files raise
        raise UsageError(_unreachable(repo, revision, error)) from error


def _open(datasets: Any, repo: str, revision: str) -> Any:
    """The table of configurations: config ``default`` where there is one, else the only one."""
    arguments = {"split": "train", "streaming": True, "revision": revision}
    try:
        return datasets.load_dataset(repo, "default", **arguments)
    except ValueError as error:
        if "config" not in str(error).lower():
            raise
        return datasets.load_dataset(repo, **arguments)


def _unreachable(repo: str, revision: str, error: Exception) -> str:
    near = difflib.get_close_matches(repo.removeprefix("colabfit/"), COLABFIT, 1, 0.6)
    hint = f" (did you mean colabfit/{near[0]}?)" if near and f"colabfit/{near[0]}" != repo else ""
    first = " ".join(str(error).split())[:160] or type(error).__name__
    return (
        f"{repo}@{revision}: cannot be loaded from the Hugging Face hub{hint}: {first}; wanted "
        "network access, the repository in the cache that HF_HOME names, or its downloaded folder "
        "as the data set"
    )
