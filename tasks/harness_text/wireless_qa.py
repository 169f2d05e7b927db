"""Questions over chains of facts on wireless communication, true or false or of four choices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from harness import Case, LabelledText, Split, UsageError, stream
from harness_text.entities import ENTITIES, FACTS
from harness_text.settings import Questions

LETTERS = ("A", "B", "C", "D")
FORMS = ("tf", "mcq")
LEVELS = {1: "easy", 2: "medium"}
Fact = tuple[str, str, str]


@dataclass(frozen=True)
class Question:
    """A question in the schema of the data sets of Lin et al. 2025.

    ``answer`` is true or false, or a letter; ``context`` holds the facts that are shown,
    ``rationale`` those that answer the question.
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
    split: str


class WirelessQA(Questions):
    """Does a chain of facts lead from one entity to another? Where does it lead?

    Facts are divided between training and test first, and a question is made of facts of one part
    only: no fact that answers a test question is seen in training. The facts that are shown before
    a question are those that answer it and others, shuffled.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """A case for each form.

        Raises `UsageError` for an unknown form, and where fewer facts are shown than a chain has.
        """
        if 0 < self.shown < self.hops:
            raise UsageError(
                f"wireless-qa.shown: {self.shown}; wanted 0, or at least {self.hops}, as hops"
            )
        for form in self.forms:
            if form not in FORMS:
                raise UsageError(f"wireless-qa.forms: {form!r}; wanted {' or '.join(FORMS)}")
            yield Case(
                form,
                partial(self._draw, form, seed),
                facts={"form": form, "shown": self.shown},
                stamp="",
            )

    def _draw(self, form: str, seed: int) -> LabelledText:
        found = self.questions(form, seed)
        classes = LETTERS if form == "mcq" else ("false", "true")
        y = np.array([classes.index(q.answer) for q in found])
        test = np.array([q.split == "test" for q in found])
        contexts = [
            " ".join(f"{a}) {o}" for a, o in zip(LETTERS, q.options, strict=False)) for q in found
        ]
        return LabelledText(
            tuple(f"{q.context} {q.question}".strip() for q in found),
            y,
            classes,
            tuple(contexts) if form == "mcq" else None,
            groups=tuple(f"{q.hops} hops" if q.hops > 1 else "1 hop" for q in found),
            repeats=False,
            split=Split(np.flatnonzero(~test), np.flatnonzero(test)),
        )

    def questions(self, form: str, seed: int) -> list[Question]:
        """The questions of one form, all different."""
        rng = stream(seed, "wireless-qa", form)
        order = rng.permutation(len(FACTS))
        cut = round(self.test_share * len(FACTS))
        made: list[Question] = []
        for side, chosen in (("train", order[cut:]), ("test", order[:cut])):
            wanted = round(self.n * (self.test_share if side == "test" else 1 - self.test_share))
            made += _Maker(
                [FACTS[i] for i in np.sort(chosen)], form, side, self.hops, self.shown
            ).make(wanted, rng)
        return made

    def rows(self, form: str, seed: int) -> list[dict[str, Any]]:
        """The questions as plain dictionaries, to be written as JSON lines."""
        return [asdict(question) for question in self.questions(form, seed)]


class _Maker:
    """Questions from the facts of one part; what is true is judged by all facts."""

    def __init__(self, facts: list[Fact], form: str, side: str, hops: int, shown: int) -> None:
        self.facts, self.form, self.side, self.shown = facts, form, side, shown
        by_length: dict[int, list[tuple[Fact, ...]]] = {1: [(fact,) for fact in facts]}
        for length in range(2, hops + 1):
            by_length[length] = [
                (*chain, fact)
                for chain in by_length[length - 1]
                for fact in facts
                if fact[0] == chain[-1][2] and fact[2] not in (chain[0][0], *(f[2] for f in chain))
            ]
        self.chains = {length: chains for length, chains in by_length.items() if chains}

    def make(self, wanted: int, rng: np.random.Generator) -> list[Question]:
        """So many different questions, as evenly over the lengths of chains as there are chains.

        Raises `UsageError` where the facts do not give so many.
        """
        seen: dict[str, Question] = {}
        for attempt in range(200 * wanted):
            if len(seen) == wanted:
                break
            chains = self.chains[sorted(self.chains)[attempt % len(self.chains)]]
            question = self._question(chains[rng.integers(len(chains))], len(seen), rng)
            seen.setdefault(f"{question.context} {question.question} {question.options}", question)
        if len(seen) < wanted:
            raise UsageError(
                f"wireless-qa: the facts give {len(seen)} {self.side} questions; "
                f"wanted a smaller n, for {len(seen)} or fewer"
            )
        return list(seen.values())

    def _question(self, chain: tuple[Fact, ...], number: int, rng: np.random.Generator) -> Question:
        start, end = chain[0][0], chain[-1][2]
        true_ends = reached(start, [relation for _, relation, _ in chain])
        others = [e for e in ENTITIES if e not in true_ends and e != start]
        phrase = " something that ".join(relation for _, relation, _ in chain)
        options: tuple[str, ...] = ()
        if self.form == "tf":
            truth = bool(rng.integers(2))
            named = end if truth else str(self._near(others, rng))
            text, answer = f"True or false: {start} {phrase} {named}.", "true" if truth else "false"
        else:
            right = int(rng.integers(4))
            wrong = [str(others[i]) for i in rng.permutation(len(others))[:3]]
            options = (*wrong[:right], end, *wrong[right:])
            text, answer = f"{start} {phrase} which of these?", LETTERS[right]
        return Question(
            id=f"{self.form}-{self.side}-{number}",
            type=self.form,
            question=text,
            options=options,
            answer=answer,
            hops=len(chain),
            difficulty=LEVELS.get(len(chain), "hard"),
            entities=(start, *(fact[2] for fact in chain)),
            context=self._shown(chain, rng),
            rationale=" ".join(sentence(fact) for fact in chain),
            topic=chain[0][1],
            split=self.side,
        )

    def _near(self, others: list[str], rng: np.random.Generator) -> str:
        """A wrong end that occurs in the facts of this part, so that it is not conspicuous."""
        known = {end for fact in self.facts for end in (fact[0], fact[2])}
        usual = [entity for entity in others if entity in known] or others
        return usual[rng.integers(len(usual))]

    def _shown(self, chain: tuple[Fact, ...], rng: np.random.Generator) -> str:
        if not self.shown:
            return ""
        rest = [fact for fact in self.facts if fact not in chain]
        extra = [rest[i] for i in rng.permutation(len(rest))[: max(0, self.shown - len(chain))]]
        facts = [*chain, *extra]
        return " ".join(sentence(facts[i]) for i in rng.permutation(len(facts)))


def reached(start: str, relations: list[str]) -> set[str]:
    """All entities at the end of chains of these relations."""
    by_subject: dict[tuple[str, str], set[str]] = defaultdict(set)
    for subject, relation, thing in FACTS:
        by_subject[subject, relation].add(thing)
    ends = {start}
    for relation in relations:
        ends = {thing for end in ends for thing in by_subject.get((end, relation), ())}
    return ends


def sentence(fact: Fact) -> str:
    """A fact as a sentence."""
    return f"{' '.join(fact)}."
