import math

import numpy as np
import pytest

from harness import DataError, Incompatible, PairedSamples
from harness_classics import copula
from harness_classics.copula import GaussianCopula, StudentCopula

BOTH = pytest.mark.parametrize("estimator", [GaussianCopula, StudentCopula])


def student_pair(seed, n, dx, dy, dof, rho):
    rng, d = np.random.default_rng(seed), dx + dy
    dispersion = (1 - rho) * np.eye(d) + rho
    both = rng.normal(size=(n, d)) @ np.linalg.cholesky(dispersion).T
    both *= np.sqrt(dof / rng.chisquare(dof, size=(n, 1)))
    parts = dispersion[:dx, :dx], dispersion[dx:, dx:], dispersion
    x, y, joint = (np.linalg.slogdet(part)[1] for part in parts)
    return PairedSamples(both[:, :dx], both[:, dx:]), 0.5 * (x + y - joint)


@BOTH
@pytest.mark.parametrize(("d", "information"), [(1, 0.5), (3, 1.5), (1, 0.0)])
def test_normal_pairs_have_their_closed_form(estimator, d, information, gaussian_pair):
    found = [
        estimator(stderr="none").estimate(PairedSamples(*gaussian_pair(s, 1000, d, information)))
        for s in range(8)
    ]
    values = [each.value for each in found]
    # The canonical correlations have a standard deviation of at most (1 - rho^2) / sqrt(n).
    slack = 4 * max(np.std(values) / math.sqrt(8), 0.002)
    assert np.mean(values) == pytest.approx(information, abs=slack)


@BOTH
def test_increasing_maps_of_columns_change_nothing(estimator, gaussian_pair):
    x, y = gaussian_pair(0, 400, 2, 1.0)
    plain = estimator().estimate(PairedSamples(x, y))
    mapped = np.column_stack([np.exp(3 * x[:, 0]), x[:, 1] ** 3]), np.arctan(y)
    warped = estimator().estimate(PairedSamples(*mapped))
    assert warped.value == plain.value
    # Subsamples are dealt by rank, so the error is the same, too.
    assert warped.stderr == plain.stderr
    falling = estimator(stderr="none").estimate(PairedSamples(-x, y))
    assert falling.value == pytest.approx(plain.value, abs=1e-9)


@BOTH
def test_sides_may_be_exchanged_and_rows_reordered(estimator, gaussian_pair):
    x, y = gaussian_pair(1, 300, 2, 1.0)
    order = np.random.default_rng(0).permutation(300)
    plain = estimator(stderr="none").estimate(PairedSamples(x, y)).value
    assert estimator(stderr="none").estimate(PairedSamples(y, x)).value == pytest.approx(plain)
    moved = estimator(stderr="none").estimate(PairedSamples(x[order], y[order])).value
    assert moved == pytest.approx(plain, abs=1e-9)


@pytest.mark.parametrize(
    ("dx", "dy", "dof", "rho"), [(1, 1, 1.0, 0.0), (3, 2, 3.0, 0.4), (5, 5, 2.0, 0.0)]
)
def test_a_student_copula_counts_the_scale_in_common(dx, dy, dof, rho):
    found, apart = [], []
    for seed in range(6):
        pair, linear = student_pair(seed, 2000, dx, dy, dof, rho)
        found.append(StudentCopula(stderr="none").estimate(pair))
        apart.append(GaussianCopula(stderr="none").estimate(pair).value)
    truth = linear + copula.scale_information(dof, dx, dy)
    values = [each.value for each in found]
    assert np.mean(values) == pytest.approx(truth, abs=4 * np.std(values, ddof=1) / math.sqrt(6))
    degrees = [each.diagnostics["degrees_of_freedom"] for each in found]
    assert np.mean(degrees) == pytest.approx(dof, rel=0.1)
    assert np.mean(apart) < truth - 0.1


def test_quantiles_are_those_of_student():
    # Degrees of freedom 1 and 2 have closed forms.
    p = np.arange(1, 2000) / 2000
    assert copula._student_quantiles(1000, 1.0) == pytest.approx(
        np.tan(math.pi * (p - 0.5)), rel=1e-4, abs=1e-9
    )
    two = (2 * p - 1) / np.sqrt(2 * p * (1 - p))
    assert copula._student_quantiles(1000, 2.0) == pytest.approx(two, rel=1e-4, abs=1e-9)


@BOTH
def test_the_standard_error_is_that_of_repetitions(estimator, gaussian_pair):
    n, repeats = 300, 40
    found = [
        estimator().estimate(PairedSamples(*gaussian_pair(seed, n, 1, 0.5)))
        for seed in range(repeats)
    ]
    spread = np.std([each.value for each in found], ddof=1)
    stated = math.sqrt(np.mean([each.stderr**2 for each in found]))
    # The spread of forty is known to 1/sqrt(78) = 11 %, and Student's factor is up to 21 %.
    assert stated / spread == pytest.approx(1.13, abs=4 * 0.13)


@BOTH
def test_what_has_no_copula_is_refused(estimator):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 100, 2))
    with pytest.raises(Incompatible, match=r"discrete.*plug-in"):
        estimator().estimate(PairedSamples(x, rng.integers(0, 3, size=(100, 1)).astype(float)))
    codes = rng.integers(0, 3, size=(100, 1)).astype(float)
    with pytest.raises(Incompatible, match="use ross"):
        estimator().estimate(PairedSamples(x, codes, y_kind="discrete"))
    with pytest.raises(Incompatible, match="singular"):
        estimator().estimate(PairedSamples(x, x**3))
    with pytest.raises(Incompatible, match="wants more than 5"):
        estimator().estimate(PairedSamples(x[:5], y[:5]))
    with pytest.raises(DataError, match=r"PairedSamples\.y"):
        estimator().estimate(PairedSamples(x, np.ones((100, 2))))


@BOTH
def test_rounded_data_have_mean_ranks(estimator, gaussian_pair):
    x, y = gaussian_pair(3, 2000, 1, 0.5)
    plain = estimator(stderr="none").estimate(PairedSamples(x, y)).value
    coarse = PairedSamples(np.round(x, 3), np.round(y, 3))
    assert estimator(stderr="none").estimate(coarse).value == pytest.approx(plain, abs=2e-3)


def test_a_fit_without_its_excess_has_the_corrected_information():
    x, y = np.random.default_rng(0).normal(size=(2, 400, 10))
    y[:, 0] += 2 * x[:, 0]
    fitted = copula.Ranked.of(PairedSamples(x, y)).student()
    less = fitted.without_excess(10, 400)
    assert fitted.information(10) - fitted.information(10, 400) == pytest.approx(0.125, rel=0.05)
    assert less.information(10) == pytest.approx(fitted.information(10, 400), abs=1e-9)
    assert np.linalg.eigvalsh(less.dispersion).min() > 0
    # Within a side nothing changes, and the correlation that is there stays.
    assert (less.dispersion[:10, :10] == fitted.dispersion[:10, :10]).all()
    assert less.dispersion[0, 10] == pytest.approx(fitted.dispersion[0, 10], abs=0.02)
    few = np.abs(less.dispersion[1:10, 11:]).mean() / np.abs(fitted.dispersion[1:10, 11:]).mean()
    assert few < 0.8
