"""Lists of edges, GraphML and GML, and tables of nodes beside them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import UsageError, needs
from harness.files import first_line, opened, read_arrays, read_text, unpacked
from harness.tabular import TextTable, read_table

ENDS = {"source", "target", "src", "dst", "from", "to", "u", "v", "node1", "node2", "head", "tail"}
NAMES = {"id", "node", "node_id", "name", "index", ""}
"""Columns that name the nodes of a table."""
CLASSES = ("label", "labels", "class", "y", "club", "value")
"""Attributes of nodes that are their classes, where GraphML or networkx has them."""
_NUMBER = re.compile(r"[0-9]{1,18}")


def read_list(path: Path, features: str, labels: str) -> dict[str, Any]:
    """The arrays of a graph: edges from a CSV, a TSV or a list with spaces, and tables of nodes.

    Nodes are numbers from 0, or names. A third column of edges is a weight. ``features`` and
    ``labels`` are files with a row per node (``.csv``, ``.tsv``, ``.npy``): in the order of the
    nodes, or beginning with a column of their names.
    """
    rows = _rows(path)
    if len(rows[0]) not in (2, 3):
        raise UsageError(
            f"{path}: {len(rows[0])} columns; wanted two ends of an edge, and perhaps a weight"
        )
    named = rows[0][0].casefold() in ENDS or not all(map(_NUMBER.fullmatch, rows[0][:2]))
    if named and (rows[0][0].casefold() in ENDS or all(map(_NUMBER.fullmatch, rows[-1][:2]))):
        rows = rows[1:]
    tokens = np.array([row[:2] for row in rows], str).reshape(-1, 2)
    held: dict[str, Any] = {}
    if len(rows) and len(rows[0]) == 3:
        held["weights"] = np.array([row[2] for row in rows])
    tables = {name: _nodes(file) for name, file in _given(features, labels)}
    names = _names(tokens, tables, path)
    place = {name: i for i, name in enumerate(names)}
    unknown = [name for name in np.unique(tokens).tolist() if name not in place]
    if unknown:
        raise UsageError(
            f"{path}: node {unknown[0]!r} ({len(unknown)} such) is in no row of "
            f"{' or '.join(tables) or 'the file'}; wanted all nodes of edges"
        )
    held["edges"] = np.array([[place[a], place[b]] for a, b in tokens.tolist()], np.int64)
    held["edges"] = held["edges"].reshape(-1, 2)
    held["n"] = len(names)
    for name, (ids, values) in tables.items():
        order = None if ids is None else [ids.index(node) for node in names if node in ids]
        if order is not None and len(order) < len(names):
            raise UsageError(f"{name}: no row for some nodes; wanted one for each of {len(names)}")
        held[name] = values if order is None else values[order]
        if len(held[name]) != len(names):
            raise UsageError(
                f"{name}: {len(held[name])} rows; wanted one per node ({len(names)}), or a first "
                "column with the names of the nodes"
            )
    return held


def _given(features: str, labels: str) -> list[tuple[str, Path]]:
    given = ("features", features), ("labels", labels)
    return [(name, Path(file)) for name, file in given if file]


def _rows(path: Path) -> list[list[str]]:
    if unpacked(path).suffix.lower() in (".csv", ".tsv"):
        return [[field.strip() for field in row] for row in read_table(path, header=False).rows]
    lines = enumerate(read_text(path).split("\n"), start=1)
    rows = []
    for number, line in lines:
        fields = re.split(r"[\s,;]+", line.strip())
        if line.strip() and line.strip()[0] not in "#%":
            # networkx writes the attributes of an edge as {}.
            rows.append([field for field in fields if field != "{}"])
            if len(rows[-1]) != len(rows[0]):
                raise UsageError(
                    f"{path}, line {number}: {len(rows[-1])} fields; wanted {len(rows[0])}, as in "
                    "the first line"
                )
    if not rows:
        raise UsageError(f"{path}: no edges; wanted an edge a line")
    return rows


def _names(
    tokens: NDArray[Any],
    tables: Mapping[str, tuple[list[str] | None, NDArray[Any]]],
    path: Path,
) -> list[str]:
    """The nodes in the order of their rows: as a table names them, by number, or as they occur."""
    for ids, _ in tables.values():
        if ids is not None:
            return ids
    flat = tokens.ravel().tolist()
    if all(map(_NUMBER.fullmatch, flat)):
        counts = [len(values) for _, values in tables.values()]
        most = max(map(int, flat), default=-1) + 1
        if most > 100 * (len(flat) + sum(counts)) + 100:
            raise UsageError(
                f"{path}: edges: node {most - 1} among {len(set(flat))} different ones; wanted "
                "nodes numbered from 0, or tables of nodes that name them in a first column"
            )
        return list(map(str, range(max([most, *counts]))))
    return list(dict.fromkeys(flat))


def _nodes(path: Path) -> tuple[list[str] | None, NDArray[Any]]:
    """The names of the nodes in a table, where it has them, and its values."""
    if path.suffix.lower() == ".npy":
        return None, read_arrays(path)[""]
    table = read_table(path)
    names, rows = table.names, table.rows
    if all(_is_float(name) for name in names):  # no names of columns: the first row is a node
        table = read_table(path, header=False)
        names, rows = table.names, table.rows
    ids = None
    if len(names) > 1 and names[0].casefold() in NAMES:
        ids = [row[0].strip() for row in rows]
        if len(set(ids)) < len(ids):
            raise UsageError(f"{path}: a node twice in column {names[0]!r}; wanted each once")
        rows = [row[1:] for row in rows]
    return ids, _values(rows, table, path)


def _values(rows: list[list[str]], table: TextTable, path: Path) -> NDArray[Any]:
    """Numbers where all are; a single column of anything else as text; NaN for an empty field."""
    try:
        return np.array([[float(field or "nan") for field in row] for row in rows])
    except ValueError:
        if rows and len(rows[0]) == 1:
            return np.array([row[0].strip() for row in rows])
    for row, line in zip(rows, table.lines, strict=True):
        for field in row:
            if field and not _is_float(field):
                raise UsageError(
                    f"{path}, line {line}: {field[:40]!r}; wanted numbers, or one column of names"
                )
    raise AssertionError("a field that is not a number was there")


def _is_float(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def read_markup(path: Path) -> dict[str, Any]:
    """The arrays of a graph in GraphML or GML, through networkx."""
    networkx = needs("networkx")
    ending = unpacked(path).suffix.lower()
    with opened(path) as file:
        try:
            graph = (
                networkx.read_graphml(file)
                if ending == ".graphml"
                else networkx.read_gml(file, label="id")
            )
        except (OSError, EOFError):
            raise  # `opened` names the file
        except Exception as error:  # networkx and its parsers raise nearly anything
            raise UsageError(
                f"{path}: cannot be read ({first_line(error)}); wanted a whole "
                f"{ending.removeprefix('.')} file"
            ) from error
    names = [found.get("label") for _, found in graph.nodes(data=True)]
    if len(set(names)) == len(names):  # in GML, `label` is what a node is called
        for _, found in graph.nodes(data=True):
            found.pop("label", None)
    return of_networkx(graph, str(path))


def of_networkx(graph: Any, where: str) -> dict[str, Any]:
    """The arrays of a graph of networkx: classes and features are attributes of its nodes.

    The class is ``label``, ``class``, ``y`` or ``club``; features are ``x`` or ``features``, lists
    of numbers, or else every other attribute that is a number in all nodes.
    """
    place = {node: i for i, node in enumerate(graph)}
    pairs = np.array([[place[a], place[b]] for a, b in graph.edges()], np.int64).reshape(-1, 2)
    held: dict[str, Any] = {"n": len(place), "edges": pairs}
    weights = [w for _, _, w in graph.edges(data="weight") if w is not None]
    if weights:
        held["weights"] = np.array(weights)
    attributes = [graph.nodes[node] for node in graph]
    common = set.intersection(*(set(found) for found in attributes)) if attributes else set()
    named = next((name for name in CLASSES if name in common), None)
    _refuse_gaps(attributes, common, where, classes=named is None)
    if named:
        values = [found[named] for found in attributes]
        held["labels"] = np.array(
            values if all(isinstance(v, int) for v in values) else list(map(str, values))
        )
    listed = next((name for name in ("x", "features") if name in common), None)
    columns = sorted(
        name
        for name in common - {named}
        if all(isinstance(found[name], int | float) for found in attributes)
    )
    try:
        if listed:
            held["features"] = np.array([found[listed] for found in attributes], np.float64)
        elif columns:
            held["features"] = np.array(
                [[found[name] for name in columns] for found in attributes], np.float64
            )
    except ValueError:
        raise UsageError(
            f"{where}: attributes {listed!r} of different lengths; wanted as many numbers for "
            "every node"
        ) from None
    return held


def _refuse_gaps(
    attributes: list[dict[str, Any]], common: set[str], where: str, *, classes: bool
) -> None:
    """Raise `UsageError` for numbers, and where no node attribute gives classes for those, that
    some nodes have and others lack.
    """
    for name in sorted(set().union(*attributes) - common):
        values = [found[name] for found in attributes if name in found]
        if (classes and name in CLASSES) or all(isinstance(v, int | float) for v in values):
            raise UsageError(
                f"{where}: {len(values)} of {len(attributes)} nodes have the attribute {name!r}; "
                "wanted it on all, or on none"
            )


def of_geometric(data: Any) -> dict[str, Any]:
    """The arrays of a graph of PyTorch Geometric: ``edge_index``, ``x``, ``y`` and the masks."""
    names = ("edge_index", "edge_attr", "x", "y", "train_mask", "val_mask", "test_mask")
    found = {name: getattr(data, name, None) for name in names}
    held = {name: value.numpy() for name, value in found.items() if value is not None}
    return {**held, "n": int(data.num_nodes)}
