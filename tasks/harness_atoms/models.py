"""Models from environments to samples, so that any estimator of vectors can read them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import Environments, Incompatible, Kind, Samples, Split
from harness_atoms.settings import Points


class EnvironmentPoints(Points):
    """All environments as points, structure after structure; a random subset stays in order."""

    def transform(self, data: Environments, *, to: type[Kind], rng: np.random.Generator) -> Samples:
        """``x (items, p)``; a split of the structures becomes that of their environments."""
        owner = np.repeat(np.arange(data.n), np.diff(data.offsets))
        kept = np.arange(len(data.x))
        if 0 < self.max_points < len(kept):
            kept = np.sort(rng.choice(len(kept), self.max_points, replace=False))
        if len(kept) < Samples.min_n:
            raise Incompatible(f"{len(kept)} environments; samples need at least {Samples.min_n}")
        split = data.split
        if split is not None:
            parts = {
                name: np.flatnonzero(np.isin(owner[kept], part)) for name, part in split.parts()
            }
            empty = [name for name in ("train", "test") if not parts[name].size]
            if empty:
                raise Incompatible(
                    f"max_points={self.max_points} left nothing of the {empty[0]} part"
                )
            split = Split(**parts)
        return Samples(data.x[kept], split=split)


@dataclass(frozen=True)
class StructureMeans:
    """The mean descriptor of each structure."""

    def transform(self, data: Environments, *, to: type[Kind], rng: np.random.Generator) -> Samples:
        """``x (n, p)``, one row per structure; the split goes along."""
        if data.n < Samples.min_n:
            raise Incompatible(f"{data.n} structures; samples need at least {Samples.min_n}")
        means = np.add.reduceat(data.x, data.offsets[:-1], axis=0) / np.diff(data.offsets)[:, None]
        return Samples(means, split=data.split)
