"""The schema of a file that a kind wrote: what must be in it, and of which type."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.files import parse_json, read_arrays
from harness.kinds.fields import field_type, fits

HEADER = "__header__"


def contents(cls: type[Any], path: Path) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The arrays, the plain values and the parts of the split in a file of ``cls``.

    Raises `UsageError` for a file of another kind or version, and for fields that ``cls`` does not
    have, lacks, or has of another type.
    """
    arrays = read_arrays(path)
    if HEADER not in arrays:
        raise UsageError(
            f"{path}: no array {HEADER!r}; wanted a file that {cls.__name__}.save wrote"
        )
    header = parse_json(str(arrays.pop(HEADER)), f"{path}: {HEADER}")
    if not isinstance(header, dict) or not isinstance(header.get("fields"), dict):
        raise UsageError(f"{path}: {HEADER} holds no kind, version and fields; wanted all three")
    kind, version = header.get("kind"), header.get("version")
    if (kind, version) != (cls.__name__, cls.version):
        raise UsageError(
            f"{path}: holds {kind} version {version}; wanted {cls.__name__} version {cls.version}"
        )
    parts = {
        name.removeprefix("split."): arrays.pop(name)
        for name in list(arrays)
        if name.startswith("split.")
    }
    values = {name: _tuples(value) for name, value in header["fields"].items()}
    known = {f.name: f for f in dataclasses.fields(cls) if f.name != "split"}
    for name in (*arrays, *values):
        stored = "shape" if name in arrays else "plain"
        if name not in known or ("shape" in known[name].metadata) != (stored == "shape"):
            raise UsageError(f"{path}: field {name!r}; wanted the fields of {cls.__name__}")
    for name, part in parts.items():
        if name not in ("train", "valid", "test"):
            raise UsageError(f"{path}: split.{name} of {len(part)}; wanted train, valid and test")
    for name, f in known.items():
        needed = f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
        if name not in arrays and name not in values:
            if needed:
                raise UsageError(f"{path}: no field {name!r}, which {cls.__name__} needs")
        elif name in values and not fits(values[name], field_type(f, cls)):
            stated = f.type if isinstance(f.type, str) else getattr(f.type, "__name__", f.type)
            raise UsageError(f"{path}: {name} = {values[name]!r:.60}; wanted {stated}")
    return arrays, values, parts


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value
