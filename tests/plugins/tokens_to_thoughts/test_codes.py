"""Complexity, distortion, cost and spectra: figures, identities, invariances."""

import itertools

import numpy as np
import pytest

from harness import Incompatible
from harness_tokens_to_thoughts.partitions import Scatter, complexity
from harness_tokens_to_thoughts.spectra import entropy, spectrum

from .conftest import blobs, clusters, estimate, rng, vectors

ROSCH_1975 = (60, 51, 50, 60, 56, 60, 54, 59, 60, 55)
MCCLOSKEY = (30, 29, 10, 29, 28, 30, 30, 24, 30, 25, 29, 26, 30, 28, 27, 30, 28, 29)


def labels(sizes):
    return np.repeat(np.arange(len(sizes)), sizes)


@pytest.mark.parametrize(
    ("sizes", "bits"),
    [
        ((6,) * 8, 3.0),
        (ROSCH_1975, 3.3188),
        (MCCLOSKEY, 4.1447),
        ((1,) * 48, 5.58496),
        ((48,), 0.0),
    ],
)
def test_complexity_of_the_studies(sizes, bits):
    n, counts = sum(sizes), np.array(sizes)
    found = complexity(labels(sizes))
    assert found / np.log(2) == pytest.approx(bits, abs=1e-4)
    assert found == pytest.approx(
        np.log(n) - (counts * np.log(counts)).sum() / n, abs=1e-12
    )  # equation 4


def test_complexity_reads_the_categories_of_vectors_and_the_clusters_of_partitions():
    data = blobs(n=50, k=3)
    assert estimate("concept-complexity", data).value == pytest.approx(
        complexity(data.y), abs=1e-15
    )
    found = clusters(vectors(data.x, [0] * 48 + [1, 2]), human_start=False)
    assert estimate("concept-complexity", found).value > 2 * complexity(found.y)


@pytest.mark.parametrize("shape", [(40, 7), (12, 90)], ids=["long", "wide"])
def test_distortion(shape):
    x = 1e3 + rng().normal(size=shape)
    n, scatter = len(x), Scatter(x)
    assert scatter.distortion(np.zeros(n, int)) == pytest.approx(x.var(0).sum(), rel=1e-9)
    assert scatter.distortion(np.arange(n)) == pytest.approx(0.0, abs=1e-9)
    some = rng(1).integers(4, size=n)
    means = np.stack([x[some == c].mean(0) for c in some])
    between = ((means - x.mean(0)) ** 2).sum(1).mean()
    assert scatter.variance == pytest.approx(scatter.distortion(some) + between, rel=1e-9)
    turn = np.linalg.qr(rng(2).normal(size=(shape[1],) * 2))[0]
    assert Scatter(3 * (x @ turn) - 5).distortion(some) == pytest.approx(
        9 * scatter.distortion(some), rel=1e-9
    )


def test_splitting_a_cluster_costs_complexity_and_saves_distortion():
    x, g = rng().normal(size=(30, 4)), rng(1)
    for _ in range(50):
        coarse = g.integers(3, size=30)
        fine = 2 * coarse + g.integers(2, size=30)
        assert complexity(fine) >= complexity(coarse) - 1e-12
        assert Scatter(x).distortion(fine) <= Scatter(x).distortion(coarse) + 1e-12


def test_cost_is_bits_and_squared_units():
    data = blobs()
    cost = estimate("concept-cost", data, beta=2.0)
    assert cost.value == pytest.approx(np.log2(3) + 2 * estimate("concept-distortion", data).value)
    doubled = vectors(2 * data.x, data.y)
    more = estimate("concept-cost", doubled, beta=2.0)
    assert more.value - np.log2(3) == pytest.approx(4 * (cost.value - np.log2(3)))
    normalized = [estimate("normalized-cost", d).value for d in (data, doubled)]
    assert normalized[0] == pytest.approx(normalized[1])
    share = estimate("concept-distortion", data).diagnostics["share"]
    assert normalized[0] == pytest.approx(np.log2(3) + share)


def test_gap_is_the_difference_of_both_costs():
    data = blobs(away=0.5)
    found = clusters(data)
    for gap, cost in (("cost-gap", "concept-cost"), ("normalized-cost-gap", "normalized-cost")):
        one = estimate(gap, found, beta=0.7)
        assert one.value == pytest.approx(
            estimate(cost, data, beta=0.7).value - estimate(cost, found, beta=0.7).value
        )
        assert one.diagnostics["distortion_clusters"] <= one.diagnostics["distortion_categories"]


def test_cost_curve_takes_the_best_partition_of_each_number():
    found = clusters(blobs(), clusters=(2, 5))
    curve = estimate("cost-curve", found)
    assert curve.x.tolist() == [2, 3, 5]
    for k, value in zip(curve.x, curve.y, strict=True):
        columns = np.flatnonzero(found.k == k)
        costs = [
            np.log2(np.e) * complexity(found.labels[:, c])
            + Scatter(found.x).distortion(found.labels[:, c])
            for c in columns
        ]
        distortions = [Scatter(found.x).distortion(found.labels[:, c]) for c in columns]
        assert value == pytest.approx(costs[int(np.argmin(distortions))])


def test_spectrum_of_equal_and_of_single_directions():
    for r in (1, 2, 5):
        x = np.concatenate([np.eye(r, 8), -np.eye(r, 8)])  # r orthogonal directions, mean zero
        assert entropy(spectrum(x), 1.0) == pytest.approx(np.log(r), abs=1e-12)
    assert entropy(spectrum(np.outer(rng().normal(size=9), np.ones(4))), 1.0) == pytest.approx(
        0.0, abs=1e-9
    )
    assert spectrum(np.ones((3, 4))).size == 0
    p = spectrum(rng().normal(size=(20, 6)))
    values = [entropy(p, alpha) for alpha in (0.5, 1.0, 1.0 + 1e-7, 2.0, 8.0)]
    assert all(a >= b - 1e-9 for a, b in itertools.pairwise(values))
    assert values[1] == pytest.approx(values[2], abs=1e-5)
    rows = rng().normal(size=(20, 6))
    squares = np.linalg.svd(rows - rows.mean(0), compute_uv=False) ** 2
    assert np.sort(p) == pytest.approx(np.sort(squares / squares.sum()))


def test_cluster_entropy_counts_flat_clusters_and_weighs_by_size():
    x = np.concatenate([np.tile(5.0, (2, 4)), np.eye(4), -np.eye(4)])
    data = vectors(x, [0] * 2 + [1] * 8)
    plain, weighted = (estimate("cluster-entropy", data, weight=w) for w in ("none", "size"))
    assert plain.diagnostics["flat"] == 1
    assert plain.value == pytest.approx(np.log(4) / 2)
    assert weighted.value == pytest.approx(0.8 * np.log(4))


def test_nothing_to_divide_by():
    with pytest.raises(Incompatible, match="all vectors are equal"):
        estimate("normalized-cost", vectors(np.ones((4, 2)), [0, 1, 0, 1]))
