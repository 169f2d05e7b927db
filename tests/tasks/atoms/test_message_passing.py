"""The small MACE potential: what it learns, that nothing of the test part enters, and its absence."""

import dataclasses
import importlib.util

import numpy as np
import pytest

import harness
from harness import MissingDependency
from harness_atoms import scores
from harness_atoms.ruler import Ruler, measure
from harness_atoms.sources import resolve

THERE = importlib.util.find_spec("mace") is not None
with_mace = pytest.mark.skipif(not THERE, reason="mace-torch is not installed")


@pytest.fixture(scope="module")
def few():
    return resolve("copper")[0].load().take(np.arange(0, 60, 2))


@pytest.mark.skipif(THERE, reason="mace-torch is installed")
def test_without_the_package_its_pip_line_is_named(few):
    output = harness.Selection(np.arange(10))
    with pytest.raises(MissingDependency, match=r"infoharness\[mace\]"):
        scores.score(
            few, output, 0.3, ruler=Ruler(32, 5.0, 0.015), eps=1e-5, potential="mace", name="x"
        )


class Told:
    """A potential that knows everything but for 1 meV per atom and 2 meV/Å."""

    def __init__(self, data):
        self.data, self.asked = data, []

    def predict(self, train, test, *, steps, seed):
        self.asked.append((train, test, steps))
        data, atoms = (
            self.data,
            np.isin(np.repeat(np.arange(self.data.n), np.diff(self.data.offsets)), test),
        )
        return (data.energies / np.diff(data.offsets))[test] + 1e-3, data.forces[atoms] + 2e-3


def test_a_network_is_judged_on_structures_that_no_selection_trains_on(few):
    measured = measure(few, Ruler(32, 5.0, 0.015))
    asked = []
    for chosen in (np.arange(12), np.arange(10, 30)):
        told = Told(few)
        measured.__dict__["mace"] = told
        found = scores.networks(measured, chosen, np.arange(few.n), 7, 0)
        assert found["rmse_in"] == pytest.approx(1.0)
        assert found["rmse_out"] == pytest.approx(1.0)
        assert found["force_in"] == pytest.approx(2.0)
        assert found["force_out"] == pytest.approx(2.0)
        ((train, test, steps),) = told.asked
        assert steps == 7
        assert not set(train) & set(test)
        assert set(train) <= set(chosen)
        asked.append(test)
    del measured.__dict__["mace"]
    np.testing.assert_array_equal(*asked)


@with_mace
def test_training_learns_and_reads_the_training_part_alone(few):
    from harness_atoms.message_passing import Graphs

    train, test = np.arange(0, 20), np.arange(20, 30)
    energies, forces = Graphs.of(few).predict(train, test, steps=60)
    per_atom = few.energies / np.diff(few.offsets)
    atoms = np.isin(np.repeat(np.arange(few.n), np.diff(few.offsets)), test)
    assert np.sqrt(np.mean((forces - few.forces[atoms]) ** 2)) < 0.7 * few.forces[atoms].std()
    assert np.sqrt(np.mean((energies - per_atom[test]) ** 2)) < per_atom[test].std()
    # Other labels in the test part change nothing.
    other = dataclasses.replace(
        few,
        energies=np.where(np.isin(np.arange(few.n), test), 0.0, few.energies),
        forces=np.where(atoms[:, None], 0.0, few.forces),
    )
    again, moved = Graphs.of(other).predict(train, test, steps=60)
    np.testing.assert_array_equal(again, energies)
    np.testing.assert_array_equal(moved, forces)
