"""Tasks ``gap20`` and ``tm23``: the paper's data sets, from files that the user has downloaded.

Protocols: D. Schwalbe-Koda et al., Nat. Commun. 16, 4014 (2025), and B. Yu et al.,
arXiv:2511.10561.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from harness import Structures, UsageError, stream
from harness.files import digest
from harness_atoms import readers, settings
from harness_atoms.colabfit import Compression
from harness_atoms.readers import Keys
from harness_atoms.rows import join
from harness_atoms.sources import Source

GAP20_FILES = "Carbon_Data_Set_Total.xyz", "Carbon_GAP_20_Training_Set.xyz"
GAP20_WHERE = (
    "wanted the extracted Carbon_GAP_20.tgz or a .xyz file of it: --set gap20.path=FOLDER "
    "(https://www.repository.cam.ac.uk/handle/1810/307452, licence CC BY 4.0)"
)
TM23_WHERE = (
    "wanted the extracted benchmarking_master_collection: --set tm23.path=FOLDER "
    "(https://archive.materialscloud.org/record/2024.48, licence on that page)"
)
_D_BLOCK = "Ti V Cr Mn Fe Co Ni Cu Zn Zr Nb Mo Tc Ru Rh Pd Ag Cd Hf Ta W Re Os Ir Pt Au Hg"
TM23_ELEMENTS = tuple(_D_BLOCK.split())
TEMPERATURES = ("cold", "warm", "melt")
"""0.25, 0.75 and 1.25 of the melting temperature."""


class GAP20(Compression, settings.GAP20):
    """Carbon: every configuration type of GAP-20 is a data set."""

    def sources(self, seed: int) -> Iterator[Source]:
        """One data set per configuration type, by name."""
        path = _locate(self.path, "gap20", GAP20_FILES, GAP20_WHERE)
        stamp = "sha256:" + digest(path)
        there = readers.xyz_labels(path)
        for name in self.types or there:
            if name not in there:
                raise UsageError(
                    f"gap20.types: {name!r} is not in {path}; wanted some of {', '.join(there)}"
                )
            load = functools.partial(
                _group, path, stamp, self.keys, name, self.max_structures, seed
            )
            yield Source(name or "unnamed", load, stamp)


class TM23(Compression, settings.TM23):
    """27 transition metals: the whole set of each, and its step from cold to warm and to melt."""

    def sources(self, seed: int) -> Iterator[Source]:
        """Per element ``Cu`` (the whole), ``Cu-cold-warm`` and ``Cu-cold-melt`` (given cold)."""
        folder = _folder(self.path)
        for element in self.elements or TM23_ELEMENTS:
            if element not in TM23_ELEMENTS:
                raise UsageError(
                    f"tm23.elements: {element!r}; wanted some of {', '.join(TM23_ELEMENTS)}"
                )
            found = list(self._element(folder, element, seed))
            if self.elements and not found:
                raise UsageError(f"tm23.path: {folder} has no files of {element}; {TM23_WHERE}")
            yield from found

    def _element(self, folder: Path, element: str, seed: int) -> Iterator[Source]:
        limit = self.max_structures
        whole = sorted(folder.rglob(f"{element}_2700cwm_train.*xyz"))
        if whole:
            yield _source(element, whole[0], None, self.keys, limit, seed)
        parts = {t: sorted(folder.rglob(f"{element}_{t}_nequip_train.*xyz")) for t in TEMPERATURES}
        for t in TEMPERATURES[1:]:
            if parts["cold"] and parts[t]:
                held = parts["cold"][0]
                yield _source(f"{element}-cold-{t}", parts[t][0], held, self.keys, limit, seed)


def _source(name: str, path: Path, held: Path | None, keys: Keys, limit: int, seed: int) -> Source:
    stamp = "sha256:" + digest(*([path] if held is None else [held, path]))
    return Source(
        name, functools.partial(_temperatures, path, held, stamp, keys, name, limit, seed), stamp
    )


def _temperatures(
    path: Path, held: Path | None, stamp: str, keys: Keys, name: str, limit: int, seed: int
) -> Structures:
    data = _few(_read(path, stamp, keys), limit, seed, name)
    return data if held is None else join(_read(held, stamp, keys), data)


def _group(path: Path, stamp: str, keys: Keys, name: str, limit: int, seed: int) -> Structures:
    data = _read(path, stamp, keys)
    members = [i for i, label in enumerate(data.groups or [""] * data.n) if label == name]
    if not members:
        raise UsageError(
            f"{path}: all structures of {name!r} were left out; wanted energies and forces"
        )
    return _few(data.take(members), limit, seed, name)


def _few(data: Structures, limit: int, seed: int, name: str) -> Structures:
    if not 0 < limit < data.n:
        return data
    chosen = stream(seed, "atoms", "max_structures", name).choice(data.n, limit, replace=False)
    return data.take(np.sort(chosen))


@functools.lru_cache(maxsize=2)
def _read(path: Path, stamp: str, keys: Keys) -> Structures:
    # The stamp is in the cache's key: a file that changes is read again.
    return readers.read(path, keys=keys)


def _folder(path: str) -> Path:
    if not path:
        raise UsageError(f"tm23.path: not given; {TM23_WHERE}")
    folder = Path(path).expanduser()
    if not folder.is_dir():
        raise UsageError(f"tm23.path: {path} is not a folder; {TM23_WHERE}")
    if not any(folder.rglob("*_train.*xyz")):
        raise UsageError(
            f"tm23.path: {path} has no *_2700cwm_train.xyz or *_nequip_train.xyz; {TM23_WHERE}"
        )
    return folder


def _locate(path: str, task: str, names: Iterable[str], where: str) -> Path:
    """The file, or the first of ``names`` that lies in the folder."""
    if not path:
        raise UsageError(f"{task}.path: not given; {where}")
    place = Path(path).expanduser()
    if place.is_file():
        return place
    if not place.is_dir():
        raise UsageError(f"{task}.path: {path}: no such file or folder; {where}")
    for name in names:
        for found in sorted(place.rglob(name)):
            return found
    raise UsageError(f"{task}.path: {path} has none of {', '.join(names)}; {where}")
