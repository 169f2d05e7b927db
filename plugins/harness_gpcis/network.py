"""The paper's head on a small network that is trained on told masks: deep features, amortised
values at the clicks, a trained basis.

    f = Phi(x) w + K_*n (K_nn + eps^2 I)^-1 (f_n - Phi(x_n) w)                      (equation 11)
    f_n ~ N(m, 0.01^2 I), m_c = y_c softplus(MLP(x_c)), w ~ N(mu, sigma_w^2 I)
    loss = NFL(s(f), mask) + alpha L_VI

Where the supplement and the authors' program differ, this is the program: a basis of sines whose
phases start at 0, sigma_w as a standard deviation in [0.01, 0.05], eps^2 = 0.01 in training. When
clicks are played nothing is drawn: w = mu, f_n = m.
"""

from __future__ import annotations

import math
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from harness import (
    ClickImages,
    ClickMasks,
    Floats,
    Incompatible,
    Singles,
    UsageError,
    progress,
    single_threaded,
)
from harness_gpcis import settings
from harness_gpcis.heads import check_click
from harness_gpcis.playing import Maker, Player, told
from harness_gpcis.posterior import Kernel, Posterior

EPS2, SIGMA = 1e-2, 1e-2
"""In training: what is added to the kernel matrix, standard deviation of q."""
LEAST_SPREAD, MOST_SPREAD = 0.01, 0.05
MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the colours that networks trained on ImageNet expect."""
FOCUS, GAMMA, TINY = 0.5, 2.0, 1e-12
"""Of the normalized focal loss."""


class DeepProcess(nn.Module):
    """Kernel, amortised values and basis, on d deep features and three colours."""

    def __init__(self, d: int, basis: int) -> None:
        super().__init__()
        self.theta = nn.Linear(d + 3, basis)
        nn.init.xavier_normal_(self.theta.weight)
        nn.init.zeros_(self.theta.bias)
        self.omega = nn.Parameter(0.25 * torch.randn(basis, 1))
        self.omega_var = nn.Parameter(torch.tensor(0.025))
        self.logsigma2 = nn.Parameter(torch.ones(d))
        self.u_mlp = nn.Sequential(nn.Linear(d + 3, 96), nn.ReLU(), nn.Linear(96, 1))
        self.weights = nn.Parameter(torch.zeros(1))

    def phi(self, x: torch.Tensor) -> torch.Tensor:
        """The basis ``(n, l)`` at points ``(n, d + 3)``."""
        return math.sqrt(2.0 / self.theta.out_features) * torch.sin(self.theta(x))

    def kernel(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """The kernel matrix, by one product for each part."""
        scale = torch.exp(0.5 * self.logsigma2)
        deep = _gaussian(a[:, :-3] * scale, b[:, :-3] * scale)
        colour: torch.Tensor = functional.softplus(self.weights) * _gaussian(a[:, -3:], b[:, -3:])
        return deep + colour

    def values(self, x: torch.Tensor, signs: torch.Tensor) -> torch.Tensor:
        """The amortised means ``(n, 1)``: their signs are those of the clicks."""
        found: torch.Tensor = signs[:, None] * functional.softplus(self.u_mlp(x))
        return found

    def drawn(
        self, x: torch.Tensor, clicked: torch.Tensor, signs: torch.Tensor, term: str
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """One double-space sample of f at ``x (pixels,)``, and the variational term of the loss."""
        spread = self.omega_var.clamp(LEAST_SPREAD, MOST_SPREAD)
        w = self.omega + spread * torch.randn_like(self.omega)
        k = self.kernel(clicked, clicked) + EPS2 * torch.eye(len(clicked), device=x.device)
        root = torch.linalg.cholesky(k)
        m = self.values(clicked, signs)
        f = m + SIGMA * torch.randn_like(m)
        alpha = torch.cholesky_solve(f - self.phi(clicked) @ w, root)
        sample = (self.phi(x) @ w + self.kernel(x, clicked) @ alpha)[:, 0]
        return sample, variational_term(m, f, signs, root, term)


def _gaussian(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    halves = 0.5 * (a**2).sum(1)[:, None] + 0.5 * (b**2).sum(1)[None]
    return torch.exp(a @ b.T - halves)


def variational_term(
    m: torch.Tensor, f: torch.Tensor, signs: torch.Tensor, root: torch.Tensor, term: str
) -> torch.Tensor:
    """``code``: mean cross-entropy of f and m^T K^-1 m / n, K detached; ``paper``: their sums, the
    second with 1/2, as in equation S1."""
    each = functional.softplus(-signs[:, None] * f)
    if term == "paper":
        return each.sum() + 0.5 * (m.T @ torch.cholesky_solve(m, root)).sum()
    return each.mean() + (m.T @ torch.cholesky_solve(m, root.detach())).sum() / len(m)


def focal(logit: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
    """The normalized focal loss of log odds ``(pixels,)`` and labels 1, 0 (-1 does not count)."""
    seen = label >= 0
    right = torch.sigmoid(torch.where(label == 1, logit, -logit))[seen]
    weight = (1.0 - right) ** GAMMA
    scale = (len(right) / (weight.sum() + TINY)).detach()
    return -FOCUS * scale * (weight * torch.log(right + TINY)).mean()


class TinyConv(nn.Module):
    """Deep features at every pixel: colours and place through five convolutions, two of them at a
    quarter of the size, to features of length 1 beside the colours."""

    def __init__(self, width: int, channels: int) -> None:
        super().__init__()
        sizes = ((5, width, 1), (width, width, 2), (width, 2 * width, 2), (2 * width, 2 * width, 1))
        layers: list[nn.Module] = []
        for before, after, stride in sizes:
            layers += [nn.Conv2d(before, after, 3, stride, 1), nn.GroupNorm(1, after), nn.ReLU()]
        self.near, self.far = nn.Sequential(*layers[:3]), nn.Sequential(*layers[3:])
        self.out = nn.Conv2d(3 * width, channels, 1)

    def forward(self, colours: torch.Tensor) -> torch.Tensor:
        """Features ``(pixels, channels + 3)`` of standardized colours ``(1, 3, h, w)``."""
        _, _, height, width = colours.shape
        y, x = torch.meshgrid(
            torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij"
        )
        place = torch.stack([y, x])[None].to(colours)
        near = self.near(torch.cat([colours, place], 1))
        far = functional.interpolate(
            self.far(near), (height, width), mode="bilinear", align_corners=True
        )
        deep = functional.normalize(self.out(torch.cat([near, far], 1)), dim=1)
        return torch.cat([deep, colours], 1)[0].flatten(1).T


def standardized(picture: Singles, where: torch.device) -> torch.Tensor:
    """Colours ``(1, 3, height, width)`` as networks trained on ImageNet expect them."""
    own = (torch.tensor(np.array(picture)) - torch.tensor(MEAN)) / torch.tensor(SPREAD)
    return own.permute(2, 0, 1)[None].to(where)


def load_into(net: nn.Module, file: str, wanted: str) -> None:
    """Give a network the parameters of a file, which may name them ``state_dict``.

    Raises `UsageError` for a file that PyTorch does not read, and for other parameters.
    """
    try:
        found: Any = torch.load(file, map_location="cpu", weights_only=True)
        net.load_state_dict(found.get("state_dict", found) if isinstance(found, dict) else found)
    except (RuntimeError, KeyError, TypeError, AttributeError, EOFError, UnpicklingError) as error:
        first = " ".join(str(error).strip().splitlines()[:2])
        cause = f"{type(error).__name__}: {first}"
        raise UsageError(f"{file}: not {wanted} ({cause})") from None


class DeepHead:
    """The trained process on one picture; everything but the features is in numpy."""

    def __init__(self, x: Singles, process: DeepProcess, jitter: float) -> None:
        with torch.no_grad():
            eta = torch.exp(process.logsigma2).double().cpu().numpy()
            colour = float(functional.softplus(process.weights))
            features = torch.tensor(x, device=process.weights.device)
            prior = np.concatenate([b.cpu().numpy() for b in self._prior(process, features)])
            self._m = functional.softplus(process.u_mlp(features)).cpu().numpy()[:, 0]
        self.posterior = Posterior(x, Kernel.deep(eta, colour), jitter, prior)

    @staticmethod
    def _prior(process: DeepProcess, x: torch.Tensor) -> list[torch.Tensor]:
        """Phi mu, in blocks."""
        return [process.phi(rows) @ process.omega for rows in x.split(16384)]

    def click(self, place: int, sign: int) -> None:
        """Learn from a click. Raises `DataError`, see `check_click`."""
        check_click(place, sign, len(self._m))
        self.posterior.add(place, sign * float(self._m[place]))

    def field(self) -> Singles:
        """The mean: nothing is drawn."""
        return self.posterior.field()[:, 0]

    def variance(self) -> Floats:
        """The posterior variance of every pixel."""
        return self.posterior.variance(SIGMA)


class GpcisClicks(settings.Deep, Player):
    """The paper's head on a small trained network."""

    def maker(self, data: ClickImages, rng: np.random.Generator) -> Maker:
        """Trains on the pictures whose masks are told. Raises `Incompatible` without any."""
        known = told(data)
        if known is None:
            raise Incompatible("no picture of a training part has its mask told")
        with single_threaded(self.device, rng) as where:
            net, process = self._trained(*known, rng, where)

        def make(picture: Singles) -> DeepHead:
            with single_threaded(self.device), torch.no_grad():
                x = net(standardized(picture, where)).cpu().numpy()
                return DeepHead(x, process, self.jitter)

        return make

    def _trained(
        self, pictures: list[Singles], truth: ClickMasks, rng: np.random.Generator, where: Any
    ) -> tuple[TinyConv, DeepProcess]:
        net = TinyConv(self.width, self.channels).to(where)
        process = DeepProcess(self.channels, self.basis).to(where)
        both = [*net.parameters(), *process.parameters()]
        adam = torch.optim.Adam(both, lr=self.rate)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, self.steps)
        inputs = [standardized(picture, where) for picture in pictures]
        for step in range(self.steps):
            i = int(rng.integers(len(pictures)))
            mask = truth.of(i)
            x = net(inputs[i])
            places, signs = training_clicks(truth, i, x, process, self.jitter, rng)
            rows = torch.tensor(places, device=where)
            sign = torch.tensor(signs, dtype=torch.float32, device=where)
            sample, term = process.drawn(x, x[rows], sign, self.term)
            label = torch.tensor(mask.ravel().astype(np.int64), device=where)
            loss = focal(sample, label) + self.alpha * term
            adam.zero_grad()
            loss.backward()
            adam.step()
            schedule.step()
            progress(step + 1, self.steps, "steps")
        return net.eval(), process.eval()


