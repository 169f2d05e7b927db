"""Training of a small transformer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from harness import (
    Incompatible,
    checkpointed,
    mapped,
    progress,
    single_threaded,
    torch_generator,
)
from harness_lm.network import Design, Transformer
from harness_lm.penalty import entropy_penalty
from harness_lm.pointers import Aims, PointerPenalty
from harness_lm.rows import row_entropies
from harness_lm.runtime import LOG, out_of_memory
from harness_lm.settings import Network
from harness_lm.tokens import Tokens

IGNORED = -100
"""The target at positions without a token."""
WARM_UP = 0.05
"""Share of the steps in which the learning rate rises."""
State = dict[str, Tensor]
"""All that the next steps of a training depend on, besides the data and the recipe."""


def train(
    design: Design,
    recipe: Network,
    tokens: Tokens,
    rng: np.random.Generator,
    device: str,
    key: str,
    until: int = 0,
    earlier: State | None = None,
    keep: Callable[[State], None] = lambda state: None,
) -> Transformer:
    """A trained network, in evaluation mode.

    AdamW (betas .9 and .999) with a linear warm-up and a linear fall to zero, gradients clipped at
    norm 1. With ``entropy_penalty`` the loss has that much of the penalty of `harness_lm.penalty`,
    with ``pointer_penalty`` of that of `harness_lm.pointers`.

    ``key`` names all that the weights depend on: a training of that key that was killed continues
    from its last checkpoint, and ends with the same bits. ``until`` stops after that many of the
    steps (0 for all), ``earlier`` continues from the state that ``keep`` was given at the end of a
    training that stopped before.

    Raises
    ------
    Incompatible : the loss is no longer finite.
    UsageError : the device is absent, or layers that do not exist.
    """
    penalty = PointerPenalty(recipe, design.layers) if recipe.pointer_penalty else None
    last = until or recipe.steps
    name = f"tiny-lm {key}" if last == recipe.steps else f"tiny-lm {key} {last}"
    with single_threaded(device, rng), checkpointed(name) as saved:
        draws = torch_generator(rng)
        network = Transformer(design).to(device)
        windows = Windows(tokens, design, device)
        optimiser = _optimiser(network, recipe)
        first, parts = 0, 1
        known = [state for state in (saved.load(), earlier) if state is not None]
        if known:
            state = max(known, key=lambda state: int(state["step"]))
            first, parts = int(state["step"]), int(state["parts"])
            _restore(network, optimiser, draws, state)

        def now(step: int) -> State:
            counts = {"step": torch.tensor(step), "parts": torch.tensor(parts)}
            return counts | _state(network, optimiser, draws)

        for step in range(first, last):
            inputs, targets = windows.draw(recipe.batch, draws)
            dial = torch.rand((), generator=draws).to(device) if design.dial_conditioned else None
            while True:
                try:
                    loss = _descend(network, recipe, inputs, targets, parts, penalty, dial)
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
                saved.save(now(step + 1))
        keep(now(last))
    return network.eval()


def _state(network: Transformer, optimiser: torch.optim.AdamW, draws: torch.Generator) -> State:
    """The state, without the step."""
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
    state: State,
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
    network: Transformer,
    recipe: Network,
    inputs: Tensor,
    targets: Tensor,
    parts: int,
    pointing: PointerPenalty | None = None,
    dial: Tensor | None = None,
) -> float:
    """Gradients of the loss of a batch, taken in parts; the mean loss (nats per token).

    ``dial`` is told to a network that is conditioned on it, and multiplies the pointer penalty.
    """
    network.zero_grad()
    total = 0.0
    counted = targets != IGNORED
    count = counted.sum()
    whole = pointing.aims(inputs, counted) if pointing is not None else None
    aims = [None] * parts if whole is None else whole.chunk(parts)
    for x, y, aim in zip(inputs.chunk(parts), targets.chunk(parts), aims, strict=False):
        rows: list[Tensor] = []
        missed: list[Tensor] = []

        def watch(
            layer: int,
            q: Tensor,
            k: Tensor,
            mask: Tensor | None,
            rows: list[Tensor] = rows,
            missed: list[Tensor] = missed,
            aim: Aims | None = aim,
        ) -> None:
            if recipe.entropy_penalty:
                rows.append(row_entropies(q, k))
            if pointing is not None and aim is not None and layer in pointing.shares:
                missed.append(pointing.of(layer, q, k, mask, aim))

        watched = recipe.entropy_penalty or pointing is not None
        logits = network(x, watch if watched else None, dial=0.0 if dial is None else dial)
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
        if missed and whole is not None:
            weight = recipe.pointer_penalty if dial is None else recipe.pointer_penalty * dial
            loss = loss + weight * sum(missed) / whole.judged.sum().clamp(min=1)
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
        cuts = tokens.offsets
        flat = mapped.zeros(int(cuts[-1]) + len(cuts) - 1, np.int64)
        flat[cuts[:-1] + np.arange(len(cuts) - 1)] = design.vocabulary
        for part in mapped.blocks_of(tokens.ids):
            at = np.arange(part.start, part.stop)
            flat[at + np.searchsorted(cuts, at, side="right")] = tokens.ids[part]
        lengths = np.diff(cuts) + 1
        ends = np.cumsum(lengths)
        self._flat, self._ends = (
            torch.from_numpy(flat).to(device),
            torch.tensor(ends, device=device),
        )
        # A window may begin at each place of a sequence from which it fits, or at the first.
        choices = np.cumsum(np.maximum(lengths - design.window, 1))
        self._count = int(choices[-1])
        self._choices = torch.tensor(choices, device=device)
        # From the number of a choice to its place.
        before = np.concatenate([[0], choices[:-1]])
        self._shifts = torch.tensor(ends - lengths - before, device=device)

    def draw(self, batch: int, draws: torch.Generator) -> tuple[Tensor, Tensor]:
        """Random windows, and the token after each position ``(batch, window)``.

        Beyond the end of a sequence that is `IGNORED`.
        """
        chosen = torch.randint(self._count, (batch,), generator=draws).to(self._ends.device)
        row = torch.searchsorted(self._choices, chosen, right=True)
        return self._cut(chosen + self._shifts[row], self._ends[row])

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
