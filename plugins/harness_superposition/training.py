"""All autoencoders of a sweep, trained together by batched matrix products.

The gradients are written by hand. Per sample, with r = x' - x, the loss is ``a |r|^2 + c sum z``;
the form ``sum`` has a = 1, c = l1 (Bereska et al. 2025, eq. 4), the form ``mean`` a = 1/N, c = l1/D
(their code). For a tied decoder::

    dz = (2 a r E^T + c) [z > 0],      dE = z^T (2 a r) + dz^T x,      db = sum dz
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from harness import progress
from harness_superposition.dictionary import Dictionaries, activate

WIDTH = 0.1
"""Width of the window around a threshold outside of which its pseudo-gradient is zero
(Rajamanoharan et al. 2024).
"""
START = 0.05
"""Thresholds before training, for activations of mean square one."""


@dataclass(frozen=True)
class Plan:
    """What is trained.

    Attributes
    ----------
    architecture, tied, k : see `Dictionaries`; only ``relu`` may be tied.
    features : D.
    square (s,), sparse (s,) : weights a and c of the loss for each autoencoder; for ``jumprelu`` c
        weighs the number of active features, ``topk`` has none.
    gain (s,) : what its samples are multiplied with.
    seed (s,) : autoencoders of equal number start alike and see the samples in the same order.
    epochs, steps : passes over the samples; more of them where they would be fewer than ``steps``
        steps.
    tolerance, most : training is doubled until its second half lowers the loss on the holdout by a
        share below ``tolerance``, up to ``most`` steps; 0 never doubles it.
    """

    architecture: str
    tied: bool
    k: int
    features: int
    square: Tensor
    sparse: Tensor
    gain: Tensor
    seed: tuple[int, ...]
    epochs: int
    steps: int
    batch: int
    learning_rate: float
    tolerance: float = 0.0
    most: int = 0


@dataclass(frozen=True)
class Trained:
    """Autoencoders, and how far their training came.

    Attributes
    ----------
    saes, half : after all steps, and after half of them.
    steps (s,) : number of steps of each.
    gained (s,) : share by which the second half lowered the least loss on the holdout.
    """

    saes: Dictionaries
    half: Dictionaries
    steps: Tensor
    gained: Tensor


@dataclass(frozen=True)
class Loss:
    """Mean loss per sample and the square error within it, for each autoencoder ``(s,)``."""

    total: Tensor
    square: Tensor


class Trainer:
    """Parameters in one flat vector, so that Adam is one pass; autoencoders are views of it.

    Everything is on the device of ``mean``, that of the samples.
    """

    def __init__(self, plan: Plan, units: int, mean: Tensor, generator: torch.Generator) -> None:
        s, features = len(plan.gain), plan.features
        shapes = {"encoder": (s, features, units), "bias": (s, features)}
        if not plan.tied:
            shapes |= {"decoder": (s, features, units), "offset": (s, units)}
        if plan.architecture == "jumprelu":
            shapes["threshold"] = (s, features)
        sizes = [int(torch.Size(shape).numel()) for shape in shapes.values()]
        self.plan, self.flat = plan, torch.zeros(sum(sizes), device=mean.device)
        self.gradient = torch.zeros_like(self.flat)
        self.values = _views(self.flat, shapes, sizes)
        self.slopes = _views(self.gradient, shapes, sizes)
        self._start(mean, generator)
        parameter = torch.nn.Parameter(self.flat, requires_grad=True)
        parameter.grad = self.gradient
        self._adam = torch.optim.Adam([parameter], lr=plan.learning_rate, fused=True)

    def _start(self, mean: Tensor, generator: torch.Generator) -> None:
        """Xavier-uniform weights, zero biases; decoders start as encoders, offsets as the mean."""
        encoder, seeds = self.values["encoder"], torch.tensor(self.plan.seed)
        _, features, units = encoder.shape
        bound = (6.0 / (features + units)) ** 0.5
        for seed in sorted(set(self.plan.seed)):
            drawn = 2.0 * torch.rand((features, units), generator=generator) - 1.0
            encoder[seeds == seed] = (bound * drawn).to(encoder.device)
        if "decoder" in self.values:
            self.values["offset"].copy_(mean * self.plan.gain[:, None])
            if self.plan.architecture != "relu":
                encoder /= encoder.norm(dim=-1, keepdim=True)
            self.values["decoder"].copy_(encoder)
            self.values["bias"].copy_(
                -torch.bmm(encoder, self.values["offset"][:, :, None])[:, :, 0]
            )
        if "threshold" in self.values:
            self.values["threshold"].fill_(START)

    def gradients(self, x: Tensor) -> None:
        """Gradients of the mean loss on ``x (s, n, N)``, into ``slopes``."""
        plan, values, slopes = self.plan, self.values, self.slopes
        encoder, threshold = values["encoder"], values.get("threshold")
        pre = torch.baddbmm(values["bias"][:, None], x, encoder.mT)
        window = None
        if threshold is not None:
            window = ((pre - threshold[:, None]).abs() < WIDTH / 2).float()
        codes = activate(pre, plan.architecture, plan.k, threshold)
        decoder = values.get("decoder", encoder)
        wrong = torch.bmm(codes, decoder).sub_(x)
        if "offset" in values:
            wrong += values["offset"][:, None]
        wrong *= (2.0 * plan.square / x.shape[1])[:, None, None]
        back = torch.bmm(wrong, decoder.mT)
        if plan.architecture == "relu":
            back += (plan.sparse / x.shape[1])[:, None, None]
        if threshold is not None and window is not None:
            # z = pre [pre > t]: a larger threshold loses t back per sample in the window, and one
            # active feature.
            pull = back * threshold[:, None] + (plan.sparse / x.shape[1])[:, None, None]
            torch.sum(window * pull, dim=1, out=slopes["threshold"]).mul_(-1.0 / WIDTH)
        back.mul_(codes.sign())
        torch.bmm(back.mT, x, out=slopes["encoder"])
        torch.sum(back, dim=1, out=slopes["bias"])
        if plan.tied:
            slopes["encoder"].baddbmm_(codes.mT, wrong)
        else:
            torch.bmm(codes.mT, wrong, out=slopes["decoder"])
            torch.sum(wrong, dim=1, out=slopes["offset"])

    def step(self, x: Tensor) -> None:
        """One step of Adam on a batch ``(s, n, N)``; untied decoders keep rows of length one."""
        self.gradients(x)
        self._adam.step()
        if self.plan.architecture != "relu":
            decoder = self.values["decoder"]
            decoder /= decoder.norm(dim=-1, keepdim=True).clamp_min_(1e-12)
        if "threshold" in self.values:
            self.values["threshold"].clamp_min_(0.0)

    def loss(self, x: Tensor) -> Loss:
        """The loss on ``x (s, n, N)``."""
        found = self.dictionaries()
        codes = found.encode(x)
        square = (found.decode(codes) - x).square().sum((1, 2)) / x.shape[1]
        sparse = torch.zeros_like(square)
        if self.plan.architecture != "topk":
            count = (
                codes.sum((1, 2))
                if self.plan.architecture == "relu"
                else (codes > 0).sum((1, 2)).float()
            )
            sparse = count / x.shape[1]
        return Loss(self.plan.square * square + self.plan.sparse * sparse, square)

    def dictionaries(self, values: dict[str, Tensor] | None = None) -> Dictionaries:
        """The autoencoders of these parameters, or as they are: those change with the next step."""
        given = values or self.values
        more = {name: given.get(name) for name in ("decoder", "offset", "threshold")}
        return Dictionaries(
            self.plan.architecture,
            given["encoder"],
            given["bias"],
            k=self.plan.k,
            gain=self.plan.gain,
            **more,
        )


def _views(flat: Tensor, shapes: dict[str, tuple[int, ...]], sizes: list[int]) -> dict[str, Tensor]:
    parts = torch.split(flat, sizes)
    return {
        name: part.view(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)
    }


def train(plan: Plan, x: Tensor, held: Tensor, generator: torch.Generator) -> Trained:
    """Fit on ``x (n, N)``; each autoencoder keeps its epoch of least loss on ``held (m, N)``.

    An autoencoder whose training has ended keeps what it has while others go on. The samples that
    do not fill the last batch of an epoch are left out of it.
    """
    trainer = Trainer(plan, x.shape[1], x.mean(0), generator)
    gains, size = plan.gain[:, None, None], min(plan.batch, len(x))
    seeds = sorted(set(plan.seed))
    rows = torch.tensor([seeds.index(seed) for seed in plan.seed])
    judged = held[None] * gains
    batches = len(x) // size
    epochs = max(plan.epochs, -(-plan.steps // batches), 2 if plan.tolerance else 1)
    kept, half = _Best(trainer), _Best(trainer)
    epoch = 0
    while epoch < epochs:
        orders = torch.stack([torch.randperm(len(x), generator=generator) for _ in seeds])[rows]
        for start in range(0, len(x) - size + 1, size):
            picked = orders[:, start : start + size].reshape(-1).to(x.device)
            trainer.step(x.index_select(0, picked).view(len(gains), size, -1).mul_(gains))
        epoch += 1
        kept.see(trainer, trainer.loss(judged).total, epoch)
        progress(epoch, epochs, "epochs")
        if epoch == (epochs + 1) // 2:
            half.copy(kept)
        if epoch == epochs and plan.tolerance > 0 and 2 * epochs * batches <= plan.most:
            going = kept.open & (kept.gained(half) >= plan.tolerance)
            kept.open, half.open = going, going
            half.copy(kept)
            epochs *= 1 + int(going.any())
    return Trained(
        trainer.dictionaries(kept.values),
        trainer.dictionaries(half.values),
        kept.last * batches,
        kept.gained(half),
    )


class _Best:
    """The parameters of least loss so far of each autoencoder; those not ``open`` stay as they
    are."""

    def __init__(self, trainer: Trainer) -> None:
        self.values = {name: value.clone() for name, value in trainer.values.items()}
        self.loss = torch.full((len(trainer.plan.gain),), torch.inf, device=trainer.flat.device)
        self.open = torch.ones_like(self.loss, dtype=torch.bool)
        self.last = torch.zeros_like(self.loss, dtype=torch.int64)

    def see(self, trainer: Trainer, loss: Tensor, epoch: int) -> None:
        """Parameters after an epoch, of this loss on the holdout."""
        better = self.open & (loss < self.loss)
        self.loss = torch.where(better, loss, self.loss)
        self.last[self.open] = epoch
        for name, value in trainer.values.items():
            self.values[name][better] = value[better]

    def copy(self, other: _Best) -> None:
        """Take over what another has of the open ones."""
        self.loss = torch.where(self.open, other.loss, self.loss)
        for name, value in other.values.items():
            self.values[name][self.open] = value[self.open]

    def gained(self, earlier: _Best) -> Tensor:
        """Share by which the loss is lower than earlier ``(s,)``; 0 where that says nothing."""
        share = 1.0 - self.loss / earlier.loss
        return torch.where(torch.isfinite(share), share, torch.zeros_like(share))
