"""Conditional mutual information of discrete variables and of mixtures."""

import math

import numpy as np
import pytest

from harness import ConditionedSamples, DataError, Incompatible
from harness_classics.discrete import MillerMadowCMI, PlugInCMI
from harness_classics.ksg import FrenzelPompe
from harness_classics.mesner_shalizi import MesnerShalizi

CODES = ("discrete",) * 3


def column(values):
    return np.asarray(values, float).reshape(len(values), -1)


def triple(x, y, z, *kinds, **stated):
    return ConditionedSamples(column(x), column(y), column(z), *kinds, **stated)


def test_plug_in_of_a_full_table():
    """x equals y where z is 1, and is independent of it where z is 0: I(X;Y|Z) = p(z = 1) ln 2."""
    x = [0, 0, 1, 1, 0, 0, 1, 1]
    y = [0, 1, 0, 1, 0, 0, 1, 1]
    z = [0, 0, 0, 0, 1, 1, 1, 1]
    data = triple(x, y, z, *CODES)
    output = PlugInCMI().estimate(data)
    assert output.value == pytest.approx(math.log(2) / 2, abs=1e-14)
    assert output.local.mean() == pytest.approx(output.value, abs=1e-14)
    # Cells of (x, z), (y, z), (x, y, z) and z.
    corrected = MillerMadowCMI().estimate(data)
    assert corrected.value == pytest.approx(output.value + (4 + 4 - 6 - 2) / 16, abs=1e-14)


def test_plug_in_is_the_sum_over_cells(brute):
    rng = np.random.default_rng(0)
    x, y, z = (
        rng.integers(3, size=(150, 2)),
        rng.integers(4, size=(150, 1)),
        rng.integers(2, size=(150, 2)),
    )
    found = PlugInCMI().estimate(ConditionedSamples(*map(column, (x, y, z)), *CODES))
    assert found.value == pytest.approx(brute.cmi_of_counts(x, y, z), abs=1e-12)
    cells = [len(np.unique(np.hstack(part), axis=0)) for part in ([x, z], [y, z], [x, y, z], [z])]
    corrected = MillerMadowCMI().estimate(ConditionedSamples(*map(column, (x, y, z)), *CODES))
    spare = cells[0] + cells[1] - cells[2] - cells[3]
    assert corrected.value - found.value == pytest.approx(spare / 300, abs=1e-14)


def test_miller_madow_takes_most_of_the_bias_off():
    """Independent codes: the plain value is too large by (cells - 1) terms of 1 / 2n, about 0.09."""
    rng = np.random.default_rng(1)
    plain, corrected = [], []
    for _ in range(300):
        data = triple(
            rng.integers(4, size=100), rng.integers(4, size=100), rng.integers(2, size=100), *CODES
        )
        plain.append(PlugInCMI().estimate(data).value)
        corrected.append(MillerMadowCMI().estimate(data).value)
    assert np.mean(plain) > 0.08
    assert abs(np.mean(corrected)) < 0.02


@pytest.mark.parametrize("estimator", [PlugInCMI(), MillerMadowCMI(), MesnerShalizi(stderr="none")])
def test_codes_are_names(estimator):
    rng = np.random.default_rng(2)
    x, y, z = rng.integers(3, size=(3, 200))
    y = np.where(rng.random(200) < 0.6, x, y)
    plain = estimator.estimate(triple(x, y, z, *CODES)).value
    names = np.array([5.0, -(2.0**50), 77.0])
    found = estimator.estimate(triple(names[x], names[::-1][y], 9 * z, *CODES)).value
    assert found == pytest.approx(plain, abs=1e-12)
    assert plain > 0.1


@pytest.mark.parametrize(
    "kinds",
    [
        ("continuous", "continuous", "continuous"),
        CODES,
        ("mixed", "continuous", "discrete"),
        ("discrete", "continuous", "mixed"),
        ("continuous", "discrete", "discrete"),
    ],
)
@pytest.mark.parametrize(("k", "dx", "dz"), [(1, 1, 1), (4, 2, 1), (7, 1, 2)])
def test_mesner_shalizi_equals_the_formula_over_all_pairs(brute, kinds, k, dx, dz):
    rng = np.random.default_rng(k)
    z = rng.normal(size=(160, dz))
    x, y = z[:, :1] + rng.normal(size=(160, dx)), z[:, :1] + rng.normal(size=(160, 1))
    made = [altered(values, kind) for values, kind in zip((x, y, z), kinds, strict=True)]
    data = ConditionedSamples(*made, *kinds)
    found = MesnerShalizi(k=k, standardize=False, stderr="none").estimate(data)
    pairs = [(values, kind == "discrete") for values, kind in zip(made, kinds, strict=True)]
    assert found.value == pytest.approx(brute.mesner_shalizi(*pairs, k), abs=1e-12)
    assert found.local.mean() == pytest.approx(found.value, abs=1e-12)


