"""Autoencoders as compressors."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from harness import (
    DataError,
    Floats,
    Incompatible,
    Kind,
    LabelledSamples,
    PairedSamples,
    Samples,
    single_threaded,
    torch_generator,
)
from harness_ib_lossy import compress, settings
from harness_ib_lossy.compress import Coder, Fitter
from harness_ib_lossy.networks import conv_pair, dense_pair


class _Autoencoder(settings.Autoencoder):
    """What all kinds share."""

    def fitter(self, rng: np.random.Generator) -> Fitter:
        """Trains an autoencoder, drawing from ``rng``; see `_train`."""
        return lambda x, where: self._fit(x, where, rng)

    def _fit(self, x: Floats, where: str, rng: np.random.Generator) -> Coder:
        compress.check_width(x, self.code_dim, where)
        mean, scale = x.mean(0), float(x.std())
        if not scale > 0:
            raise DataError(where, "constant", "data that vary")

        def tensor(values: Floats) -> Tensor:
            return torch.tensor((values - mean) / scale, dtype=torch.float32, device=self.device)

        with single_threaded(self.device, rng):
            draws = torch_generator(rng)
            if self.layers == "conv":
                encoder, decoder = conv_pair(x.shape[1], self.hidden, self.code_dim, where)
            else:
                encoder, decoder = dense_pair(x.shape[1], self.hidden, self.code_dim)
            encoder, decoder = encoder.to(self.device), decoder.to(self.device)
            self._train(encoder, decoder, tensor(x), draws, where)

        def code(values: Floats) -> Floats:
            # On one thread, as in training: last digits depend on how threads share a product.
            with torch.no_grad(), single_threaded(self.device, np.random.default_rng(0)):
                return np.asarray(encoder(tensor(values)).double().cpu().numpy())

        return code

    def _train(
        self, encoder: nn.Module, decoder: nn.Module, x: Tensor, draws: torch.Generator, where: str
    ) -> None:
        """Minimize the mean square error of what is decoded from noisy codes.

        Noise on the code makes its scale matter, and keeps information out of its last digits.
        Raises `Incompatible` where the training diverges.
        """
        parameters = [*encoder.parameters(), *decoder.parameters()]
        optimizer = torch.optim.Adam(parameters, lr=self.learning_rate, fused=True)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self.steps)
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
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        if not torch.isfinite(loss):
            raise Incompatible(f"{where}: the autoencoder diverged; wants a smaller learning_rate")


class AutoencoderPairs(_Autoencoder, settings.PairAutoencoder):
    """Codes of x, y or both, by an autoencoder each."""

    def transform(
        self, data: PairedSamples, *, to: type[Kind], rng: np.random.Generator
    ) -> PairedSamples:
        """Codes of the test part, trained on the training part; of all data without a split."""
        return compress.pairs(data, self.side, self.fitter(rng), self.singular)


class AutoencoderSamples(_Autoencoder):
    """Codes of samples."""

    def transform(self, data: Samples, *, to: type[Kind], rng: np.random.Generator) -> Samples:
        """Codes of the test part, trained on the training part; of all data without a split."""
        return compress.one(data, self.fitter(rng), self.singular)


class AutoencoderLabelled(_Autoencoder):
    """Codes of labelled samples; the labels stay as they are."""

    def transform(
        self, data: LabelledSamples, *, to: type[Kind], rng: np.random.Generator
    ) -> LabelledSamples:
        """Codes of the test part, trained on the training part; of all data without a split."""
        return compress.one(data, self.fitter(rng), self.singular)
