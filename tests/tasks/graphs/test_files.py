"""Graphs from files and objects: every form that people have, or one line that names the array."""

import bz2
import gzip
import lzma
import types
import warnings

import networkx as nx
import numpy as np
import pytest
import scipy.sparse

import harness
from harness import HarnessError, UsageError
from harness_graphs import files

N = 60
Y = np.repeat([0, 1], N // 2)


def adjacency():
    rng = np.random.default_rng(0)
    near = np.where(Y[:, None] == Y, 0.3, 0.02)
    a = np.triu(rng.random((N, N)) < near, 1)
    return (a | a.T).astype(float)


A = adjacency()
EDGES = np.argwhere(np.triu(A))


def read(tmp_path, **arrays):
    np.savez(tmp_path / "g.npz", **arrays)
    return files.read("g.npz", str(tmp_path))


def sparse(matrix, stem="adj", **other):
    held = {f"{stem}_{name}": getattr(matrix, name) for name in ("data", "indices", "indptr")}
    return held | {f"{stem}_shape": np.array(matrix.shape)} | other


def test_zeros_that_are_stored_are_no_edges(tmp_path):
    full = scipy.sparse.csr_array(np.ones((N, N)))
    full.data = A.ravel().copy()
    found = read(tmp_path, **sparse(full), labels=Y)
    assert np.array_equal(found.edges, EDGES)
    full.data[A.ravel() > 0] += np.arange(int(A.sum()))
    with pytest.raises(HarnessError, match=r"adj_data of .*: edges with weights"):
        read(tmp_path, **sparse(full), labels=Y)


@pytest.mark.parametrize(
    "form",
    [
        {"train_masks": lambda m: m[None], "val_masks": lambda m: m[None], "test_masks": None},
        {"train_mask": None, "val_mask": None, "test_mask": None},
        {"train": None, "valid": None, "test": None},
        {"train": np.flatnonzero, "val": np.flatnonzero, "test": np.flatnonzero},
        {"train_idx": np.flatnonzero, "valid_idx": np.flatnonzero, "test_idx": np.flatnonzero},
    ],
)
@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float64])
def test_masks_of_any_type_and_name(tmp_path, form, dtype):
    part = np.random.default_rng(1).permutation(np.arange(N) % 3)
    held = {
        name: (change or (lambda m: m))((part == i).astype(dtype))
        for i, (name, change) in enumerate(form.items())
    }
    (split,) = read(tmp_path, edges=EDGES, labels=Y, **held).splits
    for i, name in enumerate(("train", "valid", "test")):
        assert split[name].tolist() == np.flatnonzero(part == i).tolist()


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["a", "b"])[Y],
        np.eye(2, dtype=int)[Y],
        np.eye(2, dtype=bool)[Y],
        Y.astype(float),
        Y[:, None],
        Y.astype(bool),
    ],
)
def test_labels_of_any_form(tmp_path, labels):
    assert read(tmp_path, edges=EDGES, node_labels=labels).labels.tolist() == Y.tolist()


