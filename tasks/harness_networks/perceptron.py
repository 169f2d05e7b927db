"""Hidden layers of a multilayer perceptron, from a file of its weights and one of inputs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np

from harness import Activations, Case, DataError, Floats, UsageError
from harness.files import read_bytes
from harness.tables import natural
from harness_networks import settings
from harness_networks.own import OwnActivations, arrays_of

BETWEEN: dict[str, Callable[[Floats], Floats]] = {
    "relu": lambda x: np.maximum(x, 0.0),
    "tanh": np.tanh,
}


class PerceptronLayers(settings.PerceptronLayers, OwnActivations):
    """One case per hidden layer, after its activation function.

    Weights are arrays ``NAME.weight (outputs, inputs)`` and ``NAME.bias (outputs,)``, as torch's
    linear layers name them, in the order of their names, numbers by value. The accuracy is that of
    the largest output, where there are labels.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """The cases. Raises `UsageError` for files of another form."""
        path, stamp, arrays = self._file("perceptron-layers")
        if not self.weights:
            raise UsageError(
                "perceptron-layers.weights is empty; wanted --set perceptron-layers.weights=FILE"
            )
        if self.inputs not in arrays:
            raise UsageError(f"{path}: no array {self.inputs!r}; it has {', '.join(arrays)}")
        file = Path(self.weights).expanduser()
        maps = _maps(file)
        x = np.asarray(arrays[self.inputs], np.float64).reshape(len(arrays[self.inputs]), -1)
        if x.shape[1] != maps[0][1].shape[1]:
            raise UsageError(
                f"{path}: inputs of {x.shape[1]} numbers; {file} reads {maps[0][1].shape[1]}"
            )
        digest = hashlib.sha256(read_bytes(file)).hexdigest()[:16]
        labels = self._labels(path, arrays, len(x))
        chosen = self._chosen(file, {name: weight for name, weight, _ in maps[:-1]})
        for depth, (name, weight, _) in enumerate(maps[:-1], start=1):
            if name not in chosen:
                continue
            yield Case(
                name,
                partial(self._hidden, maps, x, labels, depth, f"{path}: {name}"),
                facts={"layer": depth, "units": len(weight)},
                stamp=f"{stamp} {digest} {name}",
            )

    def _hidden(
        self,
        maps: list[tuple[str, Floats, Floats]],
        x: Floats,
        labels: np.ndarray | None,
        depth: int,
        where: str,
    ) -> Activations:
        found = x
        for number, (_, weight, bias) in enumerate(maps, start=1):
            x = x @ weight.T + bias
            if number < len(maps):
                x = BETWEEN[self.activation](x)
            if number == depth:
                found = x
        right = None if labels is None else float((x.argmax(1) == labels).mean())
        try:
            return Activations(found, labels, layer=maps[depth - 1][0], accuracy=right)
        except DataError as error:
            raise UsageError(f"{where}: {error}") from error


def _maps(file: Path) -> list[tuple[str, Floats, Floats]]:
    """Names, weights and biases in order. Raises `UsageError` where they do not fit together."""
    arrays = arrays_of(file)
    names = sorted((n[: -len(".weight")] for n in arrays if n.endswith(".weight")), key=natural)
    wanted = "wanted NAME.weight (outputs, inputs) and NAME.bias (outputs,), two layers at least"
    known = {f"{n}.{part}" for n in names for part in ("weight", "bias")}
    if known != set(arrays) or len(names) < 2:
        raise UsageError(f"{file}: arrays {', '.join(sorted(arrays))[:200]}; {wanted}")
    weights, biases = (
        [np.asarray(arrays[f"{name}.{part}"], np.float64) for name in names]
        for part in ("weight", "bias")
    )
    maps = list(zip(names, weights, biases, strict=True))
    before = None
    for name, weight, bias in maps:
        fits = weight.ndim == 2 and bias.shape == weight.shape[:1]
        if not fits or (before is not None and weight.shape[1] != before):
            raise UsageError(
                f"{file}: {name} has the shapes {weight.shape} and {bias.shape}, after a layer of "
                f"{before}; {wanted}"
            )
        before = len(weight)
    return maps
