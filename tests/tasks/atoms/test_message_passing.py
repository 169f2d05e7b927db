"""The small MACE potential: what it learns, what it may not read, what it leaves behind."""

import dataclasses
import hashlib
import importlib.util
import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import harness
from harness import MissingDependency
from harness.long_work import heard_by
from harness_atoms import scores
from harness_atoms.ruler import Ruler, measure
from harness_atoms.sources import resolve

RULER = Ruler(32, 5.0, 0.015)
THERE = importlib.util.find_spec("mace") is not None
with_mace = pytest.mark.skipif(not THERE, reason="mace-torch is not installed")


@pytest.fixture(scope="module")
def few():
    return resolve("copper")[0].load().take(np.arange(0, 60, 2))


@pytest.fixture
def graphs():
    """The graphs of structures; imported late, because ``mace-torch`` may be missing."""
    from harness_atoms.message_passing import Graphs

    return Graphs.of


@pytest.mark.skipif(THERE, reason="mace-torch is installed")
def test_without_the_package_its_pip_line_is_named(few):
    output = harness.Selection(np.arange(10))
    with pytest.raises(MissingDependency, match=r"infoharness\[mace\]"):
        scores.score(few, output, 0.3, ruler=RULER, eps=1e-5, potential="mace", name="x")


class Told:
    """A potential that knows everything but for 1 meV per atom and 2 meV/Å."""

    def __init__(self, data, off=1.0):
        self.data, self.off, self.asked = data, off, []

    def predict(self, train, test, *, steps, seed):
        self.asked.append((train, test, steps, seed))
        data, atoms = (
            self.data,
            np.isin(np.repeat(np.arange(self.data.n), np.diff(self.data.offsets)), test),
        )
        per_atom = (data.energies / np.diff(data.offsets))[test]
        return per_atom + 1e-3 * self.off, data.forces[atoms] + 2e-3 * self.off


@pytest.fixture
def told(few):
    """Put a potential in the place of MACE; taken away at the end."""
    measured = measure(few, RULER)

    def put(potential):
        measured.__dict__["mace"] = potential
        return measured

    yield put
    measured.__dict__.pop("mace", None)


def test_a_network_is_judged_on_structures_that_no_selection_trains_on(few, told):
    asked = []
    for chosen in (np.arange(12), np.arange(10, 30)):
        potential = Told(few)
        found = scores.networks(told(potential), chosen, np.arange(few.n), 7, 3)
        assert found["rmse_in"] == pytest.approx(1.0)
        assert found["rmse_out"] == pytest.approx(1.0)
        assert found["force_in"] == pytest.approx(2.0)
        assert found["force_out"] == pytest.approx(2.0)
        ((train, test, steps, seed),) = potential.asked
        assert (steps, seed) == (7, 3)
        assert not set(train) & set(test)
        assert set(train) <= set(chosen)
        asked.append(test)
    np.testing.assert_array_equal(*asked)


def test_a_training_that_diverged_is_told_and_has_no_errors(few, told, caplog):
    measured = told(Told(few, off=np.nan))
    assert scores.networks(measured, np.arange(12), np.arange(few.n), 7, 0) == {}
    assert "mace diverged" in caplog.text


def test_the_task_hands_over_steps_and_seed(few, told, monkeypatch):
    potential = Told(few)
    measured = told(potential)
    monkeypatch.setattr(scores, "measure", lambda data, ruler: measured)
    task = harness.task("colabfit", potential="mace", steps=9, training_seed=4)
    facts = {"dataset": "copper", "rate": 0.5}
    case = harness.Case("copper@50%", lambda: few, "copper", facts=facts)
    found = task.score(case, harness.Selection(np.arange(15)))
    assert found["force_out"] == pytest.approx(2.0)
    assert potential.asked[0][2:] == (9, 4)


def test_data_without_forces_or_energies_are_scored_without_a_network(few, caplog):
    output = harness.Selection(np.arange(10))
    for lacking in ("forces", "energies"):
        data = dataclasses.replace(few, **{lacking: None})
        found = scores.score(
            data, output, 0.3, ruler=RULER, eps=1e-5, potential="mace", name=f"no {lacking}"
        )
        assert not {"rmse_in", "rmse_out", "force_in", "force_out"} & set(found)
        assert f"the data have no {lacking}; left out:" in caplog.text


@with_mace
@pytest.mark.slow
def test_training_learns_and_reads_the_training_part_alone(few, graphs):
    train, test = np.arange(0, 30, 2), np.arange(1, 30, 2)
    energies, forces = graphs(few).predict(train, test, steps=100)
    per_atom = few.energies / np.diff(few.offsets)
    atoms = np.isin(np.repeat(np.arange(few.n), np.diff(few.offsets)), test)
    assert np.sqrt(np.mean((forces - few.forces[atoms]) ** 2)) < 0.7 * few.forces[atoms].std()
    assert np.sqrt(np.mean((energies - per_atom[test]) ** 2)) < 0.7 * per_atom[test].std()


@with_mace
def test_labels_outside_the_training_part_change_nothing(few, graphs):
    train, test = np.arange(0, 10), np.arange(10, 15)
    atoms = np.isin(np.repeat(np.arange(few.n), np.diff(few.offsets)), test)
    other = dataclasses.replace(
        few,
        energies=np.where(np.isin(np.arange(few.n), test), 0.0, few.energies),
        forces=np.where(atoms[:, None], 0.0, few.forces),
    )
    for found, wanted in zip(
        graphs(other).predict(train, test, steps=4),
        graphs(few).predict(train, test, steps=4),
        strict=True,
    ):
        np.testing.assert_array_equal(found, wanted)


