"""Adversarial training on scikit-learn's digits, at several widths and numbers of classes."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from harness import Activations, Case, Floats, Ints, UsageError, calm, stream, torch_generator
from harness_networks.runtime import TRAININGS, Ensemble

STAGES = ((0.5, 1.0), (0.2, 2 / 3), (0.0, 1 / 3))
"""From which share of the epochs on, which share of the size of the attack."""


@dataclass(frozen=True)
class Trained:
    """Networks of one width and number of classes, one per size of the attack, on all their digits ``(n, 64)`` with
    labels ``(n,)``; and their accuracy on the clean digits that they did not see.
    """

    images: Tensor
    labels: Tensor
    networks: Ensemble
    accuracy: tuple[float, ...]


@dataclass(frozen=True)
class AdversarialDigits:
    """Cases are numbers of classes x widths x sizes of the attack x inputs, the sizes trained in one pass.

    A network 64 - width - ReLU - classes learns from clean and attacked digits in equal parts, the attack (projected
    gradient ascent from a random start within +-epsilon) growing in three stages (Bereska et al. 2025, section on
    adversarial training). The data are its hidden layer on all digits of the first classes, clean, or attacked with the
    epsilon that it was trained with.
    """

    classes: tuple[int, ...] = (2, 10)
    widths: tuple[int, ...] = (8, 32, 128)
    epsilons: tuple[float, ...] = (0.0, 0.1, 0.2, 0.3)
    epochs: int = 60
    attack_steps: int = 10
    batch: int = 64
    learning_rate: float = 0.05

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One per classes, width, epsilon and inputs; attacked ones for epsilon above 0.

        Raises `UsageError` for an epsilon twice, or classes that the digits do not have.
        """
        if len(set(self.epsilons)) < len(self.epsilons) or not self.epsilons:
            raise UsageError(
                f"adversarial-digits.epsilons: {self.epsilons}; wanted different ones, one at least"
            )
        for classes in self.classes:
            for width in self.widths:
                for number, epsilon in enumerate(self.epsilons):
                    for inputs in ("clean", "attacked") if epsilon else ("clean",):
                        yield Case(
                            id=f"classes-{classes}-width-{width}-eps-{epsilon:g}-{inputs}",
                            data=partial(self._activations, classes, width, number, inputs, seed),
                            facts={
                                "classes": classes,
                                "units": width,
                                "epsilon": epsilon,
                                "inputs": inputs,
                            },
                            stamp="",
                        )

    def _activations(
        self, classes: int, width: int, number: int, inputs: str, seed: int
    ) -> Activations:
        found = self.trained(classes, width, seed)
        count = len(self.epsilons)
        images = found.images.expand(count, -1, -1)
        with calm():
            if inputs == "attacked":
                draws = torch_generator(
                    stream(seed, "adversarial-digits", "attack", str(classes), str(width))
                )
                sizes = torch.tensor(self.epsilons)
                images = attacked(
                    found.networks, images, found.labels, sizes, self.attack_steps, draws
                )
            with torch.no_grad():
                values = torch.relu(found.networks.hidden(images))[number].double().numpy()
        return Activations(
            values, found.labels.numpy(), layer="hidden", accuracy=found.accuracy[number]
        )

    def trained(self, classes: int, width: int, seed: int) -> Trained:
        """The networks of a width and number of classes; trained now if they were not in this process."""
        return _trained(astuple(self), classes, width, seed)


def loss(networks: Ensemble, images: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy of each network in nats ``(s,)``, on ``images (s, n, 64)`` of ``labels (n,)``."""
    logits = networks(images)
    each = nn.functional.cross_entropy(
        logits.flatten(0, 1), labels.repeat(len(logits)), reduction="none"
    )
    return each.view(len(logits), -1).mean(1)


def attacked(
    networks: Ensemble,
    images: Tensor,
    labels: Tensor,
    sizes: Tensor,
    steps: int,
    draws: torch.Generator,
) -> Tensor:
    """``images (s, n, 64)`` moved by at most ``sizes (s,)`` per pixel, within 0 .. 1, to raise each network's loss.

    The slope is taken with respect to the images alone: no parameter receives a gradient (the official code leaves that
    of its last step behind).
    """
    size = sizes[:, None, None]
    moved = (images + size * (2.0 * torch.rand(images.shape, generator=draws) - 1.0)).clamp(
        0.0, 1.0
    )
    for _ in range(steps):
        moved.requires_grad_()
        with torch.enable_grad():
            slope = torch.autograd.grad(loss(networks, moved, labels).sum(), moved)[0]
        stepped = moved.detach() + 2.5 / steps * size * slope.sign()
        moved = torch.maximum(torch.minimum(stepped, images + size), images - size).clamp(0.0, 1.0)
    return moved.detach()


def objective(
    networks: Ensemble,
    images: Tensor,
    labels: Tensor,
    sizes: Tensor,
    steps: int,
    draws: torch.Generator,
) -> Tensor:
    """Half the loss on clean, half on attacked images, summed over networks; to be differentiated."""
    clean = images.expand(len(sizes), -1, -1)
    moved = attacked(networks, clean, labels, sizes, steps, draws)
    return 0.5 * (loss(networks, clean, labels) + loss(networks, moved, labels)).sum()


def load(classes: int) -> tuple[Floats, Ints]:
    """The digits below ``classes``: pixels within 0 .. 1 ``(n, 64)`` and labels. Raises `UsageError` beyond 2 .. 10."""
    from sklearn.datasets import load_digits

    if not 2 <= classes <= 10:
        raise UsageError(f"adversarial-digits.classes: {classes}; wanted 2 to 10")
    x, y = load_digits(return_X_y=True)
    return np.asarray(x[y < classes], np.float64) / 16.0, np.asarray(y[y < classes], np.int64)


@functools.lru_cache(maxsize=TRAININGS)
def _trained(settings: tuple[object, ...], classes: int, width: int, seed: int) -> Trained:
    task = AdversarialDigits(*settings)  # type: ignore[arg-type]
    x, y = load(classes)
    images, labels = torch.tensor(x, dtype=torch.float32), torch.tensor(y)
    rng = stream(seed, "adversarial-digits", "network", str(classes), str(width))
    draws, sizes = torch_generator(rng), torch.tensor(task.epsilons)
    order = torch.from_numpy(rng.permutation(len(x)))
    train, test = order[: len(x) * 4 // 5], order[len(x) * 4 // 5 :]
    with calm():
        networks = Ensemble(len(sizes), (x.shape[1], width, classes), draws)
        sgd = torch.optim.SGD(
            networks.parameters, lr=task.learning_rate, momentum=0.9, weight_decay=1e-4
        )
        marks = [max(1, round(share * task.epochs)) for share in (0.5, 0.75)]
        fall = torch.optim.lr_scheduler.MultiStepLR(sgd, marks, 0.1)
        for epoch in range(task.epochs):
            stage = next(share for start, share in STAGES if epoch >= start * task.epochs)
            for part in train[torch.randperm(len(train), generator=draws)].split(task.batch):
                sgd.zero_grad()
                objective(
                    networks, images[part], labels[part], stage * sizes, task.attack_steps, draws
                ).backward()
                sgd.step()
            fall.step()
        with torch.no_grad():
            guess = networks(images[test].expand(len(sizes), -1, -1)).argmax(-1)
    return Trained(
        images, labels, networks, tuple((guess == labels[test]).double().mean(1).tolist())
    )
