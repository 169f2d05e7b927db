"""The QUESTS descriptor: published values, invariances, cells of every sort, bad input."""

import math

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, fcc111
from ase.collections import g2
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import DataError, Structures
from harness.kinds import Split
from harness_msc.descriptor import Quests
from harness_msc.measures import Diversity, Entropy

K = 32
PRINTED = 1e-6
"""The published values have six decimals."""


def x1(rows):
    return rows[:, :K]


def x2(rows):
    return rows[:, K:]


def filled(*runs):
    """A row of `K` numbers from (count, value) runs, zeros after them."""
    row = [v for count, v in runs for _ in range(count)]
    return np.array(row + [0.0] * (K - len(row)))


def test_hydrogen(ref):
    assert x1(ref.describe(g2["H2"])) == pytest.approx(
        np.tile(filled((1, 1.298214)), (2, 1)), abs=PRINTED
    )


def test_water(ref):
    rows = ref.describe(g2["H2O"])
    assert x1(rows)[0] == pytest.approx(filled((2, 0.956424)), abs=PRINTED)
    assert x1(rows)[1] == pytest.approx(filled((1, 0.956424), (1, 0.538676)), abs=PRINTED)
    assert x2(rows)[:, 0] == pytest.approx([0.037929, 0.056318, 0.056318], abs=PRINTED)


def test_methane(ref):
    rows = ref.describe(g2["CH4"])
    assert x1(rows)[0] == pytest.approx(filled((4, 0.832611)), abs=PRINTED)
    assert x1(rows)[1] == pytest.approx(filled((1, 0.832611), (3, 0.428644)), abs=PRINTED)
    assert x2(rows)[0, :3] == pytest.approx([0.063733] * 3, abs=PRINTED)
    assert x2(rows)[1, :3] == pytest.approx([0.095427, 0.064042, 0.064042], abs=PRINTED)


CRYSTALS = {
    "copper": (bulk("Cu", "fcc", 3.615), [(12, 0.213436), (6, 0.063012), (14, 0.010529)]),
    "silicon": (bulk("Si", "diamond", 5.431), [(4, 0.257900), (12, 0.043791), (12, 0.007921)]),
    "iron": (
        bulk("Fe", "bcc", 2.87),
        [(8, 0.228063), (6, 0.156656), (12, 0.028657), (6, 0.001854)],
    ),
}


@pytest.mark.parametrize("name", CRYSTALS)
def test_crystals(ref, name):
    atoms, runs = CRYSTALS[name]
    assert x1(ref.describe(atoms))[0] == pytest.approx(filled(*runs), abs=PRINTED)


def brute(atoms, k=K, cutoff=5.0):
    """The descriptor from its definition, by plain loops and full sorts, and where it is unique."""
    cell, reach = atoms.cell[:], []
    for a in range(3):
        reach.append(int(np.ceil(cutoff / np.linalg.norm(cell[a]) * 4)) + 1 if atoms.pbc[a] else 0)
    shifts = np.array(
        [(i, j, m) for i in range(-reach[0], reach[0] + 1) for j in range(-reach[1], reach[1] + 1)
         for m in range(-reach[2], reach[2] + 1)]
    )  # fmt: skip
    images = (atoms.positions[None] + (shifts @ cell)[:, None]).reshape(-1, 3)
    out, whole = [], []
    for centre in atoms.positions:
        away = images - centre
        r = np.linalg.norm(away, axis=1)
        order = np.argsort(r, kind="stable")
        near = order[1 : k + 1]
        # Of equal distances at the k-th place some are in and some out: not unique, if they count.
        edge = r[order[k : k + 2]]
        whole.append(len(edge) < 2 or edge[0] > cutoff or edge[1] - edge[0] > 1e-6)
        near = near[r[near] < cutoff]
        w = (1 - (r[near] / cutoff) ** 2) ** 2
        first, matrix = np.zeros(k), np.zeros((k, k))
        first[: len(near)] = w / r[near]
        for a, i in enumerate(near):
            for b, j in enumerate(near):
                if a != b:
                    matrix[a, b] = math.sqrt(w[a] * w[b]) / np.linalg.norm(away[i] - away[j])
        out.append(np.concatenate([first, np.sort(matrix, axis=1)[:, 1:].mean(axis=0)[::-1]]))
    return np.array(out), np.array(whole)


def rattled(atoms, seed, amount=0.1):
    atoms = atoms.copy()
    atoms.positions += np.random.default_rng(seed).normal(scale=amount, size=atoms.positions.shape)
    return atoms


def slab():
    atoms = fcc111("Al", (2, 2, 3), vacuum=None)
    atoms.cell[2] = 0
    atoms.pbc = (True, True, False)
    return rattled(atoms, 1)


