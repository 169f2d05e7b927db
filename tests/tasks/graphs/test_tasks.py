import logging

import networkx as nx
import numpy as np
import pytest
import scipy.sparse

import harness
from harness import DataError, UsageError, stream


def cases(name, seed=0, **params):
    return {case.id: case for case in harness.task(f"graphs/{name}", **params).cases(seed=seed)}


def all_edges(data):
    return np.concatenate(
        [
            data.edges,
            *(data.pairs[p][data.y[p] == 1] for n, p in data.split.parts() if n != "train"),
        ]
    )


@pytest.mark.parametrize("structure", ["diag", "offdiag"])
def test_links_fill_the_blocks_that_the_structure_names(structure):
    data = cases("link-scenarios")[f"random-{structure}"].load()
    blocks = all_edges(data) * 4 // 600
    own = (
        blocks[:, 0] == blocks[:, 1]
        if structure == "diag"
        else blocks[:, 0] // 2 == blocks[:, 1] // 2
    )
    if structure == "offdiag":
        own &= blocks[:, 0] != blocks[:, 1]
    possible = 4 * 150 * 149 / 2 if structure == "diag" else 2 * 150**2
    assert 0.03 < own.sum() / possible < 0.07, "groups go on until every node is in one"
    free = 600 * 599 / 2 - possible
    chance = 0.0012 if structure == "diag" else 0.0006
    spread = np.sqrt(free * chance)
    assert abs((~own).sum() - free * chance) < 5 * spread
    assert len(np.unique(all_edges(data))) == 600, "every node is linked"


def test_features_of_links_are_as_they_say():
    found = {name: case.load() for name, case in cases("link-scenarios").items()}
    assert set(np.unique(found["random-diag"].features)) == {0.0, 1.0}
    local = found["local-offdiag"].features
    for block in range(4):
        rows, own = slice(150 * block, 150 * block + 150), slice(30 * block, 30 * block + 30)
        outside = np.delete(local[rows], np.r_[own], axis=1)
        assert (outside != 0).mean() < 0.005
        assert (local[rows, own] != 0).mean() > 0.99
    assert (found["global-diag"].edges == found["local-diag"].edges).all(), "features alone differ"


def test_the_paper_size_can_be_asked_for():
    data = cases("link-scenarios", nodes=1200, columns=240, density=0.01, noise=0.0002, k=20)[
        "random-diag"
    ].load()
    assert data.features.shape == (1200, 240)


@pytest.mark.parametrize("structure", ["uniform", "clustered", "bipartite"])
def test_nodes_are_joined_as_the_structure_says(structure):
    """1 - noise of the edges within the wanted blocks, and a quarter of the noise by chance."""
    data = cases("node-scenarios", nodes=4000)[f"random-{structure}"].load()
    a, b = data.labels[data.edges].T
    share = (a == b).mean() if structure != "bipartite" else (a == (b ^ 1)).mean()
    wanted = 0.25 if structure == "uniform" else 0.8 + 0.2 * 0.25
    assert share == pytest.approx(wanted, abs=5 * np.sqrt(0.25 / len(data.edges)) + 0.002)
    assert len(data.edges) == pytest.approx(24_000, rel=0.02)


@pytest.mark.parametrize(
    ("task", "params", "message"),
    [
        ("link-scenarios", {"columns": 102}, "in a multiple of 4"),
        ("link-scenarios", {"nodes": 100, "columns": 100}, "fewer columns than nodes"),
        ("node-scenarios", {"classes": 3}, "an even number of classes"),
        ("node-scenarios", {"nodes": 20}, "ten nodes or more"),
        (
            "small-graphs",
            {"only": ("les-miserables",)},
            "'les-miserables'; wanted some of karate, davis, digits",
        ),
        ("planetoid", {}, "planetoid.datasets: none; wanted --set planetoid.datasets="),
    ],
)
def test_wrong_parameters_are_refused(task, params, message):
    with pytest.raises(UsageError, match=message):
        cases(task, **params)


def test_small_graphs_are_what_they_are():
    found = {name: case.load() for name, case in cases("small-graphs").items()}
    assert (found["karate"].n, len(found["karate"].edges), found["karate"].features) == (
        34,
        78,
        None,
    )
    davis = found["davis"]
    assert (davis.n, len(davis.edges)) == (32, 89)
    assert (davis.labels[davis.edges[:, 0]] != davis.labels[davis.edges[:, 1]]).all()
    digits = found["digits"]
    assert (digits.n, digits.features.shape[1], digits.n_classes) == (1797, 32, 10)
    degrees = np.bincount(digits.edges.ravel(), minlength=1797)
    assert degrees.min() >= 5


def test_small_links_lower_k_with_a_word(caplog):
    found = cases("small-links")
    with caplog.at_level(logging.WARNING):
        assert found["karate"].load().k == 6
    assert "karate: Hits@6 instead of Hits@50" in caplog.text
    assert found["digits"].load().k == 50


