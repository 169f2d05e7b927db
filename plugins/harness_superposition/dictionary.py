"""Sparse autoencoders as arrays: many of one size, coded by one batched matrix product."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from harness import Floats, Incompatible

CHUNK = 2**22
"""Number of codes that are in memory at a time."""


@dataclass(frozen=True, eq=False)
class Dictionaries:
    """s autoencoders of N units and D features: codes z = ``act(x E^T + b)``, decoded ``z W + c``.

    Attributes
    ----------
    architecture : ``relu``, ``topk`` (all but the k largest of the rectified codes are zero) or
        ``jumprelu`` (codes at or below a threshold are zero).
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
        """``gain`` in double precision on the CPU, ones where there is none ``(s,)``."""
        given = torch.ones(len(self.encoder)) if self.gain is None else self.gain
        return given.double().cpu()

    def encode(self, x: Tensor) -> Tensor:
        """Codes ``(s, n, D)`` of ``x (s, n, N)``, which is multiplied by the gain already."""
        return activate(
            torch.baddbmm(self.bias[:, None], x, self.encoder.mT),
            self.architecture,
            self.k,
            self.threshold,
        )

    def decode(self, z: Tensor) -> Tensor:
        """Decoded activations ``(s, n, N)`` of codes ``(s, n, D)``."""
        decoder = self.encoder if self.decoder is None else self.decoder
        return (
            torch.bmm(z, decoder)
            if self.offset is None
            else torch.baddbmm(self.offset[:, None], z, decoder)
        )

    def rows(self) -> Floats:
        """The decoder's rows ``(s, D, N)``."""
        decoder = self.encoder if self.decoder is None else self.decoder
        return np.asarray(decoder.double().cpu().numpy())

    def chunks(self, x: Floats) -> Iterator[tuple[int, Tensor, Tensor]]:
        """Parts of ``x (n, N)`` in order: index of the first row, scaled rows ``(s, m, N)``, codes.

        Raises `Incompatible` where the width is another.
        """
        s, features, units = self.shape
        if x.shape[1] != units:
            raise Incompatible(f"an autoencoder of {units} units; this layer has {x.shape[1]}")
        step = max(1, CHUNK // (s * features))
        gains = self.gains.numpy()[:, None, None]
        for start in range(0, len(x), step):
            rows = torch.from_numpy((x[None, start : start + step] * gains).astype(np.float32))
            seen = rows.to(self.encoder.device)
            yield start, seen, self.encode(seen)

    def unexplained(self, x: Floats) -> Floats:
        """Square error over variance ``(s,)`` on ``x (n, N)``; 1 is no better than the mean.

        Raises `Incompatible` where nothing varies.
        """
        wrong = torch.zeros(len(self.encoder), dtype=torch.float64)
        for _, seen, codes in self.chunks(x):
            wrong += (self.decode(codes) - seen).square().sum((1, 2), dtype=torch.float64).cpu()
        # In the units that the autoencoder sees, where neither a large nor a small layer leaves the
        # numbers there are.
        centred = (x - x.mean(0))[None] * self.gains.numpy()[:, None, None]
        variance = (centred**2).sum((1, 2))
        if not (variance > 0).all():
            raise Incompatible(
                "all samples have equal activations, so there is no variance to explain"
            )
        return np.asarray(wrong.numpy() / variance)

    def take(self, which: int) -> Dictionaries:
        """One of them, still with an axis of length one."""
        return self._each(lambda value: value[which : which + 1])

    def to(self, device: str) -> Dictionaries:
        """The same on another device."""
        return self._each(lambda value: value.to(device))

    def _each(self, change: Callable[[Tensor], Tensor]) -> Dictionaries:
        arrays: dict[str, Any] = {}
        for field in fields(self):
            if isinstance(value := getattr(self, field.name), Tensor):
                arrays[field.name] = change(value)
        return replace(self, **arrays)


def activate(pre: Tensor, architecture: str, k: int, threshold: Tensor | None) -> Tensor:
    """Codes ``(s, n, D)`` from the pre-activations, which are overwritten."""
    if architecture == "jumprelu":
        assert threshold is not None
        return pre.mul_(pre > threshold[:, None])
    codes = pre.relu_()
    if architecture == "topk" and k < codes.shape[-1]:
        least = codes.topk(k, dim=-1, sorted=False).values.amin(-1, keepdim=True)
        codes.mul_(codes >= least)
    return codes
