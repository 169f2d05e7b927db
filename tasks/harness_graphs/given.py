"""Graphs in memory, for ``harness.run``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from harness import DataError, Graph
from harness_graphs.lists import of_geometric, of_networkx


def graph(data: Any, folder: Path) -> dict[str, Any] | None:
    """A graph of networkx or PyTorch Geometric, or a `Graph`, as a file of `planetoid`.

    Raises `DataError` for a `Graph` with directions or weights, which the task does not read.
    """
    if isinstance(data, Graph):
        held = _of_kind(data)
    elif hasattr(data, "edge_index") and hasattr(data, "num_nodes"):
        held = of_geometric(data)
    elif hasattr(data, "nodes") and hasattr(data, "edges") and hasattr(data, "is_directed"):
        held = of_networkx(data, "the graph")
    else:
        return None
    path = folder / "graph.npz"
    np.savez(path, **held)
    return {"datasets": (str(path),)}


def _of_kind(data: Graph) -> dict[str, Any]:
    if data.directed or data.weights is not None:
        what = "directions" if data.directed else "weights"
        raise DataError("Graph", what, "a plain graph, as planetoid reads it")
    held: dict[str, Any] = {"n": data.nodes, "edges": data.edges}
    held |= {
        name: value
        for name, value in (("features", data.features), ("labels", data.labels))
        if value is not None
    }
    if data.split is not None:
        held |= {"train": data.split.train, "val": data.split.valid, "test": data.split.test}
    return held
