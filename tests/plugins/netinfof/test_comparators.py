"""SlimG and GPR-GNN against dense algebra, and what they learn; fits from batches."""

import networkx as nx
import numpy as np
import pytest
import torch

import harness
from harness import Graph, stream
from harness_netinfof import lasso
from harness_netinfof.act import Table
from harness_netinfof.adjacency import adjacency
from harness_netinfof.networks import Network, surroundings
from harness_netinfof.slimg import by_rows, symmetric


@pytest.fixture(scope="module")
def small():
    graph = nx.gnp_random_graph(12, 0.3, seed=1)
    graph.remove_edges_from(list(graph.edges(0)))
    x = np.random.default_rng(0).normal(size=(12, 5)).astype(np.float32)
    x -= x.mean(0)
    return (
        np.array(graph.edges()),
        nx.to_numpy_array(graph),
        (x / np.linalg.norm(x, axis=1).mean()).astype(np.float32),
    )


def dense(a):
    full = a + np.eye(len(a))
    root = np.diag(full.sum(1) ** -0.5)
    return a / np.maximum(a.sum(1, keepdims=True), 1), root @ full @ root


def test_slimg_propagates_by_rows_and_symmetrically(small, close32):
    edges, a, x = small
    rows, smooth = dense(a)
    graph = adjacency(edges, 12)
    close32(by_rows(graph, x), rows @ rows @ x, terms=24)
    close32(symmetric(graph, x), smooth @ smooth @ x, terms=24)


def test_slimg_has_four_groups_of_unit_rows(small):
    edges, a, x = small
    model = harness.estimator("netinfof/slimg", dim=5)
    found = model.tables(Graph(12, edges, x), stream(0))
    assert list(found) == ["structure", "features", "rows", "symmetric"]
    for z in found.values():
        assert np.allclose(np.linalg.norm(z[1:], axis=1), 1, atol=1e-5)
    assert (found["structure"][0] == 0).all(), "an isolated node has no structure"
    # Products of structure are those of the best approximation of A A' of rank 5, of unit rows.
    u, s, _ = np.linalg.svd(a)
    z = (u[:, :5] * s[:5])[1:]
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    assert np.allclose(found["structure"][1:] @ found["structure"][1:].T, z @ z.T, atol=1e-3)
    alone = model.tables(Graph(12, edges), stream(0))
    assert list(alone) == ["structure"]


def test_gpr_is_its_polynomial_and_begins_as_pagerank(small, close32):
    edges, a, x = small
    model = harness.estimator("netinfof/gpr-gnn", restarts=(0.2,), hops=3)
    hops = model._hops()
    assert np.allclose(hops, [0.2, 0.2 * 0.8, 0.2 * 0.64, 0.512])
    assert sum(hops) == pytest.approx(1.0)
    around = surroundings(adjacency(edges, 12), x, torch.device("cpu"))
    network = Network("gpr", around, 8, 3, 0.5, torch.Generator().manual_seed(0), hops)
    w1, b1, w2, b2 = (p.detach().numpy() for p in network.parameters)
    h = x @ w1 + b1
    h = np.where(h > 0, h, np.expm1(np.minimum(h, 0))) @ w2 + b2
    smooth = dense(a)[1]
    wanted = sum(g * np.linalg.matrix_power(smooth, k) @ h for k, g in enumerate(hops))
    close32(network(training=False).detach(), wanted, terms=5 * 12)
    (learnt,) = network.undecayed
    assert learnt.requires_grad
    assert len(learnt) == 4


def accuracy(name, case, task, **params):
    found = harness.estimator(f"netinfof/{name}", **params).estimate(case.load(), rng=stream(0))
    return task.score(case, found)["accuracy"], found


def test_comparators_read_features_and_structure():
    task = harness.task("graphs/node-scenarios", nodes=400)
    cases = {c.id: c for c in task.cases(seed=0)}
    chance = 0.25 + 4 * np.sqrt(0.25 * 0.75 / 80)
    quick = {"group": (1e-4,), "sparsity": (1e-5,)}
    for name in ("semantic-clustered", "semantic-bipartite", "semantic-uniform"):
        assert accuracy("slimg", cases[name], task, **quick)[0] > 0.6, name
    assert accuracy("slimg", cases["random-uniform"], task, **quick)[0] < chance
    short = {"epochs": 60, "hidden": 16, "hops": 4, "restarts": (0.1, 0.9)}
    reached, found = accuracy("gpr-gnn", cases["semantic-clustered"], task, **short)
    assert reached > 0.85
    assert found.diagnostics["restart"] in (0.1, 0.9)
    # A learnt polynomial may take from hops what averaging would add.
    assert accuracy("gpr-gnn", cases["semantic-bipartite"], task, **short)[0] > 0.6


