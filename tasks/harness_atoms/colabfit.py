"""Task ``colabfit``: how well does a selection of structures stand for the whole data set?"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from harness import Case, Estimate, Selection, Structures, UsageError
from harness_atoms.rows import join
from harness_atoms.ruler import Ruler
from harness_atoms.scores import score, size_of
from harness_atoms.sources import Source, resolve


@dataclass(frozen=True, kw_only=True)
class Compression:
    """What the tasks of this plugin share: cases and scores of data sets at compression rates.

    Attributes
    ----------
    rates : shares of the structures that selectors keep, each in (0, 1].
    max_structures : where not 0, a random subset of that many structures of each data set.
    eps : an environment with dH below it is covered, nats.
    h, k, cutoff : the ruler: bandwidth (1/Å), neighbours, cutoff (Å).
    ood : whether to run the energy test, and with which ``potential``.
    """

    rates: tuple[float, ...] = (0.05, 0.1, 0.2, 0.5)
    max_structures: int = 0
    eps: float = 1e-5
    h: float = 0.015
    k: int = 32
    cutoff: float = 5.0
    ood: bool = True
    potential: str = "kernel-ridge"

    def __post_init__(self) -> None:
        wrong = [rate for rate in self.rates if not 0 < rate <= 1]
        if wrong:
            raise UsageError(
                f"rates: {wrong[0]}; wanted shares of the structures, more than 0 and at most 1"
            )

    def sources(self, seed: int) -> Iterable[Source]:
        """The data sets, not loaded yet."""
        raise NotImplementedError

    def cases(self, *, seed: int) -> Iterable[Case]:
        """Of each data set the whole, for estimates, and every rate, for selections."""
        for source in self.sources(seed):
            load = self._sized(source.load)
            facts: Mapping[str, str | int | float] = {"dataset": source.name}
            yield Case(
                source.name, load, source.name, facts=facts, accepts=(Estimate,), stamp=source.stamp
            )
            for rate in dict.fromkeys(self.rates):
                yield Case(
                    f"{source.name}@{100 * rate:g}%",
                    load,
                    source.name,
                    facts={**facts, "rate": rate},
                    accepts=(Selection,),
                    stamp=source.stamp,
                )

    def _sized(self, load: Callable[[], Structures]) -> Callable[[], Structures]:
        """Data that say which sizes will be asked for."""

        def sized() -> Structures:
            data = load()
            n = data.n if data.split is None else len(data.split.test)
            return dataclasses.replace(
                data, sizes=tuple(sorted({size_of(rate, n) for rate in self.rates}))
            )

        return sized

    def score(self, case: Case, output: Selection) -> dict[str, float]:
        """Scores by name; those that the data do not allow are left out, with a warning in the log."""
        data = case.load()
        assert isinstance(data, Structures)
        ruler = Ruler(self.k, self.cutoff, self.h)
        rate, name = float(case.facts["rate"]), str(case.facts["dataset"])
        potential = self.potential if self.ood else ""
        return score(data, output, rate, ruler=ruler, eps=self.eps, potential=potential, name=name)


@dataclass(frozen=True, kw_only=True)
class ColabFit(Compression):
    """Any data sets: embedded, in files, or on ColabFit's page on the hub.

    Attributes
    ----------
    dataset : what `harness_atoms.sources.resolve` reads; empty for the embedded sets.
    reference : likewise, one data set that is already held; empty for none.
    revision : of repositories on the hub.
    """

    dataset: str = ""
    reference: str = ""
    revision: str = "main"

    def sources(self, seed: int) -> Iterable[Source]:
        """The data sets; where there is a reference, each joined to it and split from it."""
        found = resolve(self.dataset, revision=self.revision, limit=self.max_structures, seed=seed)
        if not self.reference:
            return found
        held = resolve(self.reference, revision=self.revision)
        if len(held) != 1:
            raise UsageError(
                f"reference: {self.reference!r} holds {len(held)} data sets; wanted one"
            )
        return [_given(source, held[0]) for source in found]


def _given(source: Source, held: Source) -> Source:
    stamp = None if source.stamp is None or held.stamp is None else f"{source.stamp}|{held.stamp}"
    return Source(f"{source.name}|{held.name}", lambda: join(held.load(), source.load()), stamp)
