"""Multi-task sparse parity under dropout: one hidden layer, one layer of activations per width and rate of dropout."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from harness import Activations, Case, Ints, UsageError, calm, stream, torch_generator
from harness_networks.runtime import TRAININGS, Ensemble

TASKS, BITS = 3, 4


@dataclass(frozen=True)
class Trained:
    """Networks of one width, one per rate: all inputs ``(12288, 15)``, their parity ``(12288,)``, the networks, and
    their accuracy on the inputs that they did not see.
    """

    inputs: Tensor
    labels: Ints
    networks: Ensemble
    accuracy: tuple[float, ...]


@dataclass(frozen=True)
class DropoutParity:
    """Cases are widths x rates of dropout x sites, the rates of a width trained in one pass.

    An input is three groups of four bits and a one-hot choice of a group, whose parity is wanted: a network
    15 - width - dropout - ReLU - 1 (Bereska et al. 2025, section on dropout). ``sites`` are ``post`` and ``pre``, after
    and before the ReLU, in use without dropout. The samples are drawn from all inputs.
    """

    widths: tuple[int, ...] = (32, 64)
    rates: tuple[float, ...] = (0.0, 0.2, 0.5, 0.8)
    sites: tuple[str, ...] = ("post", "pre")
    n: int = 4000
    epochs: int = 60
    batch: int = 64
    learning_rate: float = 1e-3

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One per width, rate and site. Raises `UsageError` for a rate twice."""
        if len(set(self.rates)) < len(self.rates) or not self.rates:
            raise UsageError(
                f"dropout-parity.rates: {self.rates}; wanted different ones, one at least"
            )
        for width in self.widths:
            for number, rate in enumerate(self.rates):
                for site in self.sites:
                    yield Case(
                        id=f"width-{width}-dropout-{rate:g}-{site}",
                        data=partial(self._activations, width, number, site, seed),
                        facts={"units": width, "dropout": rate, "site": site},
                        stamp="",
                    )

    def _activations(self, width: int, number: int, site: str, seed: int) -> Activations:
        found = self.trained(width, seed)
        rng = stream(seed, "dropout-parity", "samples", str(width), str(number))
        rows = rng.permutation(len(found.labels))[: self.n]
        with calm(), torch.no_grad():
            hidden = found.networks.hidden(found.inputs[rows].expand(len(self.rates), -1, -1))[
                number
            ]
        values = hidden.double().numpy()
        return Activations(
            np.maximum(values, 0.0) if site == "post" else values,
            found.labels[rows],
            layer=site,
            accuracy=found.accuracy[number],
        )

    def trained(self, width: int, seed: int) -> Trained:
        """The networks of a width; trained now if they were not in this process."""
        return _trained(astuple(self), width, seed)


@functools.cache
def everything() -> tuple[Tensor, Ints, Ints]:
    """All inputs ``(12288, 15)``, their parities and their tasks ``(12288,)``."""
    bits = (np.arange(2 ** (TASKS * BITS))[:, None] >> np.arange(TASKS * BITS)) & 1
    parity = bits.reshape(-1, TASKS, BITS).sum(2) % 2
    inputs = np.concatenate(
        [np.hstack([bits, np.tile(np.eye(TASKS)[t], (len(bits), 1))]) for t in range(TASKS)]
    )
    return (
        torch.tensor(inputs, dtype=torch.float32),
        parity.T.ravel(),
        np.repeat(np.arange(TASKS), len(bits)),
    )


@functools.lru_cache(maxsize=TRAININGS)
def _trained(settings: tuple[object, ...], width: int, seed: int) -> Trained:
    task = DropoutParity(*settings)  # type: ignore[arg-type]
    inputs, labels, tasks = everything()
    rng = stream(seed, "dropout-parity", "networks", str(width))
    train = np.ones(len(labels), bool)
    for group in range(2 * TASKS):  # a fifth of every task and label is kept back
        rows = rng.permutation(np.flatnonzero(2 * tasks + labels == group))
        train[rows[: len(rows) // 5]] = False
    wanted = torch.tensor(labels, dtype=torch.float32)
    seen, draws = torch.from_numpy(np.flatnonzero(train)), torch_generator(rng)
    rates = torch.tensor(task.rates)[:, None, None]
    with calm():
        networks = Ensemble(len(rates), (inputs.shape[1], width, 1), draws)
        adam = torch.optim.Adam(networks.parameters, lr=task.learning_rate, fused=True)
        weight, bias = networks.maps[1]
        for _ in range(task.epochs):
            for part in seen[torch.randperm(len(seen), generator=draws)].split(task.batch):
                hidden = networks.hidden(inputs[part].expand(len(rates), -1, -1))
                kept = (torch.rand(hidden.shape, generator=draws) >= rates) / (1.0 - rates)
                out = torch.baddbmm(bias, torch.relu(hidden * kept), weight)[..., 0]
                # Summed over networks: each has its own parameters, and so the gradient of its own mean loss.
                loss = nn.functional.binary_cross_entropy_with_logits(
                    out, wanted[part].expand_as(out)
                ) * len(rates)
                adam.zero_grad()
                loss.backward()
                adam.step()
        with torch.no_grad():
            right = (networks(inputs[~train].expand(len(rates), -1, -1))[..., 0] > 0) == (
                wanted[~train] > 0.5
            )
    return Trained(inputs, labels, networks, tuple(right.double().mean(1).tolist()))
