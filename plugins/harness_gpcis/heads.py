"""Heads on features made by hand: the Gaussian process, and what it is compared with."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from harness import ClickImages, DataError, Floats, Prediction, Singles
from harness_gpcis import settings
from harness_gpcis.features import SMOOTH, of_pixels
from harness_gpcis.information import bald, entropies, gain_of_clicks
from harness_gpcis.pathwise import Basis
from harness_gpcis.playing import Game, Head, Maker, Player, Respond
from harness_gpcis.posterior import Kernel, Posterior, solved

LEAST = np.finfo(np.float32).tiny
"""Probability of an object, at least: log odds are finite where every sample denies it."""


def check_click(place: int, sign: int, pixels: int) -> None:
    """Raise `DataError` for a click outside of a picture, and for other signs than 1 and -1."""
    if not 0 <= place < pixels:
        raise DataError("click", f"pixel {place}, outside of the picture", f"0 to {pixels - 1}")
    if sign not in (1, -1):
        raise DataError("click", f"the sign {sign}", "1 (object) or -1 (ground)")


class ProcessHead:
    """A Gaussian process with the values pull times sign at the clicks."""

    def __init__(self, picture: Singles, chosen: settings.Process) -> None:
        x = of_pixels(picture, chosen)
        kernel = Kernel.isotropic(x.shape[1], chosen.length)
        self.posterior = Posterior(x, kernel, chosen.jitter)
        self._chosen, self._pixels = chosen, len(x)

    def click(self, place: int, sign: int) -> None:
        """Learn from a click. Raises `DataError`, see `check_click`."""
        check_click(place, sign, self._pixels)
        self.posterior.add(place, sign * self._chosen.pull)

    def field(self) -> Singles:
        """The posterior mean."""
        return self.posterior.field()[:, 0]

    def variance(self) -> Floats:
        """The posterior variance of every pixel."""
        return self.posterior.variance(self._chosen.sigma)

    def covariance_of_clicks(self) -> Floats:
        """The kernel matrix of the clicks."""
        return self.posterior.of_clicks()


class PathsHead:
    """The mean of s(f) over double-space samples f, as log odds."""

    def __init__(self, picture: Singles, chosen: settings.Paths, rng: np.random.Generator) -> None:
        x = of_pixels(picture, chosen)
        kernel = Kernel.isotropic(x.shape[1], chosen.length)
        basis = Basis.drawn(kernel, x.shape[1], chosen.basis, rng)
        prior = basis.times(x, rng.normal(size=(chosen.basis, chosen.paths)))
        self._posterior = Posterior(x, kernel, chosen.jitter, prior)
        self._chosen, self._rng, self._pixels = chosen, rng, len(x)

    def click(self, place: int, sign: int) -> None:
        """Learn from a click: every path has its own value there. Raises `DataError`."""
        check_click(place, sign, self._pixels)
        draws = self._chosen.sigma * self._rng.normal(size=self._chosen.paths)
        self._posterior.add(place, sign * self._chosen.pull + draws)

    def field(self) -> Singles:
        """ln E s(f) - ln E s(-f)."""
        f = self._posterior.field()
        with np.errstate(over="ignore"):  # s(f) is 0 there
            yes = (1.0 / (1.0 + np.exp(-f))).mean(1)
        against = np.log1p(-np.minimum(yes, np.float32(1.0 - 1e-7)))
        odds: Singles = np.log(np.maximum(yes, LEAST)) - against
        return odds


class GpClicks(settings.Clicks, Player):
    """A Gaussian process in function space: the mean, w = 0."""

    def maker(self, data: ClickImages, rng: np.random.Generator) -> Maker:
        """Nothing is learned but the sharpness."""
        return lambda picture: ProcessHead(picture, self)


class PathwiseClicks(settings.Paths, Player):
    """A Gaussian process by double-space samples whose weights are not trained."""

    def maker(self, data: ClickImages, rng: np.random.Generator) -> Maker:
        """Nothing is learned but the sharpness."""
        return lambda picture: PathsHead(picture, self, rng)


class WeightsHead:
    """Bayesian linear regression on random features: f = Phi Phi_n^T (Phi_n Phi_n^T + s^2)^-1 y."""

    def __init__(self, x: Singles, basis: Basis, noise: float) -> None:
        self._x, self._basis, self._noise = x, basis, noise
        self._rows: list[Floats] = []
        self._signs: list[int] = []

    def click(self, place: int, sign: int) -> None:
        """Learn from a click. Raises `DataError`, see `check_click`."""
        check_click(place, sign, len(self._x))
        self._rows.append(self._basis(self._x[[place]].astype(np.float64))[0])
        self._signs.append(sign)

    def field(self) -> Singles:
        """The posterior mean."""
        rows = np.array(self._rows)
        alpha, _ = solved(rows @ rows.T, self._noise, np.array(self._signs, float))
        return self._basis.times(self._x, (rows.T @ alpha)[:, None])[:, 0]


class RffClicks(settings.Weights, Player):
    """Weight space alone."""

    def maker(self, data: ClickImages, rng: np.random.Generator) -> Maker:
        """One basis for all pictures."""
        drawn: list[Basis] = []

        def make(picture: Singles) -> Head:
            x = of_pixels(picture, self)
            if not drawn:
                kernel = Kernel.isotropic(x.shape[1], self.length)
                drawn.append(Basis.drawn(kernel, x.shape[1], self.basis, rng))
            return WeightsHead(x, drawn[0], self.noise)

        return make


class NearestHead:
    """What the nearest click says, by features; the field is how much nearer it is."""

    def __init__(self, x: Singles) -> None:
        self._x = x
        self._nearest: dict[int, Singles] = {}

    def click(self, place: int, sign: int) -> None:
        """Learn from a click. Raises `DataError`, see `check_click`."""
        check_click(place, sign, len(self._x))
        apart: Singles = np.sqrt(((self._x - self._x[place]) ** 2).sum(1))
        before = self._nearest.get(sign)
        self._nearest[sign] = apart if before is None else np.minimum(before, apart)

    def field(self) -> Singles:
        """Distance to the ground less distance to the object; with one sign alone, that sign."""
        if len(self._nearest) == 1:
            alone: Singles = np.full(len(self._x), next(iter(self._nearest)), np.float32)
            return alone
        return self._nearest[-1] - self._nearest[1]


class NearestClick(settings.Nearest, Player):
    """The nearest click in feature space."""

    def maker(self, data: ClickImages, rng: np.random.Generator) -> Maker:
        """Nothing is learned but the sharpness."""
        return lambda picture: NearestHead(of_pixels(picture, self))


class WalkerHead:
    """Where random walks from a pixel arrive first: at clicks on the object, or on the ground.

    Until there is a click on the ground, the edge of the picture stands for it.
    """

    def __init__(self, picture: Singles, beta: float) -> None:
        from scipy.ndimage import gaussian_filter

        self._picture, self._beta = gaussian_filter(picture, (SMOOTH, SMOOTH, 0.0)), beta
        self._labels = np.zeros(picture.shape[:2], np.int64)

    def click(self, place: int, sign: int) -> None:
        """Learn from a click. Raises `DataError`, see `check_click`."""
        check_click(place, sign, self._labels.size)
        self._labels.flat[place] = 1 if sign > 0 else 2

    def field(self) -> Singles:
        """The log odds of the walks."""
        from skimage.segmentation import random_walker

        labels = self._labels.copy()
        if not (labels == 2).any():
            edge = np.ones(labels.shape, bool)
            edge[1:-1, 1:-1] = False
            labels[edge & (labels == 0)] = 2
        if not (labels == 1).any():
            return np.full(labels.size, -1.0, np.float32)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of solutions that are not exact
            found = random_walker(
                self._picture, labels, beta=self._beta, mode="cg_j", channel_axis=-1,
                return_full_prob=True,
            )[0].ravel()  # fmt: skip
        p = np.clip(found, 1e-6, 1.0 - 1e-6)
        odds: Singles = np.log(p / (1.0 - p)).astype(np.float32)
        return odds


class RandomWalker(settings.Walker, Player):
    """Random walks on the picture."""

    def maker(self, data: ClickImages, rng: np.random.Generator) -> Maker:
        """Nothing is learned but the sharpness."""
        return lambda picture: WalkerHead(picture, self.beta)


class Forecast(settings.Forecast):
    """A number for each picture after a few clicks, which may foretell how many it needs."""

    def estimate(
        self, data: ClickImages, *, rng: np.random.Generator, respond: Respond
    ) -> Prediction:
        """The measure after ``clicks`` clicks, in nats; those per pixel are means."""
        pictures = data.evaluated()
        heads = [ProcessHead(pictures.picture(i), self) for i in range(pictures.n)]
        game = Game(pictures, heads)
        for _ in range(self.clicks):
            if not game.round(respond):
                break
        index = np.arange(data.n) if data.split is None else data.split.test
        return Prediction(np.array([self._measured(head) for head in heads]), index)

    def _measured(self, head: ProcessHead) -> float:
        if self.measure == "information-gain":
            return gain_of_clicks(head.covariance_of_clicks(), self.noise)
        mean, var = head.field().astype(np.float64), head.variance()
        if self.measure == "entropy":
            return float(entropies(mean, var)[0].mean())
        found = bald(mean, var)
        return float(found.max() if self.measure == "largest-bald" else found.mean())


def clicked(
    picture: Singles, places: Sequence[int], signs: Sequence[int], chosen: settings.Process
) -> ProcessHead:
    """The head after these clicks. Raises `DataError`, see `check_click`."""
    head = ProcessHead(picture, chosen)
    for place, sign in zip(places, signs, strict=True):
        head.click(int(place), int(sign))
    return head
