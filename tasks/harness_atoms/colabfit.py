"""Task ``colabfit``: how well does a selection of structures stand for the whole data set?"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from harness import Case, Estimate, Selection, Structures, UsageError
from harness_atoms import settings
from harness_atoms.excerpts import of_file, of_structures, readable
from harness_atoms.readers import Keys
from harness_atoms.rows import join
from harness_atoms.ruler import Ruler
from harness_atoms.scores import score, size_of
from harness_atoms.sources import Source, resolve


class Compression(settings.Compression):
    """What the tasks of this plugin share: cases and scores of data sets at compression rates."""

    @property
    def keys(self) -> Keys:
        """Names of energies and forces in files."""
        return Keys(self.energy_key, self.forces_key, self.types)

    def sources(self, seed: int) -> Iterable[Source]:
        """The data sets, not loaded yet."""
        raise NotImplementedError

    def cases(self, *, seed: int) -> Iterable[Case]:
        """Of each data set the whole, for estimates, and every rate, for selections."""
        for source in self.sources(seed):
            load = self._sized(source.load)
            whole = Case(
                source.name,
                load,
                source.name,
                facts={"dataset": source.name},
                accepts=(Estimate,),
                stamp=source.stamp,
            )
            yield whole
            for rate in dict.fromkeys(self.rates):
                yield dataclasses.replace(
                    whole,
                    id=f"{source.name}@{100 * rate:g}%",
                    facts={**whole.facts, "rate": rate},
                    accepts=(Selection,),
                )

    def _sized(self, load: Callable[[], Structures]) -> Callable[[], Structures]:
        """Data that say which sizes will be asked for."""

        def sized() -> Structures:
            data = load()
            n = data.n if data.split is None else len(data.split.test)
            sizes = sorted({size_of(rate, n) for rate in self.rates})
            return dataclasses.replace(data, sizes=tuple(sizes))

        return sized

    def excerpt(self, case: Case, output: Selection) -> tuple[str, bytes]:
        """The structures of a selection as extended XYZ, in the order of the data.

        Frames of a file are copied with all that they carry. Raises `UsageError` where frames of it
        were left out.
        """
        data = case.load()
        assert isinstance(data, Structures)
        new = np.arange(data.n) if data.split is None else np.sort(data.split.test)
        found = output.subset(size_of(float(case.facts["rate"]), len(new)))
        chosen = np.intersect1d(found, new)  # what is held already is not chosen
        name = case.facts["dataset"]
        file = next((s.file for s in self.sources(0) if s.name == name), None)
        if file is not None and readable(file):
            return ".extxyz", of_file(file, len(new), np.searchsorted(new, chosen).tolist())
        return ".extxyz", of_structures(data, chosen.tolist())

    def score(self, case: Case, output: Selection) -> dict[str, float]:
        """Scores by name; those that the data do not allow are left out, with a warning."""
        data = case.load()
        assert isinstance(data, Structures)
        ruler = Ruler(self.k, self.cutoff, self.h)
        rate, name = float(case.facts["rate"]), str(case.facts["dataset"])
        potential = self.potential if self.ood else ""
        asked: dict[str, Any] = {
            "eps": self.eps,
            "potential": potential,
            "name": name,
            "steps": self.steps,
            "training_seed": self.training_seed,
        }
        return score(data, output, rate, ruler=ruler, **asked)


class ColabFit(Compression, settings.ColabFit):
    """Any data sets: embedded, in files, or on ColabFit's page on the hub."""

    def sources(self, seed: int) -> Iterable[Source]:
        """The data sets; where there is a reference, each joined to it and split from it."""
        if self.reference and not self.dataset:
            raise UsageError(
                f"reference={self.reference} without a data set to measure against it; wanted "
                "--set colabfit.dataset=FILE"
            )
        found = resolve(
            self.dataset,
            revision=self.revision,
            limit=self.max_structures,
            seed=seed,
            keys=self.keys,
        )
        if not self.reference:
            return found
        held = resolve(self.reference, revision=self.revision, keys=self.keys)
        if len(held) != 1:
            raise UsageError(
                f"reference: {self.reference!r} holds {len(held)} data sets; wanted one"
            )
        return [_given(source, held[0]) for source in found]


def _given(source: Source, held: Source) -> Source:
    stamp = None if source.stamp is None or held.stamp is None else f"{source.stamp}|{held.stamp}"
    name = f"{source.name}|{held.name}"
    return Source(name, lambda: join(held.load(), source.load()), stamp, source.file)