def skewed():
    atoms = rattled(bulk("Si", "diamond", 5.431), 2)
    atoms.set_cell(
        atoms.cell[:] @ np.array([[1, 0.9, 0.3], [0, 1, 0.8], [0, 0, 1]]), scale_atoms=True
    )
    return atoms


HARD = {
    "one-atom cell": bulk("Po", "sc", 3.35),
    "tiny cell": Atoms("H2", [(0, 0, 0), (0.4, 0.5, 0.6)], cell=(1.6, 1.7, 1.9), pbc=True),
    "slab": slab(),
    "wire": Atoms(
        "C3",
        [(0, 0, 0), (1.1, 0.4, 0), (0.3, 1.4, 0.2)],
        cell=[(0, 0, 0), (0, 0, 0), (0.5, 0, 2.6)],
        pbc=(False, False, True),
    ),
    "skewed cell": skewed(),
    "molecule": rattled(g2["C6H6"], 3),
}


@pytest.mark.parametrize("name", HARD)
@pytest.mark.parametrize(("k", "cutoff"), [(32, 5.0), (7, 3.1), (45, 4.0), (1, 5.0), (2, 5.0)])
def test_matches_the_definition(ref, name, k, cutoff):
    atoms = HARD[name]
    expected, whole = brute(atoms, k, cutoff)
    got = ref.describe(atoms, k=k, cutoff=cutoff)
    assert got[:, :k] == pytest.approx(expected[:, :k], abs=1e-12)
    assert got[whole] == pytest.approx(expected[whole], abs=1e-12)
    if name in ("molecule", "skewed cell", "slab"):
        assert whole.all()


def test_many_structures_at_once_are_the_same_as_each_alone(ref):
    everything = [*HARD.values(), g2["CH4"], bulk("Cu"), rattled(bulk("Cu", cubic=True) * 3, 4)]
    rows = ref.describe(*everything)
    assert (rows == np.concatenate([ref.describe(a) for a in everything])).all()


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(sorted(HARD)), st.integers(0, 2**32 - 1))
def test_invariances(ref, name, seed):
    """Rotation, reflection, translation, order, unwrapped atoms, and the choice of cell."""
    rng = np.random.default_rng(seed)
    atoms = HARD[name]
    expected = ref.describe(atoms)
    basis = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    moved = Atoms(
        atoms.numbers,
        atoms.positions @ basis + rng.normal(size=3),
        cell=atoms.cell[:] @ basis,
        pbc=atoms.pbc,
    )
    whole = rng.integers(-3, 4, size=(len(atoms), 3)) * atoms.pbc
    moved.positions += whole @ moved.cell[:]
    order = rng.permutation(len(atoms))
    assert ref.describe(moved[order]) == pytest.approx(expected[order], abs=1e-10)


@pytest.mark.parametrize("name", [n for n in HARD if HARD[n].pbc.any()])
def test_left_handed_cells_lose_no_neighbour(ref, name):
    """The official code finds 3 of 32 neighbours of copper in a cell with two vectors swapped."""
    atoms = HARD[name]
    swapped = Atoms(
        atoms.numbers, atoms.positions, cell=atoms.cell[[1, 0, 2]], pbc=atoms.pbc[[1, 0, 2]]
    )
    assert ref.describe(swapped) == pytest.approx(ref.describe(atoms), abs=1e-12)
    copper = bulk("Cu", cubic=True)
    copper.set_cell(copper.cell[[1, 0, 2]])
    assert (x1(ref.describe(copper)) > 0).all()


def test_mixed_periodicity_is_not_taken_for_none(ref):
    """A slab is the same with or without periodicity across its vacuum."""
    atoms = slab()
    atoms.cell[2] = (0, 0, 30)
    both = atoms.copy()
    both.pbc = True
    bare = atoms.copy()
    bare.pbc = False
    rows = ref.describe(atoms)
    assert rows == pytest.approx(ref.describe(both), abs=1e-12)
    assert np.abs(rows - ref.describe(bare)).max() > 0.1


@pytest.mark.parametrize(
    ("element", "lattice", "a"),
    [
        ("Cu", "fcc", 3.615),
        ("Fe", "bcc", 2.87),
        ("Mg", "hcp", 3.2),
        ("Si", "diamond", 5.431),
        ("Po", "sc", 3.35),
    ],
)
def test_perfect_crystals_have_one_environment(ref, element, lattice, a):
    """Even where k cuts a shell (all but diamond), which atoms count depends on no setting."""
    primitive = bulk(element, lattice, a=a)
    rng = np.random.default_rng(0)
    turned = primitive * (3, 3, 3)
    turned.rotate(77, rng.normal(size=3), rotate_cell=True)
    turned = turned[rng.permutation(len(turned))]
    data = Quests().transform(ref.structures(primitive, primitive * (2, 3, 1), turned))
    assert np.ptp(data.x, axis=0).max() < 1e-9
    assert Entropy().estimate(data).value == pytest.approx(0.0, abs=1e-9)


