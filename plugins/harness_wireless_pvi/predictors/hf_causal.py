"""Causal language models as predictive families: the classes are answers to a prompt.

What all prompts share is computed once, and its keys and values are handed to every batch. Without
a context in the null, the null is one prompt for all rows. So n texts cost n + 1 short passes
rather than 2 n long ones.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from harness import Floats, Ints, Kind, LabelledText, LabelLogProbabilities, single_threaded
from harness_wireless_pvi import batches, hub, settings, training
from harness_wireless_pvi.predictors import held_out, prompts
from harness_wireless_pvi.predictors.held_out import Predict
from harness_wireless_pvi.predictors.prompts import Prompts
from harness_wireless_pvi.predictors.tuning import Tuned


class HFCausal(Tuned, settings.TunedAnswers):
    """Answers scored by a language model, as it is (``steps=0``) or fine-tuned on training rows.

    Attributes
    ----------
    scoring : ``first`` compares the first tokens of the answers, ``whole`` the sums over all their
        tokens. Probabilities are normalized over the classes.
    null : ``prompt`` shows the model a blank text (where ``steps`` is not 0, a copy fine-tuned on
        blank texts); ``prior`` counts labels.
    null_keeps_context : whether the blank prompt keeps the context. The options of a choice tell
        the null much.
    """

    def transform(
        self, data: LabelledText, *, to: type[Kind], rng: np.random.Generator
    ) -> LabelLogProbabilities:
        """Log-probabilities of the classes.

        Raises as `held_out.scores`, `hub.model` and `prompts.build`.
        """
        name, k = hub.need(self.model, "hf-causal"), len(data.classes)
        words = hub.tokenizer(name, self.revision)
        asked = prompts.build(
            words, data, self.instruction, self.max_length, self.null_keeps_context
        )
        if self.scoring == "first":
            prompts.check_first(asked, data.classes)
        with single_threaded(self.device, rng):
            base = hub.model("AutoModelForCausalLM", name, self.revision)[0]
        shared_null = len(asked.null) == 1

        def scored(network: Any, chosen: list[list[int]]) -> Floats:
            size, pad = self.score_tokens, words.pad_token_id
            with single_threaded(self.device, np.random.default_rng(0)):
                return score(network, asked, chosen, self.scoring, size, pad, self.device)

        def losses(chosen: list[list[int]]) -> Any:
            def of(network: Any, rows: Ints) -> Tensor:
                whole = [asked.prefix + chosen[i % len(chosen)] for i in rows]
                answers = [asked.options[c] for c in data.y[rows]]
                return answer_loss(network, whole, answers, words.pad_token_id, self.device)

            return of

        def fit(train: Ints, rng: np.random.Generator) -> Predict:
            with single_threaded(self.device, rng):
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
    """-ln p(answer | prompt) of each pair (b,), summed over the tokens of the answer, in nats."""
    ids, real = batches.padded([a + b for a, b in zip(asked, answers, strict=True)], pad, device)
    logits = network(input_ids=ids[:, :-1], attention_mask=real[:, :-1].long()).logits.float()
    each = nn.functional.cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction="none")
    position = torch.arange(1, ids.shape[1], device=device)
    start = torch.tensor([len(a) for a in asked], device=device)[:, None]
    end = start + torch.tensor([len(b) for b in answers], device=device)[:, None]
    loss: Tensor = (each * ((position >= start) & (position < end))).sum(1)
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
        for rows in batches.by_length([len(ids) for ids in chosen], tokens):
            ids, real = batches.padded([chosen[r] for r in rows], pad, device)
            cache = copy.deepcopy(shared)
            cache.batch_repeat_interleave(len(rows))
            last = real.sum(1) - 1
            kept, slot = torch.unique(last, return_inverse=True)
            mask = torch.cat([real.new_ones(len(rows), prefix.shape[1]), real], 1)
            found = network(
                input_ids=ids,
                attention_mask=mask.long(),
                past_key_values=cache,
                use_cache=scoring == "whole",
                logits_to_keep=kept,
            )
            ends = found.logits[torch.arange(len(rows), device=device), slot].double()
            if scoring == "first":
                masses = [torch.logsumexp(ends[:, first], 1) for first in asked.first]
                table = torch.stack(masses, 1)
            else:
                table = _whole(network, asked, ends, cache, mask, last, pad)
            out[rows] = torch.log_softmax(table, -1).cpu().numpy()
    return out


def _whole(
    network: Any, asked: Prompts, ends: Tensor, cache: Any, mask: Tensor, last: Tensor, pad: int
) -> Tensor:
    """Log-probabilities of answers (b, k), summed over their tokens, from the cache of prompts."""
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
