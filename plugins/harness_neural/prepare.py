"""From paired samples to standardised tensors in three parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from harness import DataError, Floats, Incompatible, Ints, PairedSamples

VALID_SHARE = 0.2
"""Share of the training part that early stopping looks at."""
CODES = 4096
"""Most values of a discrete variable, each of which becomes an input."""

Pair = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Parts:
    """Pairs ``x (n, dx)``, ``y (n, dy)`` to train on, to stop by, and to evaluate on."""

    train: Pair
    valid: Pair
    test: Pair
    dropped: int

    @property
    def widths(self) -> tuple[int, int]:
        """Inputs of both variables."""
        return self.train[0].shape[1], self.train[1].shape[1]


def prepare(
    data: PairedSamples, batch: int, rng: np.random.Generator, device: torch.device
) -> Parts:
    """Split, encode and standardise.

    The split of the data is kept to where there is one; otherwise a random half trains and the other evaluates. Without
    a validation part, a fifth of the training part becomes one. Columns are standardised with the statistics of the
    training part; codes of a discrete variable become indicators.

    Raises
    ------
    Incompatible : fewer training samples than a batch, or fewer than two to evaluate on.
    DataError : a variable that is constant in the training part.
    """
    train, valid, test = _positions(data, rng)
    if len(train) < batch:
        raise Incompatible(
            f"a batch of {batch} samples, but {len(train)} to train on; wants batch={len(train)} or less"
        )
    if min(len(test), len(valid)) < 2:
        raise Incompatible(
            f"{len(test)} samples to evaluate on and {len(valid)} to stop by; wants 2 of each at least"
        )
    x, lost_x = _encoded(data.x, data.x_kind, train, "PairedSamples.x")
    y, lost_y = _encoded(data.y, data.y_kind, train, "PairedSamples.y")

    def part(positions: Ints) -> Pair:
        return tuple(
            torch.tensor(side[positions], dtype=torch.float32, device=device) for side in (x, y)
        )  # type: ignore[return-value]

    return Parts(part(train), part(valid), part(test), lost_x + lost_y)


def _positions(data: PairedSamples, rng: np.random.Generator) -> tuple[Ints, ...]:
    """Positions of the parts to train on, to stop by and to evaluate on, each in random order."""
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
        return np.hstack([_indicators(column, where) for column in values[:, varies].T]), int(
            (~varies).sum()
        )
    seen = values[train]
    varies = (seen != seen[:1]).any(0)
    if not varies.any():
        raise DataError(
            where, "constant columns only, in the training part", "a variable that varies"
        )
    seen = seen[:, varies]
    return (values[:, varies] - seen.mean(0)) / seen.std(0), int((~varies).sum())


def _indicators(column: Floats, where: str) -> Floats:
    """One column per code ``(n, codes)``."""
    codes, which = np.unique(column, return_inverse=True)
    if len(codes) > CODES:
        raise Incompatible(
            f"{where}: {len(codes)} different codes; wants {CODES} at most, for each becomes an input"
        )
    return np.asarray(np.eye(len(codes))[which])