@pytest.fixture
def folder(tmp_path):
    """The same graph of 30 nodes in three layouts."""
    rng = stream(0)
    graph = nx.gnp_random_graph(30, 0.3, seed=0)
    edges = np.array(graph.edges())
    x = (rng.random((30, 6)) < 0.3).astype(np.float32)
    labels = np.arange(30) % 3
    masks = np.zeros((3, 2, 30), bool)
    for i in range(2):
        for part, nodes in enumerate(np.array_split(rng.permutation(30)[:30], [15, 22])):
            masks[part, i, nodes] = True
    train, valid, test = masks
    masks = {"train_masks": train, "val_masks": valid, "test_masks": test}
    np.savez(tmp_path / "masks.npz", node_features=x, node_labels=labels, edges=edges, **masks)
    sparse = scipy.sparse.csr_array(x)
    parts = {
        "x_data": sparse.data,
        "x_indices": sparse.indices,
        "x_indptr": sparse.indptr,
        "x_shape": np.array(x.shape),
    }
    positions = {
        "train": np.flatnonzero(train[0]),
        "val": np.flatnonzero(valid[0]),
        "test": np.flatnonzero(test[0]),
    }
    np.savez(tmp_path / "sparse.npz", edges=edges.T, n=30, labels=labels, **parts, **positions)
    adjacency = nx.to_scipy_sparse_array(graph).tocsr()
    adj = {f"adj_{k}": getattr(adjacency, k) for k in ("data", "indices", "indptr")}
    attr = {f"attr_{k}": getattr(sparse, k) for k in ("data", "indices", "indptr", "shape")}
    np.savez(
        tmp_path / "adjacency.npz",
        labels=labels,
        node_names=np.array(["a", None], object),
        **adj,
        **attr,
    )
    return tmp_path


def test_all_layouts_give_the_same_graph(folder):
    names = ("masks.npz", "sparse.npz", "adjacency.npz")
    data = [c.load() for c in cases("planetoid", datasets=names, root=str(folder)).values()]
    assert (data[0].edges == data[1].edges).all()
    assert (data[0].edges == data[2].edges).all()
    for other in data[1:]:
        assert (data[0].features == other.features).all()
        assert (data[0].labels == other.labels).all()
    rows = data[0].features.sum(1)
    assert np.allclose(rows[rows > 0], 1)
    raw = cases("planetoid", datasets=("masks.npz",), root=str(folder), normalise=False)[
        "masks"
    ].load()
    assert set(np.unique(raw.features)) == {0.0, 1.0}


def test_public_splits_follow_the_seed(folder):
    given = np.load(folder / "masks.npz")
    for seed in range(3):
        data = cases("planetoid", seed, datasets=("masks.npz",), root=str(folder), split="public")[
            "masks"
        ].load()
        assert data.split.train.tolist() == np.flatnonzero(given["train_masks"][seed % 2]).tolist()
        assert data.split.valid.tolist() == np.flatnonzero(given["val_masks"][seed % 2]).tolist()
    with pytest.raises(UsageError, match="no public split in the file"):
        cases("planetoid", datasets=("adjacency.npz",), root=str(folder), split="public")[
            "adjacency"
        ].load()


def test_links_of_files(folder):
    data = cases("planetoid-links", datasets=("masks.npz",), root=str(folder), k=5)["masks"].load()
    assert data.k == 5
    assert (data.y == 1).sum() == len(np.load(folder / "masks.npz")["edges"])


@pytest.mark.parametrize(
    ("arrays", "error", "message"),
    [
        (
            {"edges": [[0, 1], [1, 9]], "labels": [0, 1, 0]},
            DataError,
            r"ends \[1, 9\]; wanted nodes from 0 to 2",
        ),
        ({"labels": [0, 1, 0]}, UsageError, "no edges; wanted an array edges or edge_index"),
        (
            {"edges": [[0, 1], [1, 2]], "labels": [0, 1], "n": 3},
            DataError,
            "labels of .*: 2 rows; wanted one per node",
        ),
        ({"edges": [[0, 1], [1, 2]], "n": 3}, UsageError, "nodes without labels"),
        (
            {"edges": [[0, 1], [1, 2]], "labels": [0, 1, 1], "weights": [1, 2]},
            DataError,
            "edges with weights",
        ),
    ],
)
def test_wrong_files_are_named(tmp_path, arrays, error, message):
    np.savez(tmp_path / "wrong.npz", **arrays)
    with pytest.raises(error, match=message):
        cases("planetoid", datasets=("wrong.npz",), root=str(tmp_path))["wrong"].load()


def test_absent_files_are_named(tmp_path):
    with pytest.raises(UsageError, match=r"absent\.npz: No such file"):
        cases("planetoid", datasets=("absent.npz",), root=str(tmp_path))["absent"].load()
    (tmp_path / "text.npz").write_text("no archive")
    with pytest.raises(UsageError, match=r"text\.npz"):
        cases("planetoid", datasets=("text.npz",), root=str(tmp_path))["text"].load()


