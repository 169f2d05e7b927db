"""`tiny-compressor`: small transformers, trained here, compress contexts and answer from that."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import torch

from harness import (
    ChannelLogLikelihoods,
    Contexts,
    Floats,
    Incompatible,
    Ints,
    Kind,
    TokenSequences,
    single_threaded,
    torch_generator,
)
from harness_lm import settings, weights
from harness_lm.network import Transformer
from harness_lm.operations import operations, parameters
from harness_lm.runtime import LOG, halving
from harness_lm.scoring import right, surprise

WORD = re.compile(r"\w+|[^\w\s]")
SENTENCE = re.compile(r"(?<=[.!?])\s+")
BATCH = 512
"""Sequences that are read together."""
QUESTION, SUMMARY, ANSWER, END, UNKNOWN = range(5)
"""Tokens beside words: what comes next, the end, and a word that the training part lacks."""
MARKS = 5

Codes = tuple[int, ...]


class TinyCompressor(settings.TinyCompressor):
    """Two networks on words: a compressor, p(z | x, q), and a predictor that sees z and q alone.

    Contexts bring no summaries to learn from, so the compressor's examples are extracts: the
    ``sentences`` sentences that share most words with the question, the best first. The predictor
    learns from extracts of one sentence up to all. Compressions are drawn from the compressor's own
    law and judged by it under every context, so the law is exact (``temperature`` above 0). A
    compressor with fewer ``steps`` makes more mistakes: that is a channel to be measured.
    """

    def transform(
        self, data: Contexts, *, to: type[Kind], rng: np.random.Generator
    ) -> ChannelLogLikelihoods:
        """The matrix ``(n, draws, n)`` of the test part; the accuracy where answers are known.

        Raises
        ------
        Incompatible : no split; a test context that is longer than what the networks were trained
            on.
        """
        train, test = data.part("train"), data.part("test")
        words = Words(train)
        query = words.codes(data.query)
        asked = [(*words.codes(text), QUESTION, *query, SUMMARY) for text in train.texts]
        kept = [
            words.codes(" ".join(extract(text, data.query)[: self.sentences]))
            for text in train.texts
        ]
        compressor = self._trained(
            [(*x, *z, END) for x, z in zip(asked, kept, strict=True)], words, self.steps
        )
        if self.temperature == 0 and self.draws > 1:
            LOG.warning(
                "temperature 0 gives %d equal compressions of each context; wanted draws=1",
                self.draws,
            )
        prompts = [(*words.codes(text), QUESTION, *query, SUMMARY) for text in test.texts]
        longest = max(map(len, kept)) + 1
        _refuse_long(prompts, compressor.design.window - longest)
        with single_threaded(self.device, rng):
            drawn = self._drawn(
                compressor, [p for p in prompts for _ in range(self.draws)], longest, rng
            )
            different = sorted(set(drawn))
            scored = self._scored(compressor, prompts, different, self.temperature or 1.0)
        position = {z: i for i, z in enumerate(different)}
        place = np.array([position[z] for z in drawn]).reshape(test.n, self.draws)
        lengths = np.array([len(z) for z in drawn]).reshape(test.n, self.draws)
        log_p = scored.T[place]
        read = np.array([len(prompt) for prompt in prompts])[:, None]
        spent = [self._spent(compressor, read + lengths)]
        networks, more = [compressor], {}
        answered = self._answers(train, test, words, drawn)
        if answered is not None:
            predictor, tokens, correct, surprise = answered
            networks.append(predictor)
            spent.append(self._spent(predictor, tokens))
            more = {"correct": correct, "surprise": surprise}
        else:
            spent.append(np.zeros_like(spent[0]))
        return ChannelLogLikelihoods.of(
            log_p,
            lengths,
            query=data.query,
            exact=self.temperature > 0,
            flops=np.stack(spent, axis=2),
            models=("tiny",) * len(networks),
            weights=tuple(parameters(network) for network in networks),
            **more,
        )

    def _spent(self, network: Transformer, tokens: Ints) -> Floats:
        return operations(parameters(network), self.layers, self.width, tokens)

    def _trained(self, sequences: Sequence[Codes], words: Words, steps: int) -> Transformer:
        """A network from the cache, or trained now, whose window is the longest of these."""
        flat = np.concatenate([np.array(s, np.int64) for s in sequences])
        ends = np.cumsum([0, *map(len, sequences)])
        asked = settings.Network(
            window=int(np.diff(ends).max()) + 1,
            layers=self.layers,
            heads=self.heads,
            width=self.width,
            steps=steps,
            batch=self.batch,
            learning_rate=self.learning_rate,
            training_seed=self.training_seed,
        )
        data = TokenSequences(flat, ends, words.vocabulary)
        return weights.obtain(data, asked, self.device)[0]

    def _drawn(
        self, network: Transformer, prompts: Sequence[Codes], most: int, rng: np.random.Generator
    ) -> list[Codes]:
        """A continuation of every prompt: up to and with `END`, or ``most`` tokens."""
        draws = torch_generator(rng)
        sizes = torch.tensor([len(p) + 1 for p in prompts])
        ids = torch.zeros((len(prompts), int(sizes.max()) + most), dtype=torch.int64)
        for row, prompt in enumerate(prompts):
            ids[row, : len(prompt) + 1] = torch.tensor([network.start, *prompt])
        every, at, done = (
            torch.arange(len(prompts)),
            sizes.clone(),
            torch.zeros(len(prompts), dtype=torch.bool),
        )
        for _ in range(most):
            seen = ids[:, : int(at.max())].to(self.device)
            with torch.no_grad():
                logits = network(seen).cpu()[every, at - 1].double()
            if self.temperature == 0:
                following = logits.argmax(-1)
            else:
                law = (logits / self.temperature).softmax(-1)
                following = torch.multinomial(law, 1, generator=draws)[:, 0]
            ids[every, at] = torch.where(done, ids[every, at], following)
            at = torch.where(done, at, at + 1)
            done |= following == END
            if done.all():
                break
        return [tuple(row[a:b].tolist()) for row, a, b in zip(ids, sizes, at, strict=True)]

    def _scored(
        self,
        network: Transformer,
        prompts: Sequence[Codes],
        parts: Sequence[Codes],
        temperature: float,
    ) -> Floats:
        """ln p(part | prompt) of all pairs ``(prompts, parts)``, summed over tokens, in nats."""
        pairs = [(p, z) for p in prompts for z in parts]

        def work(batch: int) -> list[float]:
            found: list[float] = []
            for start in range(0, len(pairs), batch):
                chosen = pairs[start : start + batch]
                width = max(len(p) + len(z) for p, z in chosen)
                ids = torch.zeros((len(chosen), width + 1), dtype=torch.int64)
                counts = torch.zeros((len(chosen), width), dtype=torch.bool)
                for row, (p, z) in enumerate(chosen):
                    ids[row, : len(p) + len(z) + 1] = torch.tensor([network.start, *p, *z])
                    counts[row, len(p) : len(p) + len(z)] = True
                with torch.no_grad():
                    logits = network(ids[:, :-1].to(self.device)).cpu().double() / temperature
                each = logits.log_softmax(-1).gather(2, ids[:, 1:, None])[:, :, 0]
                found += each.masked_fill(~counts, 0.0).sum(1).clamp(max=0.0).tolist()
            return found

        return np.array(halving(BATCH, work)).reshape(len(prompts), len(parts))

    def _answers(
        self, train: Contexts, test: Contexts, words: Words, drawn: Sequence[Codes]
    ) -> tuple[Transformer, Ints, Floats, Floats] | None:
        """The predictor, how many tokens it reads, whether its likeliest option is the answer, and
        its surprise at the answer.

        Arrays are ``(n, draws)``; None where no answer is known.
        """
        if train.answers is None or test.answers is None or not test.options:
            return None
        query = words.codes(test.query)
        told = [pair for pair in zip(train.texts, train.answers, strict=True) if pair[1]]
        if not told:
            return None
        examples = []
        for row, (text, answer) in enumerate(told):
            ranked = extract(text, test.query)
            kept = words.codes(" ".join(ranked[: 1 + row % len(ranked)]))
            examples.append((*kept, QUESTION, *query, ANSWER, *words.codes(answer), END))
        predictor = self._trained(examples, words, self.predictor_steps)
        options = [(*words.codes(option), END) for option in test.options]
        different = sorted(set(drawn))
        prompts = [(*(c for c in z if c != END), QUESTION, *query, ANSWER) for z in different]
        _refuse_long(prompts, predictor.design.window - max(map(len, options)))
        scores = self._scored(predictor, prompts, options, 1.0)
        position = {z: i for i, z in enumerate(different)}
        place = np.array([position[z] for z in drawn]).reshape(test.n, self.draws)
        sizes = np.array([len(option) for option in options])
        tokens = np.array([len(prompt) for prompt in prompts])[place] + sizes.sum()
        said = scores.argmax(1)[place]
        return predictor, tokens, right(test, said), surprise(test, scores[place], sizes)


class Words:
    """The words of the training part (texts, question and options) as codes, after the marks."""

    def __init__(self, train: Contexts) -> None:
        parts = (*train.texts, train.query, *train.options, *(train.answers or ()))
        known = sorted({word for part in parts for word in WORD.findall(part)})
        self._code = {word: MARKS + i for i, word in enumerate(known)}
        self.vocabulary = MARKS + len(known)

    def codes(self, text: str) -> Codes:
        """A code for each word; all words that the training part lacks have the same."""
        return tuple(self._code.get(word, UNKNOWN) for word in WORD.findall(text))


def extract(text: str, query: str) -> list[str]:
    """The sentences of a text, those that share most words with the question first."""
    asked = {word.lower() for word in WORD.findall(query)}
    sentences = SENTENCE.split(text.strip())
    return sorted(sentences, key=lambda s: -len(asked & {word.lower() for word in WORD.findall(s)}))


def _refuse_long(prompts: Sequence[Codes], room: int) -> None:
    longest = max(prompts, key=len)
    if len(longest) > room:
        raise Incompatible(
            f"a context of {len(longest)} words with its question; "
            f"the networks were trained on contexts of at most {room}"
        )
