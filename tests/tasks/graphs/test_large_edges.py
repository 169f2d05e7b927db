"""Edges and labels of graphs that memory does not hold: read, checked and used in parts, the same bits."""

import gzip
import json
import os
import resource
import subprocess
import sys
import zipfile

import numpy as np
import pytest

import harness
from harness import DataError, Graph, mapped, simple_edges, stream
from harness_graphs import files, lists

NODES = 30
CLASSES = np.array(["tree", "", "bird"])


def pairs():
    """Edges with loops, repeats and reversals, of every node."""
    rng = stream(0)
    drawn = rng.integers(NODES, size=(90, 2))
    return np.concatenate([drawn, drawn[:20, ::-1], np.column_stack([np.arange(NODES)] * 2)])


def labels():
    return np.arange(NODES) % 3


def _list(path, edges, sep, names=None, pack=None):
    text = "\n".join(sep.join(str(end) for end in pair) for pair in edges) + "\n"
    path.write_bytes(pack(text.encode()) if pack else text.encode())


def _table(path, rows):
    path.write_text("\n".join(",".join(map(str, row)) for row in rows) + "\n")


def csv(folder):
    _list(folder / "g.csv", [("source", "target"), *pairs().tolist()], ",")
    _table(folder / "y.csv", [("class",), *([c] for c in labels())])
    return "g.csv", "", "y.csv"


def tsv(folder):
    _list(folder / "g.tsv", [(a, b, 1) for a, b in pairs().tolist()], "\t")
    _table(folder / "y.csv", [("node", "class"), *enumerate(labels())])
    return "g.tsv", "", "y.csv"


def edge_list(folder):
    (folder / "g.edgelist").write_text("# ends\n" + "".join(f"{a} {b} {{}}\n" for a, b in pairs()))
    np.save(folder / "y.npy", labels().astype(np.float32))
    np.save(folder / "x.npy", np.asfortranarray(stream(1).random((NODES, 3))))
    return "g.edgelist", "x.npy", "y.npy"


def names(folder):
    _list(
        folder / "g.txt.gz",
        [[f"n{end}" for end in pair] for pair in pairs()],
        " ",
        pack=gzip.compress,
    )
    rows = [(f"n{i}", CLASSES[c]) for i, c in enumerate(labels())]
    _table(folder / "y.csv", [("id", "class"), *rows[::-1]])
    _table(folder / "x.csv", [("id", "a", "b"), *((f"n{i}", i / 7, "") for i in range(NODES))])
    return "g.txt.gz", "", "y.csv"


def archive(folder):
    masks = {f"{name}_mask": labels() == i for i, name in enumerate(("train", "val", "test"))}
    y = np.where(labels() == 1, np.nan, labels())
    np.savez(folder / "g.npz", edges=pairs(), labels=y, **masks)
    return "g.npz", "", ""


def two_rows(folder):
    y = np.eye(3, dtype=np.int8)[labels()]
    np.savez(folder / "g.npz", edge_index=np.asfortranarray(pairs().T.astype(np.int32)), y=y)
    return "g.npz", "", ""


def sparse_rows(folder):
    from scipy.sparse import csr_array

    a, b = pairs().T
    rows = csr_array((np.ones(len(a), np.int8), (a, b)), shape=(NODES, NODES))
    rows.data = (np.arange(rows.nnz) % 4 > 0).astype(np.int8)  # stored zeros
    x = csr_array(stream(2).random((NODES, 4)).round(1) * (stream(3).random((NODES, 4)) > 0.5))
    held = {f"adj_{part}": getattr(rows, part) for part in ("indptr", "indices", "data")}
    held |= {f"attr_{part}": getattr(x, part) for part in ("indptr", "indices", "data")}
    np.savez(folder / "g.npz", **held, attr_shape=x.shape, labels=CLASSES[labels()])
    return "g.npz", "", ""


def matlab(folder):
    from scipy.io import savemat

    savemat(folder / "g.mat", {"edge_index": pairs().T, "label": labels(), "num_nodes": NODES})
    return "g.mat", "", ""


def markup(folder):
    import networkx

    graph = networkx.Graph(pairs().tolist())
    networkx.set_node_attributes(graph, {i: int(c) for i, c in enumerate(labels())}, "class")
    networkx.write_graphml(graph, folder / "g.graphml")
    networkx.write_gml(graph, folder / "g.gml")
    return "g.graphml", "", ""


