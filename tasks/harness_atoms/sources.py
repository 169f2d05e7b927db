"""Where data sets come from: what the parameter ``dataset`` may say, and how it is loaded."""

from __future__ import annotations

import difflib
import functools
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness import Structures, UsageError, stream
from harness_atoms import hub, readers
from harness_atoms.names import COLABFIT

EMBEDDED = ("copper", "copper-gold", "metals")
"""The sets inside the package, made by ``scripts/make_structures.py``."""


@dataclass(frozen=True)
class Source:
    """One data set.

    Attributes
    ----------
    name : short, unique within a request.
    load : reads it.
    stamp : a digest of what it will read; None where that cannot be known beforehand.
    """

    name: str
    load: Callable[[], Structures]
    stamp: str | None


def resolve(request: str, *, revision: str = "main", limit: int = 0, seed: int = 0) -> list[Source]:
    """The data sets that a request names, in its order.

    Parameters
    ----------
    request : comma-separated (or one path that has commas in it); each a file, a folder,
        ``colabfit/NAME``, or an embedded set's name. Empty: all embedded sets.
    revision : of the repositories on the hub.
    limit, seed : where limit is not 0, that many structures of each set, drawn at random.
    """
    whole = request.strip()
    one = whole and Path(whole).expanduser().exists()
    split = [whole] if one else [part.strip() for part in whole.split(",")]
    parts = [part for part in split if part] or list(EMBEDDED)
    found = [source for part in parts for source in _one(part, revision, limit, seed)]
    names: dict[str, int] = {}
    out = []
    for source in found:
        count = names[source.name] = names.get(source.name, 0) + 1
        name = source.name if count == 1 else f"{source.name}-{count}"
        out.append(Source(name, source.load, source.stamp))
    return out


def _one(part: str, revision: str, limit: int, seed: int) -> Iterator[Source]:
    if part in EMBEDDED:
        yield of_files(part, [Path(__file__).with_name(f"{part}.npz")], limit, seed)
    elif (path := Path(part).expanduser()).is_dir():
        yield from _folder(path, limit, seed)
    elif path.exists():
        yield of_files(path.stem, [path], limit, seed)
    elif part.startswith("colabfit/"):
        name = part.removeprefix("colabfit/")
        load = functools.partial(hub.load, part, revision=revision, limit=limit, seed=seed)
        yield Source(name, load, f"{part}@{revision}" if hub.pinned(revision) else None)
    else:
        raise UsageError(_nothing(part))


def _nothing(part: str) -> str:
    known = [*EMBEDDED, *(f"colabfit/{name}" for name in COLABFIT)]
    names = f"colabfit/NAME, or {', '.join(EMBEDDED)}"
    if Path(part).suffix.lower() in readers.SUFFIXES or "/" in part or "\\" in part:
        suffixes = ", ".join(readers.SUFFIXES)
        return (
            f"{part}: no such file or folder; wanted {suffixes}, a folder of them, or colabfit/NAME"
        )
    lower = {name.lower().removeprefix("colabfit/"): name for name in known}
    near = difflib.get_close_matches(part.lower(), lower, 1, 0.5)
    hint = f"did you mean {lower[near[0]]}?" if near else f"wanted a file, a folder, {names}"
    return f"unknown data set {part!r}: {hint}"


def _folder(folder: Path, limit: int, seed: int) -> Iterator[Source]:
    """A ColabFit repository is one set; otherwise every file, and every such folder, is one."""
    parts = _parts(folder)
    if parts:
        name = folder.parent.name if folder.name in ("co", "main") else folder.name
        yield of_files(name, parts, limit, seed)
        return
    found = False
    for path in sorted(folder.iterdir()):
        parts = _parts(path) if path.is_dir() else []
        if parts or (path.is_file() and path.suffix.lower() in readers.SUFFIXES):
            found = True
            yield of_files(path.stem if path.is_file() else path.name, parts or [path], limit, seed)
    if not found:
        raise UsageError(
            f"{folder}: no structures in this folder; wanted files {', '.join(readers.SUFFIXES)}"
        )


def _parts(folder: Path) -> list[Path]:
    """The Parquet parts of a ColabFit repository, in the order of their numbers."""
    for inner in (folder / "co", folder / "main", folder):
        parts = [*inner.glob("co_*.parquet")] if inner == folder else [*inner.glob("*.parquet")]
        if parts:
            return sorted(parts, key=lambda path: (len(path.name), path.name))
    return []


def of_files(name: str, paths: list[Path], limit: int = 0, seed: int = 0) -> Source:
    """A data set in files."""
    stamp = digest(paths)
    return Source(name, functools.partial(_files, name, tuple(paths), stamp, limit, seed), stamp)


def digest(paths: list[Path]) -> str:
    """A digest of the contents of files."""
    sha = hashlib.sha256()
    for path in paths:
        try:
            with path.open("rb") as file:
                sha.update(hashlib.file_digest(file, "sha256").digest())
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}; wanted a file that can be read") from error
    return "sha256:" + sha.hexdigest()


@functools.lru_cache(maxsize=4)
def _files(name: str, paths: tuple[Path, ...], stamp: str, limit: int, seed: int) -> Structures:
    # The stamp is in the cache's key: a file that changes is read again.
    data = readers.read(*paths)
    if not 0 < limit < data.n:
        return data
    chosen = stream(seed, "atoms", "max_structures", name).choice(data.n, limit, replace=False)
    return data.take(np.sort(chosen))
