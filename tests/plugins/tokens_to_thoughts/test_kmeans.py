"""k-means on products: optima, fixed points, the start at the categories, refusals."""

import logging

import numpy as np
import pytest

from harness import Incompatible
from harness_tokens_to_thoughts.kmeans import Products
from harness_tokens_to_thoughts.partitions import Scatter

from .conftest import blobs, clusters, estimate, rng, vectors


def set_partitions(n, k):
    """Every way to cut n items into k clusters, as labels."""

    def grow(done):
        if len(done) == n:
            if max(done) == k - 1:
                yield np.array(done)
            return
        for label in range(min(max(done) + 1, k - 1) + 1):
            yield from grow([*done, label])

    yield from grow([0])


def test_the_best_of_many_starts_is_the_optimum_of_all_partitions():
    for seed in range(5):
        x = rng(seed).normal(size=(9, 3))
        least = min(Scatter(x).within(labels) for labels in set_partitions(9, 3))
        products = Products(x)
        found = [products.inertia(c, 3) for c in products.restarts(3, 50, rng(seed))]
        assert min(found) == pytest.approx(least, rel=1e-9)


@pytest.mark.parametrize("d", [4, 300])
def test_runs_end_where_every_item_is_nearest_to_its_own_mean(d):
    x = rng().normal(size=(80, d)) + 100
    for labels in Products(x).restarts(6, 10, rng(1)):
        assert set(labels) == set(range(6))
        means = np.stack([x[labels == c].mean(0) for c in range(6)])
        away = ((x[:, None] - means) ** 2).sum(2)
        assert (away[np.arange(80), labels] <= away.min(1) + 1e-9).all()


def test_inertia_is_that_of_scikit_learn():
    cluster = pytest.importorskip("sklearn.cluster")
    x = blobs(n=120, k=6, d=30, away=1.0).x
    theirs = cluster.KMeans(6, n_init=50, random_state=0).fit(x)
    products = Products(x)
    ours = min(products.inertia(c, 6) for c in products.restarts(6, 50, rng()))
    assert ours == pytest.approx(theirs.inertia_, rel=1e-6)
    assert len(x) * Scatter(x).distortion(theirs.labels_) == pytest.approx(
        theirs.inertia_, rel=1e-6
    )
    assert products.inertia(theirs.labels_, 6) == pytest.approx(theirs.inertia_, rel=1e-6)


def test_empty_clusters_are_filled():
    x = np.concatenate([np.zeros((5, 2)), np.ones((5, 2)), [[9.0, 9.0]]])
    labels = Products(x).lloyd(np.zeros(11, int), 3)
    assert sorted(np.bincount(labels)) == [1, 5, 5]


def test_the_start_at_the_categories_is_never_worse_than_they_are():
    for seed in range(20):
        data = vectors(rng(seed).normal(size=(24, 10)), np.arange(24) % 6)
        found = clusters(data, seed, n_init=1)
        assert found.informed.tolist() == [False, True]
        scatter = Scatter(data.x)
        assert scatter.distortion(found.labels[:, 1]) <= scatter.distortion(data.y) + 1e-9


def test_further_numbers_of_clusters_keep_their_best(caplog):
    with caplog.at_level(logging.WARNING, "harness.tokens_to_thoughts"):
        found = clusters(blobs(n=12), clusters=(2, 3, 5, 40), n_init=4)
    assert found.k.tolist() == [3, 3, 3, 3, 3, 2, 5]
    assert "40 clusters left out: 12 different vectors" in caplog.text


def test_rows_are_scaled():
    data = blobs()
    assert np.linalg.norm(clusters(data, rows="unit").x, axis=1) == pytest.approx(np.ones(60))
    constant = vectors(np.column_stack([data.x, np.ones(60)]), data.y)
    assert clusters(constant, rows="standardize").x.std(0) == pytest.approx([1] * 5 + [0])


def test_two_far_blobs():
    g, y = rng(), np.arange(2000) % 2
    data = vectors(g.normal(size=(2000, 8)) + 40 * y[:, None], y)
    found = clusters(data, human_start=False)
    assert estimate("ami", found, permutations=0).value == pytest.approx(1.0)
    assert estimate("concept-complexity", found).diagnostics["bits"] == pytest.approx(1.0)
    assert estimate("concept-distortion", found).value == pytest.approx(8.0, rel=0.03)


@pytest.mark.parametrize(
    ("data", "params", "message"),
    [
        (vectors(np.ones((6, 2)), [0, 1, 0, 1, 0, 1]), {}, "1 different vectors; wanted one for each of 2 clusters"),
        (vectors(np.eye(4)[[0, 1, 2, 3]] * [[0], [1], [1], [1]], [0, 1, 0, 1]), {"rows": "unit"}, "item 0 has a zero vector"),
    ],
)  # fmt: skip
def test_refusals(data, params, message):
    with pytest.raises(Incompatible, match=message):
        clusters(data, **params)
