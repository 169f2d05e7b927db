"""Adversarial training on scikit-learn's digits, at several widths and numbers of classes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from harness import (
    Activations,
    Case,
    Floats,
    Ints,
    UsageError,
    single_threaded,
    stream,
    torch_generator,
)
from harness_networks import settings
from harness_networks.runtime import TRAININGS, Ensemble, uniform

Networks = Callable[[Tensor], Tensor]
"""Outputs ``(s, n, classes)`` for flat pictures ``(s, n, pixels)``."""
PART = 500
"""Pictures that networks look at together outside of training."""
STAGES = ((0.5, 1.0), (0.2, 2 / 3), (0.0, 1 / 3))
"""Share of the epochs from which on a share of the size of the attack is used."""


@dataclass(frozen=True)
class Trained:
    """Networks of one width and number of classes, one per size of the attack.

    They come with all their digits ``(n, 64)`` and labels ``(n,)``, and with their accuracy on the
    clean digits that they were not trained on.
    """

    images: Tensor
    labels: Tensor
    networks: Ensemble
    accuracy: tuple[float, ...]


class AdversarialDigits(settings.AdversarialDigits):
    """Cases are numbers of classes x widths x sizes of the attack x inputs; sizes train together.

    A network 64 - width - ReLU - classes learns from clean and attacked digits in equal parts, the
    attack (projected gradient ascent from a random start within +-epsilon) growing in three stages
    (Bereska et al. 2025, section on adversarial training). The data are its hidden layer on all
    digits of the first classes, clean, or attacked with the epsilon that it was trained with.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One per classes, width, epsilon and inputs; attacked ones for epsilon above 0.

        Raises `UsageError` for an epsilon twice, or classes that the digits do not have.
        """
        if len(set(self.epsilons)) < len(self.epsilons) or not self.epsilons:
            raise UsageError(
                f"adversarial-digits.epsilons: {self.epsilons}; wanted at least one, and none twice"
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
        labels = found.labels
        with single_threaded(self.device) as device:
            if inputs == "attacked":
                rng = stream(seed, "adversarial-digits", "attack", str(classes), str(width))
                sizes, draws = torch.tensor(self.epsilons, device=device), torch_generator(rng)
                images = attacked(found.networks, images, labels, sizes, self.attack_steps, draws)
            with torch.no_grad():
                values = torch.relu(found.networks.hidden(images))[number].double().cpu().numpy()
        return Activations(
            values, labels.cpu().numpy(), layer="hidden", accuracy=found.accuracy[number]
        )

    def trained(self, classes: int, width: int, seed: int) -> Trained:
        """The networks of a width and number of classes, trained once in a process."""
        return _trained(self, classes, width, seed)


def loss(networks: Networks, images: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy of each network in nats ``(s,)``, on ``images (s, n, pixels)``."""
    logits = networks(images)
    each = nn.functional.cross_entropy(
        logits.flatten(0, 1), labels.repeat(len(logits)), reduction="none"
    )
    return each.view(len(logits), -1).mean(1)


def attacked(
    networks: Networks,
    images: Tensor,
    labels: Tensor,
    sizes: Tensor,
    steps: int,
    draws: torch.Generator,
) -> Tensor:
    """``images (s, n, pixels)`` moved to raise each network's loss, by at most ``sizes (s,)``.

    Pixels stay within 0 .. 1. The slope is taken with respect to the images alone: no parameter
    receives a gradient (the official code leaves that of its last step behind).
    """
    size = sizes[:, None, None]
    start = uniform(images.shape, draws).to(images.device)
    moved = (images + size * start).clamp(0.0, 1.0)
    for _ in range(steps):
        moved.requires_grad_()
        with torch.enable_grad():
            slope = torch.autograd.grad(loss(networks, moved, labels).sum(), moved)[0]
        stepped = moved.detach() + 2.5 / steps * size * slope.sign()
        moved = torch.maximum(torch.minimum(stepped, images + size), images - size).clamp(0.0, 1.0)
    return moved.detach()


def objective(
    networks: Networks,
    images: Tensor,
    labels: Tensor,
    sizes: Tensor,
    steps: int,
    draws: torch.Generator,
) -> Tensor:
    """Half the loss on clean and half on attacked images, summed over networks."""
    clean = images.expand(len(sizes), -1, -1)
    moved = attacked(networks, clean, labels, sizes, steps, draws)
    return 0.5 * (loss(networks, clean, labels) + loss(networks, moved, labels)).sum()


def load(classes: int) -> tuple[Floats, Ints]:
    """The digits below ``classes``: pixels within 0 .. 1 ``(n, 64)``, and labels.

    Raises `UsageError` for fewer than 2 or more than 10 classes.
    """
    from sklearn.datasets import load_digits

    if not 2 <= classes <= 10:
        raise UsageError(f"adversarial-digits.classes: {classes}; wanted 2 to 10")
    x, y = load_digits(return_X_y=True)
    return np.asarray(x[y < classes], np.float64) / 16.0, np.asarray(y[y < classes], np.int64)


def train(
    networks: Networks,
    parameters: Sequence[Tensor],
    task: settings.Hardening,
    images: Tensor,
    labels: Tensor,
    draws: torch.Generator,
) -> None:
    """Train networks, one per size of the attack, on clean and attacked ``images (n, pixels)``.

    The attack grows in three stages, and the learning rate is divided by 10 after half and three
    quarters of the epochs.
    """
    sizes = torch.tensor(task.epsilons, device=images.device)
    sgd = torch.optim.SGD(parameters, lr=task.learning_rate, momentum=0.9, weight_decay=1e-4)
    marks = [max(1, round(share * task.epochs)) for share in (0.5, 0.75)]
    fall = torch.optim.lr_scheduler.MultiStepLR(sgd, marks, 0.1)
    for epoch in range(task.epochs):
        stage = next(share for start, share in STAGES if epoch >= start * task.epochs)
        for part in torch.randperm(len(images), generator=draws).split(task.batch):
            some = images[part.to(images.device)], labels[part.to(images.device)]
            sgd.zero_grad()
            objective(networks, *some, stage * sizes, task.attack_steps, draws).backward()
            sgd.step()
        fall.step()


def accuracies(networks: Networks, images: Tensor, labels: Tensor, count: int) -> tuple[float, ...]:
    """Share of ``images (n, pixels)`` that each of ``count`` networks puts into the right class."""
    right = torch.zeros(count, dtype=torch.float64, device=images.device)
    with torch.no_grad():
        for some, wanted in zip(images.split(PART), labels.split(PART), strict=True):
            right += (networks(some.expand(count, -1, -1)).argmax(-1) == wanted).sum(1)
    return tuple((right / len(images)).tolist())


@functools.lru_cache(maxsize=TRAININGS)
def _trained(task: AdversarialDigits, classes: int, width: int, seed: int) -> Trained:
    x, y = load(classes)
    rng = stream(seed, "adversarial-digits", "network", str(classes), str(width))
    draws = torch_generator(rng)
    order = torch.from_numpy(rng.permutation(len(x)))
    learned, test = order[: len(x) * 4 // 5], order[len(x) * 4 // 5 :]
    count = len(task.epsilons)
    with single_threaded(task.device) as device:
        images = torch.tensor(x, dtype=torch.float32, device=device)
        labels = torch.tensor(y, device=device)
        networks = Ensemble(count, (x.shape[1], width, classes), draws, device)
        learned, test = learned.to(device), test.to(device)
        train(networks, networks.parameters, task, images[learned], labels[learned], draws)
        right = accuracies(networks, images[test], labels[test], count)
    return Trained(images, labels, networks, right)
