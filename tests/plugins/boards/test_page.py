"""Pages of boards, without a browser: what is in them, that names stay text, and that bytes do not move."""

import html.parser
import json
import os
import re
import shlex
import subprocess
import sys

import pytest

from harness.cli import parser
from harness.cli.options import request
from harness.records import Status
from harness_boards import casetable, heatmap, provenance, report, site
from harness_boards.figures import brief, resolved
from harness_boards.html import safe_json
from harness_boards.page import page

NASTY = "</script><script>window.hit=1</script><img src=x onerror='hit=1'>&\"'"
ALL_KINDS = """
[[sections]]
kind = "accuracy"
quantity = "information"
about = "Said <b>before</b> the table."
[[sections]]
kind = "ranking"
quantity = "gain"
[[sections]]
kind = "validity"
quantity = "loss"
outcome = "gain"
"""


class Reader(html.parser.HTMLParser):
    """Text of the elements of a page, by their id; and all tags with attributes."""

    VOID = ("meta", "link", "input", "br", "img", "circle", "line", "path", "use", "rect")

    def __init__(self, page):
        super().__init__()
        self.tags, self.open, self.text = [], [], {}
        self.feed(page.decode())

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append((tag, dict(attrs).get("id")))

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop()[0] == tag, f"{tag} closes what was not open"

    def handle_data(self, data):
        for _, name in self.open:
            if name:
                self.text[name] = self.text.get(name, "") + data

    def with_class(self, name):
        return [attrs for _, attrs in self.tags if name in (attrs.get("class") or "").split()]


@pytest.fixture
def made(record, board):
    """A report of three rows on four cases, one of them with a failure, a note and models before it."""
    records = [
        record(e, f"c{i}", seed, 1.0 + error * (i + 1) + 0.01 * seed, facts={"n": 10, "d": 2**i})
        for e, error in (("a", 0.1), ("b", 0.2)) for i in range(4) for seed in range(2)
    ]  # fmt: skip
    for i in range(4):
        for seed in range(2):
            bad = (
                {"status": Status.TIMEOUT, "cause": f"more than {seed + 3} s\nat line 1"}
                if i == 3
                else {}
            )
            records.append(
                record(
                    "c", f"c{i}", seed, 2.0, facts={"n": 10, "d": 2**i}, models=("m/shift",), notes=("hm: 3 times",),
                    params={"task": {"n": 10}, "models": [{"by": 0.5}], "estimator": {"k": None, "on": True, "s": (1, 2)}},
                    **bad,
                )
            )  # fmt: skip
    return report.make(board(records))


def test_every_row_every_figure_and_every_case_is_there_without_script(made):
    read = Reader(page(made))
    table = read.text["s0-standing"]
    for text in ("a", "b", "shift ▸ c", "6/8", "2 timeout", "0.26", "0 %"):
        assert text in table
    cases = read.text["s0-cases"]
    assert all(f"c{i}" in cases for i in range(4))
    assert "timeout" in cases
    assert "Cannot rank its 3 rows" in page(made).decode()
    assert made.sections[0].reading.split(":")[0] in page(made).decode()
    links = {a.get("href") for t, a in read.tags if t == "a"}
    assert {"table.csv", "board.json"} <= links


def test_tags_are_nested_and_ids_are_unique_and_links_lead_somewhere(made):
    read = Reader(page(made))
    assert read.open == []
    ids = [a["id"] for _, a in read.tags if "id" in a]
    assert len(set(ids)) == len(ids)
    targets = {
        a["href"][1:]
        for t, a in read.tags
        if t in ("a", "use") and a.get("href", "").startswith("#")
    }
    targets |= {
        m for _, a in read.tags for v in a.values() for m in re.findall(r"url\(#(.*?)\)", v or "")
    }
    assert targets <= set(ids)


def test_nothing_is_loaded_and_only_the_pages_own_script_and_style_may_run(made):
    text = page(made).decode()
    read = Reader(text.encode())
    policy = next(a["content"] for t, a in read.tags if t == "meta" and "http-equiv" in a)
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert not [a for _, a in read.tags if "style" in a or any(k.startswith("on") for k in a)]
    assert "src" not in {k for _, a in read.tags for k in a}
    assert not re.search(r"https?://", text)