def altered(values, kind):
    """Whole numbers for codes, and an atom at zero for a mixture."""
    if kind == "mixed":
        return np.where(np.abs(values) < 0.5, 0.0, values)
    return np.rint(values) if kind == "discrete" else values


def mean_of_four(draw, **settings):
    return np.mean(
        [
            MesnerShalizi(stderr="none", **settings)
            .estimate(draw(np.random.default_rng(seed)))
            .value
            for seed in range(4)
        ]
    )


def test_a_code_and_a_number_about_it():
    """x one of m codes, y uniform on [x, x + 2]: I = ln m - (m - 1) / m ln 2 (Gao et al. 2017).

    Conditioned on an independent code, the same.
    """
    m = 5

    def draw(rng):
        x = rng.integers(m, size=3000)
        return triple(
            x,
            x + 2 * rng.random(3000),
            rng.integers(2, size=3000),
            "discrete",
            "continuous",
            "discrete",
        )

    truth = math.log(m) - (m - 1) / m * math.log(2)
    # One estimate spreads by 0.008, the mean of four by 0.004.
    assert mean_of_four(draw) == pytest.approx(truth, abs=0.02)


def test_a_copy_within_one_of_two_strata():
    """z a coin; where z is 1, y is a copy of a fair code x, else independent: I = ln 2 / 2."""

    def draw(rng):
        x, other, z = rng.integers(2, size=(3, 3000))
        return triple(x, np.where(z == 1, x, other), z, *CODES)

    # One estimate spreads by 0.007, the mean of four by 0.0035.
    assert mean_of_four(draw) == pytest.approx(math.log(2) / 2, abs=0.02)


def test_a_gaussian_triple_and_a_chain_of_mixtures():
    rho = 0.8

    def gaussian(rng):
        z, x, e = rng.normal(size=(3, 3000))
        return triple(x + z, rho * x + math.sqrt(1 - rho**2) * e + z, z)

    def chain(rng):  # x -> z -> y with an atom in each: nothing is left once z is known
        x = np.maximum(rng.normal(size=3000), 0.0)
        z = rng.poisson(2 * x)
        return triple(x, z + rng.normal(size=3000), z, "mixed", "continuous", "discrete")

    # Over 40 draws biased by +0.038 and +0.028, spread by 0.016 and 0.007.
    assert mean_of_four(gaussian) == pytest.approx(-0.5 * math.log(1 - rho**2), abs=0.07)
    assert mean_of_four(chain) == pytest.approx(0.0, abs=0.05)


def test_what_each_estimator_refuses():
    rng = np.random.default_rng(0)
    x, y, z = rng.normal(size=(3, 40))
    code = np.arange(40) % 2
    with pytest.raises(Incompatible, match=r"z is discrete and has no density; use mesner-shalizi"):
        FrenzelPompe().estimate(triple(x, y, code, z_kind="discrete"))
    with pytest.raises(Incompatible, match=r"x is discrete and has no density; use plug-in-cmi"):
        FrenzelPompe().estimate(triple(code, code, code, *CODES))
    with pytest.raises(Incompatible, match=r"y is continuous; .* discrete: use mesner-shalizi"):
        PlugInCMI().estimate(triple(code, y, code, "discrete", "continuous", "discrete"))
    with pytest.raises(Incompatible, match="more than k = 40 samples"):
        MesnerShalizi(k=40).estimate(triple(x, y, z))
    with pytest.raises(DataError, match=r"ConditionedSamples\.y: constant columns only"):
        MesnerShalizi().estimate(triple(x, 0 * y, z))
    one = MesnerShalizi(stderr="none").estimate(triple(x, y, 0 * z, z_kind="discrete")).value
    assert math.isfinite(one)  # a single stratum is no defect of the data
