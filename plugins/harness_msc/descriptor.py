"""The QUESTS descriptor of atomic environments: sorted distances to and between neighbours.

D. Schwalbe-Koda, S. Hamel, B. Sadigh, F. Zhou, V. Lordi, Nat. Commun. 16, 4014 (2025). With the
weight ``w(r) = (1 - (r/cutoff)^2)^2`` inside the cutoff and 0 beyond, and the k nearest neighbours
j of an atom::

    X1[j] = w(r_j) / r_j                                         j = 1 .. k, nearest first
    M[j,l] = sqrt(w(r_j) w(r_l)) / r_jl,  M[j,j] = 0             k x k
    X2[l] = (1/k) sum_j (l-th largest entry of row j of M)       l = 1 .. k-1

An environment is ``[X1, X2]``, 2k-1 numbers in 1/Å. Absent neighbours give zeros. No chemical
element enters.
"""

from __future__ import annotations

import functools
from itertools import pairwise

import numpy as np

from harness import DataError, Environments, Floats, Ints, Structures, mapped, threads_for
from harness.compiled import njit, prange
from harness_msc import neighbours
from harness_msc.neighbours import bin_of
from harness_msc.settings import Descriptor

COINCIDENT = 1e-6
"""Å; two atoms nearer than this are taken for a mistake in the data."""
AT_ONCE = 2**17
"""Atoms whose neighbourhoods are in memory at once, besides those of one structure."""
TIE = 1e-9
"""Å; distances that differ by less are equal: well above rounding, well below coincidence."""


class Quests(Descriptor):
    """Model Structures -> Environments: the descriptor of every atom.

    With ``species``, and several elements in the data, a block per element follows (by atomic
    number), in which its atoms see each other only and all other atoms have zeros:
    ``(1 + elements) * (2k-1)`` numbers, block after block.
    """

    def transform(
        self,
        data: Structures,
        *,
        to: type[Environments] = Environments,
        rng: np.random.Generator | None = None,
    ) -> Environments:
        """The environments of all atoms in data order, with groups, sizes and split.

        Raises `DataError` for coincident atoms and for cells thinner than any crystal.
        """
        return to(
            x=self.describe(data),
            offsets=data.offsets,
            groups=data.groups,
            sizes=data.sizes,
            split=data.split,
        )

    def describe(self, data: Structures) -> Floats:
        """The descriptors ``(items, p)``, 1/Å."""
        several = self.species and np.ptp(data.numbers) > 0
        elements = np.unique(data.numbers) if several else np.zeros(0, np.int64)
        width = 2 * self.k - 1
        out = mapped.zeros((len(data.numbers), (1 + len(elements)) * width))
        for first, end in pairwise(_parts(data.offsets)):
            everything = np.arange(first, end)
            own = [everything[data.numbers[first:end] == z] for z in elements]
            for block, atoms in enumerate([everything, *own]):
                if atoms.size:
                    self._block(data, atoms, out[:, block * width : (block + 1) * width])
        out.flags.writeable = False  # so that the kind need not copy it
        return out

    def _block(self, data: Structures, atoms: Ints, out: Floats) -> None:
        """Fill the rows ``atoms`` of one block, which see each other only."""
        structure = np.searchsorted(data.offsets, atoms, side="right") - 1
        present, begin = np.unique(structure, return_index=True)
        offsets = np.append(begin, len(atoms)).astype(np.int64)
        pbc = data.pbc[present]
        basis = neighbours.bases(data.cells[present], pbc)
        fractional, positions = neighbours.wrap(data.positions[atoms], offsets, basis, pbc)
        first, last = neighbours.image_ranges(fractional, offsets, basis, pbc, self.cutoff, present)
        network = _network(self.k)
        cuts = _batches(np.add.reduceat(np.prod(last - first + 1, axis=1), offsets[:-1]))
        for s, t in pairwise(cuts):
            here = slice(offsets[s], offsets[t])
            local = offsets[s : t + 1] - offsets[s]
            rows, clash = np.zeros((local[-1], 2 * self.k - 1)), np.full(local[-1], -1)
            with threads_for(local[-1], 200):
                im = neighbours.images(
                    positions[here], first[here], last[here], local, basis[s:t], self.cutoff
                )
                _describe(
                    im.positions, im.atoms, im.home, local, im.origin, im.width, im.bins,
                    im.bin_starts, im.bin_offsets, self.k, self.cutoff, network, rows, clash,
                )  # fmt: skip
            if (clash >= 0).any():
                atom = int(np.flatnonzero(clash >= 0)[0])
                of = int(np.searchsorted(local, atom, side="right") - 1)
                owner = int(present[s + of])
                first_atom = offsets[s] + local[of]
                one, other = sorted(
                    int(atoms[first_atom + a] - data.offsets[owner])
                    for a in (atom - local[of], clash[atom])
                )
                raise DataError(
                    "Structures.positions",
                    f"atoms {one} and {other} of structure {owner} within {COINCIDENT:g} Å of each "
                    "other",
                    "atoms at distinct positions",
                )
            out[atoms[here]] = rows


