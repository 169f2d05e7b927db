"""Lists of edges, GraphML and GML, and tables of nodes beside them."""

from __future__ import annotations

import collections
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import Ints, UsageError, mapped, needs
from harness.files import first_line, lines, opened, read_arrays, unpacked
from harness.tabular import table_rows

ENDS = {"source", "target", "src", "dst", "from", "to", "u", "v", "node1", "node2", "head", "tail"}
NAMES = {"id", "node", "node_id", "name", "index", ""}
"""Columns that name the nodes of a table."""
CLASSES = ("label", "labels", "class", "y", "club", "value")
"""Attributes of nodes that are their classes, where GraphML or networkx has them."""
ROWS = 2**14
"""Rows of a file that are held at once."""
_NUMBER = re.compile(r"[0-9]{1,18}")


def read_list(path: Path, features: str, labels: str) -> dict[str, Any]:
    """The arrays of a graph: edges from a CSV, a TSV or a list with spaces, and tables of nodes.

    Nodes are numbers from 0, or names. A third column of edges is a weight. ``features`` and
    ``labels`` are files with a row per node (``.csv``, ``.tsv``, ``.npy``): in the order of the
    nodes, or beginning with a column of their names.
    """
    tables = {name: _nodes(file) for name, file in _given(features, labels)}
    ends = _Ends(path, *_first_rows(path))
    ids = next((ids for ids, _ in tables.values() if ids is not None), None)
    counts = [len(values) for _, values in tables.values()]
    place = None if ids is None else {name: i for i, name in enumerate(ids)}
    pairs = ends.numbered(counts) if place is None else None
    if pairs is None:
        pairs = ends.named(place, " or ".join(tables))
    names = ids if ids is not None else ends.names
    nodes = ends.nodes if names is None else len(names)
    held: dict[str, Any] = {"edges": pairs, "n": nodes}
    if ends.weights:
        held["weights"] = np.array(sorted(ends.weights))
    for name, (own, values) in tables.items():
        held[name] = values
        if own is not None and own is not ids:
            order = {node: i for i, node in enumerate(own)}
            rows = [order[node] for node in ids or () if node in order]
            if len(rows) < nodes:
                raise UsageError(f"{name}: no row for some nodes; wanted one for each of {nodes}")
            held[name] = mapped.taken(values, np.array(rows, np.int64))
        if len(held[name]) != nodes:
            raise UsageError(
                f"{name}: {len(held[name])} rows; wanted one per node ({nodes}), or a first "
                "column with the names of the nodes"
            )
    return held


def _given(features: str, labels: str) -> list[tuple[str, Path]]:
    given = ("features", features), ("labels", labels)
    return [(name, Path(file)) for name, file in given if file]


def _first_rows(path: Path) -> tuple[int, int]:
    """Columns of a list of edges, and how many rows are no edges but names of columns: 0 or 1."""
    rows = _rows(path)
    first = next(rows)
    if len(first) not in (2, 3):
        raise UsageError(
            f"{path}: {len(first)} columns; wanted two ends of an edge, and perhaps a weight"
        )
    if first[0].casefold() in ENDS:
        return len(first), 1
    if all(map(_NUMBER.fullmatch, first[:2])):
        return len(first), 0
    last = next(iter(collections.deque(rows, maxlen=1)), first)
    return len(first), int(all(map(_NUMBER.fullmatch, last[:2])))


def _rows(path: Path) -> Iterator[list[str]]:
    """The rows of a list of edges, one after another; there is one at least."""
    if unpacked(path).suffix.lower() in (".csv", ".tsv"):
        for _, row in table_rows(path):
            yield [field.strip() for field in row]
        return
    wide = 0
    for number, line in enumerate(lines(path), start=1):
        text = line.strip()
        if text and text[0] not in "#%":
            # networkx writes the attributes of an edge as {}.
            fields = [field for field in re.split(r"[\s,;]+", text) if field != "{}"]
            wide = wide or len(fields)
            if len(fields) != wide:
                raise UsageError(
                    f"{path}, line {number}: {len(fields)} fields; wanted {wide}, as in "
                    "the first line"
                )
            yield fields
    if not wide:
        raise UsageError(f"{path}: no edges; wanted an edge a line")


