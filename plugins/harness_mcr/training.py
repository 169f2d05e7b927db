"""The one training loop of fused networks, and what each way of training lowers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from harness import Ints, UsageError, checkpointed, progress, single_threaded, stream
from harness_mcr import settings
from harness_mcr.donors import drawn
from harness_mcr.inputs import Inputs
from harness_mcr.losses import contrast, played, rebuilt
from harness_mcr.networks import Ensemble, FusedNetwork

RECIPE = 1
"""Raised when the state of a training means something else."""
Objective = Callable[[Ints, np.random.Generator], Tensor]


@dataclass(frozen=True)
class Group:
    """Parameters that are chosen together: those of the epoch with the best value."""

    names: tuple[str, ...]
    judge: Callable[[], tuple[float, float]]


def fit(
    module: nn.Module,
    objective: Objective,
    groups: list[Group],
    rows: int,
    how: settings.Training,
    seed: int,
    key: str,
    adjust: Callable[[], None] | None = None,
) -> dict[str, float]:
    """Adam on random batches; each group keeps its best epoch by the validation part.

    Batches and all else that is drawn in an epoch depend on the seed and the epoch alone, so that a
    training that was killed goes on with equal bits.

    Parameters
    ----------
    objective : the loss of the rows ``(batch,)``, given a generator.
    adjust : called between gradients and step.

    Raises
    ------
    UsageError : the loss is no longer finite.
    """
    named = dict(module.named_parameters())
    optimiser = torch.optim.Adam(
        named.values(), lr=how.learning_rate, weight_decay=how.decay, fused=True
    )
    size = min(how.batch, rows)
    best = [(-math.inf, -math.inf)] * len(groups)
    when = [0] * len(groups)
    kept = {name: value.detach().clone() for name, value in named.items()}
    with checkpointed(f"mcr {RECIPE} {seed} {asdict(how)} {key}") as saved:
        first = 1
        if (state := saved.load()) is not None:
            first = _restored(state, named, optimiser, kept) + 1
            best = [tuple(pair) for pair in state["best"].tolist()]
            when = state["when"].tolist()
        for epoch in range(first, how.epochs + 1):
            rng = stream(seed, "epoch", str(epoch))
            order = rng.permutation(rows)
            for start in range(0, rows - size + 1, size):
                loss = objective(order[start : start + size], rng)
                if not math.isfinite(float(loss.detach())):
                    raise UsageError(
                        f"the training loss became {float(loss.detach())}; wanted a "
                        f"learning_rate below {how.learning_rate}"
                    )
                optimiser.zero_grad(set_to_none=True)
                loss.backward()
                if adjust is not None:
                    adjust()
                optimiser.step()
            with torch.no_grad():
                for g, group in enumerate(groups):
                    now = group.judge()
                    if now > best[g]:
                        best[g], when[g] = now, epoch
                        kept |= {name: named[name].detach().clone() for name in group.names}
            progress(epoch, how.epochs, "epochs")
            if saved.due and epoch < how.epochs:
                numbers = {"epoch": np.array(epoch), "best": np.array(best), "when": np.array(when)}
                saved.save(numbers | _state(named, optimiser, kept))
    with torch.no_grad():
        for name, value in named.items():
            value.copy_(kept[name])
    return {"best_epoch": max(when), "validation": min(value for value, _ in best)}


def _state(
    named: dict[str, nn.Parameter], optimiser: torch.optim.Adam, kept: dict[str, Tensor]
) -> dict[str, Any]:
    """Weights, averages of Adam and the weights that are kept, by name."""
    found = {}
    for name, value in named.items():
        found[f"weight {name}"] = value.detach().cpu().numpy()
        found[f"kept {name}"] = kept[name].cpu().numpy()
        for what, average in optimiser.state[value].items():
            found[f"{what} {name}"] = average.cpu().numpy()
    return found


def _restored(
    state: dict[str, Any],
    named: dict[str, nn.Parameter],
    optimiser: torch.optim.Adam,
    kept: dict[str, Tensor],
) -> int:
    """Put a state back, and give its epoch."""
    averages: dict[int, dict[str, Tensor]] = {}
    with torch.no_grad():
        for number, (name, value) in enumerate(named.items()):
            value.copy_(torch.tensor(state[f"weight {name}"]))
            kept[name].copy_(torch.tensor(state[f"kept {name}"]))
            averages[number] = {
                what: torch.tensor(state[f"{what} {name}"])
                for what in ("step", "exp_avg", "exp_avg_sq")
                if f"{what} {name}" in state
            }
    averages = {number: held for number, held in averages.items() if held}
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": averages, "param_groups": groups})
    return int(state["epoch"])


def judged(logits: Tensor, y: Tensor) -> tuple[float, float]:
    """Accuracy, and what breaks ties: minus the cross-entropy."""
    right = (logits.argmax(1) == y).float().mean()
    return float(right), -float(nn.functional.cross_entropy(logits, y))


@contextmanager
def fused(
    inputs: Inputs, how: settings.Fusion, rng: np.random.Generator, key: str
) -> Iterator[FusedNetwork]:
    """A trained network, for use within ``with``, where torch has one thread.

    Raises
    ------
    UsageError : the training diverges, ``ogm`` with another head than the additive one, or no such
        device.
    """
    if how.how == "ogm" and how.head != "additive":
        raise UsageError(
            f"head={how.head} with how=ogm; wanted head=additive, whose sum says what each "
            "modality adds to the logits"
        )
    seed = int(rng.integers(2**62))
    with single_threaded(how.device, rng) as device:
        make = Ensemble if how.how == "ensemble" else FusedNetwork
        network = make(how, [t.shape[1] for t in inputs.tables], inputs.classes).to(device)
        _Trainer(network, inputs, how, device).train(seed, key)
        network.eval()
        with torch.no_grad():
            yield network


class _Trainer:
    """A network on the training part of its inputs."""

    def __init__(
        self, network: FusedNetwork, inputs: Inputs, how: settings.Fusion, device: torch.device
    ) -> None:
        self._network, self._how, self._device = network, how, device
        self._tables = [table[inputs.train] for table in inputs.tables]
        self._labels = inputs.y[inputs.train]
        self._views, self._y = inputs.tensors(inputs.train, device)
        self._held, self._wanted = inputs.tensors(inputs.valid, device)
        self._factors = [1.0] * len(self._views)
        self.module = nn.ModuleDict({"network": network})
        if how.how == "mcr" and how.ceb:
            self.module["decoder"] = nn.Sequential(
                nn.Linear(inputs.classes, how.width, bias=False),
                nn.ReLU(),
                nn.Linear(how.width, how.width * len(self._views), bias=False),
            ).to(device)

    def train(self, seed: int, key: str) -> dict[str, float]:
        """Fit the network in place."""
        adjust = self._modulate if self._how.how == "ogm" else None
        rows = len(self._labels)
        return fit(self.module, self._loss, self._groups(), rows, self._how, seed, key, adjust)

    def _groups(self) -> list[Group]:
        names = tuple(name for name, _ in self.module.named_parameters())
        if self._how.how != "ensemble":
            return [Group(names, lambda: judged(self._fused(self._held), self._wanted))]

        def alone(m: int) -> Group:
            # "network.encoders.0.2.weight": the first number is the modality, the second a layer.
            own = tuple(name for name in names if name.split(".")[2:3] == [str(m)])
            encoder, head = self._network.encoders[m], self._network.alone[m]
            return Group(own, lambda: judged(head(encoder(self._held[m])), self._wanted))

        return [alone(m) for m in range(len(self._views))]

    def _fused(self, views: list[Tensor]) -> Tensor:
        parts = self._network.parts(self._network.latents(views))
        return self._network.finish(sum(parts[1:], parts[0]))

    def _loss(self, rows: Ints, rng: np.random.Generator) -> Tensor:
        """The loss of a batch; heads of single modalities learn without moving the encoders,
        except where the way of training weighs them.
        """
        how, network = self._how, self._network
        picked = torch.tensor(rows, device=self._device)
        y = self._y[picked]
        latents = network.latents([view[picked] for view in self._views])
        cross_entropy = nn.functional.cross_entropy
        weighed = {"ensemble": 1.0, "multi-loss": how.uni, "mcr": how.uni}.get(how.how, 0.0)
        seen = latents if weighed else [z.detach() for z in latents]
        alone = sum((cross_entropy(logits, y) for logits in network.each(seen)), y.new_zeros(()))
        loss = alone * (weighed or 1.0)
        if how.how == "ensemble":
            return loss
        parts = network.parts(latents)
        logits = network.finish(sum(parts[1:], parts[0]))
        loss = loss + cross_entropy(logits, y)
        if how.how == "ogm":
            self._weigh(parts, y)
        if how.how == "mcr":
            if how.lam:
                donors = self._donors(rows, rng)
                loss = loss + how.lam * played(parts, network.finish_held, donors, how.game)
            if how.con and (term := contrast(latents, y, how.temperature)) is not None:
                loss = loss + how.con * term
            if how.ceb:
                label = nn.functional.one_hot(y, logits.shape[1]).to(logits.dtype)
                source = label if how.ceb_source == "label" else logits.detach()
                loss = loss + how.ceb * rebuilt(latents, self.module["decoder"], source)
        return loss

    def _donors(self, rows: Ints, rng: np.random.Generator) -> list[Tensor] | None:
        """Donors within a batch, for each modality; None for all units of it, where there are as
        many: the exact mean over permutations.
        """
        how, y = self._how, self._labels[rows]
        if how.scheme == "permute" and how.donors >= len(rows):
            return None
        found = []
        for m in range(len(self._tables)):
            rest = [table[rows] for other, table in enumerate(self._tables) if other != m]
            donors = drawn(how, np.hstack(rest), y, how.donors, rng)
            found.append(torch.tensor(donors, device=self._device))
        return found

    def _weigh(self, parts: list[Tensor], y: Tensor) -> None:
        """Factors of the encoders' gradients: 1 - tanh(a r) for one ahead by the ratio r > 1 (Peng
        et al., OGM-GE, CVPR 2022, eqs. 5-7, without their noise).
        """
        with torch.no_grad():
            share = self._network.bias / len(parts)
            right = [
                float(torch.softmax(part + share, 1).gather(1, y[:, None]).sum()) for part in parts
            ]
        for m, score in enumerate(right):
            others = (sum(right) - score) / (len(right) - 1)
            ratio = score / max(others, 1e-12)
            self._factors[m] = 1 - math.tanh(self._how.modulation * ratio) if ratio > 1 else 1.0

    def _modulate(self) -> None:
        for encoder, factor in zip(self._network.encoders, self._factors, strict=True):
            for value in encoder.parameters():
                if value.grad is not None:
                    value.grad.mul_(factor)