def test_names_stay_text(record, board):
    case = NASTY[:150]
    records = [
        record(e, case, s, v, notes=(NASTY,), facts={NASTY: 1, "d": d, "law": NASTY}, machine=NASTY)
        for e, v in (("a", 1.1), ("b", 1.2)) for s in range(2) for d in (1,)
    ] + [record("a", "other", 0, None, status=Status.ERROR, cause=NASTY, facts={NASTY: 2, "d": 3, "law": "x"})]  # fmt: skip
    one = board(records, 'title = "<script>hit=1</script>"\nabout = "<img src=x>"\n')
    text = page(report.make(one)).decode()
    read = Reader(text.encode())
    assert [t for t, _ in read.tags].count("script") == 3  # the page's own, and figures
    assert "img" not in [t for t, _ in read.tags]
    assert NASTY not in text
    assert NASTY[9:40] not in text
    assert json.loads(read.text["s0-cases-data"])["rows"][0][0] in (case, "other")


def test_bytes_are_the_same_again_and_name_no_place(made, tmp_path, record, board):
    first = page(made)
    assert first == page(report.make(made.board))
    assert str(tmp_path).encode() not in first
    code = (
        "import sys; from pathlib import Path; from harness_boards import definition, page, report; "
        "sys.stdout.buffer.write(page.page(report.make(definition.load(Path(sys.argv[1])))))"
    )
    other = subprocess.run(
        [sys.executable, "-c", code, str(made.board.folder)], capture_output=True, check=True,
        env={
            "PYTHONHASHSEED": "7",
            "MPLCONFIGDIR": str(tmp_path),
            "TZ": "Asia/Tokyo",
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        },
    )  # fmt: skip
    assert other.stdout == first


def test_home_is_linked_only_where_there_is_one(made):
    assert b"All boards" not in page(made)
    assert b"<a href='../index.html'>All boards</a>" in page(made, home="../index.html")


def test_the_best_of_a_column_is_marked_in_words(made):
    text = page(made).decode()
    assert "title='0.255'>0.26<span class='sr'> best of its column</span>" in text
    assert text.count("best of its column") < 12


def test_provenance_tells_all(made):
    (rows,) = provenance.of(made)
    by_label = {s.row.label: p for s, p in zip(made.sections[0].rows, rows, strict=True)}
    c = by_label["shift ▸ c"]
    assert c.tasks == {"t/known": ({"n": 10},)}
    assert c.seeds == (0, 1)
    assert c.versions == {"infoharness": ("0.1.0",), "python": ("3.11.7",)}
    assert c.machines == ("m-00000001",)
    assert c.sources == {"e": ("1" * 16,), "t": ("2" * 16,), "host": ("3" * 16,)}
    assert c.failures == (("timeout", "more than 3 s\nat line 1", 2, ("t/known:c3",)),)
    assert c.notes == (("hm: 3 times", 8),)
    assert c.days == ("2026-01-02",)
    assert by_label["a"].failures == ()
    text = Reader(page(made)).text
    card = next(v for k, v in text.items() if k.startswith("s0-r") and v.startswith("shift ▸ c"))
    for word in (
        "m-00000001",
        "python 3.11.7",
        "more than 3 s",
        "at line 1",
        "hm: 3 times",
        "by = 0.5",
        "k = none",
        "t/known:c3",
    ):
        assert word in card


def test_the_command_asks_for_the_row_again(made):
    (rows,) = provenance.of(made)
    (command,) = next(
        p.commands for s, p in zip(made.sections[0].rows, rows, strict=True) if s.row.models
    )
    words = shlex.split(command)
    assert words[:2] == ["harness", "run"]
    asked = request(parser("run").parse_args(words[1:]))
    assert asked.tasks == ("t/known",)
    assert asked.models == ("m/shift",)
    assert asked.estimators == ("e/c",)
    assert asked.seeds == (0, 1)
    assert not asked.baselines
    assert asked.params == {
        "t/known": {"n": "10"}, "m/shift": {"by": "0.5"}, "e/c": {"k": "none", "on": "true", "s": "1,2"},
    }  # fmt: skip


def test_a_board_with_limits_says_them_in_the_command(record, board):
    one = board([record("a", "x", s, 1.0) for s in (1, 4)], "timeout = 60\nmemory = 500\n")
    ((made,),) = provenance.of(report.make(one))
    assert made.commands[0].endswith("--seeds 1,4 --timeout 60 --memory 500")


