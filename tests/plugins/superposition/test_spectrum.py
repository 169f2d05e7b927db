"""Effective rank and participation ratio."""

import numpy as np
import pytest

from harness import Activations, Incompatible, Samples, Split, stream
from harness_superposition.spectrum import EffectiveRank, ParticipationRatio, singular_values

RNG = np.random.default_rng


def rank(data):
    return EffectiveRank().estimate(data, rng=stream(0))


def ratio(data):
    return ParticipationRatio().estimate(data, rng=stream(0))


def axes(scales, n=400):
    """Samples whose centred singular values are proportional to ``scales``."""
    x = RNG(0).normal(size=(n, len(scales)))
    q = np.linalg.qr(x - x.mean(0))[0]
    turn = np.linalg.qr(RNG(1).normal(size=(len(scales), len(scales))))[0]
    return q * np.asarray(scales) @ turn + 3.0


def test_of_known_singular_values():
    scales = np.array([4.0, 2.0, 1.0, 1.0])
    p = scales / scales.sum()
    assert rank(Samples(axes(scales))).value == pytest.approx(np.exp(-(p * np.log(p)).sum()))
    assert ratio(Samples(axes(scales))).value == pytest.approx(
        (scales**2).sum() ** 2 / (scales**4).sum()
    )
    assert rank(Samples(axes(np.ones(5)))).value == pytest.approx(5.0)


def test_the_ratio_is_that_of_the_covariance():
    x = RNG(2).normal(size=(60, 5)) @ RNG(3).normal(size=(5, 5))
    c = np.cov(x.T)
    assert ratio(Activations(x)).value == pytest.approx(np.trace(c) ** 2 / np.trace(c @ c))


@pytest.mark.parametrize("shape", [(7, 12), (500, 3)])
def test_tall_and_wide_tables(shape):
    x = RNG(4).normal(size=shape)
    wanted = np.linalg.svd(x - x.mean(0), compute_uv=False)
    np.testing.assert_allclose(singular_values(Samples(x)), wanted / wanted[0], atol=1e-12)


def test_neither_exceeds_the_units_whatever_the_features():
    codes = RNG(5).random((3000, 64)) * (RNG(6).random((3000, 64)) < 0.03)
    x = codes @ RNG(7).normal(size=(64, 8))
    assert rank(Activations(x)).value <= 8 + 1e-9
    assert ratio(Activations(x)).value <= 8 + 1e-9


def test_dead_units_change_nothing_and_are_told():
    x = axes([3.0, 1.0])
    wide = np.hstack([x, np.full((len(x), 3), 2.0)])
    for estimate in (rank, ratio):
        assert estimate(Activations(wide)).value == pytest.approx(estimate(Activations(x)).value)
    assert rank(Activations(wide, layer="fc")).diagnostics == {
        "units": 5,
        "dead_units": 3,
        "layer": "fc",
    }


def test_the_test_part_is_judged():
    x = axes([3.0, 1.0], 100)
    both = np.vstack([np.zeros((4, 2)), x])
    assert rank(Samples(both, split=Split(np.arange(4), np.arange(4, 104)))).value == pytest.approx(
        rank(Samples(x)).value
    )


@pytest.mark.parametrize("x", [np.zeros((5, 3)), np.full((5, 3), 0.1), np.full((2, 1), 1e300)])
def test_constant_layers_are_refused(x):
    with pytest.raises(Incompatible, match="constant"):
        rank(Activations(x))


def test_extreme_scales():
    x = axes([3.0, 1.0])
    for factor in (1e-200, 1e200):
        assert ratio(Samples(factor * x)).value == pytest.approx(ratio(Samples(x)).value)
