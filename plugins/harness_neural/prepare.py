"""From paired samples to standardized tensors in three parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from harness import DataError, Floats, Incompatible, Ints, PairedSamples

VALID_SHARE = 0.2
"""Share of the training part that early stopping uses."""
CODES = 4096
"""Greatest number of codes of a discrete variable, each of which becomes an input."""

Pair = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Parts:
    """Pairs ``x (n, dx)``, ``y (n, dy)`` to train, validate and evaluate on."""

    train: Pair
    valid: Pair
    test: Pair
    dropped: int

    @property
    def widths(self) -> tuple[int, int]:
        """Number of inputs of both variables."""
        return self.train[0].shape[1], self.train[1].shape[1]

    @property
    def notes(self) -> dict[str, float]:
        """Diagnostics: sizes of the parts, and columns that were dropped, if any."""
        trained, evaluated = len(self.train[0]), len(self.test[0])
        found: dict[str, float] = {"trained_on": trained, "evaluated_on": evaluated}
        if self.dropped:
            found["dropped_columns"] = self.dropped
        return found


def prepare(
    data: PairedSamples, batch: int, rng: np.random.Generator, device: torch.device
) -> Parts:
    """Split, encode and standardize.

    The split of the data is used where there is one; otherwise a random half trains and the other
    evaluates. Without a validation part, a fifth of the training part becomes one. Columns are
    standardized with the statistics of the training part; codes of a discrete variable become
    indicators.

    Raises
    ------
    Incompatible : fewer training samples than a batch, or fewer than two to evaluate on.
    DataError : a variable that is constant in the training part.
    """
    train, valid, test = _positions(data, rng)
    if len(train) < batch:
        raise Incompatible(
            f"a batch of {batch} samples, but {len(train)} to train on; "
            f"wants batch={len(train)} or less"
        )
    if min(len(test), len(valid)) < 2:
        raise Incompatible(
            f"{len(test)} samples to evaluate on and {len(valid)} to validate on; "
            "wants at least 2 of each"
        )
    x, lost_x = _encoded(data.x, data.x_kind, train, "PairedSamples.x")
    y, lost_y = _encoded(data.y, data.y_kind, train, "PairedSamples.y")

    def tensor(values: Floats) -> Tensor:
        return torch.tensor(values, dtype=torch.float32, device=device)

    def pair(positions: Ints) -> Pair:
        return tensor(x[positions]), tensor(y[positions])

    return Parts(pair(train), pair(valid), pair(test), lost_x + lost_y)


def _positions(data: PairedSamples, rng: np.random.Generator) -> tuple[Ints, ...]:
    """Positions of the parts to train, validate and evaluate on, each in random order."""
    if data.split is None:
        order = rng.permutation(data.n)
        train, valid, test = order[: data.n // 2], order[:0], order[data.n // 2 :]
    else:
        parts = (data.split.train, data.split.valid, data.split.test)
        train, valid, test = (part[rng.permutation(len(part))] for part in parts)
    if not len(valid):
        kept = len(train) - max(2, round(VALID_SHARE * len(train)))
        train, valid = train[: max(kept, 0)], train[max(kept, 0) :]
    return train, valid, test


def _encoded(values: Floats, kind: str, train: Ints, where: str) -> tuple[Floats, int]:
    """Network inputs ``(n, d')``, and how many constant columns were left out."""
    if kind == "discrete":
        varies = (values != values[:1]).any(0)
        if not varies.any():
            raise DataError(where, "one code only", "a variable that varies")
        columns = [_indicators(column, where) for column in values[:, varies].T]
        return np.hstack(columns), int((~varies).sum())
    seen = values[train]
    varies = (seen != seen[:1]).any(0)
    if not varies.any():
        raise DataError(
            where, "constant columns only, in the training part", "a variable that varies there"
        )
    seen = seen[:, varies]
    return (values[:, varies] - seen.mean(0)) / seen.std(0), int((~varies).sum())


def _indicators(column: Floats, where: str) -> Floats:
    """One column per code ``(n, codes)``."""
    codes, which = np.unique(column, return_inverse=True)
    if len(codes) > CODES:
        raise Incompatible(
            f"{where}: {len(codes)} different codes, each of which would become an input; "
            f"wants at most {CODES}"
        )
    return np.asarray(np.eye(len(codes))[which])
