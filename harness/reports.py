"""Reports: figures, tables of findings and pages that plugins make from records."""

from __future__ import annotations

import csv
import functools
import io
import json
import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from harness import figures
from harness.components import Component
from harness.errors import MissingDependency, UsageError
from harness.files import whole
from harness.reading import read_records, record_files
from harness.records import Record, Records
from harness.tables import matches

SHOWN = 5
"""Values of a finding that its table prints."""
TEXTS, FIGURES = (".md", ".csv", ".json"), (".html", ".pdf", ".png", ".svg")


@dataclass(frozen=True)
class Finding:
    """A statement of a paper beside what was measured, a number per seed.

    Attributes
    ----------
    claim : what the number is, as a statement that can hold or fail.
    values : the numbers that were measured, one for each seed (or each resample); none where the
        records cannot speak to the claim.
    paper : what the paper says, and where ("Q1", "table 2: 0.31").
    sign, limit : the claim is that the number lies above (+1) or below (-1) ``limit``; 0 claims
        nothing.
    strict : whether a number at the limit fails the claim.
    """

    claim: str
    values: tuple[float, ...]
    paper: str = ""
    sign: Literal[-1, 0, 1] = 0
    limit: float = 0.0
    strict: bool = True

    @property
    def mean(self) -> float:
        """Over the values; NaN where there are none."""
        return float(np.mean(self.values)) if self.values else math.nan

    @property
    def half_width(self) -> float:
        """Half of Student's 95 % interval of the mean; NaN for fewer than two values."""
        return half_width(self.values)

    @property
    def held(self) -> int:
        """For how many of the values the claim holds."""
        beyond = [(value - self.limit) * self.sign for value in self.values]
        return sum(b > 0 if self.strict else b >= 0 for b in beyond)

    @property
    def measured(self) -> str:
        """The mean with its interval, in words."""
        if not self.values:
            return "–"
        spread = "" if math.isnan(self.half_width) else f" ± {self.half_width:.3f}"
        return f"{self.mean:+.3f}{spread}"

    @property
    def verdict(self) -> str:
        """Whether the claim holds, in words; empty where nothing is claimed."""
        if not self.values:
            return "not judged"
        return f"holds in {self.held} of {len(self.values)} seeds" if self.sign else ""

    def plain(self) -> dict[str, Any]:
        """All of it as JSON has it."""
        return {
            "claim": self.claim,
            "paper": self.paper,
            "mean": None if math.isnan(self.mean) else self.mean,
            "half_width": None if math.isnan(self.half_width) else self.half_width,
            "sign": self.sign,
            "limit": self.limit,
            "verdict": self.verdict,
            "values": [float(v) for v in self.values],
        }


