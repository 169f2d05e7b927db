"""MATLAB files, and link graphs that come with their split."""

import sys
import types

import numpy as np
import pytest
import scipy.io
import scipy.sparse

import harness
from harness import UsageError
from harness_graphs import files

EDGES = np.array([[0, 1], [1, 2], [2, 3], [3, 0], [0, 4], [4, 5]])
X = np.arange(18, dtype=float).reshape(6, 3) % 5
Y = np.array([0, 1, 0, -1, 1, 1])


@pytest.mark.parametrize("form", [np.asarray, scipy.sparse.csc_matrix])
def test_matlab_files_of_the_large_heterophilous_graphs(tmp_path, form):
    held = {"edge_index": EDGES.T, "node_feat": form(X), "label": Y[None], "num_nodes": 7 - 1}
    scipy.io.savemat(tmp_path / "pokec.mat", held)
    found = files.read("pokec.mat", str(tmp_path))
    wanted = np.sort(EDGES, axis=1)
    assert np.array_equal(found.edges, wanted[np.lexsort(wanted.T[::-1])])
    assert np.array_equal(found.features, X)
    assert np.array_equal(found.labels, Y)
    assert found.nodes == 6


def test_broken_and_strange_matlab_files_are_named(tmp_path):
    (tmp_path / "broken.mat").write_bytes(b"MATLAB 5.0 nothing")
    with pytest.raises(UsageError, match=r"broken.mat: cannot be read .* edge_index"):
        files.read("broken.mat", str(tmp_path))
    scipy.io.savemat(tmp_path / "other.mat", {"A": np.eye(3)})
    with pytest.raises(UsageError, match="no edges; wanted an array edges or edge_index"):
        files.read("other.mat", str(tmp_path))


@pytest.fixture
def ogb(monkeypatch):
    rng = np.random.default_rng(0)
    all_pairs = rng.permutation(np.argwhere(np.triu(np.ones((40, 40)), 1)))
    edges, apart = all_pairs[:200], all_pairs[200:]
    split = {
        # Both ways round, one edge of the test part among them, as in ogbl-collab.
        "train": {"edge": np.concatenate([edges[:150], edges[:150, ::-1], edges[180:181]])},
        "valid": {"edge": edges[150:175], "edge_neg": apart[:30]},
        "test": {"edge": edges[175:], "edge_neg": apart[30:70]},
    }

    class Dataset:
        def __init__(self, name, root):
            assert (name, root) == ("ogbl-collab", "somewhere")

        def __getitem__(self, at):
            return {"edge_index": edges[:150].T, "node_feat": None, "num_nodes": 40}

        def get_edge_split(self):
            return split

    monkeypatch.setitem(sys.modules, "ogb", types.ModuleType("ogb"))
    held = types.SimpleNamespace(LinkPropPredDataset=Dataset)
    monkeypatch.setitem(sys.modules, "ogb.linkproppred", held)
    return edges, apart, split


def task(**more):
    given = {"datasets": ("ogb:ogbl-collab",), "root": "somewhere", "k": 20} | more
    return harness.task("graphs/planetoid-links", **given)


def test_link_graphs_of_ogb_keep_their_split(ogb):
    edges, apart, _ = ogb
    (case,) = task().cases(seed=0)
    assert case.id == "ogbl-collab"
    data = case.load()

    def pairs(part, y):
        return set(map(tuple, data.pairs[part][data.y[part] == y].tolist()))

    assert set(map(tuple, data.edges.tolist())) == set(map(tuple, edges[:150].tolist()))
    for part, linked, unlinked in (
        (data.split.valid, edges[150:175], apart[:30]),
        (data.split.test, edges[175:], apart[30:70]),
    ):
        assert pairs(part, 1) == set(map(tuple, linked.tolist()))
        assert pairs(part, 0) == set(map(tuple, unlinked.tolist()))
    assert (data.y[data.split.train] == 0).sum() == 300


def test_what_has_no_such_split_is_refused(ogb):
    _, _, split = ogb
    with pytest.raises(UsageError, match="k=31, and the smallest part has 30 non-edges"):
        next(iter(task(k=31).cases(seed=0))).load()
    split["valid"] = {"source_node": [], "target_node": []}
    with pytest.raises(UsageError, match="wanted ogbl-ddi, ogbl-collab or ogbl-ppa"):
        next(iter(task().cases(seed=0))).load()
