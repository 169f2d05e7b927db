"""AMI, NMI and ARI against scikit-learn and against all permutations; intervals and p values."""

import itertools
import math

import numpy as np
import pytest

from harness import Incompatible, Partitions
from harness_tokens_to_thoughts.agreement import (
    ami,
    ari,
    best_of,
    expected_information,
    information,
    nmi,
    table,
)

from .conftest import blobs, clusters, estimate, rng, vectors


def test_expected_information_is_the_mean_over_all_permutations():
    a, b = np.array([0, 0, 0, 1, 1, 2, 2]), np.array([0, 0, 1, 1, 1, 1, 2])
    every = [information(table(a, np.array(order))) for order in itertools.permutations(b)]
    assert expected_information(np.bincount(a), np.bincount(b)) == pytest.approx(
        np.mean(every), rel=1e-10
    )


def test_agreement_is_that_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    for seed, (n, k, m) in enumerate([(48, 8, 8), (300, 18, 5), (40, 2, 40), (500, 10, 3)]):
        g = rng(seed)
        a = g.integers(k, size=n)
        b = np.where(g.random(n) < 0.6, a % m, g.integers(m, size=n))
        counts = table(a, b)
        assert ami(counts) == pytest.approx(metrics.adjusted_mutual_info_score(a, b), abs=1e-9)
        assert nmi(counts) == pytest.approx(metrics.normalized_mutual_info_score(a, b), abs=1e-9)
        assert ari(counts) == pytest.approx(metrics.adjusted_rand_score(a, b), abs=1e-9)


@pytest.mark.parametrize("measure", [ami, nmi, ari])
def test_names_of_clusters_do_not_count(measure):
    g = rng()
    y, labels = g.integers(5, size=60), g.integers(4, size=60)
    assert measure(table(y, y)) == pytest.approx(1.0)
    assert measure(table(y, g.permutation(4)[labels])) == pytest.approx(measure(table(y, labels)))


def test_random_labels_do_not_agree_on_average():
    values = np.array(
        [ami(table(np.arange(200) % 8, rng(s).integers(8, size=200))) for s in range(50)]
    )
    assert abs(values.mean()) < 0.01
    assert abs(values.mean()) < 5 * values.std() / math.sqrt(50)


def test_random_vectors_do_not_agree():
    y = np.arange(480) % 8
    found = clusters(vectors(rng().normal(size=(480, 50)), y), human_start=False)
    one = estimate("ami", found)
    assert abs(one.value) < 0.05
    assert one.diagnostics["p"] > 0.001


def test_clusters_that_are_there_are_significant():
    found = clusters(blobs(n=90, away=0.8), n_init=30)
    for name in ("ami", "nmi", "ari"):
        one = estimate(name, found, permutations=99)
        assert one.diagnostics["p"] == pytest.approx(0.01)
        assert one.diagnostics["low"] <= one.value <= one.diagnostics["high"]


def test_p_is_uniform_under_the_null():
    ps = []
    for seed in range(40):
        g = rng(seed)
        y, labels = np.arange(40) % 4, g.integers(4, size=(40, 1))
        labels[:4, 0] = range(4)
        data = Partitions(labels, [4], [False], g.normal(size=(40, 2)), y, ("a", "b", "c", "d"))
        ps.append(estimate("ami", data, seed, permutations=49).diagnostics["p"])
    assert 0.5 - 5 * 0.29 / math.sqrt(40) < np.mean(ps) < 0.5 + 5 * 0.31 / math.sqrt(40)


def test_the_best_of_some_starts_against_all_draws():
    g = rng()
    inertia, values = g.random(9), g.random(9)
    best = [
        values[min(some, key=lambda i: inertia[i])] for some in itertools.combinations(range(9), 4)
    ]
    low, high = np.quantile(best, [0.025, 0.975], method="inverted_cdf")
    assert best_of(inertia, values, 4) == pytest.approx((low, high))
    assert best_of(inertia, values, 50) == pytest.approx((values[inertia.argmin()],) * 2)


def test_the_start_at_the_categories_does_not_count():
    y = np.arange(12) % 3
    other = np.roll(y, 1)
    other[:3] = [0, 1, 2]
    x = 9.0 * np.eye(3)[y]
    data = Partitions(np.stack([y, other], 1), [3, 3], [True, False], x, y, ("a", "b", "c"))
    one = estimate("ami", data, permutations=0)
    assert one.value == pytest.approx(ami(table(y, other)))
    assert one.diagnostics["human_start"] == pytest.approx(1.0)
    with pytest.raises(
        Incompatible, match="no partition into 3 clusters, the number of categories, that"
    ):
        estimate("ami", Partitions(y[:, None], [3], [True], x, y, ("a", "b", "c")))
