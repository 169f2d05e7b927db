"""Structures from ASE, real files, and independent brute-force references for the tests."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from ase import Atoms
from scipy.special import logsumexp

from harness import Environments, Structures
from harness_msc.descriptor import Quests


def structures(*atoms, **more):
    """`Structures` of ASE atoms."""
    return Structures(
        numbers=np.concatenate([a.numbers for a in atoms]),
        positions=np.concatenate([a.positions for a in atoms]),
        offsets=np.cumsum([0] + [len(a) for a in atoms]),
        cells=np.array([a.cell[:] for a in atoms]),
        pbc=np.array([a.pbc for a in atoms]),
        **more,
    )


def describe(*atoms, **params):
    """Descriptors of all atoms ``(items, p)``."""
    return Quests(**params).describe(structures(*atoms))


def exponents(y, x, h):
    """|y_i - x_j|^2 / 2 h^2, by subtraction."""
    return np.stack([((row - x) ** 2).sum(axis=1) for row in y]) / (2 * h * h)


def novelty(y, x, h):
    """-ln sum_j K(y_i, x_j), by SciPy's log-sum-exp."""
    return -logsumexp(-exponents(y, x, h), axis=1)


class Eager:
    """Minimum set cover as the paper states it: every score anew at each step, by full matrices."""

    def __init__(self, x, offsets, h=0.015):
        self.sets = [np.arange(a, b) for a, b in pairwise(offsets)]
        self.matrix = exponents(x, x, h)
        self.entropies = np.array(
            [
                np.log(len(s)) - logsumexp(-self.matrix[np.ix_(s, s)], axis=1).mean()
                for s in self.sets
            ]
        )

    def picks(self, size, held=(), candidates=None, plain=False):
        """The selection; ``plain`` sums kernels themselves, so that far sets tie at infinity."""
        candidates = list(range(len(self.sets))) if candidates is None else list(candidates)
        chosen, held = [], list(held)
        while len(chosen) < size:
            if held:
                known = np.concatenate([self.sets[s] for s in held])
                scores = [
                    self._novelty(self.sets[s], known, plain) + self.entropies[s]
                    for s in candidates
                ]
            else:
                scores = self.entropies[candidates]
            best = candidates.pop(int(np.argmax(scores)))
            chosen.append(best)
            held.append(best)
        return chosen

    def _novelty(self, points, known, plain):
        block = -self.matrix[np.ix_(points, known)]
        if not plain:
            return (-logsumexp(block, axis=1)).max()
        with np.errstate(divide="ignore"):
            return -np.log(np.exp(block).sum(axis=1).min())


@pytest.fixture(scope="session")
def ref():
    """The helpers above."""
    return SimpleNamespace(
        structures=structures, describe=describe, exponents=exponents, novelty=novelty, Eager=Eager
    )


@pytest.fixture(scope="session")
def g2():
    """Environments of ASE's G2 molecules: 162 structures, 860 atoms."""
    from ase.collections import g2 as collection

    return Quests().transform(structures(*(collection[name] for name in collection.names)))


@pytest.fixture(scope="session")
def cloud_of_sets():
    """Forty sets of 3 to 9 vectors around a few centres, at bandwidth 0.015."""
    rng = np.random.default_rng(5)
    sizes = rng.integers(3, 10, 40)
    centres = rng.normal(scale=0.05, size=(40, 12))
    x = np.concatenate(
        [c + rng.normal(scale=0.01, size=(m, 12)) for c, m in zip(centres, sizes, strict=True)]
    )
    return Environments(x=x, offsets=np.cumsum([0, *sizes]))


@pytest.fixture(scope="session")
def real(data_folder):
    """Reader of the environments of a real data set by name."""
    cache = {}

    def read(name):
        if name not in cache:
            cache[name] = Quests().transform(structures(*_atoms(data_folder / "atoms", name)))
        return cache[name]

    return read


def _atoms(folder, name):
    from ase.io import read

    if name == "Mo":
        import pyarrow.parquet as parquet

        rows = parquet.read_table(
            folder / "colabfit_mlearn_Mo_train" / "co" / "co_0.parquet"
        ).to_pylist()
        return [
            Atoms(r["atomic_numbers"], r["positions"], cell=r["cell"], pbc=r["pbc"]) for r in rows
        ]
    if name in ("Si", "Li"):
        return read(folder / f"mlearn_{name}_train.extxyz", ":")
    if name.startswith("acac"):
        return read(folder / f"dataset_acac_train_{name.removeprefix('acac')}K.xyz", ":")
    with np.load(folder / f"rmd17_{name}_train_01.npz") as data:
        return [Atoms(data["nuclear_charges"], frame) for frame in data["coords"]]
