"""The loop of agents: facts of passages, questions over chains of them, answers by a curator.

After Lin et al. (arXiv:2501.09631), whose agents and prompts are not public. What a model writes is
never believed: facts, questions and keys are checked against the passage, and everything that is
not taken is kept with its reason.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain as joined
from itertools import zip_longest

import numpy as np

from harness_wireless_pvi.questions import agents, grounding
from harness_wireless_pvi.questions.grounding import Fact, Passage, Rejected

Generate = Callable[[Sequence[str]], list[str | None]]
"""Continuations of prompts; None for a prompt that the model has no room for."""
Chain = tuple[Fact, ...]
LEVELS = {1: "easy", 2: "medium"}
OFFERED = 6
"""Number of wrong answers that the agent may choose from."""


@dataclass(frozen=True)
class Question:
    """A question in the schema of the task ``wireless-qa``.

    ``text`` is the passage with the question, for predictors.
    """

    id: str
    type: str
    question: str
    options: tuple[str, ...]
    answer: str
    hops: int
    difficulty: str
    entities: tuple[str, ...]
    context: str
    rationale: str
    topic: str
    text: str


@dataclass(frozen=True)
class Rejection:
    """What was not taken, at which stage (passage, fact, question, curation), and why."""

    stage: str
    passage: str
    reason: str
    written: str


@dataclass
class Loop:
    """Makes questions; what is made and what is rejected stay in it, also where it is interrupted.

    Attributes
    ----------
    generate : continues prompts: a language model, or any function.
    form : ``tf`` for statements to be judged, ``mcq`` for four choices.
    hops : number of facts in the longest chain.
    most : largest number of questions that are asked for from a passage.
    least : least share of the content words of a question that its passage must have.
    facts : what was accepted of the facts, by passage.
    asked : number of chains of facts that a question was wanted of; each is accepted or rejected.
    """

    generate: Generate
    form: str
    hops: int = 2
    most: int = 8
    least: float = 0.8
    accepted: list[Question] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)
    facts: dict[str, list[Fact]] = field(default_factory=dict)
    asked: int = 0
    _entities: dict[tuple[str, ...], str] = field(default_factory=dict, repr=False)

    def run(self, passages: Iterable[Passage], rng: np.random.Generator) -> None:
        """Facts of all passages first, so that wrong answers may come from any; then questions."""
        chosen = self._read(passages)
        self._entities = _entities(joined.from_iterable(self.facts.values()))
        for passage in chosen:
            self._ask(passage, rng)

    def _reject(self, stage: str, passage: Passage, reason: object, written: str) -> None:
        self.rejected.append(Rejection(stage, passage.id, str(reason), written))

    def _read(self, passages: Iterable[Passage]) -> list[Passage]:
        seen: set[tuple[str, ...]] = set()
        chosen = []
        for passage in passages:
            tokens = grounding.words(passage.text)
            if not tokens or tokens in seen:
                reason = "repeats an earlier passage" if tokens else "no words"
                self._reject("passage", passage, reason, passage.text)
                continue
            seen.add(tokens)
            (written,) = self.generate([agents.extract(passage)])
            if written is None:
                self._reject("passage", passage, "longer than the model reads", passage.text)
                continue
            self.facts[passage.id] = self._facts(passage, written)
            chosen.append(passage)
        return chosen

    def _facts(self, passage: Passage, written: str) -> list[Fact]:
        found: dict[tuple[tuple[str, ...], ...], Fact] = {}
        lines = agents.lines(written)
        if not lines:
            self._reject("fact", passage, "nothing was written", written)
        for line in lines:
            try:
                fact = grounding.fact(passage, line)
                key = tuple(map(grounding.words, (fact.subject, fact.relation, fact.thing)))
                if key in found:
                    raise Rejected("repeats an earlier fact")
                found[key] = fact
            except Rejected as reason:
                self._reject("fact", passage, reason, line)
        return list(found.values())

    def _ask(self, passage: Passage, rng: np.random.Generator) -> None:
        """Questions over the chains of facts of a passage, as evenly over lengths as there are."""
        facts = self.facts[passage.id]
        by_length = [
            [chains[i] for i in rng.permutation(len(chains))]
            for chains in _chains(facts, self.hops)
        ]
        mixed = [c for row in zip_longest(*by_length) for c in row if c is not None]
        drafts: list[tuple[Chain, str, list[str]]] = []
        for chain in mixed[: self.most]:
            self.asked += 1
            others = self._others(passage, chain, rng)
            need = 3 if self.form == "mcq" else int(rng.integers(2))
            if len(others) < need:
                reason = f"{len(others)} other entities for {need} wrong answers"
                self._reject("question", passage, reason, " ".join(map(str, chain)))
                continue
            # Half of the statements are false: they lead to an entity that the facts do not reach.
            end = others[0] if self.form == "tf" and need else chain[-1].thing
            drafts.append((chain, end, others[:OFFERED]))
        prompts = [agents.compose(self.form, *draft) for draft in drafts]
        for draft, written in zip(drafts, self.generate(prompts), strict=True):
            self._judge(passage, *draft, written, rng)

    def _judge(
        self,
        passage: Passage,
        chain: Chain,
        end: str,
        others: list[str],
        written: str | None,
        rng: np.random.Generator,
    ) -> None:
        stage, said = "question", written
        try:
            if written is None:
                raise Rejected("the prompt is longer than the model reads")
            text, options, key = self._drafted(passage, chain, end, written, rng)
            stage = "curation"
            (said,) = self.generate([agents.curate(self.form, passage, text, options)])
            if said is None:
                raise Rejected("the prompt is longer than the model reads")
            if agents.answer(self.form, said) != key:
                raise Rejected("the curator answers otherwise")
        except Rejected as reason:
            kept = "" if written is None else written
            if stage == "curation" and said is not None:
                kept = f"{kept.strip()}\n{said.strip()}"
            self._reject(stage, passage, reason, kept)
            return
        self.accepted.append(
            Question(
                id=f"{self.form}-{passage.id}-{len(self.accepted) + 1}",
                type=self.form,
                question=text,
                options=options,
                answer=key,
                hops=len(chain),
                difficulty=LEVELS.get(len(chain), "hard"),
                entities=(chain[0].subject, *(fact.thing for fact in chain)),
                context=passage.text,
                rationale=" ".join(dict.fromkeys(fact.sentence for fact in chain)),
                topic=chain[0].relation,
                text=f"{passage.text} {text}",
            )
        )

    def _drafted(
        self, passage: Passage, chain: Chain, end: str, written: str, rng: np.random.Generator
    ) -> tuple[str, tuple[str, ...], str]:
        """The question, its options and its key. Raises `Rejected`."""
        text = agents.sentence(self.form, written)
        ends = _reached(self.facts[passage.id], chain)
        start, between = chain[0].subject, {grounding.words(f.thing) for f in chain[:-1]}
        named = {grounding.words(e) for e in grounding.mentioned(text, self._entities.values())}
        wanted = {grounding.words(start)} | ({grounding.words(end)} if self.form == "tf" else set())
        if named & between:
            raise Rejected("names an entity between the ends")
        if wanted - named:
            raise Rejected("does not name the ends of its facts")
        if self.form == "mcq" and named & ends:
            raise Rejected("names its answer")
        if named - wanted:
            raise Rejected("names other entities")
        grounding.check_words(text, passage.stems | grounding.stems(end), chain, self.least)
        if any(q.context == passage.text and q.question.endswith(text) for q in self.accepted):
            raise Rejected("repeats an earlier question")
        if self.form == "tf":
            key = "true" if grounding.words(end) in ends else "false"
            return f"True or false: {text}", (), key
        wrong = agents.wrong(written)
        tokens = [grounding.words(option) for option in wrong]
        if len(set(tokens)) < 3 or set(tokens) & (ends | between | {grounding.words(start)}):
            raise Rejected("a wrong answer is right, is in the chain or is there twice")
        if not set(tokens) <= self._entities.keys():
            raise Rejected("a wrong answer is an entity of no passage")
        right = int(rng.integers(4))
        shuffled = [wrong[i] for i in rng.permutation(3)]
        return text, (*shuffled[:right], end, *shuffled[right:]), agents.LETTERS[right]

    def _others(self, passage: Passage, chain: Chain, rng: np.random.Generator) -> list[str]:
        """Entities that neither are in the chain nor answer it, shuffled, those of this passage
        first: a wrong answer that the passage does not name would be conspicuous."""
        facts = self.facts[passage.id]
        taken = _reached(facts, chain) | _entities(chain).keys()
        near = {t: e for t, e in _entities(facts).items() if t not in taken}
        far = {t: e for t, e in self._entities.items() if t not in taken | near.keys()}
        return [
            list(free)[i]
            for free in (near.values(), far.values())
            for i in rng.permutation(len(free))
        ]


def _entities(facts: Iterable[Fact]) -> dict[tuple[str, ...], str]:
    """The subjects and objects of facts by their words."""
    return {grounding.words(e): e for fact in facts for e in (fact.subject, fact.thing)}


def _chains(facts: list[Fact], hops: int) -> list[list[Chain]]:
    """Chains of 1, 2 .. ``hops`` facts, each beginning where the last ends, in no circle."""
    found: list[list[Chain]] = [[(fact,) for fact in facts]]
    for _ in range(1, hops):
        found.append(
            [
                (*chain, fact)
                for chain in found[-1]
                for fact in facts
                if grounding.words(fact.subject) == grounding.words(chain[-1].thing)
                and grounding.words(fact.thing) not in _entities(chain)
            ]
        )
    return found


def _reached(facts: list[Fact], chain: Chain) -> set[tuple[str, ...]]:
    """All entities at the end of chains of the same relations from the same start, as words."""
    by_subject: dict[object, set[tuple[str, ...]]] = defaultdict(set)
    for fact in facts:
        key = grounding.words(fact.subject), grounding.words(fact.relation)
        by_subject[key].add(grounding.words(fact.thing))
    ends = {grounding.words(chain[0].subject)}
    for step in chain:
        ends = {e for s in ends for e in by_subject[s, grounding.words(step.relation)]}
    return ends
