import math

import numpy as np
import pytest

from harness import PairedSamples, Samples
from harness_classics.gaussian import Gaussian, GaussianEntropy


def test_equals_the_log_determinants_and_the_canonical_correlations(gaussian_pair):
    x, y = gaussian_pair(0, 300, 3, 2.0)
    y = y[:, :2] @ [[1.0, 0.4], [0.2, 3.0]]
    s = np.cov(np.hstack([x, y]).T)
    wanted = 0.5 * math.log(np.linalg.det(s[:3, :3]) * np.linalg.det(s[3:, 3:]) / np.linalg.det(s))
    q_x, q_y = (np.linalg.qr(v - v.mean(0))[0] for v in (x, y))
    rho = np.linalg.svd(q_x.T @ q_y, compute_uv=False)
    output = Gaussian().estimate(PairedSamples(x, y))
    assert output.value == pytest.approx(wanted, abs=1e-10)
    assert output.value == pytest.approx(-0.5 * np.log1p(-(rho**2)).sum(), abs=1e-10)
    assert output.local.mean() == pytest.approx(output.value, abs=1e-12)


def test_the_correction_is_exact_for_gaussian_data():
    rng, plain, corrected = np.random.default_rng(0), [], []
    for _ in range(600):
        x, y = rng.normal(size=(2, 30, 3))
        plain.append(Gaussian().estimate(PairedSamples(x, y)).value)
        corrected.append(Gaussian(correct=True).estimate(PairedSamples(x, y)).value)
    error = np.std(corrected) / math.sqrt(600)
    assert np.mean(corrected) == pytest.approx(0.0, abs=4 * error)
    assert np.mean(plain) > 9 / 60  # dx dy / 2n, and more for so few samples
    assert min(corrected) < 0.0


def test_the_corrected_entropy_is_unbiased():
    rng = np.random.default_rng(1)
    found = [
        GaussianEntropy(correct=True).estimate(Samples(rng.normal(size=(20, 3)))).value
        for _ in range(600)
    ]
    truth = 1.5 * math.log(2 * math.pi * math.e)
    assert np.mean(found) == pytest.approx(truth, abs=4 * np.std(found) / math.sqrt(600))


def test_the_interval_covers(gaussian_pair):
    hits = 0
    for seed in range(400):
        output = Gaussian(correct=True).estimate(PairedSamples(*gaussian_pair(seed, 400, 2, 1.0)))
        hits += abs(output.value - 1.0) <= 1.96 * output.stderr
    # Binomial of 400 at 0.95: one sigma is 4.4.
    assert abs(hits - 380) <= 5 * 4.4


def test_a_gaussian_has_the_greatest_entropy_for_its_covariance():
    x = np.random.default_rng(2).uniform(size=(3000, 2))
    assert GaussianEntropy().estimate(Samples(x)).value > 0.2  # the truth is 0
