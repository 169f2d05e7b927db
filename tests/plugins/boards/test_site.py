"""The front page, the index in Markdown, and the folder for a static host."""

import threading
import urllib.error
import urllib.request

import pytest

from harness.errors import UsageError
from harness_boards import report, site
from harness_boards.page import page


@pytest.fixture
def boards(record, board):
    """Two boards; the second has names that are markup."""
    one = board(
        [
            record(e, f"c{i}", 0, 1.0 + v * (i + 1))
            for e, v in (("a", 0.1), ("b", 0.3))
            for i in range(3)
        ],
        name="one",
    )
    two = board(
        [record("a", "x", 0, 1.1)],
        'title = "T|w_o*<i>"\nabout = "First.\\n\\nSecond."\n',
        name="two",
    )
    return one, two


def test_a_card_for_each_board(boards):
    text = site.index([report.make(b) for b in boards]).decode()
    assert text.count("class='board'") == 2
    assert "<a href='one/index.html'>Toys</a>" in text
    assert "Cannot rank its 2 rows: 3 independent clusters" in text
    assert "6 results, the newest of 2026-01-02" in text
    assert "T|w_o*&lt;i&gt;" in text
    assert "First." in text
    assert "Second." not in text
    assert "No board yet" in site.index([]).decode()


def test_the_markdown_index_escapes_and_links(boards):
    text = site.readme([report.make(b) for b in boards])
    assert "| [Toys](one/table.md) | information: Cannot rank its 2 rows:" in text
    assert r"[T\|w\_o\*&lt;i>](two/table.md)" in text
    assert text.endswith(" |\n")


def test_the_front_page_tells_first_what_could_be_told(board, record):
    """A section that cannot rank its rows comes first on the board, and second on its card."""
    records = [record(e, "x", 0, 1.1) for e in "ab"] + [
        record("c", f"k{i}", 0, 1.0, quantity="loss", unit="") for i in range(2)
    ]
    sections = "".join(
        f'[[sections]]\nkind = "accuracy"\nquantity = "{q}"\n' for q in ("information", "loss")
    )
    made = report.make(board(records, f'about = "Words of E. Rosch. More."\n{sections}'))
    assert [s.finding.startswith("Cannot") for s in made.sections] == [True, False]
    text = site.index([made]).decode()
    assert "<p>Words of E. Rosch.</p>" in text
    assert text.index("loss:") < text.index("<summary>1 further finding</summary>")
    assert text.index("further finding") < text.index("Cannot rank")


def test_the_folder_holds_all_files_and_is_the_same_again(boards, tmp_path):
    pages = site.build(boards, tmp_path / "site")
    assert [str(p.relative_to(tmp_path / "site")) for p in pages] == [
        "index.html",
        "one/index.html",
        "two/index.html",
    ]
    files = sorted(p for p in (tmp_path / "site").rglob("*") if p.is_file())
    names = {str(p.relative_to(tmp_path / "site")) for p in files}
    assert {
        "one/table.csv",
        "one/board.json",
        "one/table.md",
        "one/table.tex",
        "two/board.json",
    } <= names
    before = {p: p.read_bytes() for p in files}
    site.build(boards, tmp_path / "site")
    assert {p: p.read_bytes() for p in files} == before
    assert pages[1].read_bytes() == page(report.make(boards[0]), home="../index.html")


def test_the_server_shows_it_on_loopback_only(boards, tmp_path):
    site.build(boards, tmp_path / "site")
    with site.server(tmp_path / "site", 0) as running:
        assert running.server_address[0] == "127.0.0.1"
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        try:
            address = f"http://127.0.0.1:{running.server_port}/"
            with urllib.request.urlopen(address) as answer:
                assert answer.read() == (tmp_path / "site" / "index.html").read_bytes()
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(address + "../boards.py")
            caught.value.close()
            with pytest.raises(UsageError, match=f"port {running.server_port} of 127.0.0.1"):
                site.server(tmp_path / "site", running.server_port)
        finally:
            running.shutdown()
            thread.join()


def test_what_is_not_there_or_cannot_be_a_port_is_said(tmp_path):
    with pytest.raises(UsageError, match="harness board site"):
        site.server(tmp_path, 0)
    (tmp_path / "index.html").touch()
    with pytest.raises(UsageError, match="port 70000"):
        site.server(tmp_path, 70000)


def test_ctrl_c_ends_it_quietly(tmp_path, monkeypatch, capsys):
    (tmp_path / "index.html").touch()

    def interrupted(self):
        raise KeyboardInterrupt

    monkeypatch.setattr("http.server.ThreadingHTTPServer.serve_forever", interrupted)
    site.serve(tmp_path, 0)
    out = capsys.readouterr()
    assert "http://127.0.0.1:" in out.err
    assert "Ctrl-C ends it" in out.err
    assert out.out == ""
