"""A board of 100,000 results: building it and its page, and opening and sorting the page in
Chromium.
"""

from __future__ import annotations

import itertools
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import synthetic

ROWS, CASES, SEEDS = 50, 400, 5
STEPS = ("import", "records and statistics", "tables and board.json", "page", "write")
BUILD = """
import resource, sys, time
laps = []
def lap():
    laps.extend((time.perf_counter(), time.process_time()))
lap()
from pathlib import Path
from harness_boards import definition, page, report
board = definition.load(Path(sys.argv[1]))
lap()
made = report.make(board)
lap()
files = made.files()
lap()
content = page.page(made)
lap()
for name, text in {**files, "index.html": content}.items():
    (board.folder / name).write_bytes(text)
lap()
print(*laps, len(content) / 2**20, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10)
"""
"""One process: what `harness board build` does."""


def build(folder: Path) -> tuple[list[tuple[float, float]], float, float]:
    """Wall and CPU seconds of the steps, size of the page and peak memory (MiB), in a process
    of its own.
    """
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(folder)], check=True, capture_output=True, text=True
    )
    *laps, size, peak = map(float, done.stdout.split())
    walls, cpus = ([b - a for a, b in itertools.pairwise(laps[k::2])] for k in (0, 1))
    return list(zip(walls, cpus, strict=True)), size, peak


def browse(page: Path, chromium: str) -> dict[str, float]:
    """Milliseconds until the page stands, and of a sort, a filter and an opened row until they
    are painted.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        opened = []
        for _ in range(
            5
        ):  # in new tabs of a browser that runs already; the median, for other work comes between
            tab = browser.new_page()
            start = time.perf_counter()
            tab.goto(page.as_uri())
            tab.evaluate(PAINTED.format(""))
            opened.append((time.perf_counter() - start) * 1e3)
        found = {"open": statistics.median(opened)}
        for name, action in (
            (
                "sort the standing",
                "document.querySelectorAll('table.standing thead button')[3].click()",
            ),
            ("sort the cases", "document.querySelectorAll('table.cases thead button')[6].click()"),
            ("filter the cases", TYPED),
            ("open a row", "document.querySelector('table.standing tbody a').click()"),
        ):
            found[name] = tab.evaluate(PAINTED.format(action))
        browser.close()
    return found


PAINTED = """async () => {{
  const start = performance.now();
  {};
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - start;
}}"""
TYPED = """const input = document.getElementById('s0-cases-filter');
  input.value = 'case-1 law-2';
  input.dispatchEvent(new Event('input'))"""


def main() -> None:
    """Print figures and budgets."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / "made-up"
        count = synthetic.make(folder, ROWS, CASES, SEEDS)
        laps, size, peak = build(folder)
        rows: list[tuple[str, float, float | None]] = []
        for name, (wall, cpu) in zip(STEPS, laps, strict=True):
            rows += [(f"{name}, s", wall, None), (f"{name}, CPU s", cpu, None)]
        rows.append(("build, all of it, s", sum(wall for wall, _ in laps), 5.0))
        rows += [("build, all of it, CPU s", sum(cpu for _, cpu in laps), 5.0)]
        rows += [("peak memory, MiB", peak, 1024.0), ("page, MiB", size, None)]
        if chromium:
            rows += [
                (f"{name}, ms", ms, 1000.0)
                for name, ms in browse(folder / "index.html", chromium).items()
            ]
    print(f"{count} results: {ROWS} rows, {CASES} cases, {SEEDS} seeds")
    for name, value, budget in rows:
        limit = "" if budget is None else f"  (budget {budget:g}, {value / budget:.0%} of it)"
        print(f"{name:36} {value:8.3f}{limit}")
    if not chromium:
        print("no chromium: the page was not opened")


if __name__ == "__main__":
    main()
