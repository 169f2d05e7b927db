"""The energy test: what a cheap potential, trained on a selection, knows about the rest.

The structures are dealt into ten fixed folds. Each is predicted by the potential fitted on the
selected structures outside its own fold: so every selection is tested on the same structures,
and none on a structure that it was fitted to.

The default potential is kernel ridge regression of the energy per atom, after a reference energy
per element is subtracted by least squares, with the mean kernel between structures::

    k(A, B) = mean over environments i of A, j of B of exp(-|x_i - x_j|^2 / (2 LENGTH^2))
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from harness import Floats, Ints, stream

LENGTH = 0.1
"""Length scale of the kernel, 1/Å."""
RIDGE = 1e-6
"""Added to the diagonal of the kernel matrix."""
FOLDS = 10
TAIL = 0.1
"""Share of the structures, by their largest force, that count as out of domain."""
LARGEST = 100_000
"""Most environments for which the test is run: the kernel takes 10 ns for each pair of them."""
_BLOCK = 2048


class Potential(Protocol):
    """Anything that can be fitted on some structures of a data set and predict others."""

    def predict(self, train: Ints, test: Ints) -> Floats:
        """(test,) Energies per atom, eV, from a fit on ``train``."""


def mean_kernel(x: Floats, offsets: Ints) -> Floats:
    """(n, n) The mean kernel between all structures, exactly; O(items^2) time, O(items) memory."""
    n = len(offsets) - 1
    scaled = np.ascontiguousarray(x / LENGTH)
    squares = np.einsum("ip,ip->i", scaled, scaled)
    sizes = np.diff(offsets)
    # Blocks of whole structures, so that sums over a structure lie inside one block.
    cuts = _blocks(offsets)
    out = np.empty((n, n))
    for a0, a1 in cuts:
        rows = slice(offsets[a0], offsets[a1])
        for b0, b1 in cuts:
            if b0 > a0:
                break
            columns = slice(offsets[b0], offsets[b1])
            d2 = scaled[rows] @ scaled[columns].T
            d2 *= -2
            d2 += squares[rows, None]
            d2 += squares[None, columns]
            np.maximum(d2, 0, out=d2)
            d2 *= -0.5
            np.exp(d2, out=d2)
            summed = np.add.reduceat(d2, offsets[a0:a1] - offsets[a0], axis=0)
            summed = np.add.reduceat(summed, offsets[b0:b1] - offsets[b0], axis=1)
            out[a0:a1, b0:b1] = summed
            out[b0:b1, a0:a1] = summed.T
    out /= np.outer(sizes, sizes)
    return out


def _blocks(offsets: Ints) -> list[tuple[int, int]]:
    """Runs of structures with about _BLOCK environments each."""
    cuts = np.unique(np.searchsorted(offsets, np.arange(0, offsets[-1], _BLOCK)))
    cuts = np.append(cuts[cuts < len(offsets) - 1], len(offsets) - 1)
    return list(zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True))


def composition(numbers: Ints, offsets: Ints) -> Floats:
    """(n, elements) The share of each element in each structure."""
    elements, codes = np.unique(numbers, return_inverse=True)
    owner = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    counts = np.zeros((len(offsets) - 1, len(elements)))
    np.add.at(counts, (owner, codes), 1.0)
    return counts / np.diff(offsets)[:, None]


@dataclass(frozen=True)
class KernelRidge:
    """Ridge regression with the mean kernel between structures.

    Attributes
    ----------
    kernel (n, n) : between all structures.
    shares (n, elements) : composition of each.
    energies (n,) : eV per atom; read at ``train`` only.
    """

    kernel: Floats
    shares: Floats
    energies: Floats

    def predict(self, train: Ints, test: Ints) -> Floats:
        """(test,) Energies per atom, eV, from a fit on ``train``.

        The reference per element is the least-squares solution of smallest norm about the mean
        energy: an element that the training part lacks gets that mean.
        """
        mean = self.energies[train].mean()
        centred = self.energies[train] - mean
        reference = np.linalg.lstsq(self.shares[train], centred, rcond=1e-10)[0]
        system = self.kernel[np.ix_(train, train)] + RIDGE * np.eye(len(train))
        weights = np.linalg.solve(system, centred - self.shares[train] @ reference)
        known = mean + self.shares[test] @ reference
        found: Floats = known + self.kernel[np.ix_(test, train)] @ weights
        return found


def folds(n: int) -> Ints:
    """(n,) The fold of each structure, in a random order that is the same for all selectors."""
    dealt = np.empty(n, np.int64)
    dealt[stream(0, "atoms", "folds").permutation(n)] = np.arange(n) % FOLDS
    return dealt


def crossfit(potential: Potential, n: int, chosen: Ints) -> Floats | None:
    """(n,) Each structure's energy per atom as predicted from the chosen ones outside its fold.

    None where a fold leaves no chosen structure to train on.
    """
    fold = folds(n)
    out = np.empty(n)
    for f in range(FOLDS):
        train, test = chosen[fold[chosen] != f], np.flatnonzero(fold == f)
        if not train.size:
            return None
        out[test] = potential.predict(train, test)
    return out


def rmse(a: Floats, b: Floats) -> float:
    """Root mean square difference, meV where the arguments are in eV."""
    return float(1e3 * np.sqrt(np.mean((a - b) ** 2)))