def gml(folder):
    markup(folder)
    return "g.gml", "", ""


READERS = [csv, tsv, edge_list, names, archive, two_rows, sparse_rows, matlab, markup, gml]


def in_parts(monkeypatch):
    """Everything lies in files, and few bytes go through memory at once."""
    monkeypatch.setenv(mapped.SETTING, "0")
    monkeypatch.setattr(mapped, "PART", 100)
    monkeypatch.setattr(lists, "ROWS", 7)


@pytest.mark.parametrize("make", READERS)
def test_what_every_reader_reads_in_parts_is_what_it_reads_at_once(tmp_path, monkeypatch, make):
    name, x, y = make(tmp_path)
    at_once = files.read(name, str(tmp_path), x, y)
    in_parts(monkeypatch)
    found = files.read(name, str(tmp_path), x, y)
    assert not found.edges.flags.writeable
    for field in ("nodes", "edges", "features", "labels"):
        one, other = getattr(at_once, field), getattr(found, field)
        assert (one is None) is (other is None)
        assert np.array_equal(one, other)
        assert getattr(one, "dtype", None) == getattr(other, "dtype", None)
    assert len(found.splits) == len(at_once.splits)
    assert found.nodes == NODES
    assert len(found.labels) == NODES
    if make not in (sparse_rows, markup, gml):  # which choose the edges, or the order of the nodes
        simple = sorted({(min(p), max(p)) for p in pairs().tolist() if p[0] != p[1]})
        order = labels() if make is not names else labels()[::-1]
        known = [simple, order] if make is not names else [None, np.array([1, -1, 0])[order]]
        if make is archive:
            known[1] = np.where(order == 1, -1, order)
        assert known[0] is None or found.edges.tolist() == [list(p) for p in simple]
        assert np.array_equal(found.labels, known[1])


@pytest.mark.parametrize("directed", [False, True])
def test_a_graph_checks_its_edges_in_parts(monkeypatch, directed):
    in_parts(monkeypatch)
    edges = simple_edges(pairs(), NODES)
    shuffled = stream(4).permutation(edges)
    assert Graph(NODES, shuffled, directed=directed).n == NODES
    for row, wrong, cause in (
        (40, shuffled[3], r"at row 40: the edge .* again"),
        (11, [5, 5], "at row 11: a loop at node 5"),
        (60, [2, NODES], "at row 60: ends"),
    ):
        bad = shuffled.copy()
        bad[row] = wrong
        bad[-1] = bad[row] if row == 40 else bad[-1]  # a third one counts no more than the second
        with pytest.raises(DataError, match=cause):
            Graph(NODES, bad, directed=directed)


def test_a_subgraph_taken_in_parts_is_that_taken_at_once(monkeypatch):
    edges = simple_edges(pairs(), NODES)
    weights = stream(5).random(len(edges))
    graph = Graph(NODES, edges, stream(6).random((NODES, 2)).astype("f4"), labels(), weights)
    chosen = stream(7).integers(NODES, size=40)
    at_once = graph.take(chosen)
    in_parts(monkeypatch)
    assert graph.take(chosen) == at_once
    assert np.array_equal(graph.codes, labels())


@pytest.mark.parametrize(
    "estimator", ["nui", "slimg", "label-informativeness", "adjusted-homophily"]
)
def test_estimates_from_parts_are_those_from_memory(monkeypatch, estimator):
    pytest.importorskip("numba")
    case, *_ = harness.task("node-scenarios", nodes=200).cases(seed=0)
    data = case.load()
    found = []
    for _ in range(2):
        result = harness.estimator(f"netinfof/{estimator}").estimate(data, rng=stream(1))
        found.append(getattr(result, "value", None) or result.values.tobytes())
        in_parts(monkeypatch)
    assert found[0] == found[1]


LIMIT_MIB = 128
"""Of data that are written: numpy and the reader have 54 of them before the first edge."""
SHORT_MIB = 64
SHARE = 4
FAN = 4096
"""Edges of node i go to the nodes i + 1 to i + FAN."""