TRAINING = """
import hashlib, os, threading
import numpy as np
from harness_atoms.message_passing import UNSAFE, Graphs
from harness_atoms.sources import resolve

few = resolve("copper")[0].load().take(np.arange(0, 60, 2))
found = Graphs.of(few).predict(np.arange(10), np.arange(10, 15), steps=4)
print(hashlib.sha256(b"".join(x.tobytes() for x in found)).hexdigest())
print(UNSAFE in os.environ, threading.active_count())
"""


@with_mace
@pytest.mark.slow
def test_equal_seeds_give_equal_bits_and_nothing_is_left_behind(few, graphs):
    train, test = np.arange(10), np.arange(10, 15)
    found = graphs(few).predict(train, test, steps=4)
    digest = hashlib.sha256(b"".join(x.tobytes() for x in found)).hexdigest()
    # The other process warns of nothing, prints nothing of its own, and may use two threads.
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", TRAINING],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "2"},
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
    )
    assert run.stderr == ""
    assert run.stdout == f"{digest}\nFalse 1\n"
    other = graphs(few).predict(train, test, steps=4, seed=1)
    assert not np.array_equal(other[1], found[1])


@with_mace
def test_a_training_tells_how_far_it_has_come(few, graphs):
    heard = []
    potential, parts = graphs(few), (np.arange(10), np.arange(10, 15))
    with heard_by(heard.append):
        found = potential.predict(*parts, steps=2)
    assert [str(progress) for progress in heard][:1] == ["1/2 steps of mace"]
    heard.clear()
    with heard_by(heard.append):
        again = potential.predict(*parts, steps=2)
    assert not heard  # the same is trained once only
    assert again is found


def neighbours(positions, cell, pbc, cutoff):
    """Pairs within the cutoff, counted image by image."""
    reach = cutoff + np.linalg.norm(np.ptp(positions, axis=0))
    # No more planes of the lattice than this lie within the reach.
    planes = reach * np.linalg.norm(np.linalg.pinv(cell), axis=0)
    many = [int(m) + 1 if periodic else 0 for m, periodic in zip(planes, pbc, strict=True)]
    count = -len(positions)  # each atom lies on itself
    for image in itertools.product(*(range(-m, m + 1) for m in many)):
        apart = positions[None] + np.array(image) @ cell - positions[:, None]
        count += (np.linalg.norm(apart, axis=-1) < cutoff).sum()
    return count


@with_mace
@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 0, 1)])
def test_neighbours_in_any_order_of_the_lattice_vectors(copper, order, graphs):
    from harness_atoms.message_passing import CUTOFF

    kinds = sorted({tuple(pbc) for pbc in copper.pbc.tolist()})
    assert len(kinds) > 1  # open directions, too
    rows = np.concatenate([np.flatnonzero((copper.pbc == kind).all(1))[:2] for kind in kinds])
    data = copper.take(np.sort(rows))
    data = dataclasses.replace(data, cells=data.cells[:, order], pbc=data.pbc[:, order])
    for s, row in enumerate(graphs(data).rows):
        positions = data.positions[data.offsets[s] : data.offsets[s + 1]]
        wanted = neighbours(positions, data.cells[s], data.pbc[s], CUTOFF)
        assert row.edge_index.shape[1] == wanted


@with_mace
def test_energies_of_many_digits_lose_none(few, graphs):
    # Of all electrons: float32 resolves 0.06 eV there.
    heavy = dataclasses.replace(few, energies=few.energies - 5e5 * np.diff(few.offsets))
    train, test = np.arange(10), np.arange(10, 15)
    found, _ = graphs(heavy).predict(train, test, steps=2)
    wanted, _ = graphs(few).predict(train, test, steps=2)
    np.testing.assert_allclose(found + 5e5, wanted, rtol=0, atol=1e-4)


@with_mace
def test_an_unseen_element_and_atoms_without_neighbours(graphs):
    n = 6
    data = harness.Structures(
        numbers=np.array([29, 29] * (n - 2) + [79, 29, 29, 29]),
        # Pairs 2 to 3 Å apart; the last pair out of reach of each other.
        positions=np.array([[x, 0.0, 0.0] for d in (2, 2.2, 2.5, 2.8, 3, 9) for x in (0.0, d)]),
        offsets=2 * np.arange(n + 1),
        cells=np.zeros((n, 3, 3)),
        pbc=np.zeros((n, 3), bool),
        energies=np.linspace(-3.0, 0.0, n),
        forces=np.tile([[0.5, 0.0, 0.0], [-0.5, 0.0, 0.0]], (n, 1)),
    )
    energies, forces = graphs(data).predict(np.arange(4), np.array([4, 5]), steps=2)
    assert np.isfinite(energies).all()
    assert forces[:2].any()
    assert not forces[2:].any()
    # Nor can a part without any neighbours be a reason to stop.
    energies, forces = graphs(data).predict(np.array([5]), np.array([5]), steps=2)
    assert np.isfinite(energies).all()
    assert not forces.any()
