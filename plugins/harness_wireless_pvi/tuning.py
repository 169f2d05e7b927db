"""Fine-tuning of `transformers` models, in full or by low-rank updates."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from harness import Ints, needs
from harness_wireless_pvi import training


@dataclass(frozen=True, kw_only=True)
class Tuned:
    """What the models of `transformers` share.

    Attributes
    ----------
    model, revision : a folder or an id on the hub, and which version of it.
    steps : of AdamW; 0 uses the model as it is.
    lora_rank : 0 trains all weights, else low-rank updates of that rank beside the linear maps (through ``peft``).
    """

    model: str = ""
    revision: str = "main"
    steps: int = 200
    batch: int = 32
    learning_rate: float = 5e-5
    weight_decay: float = 0.0
    lora_rank: int = 0
    max_length: int = 128
    score_tokens: int = 8192
    device: str = "cpu"
    folds: int = 0
    scored: str = "test"

    def tuned(
        self,
        base: Any,
        task: str,
        losses: Callable[[Any, Ints], Tensor],
        rows: Ints,
        rng: np.random.Generator,
    ) -> Any:
        """A copy of ``base`` trained on ``rows``; ``losses(network, rows)`` gives the loss of each (b,), in nats."""
        network = copy.deepcopy(base).to(self.device)
        if self.steps == 0:
            return network.eval()
        if self.lora_rank:
            network = with_updates(network, task, self.lora_rank)
        training.train(
            network, lambda part: losses(network, part), training.shuffled(rows, self.batch, self.steps, rng),
            steps=self.steps, learning_rate=self.learning_rate, weight_decay=self.weight_decay, device=self.device,
        )  # fmt: skip
        return network.eval()


def with_updates(network: Any, task: str, rank: int) -> Any:
    """The network with low-rank updates of all its linear maps; a head stays trainable. Needs ``peft``."""
    peft = needs("peft", "infoharness[text]")
    settings = peft.LoraConfig(
        task_type=task, r=rank, lora_alpha=2 * rank, target_modules="all-linear"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # notes on how the layer stores its weights
        return peft.get_peft_model(network, settings)
