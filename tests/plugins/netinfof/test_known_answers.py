"""The probe, the sparse model and the fit of H* against the same steps written out."""

import dataclasses
import logging

import numpy as np
import pytest
from sklearn.cluster import KMeans

from harness import Graph, Incompatible, LabelledSamples, Links, Split, stream
from harness_netinfof import act, compatibility, lasso, table
from harness_netinfof.act import Act, PairProducts, Table
from harness_netinfof.adjacency import adjacency
from harness_netinfof.probe import Nui

RNG = np.random.default_rng


def samples(n=200, d=3, classes=2, seed=0, valid=True):
    rng = RNG(seed)
    y = np.arange(n) % classes
    x = rng.normal(size=(n, d)) + 0.7 * y[:, None]
    parts = np.arange(n // 2), np.arange(3 * n // 4, n), np.arange(n // 2, 3 * n // 4)
    split = Split(*parts) if valid else Split(parts[0], np.concatenate(parts[1:]))
    return LabelledSamples(x, y, split=split)


def probe(data, **params):
    return Nui(**params).estimate(data, rng=stream(0))


def clustered(x, data, part, clusters):
    """Counts of the clusters of the training part, with the seed that the probe draws."""
    _, clustering, shuffling = stream(0).spawn(3)
    seed = int(clustering.integers(2**31))
    means = KMeans(clusters, n_init=3, random_state=seed).fit(x[data.split.train])
    bins = means.predict(x[part])
    return table.counted(bins, data.y[part], int(bins.max()) + 1, data.n_classes), shuffling


@pytest.mark.parametrize(
    ("params", "clusters"),
    [
        ({"clusters": 4}, 8),  # per class; more or fewer starts than three end elsewhere
        ({"clusters": 9}, 10),  # ten of the hundred judged in each
        ({"clusters": 2, "part": "test", "shuffles": 3, "correction": "miller-madow"}, 4),
    ],
)
def test_vectors_are_counted_in_clusters_of_the_training_part(params, clusters):
    data = samples(400, seed=1)
    part = getattr(data.split, params.get("part", "valid"))
    counts, shuffling = clustered(data.x, data, part, clusters)
    correction = params.get("correction", "none")
    wanted = table.score(counts, correction)
    found = probe(data, **params)
    assert (found.value, found.stderr) == (wanted.value, wanted.stderr)
    assert dict(found.diagnostics) == {
        "component": "x",
        "entropy": wanted.entropy,
        "plug_in_accuracy": wanted.accuracy,
        "bias": wanted.bias,
        "bins": clusters,
        "judged": 100,
        "null": table.null_score(counts, params.get("shuffles", 20), correction, shuffling),
    }


def test_few_judged_or_training_rows_have_fewer_clusters():
    few = samples(n=40, classes=3)  # ten judged: a cluster per class is the least
    assert probe(few, clusters=9, shuffles=0).diagnostics["bins"] == 3
    many = samples(n=400)
    small = dataclasses.replace(
        many, split=Split(np.arange(4), np.arange(200, 400), np.arange(4, 200))
    )
    assert probe(small, shuffles=0).diagnostics["bins"] <= 4
    assert "null" not in probe(small, shuffles=0).diagnostics


def test_without_a_validation_part_the_test_part_is_judged():
    data = samples(valid=False)
    assert probe(data).diagnostics["judged"] == 100
    assert probe(data).value == probe(data, part="test").value


def test_a_far_offset_is_taken_off(monkeypatch):
    """In single precision the clusters of x + 10^6 would be those of rounding."""
    data = samples()
    seen = []

    class Spy(KMeans):
        def fit(self, x):
            seen.append(x)
            return super().fit(x)

    monkeypatch.setattr("sklearn.cluster.KMeans", Spy)
    train = data.x[data.split.train]
    for factor, moved in ((99.0, False), (101.0, True), (-101.0, True)):
        x = data.x - train.mean(0)
        x = x + factor * x[data.split.train].std()  # the same for all columns: no spread is added
        probe(dataclasses.replace(data, x=x), shuffles=0)
        assert bool(np.abs(seen[-1].mean(0)).max() < 1e-6) is moved


def test_many_training_rows_are_clustered_in_batches(monkeypatch):
    from sklearn.cluster import MiniBatchKMeans

    used = []
    monkeypatch.setattr("harness_netinfof.probe.LARGE", 100)
    for name, method in (("KMeans", KMeans), ("MiniBatchKMeans", MiniBatchKMeans)):
        monkeypatch.setattr(
            f"sklearn.cluster.{name}",
            lambda *a, m=method, n=name, **k: used.append(n) or m(*a, **k),
        )
    probe(samples(n=200), shuffles=0)
    probe(samples(n=202), shuffles=0)
    assert used == ["KMeans", "MiniBatchKMeans"]


def test_a_single_column_is_cut_at_quantiles_of_the_training_part(caplog):
    data = samples(d=1)
    edges = table.quantile_edges(data.x[data.split.train, 0], 8)
    part = data.split.valid
    wanted = table.score(table.counted(table.binned(data.x[part, 0], edges), data.y[part], 8, 2))
    with caplog.at_level(logging.WARNING, "harness"):
        found = probe(data)
        assert (found.value, found.stderr) == (wanted.value, wanted.stderr)
        assert not caplog.records
        x = np.arange(200.0)
        x[49:65] = 49.0  # the edges at four and at five eighths of the training part are one
        probe(dataclasses.replace(data, x=x[:, None]))
    assert "fewer bins than 8" in caplog.text


def graph(n=60, seed=0):
    """Two classes told by the features; a cycle with some chords."""
    rng = RNG(seed)
    y = np.arange(n) % 2
    ring = np.column_stack([np.arange(n), (np.arange(n) + 1) % n])
    chords = np.column_stack([np.arange(0, n, 3), (np.arange(0, n, 3) + 7) % n])
    edges = np.unique(np.sort(np.concatenate([ring, chords]), axis=1), axis=0)
    features = (rng.normal(size=(n, 4)) + 1.5 * y[:, None]).astype(np.float32)
    parts = np.split(rng.permutation(n), [n // 2, 3 * n // 4])
    return Graph(n, edges, features, y, split=Split(*map(np.sort, parts)))


def test_the_best_component_is_the_score_and_the_others_are_told():
    found = probe(graph(), components=("u", "f"), clusters=2, shuffles=2)
    told = found.diagnostics
    assert {k for k in told if k[-2:] in ("_u", "_f")} == {
        "score_u",
        "score_f",
        "accuracy_u",
        "accuracy_f",
    }
    best = max("uf", key=lambda c: told[f"score_{c}"])
    assert told["component"] == best
    assert found.value == told[f"score_{best}"] > min(told["score_u"], told["score_f"])
    assert told["plug_in_accuracy"] == told[f"accuracy_{best}"]
    alone = probe(graph(), components=("f",), clusters=2, shuffles=2)
    assert "score_f" not in alone.diagnostics


def links(k=5):
    """Edges are known in the training part only; half of the rest are linked."""
    known = graph().edges
    linked = np.array([[i, (i + 2) % 60] for i in range(0, 60, 3)])
    unlinked = np.array([[i, (i + 11) % 60] for i in range(60)])
    pairs = np.concatenate([known[:30], linked, unlinked])
    y = np.repeat([1, 1, 0], [30, 20, 60])
    train = [*range(30), *range(50, 80)]
    valid, test = [*range(30, 40), *range(80, 95)], [*range(40, 50), *range(95, 110)]
    split = Split(train, test, valid)
    return Links(60, known, pairs=pairs, y=y, k=k, features=graph().features, split=split)


def test_what_has_no_split_or_no_labels_is_refused():
    for make, data in ((Nui, samples()), (Nui, graph()), (Act, graph())):
        bare = dataclasses.replace(data, split=None)
        name = type(data).__name__
        with pytest.raises(Incompatible, match=f"this {name} has none"):
            make().estimate(bare, rng=stream(0))
    blank = dataclasses.replace(graph(), labels=None)
    for make in (Nui, Act):
        with pytest.raises(Incompatible, match="nodes without labels"):
            make().estimate(blank, rng=stream(0))


CHOICES = {"components": ("u", "f"), "sparsity": (1e-2, 1e-5), "group": (1e-1, 1e-5), "steps": 40}


def best_of(fits):
    """The first with the greatest validation value, and all steps."""
    fits = list(fits)
    values = [f.value for *_, f in fits]
    return fits[int(np.argmax(values))], sum(f.steps for *_, f in fits)


def grid(design, shape, y, weights, bounds, judge):
    for sparsity in CHOICES["sparsity"]:
        for group in CHOICES["group"]:
            penalty = lasso.Penalty(sparsity, group, bounds)
            fitted = lasso.fit(design, shape, y, weights, penalty, judge, steps=40, patience=5)
            yield sparsity, group, fitted


def check_told(found, chosen, steps, bounds):
    sparsity, group, fitted = chosen
    assert dict(found.diagnostics) == {
        "sparsity": sparsity,
        "group": group,
        "validation": fitted.value,
        "steps": steps,
        "zeros": (fitted.weights == 0).mean(),
        "weight_u": pytest.approx(np.linalg.norm(fitted.weights[: bounds[1]])),
        "weight_f": pytest.approx(np.linalg.norm(fitted.weights[bounds[1] :])),
    }


@pytest.mark.parametrize("valid", [True, False])
def test_nodes_get_the_probabilities_of_the_fit_that_is_best_in_validation(valid):
    data = graph()
    if not valid:
        data = dataclasses.replace(data, split=Split(data.split.train, data.split.test))
    model = Act(**CHOICES)
    parts = model.nodes(data, ("u", "f"), stream(0))[1]
    x = np.concatenate([parts["u"], parts["f"]], axis=1)
    bounds = (0, parts["u"].shape[1], x.shape[1])
    train, test = data.split.train, data.split.test
    held = data.split.valid if valid else train
    y = data.labels

    def judge(w, b):
        return float(np.mean((x[held] @ w.astype(np.float32) + b).argmax(1) == y[held]))

    even = np.full(len(train), 1 / len(train))
    fits = grid(Table(x[train]), (x.shape[1], 2), y[train], even, bounds, judge)
    chosen, steps = best_of(fits)
    found = model.estimate(data, rng=stream(0))
    scores = x[test] @ chosen[2].weights.astype(np.float32) + chosen[2].intercepts
    wanted = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    np.testing.assert_allclose(found.values, wanted, rtol=1e-5)
    np.testing.assert_array_equal(found.index, test)
    check_told(found, chosen, steps, bounds)


@pytest.mark.parametrize("valid", [True, False])
def test_pairs_get_the_scores_of_a_balanced_fit(valid):
    data = links()
    if not valid:
        data = dataclasses.replace(data, split=Split(data.split.train, data.split.test))
    model = Act(**CHOICES)
    parts = model.pairs(data, ("u", "f"), stream(0))
    columns = [p.zh[data.pairs[:, 0]] * p.z[data.pairs[:, 1]] for p in parts.values()]
    x = np.concatenate(columns, axis=1)
    bounds = (0, columns[0].shape[1], x.shape[1])
    train, test = data.split.train, data.split.test
    held = data.split.valid if valid else train
    y = data.y[train]
    weights = np.where(y == 1, 0.5 / y.sum(), 0.5 / (1 - y).sum())

    def judge(w, b):
        scores = (x[held] @ w.astype(np.float32))[:, 0]
        apart = np.sort(scores[data.y[held] == 0])[::-1]
        return float((scores[data.y[held] == 1] > apart[min(data.k, len(apart)) - 1]).mean())

    chosen, steps = best_of(grid(Table(x[train]), (x.shape[1], 1), y, weights, bounds, judge))
    found = model.estimate(data, rng=stream(0))
    wanted = (x[test] @ chosen[2].weights.astype(np.float32))[:, 0] + chosen[2].intercepts[0]
    np.testing.assert_allclose(found.values, wanted, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(found.index, test)
    check_told(found, chosen, steps, bounds)


def test_columns_are_stored_up_to_the_room_there_is(monkeypatch):
    z, pairs = np.ones((4, 3), np.float32), np.zeros((5, 2), np.int64)
    for room, kind in ((15, Table), (14, PairProducts)):
        monkeypatch.setattr(act, "WRITTEN", room)
        assert isinstance(act.products(z, z, pairs), kind)
    assert act.PairProducts(z, 2 * z, pairs).forward(np.ones((3, 1))).shape == (5, 1)
    assert act.PairProducts(z, 2 * z, pairs).backward(np.ones((5, 1))).tolist() == [[10.0]] * 3


def problem():
    rng = RNG(1)
    z = rng.normal(size=(30, 4))
    return z, rng.integers(30, size=(200, 2)), rng.integers(2, size=200).astype(float)


def objective(z, pairs, y, h, damp, start):
    upper = np.triu_indices(4)
    left = y - np.einsum("ni,ij,nj->n", z[pairs[:, 0]], h, z[pairs[:, 1]])
    return (left**2).sum() + damp**2 * ((h - start)[upper] ** 2).sum()


@pytest.mark.parametrize("damp", [0.0, 1.0, 3.0])
def test_the_solution_is_the_minimum_and_its_residual_is_below_the_tolerance(damp, monkeypatch):
    z, pairs, y = problem()
    start = np.ones((4, 4))
    found = compatibility.solve(z, pairs, y, damp=damp, start=start, tolerance=1e-10)
    # ten coefficients: conjugate gradients end after about as many steps
    assert 5 <= found.steps <= 14
    assert 0 < found.residual <= 1e-10
    least = objective(z, pairs, y, found.matrix, damp, start)
    for r, c in zip(*np.triu_indices(4), strict=True):
        for step in (1e-3, -1e-3):
            moved = found.matrix.copy()
            moved[r, c] = moved[c, r] = moved[r, c] + step
            assert objective(z, pairs, y, moved, damp, start) > least
    rough = compatibility.solve(z, pairs, y, damp=damp, start=start, tolerance=0.1)
    assert rough.steps < found.steps
    assert 1e-10 < rough.residual <= 0.1
    monkeypatch.setattr(compatibility, "MOST_STEPS", rough.steps - 1)
    early = compatibility.solve(z, pairs, y, damp=damp, start=start, tolerance=0.1)
    assert early.residual > 0.1


def test_the_defaults_are_a_damping_of_one_and_six_digits():
    z, pairs, y = problem()
    found = compatibility.solve(z, pairs, y)
    same = compatibility.solve(z, pairs, y, damp=1.0, start=np.zeros((4, 4)), tolerance=1e-6)
    np.testing.assert_array_equal(found.matrix, same.matrix)
    assert (found.steps, found.residual) == (same.steps, same.residual)


def test_nothing_is_left_to_solve_where_the_start_is_the_solution():
    z, pairs, _ = problem()
    planted = np.diag([1.0, 2.0, 3.0, 4.0])
    y = np.einsum("ni,ij,nj->n", z[pairs[:, 0]], np.zeros((4, 4)), z[pairs[:, 1]])
    found = compatibility.solve(z, pairs, y)
    assert (found.steps, found.residual) == (0, 0.0)
    assert not found.matrix.any()
    blocked = compatibility.solve(z, pairs, y + 1, start=planted, free=np.zeros((4, 4), bool))
    assert not blocked.matrix.any()


def test_steps_end_somewhere(monkeypatch):
    z, pairs, y = problem()
    monkeypatch.setattr(compatibility, "MOST_STEPS", 3)
    assert compatibility.solve(z, pairs, y, tolerance=1e-14).steps == 3


def test_a_ridge_of_any_weight():
    from sklearn.linear_model import Ridge

    edges = graph().edges
    z = RNG(2).normal(size=(60, 3))
    both = np.concatenate([edges, edges[:, ::-1]])
    for alpha in (1.0, 30.0):
        model = Ridge(alpha, fit_intercept=False).fit(z[both[:, 0]], z[both[:, 1]])
        upper = np.triu(model.coef_)
        wanted = upper + np.triu(upper, 1).T
        found = compatibility.warm_start(z, adjacency(edges, 60), alpha)
        np.testing.assert_allclose(found, wanted, atol=1e-10)
    default = compatibility.warm_start(z, adjacency(edges, 60))
    np.testing.assert_array_equal(default, compatibility.warm_start(z, adjacency(edges, 60), 1.0))


def test_the_smallest_coefficients_are_left_out():
    """Those before the last whose running sum is below a twentieth: as in the authors' code, the
    last one below stays.
    """
    upper = np.array([[1.0, -2.0, 3.0], [0.0, 4.0, 90.0], [0.0, 0.0, 100.0]])
    start = upper + np.triu(upper, 1).T  # running sums 1, 3, 6, 10, 100, 200; a twentieth is 10
    kept = compatibility.large(start)[np.triu_indices(3)].tolist()
    assert kept == [False, False, True, True, True, True]
    start[2, 2] = 101.0  # now 10 is below
    kept = compatibility.large(start)[np.triu_indices(3)].tolist()
    assert kept == [False, False, False, True, True, True]
    assert compatibility.large(start).tolist() == compatibility.large(start).T.tolist()
    assert compatibility.large(np.ones((2, 2))).all()


def test_training_pairs_by_hand(monkeypatch):
    edges = graph().edges
    rows = adjacency(edges, 60)
    found, targets = compatibility.training_pairs(rows, edges, RNG(0))
    drawn = RNG(0).integers(60, size=(2 * len(edges), 2))
    known = set(map(tuple, edges.tolist()))
    apart = [[a, b] for a, b in drawn.tolist() if a != b and (min(a, b), max(a, b)) not in known]
    assert found.tolist() == edges.tolist() + apart
    assert targets.tolist() == [1.0] * len(edges) + [0.0] * len(apart)
    three = np.array([[0, 1], [0, 2], [1, 2]])
    for seed in range(20):  # six of sixteen ordered pairs: the last edge is among them in most
        found, targets = compatibility.training_pairs(adjacency(three, 4), three, RNG(seed))
        drawn = RNG(seed).integers(4, size=(6, 2)).tolist()
        assert found[3:].tolist() == [[a, b] for a, b in drawn if a != b and 3 in (a, b)]
        assert targets.sum() == 3
    monkeypatch.setattr(compatibility, "MOST_EDGES", 20)
    few, some = compatibility.training_pairs(rows, edges, RNG(0))
    linked = list(map(tuple, few[some == 1].tolist()))
    assert len(set(linked)) == len(linked) == 20
    assert set(linked) <= known
    monkeypatch.setattr(compatibility, "MOST_EDGES", len(edges))
    whole, every = compatibility.training_pairs(rows, edges, RNG(0))
    assert whole[every == 1].tolist() == edges.tolist()
