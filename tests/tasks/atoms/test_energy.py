import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness_atoms import energy


@pytest.fixture(scope="module")
def bags():
    """Eight bags of 1 to 6 vectors on the scale of the kernel, with offsets."""
    rng = np.random.default_rng(1)
    sizes = rng.integers(1, 7, 8)
    return rng.normal(scale=0.1, size=(sizes.sum(), 4)), np.concatenate([[0], np.cumsum(sizes)])


def by_hand(x, offsets):
    bags = [x[a:b] for a, b in itertools.pairwise(offsets)]
    return np.array(
        [
            [
                np.mean([np.exp(-np.sum((u - v) ** 2) / (2 * 0.1**2)) for u in a for v in b])
                for b in bags
            ]
            for a in bags
        ]
    )


@pytest.mark.parametrize("block", [1, 3, 10, 2048])
def test_mean_kernel(bags, block, monkeypatch):
    monkeypatch.setattr(energy, "_BLOCK", block)
    np.testing.assert_allclose(energy.mean_kernel(*bags), by_hand(*bags), rtol=1e-12)


def test_composition():
    shares = energy.composition(np.array([29, 79, 29, 13, 29, 29]), np.array([0, 1, 4, 6]))
    # Columns by atomic number: 13, 29, 79.
    np.testing.assert_allclose(shares, [[0, 1, 0], [1 / 3, 1 / 3, 1 / 3], [0, 1, 0]])


def potential(bags, shares, energies):
    return energy.KernelRidge(energy.mean_kernel(*bags), shares, energies)


def test_ridge_is_that_of_scikit_learn(bags):
    """With one element the reference is the mean, and the rest plain kernel ridge."""
    from sklearn.kernel_ridge import KernelRidge

    x, offsets = bags
    energies = np.random.default_rng(2).normal(size=8)
    train, test = np.arange(5), np.arange(5, 8)
    kernel = by_hand(x, offsets)
    theirs = KernelRidge(alpha=1e-6, kernel="precomputed")
    theirs.fit(kernel[:5, :5], energies[:5] - energies[:5].mean())
    wanted = theirs.predict(kernel[5:, :5]) + energies[:5].mean()
    got = potential(bags, np.ones((8, 1)), energies).predict(train, test)
    # The condition number of the system is at most 5/1e-6.
    np.testing.assert_allclose(got, wanted, rtol=1e-7)


def test_element_references_are_fitted_exactly(bags):
    """Energies that are linear in the composition are predicted, wherever the structures are."""
    shares = np.random.default_rng(3).dirichlet(np.ones(3), size=8)
    energies = shares @ [-3.0, -5.0, 1.0]
    got = potential(bags, shares, energies).predict(np.arange(4), np.arange(4, 8))
    np.testing.assert_allclose(got, energies[4:], atol=1e-9)


def test_an_unseen_element_gets_the_mean(bags):
    shares = np.array([[1.0, 0.0]] * 7 + [[0.0, 1.0]])
    energies = np.full(8, -4.0)
    got = potential(bags, shares, energies).predict(np.arange(7), np.array([7]))
    np.testing.assert_allclose(got, [-4.0], atol=1e-12)


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=2))
def test_errors_do_not_hang_on_the_zero_of_energy(bags, shift):
    """Another reference energy per element changes no error where the elements are trained on."""
    rng = np.random.default_rng(4)
    shares = rng.dirichlet(np.ones(2), size=8)
    energies = rng.normal(size=8)
    train, test = np.arange(6), np.array([6, 7])
    moved = energies + shares @ shift
    plain = potential(bags, shares, energies).predict(train, test) - energies[test]
    after = potential(bags, shares, moved).predict(train, test) - moved[test]
    np.testing.assert_allclose(after, plain, atol=1e-7)


class Spy:
    """Predicts the number of structures trained on, and remembers who was trained on for whom."""

    def __init__(self):
        self.seen = {}

    def predict(self, train, test):
        self.seen |= {int(t): set(train.tolist()) for t in test}
        return np.full(len(test), float(len(train)))


@given(st.sets(st.integers(0, 36), min_size=3))
def test_everyone_is_predicted_by_the_chosen_outside_his_fold(chosen):
    spy, n = Spy(), 37
    fold = energy.folds(n)
    out = energy.crossfit(spy, n, np.array(sorted(chosen)))
    if any(chosen <= set(np.flatnonzero(fold == f).tolist()) for f in range(energy.FOLDS)):
        assert out is None
        return
    assert set(spy.seen) == set(range(n))
    for structure, trained in spy.seen.items():
        assert trained == {c for c in chosen if fold[c] != fold[structure]}
    np.testing.assert_array_equal(out, [len(spy.seen[s]) for s in range(n)])


@given(st.integers(1, 300))
def test_folds_are_even_and_fixed(n):
    fold = energy.folds(n)
    counts = np.bincount(fold, minlength=energy.FOLDS)
    assert counts.max() - counts.min() <= 1
    np.testing.assert_array_equal(fold, energy.folds(n))


def test_rmse_is_in_mev():
    assert energy.rmse(np.array([1.0, 2.0]), np.array([1.003, 2.004])) == pytest.approx(
        np.sqrt((9 + 16) / 2)
    )
