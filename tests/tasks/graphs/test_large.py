"""Features of graphs that memory does not hold: read in parts, the same bits."""

import json
import os
import resource
import subprocess
import sys

import numpy as np
import pytest

import harness
from harness import HarnessError, mapped, stream
from harness_graphs.arrays import from_arrays
from harness_graphs.planetoid import shares

LIMIT_MIB = 320
"""Of data that are written, for each process, as in the test of structures."""


def ring(nodes):
    at = np.arange(nodes)
    return np.column_stack([at, (at + 1) % nodes])


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16])
def test_features_in_files_are_those_in_memory(monkeypatch, tmp_path, dtype):
    rng = stream(0)
    x = (100 * rng.normal(size=(50, 7))).astype(dtype)
    x[3] = x.min()  # a row whose sum is zero
    np.savez(tmp_path / "g.npz", edges=ring(50), features=x, labels=np.arange(50) % 2)
    found = []
    for limit in ("100", "0"):
        monkeypatch.setenv(mapped.SETTING, limit)
        monkeypatch.setattr(mapped, "PART", 100)  # several blocks
        task = harness.task("graphs/planetoid", datasets=("g.npz",), root=str(tmp_path))
        (case,) = task.cases(seed=0)
        found.append(case.load())
    assert found[0] == found[1]
    lifted = x.astype(np.float32) - x.astype(np.float32).min()
    total = lifted.sum(1, keepdims=True)
    wanted = lifted / np.where(total > 0, total, 1)
    assert np.array_equal(found[1].features, wanted)
    assert np.array_equal(shares(x.astype(np.float32), False), x.astype(np.float32))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_row_of_a_broken_number_is_that_of_the_table(monkeypatch, dtype):
    monkeypatch.setattr(mapped, "PART", 100)
    x = np.ones((50, 7), dtype)
    x[41, 2] = np.nan
    with pytest.raises(HarnessError, match="row 41: NaN"):
        from_arrays({"edges": ring(50), "features": x}, "g.npz")


def bounded():
    """Bound the data of a process that starts."""
    resource.setrlimit(resource.RLIMIT_DATA, 2 * (LIMIT_MIB * 2**20,))


@pytest.mark.slow
def test_a_graph_four_times_larger_than_memory_is_read_and_measured(tmp_path):
    """`RLIMIT_DATA`, which counts heap and private maps, as for structures."""
    pytest.importorskip("numba")
    columns = 4096
    nodes = -(-4 * LIMIT_MIB * 2**20 // (4 * columns))
    rng = np.random.default_rng(0)
    table = np.lib.format.open_memmap(
        tmp_path / "x.npy", mode="w+", dtype=np.float32, shape=(nodes, columns)
    )
    for part in mapped.blocks_of(table):
        table[part] = rng.random((part.stop - part.start, columns), np.float32)
    table.flush()
    # Classes two by two round the ring: half of the edges stay within one.
    (tmp_path / "e.csv").write_text("\n".join(f"{a},{b}" for a, b in ring(nodes).tolist()))
    (tmp_path / "y.csv").write_text("\n".join(["c", *(str(i // 2 % 2) for i in range(nodes))]))
    command = [
        *(sys.executable, "-m", "harness", "run", "--format", "json", "--task", "planetoid"),
        *("--set", "planetoid.datasets=e.csv", "--set", f"planetoid.root={tmp_path}"),
        *("--set", "planetoid.features=x.npy", "--set", "planetoid.labels=y.csv"),
        *("--estimator", "netinfof/adjusted-homophily", "--no-baselines"),
        *("--set", "adjusted-homophily.labels=all"),
        *("--estimator", "netinfof/nui", "--set", "nui.components=f,p,s", "--set", "nui.dim=8"),
        *("--store", str(tmp_path / "store.sqlite")),
    ]
    done = subprocess.run(
        command,
        env=os.environ | {"HARNESS_IN_MEMORY": "8", "TMPDIR": str(tmp_path)},
        preexec_fn=bounded,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["status"] for row in rows] == ["ok", "ok"], rows
    (row,) = [row for row in rows if "edges" in row["diagnostics"]]
    assert row["diagnostics"]["edges"] == nodes
    assert row["value"] == pytest.approx(0.0, abs=1e-6)