def test_unknown_labels(tmp_path):
    for labels in (np.where(Y, 1.0, np.nan), np.where(Y, "b", ""), np.where(Y, 1, -7)):
        codes = read(tmp_path, edges=EDGES, labels=labels).labels
        assert (codes[Y == 0] == -1).all()
        assert (codes[Y == 1] >= 0).all()


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"edges": EDGES + 0.5}, "edges of .* at row 0: 0.5; wanted whole numbers"),
        ({"edges": EDGES.astype(complex)}, "edges of .*complex128 values; wanted whole numbers"),
        ({"edges": EDGES > 3}, "edges of .*bool values; wanted whole numbers"),
        ({"edges": EDGES.astype(str)}, "edges of .*values; wanted whole numbers"),
        ({"edges": EDGES[:, 0]}, r"edges of shape .*; wanted an array edges or edge_index"),
        ({"labels": Y + 0.7}, "labels of .* at row 0: 0.7; wanted whole numbers"),
        ({"labels": np.where(Y, np.inf, 0)}, "labels of .* at row 30: inf"),
        ({"labels": np.ones((N, 2), int)}, "labels of .* at row 0: several classes of a node"),
        ({"n": 10**12}, r"labels of .*: 60 rows; wanted one per node \(1000000000000\)"),
        ({"n": 2.5}, "n of .*: 2.5; wanted whole numbers"),
        ({"n": [3, 4]}, "n of .*: shape"),
        ({"unlabelled": [N]}, f"unlabelled of .* at row 0: node {N}; wanted nodes from 0 to"),
        ({"train": [0], "val": [1], "test": [N]}, f"test of .*: node {N}; wanted"),
        ({"train": ["a"], "val": ["b"], "test": ["c"]}, "train of .*values; wanted masks"),
        ({"train_mask": np.ones(N - 1, bool), "val": [1], "test": [2]}, "train_mask .*a mask of"),
        ({"x": np.full((N, 2), "a")}, "x of shape .*; wanted numbers"),
        (
            {"x": np.where(np.arange(2 * N).reshape(N, 2) == 11, np.nan, 1.0)},
            "x of .* at row 5: NaN or infinity",
        ),
    ],
)
def test_what_is_refused_names_the_array_and_its_form(tmp_path, arrays, said):
    with pytest.raises(HarnessError, match=said):
        read(tmp_path, **{"edges": EDGES, "labels": Y, **arrays})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"indices": np.full(N, 10**9)}, "x_indices of .*: column 1000000000; wanted 0 to"),
        ({"indices": np.full(N, -3)}, "x_indices of .*: column -3"),
        ({"indptr": np.arange(N + 1)[::-1]}, "x_indptr of .*; wanted cuts that increase"),
        ({"indptr": np.arange(N + 1) * 10**9}, "x_indptr of .*; wanted cuts that increase"),
        ({"data": np.ones(3)}, "x_data of .*: 3 values"),
        ({"shape": np.array([N, 10**12])}, "x_shape of .*wanted a table that memory holds"),
        ({"shape": np.array([N + 1, 60])}, "x_shape of .*rows as in x_indptr"),
    ],
)
def test_sparse_rows_are_checked_before_they_touch_memory(tmp_path, change, said):
    held = sparse(scipy.sparse.eye_array(N, format="csr"), "x")
    held |= {f"x_{name}": value for name, value in change.items()}
    with pytest.raises(HarnessError, match=said):
        read(tmp_path, edges=EDGES, labels=Y, **held)


def test_an_unreadable_file_does_not_ask_for_a_pickle(tmp_path):
    np.savez(tmp_path / "g.npz", edges=EDGES, labels=np.array([None] * N, object))
    with pytest.raises(UsageError, match="array 'labels': Python objects") as error:
        files.read("g.npz", str(tmp_path))
    assert "allow_pickle" not in str(error.value)


