"""`hf-compressor`: a causal model writes summaries, and each is judged under every context."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

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
            refuse_long(model, prompts, self.max_tokens, self.model)
            summaries = [
                z for p in prompts for z in generate(model, tokenizer, p, self.draws, self)
            ]
            texts = [tokenizer.decode(z, skip_special_tokens=True).strip() for z in summaries]
            lengths = np.array([len(z) for z in summaries]).reshape(data.n, self.draws)
            exact, temperature = self.temperature > 0, self.temperature or 1.0
            read = np.array([len(prompt) for prompt in prompts])[:, None]
            spending = [worked(model, read + lengths)]
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
                refuse_long(model, prompts, max(map(len, summaries)), self.evaluator)
                exact, temperature = False, 1.0
            # From (scoring context, summary) to (context of the summary, draw, scoring context).
            found = score(model, prompts, summaries, temperature=temperature)
            log_p = found.reshape(data.n, data.n, self.draws).transpose(1, 2, 0)
            answered = self._answers(data, texts)
        spending += [] if answered is None else [answered[0]]
        spent = [work.flops for work in spending] + [np.zeros(lengths.shape)]
        return ChannelLogLikelihoods.of(
            log_p,
            lengths,
            correct=None if answered is None else answered[1],
            surprise=None if answered is None else answered[2],
            query=data.query,
            exact=exact,
            flops=np.stack(spent[:2], axis=2),
            models=tuple(work.family for work in spending),
            weights=tuple(work.weights for work in spending),
        )

    def _load(self, name: str) -> tuple[Any, Any]:
        return load(name, self.dtype, self.device)

    def _answers(self, data: Contexts, texts: list[str]) -> tuple[Worked, Floats, Floats] | None:
        """What the predictor spent, whether it is right, and its surprise ``(n, draws)``."""
        if not self.predictor or data.answers is None or not data.options:
            return None
        named = self._load(self.predictor)
        found, sizes, spent = chosen(
            named, texts, data.query, data.options, self.answers, self.predictor
        )
        scores = found.reshape(data.n, self.draws, -1)
        spent = replace(spent, flops=spent.flops.reshape(data.n, self.draws))
        return spent, right(data, scores.argmax(2)), surprise(data, scores, sizes)


def load(name: str, dtype: Any, device: str) -> tuple[Any, Any]:
    """A model and its tokenizer. Raises `Incompatible` where it has none."""
    model, tokenizer = hub.load(name, dtype, device)
    if tokenizer is None:
        raise Incompatible(f"{name} has no tokenizer, but the data are text")
    return model, tokenizer


def generate(
    model: Any, tokenizer: Any, prompt: Sequence[int], draws: int, how: Generation
) -> list[list[int]]:
    """Continuations of one prompt, sampled without top-k, top-p or penalties."""
    end = (
        tokenizer.eos_token_id if tokenizer.eos_token_id is not None else model.config.eos_token_id
    )
    config = GenerationConfig(
        max_new_tokens=how.max_tokens,
        do_sample=how.temperature > 0,
        temperature=how.temperature or 1.0,
        top_k=0,
        top_p=1.0,
        eos_token_id=end,
        pad_token_id=0 if end is None else end,
    )
    given = torch.tensor([list(prompt)], device=how.device)
    known = torch.ones_like(given)

    def work(batch: int) -> list[list[int]]:
        found: list[list[int]] = []
        while len(found) < draws:
            rows = given.repeat(min(batch, draws - len(found)), 1)
            out = model.generate(
                rows, attention_mask=known.expand(len(rows), -1), generation_config=config
            )
            found += [_until(z, end) for z in out[:, len(prompt) :].tolist()]
        return found

    with torch.no_grad():
        return halving(draws, work)


class Generation(Protocol):
    """How a model writes: the settings of whatever asks it to."""

    @property
    def max_tokens(self) -> int: ...  # noqa: D102
    @property
    def temperature(self) -> float: ...  # noqa: D102
    @property
    def device(self) -> str: ...  # noqa: D102


def chosen(
    named: Any, texts: list[str], query: str, options: tuple[str, ...], by: str, name: str
) -> tuple[Floats, Ints, Worked]:
    """ln p of every option after every text ``(texts, options)``, sizes of options, and the work.

    ``named`` is a model with its tokenizer; ``by`` is text or letters.
    """
    model, tokenizer = named
    names, form = options, ANSWER
    if by == "letters":
        if len(names) > len(LETTERS):
            raise Incompatible(
                f"{len(names)} options, but there are {len(LETTERS)} letters; wanted answers=text"
            )
        listed = "\n".join(
            f"{letter}) {option}" for letter, option in zip(LETTERS, names, strict=False)
        )
        names, form = (
            tuple(LETTERS[: len(names)]),
            CHOOSE.replace("{listed}", listed.replace("{", "{{").replace("}", "}}")),
        )
    coded = [tokenizer(" " + o, add_special_tokens=False)["input_ids"] for o in names]
    prompts = [encode(tokenizer, form.format(summary=z, query=query)) for z in texts]
    refuse_long(model, prompts, max(map(len, coded)), name)
    sizes = np.array([len(option) for option in coded])
    read = np.array([len(prompt) for prompt in prompts])
    return score(model, prompts, coded), sizes, worked(model, read + sizes.sum())


@dataclass(frozen=True)
class Worked:
    """A model's family, number of parameters, and operations ``(n, draws)``."""

    family: str
    weights: int
    flops: Floats


def worked(model: Any, tokens: Ints) -> Worked:
    """What a model spends to read or write so many tokens, each of them once."""
    config, count = model.config, parameters(model)
    spent = operations(count, config.num_hidden_layers, config.hidden_size, tokens)
    return Worked(str(config.model_type), count, spent)


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


def refuse_long(model: Any, prompts: list[list[int]], more: int, name: str) -> None:
    """Raise `Incompatible` where a prompt and ``more`` tokens exceed a model's window."""
    own = int(getattr(model.config, "max_position_embeddings", 0) or 0)
    longest = max(map(len, prompts)) + more
    if own and longest > own:
        row = int(np.argmax([len(p) for p in prompts]))
        raise Incompatible(
            f"context {row} with its continuation has {longest} tokens; {name} sees {own}"
        )
