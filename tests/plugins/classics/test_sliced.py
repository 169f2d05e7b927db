"""Sliced mutual information against its closed forms."""

import math

import numpy as np
import pytest

from harness import Incompatible, PairedSamples
from harness_classics.ksg import KSG
from harness_classics.sliced import SlicedKSG


def measured(x, y, seed=0, **settings):
    return SlicedKSG(**settings).estimate(PairedSamples(x, y), rng=np.random.default_rng(seed))


def test_isotropic_normal_pairs_in_the_plane_have_a_closed_form():
    """The correlation along two lines at the angle a is r cos a, and the mean of
    -1/2 ln (1 - r^2 cos^2 a) over a is -ln ((1 + (1 - r^2)^(1/2)) / 2).
    """
    r = 0.95
    x, e = np.random.default_rng(0).normal(size=(2, 3000, 2))
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(2, 2)))[0]
    found = measured(x, (r * x + math.sqrt(1 - r * r) * e) @ turn, directions=400)
    truth = -math.log((1 + math.sqrt(1 - r * r)) / 2)
    assert found.value == pytest.approx(truth, abs=3 * found.stderr)
    assert found.stderr < 0.1 * truth
    parts = math.hypot(found.diagnostics["sampling"], found.diagnostics["slicing"])
    assert found.stderr == pytest.approx(parts)


def test_on_a_line_it_is_the_information_itself():
    x, e = np.random.default_rng(0).normal(size=(2, 800, 1))
    y = x + 0.5 * e
    near = KSG(stderr="none").estimate(PairedSamples(x, y)).value
    assert measured(x, y, directions=3).value == pytest.approx(near, abs=1e-9)


def test_independent_variables_share_nothing_along_any_line():
    x, y = np.random.default_rng(0).normal(size=(2, 1000, 3))
    found = measured(x, y, directions=50)
    assert abs(found.value) < 3 * found.stderr


def test_turning_both_spaces_changes_the_lines_and_not_the_mean():
    rng = np.random.default_rng(0)
    x, e = rng.normal(size=(2, 1500, 3))
    y = x * [2.0, 1.0, 0.5] + 0.3 * e
    turns = [np.linalg.qr(rng.normal(size=(3, 3)))[0] for _ in range(2)]
    plain, turned = measured(x, y), measured(x @ turns[0], y @ turns[1], seed=1)
    both = math.hypot(plain.diagnostics["slicing"], turned.diagnostics["slicing"])
    assert abs(plain.value - turned.value) < 4 * both
    assert plain.value != turned.value


def test_equal_seeds_give_equal_bits():
    x, y = np.random.default_rng(0).normal(size=(2, 300, 2))
    values = [measured(x, y, seed, directions=10, stderr="none").value for seed in (0, 0, 1)]
    assert values[0] == values[1] != values[2]


def test_codes_are_refused_with_what_reads_them():
    x, y = np.random.default_rng(0).normal(size=(2, 300, 2))
    pair = PairedSamples(x, np.rint(y), y_kind="discrete")
    with pytest.raises(Incompatible, match="use ross"):
        SlicedKSG().estimate(pair, rng=np.random.default_rng(0))