def training_clicks(
    truth: ClickMasks,
    i: int,
    x: torch.Tensor,
    process: DeepProcess,
    jitter: float,
    rng: np.random.Generator,
    rounds: int = 3,
) -> tuple[list[int], list[int]]:
    """Clicks to train with, after the authors' sampler: a deep pixel of the object, further ones at
    random in numbers that fall by 0.7, then up to three where the larger error is deep."""
    from scipy.ndimage import distance_transform_edt

    mask = truth.of(i)
    depth = distance_transform_edt(np.pad(mask == 1, 1))[1:-1, 1:-1]
    first = rng.choice(np.flatnonzero(depth > depth.max() / 1.7))
    places, signs = [int(first)], [1]
    for value, sign in ((1, 1), (0, -1)):
        pool = np.flatnonzero(mask == value)
        count = min(int(rng.geometric(0.3)) - 1, 8, len(pool))
        places += rng.choice(pool, count, replace=False).tolist()
        signs += [sign] * count
    more = int(rng.integers(rounds + 1))
    if not more:
        return places, signs
    head = DeepHead(x.detach().cpu().numpy(), process, jitter)
    for place, sign in zip(places, signs, strict=True):
        head.click(place, sign)
    for _ in range(more):
        guess = head.field().reshape(mask.shape) > 0
        depths = [
            distance_transform_edt(np.pad(error, 1))[1:-1, 1:-1]
            for error in ((mask == 1) & ~guess, (mask == 0) & guess)
        ]
        missed = depths[0].max() > depths[1].max()
        depth = depths[0] if missed else depths[1]
        if not depth.any():
            break
        place = int(rng.choice(np.flatnonzero(depth > depth.max() / 2)))
        places.append(place)
        signs.append(1 if missed else -1)
        head.click(place, signs[-1])
    return places, signs
