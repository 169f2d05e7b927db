"""Attributed graphs from files, in the layouts that public collections use."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness import DataError, Ints, Singles, UsageError, needs, simple_edges

EDGES = ("edges", "edge_index")
FEATURES = ("features", "node_features", "x", "node_feat")
LABELS = ("labels", "node_labels", "y", "node_label")
PARTS = {
    "train": ("train", "train_masks"),
    "valid": ("val", "valid", "val_masks"),
    "test": ("test", "test_masks"),
}
PREFIXES = ("pyg:", "ogb:")


@dataclass(frozen=True, eq=False)
class Loaded:
    """A graph read from a file.

    Attributes
    ----------
    edges (m, 2) : undirected, simple.
    features (n, f), labels (n,) : where the file has them; labels are -1 where unknown.
    splits : per public split, the nodes of "train", "valid" and "test".
    """

    nodes: int
    edges: Ints
    features: Singles | None
    labels: Ints | None
    splits: tuple[Mapping[str, Ints], ...]


def read(name: str, root: str) -> Loaded:
    """A graph by what names it: an ``.npz`` file, ``pyg:DATASET`` or ``ogb:DATASET``.

    ``pyg:Cora`` is read by PyTorch Geometric's Planetoid, ``pyg:chameleon`` by its
    WikipediaNetwork, ``ogb:ogbn-arxiv`` by OGB; both look for, or put, their files under ``root``.

    Raises
    ------
    UsageError : no such file or data set, or an unknown layout.
    MissingDependency : the package that reads it is not installed.
    DataError : edges that end at no node.
    """
    if name.startswith("pyg:"):
        return _geometric(name.removeprefix("pyg:"), root)
    if name.startswith("ogb:"):
        return _ogb(name.removeprefix("ogb:"), root)
    path = Path(root, name)
    try:
        with np.load(path, allow_pickle=False) as file:
            held = {key: file[key] for key in file.files if key not in UNREAD}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise UsageError(
            f"{path}: {error}; wanted an .npz file of a graph, pyg:NAME or ogb:NAME"
        ) from error
    return from_arrays(held, str(path))


UNREAD = (
    "idx_to_node",
    "idx_to_attr",
    "idx_to_class",
    "node_names",
    "attr_names",
    "class_names",
    "metadata",
)
"""Names for human readers, which some files store as pickled objects."""


def stamp(name: str, root: str) -> str | None:
    """A digest of the file, where it is one."""
    if name.startswith(PREFIXES):
        return None
    path = Path(root, name)
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def from_arrays(held: Mapping[str, Any], where: str) -> Loaded:
    """A graph from arrays: edges or a sparse adjacency; features as a table or sparse rows."""
    features = _table(held, where)
    labels = _first(held, LABELS)
    if labels is not None:
        labels = np.where(np.isnan(labels), -1, labels).astype(np.int64).reshape(-1)
    pairs = _pairs(held, where)
    known = [len(part) for part in (features, labels) if part is not None]
    nodes = int(held["n"]) if "n" in held else max(known or [int(pairs.max(initial=-1)) + 1])
    for what, part in (("features", features), ("labels", labels)):
        if part is not None and len(part) != nodes:
            raise DataError(f"{what} of {where}", f"{len(part)} rows", f"one per node ({nodes})")
    if labels is not None and "unlabelled" in held:
        labels[held["unlabelled"].astype(np.int64)] = -1
    if weights := [key for key in ("weights", "edge_weight", "edge_weights") if key in held]:
        raise DataError(
            f"{weights[0]} of {where}",
            "edges with weights",
            "a graph without weights, as these tasks read 0/1 edges",
        )
    edges = simple_edges(pairs, nodes, name=where)
    return Loaded(nodes, edges, features, labels, _splits(held, nodes))


def _first(held: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((held[name] for name in names if name in held), None)


def _pairs(held: Mapping[str, Any], where: str) -> Ints:
    if "adj_indptr" in held:
        starts = np.repeat(np.arange(len(held["adj_indptr"]) - 1), np.diff(held["adj_indptr"]))
        return np.column_stack([starts, held["adj_indices"]]).astype(np.int64)
    pairs = _first(held, EDGES)
    if pairs is None or pairs.ndim != 2 or 2 not in pairs.shape:
        raise UsageError(
            f"{where}: no edges; wanted an array {' or '.join(EDGES)} of shape (m, 2) or (2, m)"
        )
    found: Ints = pairs.astype(np.int64)
    return found if found.shape[1] == 2 else found.T


def _table(held: Mapping[str, Any], where: str) -> Singles | None:
    """Features as a dense table, from sparse rows (``x_data``, ``attr_data`` ...) too."""
    for stem in ("x", "attr"):
        if f"{stem}_indptr" in held:
            import scipy.sparse

            parts = (held[f"{stem}_data"], held[f"{stem}_indices"], held[f"{stem}_indptr"])
            rows = scipy.sparse.csr_array(parts, shape=tuple(int(s) for s in held[f"{stem}_shape"]))
            return np.asarray(rows.toarray(), np.float32)
    found = _first(held, FEATURES)
    if found is None:
        return None
    if found.ndim != 2:
        raise UsageError(f"{where}: features of shape {found.shape}; wanted (nodes, features)")
    return np.asarray(found, np.float32)


def _splits(held: Mapping[str, Any], nodes: int) -> tuple[Mapping[str, Ints], ...]:
    """Public splits: positions, or masks with one row (or column) per split."""
    given = {part: _first(held, names) for part, names in PARTS.items()}
    if any(value is None for value in given.values()):
        return ()
    if given["train"].dtype != bool:
        return ({part: np.asarray(value, np.int64) for part, value in given.items()},)
    masks = {
        part: value.reshape(-1, nodes) if value.shape[-1] == nodes else value.T
        for part, value in given.items()
    }
    return tuple(
        {part: np.flatnonzero(rows[i]) for part, rows in masks.items()}
        for i in range(len(masks["train"]))
    )


def _geometric(name: str, root: str) -> Loaded:
    needs("torch_geometric")
    from torch_geometric import datasets

    if name.lower() in ("cora", "citeseer", "pubmed"):
        graph = datasets.Planetoid(root, name)[0]
    elif name.lower() in ("chameleon", "squirrel"):
        graph = datasets.WikipediaNetwork(root, name, geom_gcn_preprocess=True)[0]
    elif name.lower() == "actor":
        graph = datasets.Actor(root)[0]
    elif name.lower() in ("computers", "photo"):
        graph = datasets.Amazon(root, name)[0]
    else:
        raise UsageError(
            f"pyg:{name}: wanted Cora, CiteSeer, PubMed, chameleon, squirrel, actor, computers or "
            "photo"
        )
    held = {
        "edge_index": graph.edge_index.numpy(),
        "x": graph.x.numpy(),
        "y": graph.y.numpy(),
        "n": graph.num_nodes,
    }
    for part, key in (("train", "train_mask"), ("val", "val_mask"), ("test", "test_mask")):
        if getattr(graph, key, None) is not None:
            mask = getattr(graph, key).numpy()
            held[f"{part}_masks"] = mask.T if mask.ndim == 2 else mask[None]
    return from_arrays(held, f"pyg:{name}")


def _ogb(name: str, root: str) -> Loaded:
    data = needs("ogb.nodeproppred").NodePropPredDataset(name, root)
    graph, labels = data[0]
    held = {
        "edge_index": graph["edge_index"],
        "x": graph["node_feat"],
        "y": labels,
        "n": graph["num_nodes"],
    }
    held |= data.get_idx_split()
    present = {key: value for key, value in held.items() if value is not None}
    return from_arrays(present, f"ogb:{name}")
