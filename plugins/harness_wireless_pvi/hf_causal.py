"""Causal language models as predictive families: the classes are answers to a prompt.

What all prompts share is computed once and its keys and values handed to every batch; without a context in the null,
the null is one prompt for all rows. So n texts cost n + 1 short passes instead of 2 n long ones.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from harness import Floats, Ints, Kind, LabelledText, LabelLogProbabilities, calm
from harness_wireless_pvi import batches, held_out, hub, prompts, training
from harness_wireless_pvi.held_out import Predict
from harness_wireless_pvi.prompts import Prompts
from harness_wireless_pvi.tuning import Tuned


@dataclass(frozen=True, kw_only=True)
class HFCausal(Tuned):
    """Answers scored by a language model, as it is (``steps=0``) or fine-tuned on the training rows.

    Attributes
    ----------
    scoring : ``first`` compares the first tokens of the answers; ``whole`` the sums over all their tokens. Either is
        scaled to a sum of one over the classes.
    null : ``prompt`` shows the model a blank text (a copy fine-tuned on blank texts where ``steps`` is not 0);
        ``prior`` counts labels.
    null_keeps_context : whether the blank prompt keeps the context. Options of a choice would tell the null much.
    """

    steps: int = 0
    max_length: int = 512
    scoring: str = "first"
    null: str = "prompt"
    null_keeps_context: bool = False
    instruction: str = ""

    def transform(
        self, data: LabelledText, *, to: type[Kind], rng: np.random.Generator
    ) -> LabelLogProbabilities:
        """Log-probabilities of the classes. Raises as `held_out.scores`, `hub.model` and `prompts.build`."""
        name, k = hub.need(self.model, "hf-causal"), len(data.classes)
        words = hub.tokenizer(name, self.revision)
        asked = prompts.build(
            words, data, self.instruction, self.max_length, self.null_keeps_context
        )
        if self.scoring == "first":
            prompts.check_first(asked, data.classes)
        with calm(self.device, rng):
            base = hub.model("AutoModelForCausalLM", name, self.revision)[0]
        shared_null = len(asked.null) == 1

        def scored(network: Any, chosen: list[list[int]]) -> Floats:
            with calm(self.device, np.random.default_rng(0)):
                return score(
                    network,
                    asked,
                    chosen,
                    self.scoring,
                    self.score_tokens,
                    words.pad_token_id,
                    self.device,
                )

        def losses(chosen: list[list[int]]) -> Any:
            return lambda network, rows: answer_loss(
                network, [asked.prefix + chosen[i % len(chosen)] for i in rows],
                [asked.options[c] for c in data.y[rows]], words.pad_token_id, self.device,
            )  # fmt: skip

        def fit(train: Ints, rng: np.random.Generator) -> Predict:
            with calm(self.device, rng):
                full = self.tuned(base, "CAUSAL_LM", losses(asked.full), train, rng)
                null = full
                if self.null == "prompt" and self.steps:
                    null = self.tuned(base, "CAUSAL_LM", losses(asked.null), train, rng)
            if self.null == "prior":
                blank: Floats | None = held_out.prior(data.y[train], k)
            else:
                blank = scored(null, asked.null)[0] if shared_null else None

            def predict(rows: Ints) -> tuple[Floats, Floats]:
                table = scored(full, [asked.full[i] for i in rows])
                if blank is not None:
                    return table, np.tile(blank, (len(rows), 1))
                return table, scored(null, [asked.null[i] for i in rows])

            return predict

        return held_out.scores(data, fit, folds=self.folds, scored=self.scored, rng=rng)


def answer_loss(
    network: Any, asked: list[list[int]], answers: list[list[int]], pad: int, device: str
) -> Tensor:
    """-ln p(answer | prompt), the sum over the answer's tokens, of each pair (b,)."""
    ids, real = batches.padded([a + b for a, b in zip(asked, answers, strict=True)], pad, device)
    logits = network(input_ids=ids[:, :-1], attention_mask=real[:, :-1].long()).logits.float()
    each = nn.functional.cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction="none")
    place = torch.arange(1, ids.shape[1], device=device)
    start = torch.tensor([len(a) for a in asked], device=device)[:, None]
    end = start + torch.tensor([len(b) for b in answers], device=device)[:, None]
    loss: Tensor = (each * ((place >= start) & (place < end))).sum(1)
    return loss


def score(
    network: Any,
    asked: Prompts,
    chosen: list[list[int]],
    scoring: str,
    tokens: int,
    pad: int,
    device: str = "cpu",
) -> Floats:
    """Log-probabilities (m, k) of the answers to the prompts ``asked.prefix + chosen[i]``."""
    out = np.empty((len(chosen), len(asked.options)))
    prefix = torch.tensor([asked.prefix], device=device)
    with torch.inference_mode(), training.precision(device):
        shared = network(input_ids=prefix, use_cache=True, logits_to_keep=1).past_key_values
        for rows in batches.by_length([len(chosen[i]) for i in range(len(chosen))], tokens):
            ids, real = batches.padded([chosen[r] for r in rows], pad, device)
            cache = copy.deepcopy(shared)
            cache.batch_repeat_interleave(len(rows))
            last = real.sum(1) - 1
            kept, place = torch.unique(last, return_inverse=True)
            mask = torch.cat(
                [torch.ones(len(rows), prefix.shape[1], dtype=torch.bool, device=device), real], 1
            )
            found = network(
                input_ids=ids, attention_mask=mask.long(), past_key_values=cache, use_cache=scoring == "whole",
                logits_to_keep=kept,
            )  # fmt: skip
            ends = found.logits[torch.arange(len(rows), device=device), place].double()
            if scoring == "first":
                table = torch.stack(
                    [torch.logsumexp(ends[:, first], 1) for first in asked.first], 1
                )
            else:
                table = _whole(network, asked, ends, cache, mask, last, pad)
            out[rows] = torch.log_softmax(table, -1).cpu().numpy()
    return out


def _whole(
    network: Any, asked: Prompts, ends: Tensor, cache: Any, mask: Tensor, last: Tensor, pad: int
) -> Tensor:
    """Sums of log-probabilities over all tokens of every answer (b, k), going on from the prompts' cache."""
    b, k, device = len(ends), len(asked.options), ends.device
    opening = torch.log_softmax(ends, -1)[:, [option[0] for option in asked.options]]
    if max(map(len, asked.options)) == 1:
        return opening
    ids, real = batches.padded(asked.options, pad, str(device))
    ids, real = ids.repeat(b, 1), real.repeat(b, 1)
    cache.batch_repeat_interleave(k)
    start = (len(asked.prefix) + last + 1).repeat_interleave(k)[:, None]
    width = ids.shape[1] - 1
    logits = network(
        input_ids=ids[:, :-1],
        attention_mask=torch.cat([mask.repeat_interleave(k, 0), real[:, :-1]], 1).long(),
        position_ids=start + torch.arange(width, device=device),
        past_key_values=cache,
    ).logits.double()
    each = torch.log_softmax(logits, -1).gather(-1, ids[:, 1:, None])[..., 0] * real[:, 1:]
    return opening + each.sum(1).reshape(b, k)
