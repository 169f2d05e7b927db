"""Objects in memory as data of a run."""

from types import SimpleNamespace

import numpy as np
import pytest

import harness
from harness import DataError, PairedSamples, Split, UsageError
from harness.components import Component
from harness.registry import default

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 2))
Y = X + RNG.normal(size=(300, 2))


def values(data, names, **more):
    found = harness.run(data, estimators=names, baselines=False, **more)
    assert {r.status.value for r in found} == {"ok"}, [r.cause for r in found]
    return {r.estimator.rpartition("/")[2]: r.value for r in found}


def test_pairs_give_what_the_estimator_gives():
    wanted = harness.estimator("gaussian").estimate(PairedSamples(X, Y), rng=RNG).value
    assert values(PairedSamples(X, Y), ["gaussian"])["gaussian"] == pytest.approx(wanted, rel=1e-12)


def test_a_discrete_side_stays_discrete():
    codes = RNG.integers(0, 3, 300)
    data = PairedSamples(X + codes[:, None], codes[:, None].astype(float), y_kind="discrete")
    assert values(data, ["ross"])["ross"] > 0.2  # ross refuses two continuous sides


def test_a_split_is_refused_and_not_lost():
    data = PairedSamples(X, Y, split=Split(np.arange(200), np.arange(200, 300)))
    with pytest.raises(DataError, match="a split"):
        harness.run(data, estimators=["ksg"])


def test_a_data_frame_goes_to_the_task_that_is_named():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": X[:, 0], "b": Y[:, 0]})
    columns = {"pairs": {"x": ("a",), "y": ("b",)}}
    wanted = harness.measure(X[:, 0], Y[:, 0], estimators="classics/gaussian")
    found = values(frame, ["gaussian"], tasks=["pairs"], params=columns)
    assert found["gaussian"] == pytest.approx(wanted["classics/gaussian"].value, rel=1e-12)
    with pytest.raises(UsageError, match=r"several tasks take a DataFrame: .*vectors/pairs"):
        harness.run(frame, estimators=["gaussian"])


def ring(nodes=60):
    labels = np.arange(nodes) // (nodes // 2)
    edges = [(i, (i + step) % nodes) for i in range(nodes) for step in (1, 2)]
    return np.array(edges), labels


def test_graphs_of_three_makes_are_one():
    networkx, torch = pytest.importorskip("networkx"), pytest.importorskip("torch")
    edges, labels = ring()
    graph = networkx.Graph()
    graph.add_nodes_from((i, {"label": int(c)}) for i, c in enumerate(labels))
    graph.add_edges_from(edges.tolist())
    geometric = SimpleNamespace(
        edge_index=torch.tensor(edges.T), num_nodes=60, y=torch.tensor(labels)
    )
    kind = harness.Graph(60, harness.kinds.simple_edges(edges, 60), labels=labels)
    found = [values(one, ["nui"])["nui"] for one in (graph, geometric, kind)]
    assert found[0] == found[1] == found[2]


def test_structures_of_ase_lose_nothing(tmp_path):
    build = pytest.importorskip("ase.build")
    from ase.calculators.singlepoint import SinglePointCalculator

    frames = []
    for i in range(12):
        frame = build.bulk("Cu", cubic=True)
        frame.rattle(0.1, seed=i)
        frame.calc = SinglePointCalculator(frame, energy=-i / 7, forces=RNG.normal(size=(4, 3)))
        frames.append(frame)
    taken = harness.task("colabfit")
    spec: Component = default().one("task", "colabfit")
    from harness.specs import resolve

    given = resolve(spec.spec.takes, "colabfit")(frames, tmp_path)
    taken = harness.task("colabfit", **given)
    data = next(iter(taken.cases(seed=0))).load()
    wanted = harness.Structures.of_atoms(frames)
    assert np.array_equal(data.positions, wanted.positions)
    assert np.array_equal(data.forces, wanted.forces)
    assert np.array_equal(data.energies, wanted.energies)


def test_what_no_task_takes_is_named():
    with pytest.raises(UsageError, match="no task takes a dict; atoms/colabfit"):
        harness.run({}, estimators=["ksg"])


def test_files_and_takers_of_tasks_are_there():
    from harness.specs import resolve

    for component in default().components["task"].values():
        names = {p.name for p in component.spec.parameters}
        assert set(component.spec.files) <= names, component.name
        if component.spec.takes:
            assert callable(resolve(component.spec.takes, component.name))
