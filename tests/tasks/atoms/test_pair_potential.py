import numpy as np
import pytest

pytest.importorskip("uf3")

from harness_atoms.colabfit import ColabFit
from harness_atoms.pair_potential import PairPotential
from harness_atoms.sources import resolve


@pytest.fixture(scope="module")
def alloy():
    return resolve("copper-gold")[0].load()


def test_features_do_not_depend_on_the_cell_that_is_shown(alloy):
    """A supercell has the same features per atom, in solids and in slabs."""
    import dataclasses

    for label in ("strained", "surface"):
        s = alloy.groups.index(label)
        one = alloy.take([s])
        shift = one.cells[0, 0]
        two = dataclasses.replace(
            one,
            numbers=np.tile(one.numbers, 2),
            positions=np.concatenate([one.positions, one.positions + shift]),
            offsets=np.array([0, 2 * len(one.numbers)]),
            cells=one.cells * np.array([2, 1, 1])[:, None],
            forces=np.tile(one.forces, (2, 1)),
            energies=2 * one.energies,
        )
        a, b = (PairPotential.of(d, d.energies).features for d in (one, two))
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)


def test_a_pair_potential_is_learned():
    """On energies that are a sum over pairs the fit is nearly exact."""
    import dataclasses

    copper = resolve("copper")[0].load()
    solids = copper.take(
        [s for s, g in enumerate(copper.groups) if g.startswith(("md", "rattled-0.05", "strained"))]
    )
    basis = PairPotential.of(solids, np.zeros(solids.n))
    coefficients = np.random.default_rng(0).normal(size=basis.features.shape[1])
    energies = basis.features @ coefficients
    fitted = dataclasses.replace(basis, energies=energies)
    test = np.arange(0, solids.n, 4)
    train = np.setdiff1d(np.arange(solids.n), test)
    error = fitted.predict(train, test) - energies[test]
    assert np.sqrt(np.mean(error**2)) < 0.02 * energies.std()


def test_as_the_potential_of_the_task(alloy):
    from harness import Selection

    chosen = Selection(np.arange(0, alloy.n, 5))
    found = {}
    for name in ("kernel-ridge", "uf3"):
        task = ColabFit(dataset="copper-gold", rates=(0.2,), potential=name)
        case = next(c for c in task.cases(seed=0) if c.facts.get("rate"))
        found[name] = task.score(case, chosen)
    assert found["uf3"]["rmse_out"] > 0
    assert found["uf3"]["rmse_out"] != found["kernel-ridge"]["rmse_out"]
    assert found["uf3"]["diversity_kept"] == found["kernel-ridge"]["diversity_kept"]
