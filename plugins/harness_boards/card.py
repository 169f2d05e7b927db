"""An opened row: who it is, how it compares with each other row, and how to make it again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from harness.tables import number
from harness_boards import statistics as st
from harness_boards.definition import Contents
from harness_boards.grid import Row
from harness_boards.provenance import Provenance, setting
from harness_boards.standing import Ranking

SOME = 5
"""Cases named of each kind of failure; the table of cases shows the others."""


def card(name: str, row: Row, made: Provenance, contents: Contents, verdicts: str = "") -> str:
    """The whole provenance of one row, as the element ``#NAME``."""
    declared = contents.estimators.get(row.estimator)
    facts: list[tuple[str, str]] = []
    if declared and declared.summary:
        facts.append(("what", escape(declared.summary)))
    if row.models:
        facts.append(("models", _listed(f"<code>{escape(m)}</code>" for m in row.models)))
    facts.append(
        ("estimator", f"<code>{escape(row.estimator)}</code>{_distribution(contents, row.plugin)}")
    )
    if declared and declared.paper:
        facts.append(("paper", escape(declared.paper)))
    if declared and declared.traits:
        facts.append(("traits", escape(", ".join(declared.traits))))
    facts += _parameters(row)
    facts += [
        ("task", f"<code>{escape(task)}</code>{_settings(params)}")
        for task, many in made.tasks.items()
        for params in many
    ]
    facts += _circumstances(made)
    body = "".join(f"<dt>{escape(name)}</dt><dd>{text}</dd>" for name, text in facts)
    return (
        f'<article class="card" id="{name}"><h3 tabindex="-1">{escape(row.label)}</h3>{_commands(made)}'
        f"<dl>{body}</dl>{_failures(made)}{_notes(made)}{verdicts}</article>"
    )


def _listed(items: Iterable[str]) -> str:
    return " ▸ ".join(items)


def _distribution(contents: Contents, plugin: str) -> str:
    name = contents.distributions.get(plugin, "")
    return f" <span class='faint'>(distribution {escape(name)})</span>" if name else ""


def _parameters(row: Row) -> list[tuple[str, str]]:
    found = []
    for model, params in zip(row.models, row.params.get("models", ()), strict=False):
        found.append((f"parameters of {model.rpartition('/')[2]}", _settings(params) or "none"))
    found.append(("parameters", _settings(row.params.get("estimator", {})) or "none"))
    return found


def _settings(params: Mapping[str, Any]) -> str:
    items = "".join(
        f"<li><code>{escape(k)} = {escape(_shown(v))}</code></li>" for k, v in params.items()
    )
    return f"<ul class='settings'>{items}</ul>" if items else ""


def _shown(value: Any) -> str:
    return setting(value) or json.dumps(value)


def _circumstances(made: Provenance) -> list[tuple[str, str]]:
    def versions(found: Mapping[str, tuple[str, ...]]) -> str:
        return "; ".join(
            f"{escape(name)} {escape(' and '.join(values))}" for name, values in found.items()
        )

    plain = [
        ("seeds", ", ".join(map(str, made.seeds))),
        ("versions", versions(made.versions)),
        ("source digests", versions(made.sources)),
        ("machines", escape(", ".join(made.machines))),
        ("threads", ", ".join(map(str, made.threads))),
        ("memory", _memory(made.memory)),
        (
            "run on",
            escape(
                made.days[0] if len(made.days) == 1 else " to ".join((made.days[0], made.days[-1]))
            ),
        )
        if made.days
        else ("", ""),
    ]
    return [(name, text) for name, text in plain if text]


def _memory(peak: float | None) -> str:
    if peak is None:
        return ""
    return (
        "less than 0.1 MiB"
        if peak < 0.1
        else f"{number(peak)} MiB (median of the peaks of its runs)"
    )


def _commands(made: Provenance) -> str:
    if not made.commands:
        return ""
    lines = "".join(
        f"<pre tabindex='0' aria-label='command'><code>{escape(c)}</code></pre>"
        for c in made.commands
    )
    return f"<p class='lead'>Compute this row again:</p>{lines}"


def _failures(made: Provenance) -> str:
    if not made.failures:
        return ""
    items = []
    for status, cause, count, cases in made.failures:
        some = ", ".join(cases[:SOME]) + (
            f" and {len(cases) - SOME} more" if len(cases) > SOME else ""
        )
        first, _, rest = cause.partition("\n")
        more = f"<pre tabindex='0' aria-label='cause'>{escape(rest)}</pre>" if rest.strip() else ""
        items.append(
            f"<li><span class='mark'>{escape(status)} ×{count}</span> {escape(first)}{more} "
            f"<span class='faint'>in {escape(some)}</span></li>"
        )
    return f"<h4>What gave no figure</h4><ul class='plain'>{''.join(items)}</ul>"


def _notes(made: Provenance) -> str:
    if not made.notes:
        return ""
    items = "".join(
        f"<li>{escape(note)} <span class='faint'>×{n}</span></li>" for note, n in made.notes
    )
    return f"<h4>Logged on the way</h4><ul class='plain'>{items}</ul>"


def verdicts(section: Ranking, index: int, identity: str) -> str:
    """How one row compares with the others, in words; the script adds the figures of `pairs` when the row is opened."""
    found: dict[str, list[str]] = {
        "better than": [],
        "not separated from": [],
        "worse than": [],
        "too little in common with": [],
    }
    for v in section.verdicts:
        if index not in (v.first, v.second):
            continue
        other = section.rows[v.second if v.first == index else v.first].row.label
        if v.holm is None or v.difference is None:
            found["too little in common with"].append(other)
        elif v.holm >= 1 - st.LEVEL:
            found["not separated from"].append(other)
        else:
            found[
                "better than" if (v.difference < 0) == (v.first == index) else "worse than"
            ].append(other)
    said = "".join(
        f"<li>{what} {escape(', '.join(names))}</li>" for what, names in found.items() if names
    )
    if not said:
        return ""
    what = "mean |error|" if section.kind == "accuracy" else section.quantity.name.replace("_", " ")
    unit = f" [{section.quantity.unit}]" if section.quantity.unit else ""
    return (
        f"<h4>Against each other row</h4><ul class='plain'>{said}</ul>"
        f"<div class='verdicts' hidden data-section='{identity}' data-row='{index}'><p class='faint'>Difference in "
        f"{escape(what + unit)}, this row less the other, on the cases that both completed; paired t tests over cases, "
        "Holm's correction over all pairs.</p></div>"
    )


def pairs(section: Ranking) -> dict[str, Any]:
    """The figures of all verdicts: (first, second, cases, difference, low, high, p, Holm's p), first less second.

    The sign is that of the error or value; ``low_wins`` says which is better.
    """
    turn = -1.0 if section.kind == "ranking" and section.quantity.better == "higher" else 1.0
    found = []
    for v in section.verdicts:
        bounds = (
            sorted((turn * v.low, turn * v.high))
            if v.low is not None and v.high is not None
            else (None, None)
        )
        difference = None if v.difference is None else turn * v.difference
        figures = (
            None if f is None else float(f"{f:.4g}") for f in (difference, *bounds, v.p, v.holm)
        )
        found.append((v.first, v.second, v.cases, *figures))
    labels = [s.row.label for s in section.rows]
    return {"labels": labels, "low_wins": turn > 0, "level": round(1 - st.LEVEL, 6), "pairs": found}
