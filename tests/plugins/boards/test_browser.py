"""Pages in a real browser: headless Chromium, from the file system, without a network."""

import os
import shutil

import pytest

from harness.records import Status
from harness_boards import report, site
from harness_boards.page import page

playwright_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe_api = pytest.importorskip(
    "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed"
)
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
pytestmark = pytest.mark.skipif(
    not CHROMIUM, reason="no chromium on PATH, nor named by CHROMIUM: pages are not opened"
)

NASTY = "</script><script>window.hit=1</script><img src=x onerror=window.hit=1>"
SECTIONS = """
[[sections]]
kind = "accuracy"
quantity = "information"
[[sections]]
kind = "ranking"
quantity = "gain"
[[sections]]
kind = "validity"
quantity = "loss"
outcome = "e/slow"
"""


@pytest.fixture(scope="module")
def browser():
    with playwright_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def tab(browser):
    """Opens pages: ``tab(path, **context)``; at the end nothing may stand in the console, and nothing was asked for."""
    contexts, said = [], []

    def open_page(path, **context):
        contexts.append(
            browser.new_context(**{"viewport": {"width": 1400, "height": 900}, **context})
        )
        made = contexts[-1].new_page()
        made.on("console", lambda message: said.append(message.text))
        made.on("pageerror", lambda error: said.append(str(error)))
        made.on(
            "request",
            lambda asked: said.append(asked.url) if asked.url.startswith("http") else None,
        )
        made.goto(path.as_uri())
        return made

    yield open_page
    for context in contexts:
        context.close()
    assert said == []


@pytest.fixture(scope="module")
def kept():
    """What is made once."""
    return {}


@pytest.fixture
def made(record, board, kept):
    """A report with all kinds of sections, sixty cases, failures, and names that are markup."""
    if "report" not in kept:
        kept["report"] = toys(record, board)
    return kept["report"]


def toys(record, board):
    rows = [("good", 0.1), ("fair", 0.2), ("poor", 0.4)]
    records = [
        record(
            e, f"case {i} {NASTY}", s, 1 + error * (1 + i % 7) + 0.01 * s, facts={"d": 1 + i % 5, "law": NASTY},
            wall_s=1 / error, notes=(NASTY,), machine=NASTY,
            **({"status": Status.ERROR, "cause": NASTY} if e == "poor" and i % 5 == 4 else {}),
        )
        for e, error in rows for i in range(60) for s in range(2)
    ]  # fmt: skip

    def scored(e, i, value, quantity):
        return record(
            e,
            f"k{i}",
            0,
            value,
            quantity=quantity,
            unit="",
            truth=None,
            stderr=None,
            facts={"n": i},
        )

    records += [scored("slow", i, float(i), "gain") for i in range(9)] + [
        scored("late", i, 0.5 * i, "gain") for i in range(9)
    ]
    records += [scored("quick", i, 5.0 - i, "loss") for i in range(9)]
    return report.make(board(records, f'title = "Toys {NASTY}"\nabout = "{NASTY}"\n{SECTIONS}'))


@pytest.fixture
def file(made, tmp_path, kept):
    path = tmp_path / "index.html"
    if "page" not in kept:
        kept["page"] = page(made)
    path.write_bytes(kept["page"])
    return path


def column(tab, table, index):
    return tab.eval_on_selector_all(
        f"#{table} tbody tr:not([hidden])", f"rows => rows.map(r => r.cells[{index}].innerText)"
    )


def test_a_heading_sorts_by_click_and_by_key(tab, file):
    shown = tab(file)
    assert column(shown, "s0-standing", 0) == ["good", "fair", "poor"]
    error = shown.locator("#s0-standing thead th").nth(3)
    error.get_by_role("button").click()
    assert error.get_attribute("aria-sort") == "ascending"
    error.get_by_role("button").click()
    assert error.get_attribute("aria-sort") == "descending"
    assert column(shown, "s0-standing", 0) == ["poor", "fair", "good"]
    assert "descending" in shown.locator("#status").inner_text()
    row = shown.locator("#s0-standing thead th").first
    row.get_by_role("button").focus()
    shown.keyboard.press("Enter")
    assert row.get_attribute("aria-sort") == "ascending"
    assert error.get_attribute("aria-sort") is None
    assert column(shown, "s0-standing", 0) == ["fair", "good", "poor"]


def test_six_columns_are_shown_and_the_rest_on_demand(tab, file):
    shown = tab(file)
    heads = shown.locator("#s0-standing thead th:visible")
    assert heads.count() == 7  # the row's name and six figures
    shown.locator("#s0 .all input").check()
    assert heads.count() == shown.locator("#s0-standing thead th").count() > 15


def test_the_table_is_not_cut_on_the_right_at_1400_pixels(tab, file):
    shown = tab(file)
    box = shown.locator("#s0 .scroll:has(table.standing)")
    assert box.evaluate("e => e.scrollWidth <= e.clientWidth")


def test_rows_are_filtered(tab, file):
    shown = tab(file)
    shown.get_by_label("Filter rows").first.fill("FAIR")
    assert column(shown, "s0-standing", 0) == ["fair"]
    assert shown.locator("#status").inner_text() == "1 of 3 rows"
    shown.get_by_label("Filter rows").first.fill("e/")  # the full name counts, too
    assert len(column(shown, "s0-standing", 0)) == 3


