import dataclasses

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import DataError, Graph, Links, Split, simple_edges

TRIANGLE = [[0, 1], [1, 2], [0, 2]]
PAIRS = [[0, 3], [1, 3], [0, 1], [1, 2]]


def links(**change):
    values = {"nodes": 4, "edges": TRIANGLE, "pairs": PAIRS, "y": [0, 0, 1, 1], "k": 1} | change
    return Links(**values)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Graph(3, [[0, 1], [1, 3]]), r"Graph\.edges at row 1: ends \[1, 3\]; wanted nodes from 0 to 2"),
        (lambda: Graph(3, [[-1, 1]]), r"Graph\.edges at row 0: ends \[-1, 1\]"),
        (lambda: Graph(3, [[0, 1], [1, 1]]), r"Graph\.edges at row 1: a loop at node 1; wanted two different ends"),
        (lambda: Graph(3, [[0, 1], [1, 2], [1, 0]]), r"Graph\.edges at row 2: the edge \[1, 0\] again; wanted each edge once"),
        (lambda: Graph(3, [[0, 1], [0, 1]], directed=True), r"the edge \[0, 1\] again"),
        (lambda: Graph(0, np.zeros((0, 2), int)), r"Graph: 0 units"),
        (lambda: Graph(3, [[0, 1, 2]]), r"Graph\.edges: an axis of length 3; wanted length 2"),
        (lambda: Graph(3, [[0, 1]], np.zeros((2, 4))), r"Graph\.features: 2 rows; wanted one per node \(3\)"),
        (lambda: Graph(3, [[0, 1]], [[np.nan], [0], [0]]), r"Graph\.features at row 0: NaN"),
        (lambda: Graph(3, [[0, 1]], labels=[0, 1]), r"Graph\.labels: 2 rows"),
        (lambda: Graph(3, [[0, 1]], labels=[1, 1, -1]), r"Graph\.labels: 1 class; wanted at least two"),
        (lambda: Graph(3, [[0, 1]], labels=[1, -2, 0]), r"Graph\.labels at row 1: label -2"),
        (lambda: Graph(3, [[0, 1]], weights=[1.0, 2.0]), r"Graph\.weights: axis items of length 2"),
        (lambda: Graph(3, TRIANGLE, labels=[0, 1, -1], split=Split([0, 1], [2])), r"split\.test at row 2: a node without a label"),
        (lambda: Graph(3, TRIANGLE, labels=[0, 1, 1], split=Split([1], [2])), r"class 0 absent from the training part"),
        (lambda: Graph(3, TRIANGLE, labels=[0, 1, 1], split=Split([0, 1], [])), r"Split\.test: an empty part"),
        (lambda: links(pairs=[[0, 4], [1, 3], [0, 1], [1, 2]]), r"Links\.pairs at row 0: ends \[0, 4\]"),
        (lambda: links(pairs=[[3, 3], [1, 3], [0, 1], [1, 2]]), r"Links\.pairs at row 0: a loop"),
        (lambda: links(y=[0, 0, 1, 2]), r"Links\.y at row 3: label 2; wanted 1 for linked, 0 for not"),
        (lambda: links(edges=np.zeros((0, 2), int)), r"Links\.edges: axis m of length 0; wanted at least one"),
        (lambda: links(features=np.zeros((3, 1))), r"Links\.features: 3 rows; wanted one per node \(4\)"),
        (lambda: links(k=0), r"Links\.k: 0; wanted a rank"),
        (lambda: links(split=Split([0, 2], [3])), r"Links\.split\.test: no negatives"),
        (lambda: links(split=Split([0, 2], [1])), r"Links\.split\.test: no positives"),
        (lambda: links(split=Split([0, 2], [1, 3])), r"Links\.split\.test at row 3: a pair that is a known edge"),
    ],
)  # fmt: skip
def test_bad_graphs_are_named(make, message):
    with pytest.raises(DataError, match=message):
        make()


def test_nodes_without_edges_and_graphs_without_any_count():
    alone = Graph(4, np.zeros((0, 2), np.int64))
    assert alone.n == 4
    assert Graph(5, TRIANGLE).n == 5


def test_lists_of_pairs_are_made_simple_with_a_word(caplog):
    found = simple_edges([[2, 1], [1, 2], [3, 3], [0, 1], [0, 1]], 4, name="mine")
    assert found.tolist() == [[0, 1], [1, 2]]
    assert "mine: 1 loops dropped, 2 repeated or reversed edges merged, 2 edges left" in caplog.text
    with pytest.raises(DataError, match=r"edges of mine at row 1: ends \[1, 9\]"):
        simple_edges([[0, 1], [1, 9]], 4, name="mine")


@settings(deadline=None)
@given(st.integers(0, 1000), st.lists(st.integers(0, 14), unique=True, min_size=1))
def test_taking_nodes_gives_the_induced_subgraph(seed, nodes):
    graph = nx.gnp_random_graph(15, 0.3, seed=seed)
    kind = Graph(
        15, np.array(graph.edges(), np.int64).reshape(-1, 2), features=np.arange(15.0)[:, None]
    )
    part = kind.take(nodes)
    wanted = {frozenset((nodes.index(a), nodes.index(b))) for a, b in graph.subgraph(nodes).edges()}
    assert {frozenset(e) for e in part.edges.tolist()} == wanted
    assert len(part.edges) == len(wanted)
    assert part.features[:, 0].tolist() == nodes


def test_a_node_taken_twice_becomes_two_with_the_same_neighbours():
    part = Graph(3, [[0, 1], [1, 2]], weights=[5.0, 7.0]).take([1, 0, 1])
    assert part.edges.tolist() == [[1, 0], [1, 2]]
    assert part.weights.tolist() == [5.0, 5.0]


def test_the_split_goes_along_and_edges_of_the_training_part_stay_within():
    graph = Graph(4, [[0, 1], [1, 2], [2, 3]], labels=[0, 1, 0, 1], split=Split([0, 1], [2, 3]))
    assert graph.part("train").edges.tolist() == [[0, 1]]
    turned = graph.take([3, 2, 1, 0])
    assert turned.split.train.tolist() == [2, 3]


@pytest.mark.parametrize("kind", [Graph, Links])
def test_files_give_back_what_was_saved(kind, tmp_path):
    from harness import stream
    from harness.testing import sample

    data = sample(kind, stream(0), split=True)
    data.save(tmp_path / "graph.npz")
    assert kind.load(tmp_path / "graph.npz") == data


def test_direction_and_weights_are_part_of_the_fingerprint():
    plain = Graph(3, TRIANGLE)
    assert plain != dataclasses.replace(plain, directed=True)
    assert plain != dataclasses.replace(plain, weights=np.ones(3))
