"""The residual stream of a compiled transformer, compressed into fewer units."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from harness import Activations, Case, Floats, UsageError, single_threaded, stream, torch_generator
from harness.files import read_bytes
from harness_networks import settings
from harness_networks.compiled import (
    PADDING,
    PROGRAMS,
    Block,
    Transformer,
    inputs_of,
    read,
    read_through,
)
from harness_networks.compiled import wanted_of as wanted
from harness_networks.runtime import TRAININGS

NAME = "compiled-transformers"
MOST = 200_000
"""Inputs that are enumerated at most."""


class CompiledTransformers(settings.CompiledTransformers):
    """Cases are programs x widths of the stream x layers.

    The stream x of a compiled transformer is kept as h = W x, and each block reads ReLU(W^T h)
    (Bereska et al. 2025, section on compressed algorithms); only W is trained, the widths side by
    side, so that what is read is close to the stream of the transformer, and the result to that of
    the program. Width 0 is the transformer as it is. The data are h after a block, at positions
    that are drawn from all inputs; the accuracy is over all tokens of all inputs.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One per program, width and block. Raises `UsageError` for a wrong file or width."""
        if len(set(self.widths)) < len(self.widths) or not self.widths:
            raise UsageError(f"{NAME}.widths: {self.widths}; wanted at least one, and none twice")
        if self.path and len(self.programs) != 1:
            raise UsageError(
                f"{NAME}.programs: {', '.join(self.programs)}; wanted the one of the file"
            )
        file = Path(self.path).expanduser()
        stamp = hashlib.sha256(read_bytes(file)).hexdigest()[:16] if self.path else ""
        for program in self.programs:
            made = self.transformer(program)
            if sum(made.tokens**k for k in range(1, made.length + 1)) > MOST:
                raise UsageError(
                    f"{NAME}: {made.tokens} tokens and length {made.length} make over {MOST:,} "
                    "inputs; wanted fewer, as all are tried"
                )
            for width in self.widths:
                if width > made.width:
                    raise UsageError(
                        f"{NAME}.widths: {width}; the stream of {program} has {made.width}"
                    )
                for layer in range(1, len(made.blocks) + 1):
                    yield Case(
                        f"{program}-width-{width or made.width}{'' if width else '-exact'}-"
                        f"layer-{layer}",
                        partial(self._activations, program, width, layer, seed),
                        facts={
                            "program": program,
                            "units": width or made.width,
                            "layer": layer,
                            "compressed": int(width > 0),
                        },
                        stamp=stamp,
                    )

    def transformer(self, program: str) -> Transformer:
        """The transformer of a program, compiled, or from the file."""
        if self.path:
            return read(Path(self.path).expanduser())
        return PROGRAMS[program](self.tokens, self.length)

    def _activations(self, program: str, width: int, layer: int, seed: int) -> Activations:
        made, maps = self.trained(program, seed)
        inputs = torch.from_numpy(inputs_of(made.tokens, made.length))
        through = maps[width] if width else None
        with single_threaded("cpu"), torch.no_grad():
            streams = list(made.streams(inputs, through))
            rows = streams[layer][inputs != PADDING].numpy()
        rng = stream(seed, NAME, program, "positions")
        chosen = rng.permutation(len(rows))[: self.n]
        return Activations(
            rows[chosen], layer=f"residual-{layer}", accuracy=accuracy(made, program, through)
        )

    def trained(self, program: str, seed: int) -> tuple[Transformer, dict[int, Tensor]]:
        """The transformer, and W ``(units, width)`` by units, trained once in a process."""
        return _trained(self, program, seed)


def accuracy(made: Transformer, program: str, through: Tensor | None = None) -> float:
    """Share of all tokens of all inputs that are as the program wants them."""
    inputs = inputs_of(made.tokens, made.length)
    right = wanted(program, inputs)
    with torch.no_grad():
        *_, last = made.streams(torch.from_numpy(inputs), through)
        if through is not None:
            last = read_through(last, through)
        found = (last @ made.readout)[:, 1:].argmax(-1).numpy()
    return float((found == right)[right != PADDING].mean())


def _single(made: Transformer) -> Transformer:
    """The same in single precision."""

    def parts(arrays: tuple[Tensor, ...] | None) -> tuple[Tensor, ...] | None:
        return None if arrays is None else tuple(a.float() for a in arrays)

    blocks = tuple(Block(parts(b.attention), parts(b.feed_forward)) for b in made.blocks)
    arrays = {n: getattr(made, n).float() for n in ("embedding", "positions", "readout")}
    return dataclasses.replace(made, blocks=blocks, **arrays)


def _rotations(widths: list[int], size: int, rng: np.random.Generator) -> Floats:
    """The first rows of a random rotation for each width, zero below ``(widths, most, size)``."""
    found = np.zeros((len(widths), max(widths), size))
    for number, width in enumerate(widths):
        found[number, :width] = np.linalg.qr(rng.normal(size=(size, size)))[0][:width]
    return found


@functools.lru_cache(maxsize=TRAININGS)
def _trained(
    task: CompiledTransformers, program: str, seed: int
) -> tuple[Transformer, dict[int, Tensor]]:
    exact = task.transformer(program)
    widths = [w for w in task.widths if w]
    if not widths:
        return exact, {}
    rng = stream(seed, NAME, program, "compression")
    inputs = inputs_of(exact.tokens, exact.length)
    right = torch.from_numpy(wanted(program, inputs))
    every, made = torch.from_numpy(inputs), _single(exact)
    given = list(made.streams(every))
    start = torch.from_numpy(_rotations(widths, exact.width, rng)).float()
    live = (torch.arange(max(widths)) < torch.tensor(widths)[:, None])[..., None]
    draws = torch_generator(rng)
    with single_threaded("cpu"):
        w = start.clone().requires_grad_()
        adam = torch.optim.Adam([w], lr=task.learning_rate)
        falling = torch.optim.lr_scheduler.LinearLR(adam, 1.0, 0.05, max(task.steps, 1))
        for _ in range(task.steps):
            rows = torch.randint(len(every), (task.batch,), generator=draws)
            loss = _loss(made, every[rows], [g[rows] for g in given], right[rows], w * live)
            adam.zero_grad()
            loss.backward()
            adam.step()
            falling.step()
        final = (w * live).detach().double()
    return exact, {width: final[i, :width].clone() for i, width in enumerate(widths)}


def _loss(
    made: Transformer, inputs: Tensor, given: list[Tensor], right: Tensor, through: Tensor
) -> Tensor:
    """Squared distance of what is read from the streams ``given``, and cross-entropy of the result.

    A mean over positions, a sum over units, layers and the networks of ``through``.
    """
    kept = (inputs != PADDING).float()
    total = torch.zeros(())
    logits = total
    for x, h in zip(given, made.streams(inputs, through), strict=True):
        seen = read_through(h, through)
        total = total + (((seen - x) ** 2).sum(-1) * kept).sum() / kept.sum()
        logits = (seen @ made.readout)[:, :, 1:]
    sharp = 10.0 * logits.reshape(-1, logits.shape[-1])
    flat = right.expand(len(through), -1, -1).reshape(-1)
    entropy = nn.functional.cross_entropy(sharp, flat, ignore_index=PADDING)
    return total + len(through) * entropy
