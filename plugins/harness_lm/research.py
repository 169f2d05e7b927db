"""`hf-research`: several compressors, one predictor: a question to a collection of documents."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness import (
    ChannelLogLikelihoods,
    Contexts,
    Floats,
    Incompatible,
    Kind,
    single_threaded,
)
from harness_lm import settings
from harness_lm.compressor import (
    COMPRESS,
    Worked,
    chosen,
    encode,
    generate,
    load,
    refuse_long,
    worked,
)
from harness_lm.retrieval import best, passages
from harness_lm.runtime import LOG
from harness_lm.scoring import score

PLAN = (
    "Divide the question into at most {count} shorter questions whose answers can be looked up one "
    "by one. Write one question on each line, and nothing else.\n\nQuestion: {query}\n\n"
    "Shorter questions:\n"
)
ITEM = re.compile(r"^\s*(?:[-*•]|\d+[.):])?\s*")
"""What lists put before their items."""


def divided(query: str) -> tuple[str, tuple[str, ...]]:
    """The question, and the sub-queries that are given with it: lines below it that begin "- "."""
    first, *lines = query.splitlines() or [""]
    given = tuple(line[2:].strip() for line in lines if line.startswith("- ") and line[2:].strip())
    rest = [line for line in lines if not line.startswith("- ")]
    return "\n".join([first, *rest]).strip(), given


def planned(text: str, most: int) -> tuple[str, ...]:
    """The sub-queries in what a predictor wrote: its first different lines with a word in them."""
    lines = (ITEM.sub("", line).strip() for line in text.splitlines())
    return tuple(dict.fromkeys(line for line in lines if re.search(r"\w", line)))[:most]


@dataclass(frozen=True)
class _Notes:
    """Of one sub-query: compressions as tokens and text ``[passage][draw]``, and the work."""

    tokens: list[list[list[int]]]
    texts: list[list[str]]
    prompts: list[list[int]]
    work: Worked


class HubResearch(settings.HubResearch):
    """The loop of S. He et al. (arXiv:2512.21720, section on deep research) on given documents.

    The predictor divides the question into sub-queries, if the question does not come with some;
    each goes to a worker, which compresses ``passages`` passages that BM25 finds for it, one by
    one; the predictor picks an option from all compressions of all workers. The ``draws`` runs of
    the loop share plan and retrieval. The output is the channel of one sub-query: contexts are its
    passages, and the question of all terms is the sub-query. Whether a run is right stands at the
    first passage, as it is of no single one; the operations of the predictor are divided evenly
    among all compressions, so that sums over passages, draws and channels are the totals.
    """

    def transform(
        self, data: Contexts, *, to: type[Kind], rng: np.random.Generator
    ) -> ChannelLogLikelihoods:
        """The matrix ``(passages, draws, passages)`` of the channel.

        Raises
        ------
        UsageError : as `harness_lm.hub.load`.
        Incompatible : no worker or no predictor is named, texts with different answers, fewer than
            two passages, no such sub-query, prompts that are longer than a model's window.
        """
        if not self.workers or not self.predictor:
            raise Incompatible(
                "the parameters workers or predictor are empty; wanted --set "
                "hf-research.workers=FOLDER,FOLDER and --set hf-research.predictor=FOLDER"
            )
        data = data.evaluated()
        answers = set(data.answers or ()) - {""}
        if len(answers) > 1:
            raise Incompatible(
                f"the texts have {len(answers)} different answers; a question to all of them has "
                "one (task research-questions)"
            )
        texts = [passage for text in data.texts for passage in passages(text, self.words)]
        if len(texts) < 2:
            raise Incompatible(f"{len(texts)} passages in all texts; wanted two at least")
        with single_threaded(self.device, rng):
            predictor = load(self.predictor, self.dtype, self.device)
            question, queries = divided(data.query)
            planning = 0.0
            if not queries:
                queries, planning = self._plan(predictor, question)
            if self.channel >= len(queries):
                raise Incompatible(
                    f"{len(queries)} sub-queries: {'; '.join(queries)[:200] or 'none'}; "
                    f"channel={self.channel} is none of them"
                )
            notes = [self._read(number, query, texts) for number, query in enumerate(queries)]
            mine = notes[self.channel]
            model, _ = load(self._worker(self.channel), self.dtype, self.device)
            flat = [z for row in mine.tokens for z in row]
            found = score(model, mine.prompts, flat, temperature=self.temperature or 1.0)
            reports = [
                "\n".join(
                    f"{query}\n" + "\n".join(row[draw] for row in of.texts)
                    for query, of in zip(queries, notes, strict=True)
                )
                for draw in range(self.draws)
            ]
            answered = None
            if answers and data.options:
                answered = chosen(
                    predictor, reports, question, data.options, self.answers, self.predictor
                )
        n = len(mine.prompts)
        shared = worked(predictor[0], np.zeros(self.draws, np.int64))
        spent = shared.flops + planning / self.draws
        correct = surprise = None
        if answered is not None:
            scores, sizes, answering = answered
            spent = spent + answering.flops
            right = data.options.index(answers.pop())
            correct = self._first(n, (scores.argmax(1) == right).astype(float))
            surprise = self._first(n, np.maximum(-scores[:, right] / sizes[right], 0.0))
        each = np.broadcast_to(spent / (n * len(queries)), (n, self.draws))
        return ChannelLogLikelihoods.of(
            found.reshape(n, n, self.draws).transpose(1, 2, 0),
            np.array([[len(z) for z in row] for row in mine.tokens]),
            correct=correct,
            surprise=surprise,
            query=queries[self.channel],
            exact=self.temperature > 0,
            flops=np.stack([mine.work.flops, each], axis=2),
            models=(mine.work.family, shared.family),
            weights=(mine.work.weights, shared.weights),
        )

    def _worker(self, number: int) -> str:
        return self.workers[number % len(self.workers)]

    def _plan(self, predictor: tuple[Any, Any], question: str) -> tuple[tuple[str, ...], float]:
        """The predictor's sub-queries, written without chance, and what that cost."""
        model, tokenizer = predictor
        prompt = encode(tokenizer, PLAN.format(count=self.subqueries, query=question))
        refuse_long(model, [prompt], self.plan_tokens, self.predictor)
        how = dataclasses.replace(self, temperature=0.0, max_tokens=self.plan_tokens)
        (written,) = generate(model, tokenizer, prompt, 1, how)
        text = tokenizer.decode(written, skip_special_tokens=True)
        queries = planned(text, self.subqueries)
        LOG.info("sub-queries: %s", "; ".join(queries))
        return queries, float(worked(model, np.array([len(prompt) + len(written)])).flops[0])

    def _read(self, number: int, query: str, texts: list[str]) -> _Notes:
        """What a worker makes of the passages that are retrieved for a sub-query."""
        places, scores = best(query, texts, self.passages)
        if scores[0] == 0:
            LOG.warning("no passage shares a word with the sub-query %r", query[:100])
        name = self._worker(number)
        model, tokenizer = load(name, self.dtype, self.device)
        prompts = [
            encode(tokenizer, COMPRESS.format(text=texts[place], query=query)) for place in places
        ]
        refuse_long(model, prompts, self.max_tokens, name)
        tokens = [generate(model, tokenizer, prompt, self.draws, self) for prompt in prompts]
        written = [
            [tokenizer.decode(z, skip_special_tokens=True).strip() for z in row] for row in tokens
        ]
        sizes = np.array(
            [[len(p) + len(z) for z in row] for p, row in zip(prompts, tokens, strict=True)]
        )
        return _Notes(tokens, written, prompts, worked(model, sizes))

    def _first(self, n: int, values: Floats) -> Floats:
        """Values of the runs ``(n, draws)`` at the first passage, unknown at the others."""
        found = np.full((n, self.draws), ChannelLogLikelihoods.UNKNOWN)
        found[0] = values
        return found