class TestLists:
    def graph(self, tmp_path, name, text, **tables):
        (tmp_path / name).write_text(text)
        for file, content in tables.items():
            (tmp_path / f"{file}.csv").write_text(content)
        given = {file: f"{file}.csv" for file in tables}
        return files.read(name, str(tmp_path), **given)

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("a.csv", "source,target\n0,1\n1,2\n"),
            ("a.csv", "0,1\n1,2\n"),
            ("a.tsv", "x\ty\n0\t1\n1\t2\n"),
            ("a.csv", "src;dst\n0;1\n1;2\n"),
            ("a.edgelist", "# from networkx\n0 1 {}\n1 2 {}\n"),
            ("a.txt", "0 1\n\n1 2\n"),
            ("a.csv", "u,v,weight\n0,1,1\n1,2,1\n"),
        ],
    )
    def test_numbers(self, tmp_path, name, text):
        found = self.graph(tmp_path, name, text, labels="label\na\nb\na\n")
        assert found.edges.tolist() == [[0, 1], [1, 2]]
        assert found.labels.tolist() == [0, 1, 0]

    def test_names_and_tables_with_names(self, tmp_path):
        found = self.graph(
            tmp_path,
            "a.csv",
            "source,target\nann,bob\nbob,cid\n",
            features="id,f1,f2\ncid,5,6\nbob,3,4\nann,1,2\n",
            labels="node,class\nann,x\nbob,y\ncid,x\n",
        )
        # The first table gives the order: cid, bob, ann.
        assert found.features.tolist() == [[5, 6], [3, 4], [1, 2]]
        assert found.edges.tolist() == [[0, 1], [1, 2]]
        assert found.labels.tolist() == [0, 1, 0]

    @pytest.mark.parametrize(
        ("text", "tables", "said"),
        [
            ("0,1,2\n1,2,3\n", {}, "edges with weights"),
            ("0,1,2,3\n", {}, "4 columns; wanted two ends"),
            ("0,1\n1,2\n", {"labels": "label\na\nb\n"}, "labels: 2 rows; wanted one per node"),
            ("0,1\n1,99999999\n", {}, "node 99999999 among 3 different ones"),
            ("a,b\nb,c\n", {"labels": "id,y\na,1\nb,2\n"}, "node 'c' .* is in no row of labels"),
            ("a,b\n", {"labels": "id,y\na,1\na,2\n"}, "a node twice in column 'id'"),
            ("0,1\n", {"features": "f,g\n1,2\n3,x\n"}, "features.csv, line 3: 'x'; wanted numbers"),
        ],
    )
    def test_what_is_refused(self, tmp_path, text, tables, said):
        with pytest.raises(HarnessError, match=said):
            self.graph(tmp_path, "a.csv", text, **tables)

    def test_the_task_reads_them(self, tmp_path):
        lines = "".join(f"{a},{b}\n" for a, b in EDGES)
        (tmp_path / "edges.csv").write_text(f"source,target\n{lines}")
        (tmp_path / "y.csv").write_text("label\n" + "".join(f"{'ab'[y]}\n" for y in Y))
        task = harness.task(
            "planetoid", datasets=("edges.csv",), root=str(tmp_path), labels="y.csv"
        )
        (case,) = task.cases(seed=0)
        assert case.id == "edges"
        assert np.array_equal(case.load().edges, EDGES)
        (tmp_path / "y.csv").write_text("label\n" + "".join(f"{'ba'[y]}\n" for y in Y))
        assert next(iter(task.cases(seed=0))).stamp != case.stamp


def drawn():
    graph = nx.Graph()
    for node in range(N):
        graph.add_node(node, label=int(Y[node]), size=float(node))
    graph.add_edges_from(EDGES.tolist())
    return graph


@pytest.mark.parametrize("ending", ["graphml", "gml"])
def test_graphml_and_gml(tmp_path, ending):
    graph, path = drawn(), tmp_path / f"g.{ending}"
    if ending == "gml":  # there, `label` is the name of a node
        graph = nx.relabel_nodes(graph, str)
        nx.set_node_attributes(
            graph, {node: {"value": d["label"]} for node, d in graph.nodes.items()}
        )
        for _, attributes in graph.nodes.items():
            del attributes["label"]
    getattr(nx, f"write_{ending}")(graph, path)
    found = files.read(path.name, str(tmp_path))
    assert np.array_equal(found.edges, EDGES)
    assert found.labels.tolist() == Y.tolist()
    assert found.features.tolist() == [[i] for i in range(N)]
    path.write_text(path.read_text()[:200])
    with pytest.raises(UsageError, match=rf"cannot be read \(.*wanted a whole {ending} file"):
        files.read(path.name, str(tmp_path))


