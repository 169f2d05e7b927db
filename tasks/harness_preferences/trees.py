"""Complete prefix trees whose structural function follows one of the paper's three laws."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import partial

import numpy as np

from harness import Case, Curve, Floats, Incompatible, Ints, PreferenceSource, stream
from harness_preferences import settings

NAMES = {"polynomial": "poly", "logarithmic": "log", "sub-logarithmic": "sublog"}


def tails(structure: str, alpha: float, height: int, branching: int) -> Floats:
    """t_0 .. t_H: prior variance of a response that is left below each depth; 1 at the root.

    ``branching^(-alpha k)``, ``(1 + k)^-alpha`` or ``(1 + ln(1 + k))^-alpha``; 0 at the leaves.
    """
    k = np.arange(height + 1.0)
    left: Floats = {
        "polynomial": branching ** (-alpha * k),
        "logarithmic": (1 + k) ** -alpha,
        "sub-logarithmic": (1 + np.log1p(k)) ** -alpha,
    }[structure]
    left[-1] = 0.0
    return left


def complete(variances: Floats, branching: int) -> tuple[Ints, Floats, Ints]:
    """Parents, variances and leaves of the complete tree with a variance for each level (H,)."""
    sizes = branching ** np.arange(len(variances) + 1)
    nodes = int(sizes.sum())
    parent = (np.arange(nodes) - 1) // branching
    parent[0] = -1
    variance = np.repeat(np.concatenate([[0.0], variances]), sizes)
    return parent, variance, np.arange(nodes - sizes[-1], nodes)


def closed_form(variances: Floats, branching: int) -> Floats:
    """F(b^k) for k = 0 .. H: 2 sum over j > k of v_j (1 - b^(k - j))."""
    levels = np.arange(1, len(variances) + 1)
    return np.array(
        [
            2.0 * (variances[k:] * (1.0 - float(branching) ** (k - levels[k:]))).sum()
            for k in range(len(variances) + 1)
        ]
    )


def test_pairs(leaves: Ints, sources: int, partners: int, rng: np.random.Generator) -> Ints:
    """Random pairs of different leaves; ``partners`` of them begin with the same leaf."""
    first = np.repeat(rng.integers(len(leaves), size=sources), partners)
    second = (first + rng.integers(1, len(leaves), size=len(first))) % len(leaves)
    return np.column_stack([leaves[first], leaves[second]])


class PrefixTrees(settings.PrefixTrees):
    """Responses are the leaves; a case for each law, exponent, noise and budget."""

    def cases(self, *, seed: int) -> Iterable[Case]:
        """Cases of equal law and exponent share their tree, rewards and test pairs."""
        for structure in self.structures:
            for alpha in self.alphas:
                for noise in self.noises:
                    for budget in self.budgets:
                        yield Case(
                            f"{NAMES[structure]}-{alpha:g}-noise-{noise:g}-n-{budget}",
                            partial(self._made, structure, alpha, noise, budget, seed),
                            truth={"structural_exponent": alpha},
                            facts={
                                "structure": structure,
                                "alpha": alpha,
                                "noise": noise,
                                "comparisons": budget,
                            },
                            stamp="",
                        )

    def _variances(self, structure: str, alpha: float) -> Floats:
        return -np.diff(tails(structure, alpha, self.height, self.branching))

    def _made(
        self, structure: str, alpha: float, noise: float, budget: int, seed: int
    ) -> PreferenceSource:
        rng = stream(seed, "prefix-trees", structure, repr(alpha))
        tree = complete(self._variances(structure, alpha), self.branching)
        return drawn(*tree, noise, budget, self, rng)

    def score(self, case: Case, output: Curve) -> dict[str, float]:
        """The largest error of F at M = b^k, as a share of F(1).

        Raises `Incompatible` for a curve without any of these M.
        """
        facts = case.facts
        variances = self._variances(str(facts["structure"]), float(facts["alpha"]))
        exact = closed_form(variances, self.branching)
        at = np.log(np.maximum(output.x, 0.5)) / math.log(self.branching)
        level = np.rint(at).astype(int)
        on = np.flatnonzero((np.abs(at - level) < 1e-9) & (level >= 0) & (level < len(exact)))
        if not on.size:
            raise Incompatible(f"a curve at none of the numbers of parts {self.branching}^k")
        return {"structural_error": float(np.abs(output.y[on] - exact[level[on]]).max() / exact[0])}


def drawn(
    parent: Ints,
    variance: Floats,
    leaves: Ints,
    noise: float,
    budget: int,
    asked: settings.Comparing,
    rng: np.random.Generator,
    texts: tuple[str, ...] | None = None,
) -> PreferenceSource:
    """A source with rewards and test pairs drawn at random."""
    reward = PreferenceSource.drawn(parent, variance, rng)
    pairs = test_pairs(leaves, asked.sources, asked.partners, rng)
    return PreferenceSource(
        parent, variance, leaves, pairs, noise, budget, reward, texts, asked.law
    )
