"""Periodic images made explicit and binned, so that neighbours are found in any cell.

Skewed, left-handed or tiny cells, any mix of periodic directions and unwrapped positions need no
case of their own: along each periodic direction an atom is wrapped into the cell and copied to
every image within the cutoff of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import Bools, DataError, Floats, Ints
from harness.compiled import njit, prange

MOST_IMAGES = 20_000_000
"""Most images of a structure (600 MB); a cell with more is refused as thinner than any crystal."""
BATCH = 1_000_000
MOST_BINS = 64


@dataclass(frozen=True)
class Images:
    """The atoms of some structures with their images, by structure and bin.

    Attributes
    ----------
    positions (g, 3), atoms (g,) : Å, and the atom (in its structure) that each is an image of.
    home (items,) : where each atom itself stands among the images of its structure.
    starts (n+1,) : structure s owns the images ``starts[s]:starts[s+1]``.
    origin, width (n, 3), bins (n, 3) : the grid of each structure, its bins at least a cutoff wide.
    bin_starts, bin_offsets (n+1,) : bin b of structure s begins at image
        ``bin_starts[bin_offsets[s] + b]``.
    """

    positions: Floats
    atoms: Ints
    home: Ints
    starts: Ints
    origin: Floats
    width: Floats
    bins: Ints
    bin_starts: Ints
    bin_offsets: Ints


def bases(cells: Floats, pbc: Bools) -> Floats:
    """Three independent vectors per structure: the periodic ones, and orthogonal unit vectors."""
    out = np.where(pbc[:, :, None], cells, np.eye(3))
    for s in np.flatnonzero(pbc.any(axis=1) & ~pbc.all(axis=1)):
        free = ~pbc[s]
        out[s, free] = np.linalg.svd(cells[s, ~free])[2][-int(free.sum()) :]
    return out


def wrap(positions: Floats, offsets: Ints, basis: Floats, pbc: Bools) -> tuple[Floats, Floats]:
    """Fractional coordinates ``(items, 3)``, in 0..1 where periodic, and their positions in Å."""
    sizes = np.diff(offsets)
    fractional = np.einsum("id,ide->ie", positions, np.repeat(np.linalg.inv(basis), sizes, axis=0))
    shift = np.floor(fractional) * np.repeat(pbc, sizes, axis=0)
    fractional -= shift
    return fractional, positions - np.einsum("id,ide->ie", shift, np.repeat(basis, sizes, axis=0))


def image_ranges(
    fractional: Floats, offsets: Ints, basis: Floats, pbc: Bools, cutoff: float, present: Ints
) -> tuple[Ints, Ints]:
    """First and last image ``(items, 3)`` of each atom that may lie within the cutoff of the cell.

    Raises `DataError` for a structure with more than `MOST_IMAGES` images, whose position in the
    data is that in ``present (n,)``.
    """
    # A step of 1 in a fractional coordinate is at least 1/|dual vector|; 1e-9 is for rounding.
    reach = cutoff * np.linalg.norm(np.linalg.inv(basis), axis=1) + 1e-9
    sizes = np.diff(offsets)
    per_atom = np.prod(np.where(pbc, 2 * reach + 1, 1.0), axis=1)
    thin = np.flatnonzero(per_atom * sizes > MOST_IMAGES)
    if thin.size:
        raise DataError(
            "Structures.cells",
            f"a cell so thin that {per_atom[thin[0]]:.0f} images of an atom lie within the cutoff",
            "lattice vectors of about an ångström or more",
            int(present[thin[0]]),
        )
    periodic, reach = np.repeat(pbc, sizes, axis=0), np.repeat(reach, sizes, axis=0)
    first = np.where(periodic, np.ceil(-reach - fractional), 0).astype(np.int64)
    last = np.where(periodic, np.floor(1 + reach - fractional), 0).astype(np.int64)
    return first, last


def images(
    positions: Floats, first: Ints, last: Ints, offsets: Ints, basis: Floats, cutoff: float
) -> Images:
    """Copy and bin the atoms of some structures (``wrap``ped positions)."""
    per_atom = np.prod(last - first + 1, axis=1)
    starts = np.concatenate([[0], np.cumsum(np.add.reduceat(per_atom, offsets[:-1]))])
    total, n = int(starts[-1]), len(offsets) - 1
    copies, atoms = np.empty((total, 3)), np.empty(total, np.int64)
    origin, width, bins = np.empty((n, 3)), np.empty((n, 3)), np.empty((n, 3), np.int64)
    _copy(
        positions, first, last, offsets, basis, starts, cutoff, copies, atoms, origin, width, bins
    )
    bin_offsets = np.concatenate([[0], np.cumsum(np.prod(bins, axis=1) + 1)])
    home = np.empty(len(positions), np.int64)
    out, owner = np.empty_like(copies), np.empty_like(atoms)
    bin_starts = np.zeros(bin_offsets[-1], np.int64)
    _sort(
        copies, atoms, offsets, starts, origin, width, bins, bin_offsets, out, owner, home,
        bin_starts,
    )  # fmt: skip
    return Images(out, owner, home, starts, origin, width, bins, bin_starts, bin_offsets)


@njit(cache=True, parallel=True)
def _copy(
    positions: Floats,
    first: Ints,
    last: Ints,
    offsets: Ints,
    basis: Floats,
    starts: Ints,
    cutoff: float,
    copies: Floats,
    atoms: Ints,
    origin: Floats,
    width: Floats,
    bins: Ints,
) -> None:
    """Write the images of every structure, and lay a grid over them."""
    for s in prange(len(offsets) - 1):
        at = starts[s]
        for i in range(offsets[s], offsets[s + 1]):
            for a in range(first[i, 0], last[i, 0] + 1):
                for b in range(first[i, 1], last[i, 1] + 1):
                    for c in range(first[i, 2], last[i, 2] + 1):
                        for x in range(3):
                            moved = a * basis[s, 0, x] + b * basis[s, 1, x] + c * basis[s, 2, x]
                            copies[at, x] = positions[i, x] + moved
                        atoms[at] = i - offsets[s]
                        # The atom itself is marked, to be found again once the images are sorted.
                        if a == 0 and b == 0 and c == 0:
                            atoms[at] = -1 - atoms[at]
                        at += 1
        for x in range(3):
            low, high = np.inf, -np.inf
            for g in range(starts[s], at):
                low, high = min(low, copies[g, x]), max(high, copies[g, x])
            origin[s, x] = low
            bins[s, x] = max(1, min(MOST_BINS, int((high - low) / cutoff)))
            width[s, x] = max((high - low) / bins[s, x], 1e-300)


@njit(cache=True)
def bin_of(value: float, origin: float, width: float, bins: int) -> int:
    """The bin along one axis."""
    return min(bins - 1, max(0, int((value - origin) / width)))


@njit(cache=True, parallel=True)
def _sort(
    copies: Floats,
    atoms: Ints,
    offsets: Ints,
    starts: Ints,
    origin: Floats,
    width: Floats,
    bins: Ints,
    bin_offsets: Ints,
    out: Floats,
    owner: Ints,
    home: Ints,
    bin_starts: Ints,
) -> None:
    """Counting sort of the images of every structure by bin."""
    for s in prange(len(offsets) - 1):
        begin, end, base = starts[s], starts[s + 1], bin_offsets[s]
        count = bin_offsets[s + 1] - base - 1
        where = np.empty(end - begin, np.int64)
        for g in range(begin, end):
            b = 0
            for x in range(3):
                b = b * bins[s, x] + bin_of(copies[g, x], origin[s, x], width[s, x], bins[s, x])
            where[g - begin] = b
            bin_starts[base + b + 1] += 1
        bin_starts[base] = begin
        for b in range(count):
            bin_starts[base + b + 1] += bin_starts[base + b]
        cursor = bin_starts[base : base + count].copy()
        for g in range(begin, end):
            at = cursor[where[g - begin]]
            cursor[where[g - begin]] += 1
            out[at] = copies[g]
            atom = atoms[g]
            if atom < 0:
                atom = -1 - atom
                home[offsets[s] + atom] = at
            owner[at] = atom
