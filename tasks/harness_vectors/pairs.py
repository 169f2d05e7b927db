"""Pairs of variables with known mutual information: Beyond Normal, sweeps, channels, traps."""

from __future__ import annotations

import fnmatch
import itertools
import math
from collections.abc import Callable, Iterable

import numpy as np

from harness import Case, Floats, PairedSamples, Split, stream, unknown_name
from harness_vectors import gauss, settings, truths
from harness_vectors.normal import Distribution, distributions
from harness_vectors.special import normal_cdf


def case(
    name: str, draw: Callable[[], PairedSamples], truth: float, **facts: str | int | float
) -> Case:
    """A generated case with its mutual information in nats."""
    return Case(id=name, data=draw, truth={"mutual_information": truth}, facts=facts, stamp="")


class BeyondNormal(settings.Named):
    """The 40 tasks of Beyond Normal (Czyz et al., NeurIPS 2023) under their own names."""

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One case per distribution.

        Raises `UsageError` for a pattern in ``only`` that matches none, with the nearest name.
        """
        known = {d.name: d for d in distributions()}
        for glob in self.only:
            if not fnmatch.filter(known, glob):
                raise unknown_name("case in beyond-normal.only", glob, known)
        for found in known.values():
            if self.only and not any(fnmatch.fnmatchcase(found.name, glob) for glob in self.only):
                continue
            facts = {"dx": found.dx, "dy": found.dy, "n": self.n}
            yield case(found.name, self._draw(found, seed), found.information, **facts)

    def _draw(self, found: Distribution, seed: int) -> Callable[[], PairedSamples]:
        def draw() -> PairedSamples:
            x, y = found.sample(stream(seed, "beyond-normal", found.name), self.n)
            return PairedSamples(x, y)

        return draw


class GaussianSweep(settings.Sweep):
    """Correlated normal vectors over all combinations of dimension, information and sample size.

    The information is spread evenly over the pairs of coordinates; ``mix`` rotates each variable at
    random, so that no coordinate is informative about one other alone.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """Cases in the order of dimension, information, sample size."""
        for d, information, n in itertools.product(self.dims, *self.grid):
            name = f"{d}v{d}-{information:g}-{n}"
            draw = self._draw(name, d, information, n, seed)
            yield case(name, draw, information, d=d, information=information, n=n)

    def _draw(
        self, name: str, d: int, information: float, n: int, seed: int
    ) -> Callable[[], PairedSamples]:
        def draw() -> PairedSamples:
            x, y = gauss.pair(stream(seed, "gaussian-sweep", name), n, d, information)
            if self.mix:
                turns = stream(seed, "gaussian-sweep", name, "mix")
                x, y = x @ gauss.rotation(turns, d), y @ gauss.rotation(turns, d)
            return PairedSamples(x, y)

        return draw


class LinearAwgn(settings.Channel):
    """A linear channel with Gaussian noise, X standard normal and Y = diag(gains) X + sigma N, and
    its codes.

    A code of k dimensions keeps the first k outputs, which is what principal components would keep:
    I = 1/2 sum_{i <= k} ln(1 + g_i^2 / s^2). The last code is the whole output.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One case per noise and dimension of the code."""
        gains = np.array(sorted(self.gains, reverse=True))
        for sigma in self.sigma:
            terms = 0.5 * np.log1p((gains / sigma) ** 2)
            for k in range(1, len(gains) + 1):
                truth = float(terms[:k].sum())
                facts = {"sigma": sigma, "code_dim": k, "n": self.n}
                draw = self._draw(gains, sigma, k, seed)
                yield case(f"sigma-{sigma:g}-code-{k}", draw, truth, **facts)

    def _draw(self, gains: Floats, sigma: float, k: int, seed: int) -> Callable[[], PairedSamples]:
        def draw() -> PairedSamples:
            rng = stream(seed, "linear-awgn", f"{sigma:g}")
            x, noise = rng.normal(size=(2, self.n, len(gains)))
            signal = gains * x
            y = (signal + sigma * noise)[:, :k]
            if not self.signal:
                return PairedSamples(x, y)
            return PairedSamples(x, y, signal=signal[:, :k], noise=sigma)

        return draw


