"""Relations whose information is known."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping

import numpy as np

from harness import Case, Curve, Floats, Incompatible, RelationPairs, Samples, Split, stream
from harness_molecules import settings

TERMS = 8
SHIFT = 9.0
"""Standard deviations of the noise; a draw below it would be refused as a negative distance."""


class RelationGauss(settings.Gauss):
    """Independent pairs: S uniform on 1..K hops, and the distance S + N(0, s^2), shifted by 9 s.

    The shift, which keeps distances above 0, changes no information. I(S;D) by quadrature.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One case per number of hops and noise."""
        for states in self.states:
            for noise in self.noise:
                yield Case(
                    id=f"hops-{states}-noise-{noise:g}",
                    data=functools.partial(self._draw, states, noise, seed),
                    truth={"mutual_information": gaussian_information(states, noise)},
                    facts={"hops": states, "noise": noise, "pairs": self.molecules * self.pairs},
                    stamp="",
                )

    def _draw(self, states: int, noise: float, seed: int) -> RelationPairs:
        rng = stream(seed, "relation-gauss", str(states), repr(noise))
        n, m = self.train + self.valid + self.molecules, self.pairs
        hops = rng.integers(1, states + 1, size=n * m)
        distance: Floats = np.array(hops, np.float64)
        distance += noise * (rng.normal(size=n * m) + SHIFT)
        return RelationPairs(
            hops,
            distance,
            np.zeros((n * m, 2), np.int64),
            np.tile(np.arange(2 * m).reshape(m, 2), (n, 1)),
            m * np.arange(n + 1),
            split=_split(self),
        )


class RelationTables(settings.Tables):
    """Molecules of two pairs, one of which shows its hops (A1) and one its distance (B2).

    The joint law of A1, A2, B1, B2 is a random table, so that the eight terms are exact.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One case per table."""
        for number in range(self.tables):
            law = self._law(number, seed)
            yield Case(
                id=f"table-{number + 1}",
                data=functools.partial(self._draw, number, seed),
                truth={"blend_information": sum(terms(law)) / 2},
                facts={"table": number + 1},
                hidden=Samples(np.array(terms(law))[:, None]),
                stamp="",
            )

    def score(self, case: Case, output: Curve) -> Mapping[str, float]:
        """How far the eight terms are from the truth, on average, in nats."""
        wanted = case.reveal()
        assert isinstance(wanted, Samples)
        if output.y.shape != (len(wanted.x),):
            raise Incompatible(f"a curve of {len(output.y)} points; wanted the {TERMS} terms")
        return {"term_error": float(np.abs(output.y - wanted.x[:, 0]).mean())}

    def _law(self, number: int, seed: int) -> Floats:
        rng = stream(seed, "relation-tables", "law", str(number))
        law = rng.dirichlet(np.full(self.states**4, self.peak))
        found: Floats = law.reshape((self.states,) * 4)
        return found

    def _draw(self, number: int, seed: int) -> RelationPairs:
        rng = stream(seed, "relation-tables", "draws", str(number))
        law = self._law(number, seed)
        n = self.train + self.valid + self.molecules
        a1, a2, b1, b2 = np.unravel_index(rng.choice(law.size, n, p=law.ravel()), law.shape)
        return RelationPairs(
            1 + np.column_stack([a1, a2]).ravel(),
            np.column_stack([b1, b2]).ravel().astype(np.float64) + 1,
            np.tile([[0, 1], [1, 2]], (n, 1)),
            np.tile([[0, 1], [1, 2]], (n, 1)),
            2 * np.arange(n + 1),
            shown=np.tile([0, 1], n),
            split=_split(self),
        )


def _split(sizes: settings.Gauss | settings.Tables) -> Split:
    a, b = sizes.train, sizes.train + sizes.valid
    return Split(np.arange(a), np.arange(b, b + sizes.molecules), np.arange(a, b))


def gaussian_information(states: int, noise: float, step: float = 1.0) -> float:
    """I(S;D) of S uniform on ``states`` values ``step`` apart and D = S + N(0, noise^2), in nats.

    The trapezoidal rule from 12 deviations below to 12 above, which is exact to rounding.
    """
    s = noise / step
    grid = np.linspace(1 - 12 * s, states + 12 * s, 20_001)
    density = np.zeros_like(grid)
    for value in range(1, states + 1):
        density += np.exp(-(((grid - value) / s) ** 2) / 2)
    density /= states * s * math.sqrt(2 * math.pi)
    logs = np.log(np.maximum(density, 1e-300))
    return float(
        -(density * logs).sum() * (grid[1] - grid[0]) - math.log(s * s * 2 * math.pi * math.e) / 2
    )


def terms(law: Floats) -> tuple[float, ...]:
    """The eight terms of a table p(a1,a2,b1,b2), in nats, whose sum is twice the information.

    Aligned cross-modal I(A1;B1), I(A2;B2); conditional cross-modal I(A1;B1|B2), I(A2;B2|A1);
    same-modal I(A1;A2), I(B1;B2); conditional same-modal I(A1;A2|B2), I(B1;B2|A1).
    """

    def entropy(*axes: int) -> float:
        p = law.sum(tuple({0, 1, 2, 3} - set(axes)))
        p = p[p > 0]
        return float(-(p * np.log(p)).sum())

    def information(x: int, y: int, *given: int) -> float:
        both = entropy(x, *given) + entropy(y, *given) - entropy(x, y, *given)
        return both - entropy(*given) if given else both

    a1, a2, b1, b2 = range(4)
    return (
        *(information(a1, b1), information(a2, b2)),
        *(information(a1, b1, b2), information(a2, b2, a1)),
        *(information(a1, a2), information(b1, b2)),
        *(information(a1, a2, b2), information(b1, b2, a1)),
    )