@dataclass(frozen=True)
class Document:
    """What a report makes: a page of Markdown, findings, a figure, or several of these.

    ``draw`` paints on an empty figure of matplotlib; without it the figure shows the findings.
    """

    text: str = ""
    findings: tuple[Finding, ...] = ()
    draw: Callable[[Any], None] | None = None

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The files that it can be written to."""
        texts = TEXTS if self.findings else TEXTS[:1]
        return (*texts, *(FIGURES if self.draw or self.findings else ()))

    def markdown(self) -> str:
        """The page, with the findings as a table at its end."""
        return "\n\n".join(filter(None, (self.text, _table(self.findings)))) + "\n"


def read(component: Component, places: Iterable[Path]) -> Records:
    """The records that a report reads. Raises `UsageError` for a place without any."""
    found: list[Record] = []
    for place in places:
        if not place.exists():
            raise UsageError(f"{place}: no such file or folder; wanted records")
        if not record_files(place):
            raise UsageError(
                f"{place}: no .jsonl file in this folder; wanted records of a board or a run"
            )
        records = read_records(place)
        if not records:
            raise UsageError(f"{place}: no records; wanted lines of `harness run --format json`")
        found += records
    return read_by(component, found)


def read_by(component: Component, found: Collection[Record]) -> Records:
    """Those of the records that a report reads. Raises `UsageError` where there are none."""
    wanted = component.spec.reads
    read = Records(r for r in found if matches(r.task, wanted) or matches(r.estimator, wanted))
    if not read:
        raise UsageError(
            f"{component.name}: none of {len(found)} records is of {' or '.join(wanted)}"
        )
    return read


def make(component: Component, records: Records, params: Mapping[str, Any]) -> Document:
    """Make a report. Raises `UsageError` where the records do not hold what it is about."""
    made = component.build(params).make(records)
    if not isinstance(made, Document):
        raise UsageError(f"{component.name} gave {type(made).__name__}; wanted Document")
    return made


def check_suffix(
    path: Path, suffixes: Iterable[str] = (*TEXTS, *FIGURES), name: str = "a report"
) -> None:
    """Raise `UsageError` for a file that cannot be written."""
    if path.suffix not in suffixes:
        raise UsageError(
            f"--out {path}: {name} cannot be written as "
            f"{path.suffix or 'a file without a suffix'}; "
            f"wanted {', '.join(suffixes)}"
        )


def write(document: Document, path: Path, name: str, command: str = "") -> None:
    """Write a report as its file's suffix says; ``command``, which made it, is in the metadata of a
    figure. Raises `UsageError` where it has no such form."""
    check_suffix(path, document.suffixes, name)
    if path.suffix in FIGURES:
        draw = document.draw or functools.partial(_draw, findings=document.findings)
        if path.suffix == ".html":
            content = figures.page(draw, name, command, document.markdown())
        else:
            content = figures.drawn(draw, path.suffix, name, command)
    elif path.suffix == ".md":
        content = document.markdown().encode()
    elif path.suffix == ".json":
        found = [finding.plain() for finding in document.findings]
        content = (json.dumps(found, indent=1, ensure_ascii=False) + "\n").encode()
    else:
        content = _csv(document.findings).encode()
    try:
        with whole(path) as out:
            out.write(content)
    except OSError as error:
        raise UsageError(f"--out {path}: cannot be written ({error})") from error


def _table(findings: Iterable[Finding]) -> str:
    from tabulate import tabulate

    shown = [(f, ", ".join(f"{v:+.3f}" for v in f.values[:SHOWN])) for f in findings]
    rows = [
        (f.claim, f.paper, f.measured, values + ", …" * (len(f.values) > SHOWN), f.verdict)
        for f, values in shown
    ]
    if not rows:
        return ""
    heads = ("claim", "paper", "mean ± 95 %", "each seed", "verdict")
    keep = [i for i in range(len(heads)) if any(row[i] for row in rows)]
    kept = [[row[i] for i in keep] for row in rows]
    return str(tabulate(kept, [heads[i] for i in keep], "github", disable_numparse=True))


def _csv(findings: Iterable[Finding]) -> str:
    out = io.StringIO()
    rows = [f.plain() | {"values": " ".join(repr(float(v)) for v in f.values)} for f in findings]
    table = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return out.getvalue()


def _draw(figure: Any, findings: Iterable[Finding]) -> None:
    """A line for each finding: its values, their mean with the interval, and the limit of its
    claim."""
    shown = [f for f in findings if f.values]
    figure.set_size_inches(9.0, 0.8 + 0.3 * len(shown))
    axes = figure.subplots()
    for place, finding in enumerate(shown):
        color = "0.5" if not finding.sign else "C2" if finding.held == len(finding.values) else "C3"
        axes.plot(finding.values, [place] * len(finding.values), "o", ms=3, color="0.7")
        reach = 0.0 if math.isnan(finding.half_width) else finding.half_width
        axes.errorbar(finding.mean, place, xerr=reach, fmt="D", ms=4, capsize=2, color=color)
        if finding.sign:
            axes.plot([finding.limit], [place], "|", ms=12, color="0.2")
    axes.set_yticks(range(len(shown)), [f.claim for f in shown])
    axes.invert_yaxis()
    axes.grid(color="0.92")
    axes.set_axisbelow(True)
    axes.set_xlabel("measured; |: limit of the claim")


def half_width(values: Sequence[float]) -> float:
    """Half of Student's 95 % interval of a mean; NaN for fewer than two values."""
    n = len(values)
    if n < 2:
        return math.nan
    return _student(n - 1) * float(np.std(values, ddof=1)) / math.sqrt(n)


def _student(freedom: int) -> float:
    """The 97.5 % point of Student's t."""
    try:
        from scipy.special import stdtrit
    except ImportError as error:
        raise MissingDependency("scipy", "pip install 'infoharness[boards]'") from error
    return float(stdtrit(freedom, 0.975))
