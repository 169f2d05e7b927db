"""Fine-tuning of `transformers` models, in full or by low-rank updates."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from harness import Ints, needs
from harness_wireless_pvi import settings, training
from harness_wireless_pvi.training import Step


class Tuned(settings.Tunable):
    """What the models of `transformers` share."""

    def tuned(
        self,
        base: Any,
        task: str,
        losses: Callable[[Any, Ints], Tensor],
        rows: Ints,
        rng: np.random.Generator,
        schedule: Sequence[Step] | None = None,
    ) -> Any:
        """A copy of ``base`` trained on ``rows``, shuffled unless a ``schedule`` is given.

        ``losses(network, rows)`` gives the loss of each row (b,), in nats.
        """
        network = copy.deepcopy(base).to(self.device)
        if self.steps == 0:
            return network.eval()
        if self.lora_rank:
            network = with_updates(network, task, self.lora_rank)
        training.train(
            network,
            lambda part: losses(network, part),
            training.shuffled(rows, self.batch, self.steps, rng) if schedule is None else schedule,
            steps=self.steps,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            device=self.device,
        )
        return network.eval()


def with_updates(network: Any, task: str, rank: int) -> Any:
    """The network with low-rank updates of all its linear maps; a head stays trainable.

    Raises `MissingDependency` without ``peft``.
    """
    peft = needs("peft", "infoharness[text]")
    config = peft.LoraConfig(
        task_type=task, r=rank, lora_alpha=2 * rank, target_modules="all-linear"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # notes on how layers store their weights
        return peft.get_peft_model(network, config)
