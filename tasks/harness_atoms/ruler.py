"""The ruler of the scores: descriptors, entropies and novelties, called by name.

What belongs to a whole data set (descriptors, its diversity, its outliers, the kernel between
its structures) is computed once per process and set, and shared by all selections from it.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

import harness
from harness import Environments, Floats, Ints, Split, Structures
from harness_atoms import energy

if TYPE_CHECKING:
    from harness_atoms.message_passing import Graphs

QUESTS, ENTROPY, DIVERSITY, NOVELTY = USES = (
    "msc/quests",
    "msc/entropy",
    "msc/diversity",
    "msc/novelty",
)
HOLD = 4
"""How many data sets stay measured."""


@dataclass(frozen=True)
class Ruler:
    """How far apart environments are: neighbours ``k``, ``cutoff`` in Å, bandwidth ``h`` in 1/Å."""

    k: int
    cutoff: float
    h: float

    def describe(self, data: Structures) -> Environments:
        """The QUESTS descriptor of every atom, without the data's split."""
        whole = dataclasses.replace(data, split=None)
        model = harness.model(QUESTS, k=self.k, cutoff=self.cutoff)
        rng = harness.stream(0, "atoms", "ruler")
        found: Environments = model.transform(whole, to=Environments, rng=rng)
        return found

    def _value(self, name: str, environments: Environments) -> float:
        rng = harness.stream(0, "atoms", "ruler")
        return float(harness.estimator(name, h=self.h).estimate(environments, rng=rng).value)

    def diversity(self, environments: Environments) -> float:
        """D(X) = ln sum_i 1/s_i, nats."""
        return self._value(DIVERSITY, environments)

    def efficiency(self, environments: Environments) -> float | None:
        """H(X) / ln n; None for a single environment, where it is 0/0."""
        n = len(environments.x)
        return self._value(ENTROPY, environments) / math.log(n) if n > 1 else None

    def novelty(self, environments: Environments, held: Ints | None = None) -> Floats:
        """dH of each environment, nats.

        With ``held``, of the environments in all other structures given those held, in the order
        of structures; without, of every environment given all structures but its own.
        """
        split = None
        if held is not None:
            split = Split(train=held, test=np.setdiff1d(np.arange(environments.n), held))
        estimator = harness.estimator(NOVELTY, h=self.h)
        data = dataclasses.replace(environments, split=split)
        local = estimator.estimate(data, rng=harness.stream(0, "atoms", "ruler")).local
        return np.asarray(local, np.float64)


class Measured:
    """A data set with all that is the same for every selection from it."""

    def __init__(self, data: Structures, ruler: Ruler) -> None:
        self.data, self.ruler = data, ruler

    @functools.cached_property
    def environments(self) -> Environments:
        """Descriptors, structure by structure."""
        return self.ruler.describe(self.data)

    @functools.cached_property
    def diversity(self) -> float:
        """D of the whole set."""
        return self.ruler.diversity(self.environments)

    @functools.cached_property
    def isolation(self) -> Floats:
        """dH of every environment given all other structures; infinite where there is none."""
        if self.data.n == 1:
            return np.full(len(self.environments.x), np.inf)
        return self.ruler.novelty(self.environments)

    @functools.cached_property
    def owner(self) -> Ints:
        """(items,) The structure of each environment."""
        return np.repeat(np.arange(self.data.n), np.diff(self.data.offsets))

    @functools.cached_property
    def per_atom(self) -> Floats:
        """(n,) Energies, eV per atom."""
        assert self.data.energies is not None
        return self.data.energies / np.diff(self.data.offsets)

    @functools.cached_property
    def kernel_ridge(self) -> energy.KernelRidge:
        """The default potential of the energy test."""
        x, offsets = self.environments.x, self.environments.offsets
        shares = energy.composition(self.data.numbers, offsets)
        return energy.KernelRidge(energy.mean_kernel(x, offsets), shares, self.per_atom)

    @functools.cached_property
    def uf3(self) -> energy.Potential:
        """The pair potential of the package ``uf3``."""
        from harness_atoms.pair_potential import PairPotential

        return PairPotential.of(self.data, self.per_atom)

    @functools.cached_property
    def mace(self) -> Graphs:
        """The network of the package ``mace-torch``, not trained."""
        from harness_atoms.message_passing import Graphs

        return Graphs.of(self.data)

    def given(self, held: Ints) -> Floats:
        """(items,) dH of every environment given the structures held; at most 0 for their own."""
        out = np.zeros(len(self.environments.x))
        # An environment that is held has its own kernel, 1, in the sum: its dH is at most 0.
        others = ~np.isin(self.owner, held)
        if others.any():
            out[others] = self.ruler.novelty(self.environments, held)
        return out


_MEASURED: OrderedDict[tuple[str, Ruler], Measured] = OrderedDict()


def measure(data: Structures, ruler: Ruler) -> Measured:
    """The measured form of a data set: made once, kept while it is in use."""
    key = (data.fingerprint(), ruler)
    if key not in _MEASURED:
        _MEASURED[key] = Measured(data, ruler)
    _MEASURED.move_to_end(key)
    while len(_MEASURED) > HOLD:
        _MEASURED.popitem(last=False)
    return _MEASURED[key]