def _parts(offsets: Ints) -> list[int]:
    """Cuts between structures, so that a part holds about `AT_ONCE` atoms, in atoms."""
    ends = np.flatnonzero(np.diff(offsets[1:] // AT_ONCE)) + 1
    return [0, *offsets[ends].tolist(), int(offsets[-1])]


def _batches(images: Ints) -> list[int]:
    """Cuts between structures, so that a batch holds about `neighbours.BATCH` images."""
    batch = np.cumsum(images) // neighbours.BATCH
    return [0, *(np.flatnonzero(np.diff(batch)) + 1).tolist(), len(images)]


@functools.cache
def _network(k: int) -> Ints:
    """Comparators ``(m, 2)`` that sort k numbers: merge exchange (Knuth, TAOCP 3, 5.2.2 M)."""
    out = []
    top = 1 << max(k - 1, 0).bit_length() >> 1
    p = top
    while p:
        q, r, d = top, 0, p
        while True:
            out += [(i, i + d) for i in range(k - d) if i & p == r]
            if q == p:
                break
            d, q, r = q - p, q >> 1, p
        p >>= 1
    return np.array(out, np.int64).reshape(-1, 2)


@njit(cache=True, parallel=True)
def _describe(
    places: Floats,
    atoms: Ints,
    home: Ints,
    offsets: Ints,
    origin: Floats,
    width: Floats,
    bins: Ints,
    bin_starts: Ints,
    bin_offsets: Ints,
    k: int,
    cutoff: float,
    network: Ints,
    out: Floats,
    clash: Ints,
) -> None:
    """Write the descriptors to ``out (items, 2k-1)``; ``clash`` is an atom in the same place."""
    chunk = 32
    for part in prange((len(home) + chunk - 1) // chunk):
        s = np.searchsorted(offsets, part * chunk, side="right") - 1
        found = np.empty((256, 4))
        matrix = np.empty((k, k))
        near = np.empty((k, 4))
        for i in range(part * chunk, min((part + 1) * chunk, len(home))):
            while i >= offsets[s + 1]:
                s += 1
            centre = places[home[i]]
            # All neighbours within the cutoff: displacement and distance.
            m = 0
            a = bin_of(centre[0], origin[s, 0], width[s, 0], bins[s, 0])
            b = bin_of(centre[1], origin[s, 1], width[s, 1], bins[s, 1])
            c = bin_of(centre[2], origin[s, 2], width[s, 2], bins[s, 2])
            for u in range(max(0, a - 1), min(bins[s, 0], a + 2)):
                for v in range(max(0, b - 1), min(bins[s, 1], b + 2)):
                    # The bins along the last axis are neighbours in memory, too.
                    row = bin_offsets[s] + (u * bins[s, 1] + v) * bins[s, 2]
                    for g in range(
                        bin_starts[row + max(0, c - 1)], bin_starts[row + min(bins[s, 2], c + 2)]
                    ):
                        x = places[g, 0] - centre[0]
                        y = places[g, 1] - centre[1]
                        z = places[g, 2] - centre[2]
                        d2 = x * x + y * y + z * z
                        if d2 < cutoff * cutoff and g != home[i]:
                            if d2 < COINCIDENT * COINCIDENT:
                                clash[i] = atoms[g]
                            if m == len(found):
                                grown = np.empty((2 * m, 4))
                                grown[:m] = found
                                found = grown
                            found[m, 0], found[m, 1], found[m, 2] = x, y, z
                            found[m, 3] = np.sqrt(d2)
                            m += 1
            kept = _nearest(found, m, near)
            for j in range(kept):
                # From here on the fourth column is sqrt(w), which is simpler than w.
                r = near[j, 3]
                near[j, 3] = 1.0 - (r / cutoff) ** 2
                out[i, j] = near[j, 3] ** 2 / (r + 1e-16)
            for j in range(kept):
                for n in range(kept):
                    x = near[j, 0] - near[n, 0]
                    y = near[j, 1] - near[n, 1]
                    z = near[j, 2] - near[n, 2]
                    r = np.sqrt(x * x + y * y + z * z)
                    matrix[j, n] = near[j, 3] * near[n, 3] / (r + 1e-15)
                matrix[j, j] = 0.0
            # Sort every column at once. Absent neighbours are zeros, hence last already.
            for e in range(network.shape[0]):
                lower = network[e, 1]
                if lower < kept:
                    upper = network[e, 0]
                    for n in range(kept):
                        p, q = matrix[upper, n], matrix[lower, n]
                        matrix[upper, n], matrix[lower, n] = max(p, q), min(p, q)
            for j in range(min(kept, k - 1)):
                total = 0.0
                for n in range(kept):
                    total += matrix[j, n]
                out[i, k + j] = total / k


@njit(cache=True)
def _nearest(found: Floats, m: int, near: Floats) -> int:
    """Move the nearest of ``found[:m]`` to ``near (k, 4)``, by distance; returns their number."""
    k = near.shape[0]
    kept = 0
    for g in range(m):
        r = found[g, 3]
        if kept == k and r >= near[k - 1, 3]:
            continue
        at = min(kept, k - 1)
        while at > 0 and near[at - 1, 3] > r:
            near[at] = near[at - 1]
            at -= 1
        near[at] = found[g]
        kept = min(kept + 1, k)
    if m > k:
        nearer, edge = k - 1, near[k - 1, 3]
        while nearer > 0 and near[nearer - 1, 3] > edge - TIE:
            nearer -= 1
        shell = np.flatnonzero(np.abs(found[:m, 3] - edge) < TIE)
        if len(shell) > k - nearer:
            _settle(found, shell, near, nearer)
    return kept


@njit(cache=True)
def _settle(found: Floats, shell: Ints, near: Floats, nearer: int) -> None:
    """Fill ``near`` from the row ``nearer`` on with part of a shell of equally far neighbours.

    Which part must not depend on the order or orientation of the atoms, or equal environments would
    differ. So the next is always the one most crowded by those chosen before, by the sum of inverse
    distances; neighbours that tie in that are images of each other under a symmetry of the chosen
    ones, as a rule, and any of them will do.
    """
    crowd = np.zeros(len(shell))
    for j in range(near.shape[0]):
        if j >= nearer:
            best = 0
            for t in range(1, len(shell)):
                if crowd[t] > crowd[best] * (1.0 + 1e-6):
                    best = t
            near[j] = found[shell[best]]
            crowd[best] = -np.inf
        for t in range(len(shell)):
            x, y, z = (
                near[j, 0] - found[shell[t], 0],
                near[j, 1] - found[shell[t], 1],
                near[j, 2] - found[shell[t], 2],
            )
            crowd[t] += 1.0 / (np.sqrt(x * x + y * y + z * z) + 1e-9)
