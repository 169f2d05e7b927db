"""Activations of the user: the arrays of an NPZ or safetensors file, a layer each; and the
information plane of them."""

from __future__ import annotations

import fnmatch
import hashlib
import re
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from harness import (
    Activations,
    Case,
    DataError,
    Floats,
    Ints,
    PairedSamples,
    Split,
    UsageError,
    needs,
    stream,
    whole_numbers,
)
from harness.files import first_line, read_arrays, read_bytes
from harness.tables import natural
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
        path, stamp, arrays = self._file("activations")
        for name in self._chosen(path, arrays, self.labels):
            yield Case(
                name,
                partial(self._layer, path, arrays, name),
                facts={"layer": name},
                stamp=f"{stamp} {name}",
            )

    def _file(self, task: str) -> tuple[Path, str, dict[str, Any]]:
        """The file, its digest and its arrays."""
        if not self.path:
            raise UsageError(f"{task}.path is empty; wanted --set {task}.path=FILE")
        path = Path(self.path).expanduser()
        return path, hashlib.sha256(read_bytes(path)).hexdigest()[:16], arrays_of(path)

    def _chosen(self, path: Path, arrays: dict[str, Any], *others: str) -> list[str]:
        """The names of the layers that are asked for."""
        layers = [n for n in arrays if n not in others and n.casefold() not in LABELS]
        chosen = [
            name
            for name in layers
            if not self.layers or any(fnmatch.fnmatchcase(name, glob) for glob in self.layers)
        ]
        if not chosen:
            raise UsageError(
                f"{path}: no layer {', '.join(self.layers) or 'at all'}; it has {', '.join(layers)}"
            )
        return chosen

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


class OwnPlane(settings.OwnPlane, OwnActivations):
    """Two cases per array of a layer: the inputs with the layer, I(X;L), and the layer with the
    label, I(L;Y).

    ``epoch`` and a number in the name of an array say when it was recorded (``epoch-10/hidden-2``);
    what is left of the name is the layer. Layers are numbered from 1, as people sort their names.
    The split is random: compressors are fitted on its training part, and estimators read the rest.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """The cases. Raises `UsageError` where the file has no inputs, labels or layers."""
        path, stamp, arrays = self._file("activation-plane")
        if self.inputs not in arrays:
            raise UsageError(
                f"{path}: no array {self.inputs!r}; it has {', '.join(arrays)}; "
                "wanted --set activation-plane.inputs=NAME"
            )
        names = sorted(self._chosen(path, arrays, self.labels, self.inputs), key=natural)
        layers = sorted({_place(name)[1] for name in names}, key=natural)
        for name in names:
            epoch, layer = _place(name)
            facts: dict[str, str | int | float] = {
                "epoch": epoch,
                "layer": layers.index(layer) + 1,
                "name": layer,
            }
            for side, pair in (("x", "I(X;L)"), ("y", "I(L;Y)")):
                yield Case(
                    f"{name}-{side}",
                    partial(self._pair, path, arrays, name, side, seed),
                    facts={**facts, "pair": pair},
                    stamp=f"{stamp} {name} {side}",
                )

    def _pair(
        self, path: Path, arrays: dict[str, Any], name: str, side: str, seed: int
    ) -> PairedSamples:
        inputs = arrays[self.inputs]
        hidden = self._layer(path, arrays, name)
        if len(hidden.x) != len(inputs):
            raise UsageError(
                f"{path}: {name} has {len(hidden.x)} rows for {len(inputs)} inputs; wanted one each"
            )
        order = stream(seed, "activation-plane", "split").permutation(len(inputs))
        count = round(self.train_share * len(inputs))
        if not 0 < count < len(inputs):
            raise UsageError(
                f"activation-plane.train_share: {self.train_share} of {len(inputs)} inputs; "
                "wanted a share that leaves some on both sides"
            )
        split = Split(np.sort(order[:count]), np.sort(order[count:]))
        if side == "x":
            flat: Floats = inputs.reshape(len(inputs), -1).astype(np.float64)
            return PairedSamples(flat, hidden.x, split=split)
        if hidden.labels is None:
            raise UsageError(f"{path}: no labels; wanted an array named {', '.join(LABELS)}")
        labels = hidden.labels[:, None].astype(np.float64)
        return PairedSamples(hidden.x, labels, y_kind="discrete", split=split)


def _place(name: str) -> tuple[int, str]:
    """The epoch that a name states (0 where none), and the layer."""
    found = re.search(r"epoch[^0-9]?(\d+)", name, re.IGNORECASE)
    if not found:
        return 0, name
    return int(found[1]), (name[: found.start()] + name[found.end() :]).strip("/-_. ") or name


def arrays_of(path: Path) -> dict[str, Any]:
    """The arrays of a file by name. Raises `UsageError` for a file that cannot be read."""
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
