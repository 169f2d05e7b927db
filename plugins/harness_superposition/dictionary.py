"""Sparse autoencoders as arrays: many of one size side by side, so that one matrix product serves all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from harness import Floats, Incompatible

CHUNK = 2**22
"""Codes that are in memory at a time."""


@dataclass(frozen=True, eq=False)
class Dictionaries:
    """s autoencoders of N units and D features: codes ``act(x E^T + b)`` and what they stand for, ``z W + c``.

    Attributes
    ----------
    architecture : ``relu``, ``topk`` (all but the k largest of the rectified codes are zero) or ``jumprelu`` (codes at
        or below a threshold are zero).
    encoder (s, D, N), bias (s, D) : E and b.
    decoder (s, D, N) : W; None where it is tied to the encoder, W = E.
    offset (s, N) : c; None for zero.
    threshold (s, D) : of ``jumprelu``.
    k : of ``topk``.
    gain (s,) : what a sample is multiplied with before all this.
    """

    architecture: str
    encoder: Tensor
    bias: Tensor
    decoder: Tensor | None = None
    offset: Tensor | None = None
    threshold: Tensor | None = None
    k: int = 0
    gain: Tensor | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of autoencoders, features, units."""
        s, features, units = self.encoder.shape
        return s, features, units

    @property
    def gains(self) -> Tensor:
        """``gain`` in double precision, ones where there is none ``(s,)``."""
        return torch.ones(len(self.encoder)).double() if self.gain is None else self.gain.double()

    def encode(self, x: Tensor) -> Tensor:
        """Codes ``(s, n, D)`` of ``x (s, n, N)``, which has its gain already."""
        return activate(
            torch.baddbmm(self.bias[:, None], x, self.encoder.mT),
            self.architecture,
            self.k,
            self.threshold,
        )

    def decode(self, z: Tensor) -> Tensor:
        """What codes ``(s, n, D)`` stand for ``(s, n, N)``."""
        decoder = self.encoder if self.decoder is None else self.decoder
        return (
            torch.bmm(z, decoder)
            if self.offset is None
            else torch.baddbmm(self.offset[:, None], z, decoder)
        )

    def chunks(self, x: Floats) -> Iterator[tuple[int, Tensor, Tensor]]:
        """Go through ``x (n, N)`` in order: position of the first row, the rows as seen ``(s, m, N)``, codes.

        Raises `Incompatible` where the width is another.
        """
        s, features, units = self.shape
        if x.shape[1] != units:
            raise Incompatible(f"the autoencoder reads {units} units; this layer has {x.shape[1]}")
        step = max(1, CHUNK // (s * features))
        gains = self.gains.numpy()[:, None, None]
        for start in range(0, len(x), step):
            seen = torch.from_numpy((x[None, start : start + step] * gains).astype(np.float32))
            yield start, seen, self.encode(seen)

    def unexplained(self, x: Floats) -> Floats:
        """Square error of what is decoded over the variance ``(s,)``, on ``x (n, N)``; 1 is no better than the mean.

        Raises `Incompatible` where nothing varies.
        """
        wrong = torch.zeros(len(self.encoder), dtype=torch.float64)
        for _, seen, codes in self.chunks(x):
            wrong += (self.decode(codes) - seen).square().sum((1, 2), dtype=torch.float64)
        # In the units that the autoencoder sees, where neither a large nor a small layer leaves the numbers there are.
        centred = (x - x.mean(0))[None] * self.gains.numpy()[:, None, None]
        variance = (centred**2).sum((1, 2))
        if not (variance > 0).all():
            raise Incompatible("every sample has the same activations; there is nothing to explain")
        return np.asarray(wrong.numpy() / variance)

    def take(self, which: int) -> Dictionaries:
        """One of them, as a row of one."""
        rows = {
            name: value[which : which + 1]
            for name in ("encoder", "bias", "decoder", "offset", "threshold", "gain")
            if (value := getattr(self, name)) is not None
        }
        return replace(self, **rows)


def activate(pre: Tensor, architecture: str, k: int, threshold: Tensor | None) -> Tensor:
    """Codes ``(s, n, D)`` from what comes before them, which is overwritten."""
    if architecture == "jumprelu":
        assert threshold is not None
        return pre.mul_(pre > threshold[:, None])
    codes = pre.relu_()
    if architecture == "topk" and k < codes.shape[-1]:
        least = codes.topk(k, dim=-1, sorted=False).values.amin(-1, keepdim=True)
        codes.mul_(codes >= least)
    return codes
