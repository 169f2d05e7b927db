"""What is printed fits the width there is: broken at words, and nothing of it lost."""

import re

import pytest

from harness.cli import main
from harness.registry import load

WIDTHS = [60, 80, 100, 120, 140, 200]
VERBS = [
    ("list",),
    ("list", "--all"),
    ("show", "ksg"),
    ("show", "nui"),
    ("show", "colabfit"),
    ("show", "hf-classifier"),
]


@pytest.fixture(scope="module", autouse=True)
def _loaded_once():
    known = load()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.cli.options.load", lambda **_: known)
        yield


def printed(width, words, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(width))
    assert main(list(words)) == 0
    out = capsys.readouterr().out
    wide = [line for line in out.splitlines() if len(line) > width]
    # What holds no blank, such as an address, cannot be broken.
    assert not [line for line in wide if " " in line.strip()], wide
    return out


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_what_is_listed_and_shown_fits_and_holds_the_same_words(words, width, monkeypatch, capsys):
    out = printed(width, words, monkeypatch, capsys)
    if words != ("list",):  # a line per plugin, however narrow it is
        wide = printed(1000, words, monkeypatch, capsys)
        assert sorted(out.split()) == sorted(wide.split())


@pytest.mark.parametrize("width", WIDTHS)
def test_the_overview_has_a_line_for_each_plugin_of_whole_phrases(width, monkeypatch, capsys):
    lines = printed(width, ("list",), monkeypatch, capsys).splitlines()
    wide = printed(1000, ("list",), monkeypatch, capsys).splitlines()
    below = lines.index("")
    assert len(lines[:below]) == len(wide[: wide.index("")])
    for line, whole in zip(lines[1:below], wide[1:], strict=False):
        assert whole.startswith(line.removesuffix(" …"))
        assert re.match(r"$|[\s,;:.]", whole[len(line.removesuffix(" …")) :])


@pytest.mark.parametrize("width", [60, 80, 160])
def test_tables_in_a_pipe_follow_columns(command, environment, width):
    environment["COLUMNS"] = str(width)
    job = [w for e in ("mean", "noise", "global-noise") for w in ("--estimator", e)]
    ran = command("run", "--task", "normals", *job, "--seeds", "0:3")
    shown = command("results")
    assert (ran.returncode, shown.stdout) == (0, ran.stdout)
    widest = max(map(len, ran.stdout.splitlines()))
    assert widest <= width
    assert (widest <= 60) == (width == 60)  # a page has room for all columns
    csv = command("results", "--format", "json").stdout.splitlines()
    assert len(csv) == 27
