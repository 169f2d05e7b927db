"""``harness board export``: the scores of a board in formats that other programs read.

``every-eval-ever``: a file for each row of the board, in the folders of the EvalEval coalition's
database (github.com/evaleval/every_eval_ever, version 0.2.1 of its schema). ``model-index``: one
list, as model cards of the Hugging Face Hub hold it (github.com/huggingface/hub-docs,
modelcard.md).

Rows of sections that rank are written, with score, unit, interval and rank: other sections have no
score. Equal records give equal files: the time of an evaluation is the day of its newest record.
"""

from __future__ import annotations

import argparse
import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from harness import UsageError
from harness.commands import options, whole
from harness.tables import counted
from harness_boards import definition, report
from harness_boards.provenance import Provenance
from harness_boards.report import Report
from harness_boards.sections.base import exact
from harness_boards.sections.ranked import Ranked
from harness_boards.standing import Standing

VERSION = "0.2.1"
"""Of the schema of every-eval-ever."""
METHOD = "bootstrap-t over clusters of cases"
"""How an interval is made."""


@dataclass(frozen=True)
class Entry:
    """A row in a section that ranks it."""

    section: Ranked
    standing: Standing
    made: Provenance

    @property
    def score(self) -> str:
        """What the score is, with its unit."""
        rule, unit = self.section.rule, self.section.unit
        what = f"{self.section.words}{unit}"
        return f"mean |error| of {what}, cut at {rule.ceiling:g}" if rule else f"mean {what}"

    @property
    def bounds(self) -> tuple[float, float, str]:
        """The least and the largest score, and where they are from."""
        low, high = self.section.reach_of(self.section.quantity, self.section.rule)
        if self.section.high_wins:
            low, high = -high, -low
        if np.isfinite([low, high]).all():
            return low, high, "those of the score"
        scores = [s.score for s in self.section.rows if _scored(s) and s.score is not None]
        return min(scores), max(scores), "the least and the largest of this board"


Rows = dict[tuple[str, str], list[Entry]]
"""Entries by label and parameters: a label tells rows of one section apart, and no more."""


def add_arguments(export: argparse.ArgumentParser) -> None:
    """The options of this verb."""
    export.add_argument("--schema", required=True, choices=tuple(SCHEMAS), help="the format")
    export.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="the folder that files go to"
    )


def export(args: argparse.Namespace) -> int:
    """Write the files of one schema, and say what has no place in it."""
    made = report.make(definition.find(args.name, args.boards))
    rows: Rows = {}
    for section, own in zip(made.sections, made.origins, strict=True):
        if not isinstance(section, Ranked):
            options.say(f"left out: {section.title!r}, a section of kind {section.kind}")
            continue
        for standing, origin in zip(section.rows, own, strict=True):
            label, params = standing.row.label, json.dumps(standing.row.params)
            if _scored(standing):
                rows.setdefault((label, params), []).append(Entry(section, standing, origin))
            else:
                options.say(f"left out of {section.title!r}: {label}, which has no score")
    if not rows:
        raise UsageError(
            f"board {made.board.name}: no row has a score; wanted accuracy or ranking sections "
            "with results"
        )
    files = SCHEMAS[args.schema](made, rows)
    for name, content in files.items():
        text = json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False)
        with whole(args.out / name) as out:
            out.write(f"{text}\n".encode())
    options.say(f"{counted(len(files), 'file')} of {counted(len(rows), 'row')} in {args.out}")
    return 0


def _scored(standing: Standing) -> bool:
    return standing.score is not None and bool(np.isfinite(standing.score))


