"""The trained networks: layers against dense algebra, and what they learn where something tells."""

import dataclasses

import networkx as nx
import numpy as np
import pytest
import torch

import harness
from harness import Incompatible, UsageError, stream
from harness_netinfof.adjacency import adjacency
from harness_netinfof.networks import Network, surroundings

KINDS = ("linear", "sgc", "gcn", "sage", "gat")


def made(kind, x, graph, hidden=8, outputs=3):
    around = surroundings(graph, x, torch.device("cpu"))
    return Network(kind, around, hidden, outputs, 0.5, torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def small():
    graph = nx.gnp_random_graph(12, 0.3, seed=1)
    graph.remove_edges_from(list(graph.edges(0)))
    x = np.random.default_rng(0).normal(size=(12, 5)).astype(np.float32)
    x -= x.mean(0)  # as networks prepare it themselves
    return (
        adjacency(np.array(graph.edges()), 12),
        nx.to_numpy_array(graph),
        x / np.linalg.norm(x, axis=1).mean(),
    )


def elu(x):
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def test_layers_are_their_formulas(small, close32):
    graph, a, x = small
    n = len(a)
    full = a + np.eye(n)
    root = np.diag(full.sum(1) ** -0.5)
    smooth = root @ full @ root
    mean = a / np.maximum(a.sum(1, keepdims=True), 1)

    def outputs(kind):
        network = made(kind, x, graph)
        return network(training=False).detach().numpy(), [
            p.detach().numpy() for p in network.parameters
        ]

    found, (w, b) = outputs("linear")
    close32(found, x @ w + b, terms=5 * 12)
    found, (w, b) = outputs("sgc")
    close32(found, smooth @ smooth @ x @ w + b, terms=5 * 12)
    found, (w1, b1, w2, b2) = outputs("gcn")
    close32(found, smooth @ (elu(smooth @ (x @ w1 + b1)) @ w2 + b2), terms=5 * 12)
    found, (o1, c1, w1, b1, o2, c2, w2, b2) = outputs("sage")
    h = elu(x @ o1 + c1 + mean @ (x @ w1 + b1))
    close32(found, h @ o2 + c2 + mean @ (h @ w2 + b2), terms=5 * 12)


def test_attention_is_a_softmax_over_neighbours_and_the_node(small, close32):
    graph, a, x = small
    network = made("gat", x, graph, hidden=16)
    h = torch.tensor(x)
    for layer, heads in zip(range(2), (8, 1), strict=True):
        w, b, left, right = (p.detach() for p in network.parameters[4 * layer : 4 * layer + 4])
        z = (h @ w + b).view(12, heads, -1)
        score = torch.nn.functional.leaky_relu(
            (z * left).sum(2)[:, None] + (z * right).sum(2)[None], 0.2
        )
        score[torch.tensor(a + np.eye(12)) == 0] = -torch.inf
        h = torch.einsum("ijk,jkw->ikw", torch.softmax(score, 1), z).reshape(12, -1)
        h = torch.nn.functional.elu(h) if layer == 0 else h
    close32(network(training=False).detach(), h.detach(), terms=6 * 16)


def test_networks_read_what_their_kind_reads():
    """The linear model wins where features tell and structure does not; else it is at chance."""
    task = harness.task("graphs/node-scenarios", nodes=400)
    cases = {c.id: c for c in task.cases(seed=0)}

    def accuracy(kind, name):
        estimator = harness.estimator(f"netinfof/{kind}", epochs=80, hidden=16)
        return task.score(cases[name], estimator.estimate(cases[name].load(), rng=stream(0)))[
            "accuracy"
        ]

    assert accuracy("linear", "semantic-uniform") > accuracy("gcn", "semantic-uniform") + 0.1
    chance = 0.25 + 4 * np.sqrt(0.25 * 0.75 / 80)
    assert accuracy("linear", "random-clustered") < chance
    for kind in ("sgc", "gcn", "sage", "gat"):
        assert accuracy(kind, "semantic-clustered") > 0.85, kind


@pytest.mark.parametrize("kind", ["gcn", "sage", "gat"])
def test_networks_find_links_without_features(kind):
    task = harness.task("graphs/small-links", only=("les-miserables",))
    case = next(iter(task.cases(seed=0)))
    found = harness.estimator(f"netinfof/{kind}", epochs=60, hidden=16).estimate(
        case.load(), rng=stream(0)
    )
    assert task.score(case, found)["auc"] > 0.7


def test_what_does_not_suit_them_is_named():
    task = harness.task("graphs/small-graphs", only=("karate",))
    karate = next(iter(task.cases(seed=0))).load()
    for kind in ("linear", "sgc"):
        with pytest.raises(Incompatible, match=f"{kind} reads nothing else"):
            harness.estimator(f"netinfof/{kind}").estimate(karate, rng=stream(0))
    gcn = harness.estimator("netinfof/gcn", epochs=2)
    with pytest.raises(Incompatible, match="directed"):
        gcn.estimate(dataclasses.replace(karate, directed=True), rng=stream(0))
    with pytest.raises(Incompatible, match="without labels"):
        gcn.estimate(dataclasses.replace(karate, labels=None), rng=stream(0))
    if not torch.cuda.is_available():
        with pytest.raises(UsageError, match="torch sees no GPU"):
            harness.estimator("netinfof/gcn", device="cuda").estimate(karate, rng=stream(0))
