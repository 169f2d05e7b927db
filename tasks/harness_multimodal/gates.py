"""Classes that are gates of two bits, with every term of the decomposition known.

Kontras et al. (2025), eq. 4, where the left side is the information of both modalities together::

    I(X1,X2;Y) = I(X1;Y|X2) + I(X2;Y|X1) + I(X1;X2) - I(X1;X2|Y)

Each term on the right is an I(A;B|C) of the same three variables. So a case that asks for another
term hands them out in other places: its I(X1;Y|X2) is that term, whatever measures it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from harness import Case, Floats, Ints, Modalities, UsageError, stream
from harness_multimodal import settings
from harness_multimodal.information import truths
from harness_multimodal.parts import split

FLIP = 0.1
"""Error of the noisy copy."""


def _table(law: Callable[[int, int], float]) -> Floats:
    """p(x1, x2, y) of two fair bits with p(y = 1 | x1, x2) = ``law``."""
    one = np.array([[law(a, b) for b in range(2)] for a in range(2)])
    return np.stack([1 - one, one], axis=2) / 4


TABLES: dict[str, Floats] = {
    "xor": _table(lambda a, b: float(a != b)),
    "and": _table(lambda a, b: float(a and b)),
    "or": _table(lambda a, b: float(a or b)),
    "first": _table(lambda a, b: float(a)),
    "copy": np.array([[[0.5, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.5]]]),
    "noisy": _table(lambda a, b: 1 - FLIP if a else FLIP),
}
"""By name, p(x1, x2, y); "first" is Y = X1, "copy" X1 = X2 = Y, "noisy" X1 through a channel."""

PLACES: dict[str, Callable[[Floats], Floats]] = {
    "first": lambda p: p,
    "second": lambda p: p.transpose(1, 0, 2),
    "shared": lambda p: p.sum(2)[:, None, :],
    "given-class": lambda p: p.transpose(0, 2, 1),
}
"""By term, the table whose I(X1;Y|X2) it is."""


class Gates(settings.Gates):
    """Cases are gates x terms. Modalities are one bit each; where what is shared is asked for, the
    class is the other bit and the second modality is constant.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """The cases, with exact truths in nats.

        Raises `UsageError` where parts of these sizes cannot be even.
        """
        for gate in self.gates:
            for ask in self.asks:
                table = PLACES[ask](TABLES[gate])
                if self.even:
                    self._counts(table)
                yield Case(
                    id=f"{gate}-{ask}",
                    data=self._draw(gate, ask, table, seed),
                    truth=truths(table),
                    facts={"gate": gate, "asks": ask, "n": self.n},
                    stamp="",
                )

    def _draw(self, gate: str, ask: str, table: Floats, seed: int) -> Callable[[], Modalities]:
        def draw() -> Modalities:
            rng = stream(seed, "gates", gate, ask)
            cells = np.concatenate(
                [rng.permutation(np.repeat(np.arange(table.size), c)) for c in self._counts(table)]
                if self.even
                else [rng.choice(table.size, size=n, p=table.ravel()) for n in self._sizes()]
            )
            x1, x2, y = np.unravel_index(cells, table.shape)
            return Modalities(
                x1.astype(np.float64)[:, None],
                x2.astype(np.float64)[:, None],
                y,
                ("0", "1"),
                x1_kind="discrete",
                x2_kind="discrete",
                split=split(self),
            )

        return draw

    def _sizes(self) -> tuple[int, int, int]:
        return self.n_train, self.n_valid, self.n

    def _counts(self, table: Floats) -> list[Ints]:
        """How often each cell occurs, part by part."""
        found = []
        for size in self._sizes():
            share = size * table.ravel()
            if np.abs(share - np.rint(share)).max() > 1e-9:
                raise UsageError(
                    f"gates.even: {size} units have no even share in cells of "
                    f"{table[table > 0].min():g}; wanted n, n_train and n_valid divisible by 40"
                )
            found.append(np.rint(share).astype(np.int64))
        return found
