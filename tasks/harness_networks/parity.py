"""Multi-task sparse parity under dropout: the hidden layer, by width and dropout rate."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from harness import Activations, Case, Ints, UsageError, single_threaded, stream, torch_generator
from harness_networks import settings
from harness_networks.runtime import TRAININGS, Ensemble

TASKS, BITS = 3, 4


@dataclass(frozen=True)
class Trained:
    """Networks of one width, one per rate.

    They come with all inputs ``(12288, 15)`` and their parities ``(12288,)``, and with their
    accuracy on the inputs that they were not trained on.
    """

    inputs: Tensor
    labels: Ints
    networks: Ensemble
    accuracy: tuple[float, ...]


class DropoutParity(settings.DropoutParity):
    """Cases are widths x dropout rates x sites; the rates of a width train together.

    An input is three groups of four bits and a one-hot choice of a group, whose parity is wanted: a
    network 15 - width - dropout - ReLU - 1 (Bereska et al. 2025, section on dropout). ``sites`` are
    ``post`` and ``pre``, after and before the ReLU, in use without dropout. The samples are drawn
    from all inputs.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One per width, rate and site. Raises `UsageError` for a rate twice."""
        if len(set(self.rates)) < len(self.rates) or not self.rates:
            raise UsageError(
                f"dropout-parity.rates: {self.rates}; wanted at least one, and none twice"
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
        with single_threaded(self.device) as device, torch.no_grad():
            some = found.inputs[torch.from_numpy(rows).to(device)].expand(len(self.rates), -1, -1)
            values = found.networks.hidden(some)[number].double().cpu().numpy()
        return Activations(
            np.maximum(values, 0.0) if site == "post" else values,
            found.labels[rows],
            layer=site,
            accuracy=found.accuracy[number],
        )

    def trained(self, width: int, seed: int) -> Trained:
        """The networks of a width, trained once in a process."""
        return _trained(self, width, seed)


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
def _trained(task: DropoutParity, width: int, seed: int) -> Trained:
    inputs, labels, tasks = everything()
    rng = stream(seed, "dropout-parity", "networks", str(width))
    train = np.ones(len(labels), bool)
    for group in range(2 * TASKS):  # a fifth of every task and label is kept back
        rows = rng.permutation(np.flatnonzero(2 * tasks + labels == group))
        train[rows[: len(rows) // 5]] = False
    seen, draws = torch.from_numpy(np.flatnonzero(train)), torch_generator(rng)
    unseen = torch.from_numpy(np.flatnonzero(~train))
    with single_threaded(task.device) as device:
        inputs = inputs.to(device)
        wanted = torch.tensor(labels, dtype=torch.float32, device=device)
        rates = torch.tensor(task.rates, device=device)[:, None, None]
        networks = Ensemble(len(rates), (inputs.shape[1], width, 1), draws, device)
        log_loss = nn.functional.binary_cross_entropy_with_logits
        adam = torch.optim.Adam(networks.parameters, lr=task.learning_rate, fused=True)
        weight, bias = networks.maps[1]
        for _ in range(task.epochs):
            order = seen[torch.randperm(len(seen), generator=draws)].to(device)
            for part in order.split(task.batch):
                hidden = networks.hidden(inputs[part].expand(len(rates), -1, -1))
                drawn = torch.rand(hidden.shape, generator=draws).to(device)
                kept = (drawn >= rates) / (1.0 - rates)
                out = torch.baddbmm(bias, torch.relu(hidden * kept), weight)[..., 0]
                # Summed over networks: each has its own parameters, hence the gradient of its loss.
                mean = log_loss(out, wanted[part].expand_as(out))
                loss = mean * len(rates)
                adam.zero_grad()
                loss.backward()
                adam.step()
        with torch.no_grad():
            unseen = unseen.to(device)
            out = networks(inputs[unseen].expand(len(rates), -1, -1))[..., 0]
            right = (out > 0) == (wanted[unseen] > 0.5)
    return Trained(inputs, labels, networks, tuple(right.double().mean(1).tolist()))
