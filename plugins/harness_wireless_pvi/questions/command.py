"""``harness questions``: questions from passages, by a language model whose words are checked."""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness import UsageError, stream
from harness.commands import options, whole
from harness.files import json_lines, parquet_rows, read_json, read_text, unpacked
from harness.tables import counted
from harness.tabular import read_table
from harness_wireless_pvi.questions.agents import CLASSES
from harness_wireless_pvi.questions.grounding import Passage
from harness_wireless_pvi.questions.loop import Loop

ENDINGS = (".txt", ".md", ".csv", ".tsv", ".json", ".jsonl", ".parquet")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this verb."""
    parser.add_argument(
        "file", metavar="FILE", help="passages: paragraphs of text, or rows of a table"
    )
    parser.add_argument(
        "--model", required=True, metavar="FOLDER", help="causal language model: folder or hub id"
    )
    parser.add_argument(
        "--out", required=True, metavar="FILE", help="accepted questions as JSON lines"
    )
    parser.add_argument(
        "--rejected",
        metavar="FILE",
        help="what was rejected, with reasons (default: beside --out)",
    )
    parser.add_argument(
        "--form", choices=tuple(CLASSES), default="tf", help="true or false, or four choices"
    )
    parser.add_argument("--text", default="text", metavar="COLUMN", help="column of the passages")
    parser.add_argument(
        "--hops", type=int, default=2, metavar="N", help="facts in the longest chain"
    )
    parser.add_argument("--most", type=int, default=8, metavar="N", help="questions from a passage")
    parser.add_argument(
        "--grounded",
        type=float,
        default=0.8,
        metavar="SHARE",
        help="least share of a question's content words that its passage has",
    )
    parser.add_argument("--new-tokens", type=int, default=128, metavar="N", help="tokens written")
    parser.add_argument(
        "--temperature", type=float, default=0.0, metavar="T", help="0 takes the likeliest token"
    )
    parser.add_argument("--revision", default="main", help="branch, tag or commit on the hub")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="of the model")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="threads of the model")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed (default: 0)")


def run(args: argparse.Namespace) -> int:
    """Make the questions; 1 where none was accepted."""
    for name, least in (("hops", 1), ("most", 1), ("new_tokens", 1), ("threads", 1)):
        if getattr(args, name) < least:
            raise UsageError(f"--{name.replace('_', '-')} {getattr(args, name)}; wanted 1 or more")
    if not 0 <= args.grounded <= 1 or args.temperature < 0:
        raise UsageError("wanted --grounded from 0 to 1, and --temperature of 0 or more")
    out = options.target(args.out)
    beside = str(out.with_name(f"{out.stem}-rejected.jsonl"))
    rejected = options.target(args.rejected or beside)
    if out == rejected:
        raise UsageError(f"{out}: wanted another file for what is rejected than for the questions")
    chosen = passages(Path(args.file), args.text)
    from harness_wireless_pvi.questions.writer import CausalWriter

    generate = CausalWriter(
        args.model,
        revision=args.revision,
        new_tokens=args.new_tokens,
        temperature=args.temperature,
        device=args.device,
        threads=args.threads,
        seed=args.seed,
    )
    loop = Loop(generate, args.form, args.hops, args.most, args.grounded)
    try:
        loop.run(_told(chosen), stream(args.seed, "questions"))
    except KeyboardInterrupt:
        options.say("interrupted: what there is until now is written")
    _write(out, [asdict(question) for question in loop.accepted])
    _write(rejected, [asdict(rejection) for rejection in loop.rejected])
    print(summary(loop, len(chosen)))
    options.say(f"{counted(len(loop.accepted), 'question')} in {out}")
    options.say(f"{counted(len(loop.rejected), 'rejection')} in {rejected}")
    return 0 if loop.accepted else 1


def passages(path: Path, column: str) -> list[Passage]:
    """The passages of a file: its paragraphs, or a column of its rows; named by number from 1.

    Raises `UsageError` for other files, and where there is no passage or no such column.
    """
    ending = unpacked(path).suffix.lower()
    if ending in (".txt", ".md"):
        texts: list[Any] = re.split(r"\n\s*\n", read_text(path).strip())
    elif ending in ENDINGS:
        texts = [_cell(row, column, path) for row in _rows(path, ending)]
    else:
        raise UsageError(f"{path}: unknown kind of file; wanted {', '.join(ENDINGS)}")
    found = [Passage(str(number), str(text).strip()) for number, text in enumerate(texts, start=1)]
    if not any(passage.text for passage in found):
        raise UsageError(f"{path}: no passages; wanted at least one")
    return found


def summary(loop: Loop, passages: int) -> str:
    """What became of everything that was written: counts, reasons, the first questions."""
    facts = sum(map(len, loop.facts.values()))
    counts = Counter((r.stage, r.reason) for r in loop.rejected)
    lost = sum(n for (stage, _), n in counts.items() if stage in ("question", "curation"))
    lines = [
        f"{counted(passages, 'passage')}, {counted(facts, 'fact')}, "
        f"{counted(loop.asked, 'question')} asked for: "
        f"{len(loop.accepted)} accepted, {lost} rejected"
    ]
    lines += [
        options.filled(f"{stage}: {reason}", f"{n:6d}  ", " " * 8)
        for (stage, reason), n in counts.most_common()
    ]
    for question in loop.accepted[:3]:
        shown = " ".join(f"{a}) {o}" for a, o in zip("ABCD", question.options, strict=False))
        lines.append(
            options.filled(
                f"{question.question} {shown}".strip(), f"{question.answer:>6}  ", " " * 8
            )
        )
    return "\n".join(lines)


def _rows(path: Path, ending: str) -> Iterator[Any] | Sequence[Any]:
    if ending in (".csv", ".tsv"):
        return read_table(path).dictionaries()
    if ending == ".jsonl":
        return [row for _, row in json_lines(path)]
    if ending == ".json":
        found = read_json(path)
        return found if isinstance(found, list) else [found]
    return parquet_rows(path, "infoharness[text]")


def _cell(row: Any, column: str, path: Path) -> Any:
    if not isinstance(row, dict) or column not in row:
        has = ", ".join(map(str, row)) if isinstance(row, dict) else type(row).__name__
        raise UsageError(f"{path}: no column {column!r} in a row of {has}; wanted --text COLUMN")
    return "" if row[column] is None else row[column]


def _told(chosen: list[Passage]) -> Iterator[Passage]:
    for number, passage in enumerate(chosen, start=1):
        options.say(f"passage {number} of {len(chosen)}")
        yield passage


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    with whole(path) as file:
        for row in rows:
            file.write((json.dumps(row, ensure_ascii=False) + "\n").encode())
