"""Log-likelihoods of continuations under prompts, each prompt read once."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from harness import ChannelLogLikelihoods, Contexts, Floats
from harness_lm.runtime import halving

BATCH = 64
"""Continuations that are read together."""


def score(
    model: Any,
    prompts: Sequence[Sequence[int]],
    continuations: Sequence[Sequence[int]],
    *,
    temperature: float = 1.0,
) -> Floats:
    """ln p(continuation | prompt) in nats, summed over tokens ``(prompts, continuations)``.

    The keys and values of a prompt are computed once and shared by all continuations, which are
    taken in order of their lengths, so that there is little padding; where memory runs out the
    batch is halved. Logits are divided by the temperature that a sampler used, so that the law is
    the one that was drawn from.

    Parameters
    ----------
    model : a causal model of transformers.
    prompts, continuations : tokens; none is empty.
    """
    device = model.device
    out = np.zeros((len(prompts), len(continuations)))
    order = sorted(range(len(continuations)), key=lambda i: -len(continuations[i]))

    def work(batch: int) -> None:
        for row, prompt in enumerate(prompts):
            given = torch.tensor([list(prompt)], device=device)
            read = model(input_ids=given, use_cache=True, logits_to_keep=1)
            for start in range(0, len(order), batch):
                chosen = order[start : start + batch]
                parts = [continuations[i] for i in chosen]
                # The model appends to the cache that it is given.
                cache = copy.deepcopy(read.past_key_values)
                cache.batch_repeat_interleave(len(parts))
                out[row, chosen] = _continued(
                    model, read.logits[:, -1:], cache, len(prompt), parts, temperature
                )

    with torch.no_grad():
        halving(BATCH, work)
    return out


def _continued(
    model: Any,
    first: Tensor,
    cache: Any,
    length: int,
    parts: list[Sequence[int]],
    temperature: float,
) -> Floats:
    """ln p of continuations of one prompt whose last logits are ``first (1, 1, vocabulary)``."""
    longest = max(map(len, parts))
    ids = torch.zeros((len(parts), longest), dtype=torch.int64, device=first.device)
    kept = torch.zeros((len(parts), longest), dtype=torch.bool, device=first.device)
    for row, part in enumerate(parts):
        ids[row, : len(part)] = torch.tensor(list(part), device=first.device)
        kept[row, : len(part)] = True
    logits = first.expand(len(parts), -1, -1)
    if longest > 1:
        # What stands beyond an end is seen by nothing that counts, so no mask is needed there.
        places = torch.arange(length, length + longest - 1, device=first.device)[None]
        more = model(
            input_ids=ids[:, :-1], past_key_values=cache, position_ids=places, use_cache=True
        ).logits
        logits = torch.cat([logits, more], 1)
    law = (logits.double() / temperature).log_softmax(-1).gather(2, ids[:, :, None])[:, :, 0]
    return np.asarray(law.masked_fill(~kept, 0.0).sum(1).clamp(max=0.0).cpu().numpy())


def right(data: Contexts, chosen: np.ndarray) -> np.ndarray:
    """1 where the chosen option ``(n, draws)`` is the answer, else 0.

    It is `ChannelLogLikelihoods.UNKNOWN` where no answer is known.
    """
    wanted = np.array(
        [data.options.index(answer) if answer else -1 for answer in data.answers or ()]
    )[:, None]
    unknown = ChannelLogLikelihoods.UNKNOWN
    return np.asarray(np.where(wanted < 0, unknown, chosen == wanted), np.float64)


def surprise(data: Contexts, log_p: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """-ln p of the answer over its number of tokens ``(n, draws)``, in nats a token.

    ``log_p (n, draws, options)`` are those of all options, ``sizes (options,)`` their tokens. It is
    `ChannelLogLikelihoods.UNKNOWN` where no answer is known.
    """
    wanted = np.array(
        [data.options.index(answer) if answer else -1 for answer in data.answers or ()]
    )
    found = -log_p[np.arange(len(wanted)), :, wanted] / sizes[wanted][:, None]
    unknown = ChannelLogLikelihoods.UNKNOWN
    return np.asarray(np.where(wanted[:, None] < 0, unknown, np.maximum(found, 0.0)), np.float64)