@pytest.mark.parametrize("packed", [gzip, bz2, lzma])
@pytest.mark.parametrize("ending", ["graphml", "gml", "csv"])
def test_compressed_files_are_read_and_damaged_ones_named(tmp_path, ending, packed):
    path = tmp_path / f"g.{ending}"
    if ending == "csv":
        path.write_text("a,b\n" + "".join(f"{a},{b}\n" for a, b in EDGES))
    else:
        getattr(nx, f"write_{ending}")(nx.Graph(EDGES.tolist()), path)
    suffix = {gzip: "gz", bz2: "bz2", lzma: "xz"}[packed]
    whole, cut = tmp_path / f"g.{ending}.{suffix}", tmp_path / f"cut.{ending}.{suffix}"
    whole.write_bytes(packed.compress(path.read_bytes()))
    found, plain = (files.read(file.name, str(tmp_path)) for file in (whole, path))
    assert np.array_equal(found.edges, plain.edges)
    cut.write_bytes(whole.read_bytes()[:-12])
    with pytest.raises(UsageError, match=cut.name):
        files.read(cut.name, str(tmp_path))


@pytest.mark.parametrize("name", ["label", "feature"])
def test_an_attribute_that_some_nodes_lack_is_refused_by_name(tmp_path, name):
    graph = drawn()
    graph.nodes[1].update(feature=1.0)
    for node in graph:
        graph.nodes[node].setdefault("feature", 0.0)
    del graph.nodes[2][name]
    nx.write_graphml(graph, tmp_path / "g.graphml")
    said = f"{N - 1} of {N} nodes have the attribute {name!r}; wanted it on all, or on none"
    with pytest.raises(UsageError, match=said):
        files.read("g.graphml", str(tmp_path))


def test_objects_of_networkx_and_pytorch_geometric():
    found = files.of_object(drawn())
    assert np.array_equal(found.edges, EDGES)
    assert found.labels.tolist() == Y.tolist()
    torch = pytest.importorskip("torch")
    data = types.SimpleNamespace(
        num_nodes=N,
        edge_index=torch.tensor(EDGES.T),
        x=torch.ones(N, 2),
        y=torch.tensor(Y),
        train_mask=torch.tensor(Y == 0),
        val_mask=torch.tensor(Y == 1),
        test_mask=torch.tensor(Y == 1),
    )
    found = files.of_object(data)
    assert np.array_equal(found.edges, EDGES)
    assert found.splits[0]["train"].tolist() == list(range(N // 2))
    with pytest.raises(UsageError, match="a graph of type list; wanted one of networkx"):
        files.of_object([])


ODD = (
    None, 0.5, -1, 10**12, float("nan"), float("inf"), 1j, True, "text", [], [[1]], [1, 2, 3],
    [[-1, 2]], [0.5, 1.5],
)  # fmt: skip


def test_mutated_archives_are_read_or_refused(tmp_path):
    """Arrays replaced by others, and changed entries: never anything but an error of ours."""
    rng = np.random.default_rng(0)
    part = np.arange(N) % 3
    whole = {
        **sparse(scipy.sparse.csr_array(A)),
        **sparse(scipy.sparse.eye_array(N, format="csr"), "x"),
        "labels": Y,
        **{name: np.flatnonzero(part == i) for i, name in enumerate(("train", "val", "test"))},
        "n": np.array(N),
    }
    for _ in range(300):
        held = dict(whole)
        name = sorted(held)[rng.integers(len(held))]
        odd = ODD[rng.integers(len(ODD))]
        if rng.random() < 0.5 or held[name].ndim == 0:
            if odd is None:
                del held[name]
            else:
                held[name] = np.asarray(odd)
        else:
            changed = held[name].astype(float if rng.random() < 0.5 else np.int64)
            changed.flat[rng.integers(changed.size)] = rng.choice([-1, 10**9, 2**62, 7])
            held[name] = changed
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                found = read(tmp_path, **held)
            except HarnessError:
                continue
        assert found.edges.size == 0 or found.edges.max() < found.nodes