class _Ends:
    """The ends of the edges in a file, read in parts.

    ``names`` are the nodes, where they are not numbers, ``nodes`` counts them where they are.
    ``weights`` are two of the weights at most: whether they differ is all that is asked.
    """

    def __init__(self, path: Path, columns: int, skip: int) -> None:
        self._path, self._weighted, self._skip = path, columns == 3, skip
        self.names: list[str] | None = None
        self.nodes = 0
        self.weights: set[str] = set()

    def _parts(self) -> Iterator[list[str]]:
        """The ends of many edges, one after another."""
        rows = itertools.islice(_rows(self._path), self._skip, None)
        while part := list(itertools.islice(rows, ROWS)):
            if self._weighted and len(self.weights) < 2:
                self.weights |= set(sorted({row[2] for row in part})[:2])
            yield [end for row in part for end in row[:2]]

    def numbered(self, counts: list[int]) -> Ints | None:
        """Pairs ``(m, 2)`` of numbers; None where some end is no number.

        ``counts`` are the rows of tables beside them. Raises `UsageError` for numbers with zeros
        before them, and for far fewer nodes than the largest number says.
        """
        found = mapped.Column(np.int64, 2)
        odd: set[str] = set()
        for ends in self._parts():
            if not all(map(_NUMBER.fullmatch, ends)):
                return None
            numbers = list(map(int, ends))
            if len("".join(map(str, numbers))) != len("".join(ends)):
                odd.update(end for end in ends if str(int(end)) != end)
            found.add(np.array(numbers, np.int64).reshape(-1, 2))
        pairs = found.array()
        most = int(pairs.max(initial=-1)) + 1
        if most > 100 * (pairs.size + sum(counts)) + 100:
            raise UsageError(
                f"{self._path}: edges: node {most - 1} among {len(np.unique(pairs))} different "
                "ones; wanted nodes numbered from 0, or tables of nodes that name them in a first "
                "column"
            )
        self._refuse(odd, "")
        self.nodes = max([most, *counts])
        return pairs

    def named(self, place: dict[str, int] | None, tables: str) -> Ints:
        """Pairs ``(m, 2)`` of positions: in ``place``, or in the order in which names occur.

        Raises `UsageError` for a name that is not in ``place``, which is of ``tables``.
        """
        found = mapped.Column(np.int64, 2)
        known = {} if place is None else place
        odd: set[str] = set()
        for ends in self._parts():
            if place is None:
                for end in ends:
                    known.setdefault(end, len(known))
            elif unknown := set(ends) - known.keys():
                odd |= unknown
                continue
            found.add(np.array([known[end] for end in ends], np.int64).reshape(-1, 2))
        self._refuse(odd, tables)
        if place is None:
            self.names = list(known)
        return found.array()

    def _refuse(self, odd: set[str], tables: str) -> None:
        if odd:
            raise UsageError(
                f"{self._path}: node {min(odd)!r} ({len(odd)} such) is in no row of "
                f"{tables or 'the file'}; wanted all nodes of edges"
            )


def _nodes(path: Path) -> tuple[list[str] | None, NDArray[Any]]:
    """The names of the nodes in a table, where it has them, and its values."""
    if path.suffix.lower() == ".npy":
        return None, read_arrays(path)[""]
    names, ids = _columns(path)
    if ids is not None and len(set(ids)) < len(ids):
        raise UsageError(f"{path}: a node twice in column {names[0]!r}; wanted each once")
    return ids, _values(path, skip=int(bool(names)), first=int(ids is not None))


def _columns(path: Path) -> tuple[tuple[str, ...], list[str] | None]:
    """The names of the columns, none where the first row is a node; names of nodes, if any."""
    rows = (row for _, row in table_rows(path))
    names = tuple(name.strip() for name in next(rows))
    if all(_is_float(name) for name in names):
        return (), None
    if twice := [name for name in names if names.count(name) > 1]:
        raise UsageError(f"{path}: the column {twice[0]!r} twice; wanted different names")
    if len(names) > 1 and names[0].casefold() in NAMES:
        return names, [row[0].strip() for row in rows]
    return names, None


def _values(path: Path, skip: int, first: int) -> NDArray[Any]:
    """Numbers where all are; a single column of anything else as text; NaN for an empty field."""
    numbers: mapped.Column | None = None
    for part in _table_parts(path, skip):
        numbers = numbers or mapped.Column(np.float64, len(part[0][1]) - first)
        try:
            numbers.add([[float(field or "nan") for field in row[first:]] for _, row in part])
        except ValueError:
            if len(part[0][1]) - first == 1:
                return _texts(path, skip, first)
            for line, row in part:
                for field in row[first:]:
                    if field and not _is_float(field):
                        raise UsageError(
                            f"{path}, line {line}: {field[:40]!r}; wanted numbers, or one column "
                            "of names"
                        ) from None
    if numbers is None:
        raise UsageError(f"{path}: no rows but the names of columns; wanted at least one")
    return numbers.array()


def _texts(path: Path, skip: int, first: int) -> NDArray[Any]:
    place: dict[str, int] = {}
    codes = mapped.Column(np.int64)
    for part in _table_parts(path, skip):
        codes.add([place.setdefault(row[first].strip(), len(place)) for _, row in part])
    return mapped.taken(np.array(list(place)), codes.array())


def _table_parts(path: Path, skip: int) -> Iterator[list[tuple[int, list[str]]]]:
    """Lines and rows of a table, many at once."""
    rows = itertools.islice(table_rows(path), skip, None)
    while part := list(itertools.islice(rows, ROWS)):
        yield part


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
