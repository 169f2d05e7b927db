"""Whether what was written stands in its passage: entities, relations, words, negations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from harness_wireless_pvi.writing.writers import SENTENCE

_WORD = re.compile(r"\w+")
_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+")
_ARTICLE = re.compile(r"^(?:the|an?)\s+", re.IGNORECASE)
_NEGATION = re.compile(r"\b(?:not|no|never|neither|nor|cannot|without|hardly)\b|n['’]t\b")
_ENDINGS = ("ing", "ed", "es", "s", "e")
_FUNCTION_WORDS = """
a an and are as at be by do does following for from how if in is it its of on one or something that
the them then these this those to true false was were what when where which who whom whose with
"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())
"""Words that say nothing of their own; a question may have them where its passage has not."""


class Rejected(Exception):
    """What was written is not taken; the text is the reason."""


@dataclass(frozen=True)
class Passage:
    """A text that questions are made of, its name in the file, and its sentences."""

    id: str
    text: str

    @cached_property
    def sentences(self) -> list[str]:
        """The sentences; a line end is one of a sentence too."""
        return [s.strip() for line in self.text.splitlines() for s in SENTENCE.split(line)]

    @cached_property
    def stems(self) -> set[str]:
        """The stems of all its words."""
        return stems(self.text)


@dataclass(frozen=True)
class Fact:
    """``subject``, ``relation``, ``thing``, and the sentence that has all three."""

    subject: str
    relation: str
    thing: str
    sentence: str

    def __str__(self) -> str:
        """As a sentence."""
        return f"{self.subject} {self.relation} {self.thing}."


def words(text: str) -> tuple[str, ...]:
    """Words without case and punctuation."""
    return tuple(_WORD.findall(text.casefold()))


def stems(text: str) -> set[str]:
    """Words without the usual endings of English."""
    return {_stem(word) for word in words(text)}


def content(text: str) -> set[str]:
    """Stems of all words but those in `FUNCTION_WORDS`."""
    return {_stem(word) for word in words(text) if word not in FUNCTION_WORDS}


def negations(text: str) -> set[str]:
    """The words of a text that deny something."""
    return set(_NEGATION.findall(text.casefold()))


def names(text: str, entity: str) -> bool:
    """Whether a text has the words of an entity, one after the other."""
    return bool(mentioned(text, [entity]))


def mentioned(text: str, entities: Iterable[str]) -> list[str]:
    """The entities that a text names; of "massive MIMO" and "MIMO" the longer where it stands."""
    left: list[str] = list(words(text))
    found = []
    for entity in sorted(entities, key=lambda e: (-len(words(e)), e)):
        phrase = list(words(entity))
        starts = [i for i in range(len(left)) if phrase and left[i : i + len(phrase)] == phrase]
        for i in starts:
            left[i : i + len(phrase)] = [""] * len(phrase)
        if starts:
            found.append(entity)
    return found


def fact(passage: Passage, line: str) -> Fact:
    """The fact in a line ``subject | relation | object``.

    Raises `Rejected` for another form, and where no sentence of the passage has subject, object and
    the words of the relation, or where it denies what the fact says.
    """
    parts = [part.strip(" .,;") for part in _BULLET.sub("", line).split("|")]
    if len(parts) != 3 or not all(words(part) for part in parts):
        raise Rejected("not of the form subject | relation | object")
    subject, relation, thing = _ARTICLE.sub("", parts[0]), parts[1], _ARTICLE.sub("", parts[2])
    if words(subject) == words(thing):
        raise Rejected("subject and object are the same")
    for what, entity in (("subject", subject), ("object", thing)):
        if not names(passage.text, entity):
            raise Rejected(f"the passage does not name the {what}")
    both = [s for s in passage.sentences if {subject, thing} <= set(mentioned(s, (subject, thing)))]
    if not both:
        raise Rejected("no sentence names both subject and object")
    related = [s for s in both if stems(relation) <= stems(s)]
    if not related:
        raise Rejected("the sentence has other words than the relation")
    stated = [s for s in related if negations(s) <= negations(relation)]
    if not stated:
        raise Rejected("the sentence denies something, the relation does not")
    return Fact(subject, relation, thing, stated[0])


def check_words(text: str, known: set[str], chain: Sequence[Fact], least: float) -> None:
    """Whether a question says what its facts say, in words whose stems are known.

    Raises `Rejected` where it denies what they do not, where a relation is missing, and where less
    than the share ``least`` of its content words is known.
    """
    relations = " ".join(f.relation for f in chain)
    if not negations(text) <= negations(relations):
        raise Rejected("denies something that its facts do not")
    said = stems(text)
    if any(content(f.relation) and not content(f.relation) & said for f in chain):
        raise Rejected("a relation of its facts is missing")
    own = content(text)
    if len(own & known) < least * len(own):
        raise Rejected("words that the passage does not have")


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 2:
            return word[: -len(ending)]
    return word
