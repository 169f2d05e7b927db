"""Variables in memory, for ``harness.run``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from harness import DataError, PairedSamples, needs


def frame(data: Any, folder: Path) -> dict[str, Any] | None:
    """A data frame of pandas or polars as a Parquet file; parameters of the task name columns."""
    if not (hasattr(data, "columns") and hasattr(data, "dtypes")):
        return None
    path = folder / "frame.parquet"
    if hasattr(data, "write_parquet"):
        data.write_parquet(path)
    else:
        needs("pyarrow", "pyarrow")
        data.to_parquet(path)
    return {"path": str(path)}


def pairs(data: Any, folder: Path) -> dict[str, Any] | None:
    """Paired samples, or a data frame. Raises `DataError` for pairs with a split, which a table of
    columns cannot hold."""
    if not isinstance(data, PairedSamples):
        return frame(data, folder)
    if data.split is not None:
        raise DataError(
            "PairedSamples.split", "a split", "pairs without one, as `pairs` reads them"
        )
    path = folder / "pairs.npz"
    np.savez(path, x=data.x, y=data.y)
    kinds = {"x": data.x_kind, "y": data.y_kind}
    stated: dict[str, list[str]] = {"discrete": [], "continuous": []}
    for name, kind in kinds.items():
        if kind in stated:
            stated[kind].append(f"{name}*")
    return {"path": str(path), "x": ("x*",), "y": ("y*",)} | {
        kind: tuple(names) for kind, names in stated.items() if names
    }
