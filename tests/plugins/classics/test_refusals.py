import numpy as np
import pytest

import harness
from harness import (
    ConditionedSamples,
    DataError,
    Incompatible,
    PairedSamples,
    Samples,
    Split,
    UsageError,
)
from harness.testing import conformance
from harness_classics.density import KDE, KDE3H
from harness_classics.entropy import KL, KL3H, WKL
from harness_classics.gaussian import Gaussian, GaussianEntropy
from harness_classics.ksg import KSG, KSG2, FrenzelPompe

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(2, 100, 2))
CONSTANT = np.ones((100, 1))
PAIRED = [KSG(), KSG2(), KL3H(), KDE3H(), Gaussian()]
SINGLE = [KL(), WKL(), KDE(), GaussianEntropy()]


@conformance("classics", params={"sliced-ksg": {"directions": 10}})
def test_conformance(check):
    check()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_kinds_refuse_what_is_no_number(bad):
    x = X.copy()
    x[7, 1] = bad
    with pytest.raises(DataError, match="row 7"):
        PairedSamples(x, Y)


def test_kinds_refuse_unequal_lengths_and_objects():
    with pytest.raises(DataError, match=r"PairedSamples\.y"):
        PairedSamples(X, Y[:50])
    with pytest.raises(DataError, match="numbers"):
        Samples(np.array([["a"], ["b"]], dtype=object))


@pytest.mark.parametrize(
    "name", ["ksg", "ksg2", "kl", "wkl", "kl-3h", "wkl-3h", "ross", "frenzel-pompe"]
)
@pytest.mark.parametrize("k", [0, -3, 2.5, "many"])
def test_k_is_a_whole_number_from_one_up(name, k):
    with pytest.raises(UsageError, match=rf"classics/{name}\.k"):
        harness.estimator(f"classics/{name}", k=k)


@pytest.mark.parametrize("estimator", [KSG(k=5), KSG2(k=5), KL3H(k=5)])
def test_too_few_samples(estimator):
    with pytest.raises(Incompatible, match="more than k = 5"):
        estimator.estimate(PairedSamples(X[:5], Y[:5]))
    assert np.isfinite(estimator.estimate(PairedSamples(X[:6, :1], Y[:6, :1])).value)


@pytest.mark.parametrize("estimator", PAIRED)
def test_a_constant_variable(estimator):
    with pytest.raises(
        DataError, match=r"PairedSamples\.y: constant columns only; wanted a variable that varies"
    ):
        estimator.estimate(PairedSamples(X, CONSTANT))


@pytest.mark.parametrize("estimator", SINGLE)
def test_constant_samples(estimator):
    with pytest.raises(DataError, match=r"Samples\.x: constant"):
        estimator.estimate(Samples(CONSTANT))


@pytest.mark.parametrize("estimator", [KSG(), KSG2()])
def test_a_constant_column_is_left_out_with_a_note(estimator):
    output = estimator.estimate(PairedSamples(X, np.hstack([Y, CONSTANT])))
    assert output.value == estimator.estimate(PairedSamples(X, Y)).value
    assert output.diagnostics["constant_columns"] == 1


@pytest.mark.parametrize("estimator", [KL3H(), KDE3H(), Gaussian()])
def test_a_singular_covariance(estimator):
    for extra in (CONSTANT, Y[:, :1] + Y[:, 1:]):
        with pytest.raises(
            Incompatible, match=r"PairedSamples\.y: the covariance is singular along 1 of 3 axes"
        ):
            estimator.estimate(PairedSamples(X, np.hstack([Y, extra])))
    with pytest.raises(Incompatible, match="x and y: the covariance is singular"):
        estimator.estimate(PairedSamples(X, X @ [[1.0, 2.0], [0.5, 3.0]]))


@pytest.mark.parametrize("estimator", PAIRED[:4])
def test_codes_passed_off_as_continuous(estimator):
    codes = RNG.integers(0, 3, size=(2, 100, 1)).astype(float)
    with pytest.raises(Incompatible, match=r"so it is discrete; use .*plug-in"):
        estimator.estimate(PairedSamples(*codes))


def test_a_few_repeated_points():
    some = np.r_[np.arange(100), np.arange(10)]
    output = KSG().estimate(PairedSamples(X[some], Y[some]))
    assert output.diagnostics["repeated"] == pytest.approx(20 / 110)
    many = np.r_[np.arange(100), np.zeros(6, int)]
    with pytest.raises(DataError, match="at row 0: a point that equals k others"):
        KSG(k=5, ties="keep").estimate(PairedSamples(X[many], Y[many]))
    assert np.isfinite(KSG(k=5).estimate(PairedSamples(X[many], Y[many])).value)
    with pytest.raises(Incompatible, match=r"the point at row 0 equals 5 others, an atom"):
        KL(k=5).estimate(Samples(X[many]))
    with pytest.raises(Incompatible, match="an atom that has no density; use mixed-ksg"):
        KL3H(k=5).estimate(PairedSamples(X[many], Y[many]))


@pytest.mark.parametrize("kind", ["discrete", "mixed"])
def test_variables_without_a_density(kind):
    pair = PairedSamples(X, np.rint(Y), y_kind=kind)
    for estimator in (KL3H(), KDE3H()):
        with pytest.raises(Incompatible, match=rf"PairedSamples\.y is {kind}"):
            estimator.estimate(pair)


def test_too_few_samples_for_a_covariance():
    with pytest.raises(Incompatible, match="wants more than 5"):
        Gaussian().estimate(PairedSamples(X[:5], Y[:5]))


def test_conditional():
    with pytest.raises(DataError, match=r"ConditionedSamples\.z: constant"):
        FrenzelPompe().estimate(ConditionedSamples(X, Y, CONSTANT))


@pytest.mark.parametrize("estimator", PAIRED)
def test_only_the_test_part_of_a_split_is_measured(estimator):
    split = Split(np.arange(40), np.arange(40, 100))
    output = estimator.estimate(PairedSamples(X, Y, split=split))
    assert output.value == estimator.estimate(PairedSamples(X[40:], Y[40:])).value
    assert len(output.local) == 60
