"""`hf-compressor`: a causal model writes summaries, and each is judged under every context."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from transformers import GenerationConfig

from harness import (
    ChannelLogLikelihoods,
    Contexts,
    Floats,
    Incompatible,
    Ints,
    Kind,
    single_threaded,
)
from harness_lm import hub, settings
from harness_lm.operations import operations, parameters
from harness_lm.runtime import LOG, halving
from harness_lm.scoring import right, score, surprise

COMPRESS = (
    "Summarise the text below for somebody who has to answer the question from your summary alone. "
    "Keep what the question needs, and do not answer it.\n\n"
    "Text: {text}\n\nQuestion: {query}\n\nSummary:"
)
ANSWER = "{summary}\n\nQuestion: {query}\n\nAnswer:"
CHOOSE = "{summary}\n\nQuestion: {query}\n{listed}\n\nThe letter of the right answer:"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class HubCompressor(settings.HubCompressor):
    """Compressor, evaluator and predictor, each a causal model of transformers.

    The compressor draws ``draws`` summaries of every context; the evaluator gives ln p(z_ij | x_l,
    q) of all of them under all contexts, with the same question in each; the predictor picks the
    likeliest option from a summary alone, by its text or by its letter in a list, which is what is
    fair where options are sentences. Neither compressor nor evaluator sees the options. The token
    that ends a summary belongs to it, so an empty one has a length and a probability. With one
    model and a temperature above 0, the law is exactly the one that was drawn from.
    """

    def transform(
        self, data: Contexts, *, to: type[Kind], rng: np.random.Generator
    ) -> ChannelLogLikelihoods:
        """The matrix ``(n, draws, n)``; and, where answers and options are known, the accuracy.

        Raises
        ------
        UsageError : as `harness_lm.hub.load`.
        Incompatible : a model without a tokenizer, or prompts that are longer than its window.
        """
        if self.temperature == 0 and self.draws > 1:
            LOG.warning(
                "temperature 0 gives %d equal summaries of each context; wanted draws=1", self.draws
            )
        data = data.evaluated()
        with single_threaded(self.device, rng):
            model, tokenizer = self._load(self.model)
            prompts = [
                encode(tokenizer, COMPRESS.format(text=t, query=data.query)) for t in data.texts
            ]
            _refuse_long(model, prompts, self.max_tokens, self.model)
            summaries = [z for prompt in prompts for z in self._generate(model, tokenizer, prompt)]
            texts = [tokenizer.decode(z, skip_special_tokens=True).strip() for z in summaries]
            lengths = np.array([len(z) for z in summaries]).reshape(data.n, self.draws)
            exact, temperature = self.temperature > 0, self.temperature or 1.0
            read = np.array([len(prompt) for prompt in prompts])[:, None]
            worked = [_worked(model, read + lengths)]
            if self.evaluator and self.evaluator != self.model:
                model, tokenizer = self._load(self.evaluator)
                prompts = [
                    encode(tokenizer, COMPRESS.format(text=t, query=data.query)) for t in data.texts
                ]
                end = [tokenizer.eos_token_id] if tokenizer.eos_token_id is not None else []
                summaries = [
                    [*tokenizer(" " + z, add_special_tokens=False)["input_ids"], *end]
                    for z in texts
                ]
                _refuse_long(model, prompts, max(map(len, summaries)), self.evaluator)
                exact, temperature = False, 1.0
            # From (scoring context, summary) to (context of the summary, draw, scoring context).
            found = score(model, prompts, summaries, temperature=temperature)
            log_p = found.reshape(data.n, data.n, self.draws).transpose(1, 2, 0)
            answered = self._answers(data, texts)
        worked += [] if answered is None else [answered[0]]
        spent = [work.flops for work in worked] + [np.zeros(lengths.shape)]
        return ChannelLogLikelihoods.of(
            log_p,
            lengths,
            correct=None if answered is None else answered[1],
            surprise=None if answered is None else answered[2],
            query=data.query,
            exact=exact,
            flops=np.stack(spent[:2], axis=2),
            models=tuple(work.family for work in worked),
            weights=tuple(work.weights for work in worked),
        )

    def _load(self, name: str) -> tuple[Any, Any]:
        model, tokenizer = hub.load(name, self.dtype, self.device)
        if tokenizer is None:
            raise Incompatible(f"{name} has no tokenizer, but the data are text")
        return model, tokenizer

    def _generate(self, model: Any, tokenizer: Any, prompt: Sequence[int]) -> list[list[int]]:
        """``draws`` summaries of one context, sampled without top-k, top-p or penalties."""
        end = (
            tokenizer.eos_token_id
            if tokenizer.eos_token_id is not None
            else model.config.eos_token_id
        )
        config = GenerationConfig(
            max_new_tokens=self.max_tokens,
            do_sample=self.temperature > 0,
            temperature=self.temperature or 1.0,
            top_k=0,
            top_p=1.0,
            eos_token_id=end,
            pad_token_id=0 if end is None else end,
        )
        given = torch.tensor([list(prompt)], device=self.device)
        known = torch.ones_like(given)

        def work(batch: int) -> list[list[int]]:
            found: list[list[int]] = []
            while len(found) < self.draws:
                rows = given.repeat(min(batch, self.draws - len(found)), 1)
                out = model.generate(
                    rows, attention_mask=known.expand(len(rows), -1), generation_config=config
                )
                found += [_until(z, end) for z in out[:, len(prompt) :].tolist()]
            return found

        with torch.no_grad():
            return halving(self.draws, work)

    def _answers(self, data: Contexts, texts: list[str]) -> tuple[_Worked, Floats, Floats] | None:
        """What the predictor spent, whether it is right, and its surprise ``(n, draws)``."""
        if not self.predictor or data.answers is None or not data.options:
            return None
        model, tokenizer = self._load(self.predictor)
        names, form = data.options, ANSWER
        if self.answers == "letters":
            if len(names) > len(LETTERS):
                raise Incompatible(
                    f"{len(names)} options, but there are {len(LETTERS)} letters; "
                    "wanted answers=text"
                )
            listed = "\n".join(
                f"{letter}) {option}" for letter, option in zip(LETTERS, names, strict=False)
            )
            names, form = (
                tuple(LETTERS[: len(names)]),
                CHOOSE.replace("{listed}", listed.replace("{", "{{").replace("}", "}}")),
            )
        options = [tokenizer(" " + o, add_special_tokens=False)["input_ids"] for o in names]
        prompts = [encode(tokenizer, form.format(summary=z, query=data.query)) for z in texts]
        _refuse_long(model, prompts, max(map(len, options)), self.predictor)
        scores = score(model, prompts, options).reshape(data.n, self.draws, -1)
        sizes = np.array([len(option) for option in options])
        read = np.array([len(prompt) for prompt in prompts]).reshape(data.n, self.draws)
        spent = _worked(model, read + sizes.sum())
        return spent, right(data, scores.argmax(2)), surprise(data, scores, sizes)


@dataclass(frozen=True)
class _Worked:
    """A model's family, number of parameters, and operations ``(n, draws)``."""

    family: str
    weights: int
    flops: Floats


def _worked(model: Any, tokens: Ints) -> _Worked:
    config, count = model.config, parameters(model)
    spent = operations(count, config.num_hidden_layers, config.hidden_size, tokens)
    return _Worked(str(config.model_type), count, spent)


def encode(tokenizer: Any, text: str) -> list[int]:
    """A prompt in tokens: as the user's turn where the model has a template for chats."""
    if getattr(tokenizer, "chat_template", None):
        turn = [{"role": "user", "content": text}]
        return list(
            tokenizer.apply_chat_template(turn, add_generation_prompt=True, return_dict=False)
        )
    return list(tokenizer(text)["input_ids"])


def _until(ids: list[int], end: int | None) -> list[int]:
    """A summary with the token that ended it, without what fills the batch."""
    return ids[: ids.index(end) + 1] if end in ids else ids


def _refuse_long(model: Any, prompts: list[list[int]], more: int, name: str) -> None:
    own = int(getattr(model.config, "max_position_embeddings", 0) or 0)
    longest = max(map(len, prompts)) + more
    if own and longest > own:
        row = int(np.argmax([len(p) for p in prompts]))
        raise Incompatible(
            f"context {row} with its continuation has {longest} tokens; {name} sees {own}"
        )
