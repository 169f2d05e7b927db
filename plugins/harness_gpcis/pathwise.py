"""Double-space sampling: a draw from the prior in weight space, moved to the clicks in function
space (equation 11 of the paper, S15 of its supplement), and the moments that it has (9, 10, S5)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import Floats
from harness_gpcis.posterior import Kernel, solved

BLOCK = 65536
"""Numbers of a table of basis functions that are held at once, in thousands of bytes about."""


@dataclass(frozen=True)
class Basis:
    """l random features of a kernel: amplitude sqrt(2 / l) cos(theta^T x + tau)."""

    theta: Floats
    tau: Floats
    amplitude: float

    @classmethod
    def drawn(cls, kernel: Kernel, d: int, size: int, rng: np.random.Generator) -> Basis:
        """theta from the spectral density of the kernel, tau uniform on a circle."""
        weights = np.array([part.weight for part in kernel.parts])
        chosen = rng.choice(len(weights), size, p=weights / weights.sum())
        theta, normal = np.zeros((size, d)), rng.normal(size=(size, d))
        for i, part in enumerate(kernel.parts):
            rows, columns = chosen == i, slice(part.first, part.last)
            theta[rows, columns] = normal[rows, columns] * part.scale
        return cls(theta, rng.uniform(0.0, 2.0 * np.pi, size), float(np.sqrt(weights.sum())))

    def __call__(self, x: Floats) -> Floats:
        """The features ``(n, l)`` of points ``(n, d)``."""
        found: Floats = self._scale * np.cos(x @ self.theta.T + self.tau)
        return found

    @property
    def _scale(self) -> float:
        return self.amplitude * float(np.sqrt(2.0 / len(self.tau)))

    def times(self, x: np.ndarray, w: Floats) -> np.ndarray:
        """Features times weights ``(l, paths)`` in float32, block by block."""
        theta, tau = self.theta.T.astype(np.float32), self.tau.astype(np.float32)
        single = (self._scale * w).astype(np.float32)
        rows = max(1, 4096 * BLOCK // (1024 * len(tau)))
        found = np.empty((len(x), w.shape[1]), np.float32)
        for start in range(0, len(x), rows):
            block = x[start : start + rows].astype(np.float32) @ theta
            block += tau
            np.cos(block, out=block)
            found[start : start + rows] = block @ single
        return found


def moved(
    x: Floats, clicked: Floats, kernel: Kernel, basis: Basis, w: Floats, f: Floats, jitter: float
) -> Floats:
    """Phi(x) w + K_*n (K_nn + jitter I)^-1 (f - Phi(x_n) w) ``(n, paths)``, in float64.

    ``w (l, paths)`` are weights from the prior, ``f (clicks, paths)`` values at the clicks.
    """
    alpha, _ = solved(kernel.between(clicked, clicked), jitter, f - basis(clicked) @ w)
    return basis(x) @ w + kernel.between(x, clicked) @ alpha


def moments(
    x: Floats, clicked: Floats, kernel: Kernel, m: Floats, sigma: float
) -> tuple[Floats, Floats]:
    """Mean and covariance at ``x`` where the clicks have N(m, sigma^2 I)."""
    cross = kernel.between(x, clicked)
    inverse, _ = solved(kernel.between(clicked, clicked), 0.0, np.eye(len(clicked)))
    inner = inverse @ (np.eye(len(clicked)) - sigma**2 * inverse)
    return cross @ inverse @ m, kernel.between(x, x) - cross @ inner @ cross.T
