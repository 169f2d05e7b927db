"""Attributed graphs from files, in the layouts that public collections use."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from harness import UsageError, needs
from harness.files import read_arrays, read_bytes, unpacked
from harness_graphs.arrays import Loaded, from_arrays
from harness_graphs.lists import of_geometric, of_networkx, read_list, read_markup

PREFIXES = ("pyg:", "ogb:")
LISTS = (".csv", ".tsv", ".txt", ".edgelist", ".edges")
MARKUP = (".graphml", ".gml")


def read(name: str, root: str, features: str = "", labels: str = "") -> Loaded:
    """A graph by what names it: a file, ``pyg:DATASET`` or ``ogb:DATASET``.

    Files are ``.npz`` archives, lists of edges (``.csv``, ``.tsv``, ``.txt``, ``.edgelist``) with
    tables of ``features`` and ``labels`` beside them, GraphML and GML. ``pyg:Cora`` is read by
    PyTorch Geometric's Planetoid, ``pyg:chameleon`` by its WikipediaNetwork, ``ogb:ogbn-arxiv`` by
    OGB; both look for, or put, their files under ``root``.

    Raises
    ------
    UsageError : no such file or data set, or an unknown layout.
    DataError : arrays that are none of a graph; it names the array.
    MissingDependency : the package that reads it is not installed.
    """
    if name.startswith("pyg:"):
        return _geometric(name.removeprefix("pyg:"), root)
    if name.startswith("ogb:"):
        return _ogb(name.removeprefix("ogb:"), root)
    path, ending = Path(root, name), unpacked(Path(name)).suffix.lower()
    if ending in LISTS:
        beside = [str(Path(root, file)) if file else "" for file in (features, labels)]
        return from_arrays(read_list(path, *beside), str(path))
    if ending in MARKUP:
        return from_arrays(read_markup(path), str(path))
    if ending != ".npz":
        raise UsageError(
            f"{path}: unknown kind of file {ending!r}; wanted "
            f"{', '.join(('.npz', *LISTS, *MARKUP))}, pyg:NAME or ogb:NAME"
        )
    return from_arrays(read_arrays(path, skip=UNREAD), str(path))


def of_object(graph: Any) -> Loaded:
    """A graph from an object of networkx or of PyTorch Geometric.

    Raises `UsageError` for anything else, and `DataError` as `harness_graphs.arrays.from_arrays`.
    """
    if hasattr(graph, "edge_index") and hasattr(graph, "num_nodes"):
        return from_arrays(of_geometric(graph), "the graph")
    if hasattr(graph, "nodes") and hasattr(graph, "edges"):
        return from_arrays(of_networkx(graph, "the graph"), "the graph")
    raise UsageError(
        f"a graph of type {type(graph).__name__}; wanted one of networkx or of PyTorch Geometric"
    )


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


def stamp(name: str, root: str, *beside: str) -> str | None:
    """A digest of the file, where it is one, and of the tables ``beside`` it."""
    if name.startswith(PREFIXES):
        return None
    paths = [Path(root, file) for file in (name, *beside) if file]
    if not all(path.is_file() for path in paths):
        return None
    digests = [hashlib.sha256(read_bytes(path)).hexdigest() for path in paths]
    return (
        digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
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
    return from_arrays(of_geometric(graph), f"pyg:{name}")


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
