import numpy as np
import pytest
from scipy import linalg

import harness
from harness import Incompatible, PairedSequences
from harness_token_semantics.gaussian import (
    DirectedGaussian,
    TransferGaussian,
    innovation_covariance,
    instantaneous,
    transfer,
)

SYSTEMS = [
    ((0.0, 0.0, 1.0, 1.0, 1.0), 0.3465735903),
    ((0.9, 0.5, 0.4, 1.0, 1.0), 0.1629515581),
    ((0.5, 0.0, 0.5, 1.0, 0.5), 0.2328315899),
    ((0.8, 0.2, 0.0, 1.0, 1.0), 0.0),
]


def system(a, b, c, su, sv):
    """x then y, of order 1."""
    return np.array([[[a, 0.0], [c, b]]]), np.diag([su, sv])


@pytest.mark.parametrize(("parameters", "truth"), SYSTEMS)
def test_riccati_on_the_true_system(parameters, truth):
    step, noise = system(*parameters)
    assert transfer(step, noise, np.array([0]), np.array([1])) == pytest.approx(truth, abs=1e-9)
    assert transfer(step, noise, np.array([1]), np.array([0])) == pytest.approx(0.0, abs=1e-12)


def test_against_scipy():
    """The solution of the discrete algebraic Riccati equation, for three series of order 2."""
    rng = np.random.default_rng(0)
    step = rng.normal(size=(2, 3, 3)) * 0.2
    root = rng.normal(size=(3, 3))
    noise = root @ root.T + np.eye(3)
    a = np.vstack([np.hstack(list(step)), np.eye(3, 6)])
    q = np.zeros((6, 6))
    q[:3, :3] = noise
    c = np.eye(6)[[0, 2]]
    p = linalg.solve_discrete_are(a.T, c.T, q, 1e-12 * np.eye(2))
    found = innovation_covariance(step, noise, np.array([0, 2]))
    assert found == pytest.approx(c @ p @ c.T, abs=1e-8)


def drawn(parameters, n, seed):
    a, b, c, su, sv = parameters
    (case,) = harness.task(
        "sequences/gaussian-series", n=n, a=(a,), b=(b,), c=(c,), noise_x=(su,), noise_y=(sv,)
    ).cases(seed=seed)
    return case.load()


@pytest.mark.parametrize(("parameters", "truth"), SYSTEMS)
def test_estimates(parameters, truth):
    """2 m TE has at most the spread of 2 sqrt(m TE) about it: 0.006 for 20,000 steps."""
    data = drawn(parameters, 20_000, 1)
    for method, order in (("riccati", None), ("ols", 10)):
        found = TransferGaussian(method=method, order=order).estimate(data)
        assert found.value == pytest.approx(truth, abs=0.02)
        assert found.diagnostics["granger"] == 2 * found.value
    assert (found.diagnostics["p_chi2"] < 1e-6) == (truth > 0)


def test_a_short_regression_takes_too_much_for_causality():
    """The past of y alone is an ARMA process: one step of it is too little, ten are enough."""
    data = drawn(SYSTEMS[1][0], 50_000, 2)
    short, long, exact = (
        TransferGaussian(method=method, order=order).estimate(data).value
        for method, order in (("ols", 1), ("ols", 10), ("riccati", 1))
    )
    assert short > exact + 0.003
    assert long == pytest.approx(exact, abs=0.002)


def test_a_driver_is_conditioned_on():
    """x and y are moved by z, a step and two steps later."""
    rng = np.random.default_rng(3)
    n = 20_000
    z = rng.normal(size=n + 2)
    x, y = (z[i : n + i] + 0.5 * rng.normal(size=n) for i in (1, 0))
    columns = [c[:, None] for c in (x, y)]
    alone = PairedSequences(*columns, [0, n])
    given = PairedSequences(*columns, [0, n], z=z[2:, None])
    for method in ("riccati", "ols"):
        assert TransferGaussian(method=method, order=2).estimate(alone).value > 0.3
        # 2 m TE is chi-squared with 2 degrees of freedom: 30 is beyond a probability of 1e-6.
        assert 2 * n * TransferGaussian(method=method, order=2).estimate(given).value < 30


