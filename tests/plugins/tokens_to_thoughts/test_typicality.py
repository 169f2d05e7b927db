"""Typicality: planted order, direction of scales, ties, refusals."""

import dataclasses

import numpy as np
import pytest

import harness
from harness import ConceptItems, ConceptVectors, Incompatible

from .conftest import estimate, rng, vectors


def planted(**params):
    (case,) = harness.task(
        "concepts/planted-prototypes", separation=(1.0,), skew=(0.0,), **params
    ).cases(seed=0)
    return case.load()


def through(items, **params):
    return harness.model("tokens_to_thoughts/concept-vectors", **params).transform(
        items, to=ConceptVectors, rng=rng()
    )


@pytest.mark.parametrize("reference", ["name", "centroid"])
def test_planted_typicality_is_found(reference):
    data = through(planted())
    one = estimate("typicality", data, over="within", reference=reference)
    assert one.value > 0.9
    assert one.diagnostics["categories"] == 8
    assert one.diagnostics["pooled"] > 0.85


def test_scales_on_which_the_best_example_is_low_are_turned():
    items = planted()
    low = dataclasses.replace(items, typicality=8.0 - items.typicality, typical="low")
    wrong = dataclasses.replace(low, typical="high")
    value = [estimate("typicality", through(i)).value for i in (items, low, wrong)]
    assert value[0] == pytest.approx(value[1])
    assert value[0] == pytest.approx(-value[2])


def test_rosch_is_turned():
    (case,) = harness.task("concepts/rosch-1973").cases(seed=0)
    found = harness.model("tokens_to_thoughts/random-concepts", dim=4).transform(
        case.load(), to=ConceptVectors, rng=rng()
    )
    assert found.typicality[0] == -1.3  # apple; olive, a bad example, is below it
    assert found.typicality[5] == -6.2


def test_pooled_and_within_against_scipy():
    stats = pytest.importorskip("scipy.stats")
    g = rng()
    y, x, centres = np.arange(40) % 4, g.normal(size=(40, 5)), g.normal(size=(4, 5))
    typicality = np.round(g.normal(size=40), 0)  # with ties
    cosine = [
        xi @ centres[c] / np.linalg.norm(xi) / np.linalg.norm(centres[c])
        for xi, c in zip(x, y, strict=True)
    ]
    cosine = np.array(cosine)
    one = estimate("typicality", vectors(x, y, typicality, centres))
    rho, p = stats.spearmanr(cosine, typicality)
    assert (one.value, one.diagnostics["p_pooled"]) == pytest.approx((rho, p))
    inner = [stats.spearmanr(cosine[y == c], typicality[y == c])[0] for c in range(4)]
    assert one.diagnostics["within"] == pytest.approx(np.mean(inner))


def test_the_centroid_leaves_the_item_out():
    g = rng()
    y, x, typicality = np.arange(18) % 3, g.normal(size=(18, 4)), g.normal(size=18)
    others = np.stack([x[(y == y[i]) & (np.arange(18) != i)].mean(0) for i in range(18)])
    cosine = (x * others).sum(1) / np.linalg.norm(x, axis=1) / np.linalg.norm(others, axis=1)
    one = estimate("typicality", vectors(x, y, typicality), reference="centroid")
    assert one.value == pytest.approx(float(harness.spearman(cosine, typicality)))


def test_what_cannot_be_ranked_is_left_out_or_refused():
    g = rng()
    x, y = g.normal(size=(14, 3)), np.array([0] * 6 + [1] * 6 + [2] * 2)
    typicality = np.concatenate([g.normal(size=6), np.ones(6), g.normal(size=2)])
    one = estimate("typicality", vectors(x, y, typicality), over="within", reference="centroid")
    assert (one.diagnostics["categories"], one.diagnostics["categories_left_out"]) == (1, 2)
    for over in ("pooled", "within"):
        with pytest.raises(Incompatible, match="typicality or cosine is constant"):
            estimate("typicality", vectors(x, y, np.ones(14)), over=over, reference="centroid")
    with pytest.raises(Incompatible, match="items without typicality"):
        estimate("typicality", vectors(x, y))
    with pytest.raises(Incompatible, match="wanted reference=centroid"):
        estimate("typicality", vectors(x, y, typicality))
    zero = x.copy()
    zero[3] = 0
    with pytest.raises(
        Incompatible, match=r"item 3: a vector of length zero, or that of its category \(c0\)"
    ):
        estimate("typicality", vectors(zero, y, typicality), reference="centroid")


def test_a_random_scale_gives_a_p_value_that_says_so():
    ps = []
    for seed in range(60):
        g = rng(seed)
        data = vectors(
            g.normal(size=(30, 4)), np.arange(30) % 3, g.normal(size=30), g.normal(size=(3, 4))
        )
        ps.append(estimate("typicality", data).diagnostics["p_pooled"])
    assert abs(np.mean(ps) - 0.5) < 5 * 0.289 / np.sqrt(60)


def test_items_are_checked_by_their_kind():
    with pytest.raises(harness.DataError, match="typicality at row 1: NaN"):
        ConceptItems(("a", "b"), [0, 1], ("x", "y"), [1.0, np.nan])