def fan(rows):
    """Edges ``rows`` of the graph, in the order of a simple graph."""
    return np.column_stack([rows // FAN, rows // FAN + 1 + rows % FAN])


def shuffled(count):
    """All edges in another order, their ends reversed, in parts."""
    for start in range(0, count, 2**19):
        rows = np.arange(start, min(start + 2**19, count))
        yield fan(rows * 7919 % count)[:, ::-1]


def fan_archive(path, count):
    """``count`` edges and the classes of the nodes, two by two."""
    nodes = count // FAN + FAN
    with zipfile.ZipFile(path, "w") as out:
        with out.open("edges.npy", "w", force_zip64=True) as file:
            about = {"descr": "<i8", "fortran_order": False, "shape": (count, 2)}
            np.lib.format.write_array_header_1_0(file, about)
            for part in shuffled(count):
                file.write(part.tobytes())
        with out.open("labels.npy", "w") as file:
            np.lib.format.write_array(file, np.arange(nodes) // 2 % 2)


def fan_list(path, count):
    with path.open("w") as file:
        for part in shuffled(count):
            file.write("".join(f"{a},{b}\n" for a, b in part.tolist()))


READ = """
import re, resource, sys
import numpy as np
from harness import Graph, mapped
from harness_graphs.files import read
name, root, fan, more = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
if more:
    (held,) = re.findall(r"VmData:\\s+(\\d+) kB", open("/proc/self/status").read())
    resource.setrlimit(resource.RLIMIT_DATA, 2 * (1024 * int(held) + more * 2**20,))
found = read(name, root)
for part in mapped.blocks_of(found.edges):
    rows = np.arange(part.start, part.stop)
    assert (found.edges[part, 0] == rows // fan).all()
    assert (found.edges[part, 1] == rows // fan + 1 + rows % fan).all()
graph = Graph(found.nodes, found.edges, None, found.labels)
print(graph.edges.nbytes, graph.n, graph.fingerprint())
"""


def bounded(mib):
    return lambda: resource.setrlimit(resource.RLIMIT_DATA, 2 * (mib * 2**20,))


def limited(command, folder, mib):
    done = subprocess.run(
        command,
        env=os.environ | {mapped.SETTING: "8", "TMPDIR": str(folder)},
        preexec_fn=bounded(mib),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    return done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not count private maps")
@pytest.mark.parametrize(
    ("name", "mib", "more"),
    [
        # What the libraries hold comes on top, so that the test is short.
        ("fan.npz", SHORT_MIB, SHORT_MIB),
        pytest.param("fan.npz", LIMIT_MIB, 0, marks=pytest.mark.slow),
        pytest.param("fan.csv", LIMIT_MIB, 0, marks=pytest.mark.slow),
    ],
)
def test_edges_four_times_larger_than_memory_are_read_and_checked(tmp_path, name, mib, more):
    """`RLIMIT_DATA`, which counts heap and private maps, as for structures."""
    count = SHARE * mib * 2**20 // 16 // FAN * FAN
    make = fan_archive if name.endswith(".npz") else fan_list
    make(tmp_path / name, count)
    command = [sys.executable, "-c", READ, name, str(tmp_path), str(FAN), str(more)]
    said = limited(command, tmp_path, LIMIT_MIB)
    assert int(said.split()[0]) == 16 * count >= SHARE * mib * 2**20 - 16 * FAN
    assert int(said.split()[1]) == count // FAN + FAN


@pytest.mark.slow
def test_methods_read_edges_four_times_larger_than_memory(tmp_path):
    """The adjacency and an embedding of the structure, under the bound of the other tests."""
    pytest.importorskip("numba")
    mib = 320
    count = SHARE * mib * 2**20 // 16 // FAN * FAN
    fan_archive(tmp_path / "fan.npz", count)
    command = [
        *(sys.executable, "-m", "harness", "run", "--format", "json", "--task", "planetoid"),
        *("--set", "planetoid.datasets=fan.npz", "--set", f"planetoid.root={tmp_path}"),
        *("--estimator", "netinfof/adjusted-homophily", "--set", "adjusted-homophily.labels=all"),
        *("--estimator", "netinfof/nui", "--set", "nui.components=u", "--set", "nui.dim=8"),
        *("--no-baselines", "--store", str(tmp_path / "store.sqlite")),
    ]
    rows = [json.loads(line) for line in limited(command, tmp_path, mib).splitlines()]
    assert [row["status"] for row in rows] == ["ok", "ok"]
    (mixing,) = [row for row in rows if "edges" in row["diagnostics"]]
    assert mixing["diagnostics"]["edges"] == count
