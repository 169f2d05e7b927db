"""Graphs as collections publish them: ``.mat`` files, and link graphs of OGB with their splits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from harness import Ints, Links, Singles, Split, UsageError, needs, simple_edges, whole_numbers
from harness.files import first_line
from harness_graphs.splits import non_edges

LINKS = "ogb:ogbl-"
"""Names of graphs whose edges come with a split of their own."""


def read_mat(path: Path) -> dict[str, Any]:
    """The arrays of a MATLAB file as CUAI/Non-Homophily-Large-Scale has them.

    ``edge_index``, ``node_feat`` (a table, or sparse), ``label`` and ``num_nodes``. Raises
    `UsageError` for what SciPy cannot read.
    """
    io = needs("scipy.io")
    from scipy import sparse

    try:
        found = io.loadmat(path)
    except Exception as error:  # scipy.io raises nearly anything
        raise UsageError(
            f"{path}: cannot be read ({first_line(error)}); wanted a .mat file of version 5 with "
            "edge_index, node_feat and label"
        ) from error
    held: dict[str, Any] = {}
    for name in ("edge_index", "node_feat"):
        if name in found and sparse.issparse(found[name]):
            rows = found[name].tocsr()
            held |= {f"x_{part}": getattr(rows, part) for part in ("data", "indices", "indptr")}
            held["x_shape"] = np.array(rows.shape)
        elif name in found:
            held[name] = found[name]
    if "label" in found:
        held["labels"] = found["label"].reshape(-1)
    if "num_nodes" in found:
        held["n"] = found["num_nodes"]
    return held


def official(name: str, root: str) -> tuple[int, Singles | None, dict[str, Ints]]:
    """Nodes, features and the edges of each part of ``ogb:ogbl-ddi``, ``-collab`` or ``-ppa``.

    Parts are "train", "valid", "test", and "valid_neg", "test_neg" for the non-edges beside them.
    Raises `UsageError` for a data set whose parts are no lists of edges (ogbl-citation2 ranks
    targets).
    """
    data = needs("ogb.linkproppred").LinkPropPredDataset(name.removeprefix("ogb:"), root)
    graph, split = data[0], data.get_edge_split()
    if any("edge" not in split.get(part, {}) for part in ("train", "valid", "test")):
        raise UsageError(
            f"{name}: parts that are no lists of edges; wanted ogbl-ddi, ogbl-collab or ogbl-ppa"
        )
    parts = {part: split[part]["edge"] for part in ("train", "valid", "test")}
    parts |= {f"{part}_neg": split[part]["edge_neg"] for part in ("valid", "test")}
    given = {
        part: whole_numbers(np.asarray(pairs), f"{part} of {name}").reshape(-1, 2)
        for part, pairs in parts.items()
    }
    features = graph.get("node_feat")
    x = None if features is None else np.asarray(features, np.float32)
    return int(graph["num_nodes"]), x, given


def official_links(
    parts: Mapping[str, Ints],
    nodes: int,
    features: Singles | None,
    *,
    k: int,
    negatives: float,
    rng: np.random.Generator,
    name: str,
) -> Links:
    """Links whose held-out edges and non-edges are those of the collection.

    Training edges that are held out as well (ogbl-collab has authors who work together in several
    years) leave the training part: what is asked for must not be known. ``negatives`` non-edges per
    training edge are drawn, as in `harness_graphs.splits.split_links`.

    Raises
    ------
    UsageError : fewer than ``k`` non-edges in a part that is scored.
    """
    held = {part: _distinct(pairs, nodes) for part, pairs in parts.items() if part != "train"}
    fewest = min(len(held["valid_neg"]), len(held["test_neg"]))
    if fewest < k:
        raise UsageError(
            f"{name}: k={k}, and the smallest part has {fewest} non-edges; wanted a smaller k"
        )
    train = simple_edges(parts["train"], nodes, name=name)
    asked = np.concatenate([_codes(pairs, nodes) for pairs in held.values()])
    train = train[~np.isin(_codes(train, nodes), asked)]
    wrong = non_edges(train, nodes, round(negatives * len(train)), rng, name)
    groups = [train, wrong, *(held[f"{p}{s}"] for p in ("valid", "test") for s in ("", "_neg"))]
    sizes = [len(group) for group in groups]
    role, y = np.repeat([0, 0, 1, 1, 2, 2], sizes), np.repeat([1, 0, 1, 0, 1, 0], sizes)
    split = Split(*(np.flatnonzero(role == part) for part in (0, 2, 1)))
    return Links(nodes, train, np.concatenate(groups), y, features, k, split=split)


def _distinct(pairs: Ints, nodes: int) -> Ints:
    """Each pair once, in the order given, without loops."""
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    first = np.unique(_codes(pairs, nodes), return_index=True)[1]
    return pairs[np.sort(first)]


def _codes(pairs: Ints, nodes: int) -> Ints:
    """A number per pair, equal for equal pairs, whichever end comes first."""
    return np.asarray(pairs.min(1) * nodes + pairs.max(1))
