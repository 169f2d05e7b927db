"""The structural function against brute force and closed forms, and its exponent."""

import dataclasses

import numpy as np
import pytest

import harness
from harness import Incompatible, PreferenceSource
from harness_rlhf_topology.forest import Forest
from harness_rlhf_topology.structure import within

from .conftest import RNG, complete, measure, source

SHEET = [1.53837, 1.07675, 0.73928, 0.47855, 0.25, 0.0]
"""F(2^k) of the tree of height 5 with alpha 1/2."""


def test_f_of_the_balanced_tree_is_the_sheets():
    found = measure("structural-function", source(height=5))
    np.testing.assert_array_equal(found.x, 2 ** np.arange(6))
    np.testing.assert_allclose(found.y, SHEET, atol=5e-6)
    assert found.diagnostics["balanced"] == 1.0


def test_within_is_the_mean_over_all_pairs_of_leaves():
    rng = RNG(1)
    parent = np.array([-1, *(int(rng.integers(max(0, i // 3), i)) for i in range(1, 40))])
    variance = np.where(parent < 0, 0.0, 0.1 + rng.random(40))
    leaves = np.setdiff1d(np.arange(40), parent)
    forest = Forest(parent, variance)
    spread, count = within(forest, leaves)
    for node in range(40):
        mine = [x for x in leaves if forest.common(np.array([node]), np.array([x]))[0] == node]
        assert count[node] == len(mine)
        pairs = np.array([[a, b] for a in mine for b in mine])
        assert spread[node] == pytest.approx(forest.distance(pairs).mean(), abs=1e-12)


@pytest.mark.parametrize("alpha", [0.25, 0.5, 1.0])
def test_the_exponent_of_a_polynomial_is_found_without_the_last_two_levels(alpha):
    found = measure("structural-exponent", source(height=12, alpha=alpha))
    assert found.diagnostics["law"] == "polynomial"
    assert found.value == pytest.approx(alpha, abs=0.05)


@pytest.mark.parametrize("structure", ["polynomial", "logarithmic", "sub-logarithmic"])
@pytest.mark.parametrize("alpha", [0.25, 1.0])
def test_the_law_is_told_from_the_curve(structure, alpha):
    task = harness.task("preferences/prefix-trees", structures=(structure,), alphas=(alpha,))
    found = measure("structural-exponent", next(iter(task.cases(seed=0))).load())
    assert found.diagnostics["law"] == structure
    assert 0.75 * alpha < found.value < 1.05 * alpha


def test_f_never_rises_with_finer_parts_of_a_balanced_tree_and_repeats_do_not_count():
    data = source(height=8)
    found = measure("structural-function", data)
    assert (np.diff(found.y) < 0).all()
    twice = dataclasses.replace(data, leaves=np.repeat(data.leaves, 2))
    np.testing.assert_allclose(measure("structural-function", twice).y, found.y)


def test_too_few_levels_for_a_fit_are_refused():
    parent, variance, leaves = complete(3)
    data = PreferenceSource(parent, variance, leaves, leaves[None, :2], 0.1, 5)
    with pytest.raises(Incompatible, match="wanted at least 3"):
        measure("structural-exponent", data)
