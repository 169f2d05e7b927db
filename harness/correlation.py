"""Rank correlations along the last axis: the ones that boards and reports share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.errors import MissingDependency

Floats = NDArray[np.float64]


def spearman(x: Floats, y: Floats) -> Floats:
    """Spearman's rank correlation ``(...)`` of ``(..., k)`` with ``(..., k)``.

    Ties share their mean rank; NaN where one side is constant. Raises `MissingDependency` without
    scipy.
    """
    try:
        from scipy.stats import rankdata
    except ImportError as error:
        raise MissingDependency("scipy", "pip install 'infoharness[boards]'") from error
    x, y = (rankdata(side, axis=-1) - (np.shape(side)[-1] + 1) / 2 for side in (x, y))
    return _ratio((x * y).sum(-1), np.sqrt((x * x).sum(-1) * (y * y).sum(-1)))


def kendall(x: Floats, y: Floats) -> Floats:
    """Kendall's tau-b ``(...)`` of ``(..., k)`` with ``(..., k)``; NaN where a side is constant."""
    total = np.zeros(x.shape[:-1])
    in_x, in_y = total.copy(), total.copy()
    for shift in range(1, x.shape[-1]):  # every unordered pair once, without an array of all pairs
        dx = np.sign(x[..., shift:] - x[..., :-shift])
        dy = np.sign(y[..., shift:] - y[..., :-shift])
        total += (dx * dy).sum(-1)
        in_x += np.abs(dx).sum(-1)
        in_y += np.abs(dy).sum(-1)
    return _ratio(total, np.sqrt(in_x * in_y))


def _ratio(total: Floats, norm: Floats) -> Floats:
    out = np.full(np.shape(total), np.nan)
    np.divide(total, norm, out=out, where=norm > 0)
    return out
