"""A board as one HTML file: standing, plots, cases, and what stands behind each row.

The file needs no network, no server and no script: what the script adds is sorting, filters and a dialog. All names are
escaped, and the page forbids itself (Content-Security-Policy) to run or load anything that is not written in it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from html import escape
from importlib import resources

from harness.tables import Table, number
from harness_boards import casetable, maps, plots, provenance
from harness_boards.card import card, pairs, verdicts
from harness_boards.overview import Overview
from harness_boards.provenance import Provenance
from harness_boards.report import READING, Report, kind
from harness_boards.standing import Ranking, Standing
from harness_boards.standings import leaders, standing
from harness_boards.validity import Predictor, Validity

AFTER = "The page needs no script to be read; sorting, filters and further pages of cases do."

TALL = 30
"""Tables of more rows scroll within their box, under a heading that stays."""


def page(report: Report, home: str = "") -> bytes:
    """The page of a board.

    Parameters
    ----------
    home : address of the index of boards, where there is one.
    """
    board = report.board
    made = provenance.of(report)
    sections = [
        _section(report, section, rows, f"s{i}")
        for i, (section, rows) in enumerate(zip(report.sections, made, strict=True))
    ]
    about = f"<p class='about'>{escape(board.about)}</p>" if board.about else ""
    back = f"<a href='{escape(home)}'>All boards</a>" if home else "<span></span>"
    body = (
        f"<header><div class='top'>{back}{THEME}</div><h1>{escape(board.title)}</h1>{about}{_meta(report)}"
        f"{_files(report)}</header>{_contents(report)}<main>{''.join(sections) or '<p>No results yet.</p>'}</main>"
        f"<footer class='faint'><p>Made from the records of this board alone: <code>harness board build "
        f"{escape(board.name)}</code>. {AFTER}</p></footer>"
        "<dialog><button type='button' class='close'>Close</button></dialog>"
    )
    return document(board.title, body)


THEME = "<button type='button' id='theme' class='theme' hidden data-script>Theme: auto</button>"


def document(title: str, body: str) -> bytes:
    """A whole HTML file around ``body``, with styles, script and the policy that allows only these."""
    style, script = _asset("page.css"), _asset("page.js")
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    text = (
        "<!doctype html>\n<html lang='en'>\n<head>\n<meta charset='utf-8'>\n"
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        "<meta name='viewport' content='width=device-width, initial-scale=1'>\n"
        f"<title>{escape(title)}</title>\n<link rel='icon' href='data:,'>\n<style>{style}</style>\n</head>\n<body>\n"
        f"{body}\n<p id='status' class='sr' role='status'></p>\n<script>{script}</script>\n</body>\n</html>\n"
    )
    return text.encode()


@cache
def _asset(name: str) -> str:
    return (resources.files("harness_boards") / "assets" / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _meta(report: Report) -> str:
    records = report.contents.records
    plugins = ", ".join(sorted({r.plugin for r in records}))
    newest = f", the newest of {escape(report.date)}" if report.date else ""
    return f"<p class='faint'>{len(records)} results{newest}; plugins: {escape(plugins)}.</p>"


def _files(report: Report) -> str:
    names = ("table.csv", "board.json", "table.md", "table.tex", *report.maps())
    links = "".join(f"<a href='{name}'>{name}</a>" for name in names)
    return f"<p class='files'>{links}</p>"


def _contents(report: Report) -> str:
    """Where there are several sections: each with who leads it."""
    if len(report.sections) < 2:
        return ""
    items = "".join(
        f"<li><a href='#s{i}'>{escape(section.title)}</a> <span class='faint'>{kind(section)}</span><br>"
        f"{'' if isinstance(section, Overview) else _names(leaders(section))}</li>"
        for i, section in enumerate(report.sections)
    )
    return f"<nav aria-label='Sections'><ol>{items}</ol></nav>"


def _names(labels: list[str], most: int = 4) -> str:
    shown = ", ".join(f"<b>{escape(name)}</b>" for name in labels[:most])
    return (
        shown + (f" and {len(labels) - most} more" if len(labels) > most else "")
        if labels
        else "no row yet"
    )


def _section(
    report: Report, section: Ranking | Validity | Overview, made: list[Provenance], identity: str
) -> str:
    if isinstance(section, Overview):
        return _overview(section, identity)
    about = f"<p class='about'>{escape(section.about)}</p>" if section.about else ""
    notes = "".join(f"<p class='faint'>{escape(note)}</p>" for note in section.notes)
    what = "measures" if isinstance(section, Validity) else "rows"
    return (
        f"<section id='{identity}' aria-labelledby='{identity}-title'>"
        f"<h2 id='{identity}-title'>{escape(section.title)}</h2>"
        f"<p class='faint'>{_extent(section)}</p>{about}{_leader(section)}"
        f"{_filter(f'{identity}-standing', f'Filter {what}')}"
        f"<div class='scroll{' tall' * (len(section.rows) > TALL)}' tabindex='0' role='region' "
        f"aria-label='Standing: {escape(section.title)}'>"
        f"{standing(section, identity)}</div>{notes}"
        f"<details><summary>How to read this table</summary><p>{escape(READING[kind(section)])}</p>"
        "<p>★ best of its column among rows that completed everything; for the score, the row that the fewest others "
        "beat. A row's name opens its parameters, versions, failures, comparisons and the command that makes it "
        "again.</p></details>"
        f"{_plots(section, identity)}{_cases(section, made, identity)}{_rows(report, section, made, identity)}"
        "</section>"
    )


def _overview(section: Overview, identity: str) -> str:
    about = f"<p class='about'>{escape(section.about)}</p>" if section.about else ""
    drawn = "".join(_drawn(table) for table in section.tables) + _maps(section)
    return (
        f"<section id='{identity}' aria-labelledby='{identity}-title'><h2 id='{identity}-title'>"
        f"{escape(section.title)}</h2><p class='faint'>{escape(READING['overview'])}</p>{about}{drawn}</section>"
    )


def _maps(section: Overview) -> str:
    if section.maps is None:
        return ""
    figures = "".join(
        f"<figure><figcaption>{escape(p.name)}</figcaption>{maps.panel(section.maps, p)}</figure>"
        for p in section.maps.panels
    )
    return f"<h3>Map</h3><p class='faint'>{escape(section.maps.caption)}</p><div class='plots'>{figures}</div>"


def _drawn(table: Table) -> str:
    heads = "".join(f"<th scope='col'>{escape(str(h))}</th>" for h in (table.label, *table.columns))
    rows = "".join(
        f"<tr><th scope='row'>{escape(row)}</th>{''.join(f'<td>{escape(str(c))}</td>' for c in cells)}</tr>"
        for row, cells in table.rows
    )
    notes = "".join(f"<p class='faint'>{escape(note)}</p>" for note in table.notes)
    return (
        f"<h3>{escape(table.title)}</h3><div class='scroll' tabindex='0' role='region' aria-label='"
        f"{escape(table.title)}'><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>{notes}"
    )


def _extent(section: Ranking | Validity) -> str:
    if isinstance(section, Validity):
        outcome = section.outcome.replace("_", " ") + (f" [{section.unit}]" if section.unit else "")
        return f"Validity: does a measure order {len(section.points)} points as {escape(outcome)} does?"
    q, grid = section.quantity, section.grid
    unit = f" [{q.unit}]" if q.unit else ""
    first = "Accuracy: distance to the truth of" if section.kind == "accuracy" else "Ranking by"
    better = "" if section.kind == "accuracy" else f", {q.better} is better"
    summary = f": {q.summary}" if q.summary else ""
    text = f"{first} {q.name.replace('_', ' ')}{unit}{better}{summary}"
    size = ", ".join(_count(n, what) for n, what in (
        (len(section.rows), "row"), (len(grid.cases), "case"), (len(grid.seeds), "seed"),
    ))  # fmt: skip
    return f"{escape(text)}. {size}."


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'s' * (n != 1)}"


def _leader(section: Ranking | Validity) -> str:
    names = leaders(section)
    if not names:
        return "<p class='leader'>No row has a figure yet.</p>"
    if isinstance(section, Validity):
        best = section.rows[0]
        return f"<p class='leader'>Closest to the outcome: {_names(names)}, Spearman {number(best.spearman or 0.0)}.</p>"
    if len(section.rows) == 1:
        return ""
    said = "Leads" if len(names) == 1 else "Lead, not separated from each other"
    return f"<p class='leader'>{said}: {_names(names, 8)}.</p>"


def _filter(target: str, label: str) -> str:
    return (
        f"<div class='bar' hidden data-script><label>{label} <input type='search' id='{target}-filter' "
        "autocomplete='off' spellcheck='false'></label>"
        "<span class='faint'>A heading sorts, a name opens its row.</span></div>"
    )


def _plots(section: Ranking | Validity, identity: str) -> str:
    found = plots.of(section, identity)
    if not found.figures:
        return ""
    figures = "".join(
        f"<figure><figcaption>{escape(f.caption)}</figcaption>{f.svg}</figure>"
        for f in found.figures
    )
    legend = "".join(f"<li>{svg}{escape(label)}</li>" for label, svg in found.legend)
    legend = f"<ul class='legend' aria-label='Lines and markers'>{legend}</ul>" if legend else ""
    notes = "".join(f"<p class='faint'>{escape(note)}</p>" for note in found.notes)
    return f"<h3>Plots</h3>{notes}{legend}<div class='plots'>{figures}</div>"


def _cases(section: Ranking | Validity, made: list[Provenance], identity: str) -> str:
    name = f"{identity}-cases"
    if isinstance(section, Validity):
        table, title, said = casetable.of_validity(section), "Points", "Means over seeds."
    else:
        table, title = casetable.of_ranking(section, made), "Cases"
        unit = f" [{section.quantity.unit}]" if section.quantity.unit else ""
        what = (
            "Mean signed error"
            if section.kind == "accuracy"
            else f"Mean {section.quantity.name.replace('_', ' ')}"
        )
        said = f"{what}{unit} over the seeds; ★ best of its case." + (
            " Errors sort by size." if section.kind == "accuracy" else ""
        )
        said += f" In all cases: {table.same}." if table.same else ""
    count = len(table.rows)
    shown = f"1–{min(count, casetable.PAGE)} of {count}"
    more = (
        ""
        if count <= casetable.PAGE
        else "<noscript><p>The other cases are in board.json.</p></noscript>"
    )
    disabled = " disabled" if count <= casetable.PAGE else ""
    return (
        f"<h3>{title}</h3><p class='faint'>{escape(said)}</p>{more}"
        f"<div class='bar' hidden data-script><label>Filter {title.lower()} <input type='search' id='{name}-filter' "
        f"autocomplete='off' spellcheck='false'></label><div id='{name}-pages'><button type='button' disabled>Previous"
        f"</button> <span>{shown}</span> <button type='button'{disabled}>Next</button></div></div>"
        f"<div class='scroll' tabindex='0' role='region' aria-label='{title}: {escape(section.title)}'>"
        f"{table.html(name)}</div><script type='application/json' id='{name}-data'>{table.data()}</script>"
    )


def _rows(
    report: Report, section: Ranking | Validity, made: list[Provenance], identity: str
) -> str:
    cards = []
    ranked: Sequence[Standing | Predictor] = section.rows
    for i, (row, one) in enumerate(zip(ranked, made, strict=True)):
        compared = verdicts(section, i, identity) if isinstance(section, Ranking) else ""
        body = card(f"{identity}-r{i}", row.row, one, report.contents, compared)
        cards.append(
            f"<details class='row'><summary>{escape(row.row.label)}</summary>{body}</details>"
        )
    figures = casetable.safe_json(pairs(section)) if isinstance(section, Ranking) else ""
    data = (
        f"<script type='application/json' id='{identity}-pairs'>{figures}</script>"
        if figures
        else ""
    )
    return (
        "<div class='full'><h3>Rows in full</h3><details class='rows'><summary>Parameters, versions, failures, "
        f"comparisons and the command of each row</summary>{''.join(cards)}</details></div>{data}"
    )
