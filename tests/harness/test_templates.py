"""``harness plugin new``: the project is whole, or nothing is written and the reason is said."""

import ast
import tomllib

import pytest

from harness import UsageError
from harness.cli import main
from harness.templates import FILES, write_project


def test_the_project_is_whole_and_nothing_in_it_is_left_to_fill_in(tmp_path):
    project = write_project("two-words", tmp_path)
    assert project == tmp_path / "harness-two-words"
    files = {
        f.relative_to(project).as_posix(): f.read_text() for f in project.rglob("*") if f.is_file()
    }
    assert set(files) == {place.replace("$module", "harness_two_words") for place in FILES.values()}
    for name, text in files.items():
        assert "$name" not in text
        assert "$module" not in text
        if name.endswith(".py"):
            ast.parse(text)
    declared = tomllib.loads(files["pyproject.toml"])
    assert declared["project"]["entry-points"]["harness"] == {"two-words": "harness_two_words"}
    assert "${{ matrix.python }}" in files[".github/workflows/tests.yml"]
    assert list(tmp_path.iterdir()) == [project]


@pytest.mark.parametrize(
    "name", ["", "Demo", "my_demo", "a b", "-a", "a-", "a--b", "1st", "../up", "a/b", "é", "a.b"]
)
def test_names_that_are_none(tmp_path, name):
    with pytest.raises(UsageError, match="wanted lower case letters"):
        write_project(name, tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_prefix_is_not_doubled(tmp_path):
    with pytest.raises(UsageError, match="wanted 'demo'"):
        write_project("harness-demo", tmp_path)


def test_nothing_is_overwritten(tmp_path):
    target = tmp_path / "harness-demo"
    target.mkdir()
    assert write_project("demo", tmp_path) == target
    mine = target / "README.md"
    mine.write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        write_project("demo", tmp_path)
    assert mine.read_text() == "mine"
    (tmp_path / "harness-file").write_text("a file")
    with pytest.raises(UsageError, match="is there already"):
        write_project("file", tmp_path)


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="name a writable folder with --into"):
        write_project("demo", tmp_path / "file" / "deeper")


def test_the_verb(tmp_path, capsys, toy, monkeypatch):
    assert main(["plugin", "new", "demo", "--into", str(tmp_path / "new" / "place")]) == 0
    said = capsys.readouterr()
    assert said.out.strip() == str(tmp_path / "new" / "place" / "harness-demo")
    assert "harness plugin check demo" in said.err
    assert main(["plugin", "new", "demo", "--into", str(tmp_path / "new" / "place")]) == 2
    assert main(["plugin", "new", "toy", "--into", str(tmp_path)]) == 2
    assert "'toy' is taken" in capsys.readouterr().err
    assert main(["plugin", "check", "toi"]) == 2
    assert "did you mean toy" in capsys.readouterr().err
    assert main(["plugin", "nwe"]) == 2
    assert "'new'" in capsys.readouterr().err
