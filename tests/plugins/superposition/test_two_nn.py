"""Intrinsic dimension by two neighbours."""

import math

import numpy as np
import pytest

from harness import DataError, Incompatible, PairedSamples, Samples, Split
from harness_superposition.two_nn import TwoNN, two_nn

RNG = np.random.default_rng


def estimate(data):
    return TwoNN().estimate(data, rng=RNG(0))


@pytest.mark.parametrize("d", [1, 2, 4])
def test_the_dimension_of_a_cube_and_of_its_image_in_more_dimensions(d):
    cube = RNG(d).uniform(size=(4000, d))
    value, stderr = two_nn(cube, "x")
    # edges make the cube look thinner, by less than the outermost shell of neighbours: n^(-1/d) of
    # the points
    assert value == pytest.approx(d, abs=3 * stderr + d * 4000 ** (-1 / d))
    turn = np.linalg.qr(RNG(9).normal(size=(7, 7)))[0][:d]
    assert two_nn(cube @ turn, "x")[0] == pytest.approx(value, rel=1e-6)


def test_the_standard_error_is_the_spread_over_draws():
    """On a circle there are no edges: logarithms of ratios are exponential, but neighbours share
    distances.
    """
    found = []
    for seed in range(200):
        t = RNG(seed).uniform(0, 2 * math.pi, 400)
        found.append(two_nn(np.column_stack([np.cos(t), np.sin(t)]), "x"))
    spread = np.std([v for v, _ in found], ddof=1)
    # 5 % for the spread of 200 draws; shared neighbours correlate the terms, which the error does
    # not see
    assert np.mean([s for _, s in found]) == pytest.approx(spread, rel=0.4)


def test_pairs_tell_where_a_code_is_singular():
    t, u = RNG(0).uniform(0, 2 * math.pi, size=(2, 2000))
    circle = np.column_stack([np.cos(t), np.sin(t)])
    found = estimate(PairedSamples(circle, u[:, None]))
    assert found.diagnostics["singular"]
    assert found.diagnostics["dimension_x"] == pytest.approx(1, abs=0.1)
    assert found.diagnostics["columns_x"] == 2
    assert not estimate(PairedSamples(t[:, None], u[:, None])).diagnostics["singular"]
    # each side fills its space, but y is a function of x
    assert estimate(PairedSamples(t[:, None], 2 * t[:, None])).diagnostics["singular"]


def test_equal_points_count_once_and_the_test_part_is_judged():
    x = RNG(0).normal(size=(500, 2))
    plain = estimate(Samples(x))
    assert estimate(Samples(np.vstack([x, x[:100]]))).value == pytest.approx(plain.value, rel=1e-12)
    other = np.vstack([np.zeros((3, 2)), x])
    assert (
        estimate(Samples(other, split=Split(np.arange(3), np.arange(3, 503)))).value == plain.value
    )


def test_bad_data_are_refused():
    with pytest.raises(DataError, match="1 different points"):
        two_nn(np.ones((9, 2)), "x")
    with pytest.raises(DataError, match="lattice"):
        two_nn(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), "x")
    codes = PairedSamples(RNG(0).normal(size=(9, 1)), np.arange(9.0)[:, None], y_kind="discrete")
    with pytest.raises(Incompatible, match="discrete"):
        estimate(codes)
