"""Overview sections: measures side by side, nothing ranked."""

from harness_boards import page, report, site

TOML = '[[sections]]\nkind = "overview"\ntitle = "side by side"\nabout = "What is what."\n'


def made(board, record):
    gain = {"quantity": "gain", "unit": "", "truth": None, "stderr": None}
    records = [record("a", c, s, 1.0 + s) for c in ("one", "<two>") for s in (0, 2)]
    records += [record("b", c, s, 5.0, **gain) for c in ("one", "<two>") for s in (0, 2)]
    return report.make(board(records, TOML))


def test_means_and_spreads_by_case(board, record):
    one = made(board, record)
    text = one.files()["table.md"].decode()
    row = next(line for line in text.splitlines() if line.startswith("| one"))
    assert [cell.strip() for cell in row.strip("|").split("|")] == [
        "one",
        "2.000 ± 1.4",
        "5.000 ± 0",
    ]
    section = report.plain(one)["sections"][0]
    assert section["tables"][0]["cases"]["one"] == [[2.0, 1.41421], [5.0, 0.0]]
    assert b"side by side,overview,one,,a,value,2.0" in one.files()["table.csv"]


def test_it_stands_on_the_page_and_leads_nowhere(board, record):
    one = made(board, record)
    html = page.page(one).decode()
    assert "<h2 id='s0-title'>side by side</h2>" in html
    assert "&lt;two&gt;" in html
    assert "<two>" not in html
    assert "no row yet" not in site.readme([one])


def test_facts_drawn_with_the_data_may_differ_by_seed(board, record):
    records = [
        record(e, "one", s, facts={"n": 10, "drawn": s}, truth=1.0 + s)
        for e in "ab"
        for s in (0, 1)
    ]
    (section,) = report.make(board(records)).sections
    assert section.rows[0].done == 2
