"""Long documents with questions about them, in the formats that their authors publish."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import DataError, UsageError

LETTERS = "abcde"
TURNS = 4, 8
"""Smallest and largest number of turns of the conversations that are kept of WildChat."""
CONVERSATIONS = 10
"""Number of conversations that make a user of WildChat."""
TOKENS = 15_000, 28_000
"""Smallest and largest number of tokens (by its own count) of the pages kept of FineWeb."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Asked:
    """A question about text number ``text``; ``options`` where no judge is needed to score it."""

    text: int
    query: str
    answer: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Corpus:
    """Texts and questions about them; without any, the user's one question is about all texts."""

    texts: tuple[str, ...]
    asked: tuple[Asked, ...] = ()


@dataclass(frozen=True)
class Wanted:
    """What is asked of a corpus.

    Attributes
    ----------
    texts : number of texts that suffice where there are no questions.
    documents : folder of the documents.
    characters : largest length of a text; 0 for any.
    """

    texts: int
    documents: str = ""
    characters: int = 0


def longhealth(rows: Iterable[Row], wanted: Wanted) -> Corpus:
    """Records of patients, each with questions that have five possible answers."""
    texts: list[str] = []
    asked: list[Asked] = []
    for number, row in enumerate(rows):
        notes = field(row, "texts", dict, "longhealth", number)
        name = field(row, "name", str, "longhealth", number)
        about = f"Patient: {name}, born {row.get('birthday', 'unknown')}"
        texts.append("\n\n".join([about, *map(str, notes.values())]))
        for question in field(row, "questions", list, "longhealth", number):
            options = tuple(
                str(field(question, f"answer_{c}", str, "longhealth.questions", number))
                for c in LETTERS
            )
            right = str(field(question, "correct", str, "longhealth.questions", number))
            if right.strip().lower() in LETTERS and right not in options:
                right = options[LETTERS.index(right.strip().lower())]
            if right not in options or len(set(options)) < len(options):
                found = (
                    f"correct is {right[:60]!r}" if right not in options else "two equal answers"
                )
                raise DataError(
                    "longhealth.questions",
                    found,
                    "one of five different answers, or its letter",
                    number,
                )
            query = str(field(question, "question", str, "longhealth.questions", number))
            asked.append(Asked(number, query, right, options))
    return Corpus(tuple(texts), tuple(asked))


def financebench(rows: Iterable[Row], wanted: Wanted) -> Corpus:
    """Questions about company reports, of which those with one piece of evidence are kept.

    The context is the page of the evidence, or, with a folder of ``documents`` (DOC_NAME.txt, pages
    separated by form feeds), as many pages around it as fit into ``characters``.
    """
    texts: list[str] = []
    asked: list[Asked] = []
    for number, row in enumerate(rows):
        evidence = field(row, "evidence", list, "financebench", number)
        if len(evidence) != 1:
            continue
        (piece,) = evidence
        if wanted.documents:
            page = field(piece, "evidence_page_num", int, "financebench.evidence", number)
            name = str(piece.get("doc_name") or field(row, "doc_name", str, "financebench", number))
            text = pages_around(Path(wanted.documents) / f"{name}.txt", page, wanted.characters)
        else:
            text = piece.get("evidence_text_full_page") or field(
                piece, "evidence_text", str, "financebench.evidence", number
            )
        asked.append(
            Asked(
                len(texts),
                field(row, "question", str, "financebench", number),
                str(field(row, "answer", str, "financebench", number)),
            )
        )
        texts.append(str(text))
    return Corpus(tuple(texts), tuple(asked))


def pages_around(path: Path, page: int, characters: int) -> str:
    """Page number ``page`` (from 0) with as many neighbours as fit into ``characters``; 0 for all.

    Neighbours are added in turn after and before it.
    """
    try:
        pages = path.read_text(encoding="utf-8").split("\f")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"long-contexts.documents: {error}; wanted the report as text, pages separated by "
            "form feeds"
        ) from error
    if not 0 <= page < len(pages):
        raise DataError(f"{path}", f"{len(pages)} pages", f"page {page}, which the evidence names")
    first, last, size = page, page, len(pages[page])
    for step in itertools.count():
        grown = (last + 1) if step % 2 == 0 else (first - 1)
        if first == 0 and last == len(pages) - 1:
            break
        if not 0 <= grown < len(pages):
            continue
        size += len(pages[grown]) + 1
        if characters and size > characters:
            break
        first, last = min(first, grown), max(last, grown)
    return "\n".join(pages[first : last + 1])


