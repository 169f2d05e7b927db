"""Information of two modalities and a class, from exact tables, in nats."""

from __future__ import annotations

import numpy as np

from harness import Floats


def entropy(table: Floats) -> float:
    """-sum p ln p over all cells."""
    cells = table[table > 0]
    return float(-(cells * np.log(cells)).sum())


def truths(table: Floats) -> dict[str, float]:
    """By quantity, what a table ``p (x1, x2, y)`` has: I(X1;Y|X2), I(X1,X2;Y), and
    I(X1;X2,Y) + I(X2;X1,Y).
    """
    whole = entropy(table)
    one, two, y = (entropy(table.sum(axes)) for axes in ((1, 2), (0, 2), (0, 1)))
    both, with_one, with_two = (entropy(table.sum(axis)) for axis in (2, 1, 0))
    return {
        "conditional_mutual_information": both + with_two - two - whole,
        "mutual_information": both + y - whole,
        "contrastive_information": one + two + with_one + with_two - 2 * whole,
    }
