"""The curve: a closed form, every partition above it, and why items alone are no bound."""

import itertools

import numpy as np
import pytest

from harness import Incompatible
from harness_tokens_to_thoughts.partitions import Scatter, complexity
from harness_tokens_to_thoughts.rate_distortion import coordinates, excess, follow, onset

from .conftest import blobs, clusters, estimate, rng, vectors
from .test_kmeans import set_partitions


def two_points(distortion):
    """ln 2 - h((1 + sqrt(1 - D)) / 2): two points +-1, reproduced by +-sqrt(1 - D)."""
    p = (1 + np.sqrt(1 - distortion)) / 2
    return np.log(2) + p * np.log(p) + (1 - p) * np.log(1 - p)


def test_two_points_in_closed_form():
    for point in follow(np.array([[3.0, 1.0], [5.0, 9.0]]), 9, 1e-5):
        assert point.distortion < 1
        assert point.rate == pytest.approx(two_points(point.distortion), abs=2e-5)
        gap = point.rate + point.slope * point.distortion - point.bound
        assert -1e-6 < gap < 2e-5


def test_copies_of_items_change_nothing():
    x = rng().normal(size=(7, 3))
    once, twice = (follow(data, 5, 1e-4) for data in (x, np.repeat(x, 2, axis=0)))
    for a, b in zip(once, twice, strict=True):
        assert (a.rate, a.distortion) == pytest.approx((b.rate, b.distortion), abs=1e-6)


def test_the_rate_leaves_zero_at_the_first_split_of_a_gaussian():
    """Of a dense normal grid at 1 / (2 variance) = 1/2, where all of R(D) = -ln(D) / 2 begins."""
    from statistics import NormalDist

    x = np.array([NormalDist().inv_cdf((i + 0.5) / 80) for i in range(80)])[:, None]
    assert onset(*coordinates(x)) == pytest.approx(0.5, rel=0.02)
    smooth = [point for point in follow(x, 8, 1e-3) if point.distortion > 0.05]
    assert len(smooth) > 1
    for point in smooth:  # further on the grid is seen to be one
        assert point.rate == pytest.approx(-np.log(point.distortion) / 2, abs=0.02)


@pytest.mark.parametrize("d", [1, 2, 12])
def test_every_partition_is_above_the_curve(d):
    x = rng(d).normal(size=(7, d))
    points, scatter = follow(x, 10, 1e-3), Scatter(x)
    worst = min(
        excess(labels, scatter.distortion(labels) / scatter.variance, points)
        for k in range(1, 8)
        for labels in set_partitions(7, k)
    )
    assert worst > -1e-9
    assert worst < 0.05  # the bound is near: one cluster for all lies on it


def blahut_arimoto(x, slope):
    """Rate and distortion with the items themselves as reproduction points."""
    d = ((x[:, None] - x) ** 2).sum(2)
    q = np.full(len(x), 1 / len(x))
    for _ in range(3000):
        channel = q * np.exp(-slope * d)
        channel /= channel.sum(1, keepdims=True)
        q = channel.mean(0)
    return float((channel * np.log(channel / q + 1e-300)).sum(1).mean()), float(
        (channel * d).sum(1).mean()
    )


def test_items_alone_are_no_bound_for_clusters():
    """Two rings: their means are no items, so that codes of items cost more than the two clusters."""
    angle = np.arange(8) * np.pi / 4
    ring = np.column_stack([np.cos(angle), np.sin(angle)])
    x = np.concatenate([ring, ring + np.array([6.0, 0.0])])
    y = np.repeat([0, 1], 8)
    share, scatter = Scatter(x).distortion(y), Scatter(x)
    at_items = [blahut_arimoto(x, s) for s in np.geomspace(0.05, 20, 30)]
    rate_there = min(r for r, d in at_items if d <= share)
    assert complexity(y) < rate_there - 0.1
    assert excess(y, share / scatter.variance, follow(x, 12, 1e-3)) > -1e-9


def test_the_curve_falls_and_bends_and_names_its_excess():
    data = blobs(n=60, k=3, d=20, away=0.7)
    found = clusters(data)
    curve = estimate("rate-distortion-curve", found)
    assert curve.diagnostics["gap"] < 2e-3
    assert (curve.x[-1], curve.y[-1]) == (1.0, 0.0)
    slopes = np.diff(curve.y) / np.diff(curve.x)
    assert (slopes < 0).all()
    assert all(a <= b + 1e-6 for a, b in itertools.pairwise(slopes))
    assert curve.diagnostics["excess_clusters"] > 0
    assert curve.diagnostics["rate_categories"] == pytest.approx(np.log(3))


def test_equal_vectors_have_no_curve():
    with pytest.raises(Incompatible, match="all vectors are equal"):
        estimate("rate-distortion-curve", vectors(np.ones((4, 2)), [0, 1, 0, 1]))
