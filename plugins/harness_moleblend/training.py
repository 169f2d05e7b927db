"""The one training loop, and the blend-then-predict objective."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from harness import UsageError, checkpointed, progress, stream
from harness_moleblend import masks, settings
from harness_moleblend.inputs import Atoms, Labels, Parts, batch, epoch
from harness_moleblend.network import Encoder, Visible, given

RECIPE = 2
"""Raised when the state of a training means something else."""
LOOKS = 10
"""How often a training is judged by the validation part."""
WARM = 0.1
"""Share of the steps in which the learning rate rises; it falls as a cosine after them."""
Objective = Callable[[int, np.random.Generator], Tensor]


def fit(
    network: nn.Module,
    objective: Objective,
    judge: Callable[[], float],
    how: settings.Training,
    seed: int,
    key: str,
) -> None:
    """Adam; the network is left as it was when the validation part judged it best (lowest).

    What is drawn in a step depends on the seed and the step alone, so that a training that was
    killed goes on with equal bits.

    Parameters
    ----------
    objective : the loss of a step, given its number, from 0, and a generator.
    judge : the loss of the validation part.

    Raises
    ------
    UsageError : the loss is no longer finite.
    """
    named = dict(network.named_parameters())
    optimiser = torch.optim.AdamW(
        named.values(), lr=how.learning_rate, weight_decay=how.decay, foreach=True
    )
    kept = {name: value.detach().clone() for name, value in named.items()}
    best, first = math.inf, 0
    every = max(1, how.steps // LOOKS)
    with checkpointed(f"moleblend {RECIPE} {seed} {asdict(how)} {key}") as saved:
        if (state := saved.load()) is not None:
            first, best = int(state["step"]), float(state["best"])
            _restore(state, named, optimiser, kept)
        for step in range(first, how.steps):
            optimiser.param_groups[0]["lr"] = how.learning_rate * _pace((step + 0.5) / how.steps)
            loss = objective(step, stream(seed, "step", str(step)))
            if not math.isfinite(float(loss.detach())):
                raise UsageError(
                    f"the training loss became {float(loss.detach())}; wanted a learning_rate "
                    f"below {how.learning_rate}"
                )
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(named.values(), 1.0)
            optimiser.step()
            if (step + 1) % every == 0 or step + 1 == how.steps:
                with torch.no_grad():
                    now = judge()
                if now < best:
                    best = now
                    kept = {name: value.detach().clone() for name, value in named.items()}
            progress(step + 1, how.steps, "steps")
            if saved.due and step + 1 < how.steps:
                told = {"step": np.array(step + 1), "best": np.array(best)}
                saved.save(told | _state(named, optimiser, kept))
    with torch.no_grad():
        for name, value in named.items():
            value.copy_(kept[name])


def _pace(share: float) -> float:
    """The learning rate as a share of the largest."""
    return share / WARM if share < WARM else 0.5 + 0.5 * math.cos(math.pi * share)


def _state(
    named: dict[str, nn.Parameter], optimiser: torch.optim.Optimizer, kept: dict[str, Tensor]
) -> dict[str, Any]:
    """Weights, averages of Adam and the weights that are kept, by name."""
    found = {}
    for name, value in named.items():
        found[f"weight {name}"] = value.detach().cpu().numpy()
        found[f"kept {name}"] = kept[name].cpu().numpy()
        for what, average in optimiser.state[value].items():
            found[f"{what} {name}"] = average.cpu().numpy()
    return found


def _restore(
    state: dict[str, Any],
    named: dict[str, nn.Parameter],
    optimiser: torch.optim.Optimizer,
    kept: dict[str, Tensor],
) -> None:
    """Put a state back."""
    averages: dict[int, dict[str, Tensor]] = {}
    with torch.no_grad():
        for number, (name, value) in enumerate(named.items()):
            value.copy_(torch.tensor(state[f"weight {name}"]))
            kept[name].copy_(torch.tensor(state[f"kept {name}"]))
            held = {
                what: torch.tensor(state[f"{what} {name}"])
                for what in ("step", "exp_avg", "exp_avg_sq")
                if f"{what} {name}" in state
            }
            if held:
                averages[number] = held
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": averages, "param_groups": groups})


class Blended:
    """Blend-then-predict: the loss of hidden relations, by a mixture of what is shown."""

    def __init__(
        self,
        network: Encoder,
        atoms: Atoms,
        labels: Labels,
        parts: Parts,
        how: settings.Pretraining,
        device: torch.device,
    ) -> None:
        self._network, self._atoms, self._how, self._device = network, atoms, how, device
        self._y = labels.both
        have = np.flatnonzero(np.diff(atoms.pairs.offsets))
        self._train = np.intersect1d(parts.train, have)
        valid = np.intersect1d(parts.valid, have)
        self._valid = valid if len(valid) else self._train
        self._batches: list[Any] = []
        self._epoch = -1

    def train(self, seed: int, key: str) -> None:
        """Fit the network in place."""
        self._seed = seed
        fit(self._network, self._step, self._judge, self._how, seed, key)

    def _step(self, step: int, rng: np.random.Generator) -> Tensor:
        number, which = divmod(step, max(1, round(len(self._train) / self._how.batch)))
        if number != self._epoch:
            order = stream(self._seed, "epoch", str(number))
            sizes = self._atoms.sizes
            self._batches = list(epoch(sizes, self._train, self._how.batch, order))
            self._epoch = number
        return self._loss(self._batches[which], rng)

    def _judge(self) -> float:
        """The loss of the validation part, with the same masks each time."""
        rng = stream(self._seed, "validation")
        batches = epoch(self._atoms.sizes, self._valid, self._how.batch, rng)
        return float(np.mean([float(self._loss(rows, rng).detach()) for rows in batches]))

    def _loss(self, molecules: Any, rng: np.random.Generator) -> Tensor:
        """Mean cross-entropy of the hidden hops, and that of the hidden distances; the sum.

        Molecules in turn are shown a blend, all of one relation, a part of one, or nothing.
        """
        rows = batch(self._atoms, molecules)
        pairs = self._atoms.pairs
        prescribed = None if pairs.shown is None else pairs.shown[rows.rows]
        blend = masks.drawn(len(rows.rows), self._how, rng, prescribed)
        role = rng.permutation(len(molecules)) % masks.TRAINED
        shown = masks.mixed(blend, role[rows.unit])
        known = given(self._atoms, rows, self._how.hop_classes, self._device)
        found = self._network(known, Visible.of(shown, self._device))
        total = known.distance.new_zeros(())
        for modality, (logs, y) in enumerate(zip(found, self._y, strict=True)):
            asked = np.flatnonzero(~(shown.tells(modality)[:, 0] & self._how.hidden_only))
            if len(asked):
                index = torch.tensor(asked, device=self._device)
                wanted = torch.tensor(y[rows.rows[asked]], device=self._device)
                total = total + nn.functional.nll_loss(logs[index], wanted)
        return total
