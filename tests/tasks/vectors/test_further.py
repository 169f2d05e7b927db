import math

import numpy as np
import pytest

import harness
from harness import UsageError, stream
from harness_vectors import further, mixtures

SHAPES = {shape.law.name: shape for shape in further.shapes()}


@pytest.mark.parametrize("name", sorted(further.DENSITIES))
def test_the_table_has_the_mean_of_the_pointwise_information(name):
    density, (value, stderr) = further.DENSITIES[name], further.MEANS[name]
    draws = 4000 if hasattr(density, "nodes") else 40_000
    terms = density.log_ratio(*density.sample(np.random.default_rng(5), draws))
    error = math.hypot(terms.std() / math.sqrt(draws), stderr)
    assert terms.mean() == pytest.approx(value, abs=4.5 * error)
    assert stderr < 2e-3


@pytest.mark.parametrize("name", ["cross-0.9", "cross-0.95", "inliers-1v1", "wave-7", "wave-12"])
def test_the_table_agrees_with_an_integral_on_a_grid(name):
    density, (value, stderr) = further.DENSITIES[name], further.MEANS[name]
    axis = np.linspace(-6.5, 6.5, 651)
    area = (axis[1] - axis[0]) ** 2
    x, y = (g.reshape(-1, 1) for g in np.meshgrid(axis, axis, indexing="ij"))
    # The joint density from scratch, and margins as its sums: not those of log_ratio.
    joint = np.zeros(len(x))
    for weight, mean, covariance in density.parts:
        apart = np.hstack([x, y]) - mean
        squares = ((apart @ np.linalg.inv(covariance)) * apart).sum(1)
        scale = 2 * math.pi * math.sqrt(np.linalg.det(covariance))
        joint += weight * np.exp(-0.5 * squares) / scale
    joint = joint.reshape(651, 651) * area
    assert joint.sum() == pytest.approx(1.0, abs=1e-6)
    apart = np.outer(joint.sum(1), joint.sum(0))
    kept = joint > 1e-300
    exact = (joint[kept] * np.log(joint[kept] / apart[kept])).sum()
    assert value == pytest.approx(exact, abs=4.5 * stderr + 1e-6)


def test_a_common_scale_of_one_point_carries_nothing():
    still = mixtures.Scaled(2, 3, 1e-9)
    x, y = still.sample(np.random.default_rng(0), 100)
    assert np.abs(still.log_ratio(x, y)).max() < 1e-6


def test_log_gamma_exponential_has_the_mean_of_its_pointwise_information():
    shape, rng = 0.7, np.random.default_rng(0)
    rate = rng.gamma(shape, size=400_000)
    wait = rng.exponential(size=400_000) / rate
    # Y given the rate is exponential, and Lomax without.
    terms = np.log(rate) - rate * wait - math.log(shape) + (shape + 1) * np.log1p(wait)
    law = further.exponential("", 1, shape)
    assert law.information == pytest.approx(terms.mean(), abs=4.5 * terms.std() / math.sqrt(4e5))


def test_a_ring_has_the_entropy_of_von_mises_noise():
    noise = np.random.default_rng(0).vonmises(0.0, 4.0, size=400_000)
    terms = 4.0 * np.cos(noise) - math.log(np.i0(4.0))  # of a uniform angle, ln 2 pi less
    law = further.ring("", 1, 4.0)
    assert law.information == pytest.approx(terms.mean(), abs=4.5 * terms.std() / math.sqrt(4e5))


def test_an_elliptic_shape_has_the_mean_of_its_pointwise_information():
    dof, rho, n = 3.0, 0.4, 200_000
    law = further.elliptic("", 2, 1, dof, rho)
    x, y = law.sample(np.random.default_rng(0), n)

    def log_density(points):
        d = points.shape[1]
        dispersion = (1 - rho) * np.eye(d) + rho
        squares = ((points @ np.linalg.inv(dispersion)) * points).sum(1)
        level = math.lgamma(0.5 * (dof + d)) - math.lgamma(0.5 * dof)
        level -= 0.5 * d * math.log(dof * math.pi) + 0.5 * np.linalg.slogdet(dispersion)[1]
        return level - 0.5 * (dof + d) * np.log1p(squares / dof)

    terms = log_density(np.hstack([x, y])) - log_density(x) - log_density(y)
    assert law.information == pytest.approx(terms.mean(), abs=4.5 * terms.std() / math.sqrt(n))


def test_maps_are_undone():
    x = np.random.default_rng(0).normal(size=(100, 4))
    back = further.twist(-1.3)(further.twist(1.3)(x))
    assert back == pytest.approx(x, abs=1e-12)
    moved = further.shear(x)
    for j in range(1, 4):  # the coordinate before is known by then
        moved[:, j] -= np.sin(1.5 * x[:, j - 1])
    assert moved == pytest.approx(x, abs=1e-12)


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_shapes_have_the_size_that_they_state(name):
    law = SHAPES[name].law
    x, y = law.sample(stream(0, name), 50)
    assert x.shape == (50, law.dx)
    assert y.shape == (50, law.dy)
    assert np.isfinite(x).all()
    assert np.isfinite(y).all()
    assert math.isfinite(law.information)


def test_the_halves_share_no_shape_and_are_named():
    cases = {
        h: list(harness.task("further-shapes", half=h).cases(seed=0)) for h in ("tuning", "judging")
    }
    ids = {half: {case.id for case in found} for half, found in cases.items()}
    assert len(ids["tuning"]) >= 18
    assert len(ids["judging"]) >= 18
    assert not ids["tuning"] & ids["judging"]
    assert all(case.facts["half"] == half for half, found in cases.items() for case in found)
    families = {half: {case.cluster for case in found} for half, found in cases.items()}
    assert families["judging"] - families["tuning"] == {"rare", "helix"}


def test_a_pattern_that_matches_no_case_of_the_half_is_refused():
    with pytest.raises(UsageError, match="helix"):
        list(harness.task("further-shapes", half="tuning", only=("helix",)).cases(seed=0))
