"""Outputs as arrays: what is kept of them beside their records, and outputs from what was kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.files import read_arrays
from harness.outputs import Curve, Estimate, Output, Prediction, Selection

if TYPE_CHECKING:
    from harness.kinds import Kind

LARGEST = 2**25
"""Bytes of an output, before they are compressed, that are kept."""
SET, UNIT = "set ", "unit "
"""Names of arrays begin so: of sets of a selection, of columns that say which unit is which."""
Units = Mapping[str, Any]
"""Columns by name, one value per unit: integers, or texts."""


def arrays_of(output: Output, units: Units) -> dict[str, np.ndarray[Any, Any]]:
    """What is kept of an output, by name: nothing of a number without values of single units."""
    found: dict[str, Any]
    if isinstance(output, Estimate):
        found = {} if output.local is None else {"local": output.local}
    elif isinstance(output, Selection):
        found = {"order": output.order, "scores": output.scores}
        found |= {f"{SET}{size}": chosen for size, chosen in (output.sets or {}).items()}
    elif isinstance(output, Curve):
        names = ("x", "y", "stderr", "name_x", "name_y")
        found = {name: getattr(output, name) for name in names}
    else:
        found = {"values": output.values, "index": output.index}
    if found:
        found |= {f"{UNIT}{name}": values for name, values in units.items()}
    return {name: np.asarray(value) for name, value in found.items() if value is not None}


def output_of(arrays: Mapping[str, Any]) -> Output:
    """The output that `arrays_of` took apart. Raises `KeyError`, and as outputs do."""
    if "local" in arrays:
        return Estimate.from_local(arrays["local"])
    if "order" in arrays:
        sets = {int(n.removeprefix(SET)): v for n, v in arrays.items() if n.startswith(SET)}
        return Selection(arrays["order"], arrays.get("scores"), sets or None)
    if "x" in arrays:
        names = str(arrays["name_x"]), str(arrays["name_y"])
        return Curve(arrays["x"], arrays["y"], *names, arrays.get("stderr"))
    return Prediction(arrays["values"], arrays["index"])


def read(file: Path) -> dict[str, Any] | None:
    """The arrays of a file of the store; None where there is none.

    Raises `UsageError` where it cannot be read.
    """
    if not file.exists():
        return None
    return {name: array for name, array in read_arrays(file).items() if name != "__header__"}


def kept_units(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that say which unit is which."""
    return {n.removeprefix(UNIT): v for n, v in arrays.items() if n.startswith(UNIT)}


def units_of(output: Output, data: Kind) -> dict[str, Any]:
    """Which unit, or item of a unit, each local value belongs to: the columns that the data name,
    and ``row``, the position of a unit of the test part."""
    if not isinstance(output, Estimate) or output.local is None:
        return {}
    count = len(output.local)
    if count == data.n:
        return dict(data.identify())
    if data.split is not None and count == len(data.split.test):
        return {"row": data.split.test, **taken(data.identify(), data.split.test)}
    items = data.identify_items()
    if not items:
        return {}
    unit = next(iter(items))
    if count == len(items[unit]):
        return items
    if data.split is not None:
        rows = np.concatenate([np.flatnonzero(items[unit] == u) for u in data.split.test])
        if count == len(rows):
            return taken(items, rows)
    return {}


def matched(said: Units, own: Units) -> dict[str, Any]:
    """What data say of the items that ``own`` places by its first two columns; nothing where they
    have no such items."""
    names = list(said)[:2]
    if not names or any(name not in own for name in names):
        return {}
    place = {at: i for i, at in enumerate(zip(*(said[n].tolist() for n in names), strict=True))}
    wanted = zip(*(own[n].tolist() for n in names), strict=True)
    rows = [place.get(at, -1) for at in wanted]
    return {} if -1 in rows else taken(said, rows)


def taken(units: Units, rows: Sequence[int] | np.ndarray[Any, Any]) -> dict[str, Any]:
    """The values of some units."""
    return {
        name: values[rows] if isinstance(values, np.ndarray) else [values[int(i)] for i in rows]
        for name, values in units.items()
    }