def test_cases_have_pages_sort_by_size_and_are_filtered(tab, file):
    shown = tab(file)
    first = shown.locator("#s0-cases tbody").inner_html()
    pages = shown.locator("#s0-cases-pages")
    pages.get_by_text("Next").click()
    assert pages.locator("span").inner_text() == "26–50 of 60"
    pages.get_by_text("Previous").click()
    assert first.replace(" ", "").count("<tr>") == 25
    written = [c.split()[0] for c in column(shown, "s0-cases", 4)]
    shown.reload()
    assert [c.split()[0] for c in column(shown, "s0-cases", 4)] == written, (
        "the script prints figures as Python does"
    )
    heads = shown.locator("#s0-cases thead button")
    heads.nth(3).click()
    heads.nth(3).click()
    errors = [abs(float(c.split()[0])) for c in column(shown, "s0-cases", 3)]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > 0.5
    poor = shown.locator("#s0-cases thead th").nth(5)
    assert poor.inner_text() == "poor"
    poor.get_by_role("button").click()
    assert all("error" not in c for c in column(shown, "s0-cases", 5)), "what is missing comes last"
    shown.get_by_label("Filter cases").first.fill("case 59")
    assert pages.locator("span").inner_text() == "1–1 of 1"
    shown.get_by_label("Filter cases").first.fill("no such case")
    assert pages.locator("span").inner_text() == "none"


def test_a_row_opens_and_closes_by_key(tab, file, made):
    shown = tab(file)
    link = shown.locator("#s0-standing tbody a").nth(1)
    link.focus()
    shown.keyboard.press("Enter")
    dialog = shown.get_by_role("dialog", name="fair")
    assert "harness run --no-baselines --task t/known --estimator e/fair" in dialog.inner_text()
    against = [line.split("\t") for line in dialog.locator("table").inner_text().splitlines()[1:]]
    assert [(line[0], line[1]) for line in against] == [("good", "worse"), ("poor", "better")]
    verdict = made.sections[0].verdicts[0]  # of good and fair
    assert float(against[0][2].replace("+", "")) == pytest.approx(-verdict.difference, rel=1e-3)
    assert against[1][2].startswith("−")
    assert against[0][4:] == ["60", "60", "< 0.0001", "< 0.0001"]
    shown.wait_for_url("**#s0-r1")  # the browser tells its address a moment later
    dialog.get_by_role("link", name="good").click()
    shown.get_by_role("dialog", name="good").wait_for()
    shown.keyboard.press("Escape")
    shown.get_by_role("dialog").wait_for(state="hidden")
    shown.wait_for_url(lambda address: "#" not in address)  # put back once the dialog has closed
    assert shown.evaluate("document.activeElement.textContent") == "fair"
    assert shown.locator("details.row > .card").count() == shown.locator("details.row").count()


def test_an_address_opens_its_row(tab, file):
    shown = tab(file)
    shown.goto(file.as_uri() + "#s0-r2")
    shown.reload()
    shown.get_by_role("dialog", name="poor").wait_for()


def test_without_script_all_is_there_and_a_link_leads_to_the_card(tab, file):
    shown = tab(file, java_script_enabled=False)
    assert shown.locator("#s0-standing tbody tr").count() == 3
    assert not shown.get_by_label("Filter rows").first.is_visible()
    assert not shown.locator("#theme").is_visible()
    shown.locator("#s0-standing tbody a").first.click()
    shown.locator("#s0-r0").wait_for()


def test_names_that_are_markup_do_nothing(tab, file):
    shown = tab(file)
    shown.locator("#s0-cases thead button").nth(1).click()
    shown.locator("#s0-standing tbody a").nth(2).click()
    assert NASTY in shown.get_by_role("dialog").inner_text()
    assert shown.evaluate("window.hit") is None
    assert shown.locator("img").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_follow_the_scheme_until_the_button_says_otherwise(tab, file, scheme):
    shown = tab(file, color_scheme=scheme)

    def paper():
        return shown.evaluate("getComputedStyle(document.body).backgroundColor")

    light, dark = "rgb(255, 255, 255)", "rgb(20, 23, 27)"
    assert paper() == (light if scheme == "light" else dark)
    button = shown.get_by_role("button", name="Theme")
    for wanted in (light, dark, light if scheme == "light" else dark):
        button.click()
        assert paper() == wanted
    line = shown.locator("figure svg path[stroke='var(--plot-0)']").first
    assert line.evaluate("e => getComputedStyle(e).stroke").startswith(
        "rgb(0, 103" if scheme == "light" else "rgb(92, 181"
    )


@pytest.mark.parametrize("width", [320, 375, 768, 1400])
def test_the_page_never_scrolls_sideways(tab, file, width):
    shown = tab(file, viewport={"width": width, "height": 800})
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    shown.locator("#s0-standing tbody a").first.click()
    dialog = shown.get_by_role("dialog")
    assert dialog.evaluate("e => e.scrollWidth <= e.clientWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(tab, file, made, tmp_path, scheme):
    front = tmp_path / "front.html"
    front.write_bytes(site.index([made]))
    checked = tab(file, color_scheme=scheme)
    for shown in (checked, tab(front, color_scheme=scheme)):
        found = axe_api.Axe().run(shown)
        assert found.response["violations"] == [], found.generate_report()
    checked.locator("#s0-standing tbody a").nth(2).click()
    found = axe_api.Axe().run(checked)
    assert found.response["violations"] == [], found.generate_report()


def test_it_prints_without_what_only_a_screen_can_do(tab, file):
    shown = tab(file, color_scheme="dark")
    shown.emulate_media(media="print", color_scheme="dark")
    assert shown.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not shown.get_by_label("Filter rows").first.is_visible()
    assert shown.locator("#s0-standing").is_visible()
