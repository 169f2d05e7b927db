"""Independent references: all pairs compared, formulas written out with scipy's functions."""

import numpy as np
from scipy.special import digamma


def pairwise(x):
    """Maximum-norm distances (n, n), infinite to oneself."""
    d = np.abs(x[:, None, :] - x[None, :, :]).max(2)
    np.fill_diagonal(d, np.inf)
    return d


def ksg(x, y, k, second=False):
    dx, dy = pairwise(x), pairwise(y)
    joint = np.maximum(dx, dy)
    e = np.sort(joint, 1)[:, k - 1]
    n = len(x)
    if not second:
        nx, ny = ((d < e[:, None]).sum(1) for d in (dx, dy))
        return digamma(k) + digamma(n) - np.mean(digamma(nx + 1) + digamma(ny + 1))
    neighbours = joint <= e[:, None]
    ex, ey = (np.where(neighbours, d, 0.0).max(1) for d in (dx, dy))
    nx, ny = (dx <= ex[:, None]).sum(1), (dy <= ey[:, None]).sum(1)
    return digamma(k) - 1 / k + digamma(n) - np.mean(digamma(nx) + digamma(ny))


def frenzel_pompe(x, y, z, k):
    dx, dy, dz = pairwise(x), pairwise(y), pairwise(z)
    e = np.sort(np.maximum.reduce([dx, dy, dz]), 1)[:, k - 1][:, None]
    nz, nxz, nyz = ((d < e).sum(1) for d in (dz, np.maximum(dx, dz), np.maximum(dy, dz)))
    return digamma(k) + np.mean(digamma(nz + 1) - digamma(nxz + 1) - digamma(nyz + 1))


def mesner_shalizi(x, y, z, k):
    """Algorithm 1 with all pairs; each argument is values (n, d) and whether they are codes."""
    dx, dy, dz = (
        pairwise_codes(values) if codes else pairwise(values) for values, codes in (x, y, z)
    )
    joint = np.maximum.reduce([dx, dy, dz])
    e = np.sort(joint, 1)[:, k - 1][:, None] * (1 + 1e-12)
    spaces = joint, dz, np.maximum(dx, dz), np.maximum(dy, dz)
    ki, nz, nxz, nyz = ((d <= e).sum(1) for d in spaces)
    return np.mean(digamma(ki) + digamma(nz) - digamma(nxz) - digamma(nyz))


def pairwise_codes(x):
    """0 between equal rows, 1 between others (n, n); infinite to oneself."""
    d = (x[:, None, :] != x[None, :, :]).any(2).astype(float)
    np.fill_diagonal(d, np.inf)
    return d


def cmi_of_counts(x, y, z):
    """Sum over the samples of ln [p(x,y,z) p(z) / p(x,z) p(y,z)] / n, each p by comparing all."""
    total, n = 0.0, len(x)
    for i in range(n):
        ax, ay, az = ((v == v[i]).all(1) for v in (x, y, z))
        shares = (np.mean(part) for part in (ax & ay & az, az, ax & az, ay & az))
        both, condition, first, second = shares
        total += np.log(both * condition / (first * second)) / n
    return total
