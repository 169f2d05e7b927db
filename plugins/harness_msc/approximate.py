"""Novelty of many points, approximately: a new point sums over the nearest cells of known ones.

The known points are cut into cells of `CELL` neighbours, the leaves of a k-d tree. A new point
takes the cells whose centres are nearest, and leaves the others out. What is left out is positive,
so the result is an upper bound of dH that falls, cell by cell, to the exact value.
"""

from __future__ import annotations

import numpy as np

from harness import Floats, Ints
from harness_msc import cloud

CELL = 256
"""Known points in a cell: a product of matrices is worth its call from here on."""
BATCH = 65_536
"""New points that are dealt to cells at once."""


def log_sums(
    y: Floats,
    x: Floats,
    h: float,
    cells: int,
    owner: Ints | None = None,
    owners: Ints | None = None,
) -> Floats:
    """-ln sum_j exp(-|y_i - x_j|^2 / 2 h^2) in nats ``(m,)``, over ``cells`` cells of ``x (n, p)``.

    As `cloud.log_sums`, and never below it; equal to it where ``cells`` covers all points. A point
    whose cells hold only points of its own ``owner`` is summed over all, exactly. Time O(m n d /
    CELL + m cells CELL d); memory O(n + m).
    """
    frame = cloud.Frame.of(x, h)
    new, known = frame.place(y), frame.place(x)
    order = cloud.neighbours_together(known[:, :8], CELL)
    parts = [order[start : start + CELL] for start in range(0, len(known), CELL)]
    centres = np.stack([known[part].mean(axis=0) for part in parts])
    near, total = np.full(len(new), np.inf), np.zeros(len(new))
    for start in range(0, len(new), BATCH):
        rows = np.arange(start, min(start + BATCH, len(new)))
        pairs = _nearest(new[rows], centres, min(cells, len(parts)))
        by_cell = np.argsort(pairs.ravel(), kind="stable")
        asked = rows[by_cell // pairs.shape[1]]
        cuts = np.searchsorted(pairs.ravel()[by_cell], np.arange(len(parts) + 1))
        for c, part in enumerate(parts):
            here = asked[cuts[c] : cuts[c + 1]]
            if not len(here):
                continue
            d2 = squares(new[here] - centres[c], known[part] - centres[c])
            if owner is not None and owners is not None:
                d2[owner[here][:, None] == owners[part]] = np.inf
            least = np.minimum(near[here], d2.min(axis=1))
            finite = np.where(np.isfinite(least), least, 0.0)
            total[here] *= np.exp(finite - np.where(np.isfinite(near[here]), near[here], finite))
            total[here] += np.exp(finite[:, None] - d2).sum(axis=1)
            near[here] = least
    alone = np.flatnonzero(total == 0)
    if alone.size:
        own = None if owner is None else owner[alone]
        near[alone], total[alone] = cloud.near_and_total(frame, y[alone], x, own, owners)
    with np.errstate(divide="ignore"):
        out: Floats = near - np.log(total)
    return out


def _nearest(rows: Floats, centres: Floats, count: int) -> Ints:
    """The ``count`` nearest centres of each row ``(m, count)``, in no order."""
    out = np.empty((len(rows), count), np.int64)
    step = max(1, 8_000_000 // len(centres))
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        d2 = squares(rows[part], centres)
        if count < len(centres):
            out[part] = np.argpartition(d2, count - 1, axis=1)[:, :count]
        else:
            out[part] = np.arange(count)
    return out


def squares(a: Floats, b: Floats) -> Floats:
    """Squared distances ``(m, n)`` of the rows of a to those of b."""
    d2: Floats = a @ b.T
    d2 *= -2.0
    d2 += np.einsum("ip,ip->i", a, a)[:, None]
    d2 += np.einsum("ip,ip->i", b, b)
    return np.maximum(d2, 0.0, out=d2)
