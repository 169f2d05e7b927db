"""What all compressors share: the variables that they compress, and the parts of the data that they
are fitted on and give the codes of.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import numpy as np

from harness import Floats, Incompatible, LabelledSamples, PairedSamples, Samples, estimator

S = TypeVar("S", Samples, LabelledSamples)
Coder: TypeAlias = Callable[[Floats], Floats]
Fitter: TypeAlias = Callable[[Floats, str], Coder]
"""From the training part ``(n, d)`` and its name to a map ``(m, d) -> (m, code_dim)``."""


def pairs(data: PairedSamples, side: str, fit: Fitter, singular: str) -> PairedSamples:
    """Compress one side or both; a discrete side stays as it is.

    Raises `Incompatible` where nothing is left to compress.
    """
    codes: dict[str, Any] = {}
    for name in ("x", "y") if side == "both" else (side,):
        if getattr(data, f"{name}_kind") != "discrete":
            codes[name] = _coded(data, name, fit, singular)
    if not codes:
        raise Incompatible(
            f"side={side} of these PairedSamples is discrete, and nothing is left to compress; "
            "wants a continuous variable"
        )
    # What a code is without noise is not known: codes are no sum of a signal and its noise.
    return dataclasses.replace(data.evaluated(), **codes, signal=None, noise=0.0)


def one(data: S, fit: Fitter, singular: str) -> S:
    """Compress ``x``."""
    return dataclasses.replace(data.evaluated(), x=_coded(data, "x", fit, singular))


def _coded(
    data: PairedSamples | Samples | LabelledSamples, name: str, fit: Fitter, singular: str
) -> Floats:
    values, where = getattr(data, name), f"{type(data).__name__}.{name}"
    train = test = values
    if data.split is not None:
        train, test = values[data.split.train], values[data.split.test]
    code = fit(train, where)(test)
    if singular == "refuse":
        _refuse_singular(code, where)
    return code


def _refuse_singular(code: Floats, where: str) -> None:
    """Raise `Incompatible` where a code ``(n, d)`` has more dimensions than the data in it, as
    estimated by `two-nn`.
    """
    found = estimator("superposition/two-nn").estimate(Samples(code), rng=np.random.default_rng(0))
    if found.diagnostics["singular"]:
        raise Incompatible(
            f"{where}: the code has {code.shape[1]} dimensions and the data in it have "
            f"{found.value:.1f}, so that there is no density; wants "
            f"code_dim={max(1, round(found.value))}, or an estimator that needs no density (ksg)"
        )


def check_width(x: Floats, code_dim: int, where: str) -> None:
    """Raise `Incompatible` where a code would have more dimensions than the data have columns."""
    if code_dim > x.shape[1]:
        raise Incompatible(
            f"{where} has {x.shape[1]} columns, fewer than code_dim={code_dim}; "
            f"wants code_dim={x.shape[1]} or less"
        )
