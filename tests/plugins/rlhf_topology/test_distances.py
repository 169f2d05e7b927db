"""Distances against closed forms, a dense posterior and networkx; and what the theory promises."""

import dataclasses
import logging
import math

import networkx as nx
import numpy as np
import pytest

import harness
from harness import DataError, Incompatible, Preferences, PreferenceSource, Split
from harness_rlhf_topology import exact
from harness_rlhf_topology.forest import Forest

from .conftest import RNG, covariance, dense, graph_of, measure, of_pairs, preferences, source


def network(data):
    """The same as a graph with conductances and lengths; parallel edges stay apart."""
    graph = nx.MultiGraph()
    graph.add_nodes_from(range(len(data.parent)))
    for node, up in enumerate(data.parent):
        if up >= 0:
            graph.add_edge(int(up), node, c=1 / data.variance[node], l=data.variance[node])
    for a, b in data.part("train").pairs:
        graph.add_edge(int(a), int(b), c=1 / data.noise, l=data.noise)
    return graph


def resistance(graph, a, b):
    return nx.resistance_distance(graph, int(a), int(b), weight="c", invert_weight=False)


@pytest.mark.parametrize("noise", [0.3, 1e-4])
def test_the_posterior_is_the_dense_one_and_the_resistance_of_the_network(noise):
    data = preferences(data=source(noise=noise))
    found, test = measure("inference-distance", data), data.part("test").pairs
    _, left, _, _ = dense(data)
    np.testing.assert_allclose(found.local, of_pairs(left, test), rtol=0, atol=1e-9)
    graph = network(data)
    wanted = [resistance(graph, a, b) for a, b in test[:3]]
    np.testing.assert_allclose(found.local[:3], wanted, rtol=0, atol=1e-9)


def test_the_laplacian_route_gives_the_same():
    """A comparison between two trees forces it; here the second tree is a spare one."""
    data = preferences()
    v = len(data.parent)
    train, test = data.part("train"), data.part("test")
    pairs = np.concatenate([train.pairs, [[0, v]], test.pairs])
    wider = Preferences(
        np.append(data.parent, -1),
        np.append(data.variance, 0.0),
        pairs,
        np.concatenate([train.y, [0.7], test.y]),
        data.noise,
        split=Split(np.arange(train.n + 1), np.arange(train.n + 1, len(pairs))),
    )
    other = exact.Posterior(wider)
    assert other.crossing
    mine = exact.Posterior(data)
    np.testing.assert_allclose(other.variance, mine.variance, rtol=0, atol=1e-9)
    a, b = test.pairs.T
    rewards, same = mine.rewards(), other.rewards()
    np.testing.assert_allclose(same[a] - same[b], rewards[a] - rewards[b], rtol=0, atol=1e-9)
    assert same[0] - same[v] == pytest.approx(0.7)  # told by that one comparison alone


def test_covariances_by_running_minima_are_those_of_the_definition():
    rng = RNG(3)
    parent = np.array([-1, *(int(rng.integers(-1, i)) for i in range(1, 40))])
    variance = np.where(parent < 0, 0.0, 0.1 + rng.random(40))
    pairs = np.array([rng.choice(40, 2, replace=False) for _ in range(30)])
    prior, cross = exact.contrasts(Forest(parent, variance), np.sort(pairs[:20]), pairs[20:])
    whole = covariance(parent, variance)
    a, b = np.sort(pairs[:20]).T
    c, d = pairs[20:].T
    row = whole[a] - whole[b]
    np.testing.assert_allclose(prior, row[:, a] - row[:, b], atol=1e-12)
    np.testing.assert_allclose(cross, row[:, c] - row[:, d], atol=1e-12)
    weights = rng.normal(size=40)
    np.testing.assert_allclose(
        Forest(parent, variance).covariance_times(weights), whole @ weights, atol=1e-12
    )


@pytest.mark.parametrize(
    ("pairs", "test", "distance", "path"),
    [
        ([[i, i + 1] for i in range(6)], [[0, 6]], 6.0, 6.0),
        ([[0, 1]] * 4, [[0, 1]], 0.25, 1.0),
        ([[i, (i + 1) % 10] for i in range(10)], [[0, 3]], 2.1, 3.0),
        ([[i, j] for i in range(7) for j in range(i)], [[2, 5]], 2 / 7, 1.0),
    ],
    ids=["series", "parallel", "cycle", "complete"],
)
def test_closed_forms(pairs, test, distance, path):
    data = graph_of(pairs, test, noise=0.7)
    assert measure("inference-distance", data).value == pytest.approx(0.7 * distance)
    assert measure("path-distance", data).value == pytest.approx(0.7 * path)


