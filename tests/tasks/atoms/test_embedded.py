"""The data inside the package: what they are, and that the script makes them."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from harness_atoms.sources import EMBEDDED, resolve

SCRIPT = Path(__file__).parents[3] / "scripts" / "make_structures.py"


@pytest.fixture(scope="module")
def script():
    if not SCRIPT.exists():
        pytest.skip("scripts/ is not here: this is no source tree")
    import sys

    spec = importlib.util.spec_from_file_location("make_structures", SCRIPT)
    module = sys.modules["make_structures"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["make_structures"]


@pytest.fixture(params=EMBEDDED)
def embedded(request):
    return request.param, resolve(request.param)[0].load()


def test_what_is_there(embedded):
    _, data = embedded
    assert 60 <= data.n <= 150
    assert 1500 < len(data.numbers) < 5000
    assert {"md-300K", "liquid", "surface", "cluster", "dimer", "vacancy"} <= set(data.groups)
    kinds = {tuple(p) for p in data.pbc.tolist()}
    assert kinds == {(True, True, True), (True, True, False), (False, False, False)}
    assert np.linalg.norm(data.forces, axis=1).max() < 20


def test_the_script_makes_them(embedded, script):
    """One structure of every recipe but the long runs, again from nothing."""
    name, data = embedded
    plan = list(script.plan(name))
    labels = [label for _, label, _, _ in plan]
    assert labels == list(data.groups)
    quick = [
        labels.index(label)
        for label in dict.fromkeys(labels)
        if label not in ("liquid", "quenched", "md-900K")
    ]
    again = [script.make(name, *plan[s]) for s in quick]
    wanted = data.take(quick)
    np.testing.assert_array_equal(
        np.concatenate([atoms.numbers for atoms, _, _ in again]), wanted.numbers
    )
    # Positions are rounded to 1e-6: other versions of the libraries may round the other way.
    positions = np.concatenate([atoms.positions for atoms, _, _ in again])
    np.testing.assert_allclose(positions, wanted.positions, atol=1.1e-6)
    np.testing.assert_allclose([atoms.cell[:] for atoms, _, _ in again], wanted.cells, atol=1.1e-6)
    np.testing.assert_allclose([energy for _, energy, _ in again], wanted.energies, atol=1e-3)


def test_forces_are_the_slope_of_the_energy(embedded):
    """EMT on the stored positions gives what is stored; and a finite difference agrees."""
    from ase import Atoms
    from ase.calculators.emt import EMT

    _, data = embedded
    for s in range(0, data.n, 9):
        part = slice(data.offsets[s], data.offsets[s + 1])
        atoms = Atoms(
            data.numbers[part],
            data.positions[part],
            cell=data.cells[s],
            pbc=data.pbc[s],
            calculator=EMT(),
        )
        assert atoms.get_potential_energy() == pytest.approx(data.energies[s], abs=1e-9)
        np.testing.assert_allclose(atoms.get_forces(), data.forces[part], atol=1e-9)
        if s % 27 == 0:
            step, ends = 1e-4, []
            for sign in (1, -1):
                moved = atoms.copy()
                moved.calc = EMT()
                moved.positions[0, 0] += sign * step
                ends.append(moved.get_potential_energy())
            # A central difference errs by step^2 times a third derivative, here some 1e3 eV/Å^3.
            assert (ends[1] - ends[0]) / (2 * step) == pytest.approx(
                data.forces[part][0, 0], abs=1e-4
            )
