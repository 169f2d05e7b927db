"""Truths in nats against numbers worked out elsewhere, or by integration."""

import math

import numpy as np
import pytest
from scipy import integrate, special, stats

from harness_vectors import gauss, truths
from harness_vectors.entropies import (
    CORRELATION,
    GAP,
    RATE,
    SCALE,
    Entropies,
    mixture_entropy,
    student_entropy,
)
from harness_vectors.normal import distributions
from harness_vectors.special import digamma, normal_cdf

G = 0.413339
PAIRS = 1.021651
# The benchmark's ids, dimensions and exact values, in order.
FORTY = [
    ("1v1-normal-0.75", 1, 1, G),
    ("normal_cdf-1v1-normal-0.75", 1, 1, G),
    ("1v1-additive-0.1", 1, 1, 1.709438),
    ("1v1-additive-0.75", 1, 1, 0.333333),
    ("1v1-bimodal-0.75", 1, 1, G),
    ("wiggly-1v1-normal-0.75", 1, 1, G),
    ("half_cube-1v1-normal-0.75", 1, 1, G),
    ("student-identity-1-1-1", 1, 1, 0.224171),
    ("asinh-student-identity-1-1-1", 1, 1, 0.224171),
    ("swissroll_x-normal_cdf-1v1-normal-0.75", 2, 1, G),
    *(
        (f"multinormal-dense-{d}-{d}-0.5", d, d, v)
        for d, v in [(2, 0.293893), (3, 0.413339), (5, 0.592812)]
    ),
    *((f"multinormal-dense-{d}-{d}-0.5", d, d, v) for d, v in [(25, 1.292184), (50, 1.624265)]),
    *((f"multinormal-sparse-{d}-{d}-2-2.0", d, d, PAIRS) for d in (2, 3, 5, 25)),
    ("student-identity-2-2-1", 2, 2, 0.431946),
    ("student-identity-2-2-2", 2, 2, 0.193147),
    ("student-identity-3-3-2", 3, 3, 0.290922),
    ("student-identity-3-3-3", 3, 3, 0.178712),
    ("student-identity-5-5-2", 5, 5, 0.448151),
    ("student-identity-5-5-3", 5, 5, 0.298544),
    *((f"normal_cdf-multinormal-sparse-{d}-{d}-2-2.0", d, d, PAIRS) for d in (3, 5, 25)),
    *((f"half_cube-multinormal-sparse-{d}-{d}-2-2.0", d, d, PAIRS) for d in (3, 5, 25)),
    *((f"spiral-multinormal-sparse-{d}-{d}-2-2.0", d, d, PAIRS) for d in (3, 5, 25)),
    *((f"spiral-normal_cdf-multinormal-sparse-{d}-{d}-2-2.0", d, d, PAIRS) for d in (3, 5, 25)),
    ("asinh-student-identity-2-2-1", 2, 2, 0.431946),
    ("asinh-student-identity-3-3-2", 3, 3, 0.290922),
    ("asinh-student-identity-5-5-2", 5, 5, 0.448151),
]


def test_the_forty_by_name_dimension_and_value():
    found = [(d.name, d.dx, d.dy, d.information) for d in distributions()]
    assert [row[:3] for row in found] == [row[:3] for row in FORTY]
    assert [row[3] for row in found] == pytest.approx([row[3] for row in FORTY], abs=1e-6)


@pytest.mark.parametrize("distribution", list(distributions()), ids=lambda d: d.name)
def test_the_forty_have_their_shapes(distribution):
    x, y = distribution.sample(np.random.default_rng(0), 60)
    assert (x.shape, y.shape) == ((60, distribution.dx), (60, distribution.dy))
    # Injective: no two of 60 continuous points fall together.
    assert len(np.unique(np.hstack([x, y]), axis=0)) == 60


def test_special_functions():
    x = np.linspace(-8, 8, 101)
    assert normal_cdf(x) == pytest.approx(special.ndtr(x), rel=1e-12)
    for t in (0.1, 0.5, 1.0, 7.3, 30.0):
        assert digamma(t) == pytest.approx(special.digamma(t), abs=1e-13)


@pytest.mark.parametrize("d", [1, 3, 10])
def test_dense_normal_by_its_formula(d):
    covariance = 0.5 * (np.eye(2 * d) + 1)
    assert gauss.mutual_information(covariance, d) == pytest.approx(
        0.5 * math.log((d + 1) ** 2 / (2 * d + 1))
    )


@pytest.mark.parametrize("information", [0.0, 0.3, 1.0, 5.0, 12.0])
def test_correlation_of_an_information(information):
    assert -0.5 * math.log1p(-(gauss.correlation(information) ** 2)) == pytest.approx(
        information, abs=1e-4
    )


