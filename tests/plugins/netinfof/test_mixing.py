"""Label informativeness and adjusted homophily: closed forms, invariances, the general measures."""

import dataclasses
import itertools
import math

import networkx as nx
import numpy as np
import pytest

import harness
from harness import Graph, Incompatible, Split, stream
from harness_netinfof.mixing import adjusted_homophily, label_informativeness, mixing


def both(edges, codes):
    codes = np.array(codes)
    p = mixing(np.array(edges).reshape(-1, 2), codes, int(codes.max()) + 1)
    return label_informativeness(p), adjusted_homophily(p)


def cliques(*members):
    return [pair for clique in members for pair in itertools.combinations(clique, 2)]


@pytest.mark.parametrize(
    ("edges", "codes", "informativeness", "homophily"),
    [
        (cliques(range(4), range(4, 8)), [0] * 4 + [1] * 4, 1.0, 1.0),
        (list(nx.complete_bipartite_graph(3, 3).edges()), [0, 0, 0, 1, 1, 1], 1.0, -1.0),
        # Both sides have both classes: a neighbour tells nothing.
        (list(nx.complete_bipartite_graph(2, 2).edges()), [0, 1, 0, 1], 0.0, 0.0),
        # A ring of three classes: p(c, c') = 1/6 off the diagonal; ln 2 is left of ln 3.
        ([(0, 1), (1, 2), (0, 2)], [0, 1, 2], 1 - math.log(2) / math.log(3), -0.5),
        # Three classes one after the other round a ring of six, each pair joined equally often.
        (list(nx.cycle_graph(6).edges()), [0, 1, 2] * 2, 1 - math.log(2) / math.log(3), -0.5),
        # A path a a b: p(a, a) = 1/2, p(a, b) = p(b, a) = 1/4.
        (
            [(0, 1), (1, 2)],
            [0, 0, 1],
            2 - 1.5 * math.log(2) / (2 * math.log(2) - 0.75 * math.log(3)),
            (0.5 - 0.625) / 0.375,
        ),
    ],
)
def test_closed_forms(edges, codes, informativeness, homophily):
    found = both(edges, codes)
    assert found == pytest.approx((informativeness, homophily), abs=1e-12)


def test_homophily_is_the_assortativity_of_networkx():
    graph = nx.gnp_random_graph(60, 0.1, seed=0)
    codes = np.random.default_rng(0).integers(3, size=60)
    nx.set_node_attributes(graph, dict(enumerate(codes.tolist())), "c")
    assert both(list(graph.edges()), codes)[1] == pytest.approx(
        nx.attribute_assortativity_coefficient(graph, "c"), abs=1e-12
    )


def test_names_of_nodes_and_classes_copies_and_lonely_nodes_change_nothing():
    rng = np.random.default_rng(1)
    edges = np.array(nx.gnp_random_graph(40, 0.15, seed=2).edges())
    codes = rng.integers(4, size=40)
    told = both(edges, codes)
    order, names = rng.permutation(40), rng.permutation(4)
    moved = np.empty(40, int)
    moved[order] = codes
    assert both(order[edges][:, ::-1], moved) == pytest.approx(told, abs=1e-12)
    assert both(edges, names[codes]) == pytest.approx(told, abs=1e-12)
    copied = np.concatenate([edges, edges + 40]), np.tile(codes, 2)
    assert both(*copied) == pytest.approx(told, abs=1e-12)
    assert both(edges, np.append(codes, [0, 1, 1])) == pytest.approx(told, abs=1e-12)


def test_only_informativeness_sees_which_other_class_a_neighbour_has():
    """Four classes: neighbours of one other class, or of any of three others."""
    classes = [0, 1, 2, 3] * 3
    paired = [(i, j) for i, j in itertools.product(range(12), repeat=2) if i < j]
    one = [e for e in paired if {classes[e[0]], classes[e[1]]} in ({0, 1}, {2, 3})]
    any_other = [e for e in paired if classes[e[0]] != classes[e[1]]]
    (told, h), (little, same) = both(one, classes), both(any_other, classes)
    assert h == pytest.approx(same) == pytest.approx(-1 / 3)
    assert told == pytest.approx(1.0)
    assert little == pytest.approx(1 - math.log(3) / math.log(4))


def estimate(data, name="label-informativeness", **params):
    return harness.estimator(f"netinfof/{name}", **params).estimate(data, rng=stream(0))


def test_the_test_part_is_read_only_where_asked():
    edges = np.array(cliques(range(4), range(4, 8)))
    labels = np.array([0, 0, 0, 1, 1, 1, 1, 0])  # wrong in the test part alone
    data = Graph(8, edges, None, labels, split=Split(np.array([0, 1, 2, 4, 5, 6]), [3, 7]))
    found = estimate(data)
    assert (found.value, found.diagnostics["edges"]) == (1.0, 6)
    assert estimate(data, "adjusted-homophily").value == 1.0
    everything = estimate(data, labels="all")
    assert everything.value < 0.5
    assert everything.diagnostics["edges"] == 12
    other = dataclasses.replace(data, labels=np.array([0, 0, 0, 0, 1, 1, 1, 1]))
    assert estimate(other).value == found.value


def test_what_has_no_value_is_named():
    path = Graph(4, np.array([[0, 1], [1, 2]]), None, np.array([0, 0, 0, 1]))
    with pytest.raises(Incompatible, match="2 edges between nodes of known classes, all of one"):
        estimate(path)
    with pytest.raises(Incompatible, match="without labels"):
        estimate(dataclasses.replace(path, labels=None), "adjusted-homophily")
    with pytest.raises(Incompatible, match="directed"):
        estimate(dataclasses.replace(path, directed=True))
