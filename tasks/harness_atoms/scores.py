"""What a selection keeps of its data set: one function per group of scores."""

from __future__ import annotations

import functools
import math

import numpy as np

from harness import Bools, Floats, Incompatible, Ints, Selection, Structures
from harness_atoms import energy
from harness_atoms.rows import LOG
from harness_atoms.ruler import Measured, Ruler, measure

RARE = 0.01
"""Share of environments, the most isolated, that are outliers; of atoms, by force, that are the
tail.
"""

HELD = 2
"""Folds of ten that a network, which is trained once, is judged on."""


def size_of(rate: float, n: int) -> int:
    """Structures in a selection at a compression rate: ``round(n * rate)``, at least one."""
    return max(1, round(n * rate))


def score(
    data: Structures,
    output: Selection,
    rate: float,
    *,
    ruler: Ruler,
    eps: float,
    potential: str,
    name: str,
    steps: int = 300,
    training_seed: int = 0,
) -> dict[str, float]:
    """All scores of a selection at one rate; ``potential`` is empty for no energy test.

    ``steps`` is how long a potential that is a network is trained, ``training_seed`` what its
    weights follow from besides the training part.

    Where the data carry a split, its training part is already held: what is measured is the
    held part and the selection together, against the test part.

    Raises
    ------
    Incompatible : the selector did not go that far, or chose what is not there.
    """
    target = np.arange(data.n) if data.split is None else data.split.test
    chosen = output.subset(size_of(rate, len(target)))
    if chosen.max() >= data.n:
        raise Incompatible(
            f"chose structure {chosen.max()}; wanted positions from 0 to {data.n - 1}"
        )
    held = chosen if data.split is None else np.union1d(data.split.train, chosen)
    held = np.sort(held)
    measured = measure(data, ruler)
    out = information(measured, held, target, eps)
    if data.forces is not None:
        out |= tail(data, measured.owner, held, target)
    else:
        _tell(name, "no forces", "tail_recall, force_w1, q99_ratio and the energy test")
    sizes = np.diff(data.offsets)
    out["atoms_kept"] = float(sizes[np.intersect1d(chosen, target)].sum() / sizes[target].sum())
    if potential and data.forces is not None:
        if data.energies is None:
            _tell(name, "no energies", "the energy test")
        elif len(data.numbers) > energy.LARGEST:
            many = f"more than {energy.LARGEST} atoms"
            _tell(name, many, "the energy test (max_structures makes them fewer)")
        else:
            out |= (
                networks(measured, held, target, steps, training_seed)
                if potential == "mace"
                else energies(measured, held, target, potential)
            )
    return out


@functools.cache
def _tell(name: str, what: str, lost: str) -> None:
    """Say once per process and data set what cannot be scored."""
    LOG.warning("%s: the data have %s; left out: %s", name, what, lost)


def information(measured: Measured, held: Ints, target: Ints, eps: float) -> dict[str, float]:
    """Diversity kept, efficiency, overlap and outliers kept."""
    kept = measured.environments.take(held)
    out = {"diversity_kept": math.exp(measured.ruler.diversity(kept) - measured.diversity)}
    efficiency = measured.ruler.efficiency(kept)
    if efficiency is not None:
        out["efficiency_kept"] = efficiency
    known = measured.given(held) < eps
    among = np.isin(measured.owner, target)
    out["overlap_kept"] = float(known[among].mean())
    out["outliers_kept"] = float(known[outliers(measured.isolation, among)].mean())
    return out


def outliers(isolation: Floats, among: Bools) -> Bools:
    """The most isolated hundredth of the environments ``among`` which to look, at least one."""
    return among & (isolation >= np.quantile(isolation[among], 1 - RARE, method="higher"))


def tail(data: Structures, owner: Ints, held: Ints, target: Ints) -> dict[str, float]:
    """How the selection's forces compare with those of the whole."""
    from scipy.stats import wasserstein_distance

    assert data.forces is not None
    size = np.linalg.norm(data.forces, axis=1)
    among, kept = np.isin(owner, target), np.isin(owner, held)
    q99 = np.quantile(size[among], 1 - RARE)
    strong = among & (size >= q99)
    out = {
        "tail_recall": float(kept[strong].mean()),
        "force_w1": float(wasserstein_distance(size[kept], size[among])),
    }
    if q99 > 0:
        out["q99_ratio"] = float(np.quantile(size[kept], 1 - RARE) / q99)
    return out


def energies(measured: Measured, held: Ints, target: Ints, potential: str) -> dict[str, float]:
    """Errors of a potential in and out of domain; none where the selection is too small for it."""
    data = measured.data
    assert data.forces is not None
    fitted: energy.Potential = measured.uf3 if potential == "uf3" else measured.kernel_ridge
    found = energy.crossfit(fitted, data.n, held)
    if found is None:
        return {}
    return {
        f"rmse_{name}": energy.rmse(found[part], measured.per_atom[part])
        for name, part in _parts(data, target).items()
        if part.size
    }


def networks(
    measured: Measured, held: Ints, target: Ints, steps: int, training_seed: int
) -> dict[str, float]:
    """Errors of energies and of forces of a network, in and out of domain.

    A network is trained once, on the selected structures outside the first `HELD` folds of the
    energy test, and judged on those in them: the same structures for every selection, a tenth of
    them (by force) out of domain. None where nothing is left to train on, or, with a warning, where
    the training diverged.
    """
    data = measured.data
    assert data.forces is not None
    fold = energy.folds(data.n)
    train, test = held[fold[held] >= HELD], np.intersect1d(np.flatnonzero(fold < HELD), target)
    if not train.size or not test.size:
        return {}
    per_atom, forces = measured.mace.predict(train, test, steps=steps, seed=training_seed)
    if not (np.isfinite(per_atom).all() and np.isfinite(forces).all()):
        LOG.warning(
            "mace diverged in a training on %d structures; left out: its errors", len(train)
        )
        return {}
    atoms = np.repeat(test, np.diff(data.offsets)[test])
    known = data.forces[np.isin(measured.owner, test)]
    out = {}
    for name, part in _parts(data, test).items():
        among = np.isin(test, part)
        if among.any():
            out[f"rmse_{name}"] = energy.rmse(per_atom[among], measured.per_atom[test[among]])
            of = np.isin(atoms, part)
            out[f"force_{name}"] = energy.rmse(forces[of], known[of])
    return out


def _parts(data: Structures, target: Ints) -> dict[str, Ints]:
    """The ordinary structures, and those with the largest forces."""
    assert data.forces is not None
    strongest = np.maximum.reduceat(np.linalg.norm(data.forces, axis=1), data.offsets[:-1])
    ranked = target[np.argsort(strongest[target], kind="stable")]
    count = max(1, round(energy.TAIL * len(target)))
    return {"in": ranked[:-count], "out": ranked[-count:]}
