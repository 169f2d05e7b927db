import itertools

import networkx as nx
import numpy as np
import pytest

from harness import Graph, Incompatible, Links, Prediction, Split, UsageError, stream
from harness_graphs import scores, splits


def pairs_of(rows):
    return {frozenset(row) for row in rows.tolist()}


@pytest.mark.parametrize("listed", [splits.LISTED, 0])
def test_links_are_cut_without_a_leak(listed, monkeypatch):
    """Held-out edges and non-edges are no known edges, and differ; all edges appear once."""
    monkeypatch.setattr(splits, "LISTED", listed)
    edges = np.array(nx.gnp_random_graph(60, 0.15, seed=0).edges())
    data = splits.split_links(edges, 60, None, k=5, negatives=2.0, rng=stream(0), name="mine")
    train, valid, test = (data.pairs[part] for _, part in data.split.parts())
    y = {name: data.y[part] for name, part in data.split.parts()}
    known = pairs_of(data.edges)
    assert pairs_of(train[y["train"] == 1]) == known
    assert len(known) == round(0.7 * len(edges))
    held = [pairs_of(valid[y["valid"] == 1]), pairs_of(test[y["test"] == 1])]
    assert known | held[0] | held[1] == pairs_of(edges)
    assert sum(map(len, (known, *held))) == len(edges)
    apart = [pairs_of(valid[y["valid"] == 0]), pairs_of(test[y["test"] == 0])]
    assert not (apart[0] | apart[1]) & pairs_of(edges)
    assert not apart[0] & apart[1]
    assert [len(a) for a in apart] == [len(h) for h in held]
    wrong = pairs_of(train[y["train"] == 0])
    assert len(wrong) == 2 * len(known)
    assert not wrong & known


def test_non_edges_are_uniform():
    """Chi-square over all non-edges below its 99.99 % point for 9 degrees of freedom."""
    edges = np.array([[0, 1], [1, 2], [2, 3], [0, 3], [0, 4]])
    rng = stream(0)
    counts = {}
    for _ in range(2000):
        for pair in splits.non_edges(edges, 6, 3, rng, "mine").tolist():
            counts[tuple(pair)] = counts.get(tuple(pair), 0) + 1
    assert len(counts) == 10
    assert sum((c - 600) ** 2 / 600 for c in counts.values()) < 33.7


@pytest.mark.parametrize("listed", [splits.LISTED, 0])
def test_graphs_too_dense_for_non_edges_are_refused(listed, monkeypatch):
    """The authors' code looks for them for ever."""
    monkeypatch.setattr(splits, "LISTED", listed)
    complete = np.array(list(itertools.combinations(range(12), 2)))
    with pytest.raises(
        UsageError,
        match=r"mine: 0 pairs without an edge, and .* are needed: the graph is too dense",
    ):
        splits.split_links(complete, 12, None, k=1, negatives=1.0, rng=stream(0), name="mine")
    with pytest.raises(UsageError, match="too dense"):
        splits.non_edges(complete[1:], 12, 2, stream(0), "mine")


def test_too_few_edges_and_too_great_a_k_are_refused():
    edges = np.array([[0, 1], [1, 2], [2, 3]])
    with pytest.raises(UsageError, match="3 edges; link prediction needs 10 or more"):
        splits.split_links(edges, 9, None, k=1, negatives=1.0, rng=stream(0), name="mine")
    edges = np.array(nx.path_graph(41).edges())
    with pytest.raises(
        UsageError, match="k=5, and the smallest part has 4 non-edges; wanted a smaller k"
    ):
        splits.split_links(edges, 41, None, k=5, negatives=1.0, rng=stream(0), name="mine")


def test_nodes_are_split_class_by_class():
    labels = np.repeat([0, 1, 2, -1], [50, 30, 5, 10])
    split = splits.split_nodes(labels, stream(0))
    assert np.bincount(labels[split.train]).tolist() == [30, 18, 3]
    assert np.bincount(labels[split.valid]).tolist() == [10, 6, 1]
    assert np.bincount(labels[split.test]).tolist() == [10, 6, 1]


def links(k=2):
    pairs = [[0, 1], [0, 2], [1, 2], [2, 3], [3, 4], [0, 3], [1, 3], [0, 4], [1, 4], [2, 4]]
    y = [1, 0, 1, 1, 1, 0, 0, 0, 0, 0]
    return Links(5, [[0, 1]], pairs, y, k=k, split=Split([0, 1], np.arange(2, 10)))


def test_scores_of_links_by_hand():
    data = links()
    #        linked 3, 1, 2; unlinked 2, 0.5, 2.5, 0, -1: the second greatest unlinked is 2
    values = np.array([3.0, 1.0, 2.0, 2.0, 0.5, 2.5, 0.0, -1.0])
    found = scores.ranking(data, Prediction(values[::-1], np.arange(2, 10)[::-1]))
    assert found["hits"] == pytest.approx(1 / 3)
    assert found["mrr"] == pytest.approx((1 + 1 / 3 + 1 / 2.5) / 3)
    assert found["auc"] == pytest.approx((5 + 3 + 3.5) / 15)


def test_the_area_is_scikit_learns():
    from sklearn.metrics import roc_auc_score

    rng = stream(0)
    data = links()
    for _ in range(20):
        values = rng.integers(4, size=8).astype(float)
        found = scores.ranking(data, Prediction(values, data.split.test))["auc"]
        assert found == pytest.approx(roc_auc_score(data.y[2:], values))


def test_missing_predictions_and_too_few_non_links_are_named():
    with pytest.raises(Incompatible, match="not every unit of the test part is predicted"):
        scores.ranking(links(), Prediction([1.0], [2]))
    with pytest.raises(
        Incompatible, match="Hits@9 needs 9 unlinked test pairs or more; there are 5"
    ):
        scores.ranking(links(k=9), Prediction(np.zeros(8), np.arange(2, 10)))


def test_accuracy_reads_classes_or_probabilities():
    data = Graph(4, [[0, 1]], labels=[0, 1, 2, 1], split=Split([0, 1, 2], [3]))
    data = Graph(5, [[0, 1]], labels=[0, 1, 2, 1, 0], split=Split([0, 1, 2], [3, 4]))
    assert scores.accuracy(data, Prediction([1.0, 2.0], [3, 4])) == {"accuracy": 0.5}
    assert scores.accuracy(data, Prediction(np.eye(3)[[0, 0]], [4, 3])) == {"accuracy": 0.5}