LADDER = {0: 0.0, 0.01: 0.0850, 0.05: 1.4606, 0.1: 3.6319, 0.2: 4.6638, 0.4: 4.6820}


@pytest.mark.parametrize("amount", LADDER)
def test_entropy_rises_with_rattling(ref, amount):
    """The official package gives the same; for the perfect crystal, cut by file order, 0.0112."""
    atoms = rattled(bulk("Cu", a=3.615, cubic=True) * 3, 1, amount)
    h = Entropy().estimate(Quests().transform(ref.structures(atoms))).value
    assert h == pytest.approx(LADDER[amount], abs=1e-4)


def test_species_blocks(ref):
    """Rock salt: all atoms, then Na among Na, then Cl among Cl, each column where it says."""
    salt = rattled(bulk("NaCl", "rocksalt", 5.64, cubic=True), 5)
    rows = ref.describe(salt, species=True)
    width = 2 * K - 1
    assert rows.shape == (8, 3 * width)
    assert (rows[:, :width] == ref.describe(salt)).all()
    for block, number in ((1, 11), (2, 17)):
        own = salt.numbers == number
        part = rows[:, block * width : (block + 1) * width]
        assert part[own] == pytest.approx(ref.describe(salt[own]), abs=1e-12)
        assert (part[~own] == 0).all()
    assert ref.describe(bulk("Cu"), species=True).shape == (1, width)


def test_species_blocks_where_structures_lack_an_element(ref):
    rows = ref.describe(g2["CH4"], g2["H2"], g2["C2H2"], species=True)
    width = 2 * K - 1
    assert rows.shape == (11, 3 * width)
    alone = ref.describe(g2["H2"])
    assert (rows[5:7, :width] == alone).all()
    assert (rows[5:7, width : 2 * width] == alone).all()
    assert (rows[5:7, 2 * width :] == 0).all()


def test_lone_atom_has_a_zero_descriptor(ref):
    data = Quests().transform(ref.structures(Atoms("He")))
    assert (data.x == 0).all()
    assert (Entropy().estimate(data).value, Diversity().estimate(data).value) == (0.0, 0.0)


def test_unit_labels_go_along(ref):
    atoms = [g2["H2"], g2["CH4"], g2["H2O"]]
    data = ref.structures(
        *atoms, groups=("a", "b", "c"), sizes=(1, 2), split=Split(train=[0, 1], test=[2])
    )
    out = Quests().transform(data)
    assert (out.groups, out.sizes) == (("a", "b", "c"), (1, 2))
    assert out.offsets.tolist() == [0, 2, 7, 10]
    assert out.split.test.tolist() == [2]


def test_coincident_atoms_are_named(ref):
    twins = Atoms("H3", [(0, 0, 0), (1, 1, 1), (1, 1, 1 + 1e-8)])
    with pytest.raises(
        DataError, match=r"atoms 1 and 2 of structure 1 .*wanted atoms at distinct positions"
    ):
        ref.describe(g2["H2"], twins)
    across = Atoms("Cu2", [(0, 0, 0), (3, 3, 6)], cell=(3, 3, 3), pbc=True)
    with pytest.raises(DataError, match="atoms 0 and 1 of structure 0"):
        ref.describe(across)


def test_paper_thin_cells_are_refused(ref):
    foil = Atoms("Cu", cell=(1, 1, 1e-5), pbc=True)
    with pytest.raises(DataError, match=r"so thin.*wanted lattice vectors"):
        ref.describe(g2["H2"], foil)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"positions": [[np.nan, 0, 0]]}, "positions"),
        ({"offsets": [0]}, "offsets"),
        (
            {"offsets": [0, 1, 1], "cells": [np.eye(3)] * 2, "pbc": [[False] * 3] * 2},
            "at least one item",
        ),
        ({"cells": np.zeros((1, 3, 3)), "pbc": [[True] * 3]}, "no volume"),
    ],
)
def test_impossible_structures_never_reach_the_model(change, message):
    good = {
        "numbers": [1],
        "positions": [[0.0, 0, 0]],
        "offsets": [0, 1],
        "cells": [np.eye(3)],
        "pbc": [[False] * 3],
    }
    with pytest.raises(DataError, match=message):
        Structures(**good | change)
