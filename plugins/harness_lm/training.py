"""Training of a small transformer."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from harness import Incompatible, checkpointed, progress, single_threaded, torch_generator
from harness_lm.network import Design, Transformer
from harness_lm.penalty import entropy_penalty
from harness_lm.rows import row_entropies
from harness_lm.runtime import LOG, out_of_memory
from harness_lm.settings import Network
from harness_lm.tokens import Tokens

IGNORED = -100
"""The target at positions without a token."""
WARM_UP = 0.05
"""Share of the steps in which the learning rate rises."""


def train(
    design: Design,
    recipe: Network,
    tokens: Tokens,
    rng: np.random.Generator,
    device: str,
    key: str,
) -> Transformer:
    """A trained network, in evaluation mode.

    AdamW (betas .9 and .999) with a linear warm-up and a linear fall to zero, gradients clipped at
    norm 1. With ``entropy_penalty`` the loss has that much of the penalty of `harness_lm.penalty`.

    ``key`` names all that the weights depend on: a training of that key that was killed continues
    from its last checkpoint, and ends with the same bits.

    Raises
    ------
    Incompatible : the loss is no longer finite.
    UsageError : the device is absent.
    """
    with single_threaded(device, rng), checkpointed(f"tiny-lm {key}") as saved:
        draws = torch_generator(rng)
        network = Transformer(design).to(device)
        windows = Windows(tokens, design, device)
        optimiser = _optimiser(network, recipe)
        first, parts = 0, 1
        if (state := saved.load()) is not None:
            first, parts = int(state["step"]), int(state["parts"])
            _restore(network, optimiser, draws, state)
        for step in range(first, recipe.steps):
            inputs, targets = windows.draw(recipe.batch, draws)
            while True:
                try:
                    loss = _descend(network, recipe, inputs, targets, parts)
                    break
                except (MemoryError, RuntimeError) as error:
                    if parts >= recipe.batch or not out_of_memory(error):
                        raise
                parts *= 2
                LOG.warning("out of memory in training; each batch is now taken in %d parts", parts)
            if not math.isfinite(loss):
                raise Incompatible(
                    f"training diverged at step {step + 1} of {recipe.steps}: the loss is {loss}"
                )
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            for group in optimiser.param_groups:
                group["lr"] = recipe.learning_rate * _rate(step, recipe)
            optimiser.step()
            progress(step + 1, recipe.steps, f"steps, loss {loss:.3f}")
            if saved.due:
                counts = {"step": torch.tensor(step + 1), "parts": torch.tensor(parts)}
                saved.save(counts | _state(network, optimiser, draws))
    return network.eval()


def _state(
    network: Transformer, optimiser: torch.optim.AdamW, draws: torch.Generator
) -> dict[str, Tensor]:
    """All that the next steps depend on, besides the data, the recipe and the step."""
    averages = optimiser.state_dict()["state"]
    return (
        {f"network {name}": value for name, value in network.state_dict().items()}
        | {f"adam {i} {name}": value for i, of in averages.items() for name, value in of.items()}
        | {"draws": draws.get_state()}
    )


def _restore(
    network: Transformer,
    optimiser: torch.optim.AdamW,
    draws: torch.Generator,
    state: dict[str, Tensor],
) -> None:
    """Put back what `_state` gave."""
    weights: dict[str, Tensor] = {}
    averages: dict[int, dict[str, Tensor]] = {}
    for name, value in state.items():
        what, _, rest = name.partition(" ")
        if what == "network":
            weights[rest] = value
        elif what == "adam":
            i, _, average = rest.partition(" ")
            averages.setdefault(int(i), {})[average] = value
    network.load_state_dict(weights)
    optimiser.load_state_dict(optimiser.state_dict() | {"state": averages})
    draws.set_state(state["draws"])


def _descend(
    network: Transformer, recipe: Network, inputs: Tensor, targets: Tensor, parts: int
) -> float:
    """Gradients of the loss of a batch, taken in parts; the mean loss (nats per token)."""
    network.zero_grad()
    total = 0.0
    count = (targets != IGNORED).sum()
    for x, y in zip(inputs.chunk(parts), targets.chunk(parts), strict=True):
        rows: list[Tensor] = []

        def watch(layer: int, q: Tensor, k: Tensor, rows: list[Tensor] = rows) -> None:
            rows.append(row_entropies(q, k))

        logits = network(x, watch if recipe.entropy_penalty else None)
        loss = (
            F.cross_entropy(
                logits.flatten(0, 1), y.flatten(), ignore_index=IGNORED, reduction="sum"
            )
            / count
        )
        if rows:
            penalty = entropy_penalty(
                torch.stack(rows),
                network.thresholds,
                margin=recipe.entropy_margin,
                reference=recipe.entropy_reference,
            )
            loss = loss + recipe.entropy_penalty * penalty * len(x) / len(inputs)
        loss.backward()
        total += float(loss.detach())
    return total


def _optimiser(network: Transformer, recipe: Network) -> torch.optim.AdamW:
    free = network.undecayed()
    decayed = [p for p in network.parameters() if id(p) not in free]
    spared = [p for p in network.parameters() if id(p) in free]
    groups = [
        {"params": decayed, "weight_decay": recipe.weight_decay},
        {"params": spared, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, fused=True)


def _rate(step: int, recipe: Network) -> float:
    warm = max(1, round(WARM_UP * recipe.steps))
    return min((step + 1) / warm, (recipe.steps - step) / max(1, recipe.steps - warm), 1.0)


class Windows:
    """All windows in the sequences, each of which begins with the start token."""

    def __init__(self, tokens: Tokens, design: Design, device: str) -> None:
        self._length = design.window
        parts = [np.concatenate([[design.vocabulary], s]) for s in tokens.sequences()]
        lengths = np.array([len(p) for p in parts])
        self._flat = torch.tensor(np.concatenate(parts), device=device)
        starts = np.concatenate([[0], np.cumsum(lengths)])[:-1]
        choices = np.maximum(lengths - design.window, 1)
        self._ends = torch.tensor(np.repeat(starts + lengths, choices), device=device)
        first = np.arange(choices.sum()) - np.repeat(np.cumsum(choices) - choices, choices)
        self._starts = torch.tensor(np.repeat(starts, choices) + first, device=device)

    def draw(self, batch: int, draws: torch.Generator) -> tuple[Tensor, Tensor]:
        """Random windows, and the token after each position ``(batch, window)``.

        Beyond the end of a sequence that is `IGNORED`.
        """
        chosen = torch.randint(len(self._starts), (batch,), generator=draws).to(self._starts.device)
        return self._cut(self._starts[chosen], self._ends[chosen])

    def _cut(self, starts: Tensor, ends: Tensor) -> tuple[Tensor, Tensor]:
        places = starts[:, None] + torch.arange(self._length + 1, device=starts.device)
        beyond = places >= ends[:, None]
        ids = self._flat[places.clamp(max=len(self._flat) - 1)]
        longest = int((~beyond).sum(1).max())
        inputs = ids.masked_fill(beyond, 0)[:, : longest - 1]
        return inputs, ids.masked_fill(beyond, IGNORED)[:, 1:longest]


def pieces(lengths: np.ndarray, window: int) -> Iterator[tuple[int, int, int]]:
    """How sequences are read: (sequence, first position, first position that counts).

    Windows overlap by half, so that every token but those near the start of its sequence has half a
    window of context.
    """
    stride = max(1, window // 2)
    for i, length in enumerate(lengths):
        yield i, 0, 0
        done = window
        while done < length:
            yield i, done - (window - stride), done
            done += stride
