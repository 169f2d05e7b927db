"""Activations of the user: the arrays of an NPZ or safetensors file, a layer each."""

from __future__ import annotations

import fnmatch
import hashlib
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from harness import Activations, Case, DataError, Ints, UsageError, needs
from harness.files import first_line, read_arrays, read_bytes
from harness.kinds import whole_numbers
from harness_networks import settings

ENDINGS = (".npz", ".npy", ".safetensors")
LABELS = ("labels", "y", "targets")


class OwnActivations(settings.OwnActivations):
    """One case per layer of a file.

    A layer is an array ``(n, units)``; the positions of ``(n, positions, units)`` and of the maps
    of a convolution ``(n, channels, height, width)`` are samples, each with the label of its input.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """The cases, which the arrays give. Raises `UsageError` where there is no such file."""
        if not self.path:
            raise UsageError("activations.path is empty; wanted --set activations.path=FILE")
        path = Path(self.path).expanduser()
        stamp = hashlib.sha256(read_bytes(path)).hexdigest()[:16]
        arrays = _read(path)
        layers = [name for name in arrays if name != self.labels and name.casefold() not in LABELS]
        chosen = [
            name
            for name in layers
            if not self.layers or any(fnmatch.fnmatchcase(name, glob) for glob in self.layers)
        ]
        if not chosen:
            raise UsageError(
                f"{path}: no layer {', '.join(self.layers) or 'at all'}; it has {', '.join(layers)}"
            )
        for name in chosen:
            yield Case(
                name,
                partial(self._layer, path, arrays, name),
                facts={"layer": name},
                stamp=f"{stamp} {name}",
            )

    def _layer(self, path: Path, arrays: dict[str, Any], name: str) -> Activations:
        where = f"{path}: {name}"
        values = arrays[name]
        if values.dtype.kind not in "iuf" or values.ndim not in (2, 3, 4):
            raise UsageError(
                f"{where} has the type {values.dtype} and the shape {values.shape}; wanted numbers "
                "(n, units), (n, positions, units) or (n, channels, height, width)"
            )
        if values.ndim == 4:
            values = np.moveaxis(values, 1, -1)
        rows = values.reshape(-1, values.shape[-1]).astype(np.float64)
        labels = self._labels(path, arrays, len(values))
        if labels is not None:
            labels = np.repeat(labels, len(rows) // len(values))
        try:
            return Activations(rows, labels, layer=name)
        except DataError as error:
            raise UsageError(f"{where}: {error}") from error

    def _labels(self, path: Path, arrays: dict[str, Any], n: int) -> Ints | None:
        named = (self.labels,) if self.labels else LABELS
        found = next((name for name in arrays if name in named), None)
        if found is None:
            if self.labels:
                raise UsageError(f"{path}: no array {self.labels!r}; it has {', '.join(arrays)}")
            return None
        values = arrays[found].reshape(-1)
        if len(values) != n:
            raise UsageError(f"{path}: {len(values)} {found} for {n} inputs; wanted one for each")
        if values.dtype.kind in "US":
            return np.asarray(np.unique(values, return_inverse=True)[1], np.int64)
        if values.dtype.kind == "b":
            return np.asarray(values, np.int64)
        try:
            return whole_numbers(values, f"{path}: {found}")
        except DataError as error:
            raise UsageError(str(error)) from error


def _read(path: Path) -> dict[str, Any]:
    ending = path.suffix.lower()
    if ending in (".npz", ".npy"):
        return {name or path.stem: array for name, array in read_arrays(path).items()}
    if ending != ".safetensors":
        raise UsageError(f"{path}: unknown kind of file {ending!r}; wanted {', '.join(ENDINGS)}")
    torch = needs("safetensors.torch", "infoharness[networks]")
    try:
        found = torch.load_file(str(path))
    except Exception as error:  # whatever the library raises on a broken file
        raise UsageError(
            f"{path}: cannot be read ({first_line(error)}); wanted a whole safetensors file"
        ) from error
    return {
        name: (value.float() if value.is_floating_point() else value).numpy()
        for name, value in found.items()
    }