def test_several_sequences_are_not_joined():
    data = drawn(SYSTEMS[0][0], 4000, 4)
    cut = PairedSequences(data.x, data.y, [0, 1000, 4000])
    found = TransferGaussian(order=3).estimate(cut)
    assert found.diagnostics["steps"] == 4000 - 6


def test_directed_and_reverse_part_are_the_rate_of_mutual_information():
    """Which is -1/4pi the integral of ln(1 - |coherence|^2) over frequency (Gelfand and Yaglom):
    no Riccati equation, and noise that x and y share.
    """
    rng = np.random.default_rng(6)
    for _ in range(5):
        step = rng.normal(size=(2, 2, 2)) * 0.25
        root = rng.normal(size=(2, 2))
        noise = root @ root.T + 0.1 * np.eye(2)
        lag = np.exp(-2j * np.pi * np.arange(4096) / 4096)[:, None, None]
        response = np.linalg.inv(np.eye(2) - step[0] * lag - step[1] * lag**2)
        spectrum = response @ noise @ response.conj().transpose(0, 2, 1)
        power = (spectrum[:, 0, 0] * spectrum[:, 1, 1]).real
        rate = -0.5 * np.log(np.linalg.det(spectrum).real / power).mean()
        x, y = np.array([0]), np.array([1])
        directed = transfer(step, noise, x, y) + instantaneous(noise, x, y)
        assert directed + transfer(step, noise, y, x) == pytest.approx(rate, abs=1e-9)
        assert instantaneous(noise, x, y) > 0


@pytest.mark.parametrize(("parameters", "truth"), SYSTEMS)
def test_directed_information_of_series_without_shared_noise(parameters, truth):
    """It is the transfer entropy; p values are even where there is none."""
    data = drawn(parameters, 20_000, 1)
    for method, order in (("riccati", None), ("ols", 10)):
        found = DirectedGaussian(method=method, order=order).estimate(data)
        assert found.value == pytest.approx(truth, abs=0.02)
        parts = found.diagnostics["transfer_entropy"], found.diagnostics["instantaneous"]
        assert found.value == pytest.approx(sum(parts), abs=1e-12)
        assert 0 <= parts[1] < 0.001
        assert (found.diagnostics["p_chi2"] < 1e-6) == (truth > 0)


def test_directed_information_within_a_step():
    """Of pairs without a past: -1/2 ln(1 - r^2) of their sample correlation, by either method."""
    rng = np.random.default_rng(7)
    x = rng.normal(size=5000)
    y = 0.6 * x + 0.8 * rng.normal(size=5000)
    data = PairedSequences(x[:, None], y[:, None], [0, 5000])
    for method in ("riccati", "ols"):
        found = DirectedGaussian(method=method, order=1).estimate(data)
        known = -0.5 * np.log(1 - np.corrcoef(x, y)[0, 1] ** 2)
        # Two regressors of no use move it by about 1/2m each: 10 times that is out of reach.
        assert found.value == pytest.approx(known, abs=0.002)
        assert found.diagnostics["transfer_entropy"] < 0.002
    driven = PairedSequences(data.x, data.y, [0, 5000], z=data.y)
    assert DirectedGaussian(method="ols", order=1).estimate(driven).value == found.value


def test_what_does_not_fit():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(200, 1))
    still = np.ones((200, 1))
    walk = np.cumsum(rng.normal(size=(200, 1)), axis=0)
    with pytest.raises(Incompatible, match=r"spectral radius .* not stationary"):
        innovation_covariance(np.array([[[1.1]]]), np.eye(1), np.array([0]))
    with pytest.raises(Incompatible, match="a series is constant"):
        TransferGaussian().estimate(PairedSequences(still, x, [0, 200]))
    with pytest.raises(Incompatible, match="depend on each other linearly"):
        TransferGaussian().estimate(PairedSequences(walk, 2 * walk, [0, 200]))
    with pytest.raises(Incompatible, match="a series is what the pasts say it is"):
        TransferGaussian(order=1).estimate(PairedSequences(x, np.vstack([[0.0], x[:-1]]), [0, 200]))
    with pytest.raises(Incompatible, match="steps for 11 coefficients"):
        TransferGaussian(order=5).estimate(PairedSequences(x[:12], walk[:12], [0, 12]))
    with pytest.raises(Incompatible, match="y is discrete; wants continuous series"):
        TransferGaussian().estimate(PairedSequences(x, still, [0, 200], y_kind="discrete"))
