import numpy as np
import pytest

from harness import PairedSamples, Samples
from harness_classics.entropy import KL
from harness_classics.ksg import KSG


@pytest.mark.parametrize("n", [400, 2000, 4100])
def test_the_error_depends_on_the_points_not_on_their_order(gaussian_pair, n):
    x, y = gaussian_pair(0, n, 1, 1.0)
    order = np.random.default_rng(0).permutation(n)
    wanted = KSG().estimate(PairedSamples(x, y)).stderr
    assert KSG().estimate(PairedSamples(x[order], y[order])).stderr == pytest.approx(
        wanted, rel=1e-9
    )
    assert KSG().estimate(PairedSamples(x - 3.0, 2.0 * y)).stderr == pytest.approx(wanted, rel=1e-9)


def test_ways_to_the_error(gaussian_pair):
    pair = PairedSamples(*gaussian_pair(0, 500, 1, 1.0))
    assert KSG(stderr="none").estimate(pair).stderr is None
    local = KSG(stderr="local").estimate(pair)
    assert local.stderr == pytest.approx(local.local.std(ddof=1) / np.sqrt(500))


def test_parts_too_small_fall_back_with_a_note():
    x = np.random.default_rng(0).normal(size=(9, 1))
    output = KL(k=5).estimate(Samples(x))
    assert "too few for subsamples" in output.diagnostics["stderr_from"]
    assert output.stderr == pytest.approx(output.local.std(ddof=1) / 3)


@pytest.mark.parametrize("information", [0.0, 1.0])
def test_the_error_is_the_spread_over_draws(gaussian_pair, information):
    """Mean reported error against the spread of 80 values, itself known to 1/sqrt(160) = 8 %."""
    found = []
    for seed in range(80):
        output = KSG().estimate(PairedSamples(*gaussian_pair(seed, 500, 1, information)))
        found.append((output.value, output.stderr))
    values, errors = np.array(found).T
    # The measured ratios are 0.9 to 1.1 (the plugin's page); four of its errors around that.
    assert 0.9 - 0.32 < errors.mean() / values.std() < 1.1 + 0.32
    # The cheap form is what it is said to be: too small.
    local = [
        KSG(stderr="local").estimate(PairedSamples(*gaussian_pair(s, 500, 1, information))).stderr
        for s in range(9)
    ]
    assert np.mean(local) < errors.mean()
