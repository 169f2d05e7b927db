"""Questions to a collection of documents: generated ones, or the user's own folder."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from harness import Case, Contexts, UsageError, stream
from harness.files import json_lines, read_bytes, read_text
from harness_agentic.settings import Collection
from harness_agentic.stories import TRAITS

PLACES = (
    *("Arden", "Belmar", "Corvo", "Dunmore", "Elvas", "Farrow", "Galway", "Hythe"),
    *("Ilford", "Jarrow", "Kendal", "Lorne", "Morley", "Norwood", "Orsett", "Penrith"),
)
ENDINGS = (".txt", ".md")


class ResearchQuestions(Collection):
    """Cases are questions; the texts of each are all documents of the collection.

    Sub-queries that are known follow the question, a line each that begins with "- ". Generated:
    each document tells all traits of a place; a question asks whether two places share a trait,
    which no single document says, and half of the answers are yes in expectation. Own data: the
    text files of a folder, and JSON lines with ``question``, and where they are known ``answer``,
    ``options`` (else all answers of the file) and ``queries``.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """One per question. Raises `UsageError` for files that cannot be read, or too few."""
        if bool(self.folder) != bool(self.asked):
            raise UsageError(
                f"research-questions: folder={self.folder!r}, asked={self.asked!r}; wanted both, "
                "or neither for generated documents"
            )
        if not self.folder:
            for number in range(self.questions):
                facts: dict[str, str | int | float] = {"documents": self.documents}
                yield Case(
                    f"places-{number + 1}", partial(self._draw, number, seed), facts=facts, stamp=""
                )
            return
        files = self._files()
        rows = _asked(Path(self.asked).expanduser())
        state = hashlib.sha256()
        for file in (*files, Path(self.asked).expanduser()):
            state.update(hashlib.sha256(read_bytes(file)).digest())
        for number in range(min(self.questions, len(rows))):
            yield Case(
                f"question-{number + 1}",
                partial(self._read, files, rows, number),
                facts={"documents": len(files)},
                stamp=state.hexdigest()[:16],
            )

    def _draw(self, number: int, seed: int) -> Contexts:
        rng = stream(seed, "research-questions", "places")
        places = PLACES[: self.documents]
        chosen = {
            place: {name: str(rng.choice(values)) for name, values in TRAITS.items()}
            for place in places
        }
        texts = tuple(
            " ".join(
                f"The {name} of {place} is {chosen[place][name]}."
                for name in rng.permutation(list(TRAITS))
            )
            for place in places
        )
        asking = stream(seed, "research-questions", "question", str(number))
        trait = str(asking.choice(list(TRAITS)))
        answer = str(asking.choice(["yes", "no"]))
        # Pairs of places with the wanted answer, where the documents have one.
        pairs = [
            (a, b, "yes" if chosen[a][trait] == chosen[b][trait] else "no")
            for i, a in enumerate(places)
            for b in places[i + 1 :]
        ]
        fitting = [pair for pair in pairs if pair[2] == answer] or pairs
        a, b, answer = fitting[int(asking.integers(len(fitting)))]
        queries = [f"What is the {trait} of {place}?" for place in (a, b)]
        question = f"Do {a} and {b} have the same {trait}?"
        return self._contexts(texts, question, queries, answer, ("yes", "no"))

    def _contexts(
        self,
        texts: tuple[str, ...],
        question: str,
        queries: list[str],
        answer: str,
        options: tuple[str, ...],
    ) -> Contexts:
        below = [f"- {query}" for query in queries] if self.given else []
        return Contexts(
            texts,
            (answer,) * len(texts) if answer else None,
            query="\n".join([question, *below]),
            options=options,
        )

    def _files(self) -> list[Path]:
        """The text files of the folder, at any depth, by name."""
        folder = Path(self.folder).expanduser()
        found = sorted(
            path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS and path.is_file()
        )
        if len(found) < 2:
            raise UsageError(
                f"{folder}: {len(found)} files {', '.join(ENDINGS)}; wanted a folder with two at "
                "least"
            )
        return found

    def _read(self, files: list[Path], rows: list[dict[str, Any]], number: int) -> Contexts:
        texts = tuple(text for file in files if (text := read_text(file)).strip())
        if len(texts) < 2:
            raise UsageError(f"{self.folder}: {len(texts)} files with text; wanted two at least")
        row = rows[number]
        answer, options = row.get("answer", ""), tuple(row.get("options", ()))
        known = {r["answer"] for r in rows if r.get("answer")}
        return self._contexts(
            texts,
            row["question"],
            row.get("queries", []),
            answer,
            options or (tuple(sorted(known)) if answer else ()),
        )


def _asked(path: Path) -> list[dict[str, Any]]:
    """The rows of a file of questions. Raises `UsageError` for one of another form."""
    rows = []
    for number, row in json_lines(path):
        if not isinstance(row, dict) or not isinstance(row.get("question"), str):
            raise UsageError(f"{path}:{number}: wanted a JSON object with a string question")
        if "\n" in row["question"] or not row["question"].strip():
            raise UsageError(f"{path}:{number}: question: wanted one line of text")
        answer = row.get("answer")
        if answer is not None and not isinstance(answer, str):
            raise UsageError(f"{path}:{number}: answer is {type(answer).__name__}; wanted text")
        for name in ("options", "queries"):
            given = row.get(name, [])
            if not isinstance(given, list) or not all(isinstance(v, str) for v in given):
                raise UsageError(f"{path}:{number}: {name}: wanted a list of texts")
        if answer and row.get("options") and answer not in row["options"]:
            raise UsageError(f"{path}:{number}: answer {answer!r} is none of the options")
        rows.append({**row, "answer": answer or ""})
    if not rows:
        raise UsageError(f"{path}: no question; wanted a JSON object in each line")
    return rows
