"""From modalities to what networks read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from harness import Floats, Incompatible, Ints, Modalities


@dataclass(frozen=True, eq=False)
class Inputs:
    """All units' modalities ``(n, d)``, classes ``(n,)``, and the positions of the parts.

    Columns are standardized by the training part, and constant ones are 0 throughout; codes of a
    discrete modality become indicators. Without a validation part the training part validates.
    """

    tables: tuple[Floats, ...]
    y: Ints
    classes: int
    train: Ints
    valid: Ints
    test: Ints

    @classmethod
    def of(cls, data: Modalities) -> Inputs:
        """Raises `Incompatible` without a split, for a target, and for a training part of one."""
        if data.split is None:
            raise Incompatible("needs data with a train/test split; this Modalities has none")
        if data.target is not None:
            raise Incompatible(
                "a continuous target; these predictors and the Jensen-Shannon divergence are of "
                "classes, so wants data without one"
            )
        split = data.split
        if len(split.train) < 2:
            raise Incompatible(f"{len(split.train)} unit to train on; wants two or more")
        kinds = (data.x1_kind, data.x2_kind, "continuous")
        tables = tuple(
            _indicators(x, split.train) if kind == "discrete" else _standardized(x, split.train)
            for x, kind in zip(data.modalities, kinds, strict=False)
        )
        valid = split.valid if split.valid.size else split.train
        return cls(tables, data.y, len(data.classes), split.train, valid, split.test)

    def without(self, modalities: tuple[int, ...]) -> Inputs:
        """The same units, seen in the other modalities alone."""
        kept = tuple(t for m, t in enumerate(self.tables) if m not in modalities)
        return Inputs(kept, self.y, self.classes, self.train, self.valid, self.test)

    def tensors(self, part: Ints, device: torch.device) -> tuple[list[Tensor], Tensor]:
        """The modalities and classes of some units."""
        views = [torch.tensor(t[part], dtype=torch.float32, device=device) for t in self.tables]
        return views, torch.tensor(self.y[part], device=device)


def _standardized(x: Floats, train: Ints) -> Floats:
    mean, spread = x[train].mean(0), x[train].std(0)
    constant = spread <= 1e-12 * np.maximum(1.0, np.abs(x[train]).max(0))
    found: Floats = np.where(constant, 0.0, (x - mean) / np.where(constant, 1.0, spread))
    return found


def _indicators(x: Floats, train: Ints) -> Floats:
    """A column for each value that a column of codes takes in the training part."""
    return np.hstack([column[:, None] == np.unique(column[train]) for column in x.T]).astype(float)
