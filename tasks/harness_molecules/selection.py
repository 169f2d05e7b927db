"""Which molecules to measure: a selection is judged by what is learnt from its labels."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable

import numpy as np

import harness
from harness import Case, Incompatible, Molecules, PairedSamples, Selection, Split
from harness_molecules import settings
from harness_molecules.nci import NciTpsa

FEATURES, REGRESSION = USES = "moleblend/morgan", "moleblend/ridge-r2"


class NciSelection(settings.NciSelection):
    """Molecules without labels to choose from; the test molecules are seen by the task alone."""

    def cases(self, *, seed: int) -> Iterable[Case]:
        """A case per share of the molecules that are chosen, all of one source.

        Raises `UsageError` where RDKit's package was stripped of its data.
        """
        common = {f.name: getattr(self, f.name) for f in dataclasses.fields(settings.NciTpsa)}
        (whole,) = NciTpsa(**common).cases(seed=seed)
        for share in dict.fromkeys(self.shares):
            yield Case(
                f"nci-selection@{100 * share:g}%",
                functools.partial(self._pool, whole),
                "nci-selection",
                facts={**whole.facts, "share": share},
                accepts=(Selection,),
                stamp=whole.stamp,
                hidden=whole.data,
            )

    def _pool(self, whole: Case) -> Molecules:
        """All molecules but the test part, without labels, and how many will be asked for."""
        found = whole.load()
        assert isinstance(found, Molecules)
        pool = _candidates(found)
        sizes = tuple(sorted({_size(share, pool.size) for share in self.shares}))
        return dataclasses.replace(found.take(pool), split=None, labels=None, sizes=sizes)

    def score(self, case: Case, output: Selection) -> dict[str, float]:
        """R2 on the test molecules of a ridge regression that was trained on the chosen ones alone.

        Raises `Incompatible` for a selection that ends too early, names what is not there, or is
        too small for a regression whose strength is chosen on it (ten molecules).
        """
        data = case.reveal()
        assert isinstance(data, Molecules)
        assert data.split is not None
        pool = _candidates(data)
        chosen = output.subset(_size(float(case.facts["share"]), pool.size))
        if chosen.max() >= pool.size:
            raise Incompatible(
                f"chose molecule {chosen.max()}; wanted positions from 0 to {pool.size - 1}"
            )
        learnt = dataclasses.replace(data, split=Split(np.sort(pool[chosen]), data.split.test))
        rng = harness.stream(0, "molecules", "nci-selection")
        features = harness.model(FEATURES).transform(learnt, to=PairedSamples, rng=rng)
        return {"r2": float(harness.estimator(REGRESSION).estimate(features, rng=rng).value)}


def _candidates(data: Molecules) -> harness.Ints:
    """The molecules that may be chosen: those that are not tested on, in data order."""
    assert data.split is not None
    return np.setdiff1d(np.arange(data.n), data.split.test)


def _size(share: float, n: int) -> int:
    """Molecules in a selection: ``round(n * share)``, at least one."""
    return max(1, round(n * share))
