"""What `make mutants` is told exists: it runs outside of the suite."""

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = tomllib.loads((ROOT / "tests" / "mutants.toml").read_text())["module"]


@pytest.mark.parametrize("name", MODULES)
def test_modules_tests_and_explained_lines_are_there(name):
    package, *rest = name.split(".")
    source = ROOT / "plugins" / package / Path(*rest).with_suffix(".py")
    lines = {line.strip() for line in source.read_text().splitlines()}
    given = MODULES[name]
    files = [t for t in given["tests"] if t.endswith(".py")]
    assert files
    assert all((ROOT / t).is_file() for t in files)
    for known in given.get("equivalent", []):
        assert known["before"] in lines
        assert known["before"] != known["after"]
        assert known["why"]