def _every_eval_ever(made: Report, rows: Rows) -> dict[str, Any]:
    """A file for each row, named by what it is of."""
    files = {}
    for (label, params), entries in rows.items():
        row, board = entries[0].standing.row, made.board
        developer, _, model = row.estimator.replace(":", "/").rpartition("/")
        newest = max((day for e in entries for day in e.made.days), default=made.date)
        seconds = str(int(datetime.fromisoformat(newest).replace(tzinfo=UTC).timestamp()))
        name = uuid.uuid5(uuid.NAMESPACE_URL, f"{board.name}/{label}/{params}/{seconds}")
        versions = {v for e in entries for v in e.made.versions.get("infoharness", ())}
        files[f"data/{board.name}/{_word(developer)}/{_word(model)}/{name}.json"] = {
            "schema_version": VERSION,
            "evaluation_id": f"{board.name}/{label}/{seconds}",
            "evaluation_timestamp": newest,
            "retrieved_timestamp": seconds,
            "source_metadata": {
                "source_name": board.title,
                "source_type": "evaluation_run",
                "source_organization_name": "infoharness",
                "evaluator_relationship": "other",
            },
            "eval_library": {
                "name": "infoharness",
                "version": ", ".join(sorted(versions)) or "unknown",
            },
            "model_info": {
                "name": label,
                "id": row.estimator,
                "developer": developer,
                "additional_details": {
                    "models": ", ".join(row.models),
                    "parameters": params,
                    "distribution": made.contents.distributions.get(row.plugin, ""),
                },
            },
            "evaluation_results": [_result(made, entry) for entry in entries],
        }
    return files


def _result(made: Report, entry: Entry) -> dict[str, Any]:
    section, s = entry.section, entry.standing
    low, high, origin = entry.bounds
    uncertainty: dict[str, Any] = {"num_samples": s.done}
    if s.interval:
        ends = dict(zip(("lower", "upper"), map(exact, s.interval), strict=True))
        uncertainty["confidence_interval"] = {**ends, "confidence_level": 0.95, "method": METHOD}
    return {
        "evaluation_name": section.title,
        "evaluation_timestamp": max(entry.made.days, default=made.date),
        "source_data": {
            "dataset_name": made.board.name,
            "source_type": "other",
            "additional_details": {
                "tasks": ", ".join(sorted({case.task for case in section.grid.cases})),
                "cases": str(len(section.grid.cases)),
                "clusters": str(section.clusters),
                "seeds": ", ".join(map(str, section.grid.seeds)),
            },
        },
        "metric_config": {
            "evaluation_description": entry.score,
            "lower_is_better": not section.high_wins,
            "score_type": "continuous",
            "min_score": exact(low),
            "max_score": exact(high),
            "additional_details": {
                "quantity": section.quantity.name,
                "unit": section.quantity.unit or "none",
                "bounds": origin,
            },
        },
        "score_details": {
            "score": exact(s.score),
            "details": {name: str(v) for name, v in _told(entry).items()},
            "uncertainty": uncertainty,
        },
    }


def _model_index(made: Report, rows: Rows) -> dict[str, Any]:
    """One file: a list of rows with their results."""
    index = [
        {
            "name": label,
            "results": [
                {
                    "task": {"type": _word(e.section.quantity.name), "name": e.section.title},
                    "dataset": {"type": made.board.name, "name": made.board.title},
                    "metrics": [
                        {
                            "type": e.section.quantity.name,
                            "name": e.score,
                            "value": exact(e.standing.score),
                            "args": {
                                "unit": e.section.quantity.unit or "none",
                                "lower_is_better": not e.section.high_wins,
                                **_told(e),
                            },
                        }
                    ],
                }
                for e in entries
            ],
        }
        for (label, _), entries in rows.items()
    ]
    return {f"{made.board.name}.model-index.json": {"model-index": index}}


def _told(entry: Entry) -> dict[str, Any]:
    """Rank or why there is none, coverage, and the interval."""
    s = entry.standing
    found: dict[str, Any] = {"not_ranked": s.apart} if s.apart else {"rank": s.rank}
    if s.ranks:
        found["ranks_left_open"] = f"{s.ranks[0]} to {s.ranks[1]}"
    if s.interval:
        low, high = map(exact, s.interval)
        found["interval_95"] = f"{low} to {high}"
    if s.share is not None and entry.section.rule:
        found["tolerance"] = entry.section.rule.tolerance
        found["share_within_tolerance"] = exact(s.share)
    return found | {"runs_done": s.done, "runs_expected": s.expected}


def _word(text: str) -> str:
    """A name for a folder, or an identifier."""
    return re.sub(r"[^\w.-]+", "-", text.replace("_", "-")).strip("-.") or "none"


SCHEMAS: dict[str, Callable[[Report, Rows], dict[str, Any]]] = {
    "every-eval-ever": _every_eval_ever,
    "model-index": _model_index,
}
"""Each format, and what writes its files: contents by name."""