def test_repeats_act_in_parallel_in_a_tree_too():
    data = preferences()
    train, test = data.part("train"), data.part("test")
    pairs = np.concatenate([train.pairs, train.pairs[:5, ::-1], test.pairs])
    split = Split(np.arange(train.n + 5), np.arange(train.n + 5, len(pairs)))
    more = dataclasses.replace(data, pairs=pairs, y=np.zeros(len(pairs)), split=split)
    wanted = of_pairs(dense(more)[1], test.pairs)
    np.testing.assert_allclose(measure("inference-distance", more).local, wanted, atol=1e-10)


def test_foster_rayleigh_and_the_triangle():
    edges = np.array(nx.karate_club_graph().edges())
    found = measure("inference-distance", graph_of(edges, edges))
    assert found.local.sum() == pytest.approx(33, abs=1e-8)  # Foster: nodes less components
    all_pairs = np.array([[i, j] for i in range(34) for j in range(i)])
    before = measure("inference-distance", graph_of(edges, all_pairs)).local
    table = np.zeros((34, 34))
    table[all_pairs[:, 0], all_pairs[:, 1]] = table[all_pairs[:, 1], all_pairs[:, 0]] = before
    assert (table[:, None] + table[None] - table[:, :, None] >= -1e-12).all()
    for extra in ([0, 33], [14, 16]):
        after = measure("inference-distance", graph_of([*edges, extra], all_pairs)).local
        assert (after <= before + 1e-12).all()


