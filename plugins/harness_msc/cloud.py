"""Point clouds prepared for kernel sums: scaled, rotated to principal axes, cut into blocks.

A rotation keeps every distance and puts most of it into the first axes, where a bounding box or a
partial sum then decides early. The order of the blocks is that of a k-d tree with full leaves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness import DataError, Floats, Ints, mapped, threads_for
from harness_msc import kernel

WIDEST = 512
"""Above this dimension axes are sorted by variance; an eigenbasis would cost more than it saves."""
PAIRS = 1_000_000
"""Pairs of points that are worth a thread."""
PARTS = 32
"""Sums that are kept apart, whatever the number of threads, so that it changes no result."""
ROUNDING = 35.0
"""exp(-35) = 6e-16: the most that all omitted terms add to a sum, relative to its largest term."""


@dataclass(frozen=True)
class Frame:
    """Coordinates in which a Gaussian kernel of bandwidth h is ``exp(-squared distance)``."""

    centre: Floats
    axes: Floats

    @classmethod
    def of(cls, x: Floats, h: float) -> Frame:
        """Principal axes of ``x (n, p)``, widest first, zero-padded to 16, 24, 32 ... axes."""
        p = x.shape[1]
        centre = x.mean(axis=0)
        if p <= WIDEST:
            # A sample of rows settles the directions; any orthogonal basis is correct.
            sample = np.ascontiguousarray(x[:: max(1, len(x) // 2048)])
            basis = np.linalg.eigh(kernel.scatter(sample, centre))[1][:, ::-1]
        else:
            spread = [x[:, columns].var(axis=0) for columns in mapped.blocks(p, 8 * len(x))]
            basis = np.eye(p)[:, np.argsort(-np.concatenate(spread), kind="stable")]
        axes = np.zeros((p, max(kernel.LEAD, -(-p // 8) * 8)))
        axes[:, :p] = basis / (h * math.sqrt(2.0))
        return cls(centre, axes)

    def place(self, x: Floats) -> Floats:
        """The coordinates ``(n, d)`` of ``x (n, p)``.

        Raises `DataError` where squared distances would overflow.
        """
        out: Floats = mapped.zeros((len(x), self.axes.shape[1]))
        with threads_for(x.size, 500_000):
            for part in mapped.blocks_of(out):
                rows = np.ascontiguousarray(x[part])
                out[part] = kernel.rotate(rows, self.centre, self.axes)
        if not max(out.max(), -out.min()) < 1e90:
            row = int(np.maximum(out.max(axis=1), -out.min(axis=1)).argmax())
            raise DataError(
                "x", "a point beyond 1e90 bandwidths from the mean", "data of the scale of h", row
            )
        return out


@dataclass(frozen=True)
class Blocks:
    """Points in blocks.

    Attributes
    ----------
    rows (b*BLOCK, d) : the points, and padding after the last.
    order (n,) : the position in the data of each row.
    low, high (b, LEAD) : bounding boxes.
    """

    rows: Floats
    order: Ints
    low: Floats
    high: Floats

    @classmethod
    def of(cls, points: Floats) -> Blocks:
        """Cut ``points (n, d)`` (in a `Frame`) into blocks of neighbours."""
        n, size = len(points), kernel.BLOCK
        order = neighbours_together(points[:, :8], size)
        count = -(-n // size)
        rows = mapped.zeros((count * size, points.shape[1]))
        rows[n:] = 1e110
        mapped.taken(points, order, rows[:n])
        lead = rows[:n, : kernel.LEAD]
        starts = np.arange(0, n, size)
        low, high = np.minimum.reduceat(lead, starts), np.maximum.reduceat(lead, starts)
        return cls(rows, order, low, high)


def self_sums(x: Floats, h: float) -> Floats:
    """s_i = sum_j exp(-|x_i - x_j|^2 / 2 h^2) over all rows of ``x (n, p)``, i included.

    Gives ``(n,)``, from 1 to n. Exact to rounding: all terms omitted from s_i add up to less than
    1e-15.
    """
    n = len(x)
    blocks = Blocks.of(Frame.of(x, h).place(x))
    with threads_for(n * n, PAIRS):
        parts = mapped.zeros((PARTS, len(blocks.rows)))
        sums = kernel.self_sums(
            blocks.rows, blocks.low, blocks.high, n, ROUNDING + math.log(n), parts
        )
    out = np.empty(n)
    # Only by rounding does a sum of n terms up to 1 exceed n; an entropy would be negative.
    out[blocks.order] = np.minimum(sums, n)
    return out


def log_sums(
    y: Floats, x: Floats, h: float, owner: Ints | None = None, owners: Ints | None = None
) -> Floats:
    """-ln sum_j exp(-|y_i - x_j|^2 / 2 h^2) for each row of ``y (m, p)``, in nats; ``(m,)``.

    With ``owner (m,)`` and ``owners (n,)``, the x of the same owner are left out of a sum. Exact to
    rounding, however far y is from all x. Infinite where nothing is left to sum over.
    """
    near, total = near_and_total(Frame.of(x, h), y, x, owner, owners)
    with np.errstate(divide="ignore"):
        return near - np.log(total)


def near_and_total(
    frame: Frame, y: Floats, x: Floats, owner: Ints | None = None, owners: Ints | None = None
) -> tuple[Floats, Floats]:
    """The parts of `log_sums`: the least exponent of each row of y, and the sum relative to it."""
    m, n = len(y), len(x)
    queries, blocks = Blocks.of(frame.place(y)), Blocks.of(frame.place(x))
    own = np.full(m, -1) if owner is None else owner[queries.order]
    owned = np.full(len(blocks.rows), -2)
    if owners is not None:
        owned[:n] = owners[blocks.order]
    near, total = np.empty(m), np.empty(m)
    with threads_for(m * n, PAIRS):
        near[queries.order], total[queries.order] = kernel.log_sums(
            queries.rows,
            own,
            m,
            blocks.rows,
            owned,
            blocks.low,
            blocks.high,
            ROUNDING + math.log(n),
        )
    return near, total


def neighbours_together(points: Floats, size: int) -> Ints:
    """An order in which every ``size`` points are neighbours: halve the widest axis repeatedly."""
    order = np.arange(len(points))
    pending = [(0, len(points))]
    while pending:
        first, end = pending.pop()
        blocks = -(-(end - first) // size)
        if blocks < 2:
            continue
        here = order[first:end]
        middle = size * (blocks // 2)
        parts = (points[here[part]] for part in mapped.blocks(len(here), points[0].nbytes))
        low, high = zip(*((part.min(axis=0), part.max(axis=0)) for part in parts), strict=True)
        axis = int((np.max(high, axis=0) - np.min(low, axis=0)).argmax())
        order[first:end] = here[np.argpartition(points[here, axis], middle)]
        pending += [(first, first + middle), (first + middle, end)]
    return order