def test_a_task_with_two_sets_of_parameters_has_two_commands(record, board):
    params = [{"task": {"n": n}, "models": [], "estimator": {}} for n in (10, 20)]
    records = [record("a", f"x{i}", 0, 1.0, params=p) for i, p in enumerate(params)]
    ((made,),) = provenance.of(report.make(board(records)))
    assert [re.findall(r"n=(\d+)", c) for c in made.commands] == [["10"], ["20"]]


def test_verdicts_say_who_is_better(record, board):
    records = [
        record(e, f"c{i}", s, v + 0.01 * i + 0.001 * s, quantity="gain", unit="", truth=None, stderr=None)
        for e, v in (("low", 1.0), ("high", 2.0)) for i in range(6) for s in range(2)
    ]  # fmt: skip
    made = report.make(board(records))
    read = Reader(page(made))
    high, low = read.text["s0-r0"], read.text["s0-r1"]
    assert high.startswith("high")
    assert "better than low" in high
    assert "worse than high" in low
    data = json.loads(read.text["s0-pairs"])
    assert data["labels"] == ["high", "low"]
    assert data["pairs"][0][:6] == [0, 1, -1, 6, 6, 1.0]
    assert made.sections[0].leaders() == ["high"]


def test_all_kinds_of_sections(record, board):
    def scored(e, i, value, quantity, wall):
        return record(
            e,
            f"c{i}",
            0,
            value,
            quantity=quantity,
            unit="",
            truth=None,
            stderr=None,
            wall_s=wall,
            facts={"n": i},
        )

    records = [record(e, f"k{i}", 0, 1.0 + 0.1 * i) for e in "ab" for i in range(3)]
    records += [scored("slow", i, float(i), "gain", 5.0) for i in range(9)]
    records += [scored("quick", i, -float(i**2), "loss", 0.1) for i in range(9)]
    made = report.make(board(records, ALL_KINDS))
    read = Reader(page(made))
    assert {"s0", "s1", "s2"} <= set(read.text)
    assert "Said <b>before</b> the table." in read.text["s0"]
    assert "Spearman" in read.text["s2-standing"]
    assert "harness run" in read.text["s2-r0"]
    assert "e/quick" in read.text["s2-r0"]
    assert "50×" in read.text["s2-standing"]


def test_one_row_on_one_case_and_rows_without_figures(record, board):
    made = report.make(board([record("a", "x", 0, 1.5)]))
    assert "0.50" in Reader(page(made)).text["s0-standing"]
    lost = {"status": Status.CRASHED, "cause": "died", "truth": 1.0}
    made = report.make(
        board([record("a", "x", 0, None, **lost), record("b", "x", 0, None, **lost)])
    )
    assert "No row has a value yet" in page(made).decode()


def test_a_board_without_records_says_so(board):
    assert b"No results yet." in page(report.make(board([], "seeds = [0]\n")))


def test_infinite_values_and_values_that_span_everything(record, board):
    records = [
        record(e, f"c{i}", 0, v, facts={"d": i})
        for e in "ab"
        for i, v in enumerate((1e-9, 1e100, float("inf"), -1e8))
    ]
    text = Reader(page(report.make(board(records)))).text
    assert "infinite" in text["s0-cases"]
    assert "1e+100" in text["s0-cases"]


def test_long_boards_embed_their_cases_and_show_a_page(record, board):
    records = [record(e, f"c{i:03d}", 0, 1.0 + 0.01 * i) for e in "ab" for i in range(60)]
    read = Reader(page(report.make(board(records))))
    assert "c024" in read.text["s0-cases"]
    assert "c025" not in read.text["s0-cases"]
    data = json.loads(read.text["s0-cases-data"])
    assert len(data["rows"]) == 60
    assert data["size"] == casetable.PAGE


def test_json_in_a_script_element_cannot_end_it():
    text = safe_json(["</script>", "<!--", "&", "\u2028"])
    assert not re.search("[<>&\u2028]", text)
    assert json.loads(text) == ["</script>", "<!--", "&", "\u2028"]


def test_rows_that_suit_no_case_stand_apart(record, board):
    gone = {"status": Status.INCOMPATIBLE, "cause": "codes only"}
    records = [record(e, f"c{i}", 0, 1.1 + 0.1 * i) for e in "ab" for i in range(8)]
    records += [record("codes", f"c{i}", 0, **gone) for i in range(8)]
    records += [record("once", "c0", 0, 1.0)]
    made = report.make(board(records))
    read = Reader(page(made))
    assert "codes" not in read.text["s0-standing"]
    assert "once" not in read.text["s0-standing"]
    assert "Not ranked: once (ran on 1 of 8 cases; 0)." in read.text["s0"]
    assert "Without a figure on these cases: codes." in read.text["s0"]
    assert made.sections[0].finding.startswith("Cannot separate its 2 rows")