def qasper(rows: Iterable[Row], wanted: Wanted) -> Corpus:
    """Papers with questions that they answer; yes and no are options, other answers need a judge.

    Both forms are read: the hub's, where sections and questions are columns, and the authors',
    where they are lists.
    """
    texts: list[str] = []
    asked: list[Asked] = []
    for number, row in enumerate(rows):
        title = field(row, "title", str, "qasper", number)
        parts = [title, field(row, "abstract", str, "qasper", number)]
        for section in _rows_of(
            field(row, "full_text", (dict, list), "qasper", number), "qasper.full_text", number
        ):
            parts += [
                str(section.get("section_name") or ""),
                *map(str, section.get("paragraphs") or ()),
            ]
        texts.append("\n\n".join(part for part in parts if part.strip()))
        for question in _rows_of(
            field(row, "qas", (dict, list), "qasper", number), "qasper.qas", number
        ):
            query = field(question, "question", str, "qasper.qas", number)
            for given in _answers(question, number)[:1]:
                if given.get("unanswerable"):
                    continue
                if isinstance(given.get("yes_no"), bool):
                    asked.append(
                        Asked(number, query, "Yes" if given["yes_no"] else "No", ("Yes", "No"))
                    )
                    continue
                words = given.get("free_form_answer") or ", ".join(
                    given.get("extractive_spans") or ()
                )
                if words:
                    asked.append(Asked(number, query, str(words)))
    return Corpus(tuple(texts), tuple(asked))


def _answers(question: Row, number: int) -> list[Row]:
    found = field(question, "answers", (dict, list), "qasper.qas", number)
    if isinstance(found, dict):
        return list(field(found, "answer", list, "qasper.qas.answers", number))
    return [field(each, "answer", dict, "qasper.qas.answers", number) for each in found]


def _rows_of(found: Any, where: str, number: int) -> list[Row]:
    """Rows: a list as it is, columns turned into rows."""
    if isinstance(found, list):
        return found
    sizes = {len(column) for column in found.values() if isinstance(column, Sequence)}
    if len(sizes) > 1 or any(not isinstance(column, list) for column in found.values()):
        raise DataError(where, f"columns of lengths {sorted(sizes)}", "lists of one length", number)
    return [dict(zip(found, values, strict=True)) for values in zip(*found.values(), strict=True)]


def wildchat(rows: Iterable[Row], wanted: Wanted) -> Corpus:
    """Users, each of ten conversations in a row that are English and have 4 to 8 turns."""
    kept: list[str] = []
    for number, row in enumerate(rows):
        turns = field(row, "turn", int, "wildchat", number)
        if row.get("language") != "English" or not TURNS[0] <= turns <= TURNS[1]:
            continue
        said = field(row, "conversation", list, "wildchat", number)
        kept.append(
            "\n".join(
                f"{field(turn, 'role', str, 'wildchat.conversation', number)}: "
                f"{field(turn, 'content', str, 'wildchat.conversation', number)}"
                for turn in said
            )
        )
        if len(kept) == CONVERSATIONS * wanted.texts:
            break
    whole = len(kept) // CONVERSATIONS
    return Corpus(
        tuple("\n\n".join(kept[CONVERSATIONS * i :][:CONVERSATIONS]) for i in range(whole))
    )


def fineweb(rows: Iterable[Row], wanted: Wanted) -> Corpus:
    """The first English pages of 15,000 to 28,000 tokens."""

    def pages() -> Iterator[str]:
        for number, row in enumerate(rows):
            count = field(row, "token_count", int, "fineweb", number)
            if row.get("language") == "en" and TOKENS[0] <= count <= TOKENS[1]:
                yield str(field(row, "text", str, "fineweb", number))

    return Corpus(tuple(itertools.islice(pages(), wanted.texts)))


def field(row: Any, name: str, kind: type | tuple[type, ...], where: str, number: int) -> Any:
    """A field of a row. Raises `DataError` where it is missing, or of another type."""
    if not isinstance(row, Mapping):
        raise DataError(
            where, f"{type(row).__name__} in place of an object", f"an object with {name}", number
        )
    value = row.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        right = " or ".join(k.__name__ for k in (kind if isinstance(kind, tuple) else (kind,)))
        found = f"no {name}" if value is None else f"{name} is {type(value).__name__}"
        raise DataError(
            where, f"{found} (there are {', '.join(map(str, row))})", f"{name}: {right}", number
        )
    return value


@dataclass(frozen=True)
class Preset:
    """How the rows of a corpus are read, where it is found, and a question if it has none."""

    read: Callable[[Iterable[Row], Wanted], Corpus]
    hub: str = ""
    query: str = ""


PRESETS: dict[str, Preset] = {
    "longhealth": Preset(longhealth),
    "financebench": Preset(financebench, "PatronusAI/financebench"),
    "qasper": Preset(qasper, "allenai/qasper"),
    "wildchat": Preset(
        wildchat, "allenai/WildChat-1M", "What did this user want, and what were they told?"
    ),
    "fineweb": Preset(fineweb, "HuggingFaceFW/fineweb", "What does this page say?"),
}
