"""From the arrays of a file to a graph: each is checked, by name, before it is used."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import DataError, Ints, Singles, UsageError, mapped, simple_edges, whole_numbers

EDGES = ("edges", "edge_index")
FEATURES = ("features", "node_features", "x", "node_feat")
LABELS = ("labels", "node_labels", "y", "node_label")
WEIGHTS = ("weights", "edge_weight", "edge_weights", "edge_attr")
PARTS = {
    "train": ("train", "train_masks", "train_mask", "train_idx"),
    "valid": ("val", "valid", "val_masks", "val_mask", "valid_mask", "val_idx", "valid_idx"),
    "test": ("test", "test_masks", "test_mask", "test_idx"),
}
_UNWEIGHTED = "a graph without weights, as these tasks read 0/1 edges"


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


def from_arrays(held: Mapping[str, Any], where: str) -> Loaded:
    """A graph from arrays: edges or a sparse adjacency; features as a table or sparse rows.

    Labels are whole numbers (NaN or below 0: unknown), text, or a column per class. Parts of a
    split are positions or masks of any type. Raises `UsageError` or `DataError`, with the name of
    the array, for anything else.
    """
    features = _table(held, where)
    name, given = _first(held, LABELS)
    labels = None if given is None else _labels(given, f"{name} of {where}")
    pairs = _pairs(held, where)
    known = [len(part) for part in (features, labels) if part is not None]
    nodes = _count(held, where) or max(known or [int(pairs.max(initial=0)) + 1])
    for what, part in (("features", features), ("labels", labels)):
        if part is not None and len(part) != nodes:
            raise DataError(f"{what} of {where}", f"{len(part)} rows", f"one per node ({nodes})")
    if labels is not None and "unlabelled" in held:
        labels[_positions(held["unlabelled"], nodes, f"unlabelled of {where}")] = -1
    for weights in (key for key in WEIGHTS if key in held):
        if _differ(np.asarray(held[weights])):
            raise DataError(f"{weights} of {where}", "edges with weights", _UNWEIGHTED)
    edges = simple_edges(pairs, nodes, name=where)
    edges.flags.writeable = False  # nobody else has it: it need not be copied
    return Loaded(nodes, edges, features, labels, _splits(held, nodes, where))


def _first(held: Mapping[str, Any], names: tuple[str, ...]) -> tuple[str, Any]:
    name = next((name for name in names if name in held), "")
    return name, np.asarray(held[name]) if name else None


def _differ(values: NDArray[Any]) -> bool:
    """Whether more than one value occurs."""
    flat = values.reshape(-1)
    return any(
        len(np.unique(np.concatenate([flat[:1], flat[part]]))) > 1
        for part in mapped.blocks_of(flat)
    )


def _count(held: Mapping[str, Any], where: str) -> int:
    """The number of nodes that the file states; 0 where it does not."""
    if "n" not in held:
        return 0
    stated = whole_numbers(held["n"], f"n of {where}")
    if stated.size != 1:
        raise DataError(f"n of {where}", f"shape {stated.shape}", "one number")
    return int(stated.flat[0])


def _labels(given: NDArray[Any], where: str) -> Ints:
    """Classes (n,) from 0 up, -1 where unknown."""
    if given.ndim == 2 and given.shape[1] > 1:
        return _one_hot(given, where)
    flat = given.reshape(-1)
    if flat.dtype.kind == "b":
        return mapped.copied(flat, np.int64)
    if flat.dtype.kind in "US":
        names, found = mapped.distinct(flat), mapped.zeros(len(flat), np.int64)
        # What is empty has no label; the other names are numbered in their order.
        empty = np.array([not str(name).strip() for name in names], bool)
        order = np.where(empty, -1, np.cumsum(~empty) - 1)
        for part in mapped.blocks_of(flat):
            found[part] = order[np.searchsorted(names, flat[part])]
        return found
    if flat.dtype.kind == "f":
        flat = mapped.copied(flat)
        for part in mapped.blocks_of(flat):
            flat[part][np.isnan(flat[part])] = -1
    found = whole_numbers(flat, where)
    return np.maximum(found, -1, out=found)


def _one_hot(given: NDArray[Any], where: str) -> Ints:
    found: Ints = mapped.zeros(len(given), np.int64)
    for part in mapped.blocks_of(given):
        block = given[part]
        plain = block.dtype.kind in "iufb" and ((block == 0) | (block == 1)).all()
        sums = block.sum(1) if plain else np.empty(0)
        if not plain or (sums > 1).any():
            odd = "several classes of a node" if plain else f"shape {given.shape} of {given.dtype}"
            row = int(part.start + np.argmax(sums > 1)) if plain else None
            raise DataError(where, odd, "a class per node, or a column per class with one 1", row)
        found[part] = np.where(sums == 1, block.argmax(1), -1)
    return found


def _pairs(held: Mapping[str, Any], where: str) -> Ints:
    if "adj_indptr" in held:
        return _adjacent(held, where)
    name, pairs = _first(held, EDGES)
    if pairs is None or pairs.ndim != 2 or 2 not in pairs.shape:
        found = "no edges" if pairs is None else f"{name} of shape {pairs.shape}"
        raise UsageError(
            f"{where}: {found}; wanted an array {' or '.join(EDGES)} of shape (m, 2) or (2, m)"
        )
    pairs = pairs if pairs.shape[1] == 2 else pairs.T
    return pairs if pairs.dtype == np.int64 else whole_numbers(pairs, f"{name} of {where}")


def _adjacent(held: Mapping[str, Any], where: str) -> Ints:
    """The pairs of a sparse adjacency."""
    ends, weight = mapped.Column(np.int64, 2), None
    for rows, columns, values in _entries(*_sparse(held, "adj", where)):
        found = np.column_stack([rows, columns])
        if values is not None:
            there = values != 0  # a zero that is stored is no edge
            found, kept = found[there], values[there]
            weight = kept[0] if kept.size and weight is None else weight
            if (kept != weight).any():
                raise DataError(f"adj_data of {where}", "edges with weights", _UNWEIGHTED)
        ends.add(found)
    return ends.array()


def _sparse(
    held: Mapping[str, Any], stem: str, where: str
) -> tuple[Ints, Ints, NDArray[Any] | None]:
    """Cuts and columns of sparse rows, and their values where the file has them."""
    if f"{stem}_indices" not in held:
        raise UsageError(f"{where}: {stem}_indptr without {stem}_indices; wanted both")
    cuts = whole_numbers(held[f"{stem}_indptr"], f"{stem}_indptr of {where}")
    columns = whole_numbers(held[f"{stem}_indices"], f"{stem}_indices of {where}")
    if cuts.ndim != 1 or columns.ndim != 1 or not cuts.size:
        raise DataError(f"{stem}_indptr of {where}", f"shape {cuts.shape}", "a flat array")
    if cuts[0] != 0 or (np.diff(cuts) < 0).any() or cuts[-1] != len(columns):
        raise DataError(
            f"{stem}_indptr of {where}",
            f"{cuts[:2].tolist()} ... {cuts[-1]}",
            f"cuts that increase from 0 to the number of {stem}_indices, {len(columns)}",
        )
    values = np.asarray(held[f"{stem}_data"]).reshape(-1) if f"{stem}_data" in held else None
    if values is not None and (len(values) != len(columns) or values.dtype.kind not in "iufb"):
        raise DataError(
            f"{stem}_data of {where}",
            f"{len(values)} values of {values.dtype}",
            f"a number for each of the {len(columns)} {stem}_indices",
        )
    return cuts, columns, values


def _entries(
    cuts: Ints, columns: Ints, values: NDArray[Any] | None
) -> Iterator[tuple[Ints, Ints, NDArray[Any] | None]]:
    """Rows, columns and values of the entries of sparse rows, in parts."""
    for part in mapped.blocks(len(columns), columns.itemsize):
        rows = np.searchsorted(cuts, np.arange(part.start, part.stop), side="right") - 1
        yield rows, columns[part], None if values is None else values[part]


def _table(held: Mapping[str, Any], where: str) -> Singles | None:
    """Features as a dense table, from sparse rows (``x_data``, ``attr_data`` ...) too."""
    for stem in ("x", "attr"):
        if f"{stem}_indptr" in held:
            return _finite(_dense(held, stem, where), f"{stem}_data of {where}")
    name, found = _first(held, FEATURES)
    if found is None:
        return None
    if found.ndim != 2 or found.dtype.kind not in "iufb":
        raise UsageError(
            f"{where}: {name} of shape {found.shape} and type {found.dtype}; wanted numbers "
            "(nodes, features)"
        )
    return _finite(found, f"{name} of {where}")


def _dense(held: Mapping[str, Any], stem: str, where: str) -> NDArray[np.float32]:
    cuts, columns, values = _sparse(held, stem, where)
    if values is None:
        raise UsageError(f"{where}: {stem}_indptr without {stem}_data; wanted both")
    stated = whole_numbers(held.get(f"{stem}_shape", ()), f"{stem}_shape of {where}")
    shape: list[int] = stated.reshape(-1).tolist()
    if len(shape) != 2 or shape[0] != len(held[f"{stem}_indptr"]) - 1 or shape[1] < 1:
        raise DataError(
            f"{stem}_shape of {where}",
            f"{shape}",
            f"rows and columns, with {len(held[f'{stem}_indptr']) - 1} rows as in {stem}_indptr",
        )
    for rows, found, _ in _entries(cuts, columns, None):
        outside = (found < 0) | (found >= shape[1])
        if outside.any():
            raise DataError(
                f"{stem}_indices of {where}",
                f"column {found[outside][0]}",
                f"0 to {shape[1] - 1}",
                int(rows[outside][0]),
            )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if 4 * math.prod(shape) > memory // 2:
        raise DataError(f"{stem}_shape of {where}", f"{shape}", "a table that memory holds")
    dense = mapped.zeros((shape[0], shape[1]), np.float32)
    for rows, found, part in _entries(cuts, columns, values):
        assert part is not None
        np.add.at(dense, (rows, found), part.astype(np.float32))
    return dense


def _finite(table: NDArray[Any], where: str) -> Singles:
    single = table.dtype == np.float32
    found = table if single else mapped.zeros(table.shape, np.float32)
    for part in mapped.blocks_of(table):
        if not single:
            with np.errstate(over="ignore"):
                found[part] = table[part]
        broken = ~np.isfinite(found[part])
        if broken.any():
            row = part.start + int(np.argwhere(broken)[0][0])
            raise DataError(where, "NaN or infinity", "finite numbers of single precision", row)
    return found


def _splits(held: Mapping[str, Any], nodes: int, where: str) -> tuple[Mapping[str, Ints], ...]:
    """Public splits: positions, or masks with one row (or column) per split."""
    given = {part: _first(held, names) for part, names in PARTS.items()}
    if any(value is None for _, value in given.values()):
        return ()
    parts = {
        part: _members(value, nodes, f"{name} of {where}") for part, (name, value) in given.items()
    }
    counts = {part: len(members) for part, members in parts.items()}
    if len(set(counts.values())) > 1:
        raise DataError(f"splits of {where}", f"{counts}", "as many of each part")
    return tuple(
        {part: members[i] for part, members in parts.items()} for i in range(counts["train"])
    )


def _members(value: NDArray[Any], nodes: int, where: str) -> list[Ints]:
    """The nodes of one part, in each split: from masks (0 and 1 of any type) or positions."""
    if value.dtype.kind not in "iufb":
        raise DataError(where, f"{value.dtype} values", "masks of 0 and 1, or positions of nodes")
    if value.ndim and nodes in value.shape and np.isin(value, (0, 1)).all():
        masks = value.reshape(-1, nodes) if value.shape[-1] == nodes else value.T
        return [np.flatnonzero(mask) for mask in masks]
    if value.dtype.kind == "b":
        raise DataError(where, f"shape {value.shape}", f"a mask of the {nodes} nodes")
    return [_positions(value, nodes, where)]


def _positions(value: Any, nodes: int, where: str) -> Ints:
    found = whole_numbers(value, where).reshape(-1)
    outside = (found < 0) | (found >= nodes)
    if outside.any():
        row = int(np.argmax(outside))
        raise DataError(where, f"node {found[row]}", f"nodes from 0 to {nodes - 1}", row)
    return found
