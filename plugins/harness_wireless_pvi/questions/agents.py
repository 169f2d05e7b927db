"""The three agents: what each is asked, and how what it writes is read.

All are one generator with three prompts; each shows one worked example, so that models without
instruction tuning can follow.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness_wireless_pvi.questions.grounding import Fact, Passage, Rejected

LETTERS = ("A", "B", "C", "D")
CLASSES = {"tf": ("false", "true"), "mcq": LETTERS}
"""The answers to each form of question."""

_EXTRACT = """\
List the facts that the passage states, one a line: subject | relation | object
Use the words of the passage, and write nothing else.

Passage: The lighthouse warns ships. Ships carry cargo.
Facts:
lighthouse | warns | ships
ships | carry | cargo

Passage: {passage}
Facts:
"""
_STATEMENT = """\
Write one statement that leads from one thing to the other by all the facts. Name no other thing.

Facts: lighthouse warns ships. ships carry cargo.
From: lighthouse
To: cargo
Statement: The lighthouse warns something that carries cargo.

Facts: {facts}
From: {start}
To: {end}
Statement:"""
_CHOICE = """\
Write one question that leads from the thing by all the facts to the answer. Name no other thing. \
Then choose three wrong answers from the others.

Facts: lighthouse warns ships. ships carry cargo.
From: lighthouse
Answer: cargo
Others: rope; tide; bell; harbour
Question: What is carried by something that the lighthouse warns?
Wrong: tide; harbour; rope

Facts: {facts}
From: {start}
Answer: {end}
Others: {others}
Question:"""
_CURATE = """\
Answer the question by the passage alone. Write one of: {labels}; or unknown, where the passage \
does not tell.

Passage: {passage}
Question: {question}
{options}Answer:"""
_NEXT = re.compile(r"^(?:Passage|Facts|From):", re.MULTILINE)


def extract(passage: Passage) -> str:
    """The prompt of the agent that extracts facts."""
    return _EXTRACT.format(passage=passage.text)


def compose(form: str, chain: Sequence[Fact], end: str, others: Sequence[str]) -> str:
    """The prompt of the agent that writes a statement (tf) or a question with choices (mcq)."""
    facts, start = " ".join(map(str, chain)), chain[0].subject
    if form == "tf":
        return _STATEMENT.format(facts=facts, start=start, end=end)
    return _CHOICE.format(facts=facts, start=start, end=end, others="; ".join(others))


def curate(form: str, passage: Passage, question: str, options: Sequence[str]) -> str:
    """The prompt of the agent that answers by the passage, without the key."""
    shown = "".join(f"{a}) {option}\n" for a, option in zip(LETTERS, options, strict=False))
    labels = ", ".join(CLASSES[form])
    return _CURATE.format(labels=labels, passage=passage.text, question=question, options=shown)


def lines(written: str) -> list[str]:
    """The lines of what was written, until it begins an example of its own."""
    own = _NEXT.split(written.strip(), maxsplit=1)[0]
    return [line.strip() for line in own.splitlines() if line.strip()]


def sentence(form: str, written: str) -> str:
    """The statement or question that was written. Raises `Rejected` where there is none."""
    label, mark = ("Statement", ".") if form == "tf" else ("Question", "?")
    text = (lines(written) or [""])[0].removeprefix(f"{label}:").strip()
    if not text.endswith(mark) or len(text.split()) < 3:
        raise Rejected(f"no {label.lower()} that ends with {mark!r}")
    return text


def wrong(written: str) -> list[str]:
    """The wrong answers that were chosen. Raises `Rejected` where there are not three."""
    found = [line[6:] for line in lines(written) if line.startswith("Wrong:")]
    options = [option.strip(" .") for option in found[0].split(";")] if found else []
    if len(options) != 3 or not all(options):
        raise Rejected("not three wrong answers after 'Wrong:'")
    return options


def answer(form: str, written: str) -> str:
    """The class that the curator chose.

    Raises `Rejected` where the passage does not tell, and where it is none of the classes.
    """
    said = re.match(r"\W*(\w+)", (lines(written) or [""])[0].removeprefix("Answer:"))
    word = said[1] if said else ""
    if word.casefold() == "unknown":
        raise Rejected("the curator finds no answer in the passage")
    chosen = [c for c in CLASSES[form] if c.casefold() == word.casefold()]
    if not chosen:
        raise Rejected("the curator's answer is none of the classes")
    return chosen[0]
