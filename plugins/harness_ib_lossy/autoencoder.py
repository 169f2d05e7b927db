"""Autoencoders as compressors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from harness import (
    DataError,
    Incompatible,
    Kind,
    LabelledSamples,
    PairedSamples,
    Samples,
    calm,
    torch_generator,
)
from harness_ib_lossy import compress
from harness_ib_lossy.compress import Coder, Fitter, Floats
from harness_ib_lossy.networks import conv_pair, dense_pair


@dataclass(frozen=True)
class _Autoencoder:
    """The parameters that all kinds share."""

    code_dim: int = 4
    singular: str = "allow"
    layers: str = "dense"
    hidden: tuple[int, ...] = (128, 64)
    code_noise: float = 0.02
    steps: int = 3000
    batch: int = 256
    learning_rate: float = 2e-3
    device: str = "cpu"

    def fitter(self, rng: np.random.Generator) -> Fitter:
        """Trains an autoencoder, drawing from ``rng``; see `_train`."""
        return lambda x, where: self._fit(x, where, rng)

    def _fit(self, x: Floats, where: str, rng: np.random.Generator) -> Coder:
        compress.check_width(x, self.code_dim, where)
        mean, scale = x.mean(0), float(x.std())
        if not scale > 0:
            raise DataError(where, "constant", "data that vary")
        with calm(self.device, rng):
            draws = torch_generator(rng)
            if self.layers == "conv":
                encoder, decoder = conv_pair(x.shape[1], self.hidden, self.code_dim, where)
            else:
                encoder, decoder = dense_pair(x.shape[1], self.hidden, self.code_dim)
            encoder, decoder = encoder.to(self.device), decoder.to(self.device)
            inputs = torch.tensor((x - mean) / scale, dtype=torch.float32, device=self.device)
            self._train(encoder, decoder, inputs, draws, where)

        @torch.no_grad()
        def code(values: Floats) -> Floats:
            # One thread, as in training: how a product is shared among threads shows in its last digits.
            with calm(self.device, np.random.default_rng(0)):
                given = torch.tensor(
                    (values - mean) / scale, dtype=torch.float32, device=self.device
                )
                return np.asarray(encoder(given).double().cpu().numpy())

        return code

    def _train(
        self, encoder: nn.Module, decoder: nn.Module, x: Tensor, draws: torch.Generator, where: str
    ) -> None:
        """Minimise the mean square error of what is decoded from noisy codes.

        Noise on the code makes its scale matter, and forbids to hide much in its last digits. Raises `Incompatible`
        where the training diverges.
        """
        parameters = [*encoder.parameters(), *decoder.parameters()]
        optimiser = torch.optim.Adam(parameters, lr=self.learning_rate, fused=True)
        fall = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, self.steps)
        size = min(self.batch, len(x))
        order, at = torch.randperm(len(x), generator=draws), 0
        for _ in range(self.steps):
            if at + size > len(x):
                order, at = torch.randperm(len(x), generator=draws), 0
            batch = x[order[at : at + size]]
            at += size
            codes = encoder(batch)
            noise = torch.randn(codes.shape, generator=draws).to(codes.device)
            loss = nn.functional.mse_loss(decoder(codes + self.code_noise * noise), batch)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            fall.step()
        if not torch.isfinite(loss):
            raise Incompatible(f"{where}: the autoencoder diverged; wants a smaller learning_rate")


@dataclass(frozen=True)
class AutoencoderPairs(_Autoencoder):
    """Codes of x, y or both, by an autoencoder each."""

    side: str = "both"

    def transform(
        self, data: PairedSamples, *, to: type[Kind], rng: np.random.Generator
    ) -> PairedSamples:
        """Trained on the training part, the codes of the test part; on all data where there is no split."""
        return compress.pairs(data, self.side, self.fitter(rng), self.singular)


@dataclass(frozen=True)
class AutoencoderSamples(_Autoencoder):
    """Codes of samples."""

    def transform(self, data: Samples, *, to: type[Kind], rng: np.random.Generator) -> Samples:
        """Trained on the training part, the codes of the test part; on all data where there is no split."""
        return compress.one(data, self.fitter(rng), self.singular)


@dataclass(frozen=True)
class AutoencoderLabelled(_Autoencoder):
    """Codes of labelled samples; the labels pass."""

    def transform(
        self, data: LabelledSamples, *, to: type[Kind], rng: np.random.Generator
    ) -> LabelledSamples:
        """Trained on the training part, the codes of the test part; on all data where there is no split."""
        return compress.one(data, self.fitter(rng), self.singular)
