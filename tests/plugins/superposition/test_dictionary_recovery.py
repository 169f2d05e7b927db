"""Is a known dictionary found: the matching by hand, and features that depend on each other."""

import itertools

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("scipy")

import harness
from harness import Incompatible, stream
from harness_superposition.kinds import SparseCodes
from harness_superposition.recovery import recovery


def test_scores_of_dictionaries_by_hand():
    features = np.eye(4)
    for order in ([2, 0, 3, 1], [0, 1, 2, 3]):
        found = recovery(3.0 * features[order], features, 0.9)
        assert (found.f1, found.uniqueness, found.cosine) == (1.0, 1.0, 1.0)
    # Two rows for one feature, one for another: two of three rows, two of four features.
    twice = recovery(features[[0, 0, 1]], features, 0.9)
    assert (twice.precision, twice.recall, twice.uniqueness) == (2 / 3, 2 / 4, 2 / 3)
    assert twice.f1 == pytest.approx(2 * 2 / (3 + 4))
    # A row between two features is neither; one that points the other way is none.
    between = recovery(np.array([[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, -1.0, 0.0]]), features, 0.9)
    assert (between.f1, between.recall) == (0.0, 0.0)
    assert recovery(np.array([[1.0, 1.0, 0.0, 0.0]]), features, 0.7).recall == 0.25
    with pytest.raises(Incompatible, match="no feature is ever active"):
        recovery(np.zeros((2, 4)), features, 0.9)


def test_the_matching_is_the_best_of_all():
    rng = np.random.default_rng(0)
    rows, features = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (rows, features)]
    cosines = unit[0] @ unit[1].T
    best = max(cosines[range(4), order].sum() for order in itertools.permutations(range(4)))
    assert recovery(rows, features, 0.9).cosine == pytest.approx(best / 4)


def case(law, **params):
    cases = harness.task("known-dictionaries", **params).cases(seed=0)
    return next(c for c in cases if c.id == law)


def test_laws_of_the_features():
    """Codes are read off where directions are orthonormal: rates, families, and their truth."""
    rates = {}
    for law in ("independent", "correlated", "hierarchical"):
        one = case(law, features=8, units=30, n=20_000, rate=0.1)
        data = one.load()
        active = np.abs(data.x @ np.linalg.pinv(data.directions)) > 1e-9
        rates[law] = active.mean(0)
        together = (active[:, 0] & active[:, 1]).mean()
        if law == "independent":
            assert together == pytest.approx(0.01, abs=0.003)
        if law == "correlated":
            assert together > 0.04
            assert (active[:, 0] & active[:, 4]).mean() == pytest.approx(0.01, abs=0.003)
        if law == "hierarchical":
            assert not (active[:, 1] & ~active[:, 0]).any()
            assert (active[:, 5] & active[:, 4]).mean() == pytest.approx(0.05, abs=0.008)
    p = np.array([2, 1, 1, 1] * 2) / 10
    assert one.truth["effective_features"] == pytest.approx(float(np.prod(p**-p)))
    for law in ("independent", "correlated"):
        np.testing.assert_allclose(rates[law], 0.1, atol=0.01)


def found(law, **params):
    settings = {"copies": 1, "architecture": "topk", "k": 2} | params
    codes = harness.model("sae", **settings).transform(
        case(law).load(), to=SparseCodes, rng=stream(0)
    )
    return harness.estimator("dictionary-recovery").estimate(codes, rng=stream(0))


def test_nested_features_are_not_recovered_as_well_as_independent_ones():
    plain, nested = found("independent"), found("hierarchical")
    assert plain.diagnostics["recall"] > 0.95
    assert plain.value > nested.value + 0.15


def test_an_explained_layer_is_no_recovered_dictionary():
    """At a weight of 0.1 the autoencoder explains all but a hundredth and has found next to no
    feature, whose number is not in F; at 1 it has most of them.
    """
    weak = found("independent", architecture="relu")
    strong = found("independent", architecture="relu", sparsity=(1.0,))
    assert weak.diagnostics["recall"] < 0.3
    codes = harness.model("sae", copies=1).transform(
        case("independent", features=60).load(), to=SparseCodes, rng=stream(0)
    )
    often = harness.estimator("feature-frequency", draws=2).estimate(codes, rng=stream(0))
    assert often.value == pytest.approx(2 * 20, rel=0.05)  # a basis and its negative, of 20 units
    assert often.diagnostics["unexplained"] < 0.01
    assert strong.diagnostics["recall"] > 0.7


def test_features_that_are_not_known():
    data = next(iter(harness.task("known-codes", n=100).cases(seed=0))).load()
    codes = harness.model("sae", epochs=1, steps=0).transform(data, to=SparseCodes, rng=stream(0))
    with pytest.raises(Incompatible, match=r"directions=\.\.\."):
        harness.estimator("dictionary-recovery").estimate(codes, rng=stream(0))