def test_files_with_loops_and_repeats_are_read_with_a_word(tmp_path, caplog):
    np.savez(tmp_path / "loops.npz", edges=[[0, 1], [1, 0], [2, 2], [1, 2]], labels=[0, 1, 1])
    data = cases("planetoid", datasets=("loops.npz",), root=str(tmp_path))["loops"]
    from harness_graphs import files

    found = files.read("loops.npz", str(tmp_path))
    assert found.edges.tolist() == [[0, 1], [1, 2]]
    assert "1 loops dropped, 1 repeated or reversed edges merged" in caplog.text
    assert (
        data.stamp != cases("planetoid", datasets=("loops.npz",), root="elsewhere")["loops"].stamp
    )


@pytest.mark.data
def test_real_graphs_have_their_known_sizes(data_folder):
    found = cases(
        "planetoid", datasets=("cora.npz", "chameleon.npz"), root=str(data_folder / "graphs")
    )
    sizes = {
        name: (c.load().n, len(c.load().edges), c.load().features.shape[1])
        for name, c in found.items()
    }
    assert sizes == {"cora": (2708, 5278, 1433), "chameleon": (2277, 31371, 2325)}
    shares = {}
    for name, case in found.items():
        data = case.load()
        a, b = data.labels[data.edges].T
        shares[name] = (a == b).mean()
    assert shares["cora"] == pytest.approx(0.810, abs=0.001)
    assert shares["chameleon"] == pytest.approx(0.230, abs=0.005)


class Tensors:
    """What PyTorch Geometric's tensors must be able to do for us."""

    def __init__(self, values):
        self.values = np.asarray(values)

    def numpy(self):
        return self.values


def test_the_reader_of_pytorch_geometric_converts_its_layout(monkeypatch):
    """The documented attributes: edges (2, m) in both directions, masks (n,) or (n, splits)."""
    import sys
    import types

    masks = np.zeros((6, 2), bool)
    masks[:3, 0] = masks[3:, 1] = True
    graph = types.SimpleNamespace(
        num_nodes=6,
        edge_index=Tensors([[0, 1, 1, 2, 2, 3], [1, 0, 2, 1, 3, 2]]),
        x=Tensors(np.eye(6, 3)),
        y=Tensors([0, 1, 0, 1, 0, 1]),
        train_mask=Tensors(masks),
        val_mask=Tensors(masks[:, ::-1]),
        test_mask=Tensors(masks),
    )
    datasets = types.SimpleNamespace(
        WikipediaNetwork=lambda root, name, geom_gcn_preprocess: [graph]
    )
    monkeypatch.setitem(sys.modules, "torch_geometric", types.SimpleNamespace(datasets=datasets))
    from harness_graphs import files

    found = files.read("pyg:chameleon", "anywhere")
    assert found.edges.tolist() == [[0, 1], [1, 2], [2, 3]]
    assert found.labels.tolist() == [0, 1, 0, 1, 0, 1]
    assert [s["train"].tolist() for s in found.splits] == [[0, 1, 2], [3, 4, 5]]
    with pytest.raises(UsageError, match="pyg:Reddit: wanted Cora"):
        files.read("pyg:Reddit", "anywhere")


def test_the_reader_of_ogb_converts_its_layout(monkeypatch):
    import sys
    import types

    class Arxiv:
        def __init__(self, name, root):
            assert name == "ogbn-arxiv"

        def __getitem__(self, index):
            graph = {
                "edge_index": np.array([[0, 2, 0], [1, 1, 2]]),
                "node_feat": np.eye(3, 2),
                "num_nodes": 3,
            }
            return graph, np.array([[0], [1], [1]])

        def get_idx_split(self):
            return {"train": np.array([0, 1]), "valid": np.array([], int), "test": np.array([2])}

    monkeypatch.setitem(sys.modules, "ogb", types.ModuleType("ogb"))
    monkeypatch.setitem(
        sys.modules, "ogb.nodeproppred", types.SimpleNamespace(NodePropPredDataset=Arxiv)
    )
    from harness_graphs import files

    found = files.read("ogb:ogbn-arxiv", "anywhere")
    assert found.edges.tolist() == [[0, 1], [0, 2], [1, 2]]
    assert found.labels.tolist() == [0, 1, 1]
    assert found.splits[0]["test"].tolist() == [2]


@pytest.mark.parametrize(
    ("name", "package"), [("pyg:Cora", "torch_geometric"), ("ogb:ogbn-arxiv", "ogb")]
)
def test_absent_packages_are_named(monkeypatch, name, package):
    import sys

    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(harness.MissingDependency, match=f"'{package}'.*pip install {package}"):
        cases("planetoid", datasets=(name,))[name.rpartition(":")[2].lower()].load()
