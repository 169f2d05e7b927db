"""Exact laws of attention against a rule: bounds from margins, and a bonus for the targets.

The bounds are ours, written from the abstract of the paper: "localist-style".
"""

from __future__ import annotations

from typing import Any

import numpy as np

from harness import Floats


def least_fidelity(margin: Any, m: Any, r: Any) -> Floats:
    """m / (m + r exp(-margin)): what the attention on m targets is at least (our R1).

    ``margin`` is the least logit of a target less the greatest of the r other keys, over the
    temperature. Equal where all targets are alike and all other keys are.
    """
    return np.asarray(m / (m + r * np.exp(-np.clip(margin, -700.0, 700.0))))


def least_single(inner: Any, outer: Any, m: Any, r: Any) -> Floats:
    """1 / (1 + (m - 1) exp(-inner) + r exp(-outer)): what one target among m has at least.

    ``inner`` and ``outer`` are its leads over the other targets and over the other keys.
    """
    return np.asarray(1 / (1 + (m - 1) * np.exp(-inner) + r * np.exp(-outer)))


def needed_margin(fidelity: float, m: int, r: int) -> float:
    """The margin that promises this fidelity: ln(r f / (m (1 - f))). Raises `ValueError`."""
    if not (0 < fidelity < 1 and m >= 1 and r >= 1):
        raise ValueError(f"fidelity {fidelity} of {m} targets and {r} other keys; wanted 0 < f < 1")
    return float(np.log(r * fidelity / (m * (1 - fidelity))))


def binary_entropy(share: Any) -> Floats:
    """-e ln e - (1 - e) ln(1 - e), in nats."""
    e = np.clip(share, 0.0, 1.0)
    return np.asarray(
        -e * np.log(np.where(e > 0, e, 1.0)) - (1 - e) * np.log(np.where(e < 1, 1 - e, 1.0))
    )


def largest_entropy(margin: Any, m: Any, r: Any) -> Floats:
    """U(eps) = h(eps) + (1 - eps) ln m + eps ln r at the eps of `least_fidelity` (our R2).

    U grows up to eps = r / (m + r), which is margin 0: below that the bound is ln(m + r).
    """
    margin, m, r = np.broadcast_arrays(np.asarray(margin, np.float64), m, r)
    eps = 1 - least_fidelity(np.maximum(margin, 0.0), m, r)
    return np.asarray(binary_entropy(eps) + (1 - eps) * np.log(m) + eps * np.log(np.maximum(r, 1)))


def needed_strength(fidelity: Any, share: Any) -> Floats:
    """The bonus of the targets, over the temperature, that lifts ``share`` to ``fidelity``.

    logit(fidelity) - logit(share). Raises `ValueError` for a fidelity or share of 0 or 1.
    """
    f, p = np.asarray(fidelity, np.float64), np.asarray(share, np.float64)
    if not ((f > 0) & (f < 1)).all():
        raise ValueError(f"fidelity {fidelity}; wanted numbers between 0 and 1")
    if not ((p > 0) & (p < 1)).all():
        raise ValueError("targets with no or with all attention cannot be lifted by a bonus")
    return np.asarray(np.log(f / (1 - f)) - np.log(p / (1 - p)))


def lifted(share: Any, strength: Any) -> Floats:
    """The attention on the targets after a bonus: P e^b / (P e^b + 1 - P)."""
    p, b = np.asarray(share, np.float64), np.asarray(strength, np.float64)
    return np.asarray(p / (p + (1 - p) * np.exp(-b)))


def cost(share: Any, strength: Any) -> Floats:
    """KL(a' || a) in nats, with and without the bonus: b P' - ln(1 - P + P e^b)."""
    p, b = np.asarray(share, np.float64), np.asarray(strength, np.float64)
    return np.asarray(b * lifted(p, b) - np.log1p(p * np.expm1(b)))


def turning_point(inside_entropy: Any, outside_entropy: Any) -> Floats:
    """eps_c: with less attention than this outside, a rule that takes more lowers the entropy."""
    return np.asarray(1 / (1 + np.exp(np.asarray(inside_entropy) - np.asarray(outside_entropy))))
