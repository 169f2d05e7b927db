"""Compressors whose information is known."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from functools import partial

import numpy as np

from harness import Case, ChannelLogLikelihoods, Floats, Ints, UsageError, stream
from harness.quantities import ACCURACY, MUTUAL_INFORMATION
from harness_agentic.settings import Channels


class ContextCompression(Channels):
    """Cases by channel: contexts x_i, compressions z_ij ~ p(z|x_i), and the exact ln p(z_ij|x_l).

    ``symmetric``: the context is one of n, and so is z, wrong with probability ``flip``: a closed
    world, where the estimate is exact in expectation. ``gaussian``: x ~ N(0, snr), z = x + N(0, 1);
    the constant of the density is left out, which changes nothing. ``facts``: a context is some
    facts with values, the compressor keeps each with a probability, gets some of those wrong, and
    adds filler; a predictor is asked for the first fact, and guesses where it was dropped.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """Cases by channel and its parameters.

        Raises `UsageError` where filler and keep differ in length.
        """
        if len(self.filler) != len(self.keep):
            raise UsageError(
                f"context-compression.filler: {len(self.filler)} numbers; wanted one for each keep"
            )
        n = self.contexts
        for flip in self.flip if "symmetric" in self.channels else ():
            yield self._case(
                f"symmetric-{flip:g}", {"flip": flip}, symmetric_information(n, flip), seed
            )
        for snr in self.snr if "gaussian" in self.channels else ():
            yield self._case(f"gaussian-{snr:g}", {"snr": snr}, 0.5 * math.log1p(snr), seed)
        if "facts" in self.channels:
            for d, (keep, filler), corrupt in itertools.product(
                self.facts, zip(self.keep, self.filler, strict=True), self.corrupt
            ):
                about = {"facts": d, "keep": keep, "corrupt": corrupt, "filler": filler}
                truth = d * keep * symmetric_information(self.values, corrupt)
                yield self._case(f"facts-{d}-{keep:g}-{corrupt:g}", about, truth, seed)

    def _case(self, name: str, about: dict[str, float], information: float, seed: int) -> Case:
        truth = {MUTUAL_INFORMATION.name: information}
        family = name.partition("-")[0]
        if family == "facts":
            truth[ACCURACY.name] = (
                about["keep"] * (1 - about["corrupt"]) + (1 - about["keep"]) / self.values
            )
        facts: dict[str, str | int | float] = {
            "channel": family,
            "contexts": self.contexts,
            "ceiling": math.log(self.contexts),
            **about,
        }
        return Case(
            name, partial(self._draw, name, family, about, seed), truth=truth, facts=facts, stamp=""
        )

    def _draw(
        self, name: str, family: str, about: dict[str, float], seed: int
    ) -> ChannelLogLikelihoods:
        rng = stream(seed, "context-compression", name)
        n, m = self.contexts, self.draws
        correct = None
        if family == "symmetric":
            log_p = symmetric(n, m, about["flip"], rng)
            lengths = np.ones((n, m), np.int64)
        elif family == "gaussian":
            sent = math.sqrt(about["snr"]) * rng.normal(size=n)
            received = sent[:, None] + rng.normal(size=(n, m))
            log_p = -((received[:, :, None] - sent) ** 2) / 2
            lengths = np.ones((n, m), np.int64)
        else:
            x = rng.integers(self.values, size=(n, int(about["facts"])))
            z = fact_compressions(x, m, self.values, about["keep"], about["corrupt"], rng)
            log_p = fact_log_p(z, x, self.values, about["keep"], about["corrupt"])
            # An empty compression still has the token that ends it.
            lengths = np.maximum(1, (z >= 0).sum(2) + int(about["filler"]))
            correct = np.where(z[:, :, 0] < 0, 1 / self.values, z[:, :, 0] == x[:, None, 0])
        with np.errstate(over="ignore"):
            log_p = log_p if self.proxy == 1.0 else self.proxy * log_p
        return ChannelLogLikelihoods.of(
            log_p, lengths, correct=correct, query=name, exact=self.proxy == 1.0
        )


def symmetric_information(k: int, flip: float) -> float:
    """I = ln k - h(flip) - flip ln(k - 1) in nats, for k symbols and a uniform input."""
    h = -sum(p * math.log(p) for p in (flip, 1 - flip) if p > 0)
    return math.log(k) - h - flip * math.log(k - 1)


def symmetric(n: int, m: int, flip: float, rng: np.random.Generator) -> Floats:
    """ln p(z_ij | x_l) ``(n, m, n)`` of a symmetric channel whose n symbols are the contexts."""
    wrong = rng.random((n, m)) < flip
    z = (np.arange(n)[:, None] + wrong * rng.integers(1, n, size=(n, m))) % n
    return _ln(np.where(z[:, :, None] == np.arange(n), 1 - flip, flip / (n - 1)))


def fact_compressions(
    x: Ints, m: int, values: int, keep: float, corrupt: float, rng: np.random.Generator
) -> Ints:
    """m compressions ``(n, m, d)`` of each context ``x (n, d)``: values of facts, -1 if dropped."""
    shape = (len(x), m, x.shape[1])
    wrong = rng.random(shape) < corrupt
    said = (x[:, None] + wrong * rng.integers(1, values, size=shape)) % values
    return np.where(rng.random(shape) < keep, said, -1)


def fact_log_p(z: Ints, x: Ints, values: int, keep: float, corrupt: float) -> Floats:
    """ln p(z_ij | x_l) ``(n, m, n)``: facts are independent; filler is always the same."""
    right, wrong, dropped = _ln(
        np.array([keep * (1 - corrupt), keep * corrupt / (values - 1), 1 - keep])
    )
    same = z[:, :, None, :] == x[None, None]
    said = np.where(same, right, wrong)
    return np.asarray(np.where(z[:, :, None, :] < 0, dropped, said).sum(-1))


def _ln(p: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(p))
