import math

import numpy as np
import pytest

from harness import PairedSamples, Samples
from harness_classics.density import KDE, KDE3H

NORMAL = 0.5 * math.log(2 * math.pi * math.e)


def brute_local(white, h):
    n, d = white.shape
    square = ((white[:, None] - white) ** 2).sum(2)
    weight = np.exp(-square / (2 * h * h)) / (2 * math.pi * h * h) ** (d / 2)
    np.fill_diagonal(weight, 0.0)
    return -np.log(weight.sum(1) / (n - 1))


def test_equals_the_formula_and_maximizes_the_likelihood():
    x = np.random.default_rng(0).normal(size=(300, 1)) * 4.0
    output = KDE().estimate(Samples(x))
    white = (x - x.mean()) / x.std()
    h = output.diagnostics["bandwidth"]
    wanted = brute_local(white, h) + math.log(x.std())
    assert output.local == pytest.approx(wanted, abs=1e-9)
    grid = np.exp(np.linspace(math.log(0.02), math.log(2), 200))
    best = grid[np.argmin([brute_local(white, g).mean() for g in grid])]
    assert h == pytest.approx(best, rel=0.04)


@pytest.mark.parametrize("d", [1, 2])
def test_normal(d):
    found = [
        KDE().estimate(Samples(np.random.default_rng(s).normal(size=(2000, d)))).value
        for s in range(3)
    ]
    # Spread of the mean of three: sqrt(d/2) / sqrt(6000) = 0.009 and 0.013; the smoothing adds at
    # most 0.03.
    assert np.mean(found) == pytest.approx(d * NORMAL, abs=0.06)


def test_a_far_point_neither_underflows_nor_is_dropped():
    x = np.append(np.random.default_rng(0).normal(size=200), 1e4)[:, None]
    output = KDE(bandwidth=1e-4).estimate(Samples(x))
    assert np.isfinite(output.local).all()
    assert output.local.argmax() == 200
    assert output.local[200] > 1e6


@pytest.mark.parametrize("information", [0.0, 2.0])
def test_sharing_the_bandwidth_lessens_the_bias(gaussian_pair, information):
    pair = PairedSamples(*gaussian_pair(0, 2000, 2, information))
    shared, own = KDE3H().estimate(pair), KDE3H(shared=False).estimate(pair)
    # Known for 2 + 2 dimensions and n = 2000: -0.07 .. -0.19 and -0.20 .. -0.31; one
    # draw spreads by 0.04.
    assert -0.35 < shared.value - information < 0.05
    assert own.value < shared.value
    assert {"bandwidth", "bandwidth_x", "bandwidth_y"} <= set(own.diagnostics)


def test_a_bandwidth_at_the_edge_of_the_search_is_noted():
    x = np.random.default_rng(0).normal(size=(100, 1))
    some_twice = np.vstack([x, x[:30]])
    assert KDE().estimate(Samples(x)).diagnostics.get("bandwidth_at_limit") is None
    with pytest.raises(Exception, match="discrete"):
        KDE().estimate(Samples(np.vstack([x, x])))
    assert KDE().estimate(Samples(some_twice)).diagnostics["repeated"] == pytest.approx(60 / 130)
