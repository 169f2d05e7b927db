"""The page of what changed between two versions of a board."""

import argparse
import shutil

import pytest

from harness_boards import command


@pytest.fixture
def page(capsys):
    """The page for two folders."""

    def make(old, new):
        args = argparse.Namespace(what="diff", old=old, new=new, format="html")
        assert command.run(args) == 0
        return capsys.readouterr().out

    return make


def test_what_moved_stands_with_its_interval_and_nothing_else(board, record, tmp_path, page):
    def records(moved):
        return [
            record(who, f"c{i}", value=1.0 + off + 0.01 * i)
            for who, off in (("stays", 0.1), ("moves", moved))
            for i in range(8)
        ]

    toml = '[[sections]]\nkind = "accuracy"\nquantity = "information"\n'
    made = board(records(0.5), toml)
    old = tmp_path / "old"
    shutil.copytree(made.folder, old / made.name)
    assert "No row changed" in page(old, made.folder.parent)
    now = board(records(0.2), toml)
    said = page(old, now.folder.parent)
    assert "1 row changed" in said
    row = next(line for line in said.splitlines() if "moves" in line)
    assert "0.5350 [" in row
    assert "0.2350 [" in row
    assert "stays" not in said