class AntiPca(settings.Noise):
    """The direction of greatest variance carries no information: X = (0.1 S, 10 N),
    Y = S + sigma N', I = ln(1 + 1/sigma^2) / 2.

    A code that keeps the variance keeps N, and with it no information about Y. The split is for
    fitting compressors.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One case per noise."""
        for sigma in self.sigma:
            truth = 0.5 * math.log1p(sigma**-2)
            yield case(f"sigma-{sigma:g}", self._draw(sigma, seed), truth, sigma=sigma, n=self.n)

    def _draw(self, sigma: float, seed: int) -> Callable[[], PairedSamples]:
        def draw() -> PairedSamples:
            n = self.n_train + self.n
            signal, wide, noise = stream(seed, "anti-pca", f"{sigma:g}").normal(size=(3, n))
            split = Split(np.arange(self.n_train), np.arange(self.n_train, n))
            x = np.column_stack([0.1 * signal, 10.0 * wide])
            return PairedSamples(x, (signal + sigma * noise)[:, None], split=split)

        return draw


class SmoothedUniform(settings.Uniform):
    """Uniform numbers with uniform noise, d independent pairs: densities with edges, with exact
    truths for any information.

    Y = X min(1, q) + U / max(1, q), see `harness_vectors.truths.smoothed_uniform`.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One case per dimension and information."""
        for d, information in itertools.product(self.dims, self.information):
            name = f"{d}v{d}-{information:g}"
            draw = self._draw(name, d, information, seed)
            yield case(name, draw, information, d=d, information=information, n=self.n)

    def _draw(
        self, name: str, d: int, information: float, seed: int
    ) -> Callable[[], PairedSamples]:
        def draw() -> PairedSamples:
            q = truths.smoothness(information / d)
            rng = stream(seed, "smoothed-uniform", name)
            x, noise = rng.uniform(size=(2, self.n, d))
            return PairedSamples(x, x * min(1.0, q) + noise / max(1.0, q))

        return draw


class Quantised(settings.Bins):
    """A continuous X and a code Y of its first coordinate: I = H(Y).

    ``uniform-K``: X uniform, Y = floor(K x), I = ln K. ``normal-K``: X normal, Y the bin between
    quantiles with shares in proportion to 1, 1/2 .. 1/K, I = -sum p ln p.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """Two cases per number of codes."""
        for law, codes in itertools.product(("uniform", "normal"), self.codes):
            shares = np.full(codes, 1.0 / codes) if law == "uniform" else _falling(codes)
            truth = float(-(shares * np.log(shares)).sum())
            facts: dict[str, str | int] = {"law": law, "codes": codes, "dx": self.dim, "n": self.n}
            yield case(f"{law}-{codes}", self._draw(law, codes, shares, seed), truth, **facts)

    def _draw(self, law: str, codes: int, shares: Floats, seed: int) -> Callable[[], PairedSamples]:
        def draw() -> PairedSamples:
            rng = stream(seed, "quantised", law, str(codes))
            size = self.n, self.dim
            x = rng.uniform(size=size) if law == "uniform" else rng.normal(size=size)
            u = x[:, 0] if law == "uniform" else normal_cdf(x[:, 0])
            y = np.searchsorted(np.cumsum(shares)[:-1], u, side="right")
            return PairedSamples(x, y[:, None].astype(np.float64), y_kind="discrete")

        return draw


def _falling(codes: int) -> Floats:
    """Shares in proportion to 1, 1/2 .. 1/codes."""
    shares = 1.0 / np.arange(1, codes + 1)
    return np.asarray(shares / shares.sum())
