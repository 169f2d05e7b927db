"""Rules in a network: targets of a batch, the penalty in training, the dial on a trained one."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from harness import (
    Incompatible,
    PointedAttention,
    TokenSequences,
    UsageError,
    pointer_groups,
    pointer_targets,
)
from harness_lm.network import Bias
from harness_lm.rows import tiles
from harness_lm.settings import Dial, Pointing
from harness_lm.tokens import Tokens

LEAST = 1e-12
"""A sum of squares below it has no gradient: the slope of a root at 0 is infinite."""


def refuse_rule(rule: str, data: TokenSequences, *, native: bool) -> None:
    """Raise `UsageError` for an unknown rule, `Incompatible` for one of bytes where tokens are not.

    ``native`` says that the tokens are the symbols of the data.
    """
    pointer_targets(np.zeros(1, np.int64), rule)
    if rule in PointedAttention.BYTE_RULES and (data.alphabet != "bytes" or not native):
        found = "byte pairs or pieces of words" if data.alphabet == "bytes" else "codes"
        raise Incompatible(
            f"the rule {rule!r} reads bytes of text, but the tokens are {found}; wanted text with "
            "tokenizer=native, or another rule"
        )


def targets_of(ids: Tensor, rule: str) -> Tensor:
    """The targets ``(batch, t, t)`` of a batch of tokens, on its device."""
    return torch.from_numpy(pointer_targets(ids.cpu().numpy(), rule)).to(ids.device)


def share(layer: int, layers: int, power: float) -> float:
    """The weight ((l + 1) / layers)^power of layer l."""
    return float(((layer + 1) / layers) ** power)


class Aims(NamedTuple):
    """What the queries of a batch are judged by: ``keys (batch, t, t)`` that are targets.

    For groups, keys by group ``(batch, t, groups)``. ``judged (batch, t)`` are queries that count.
    """

    keys: Tensor
    judged: Tensor

    def chunk(self, parts: int) -> list[Aims]:
        """In as many parts as `torch.Tensor.chunk` gives."""
        return [
            Aims(*both)
            for both in zip(self.keys.chunk(parts), self.judged.chunk(parts), strict=True)
        ]


class PointerPenalty:
    """The penalty of `harness_lm.settings.Pointing` on the attention of a batch.

    ``mass``: mean over queries with a target of 1 - (attention on the targets). ``group``: mean
    over queries of the sum, over all groups but the query's own, of the Euclidean norm of its
    attention on the group. Both are means over heads and, weighted, over the chosen layers.

    The norm of everything outside would be least where that attention is spread evenly, so
    ``group`` wants a rule that divides the tokens into groups.
    """

    def __init__(self, asked: Pointing, layers: int) -> None:
        chosen = [i + layers if i < 0 else i for i in asked.pointer_layers] or list(range(layers))
        if any(not 0 <= i < layers for i in chosen) or len(set(chosen)) < len(chosen):
            raise UsageError(
                f"tiny-lm.pointer_layers: {asked.pointer_layers}; wanted different layers from "
                f"{-layers} to {layers - 1}"
            )
        self.form, self.rule = asked.pointer_form, asked.pointer_rule
        self.shares = {i: share(i, layers, asked.pointer_power) / len(chosen) for i in chosen}

    def refuse(self, data: TokenSequences, tokens: Tokens, *, native: bool) -> None:
        """Raise where the rule does not suit the data, or gives none of the tokens a target."""
        refuse_rule(self.rule, data, native=native)
        if self.form == "group":
            pointer_groups(np.zeros(1, np.int64), self.rule)
        elif not any(pointer_targets(ids, self.rule).any() for ids in tokens.sequences()):
            raise Incompatible(f"the rule {self.rule!r} gives no token of the data a target")

    def aims(self, ids: Tensor, counted: Tensor) -> Aims:
        """Of the tokens ``(batch, t)`` of a batch, of which ``counted`` are no padding."""
        if self.form == "mass":
            keys = targets_of(ids, self.rule)
            return Aims(keys, counted & keys.any(-1))
        groups = pointer_groups(ids.cpu().numpy(), self.rule)
        codes = np.unique(groups, return_inverse=True)[1].reshape(groups.shape)
        within = codes - codes.min(1, keepdims=True)
        own = torch.from_numpy(within).to(ids.device)
        return Aims(torch.nn.functional.one_hot(own).float(), counted)

    def of(self, layer: int, q: Tensor, k: Tensor, mask: Tensor | None, aims: Aims) -> Tensor:
        """The sum over judged queries for a layer, with its weight; the mean over heads."""
        parts = []
        for rows, z in tiles(q, k, mask=mask):
            a, keys = z.softmax(-1), aims.keys
            if self.form == "mass":
                missed = 1 - (a * keys[:, None, rows, : z.shape[-1]]).sum(-1)
            else:
                squares = a.square() @ keys[:, None, : z.shape[-1]]
                norms = squares.clamp(min=LEAST).sqrt() * (squares > LEAST)
                missed = (norms * (1 - keys[:, None, rows])).sum(-1)
            parts.append(missed.mean(1))
        return self.shares[layer] * torch.cat(parts, 1)[aims.judged].sum()


def dial_bias(asked: Dial, ids: Tensor, layers: int) -> Bias | None:
    """Masks of the layers for a batch of tokens ``(batch, t)``; None where the dial is at 0.

    ``targets``: -dial beta at keys that are not targets; ``distance``: -dial |i - j| / sigma.
    """
    if asked.dial == 0.0 or asked.dial_bias == "none":
        return None
    t = ids.shape[1]
    hidden = torch.ones(t, t, dtype=torch.bool, device=ids.device).triu(1)
    if asked.dial_bias == "targets":
        away = asked.beta * (~targets_of(ids, asked.rule)).float()[:, None]
    else:
        places = torch.arange(t, device=ids.device)
        away = ((places[:, None] - places).abs() / asked.sigma)[None, None]

    def mask(layer: int) -> Tensor:
        strength = asked.dial * share(layer, layers, asked.dial_power)
        return (-strength * away).masked_fill(hidden, -math.inf)

    return mask


def refuse_idle_dial(asked: Dial, name: str, *, conditioned: bool) -> None:
    """Raise `UsageError` for a dial that is turned and would change nothing."""
    if asked.dial > 0 and asked.dial_bias == "none" and not conditioned:
        raise UsageError(
            f"{name}.dial: {asked.dial:g} would change nothing; wanted dial_bias=targets or "
            "distance" + (", or a network with dial_conditioned=True" if name == "tiny-lm" else "")
        )