def test_the_heat_map_has_a_column_for_each_cluster(record, board):
    records = [record(e, f"c{i}", 0, 1.0 + x * i, source=f"s{i // 2}") for e, x in (("a", 0.1), ("b", 0.2))
               for i in range(6)]  # fmt: skip
    made = report.make(board(records))
    heat = heatmap.of_ranked(made.sections[0])
    assert heat.columns == (("s0", "2 cases"), ("s1", "2 cases"), ("s2", "2 cases"))
    assert [[b.text for b in boxes] for _, boxes in heat.lines] == [
        ["0.050", "0.25", "0.45"],
        ["0.10", "0.50", "0.90"],
    ]
    assert [b.level for b in heat.lines[1][1]] == [8, 4, 1]


@pytest.mark.parametrize(
    ("value", "noise", "wanted"),
    [(0.16312, None, "0.16"), (0.16312, 0.002, "0.163"), (435.47, 12.0, "440"), (0.0, None, "0"),
     (-1.0001, None, "-1.0"), (123456.0, None, "1.2e5"), (0.000012, None, "1.2e-5"), (8.2, 30.0, "8.2")],
)  # fmt: skip
def test_figures_have_the_digits_that_can_be_read(value, noise, wanted):
    assert brief(value, noise) == wanted


@pytest.mark.parametrize(
    ("value", "error", "wanted"),
    [(0.163125, 0.0123, "0.163"), (0.163125, 0.00996, "0.163"), (0.163125, 0.12, "0.16"), (123456.0, 2345.0, "123500"),
     (0.25, 1.4, "0.3"), (-0.004, 1.4, "0.0"), (2.5, 12.0, "3"), (0.163125, None, "0.1631"), (0.163125, 0.0, "0.1631"),
     (1 / 3, 1e-12, "0.333333"), (1e100, 0.1, "1e+100"), (1.234e-6, 1e-7, "1.23e-06")],
)  # fmt: skip
def test_figures_end_at_the_second_digit_of_their_error(value, error, wanted):
    assert resolved(value, error) == wanted


def test_cases_show_what_their_error_lets_read_and_hold_the_rest(record, board):
    """Three seeds 0.1 apart: a mean has the error 0.1 / sqrt(3) = 0.058; one seed has what is stated, 0.0012."""
    records = [record("a", "many", s, 1.16 + 0.1 * s) for s in range(3)]
    records += [record("b", "many", 0, 1.123456789, stderr=0.0012), record("b", "one", 0, 1.0)]
    made = report.make(board(records))
    html = page(made).decode()
    assert "title='0.26'>0.260<" in html
    assert "title='0.123457'>0.1235 <" in html
    data = json.loads(Reader(page(made)).text["s0-cases-data"])
    assert data["rows"][0][-2:] == [0.123457, 0.26]
    assert data["decimals"][0] == [4, 3]
    rows = {r["label"]: r for r in report.plain(made)["sections"][0]["rows"]}
    assert rows["b"]["by_case"][0] == 0.123457


def test_what_stands_between_backticks_is_code(record, board):
    made = report.make(board([record("a")], 'title = "T"\nabout = "`x<1>` is set"\n'))
    assert "<code>x&lt;1&gt;</code> is set" in page(made).decode()


def test_a_board_that_is_not_listed_is_not_in_the_index(record, board):
    made = report.make(board([record("a")], 'title = "Hidden"\nlisted = false\n'))
    assert "Hidden" not in site.readme([made])
    assert "Hidden" not in site.index([made]).decode()


def test_policies_are_told_against_their_controls(record, board):
    change = {"quantity": "accuracy", "unit": "", "truth": None, "stderr": None}
    records = [record(e, f"c{i}", s, v + 0.01 * s, **change) for e, v in (("new", 0.7), ("old", 0.6))
               for i in range(2) for s in range(3)]  # fmt: skip
    toml = (
        '[[sections]]\nkind = "ranking"\nquantity = "accuracy"\n[sections.controls]\nnew = "old"\n'
    )
    (section,) = report.make(board(records, toml)).sections
    assert section.finding.endswith(
        "Against its control: new +0.100 (6 of 6 runs better); 0 of 1 for sure."
    )
