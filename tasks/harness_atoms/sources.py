"""Where data sets come from: what the parameter ``dataset`` may say, and how it is loaded."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from harness import Structures, UsageError, stream
from harness.files import digest, unpacked
from harness.tables import counted
from harness_atoms import hub, readers
from harness_atoms.names import COLABFIT
from harness_atoms.readers import Keys
from harness_atoms.rows import LOG

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
    file : the one file whose frames it is, all of them and in order, where it is so.
    """

    name: str
    load: Callable[[], Structures]
    stamp: str | None
    file: Path | None = None


def resolve(
    request: str,
    *,
    revision: str = "main",
    limit: int = 0,
    seed: int = 0,
    keys: Keys | None = None,
) -> list[Source]:
    """The data sets that a request names, in its order.

    Parameters
    ----------
    request : comma-separated (or one path that has commas in it); each a file, a folder,
        ``colabfit/NAME``, or an embedded set's name. Empty: all embedded sets.
    revision : of the repositories on the hub.
    limit, seed : where limit is not 0, that many structures of each set, drawn at random.
    keys : names of energies and forces in files.
    """
    asked = _Asked(limit, seed, keys or _KNOWN)
    whole = request.strip()
    one = whole and Path(whole).expanduser().exists()
    split = [whole] if one else [part.strip() for part in whole.split(",")]
    parts = [part for part in split if part] or list(EMBEDDED)
    found = [source for part in parts for source in _one(part, revision, asked)]
    names: dict[str, int] = {}
    out = []
    for source in found:
        count = names[source.name] = names.get(source.name, 0) + 1
        name = source.name if count == 1 else f"{source.name}-{count}"
        out.append(replace(source, name=name))
    return out


_KNOWN = Keys()


@dataclass(frozen=True)
class _Asked:
    """What of each data set is wanted."""

    limit: int = 0
    seed: int = 0
    keys: Keys = _KNOWN


def _one(part: str, revision: str, asked: _Asked) -> Iterator[Source]:
    if part in EMBEDDED:
        yield _of_files(part, [Path(__file__).with_name(f"{part}.npz")], asked)
    elif (path := Path(part).expanduser()).is_dir():
        yield from _folder(path, asked)
    elif path.exists():
        yield _of_files(unpacked(path).stem, [path], asked)
    elif part.startswith("colabfit/"):
        name = part.removeprefix("colabfit/")
        load = functools.partial(
            hub.load, part, revision=revision, limit=asked.limit, seed=asked.seed
        )
        yield Source(name, load, f"{part}@{revision}" if hub.pinned(revision) else None)
    else:
        raise UsageError(_nothing(part))


def _nothing(part: str) -> str:
    known = [*EMBEDDED, *(f"colabfit/{name}" for name in COLABFIT)]
    names = f"colabfit/NAME, or {', '.join(EMBEDDED)}"
    if readers.reader_of(Path(part)) or "/" in part or "\\" in part:
        suffixes = ", ".join(readers.SUFFIXES)
        return (
            f"{part}: no such file or folder; wanted {suffixes}, a folder of them, or colabfit/NAME"
        )
    lower = {name.lower().removeprefix("colabfit/"): name for name in known}
    near = difflib.get_close_matches(part.lower(), lower, 1, 0.5)
    hint = f"did you mean {lower[near[0]]}?" if near else f"wanted a file, a folder, {names}"
    return f"unknown data set {part!r}: {hint}"


def _folder(folder: Path, asked: _Asked) -> Iterator[Source]:
    """A ColabFit repository, or a system of DeePMD-kit, is one set; otherwise every file, and every
    such folder, is one.
    """
    if readers.is_deepmd(folder):
        yield _of_files(folder.name, [folder], asked)
        return
    parts = _parts(folder)
    if parts:
        name = folder.parent.name if folder.name in ("co", "main") else folder.name
        yield _of_files(name, parts, asked)
        return
    found = False
    for path in sorted(folder.iterdir()):
        parts = _parts(path) if path.is_dir() else []
        if parts or readers.reader_of(path):
            found = True
            name = unpacked(path).stem if path.is_file() else path.name
            yield _of_files(name, parts or [path], asked)
    if not found:
        if (folder / "type.raw").is_file():
            raise UsageError(f"{folder}: no coord.npy in a folder set.*; wanted DeePMD-kit's npy")
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


def _of_files(name: str, paths: list[Path], asked: _Asked) -> Source:
    """A data set in files."""
    stamp = "sha256:" + digest(*paths)
    load = functools.partial(_files, name, tuple(paths), stamp, asked)
    own = name not in EMBEDDED and len(paths) == 1 and paths[0].is_file() and not asked.limit
    return Source(name, load, stamp, paths[0] if own else None)


@functools.lru_cache(maxsize=4)
def _files(name: str, paths: tuple[Path, ...], stamp: str, asked: _Asked) -> Structures:
    # The stamp is in the cache's key: a file that changes is read again.
    data = readers.read(*paths, keys=asked.keys)
    if name not in EMBEDDED:
        what = f"{counted(data.n, 'structure')} with {counted(len(data.numbers), 'atom')}"
        LOG.warning("%s: %s", paths[0], what)
    if not 0 < asked.limit < data.n:
        return data
    rng = stream(asked.seed, "atoms", "max_structures", name)
    return data.take(np.sort(rng.choice(data.n, asked.limit, replace=False)))