@pytest.mark.parametrize("dof", [1, 3])
def test_student_by_integration(dof):
    # E ln p(x, y) / p(x) p(y) over a quarter of the plane, with x = sinh u, which the tails need.
    u = np.linspace(0, 25, 1501)
    x, weight = np.sinh(u), np.cosh(u) * (u[1] - u[0]) * np.where(u == 0, 0.5, 1.0)
    square = x[:, None] ** 2 + x**2
    joint = -0.5 * (dof + 2) * np.log1p(square / dof) - math.log(2 * math.pi)
    single = stats.t.logpdf(x, dof)
    found = (
        4 * (np.exp(joint) * (joint - single[:, None] - single) * weight[:, None] * weight).sum()
    )
    assert truths.student(dof, 1, 1) == pytest.approx(found, abs=1e-4)


def trapezium_entropy(low, high, rise):
    """Entropy of a sum of two uniform numbers by integration, with ramps of width ``rise``."""

    def density(t):
        return np.clip(np.minimum(t - low, high - t) / rise, 0, 1) / (high - low - rise)

    t = np.linspace(low, high, 400_001)[1:-1]
    return -(special.xlogy(density(t), density(t)).sum()) * (t[1] - t[0])


@pytest.mark.parametrize("epsilon", [0.1, 0.3, 0.5, 0.75, 2.0])
def test_additive_noise_by_integration(epsilon):
    rise = min(1.0, 2 * epsilon)
    wanted = trapezium_entropy(-epsilon, 1 + epsilon, rise) - math.log(2 * epsilon)
    assert truths.additive(epsilon) == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize("q", [0.2, 1.0, math.e, 40.0])
def test_smoothed_uniform_by_integration(q):
    width, noise = min(1.0, q), 1 / max(1.0, q)
    wanted = trapezium_entropy(0.0, width + noise, min(width, noise)) - math.log(noise)
    assert truths.smoothed_uniform(q) == pytest.approx(wanted, abs=1e-5)


def test_smoothed_uniform_by_known_values_and_back():
    assert truths.smoothed_uniform(1.0) == 0.5
    assert truths.smoothed_uniform(math.e) == pytest.approx(1.1839, abs=1e-4)
    for information in (0.01, 0.3, 0.5, 0.9, 4.0):
        assert truths.smoothed_uniform(truths.smoothness(information)) == pytest.approx(
            information, rel=1e-12
        )
    assert truths.smoothness(0.0) == 0.0


def test_entropies_against_scipy(by_id):
    truth = {name: case.truth["entropy"] for name, case in by_id(Entropies(dims=(1, 2, 5))).items()}
    assert "correlated-normal-1" not in truth
    for d in (1, 2, 5):
        spread = CORRELATION * np.ones((d, d)) + (1 - CORRELATION) * np.eye(d)
        wanted = {
            "normal": stats.multivariate_normal(np.zeros(d)).entropy(),
            "uniform": 0.0,
            "laplace": d * stats.laplace(scale=SCALE).entropy(),
            "exponential": d * stats.expon(scale=1 / RATE).entropy(),
            "student-3": stats.multivariate_t(np.zeros(d), df=3).entropy(),
        } | (
            {"correlated-normal": stats.multivariate_normal(np.zeros(d), spread).entropy()}
            if d > 1
            else {}
        )
        for law, value in wanted.items():
            assert truth[f"{law}-{d}"] == pytest.approx(value, abs=1e-9), law
    assert student_entropy(3.0, 1) == pytest.approx(stats.t(3).entropy(), abs=1e-9)


def test_mixture_by_adaptive_integration():
    def density(t):
        return 0.3 * stats.norm.pdf(t, -GAP) + 0.7 * stats.norm.pdf(t, GAP)

    wanted = integrate.quad(
        lambda t: -special.xlogy(density(t), density(t)), -15, 15, limit=400, epsabs=1e-11
    )[0]
    assert mixture_entropy(1) == pytest.approx(wanted, abs=1e-9)


def test_conditional_information_of_known_shapes():
    chain = np.array([[1, 0.8, 0.8], [0.8, 1.25, 1.0], [0.8, 1.0, 1.0]])
    assert gauss.conditional_mutual_information(chain, 1, 1) == pytest.approx(0.0, abs=1e-12)
    # Partial correlation of x and y given z: -ln(1 - r^2) / 2.
    s = np.array([[2.0, 0.5, 0.3], [0.5, 1.0, 0.4], [0.3, 0.4, 1.5]])
    p = np.linalg.inv(s)
    partial = -p[0, 1] / math.sqrt(p[0, 0] * p[1, 1])
    found = gauss.conditional_mutual_information(s, 1, 1)
    assert found == pytest.approx(-0.5 * math.log(1 - partial**2), abs=1e-12)