def test_exact_is_at_most_the_path_and_equal_on_trees():
    data = preferences(data=source(height=7, noise=1e-3, budget=60))
    distance, path = measure("inference-distance", data), measure("path-distance", data)
    assert (distance.local <= path.local * (1 + 1e-12)).all()
    graph = network(data)
    wanted = [nx.dijkstra_path_length(graph, a, b, "l") for a, b in data.part("test").pairs]
    np.testing.assert_allclose(path.local, wanted, rtol=1e-12)
    tree = graph_of([[i, i // 2] for i in range(1, 20)], [[18, 7], [3, 19]])
    np.testing.assert_allclose(
        measure("inference-distance", tree).local, measure("path-distance", tree).local
    )


def test_limits_of_the_noise():
    """Much noise tells nothing; none, over all leaves, everything. No jitter is needed."""
    blind = preferences(data=source(noise=1e12))
    prior = Forest(blind.parent, blind.variance).distance(blind.part("test").pairs)
    np.testing.assert_allclose(measure("inference-distance", blind).local, prior, rtol=1e-9)
    assert measure("information-gain", blind).value == pytest.approx(0.0, abs=1e-9)
    assert prior.max() == pytest.approx(2.0)  # leaves that share nothing: 2 I
    clear = source(noise=0.0)
    pairs = np.column_stack([clear.leaves[:-1], clear.leaves[1:]])
    both = np.concatenate([pairs, pairs[:4], clear.test_pairs])
    split = Split(np.arange(len(pairs) + 4), np.arange(len(pairs) + 4, len(both)))
    data = Preferences(clear.parent, clear.variance, both, np.zeros(len(both)), 0.0, split=split)
    np.testing.assert_allclose(measure("inference-distance", data).local, 0.0, atol=1e-12)
    np.testing.assert_allclose(measure("path-distance", data).local, 0.0, atol=1e-12)
    assert math.isinf(measure("information-gain", data).value)


def test_repeats_without_noise_are_told(caplog):
    data = graph_of([[0, 1], [0, 1], [1, 2], [0, 2]], [[0, 2]], noise=0.0)
    with caplog.at_level(logging.WARNING, "harness.rlhf_topology"):
        assert measure("inference-distance", data).value == 0.0
    assert "2 of 4 comparisons repeat what others tell" in caplog.text


def test_what_nothing_connects_is_infinite_and_told(caplog):
    data = graph_of([[0, 1], [2, 3]], [[0, 1], [0, 3]])
    with caplog.at_level(logging.WARNING, "harness.rlhf_topology"):
        found = measure("inference-distance", data)
    assert found.local.tolist() == [1.0, math.inf]
    assert found.value == math.inf
    assert found.diagnostics["infinite"] == 1
    assert "1 of 2 test pairs are connected by nothing" in caplog.text
    assert measure("path-distance", data).local.tolist() == [1.0, math.inf]
    with pytest.raises(Incompatible, match="across trees"):
        measure("information-gain", data)


def test_information_adds_up_over_rank_one_updates():
    data = preferences(data=source(noise=0.05, budget=40))
    _, _, left, rows = dense(data)
    total = 0.0
    for row in rows:
        told = left @ row
        variance = row @ told
        total += 0.5 * math.log1p(variance / data.noise)
        left = left - np.outer(told, told) / (variance + data.noise)
    found = measure("information-gain", data)
    assert found.value == pytest.approx(total, abs=1e-9)
    pair = measure("pair-information", data)
    assert pair.local.min() >= 0
    assert pair.local.max() <= found.value


def test_information_is_sub_additive():
    data = preferences(data=source(noise=0.05, budget=40))
    test = data.split.test
    halves = [
        measure("information-gain", dataclasses.replace(data, split=Split(part, test))).value
        for part in np.split(data.split.train, 2)
    ]
    assert max(halves) < measure("information-gain", data).value < sum(halves)


def test_more_unknowns_than_a_dense_system_holds_are_refused(monkeypatch):
    monkeypatch.setattr(exact, "MOST", 10)
    with pytest.raises(Incompatible, match="wanted at most 10, or path-distance"):
        measure("inference-distance", preferences())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"variance": [0.0, 1.0, 0.0]}, "row 2: 0; wanted a variance above 0"),
        ({"variance": [0.0, 1.0, -1.0]}, "wanted a variance above 0"),
        ({"variance": [1.0, 1.0, 1.0]}, "wanted 0 for a root"),
        ({"parent": [-1, 2, 0]}, "wanted a parent before its child"),
        ({"pairs": [[1, 1], [1, 2]]}, "compared with itself"),
        ({"pairs": [[1, 2], [1, 3]]}, "nodes from 0 to 2"),
        ({"noise": -1.0}, "a variance from 0 up"),
        ({"law": "cauchy"}, "one of logistic, normal"),
    ],
)
def test_bad_data_are_refused(change, message):
    plain = {"parent": [-1, 0, 0], "variance": [0.0, 1.0, 1.0], "pairs": [[1, 2], [2, 1]], "noise": 1.0}  # fmt: skip
    with pytest.raises(DataError, match=message):
        Preferences(**(plain | {"y": [0.0, 1.0]} | change))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"leaves": [1, 3]}, r"leaves.*the node 3; wanted nodes from 0 to 2"),
        ({"leaves": [1, -1]}, r"leaves.*the node -1"),
        ({"test_pairs": [[1, 3]]}, r"test_pairs.*wanted nodes from 0 to 2"),
        ({"test_pairs": [[2, 2]]}, r"test_pairs.*compared with itself"),
        ({"variance": [0.0, 1.0, 0.0]}, r"wanted a variance above 0"),
        ({"budget": 0}, r"at least one comparison"),
    ],
)
def test_bad_sources_are_refused(change, message):
    plain = {"parent": [-1, 0, 0], "variance": [0.0, 1.0, 1.0], "leaves": [1, 2], "test_pairs": [[1, 2]]}  # fmt: skip
    with pytest.raises(DataError, match=message):
        PreferenceSource(**({"noise": 1.0, "budget": 1} | plain | change))


def test_lengths_of_annotations_leave_out_what_is_shared():
    parent = [-1, 0, 1, 1, 0]
    texts = ("a prompt of five words", " one two", " three", " four five", " six")
    variance = [0.0, 1.0, 1.0, 1.0, 1.0]
    data = Preferences(parent, variance, [[2, 3], [3, 4]], [1.0, -1.0], 1.0, texts=texts)
    found = measure("annotation-length", data)
    np.testing.assert_array_equal(found.local, [3, 5])
    assert found.diagnostics["full"] == (7 + 5) / 2
    assert harness.estimator("rlhf_topology/annotation-length")
