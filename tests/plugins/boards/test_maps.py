"""Maps: rows of numbers in a diagnostic, drawn for each case."""

import json
import math
import re
from xml.etree import ElementTree

import pytest

from harness import UsageError
from harness_boards import building, checking, page, report

TOML = """[[sections]]
kind = "overview"
title = "heads"
[sections.map]
diagnostic = "heads"
rows = "layer"
columns = "<head>"
unit = "nats"
"""


def with_heads(record, heads, estimator="a", case="one", seed=0):
    return record(estimator, case, seed, diagnostics={"heads": heads} if heads is not None else {})


def cells(svg):
    root = ElementTree.fromstring(svg)
    tag = "{http://www.w3.org/2000/svg}" if root.tag.startswith("{") else ""
    return [float(r.get("fill-opacity", "nan")) for r in root.iter(f"{tag}rect") if "x" in r.attrib]


def test_panels_are_means_over_seeds_on_one_scale(board, record):
    records = [
        with_heads(record, "[[0.0, 1.0], [2.0, null]]", seed=0),
        with_heads(record, [[0.0, 3.0], [2.0, None]], seed=1),
        with_heads(record, "[[4.0]]", case="two", seed=0),
        with_heads(record, "[[4.0]]", case="two", seed=1),
    ]
    made = report.make(board(records, TOML))
    one, two = made.sections[0].maps.panels
    assert one.values[:1].tolist() == [[0.0, 2.0]]
    assert math.isnan(one.values[1, 1])
    assert (one.seeds, two.name) == (2, "two")
    shares = cells(made.files()["map-0-heads.svg"].decode())
    full = shares[-1]
    assert shares[:3] == pytest.approx([0.0, full / 2, full / 2])
    assert math.isnan(shares[3])
    drawn = report.plain(made)["sections"][0]["map"]
    assert drawn["cases"] == {"one": [[0.0, 2.0], [2.0, None]], "two": [[4.0]]}


def test_the_picture_stands_alone_and_on_the_page(board, record):
    given = board([with_heads(record, "[[1.0, 2.0]]", case="<one>")], TOML)
    made = building.build(given)
    picture = (given.folder / "map-0-heads.svg").read_text()
    assert "var(" not in picture
    ElementTree.fromstring(picture)
    html = page.page(made).decode()
    assert "&lt;head&gt;" in html
    assert "<head>" not in html.partition("<body>")[2]
    assert "href='map-0-heads.svg'" in html
    assert re.search(
        r"!\[heads \[nats\]: layer down.*\]\(map-0-heads.svg\)",
        (given.folder / "table.md").read_text(),
    )
    assert not checking.problems(given)


def test_a_case_without_a_number_is_grey(board, record):
    made = report.make(
        board([with_heads(record, "[[1.0]]"), with_heads(record, "[[null]]", case="two")], TOML)
    )
    assert "two. heads without a finite number." in page.page(made).decode()


def test_large_maps_have_no_numbers(board, record):
    made = report.make(board([with_heads(record, json.dumps([[1.0] * 48] * 24))], TOML))
    picture = made.files()["map-0-heads.svg"].decode()
    assert picture.count("<rect x") == 48 * 24
    assert "1.00<" not in picture


def test_estimators_are_told_apart_or_chosen(board, record):
    records = [with_heads(record, "[[1.0]]", e) for e in "ab"]
    both = report.make(board(records, TOML)).sections[0].maps
    assert [p.name for p in both.panels] == ["one (a)", "one (b)"]
    settings = [
        record(
            "a",
            diagnostics={"heads": f"[[{k}.0]]"},
            params={"task": {}, "models": [], "estimator": {"k": k}},
        )
        for k in (1, 2)
    ]
    found = report.make(board(settings, TOML)).sections[0].maps
    assert [(p.name, p.seeds) for p in found.panels] == [("one (a (k=1))", 1), ("one (a (k=2))", 1)]
    only = report.make(board(records, TOML + 'estimator = "b"\n')).sections[0].maps
    assert [p.name for p in only.panels] == ["one"]


@pytest.mark.parametrize(
    ("heads", "message"),
    [
        (None, "no record of the section has the diagnostic 'heads'"),
        ("[[1.0], [2.0, 3.0]]", "wanted rows of numbers, all as long"),
        ("[1.0, 2.0]", "wanted rows of numbers"),
        ("high", "'high'; wanted rows of numbers"),
        ("[[null]]", "no finite number"),
    ],
)
def test_what_is_no_map_is_named(board, record, heads, message):
    with pytest.raises(UsageError, match=re.escape(message)):
        report.make(board([with_heads(record, heads)], TOML))


def test_seeds_of_other_shapes_are_refused(board, record):
    records = [with_heads(record, "[[1.0]]", seed=0), with_heads(record, "[[1.0, 2.0]]", seed=1)]
    with pytest.raises(UsageError, match="other shapes under other seeds"):
        report.make(board(records, TOML))


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        (
            '[[sections]]\nkind = "accuracy"\nquantity = "information"\nmap = {diagnostic = "heads"}\n',
            "map belongs to overview sections; this one is accuracy",
        ),
        ('[[sections]]\nkind = "overview"\nmap = {rows = "layer"}\n', "names the diagnostic"),
        (
            '[[sections]]\nkind = "overview"\nmap = {diagnostics = "heads"}\n',
            "did you mean diagnostic",
        ),
    ],
)
def test_wrong_sections_are_refused(board, record, toml, message):
    with pytest.raises(UsageError, match=message):
        board([record()], toml)