def test_the_restart_is_the_best_in_validation():
    task = harness.task("graphs/node-scenarios", nodes=200)
    data = next(c for c in task.cases(seed=0) if c.id == "semantic-clustered").load()
    short = {"epochs": 12, "hidden": 8, "hops": 3}
    both = harness.estimator("netinfof/gpr-gnn", restarts=(0.1, 0.9), **short)
    values = []
    for position, restart in enumerate((0.1, 0.9)):
        one = harness.estimator("netinfof/gpr-gnn", restarts=(restart,), **short)

        class Given:
            """A generator whose first child is the one that the training had beside others."""

            def spawn(self, n, at=position):
                return [stream(0).spawn(2)[at]]

        values.append(one.estimate(data, rng=Given()).diagnostics["validation"])
    found = both.estimate(data, rng=stream(0)).diagnostics
    assert found["validation"] == max(values)
    assert found["restart"] == (0.1, 0.9)[values.index(max(values))]


@pytest.mark.parametrize("outputs", [1, 3])
def test_batches_come_to_the_minimum_of_the_whole(outputs):
    """The objective is within 1 % of that of all units; columns that say nothing are all but 0."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4000, 12)).astype(np.float32)
    truth = np.zeros((12, max(outputs, 2)))
    truth[:4] = 2 * rng.normal(size=truth[:4].shape)
    y = (x @ truth + rng.gumbel(size=(4000, truth.shape[1]))).argmax(1)
    weights, penalty = np.full(4000, 1 / 4000), lasso.Penalty(0.01, 0.01, (0, 4, 8, 12))
    whole = Table(x)

    def objective(w, b):
        loss = lasso.gradient(whole.forward(w) + b, y, weights)[0]
        groups = sum(np.linalg.norm(w[a:c]) for a, c in penalty.parts())
        return loss + 0.01 * np.abs(w).sum() + 0.01 * groups

    def judge(w, b):
        return -objective(w, b)

    limits = {"steps": 2000, "patience": 10_000}
    exact = lasso.fit(whole, (12, outputs), y, weights, penalty, judge, **limits)
    batches = lasso.Batches(lambda at: Table(x[at]), 200, 0.5, 0, stream(0))
    found = lasso.fit_batches(batches, (12, outputs), y, weights, penalty, judge, **limits)
    assert -exact.value <= -found.value <= -1.01 * exact.value
    assert np.linalg.norm(found.weights[4:]) < 0.01 * np.linalg.norm(found.weights[:4])
    assert (found.weights[4:] == 0).mean() > 0.5
    assert (exact.weights[4:] == 0).all()


@pytest.mark.parametrize("size", [0, 50])
def test_both_fits_keep_the_best_evaluation_and_end_after_patience(size):
    """Evaluations are every ten steps, and at the last; the best is the second of those here."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(200, 6)).astype(np.float32), rng.integers(3, size=200)
    weights, penalty = np.full(200, 1 / 200), lasso.Penalty(0.001, 0.001, (0, 3, 6))
    batches = lasso.Batches(lambda at: Table(x[at]), size, 0.5, 0, stream(0))

    def run(values, **limits):
        seen = []

        def judge(w, b):
            seen.append((w.copy(), b.copy()))
            return values[len(seen) - 1]

        given = ((6, 3), y, weights, penalty, judge)
        if size:
            return lasso.fit_batches(batches, *given, **limits), seen
        return lasso.fit(Table(x), *given, **limits), seen

    found, seen = run([0.0, 2.0, 1.0, 2.0, 1.0, 9.0], steps=100, patience=3)
    assert (found.steps, found.value, len(seen)) == (50, 2.0, 5)  # an equal value is not better
    assert np.array_equal(found.weights, seen[1][0])
    assert np.array_equal(found.intercepts, seen[1][1])
    assert not np.array_equal(seen[1][0], seen[3][0])
    found, seen = run([0.0, 1.0, 2.0], steps=23, patience=3)
    assert (found.steps, found.value, len(seen)) == (23, 2.0, 3)
    assert np.array_equal(found.weights, seen[2][0])
    found, seen = run([], steps=0, patience=3)
    assert (found.steps, len(seen), np.abs(found.weights).max()) == (0, 0, 0.0)


def test_a_pass_over_the_batches_sees_every_unit_once():
    batches = lasso.Batches(lambda at: None, 25, 0.5, 1000, stream(0))
    drawn = batches.draw(100)
    first, second = ([next(drawn) for _ in range(4)] for _ in range(2))
    assert sorted(np.concatenate(first)) == sorted(np.concatenate(second)) == list(range(100))
    assert [a.tolist() for a in first] != [a.tolist() for a in second]
    assert batches.every() == 40


def test_links_from_batches_are_found_as_well():
    task = harness.task("graphs/link-scenarios")
    for case in [c for c in task.cases(seed=0) if c.id in ("global-diag", "random-offdiag")]:
        act = harness.estimator("netinfof/netinfof-act", group=(1e-5,), sparsity=(1e-5,), batch=256)
        found = act.estimate(case.load(), rng=stream(0))
        assert task.score(case, found)["hits"] > 0.85, case.id
