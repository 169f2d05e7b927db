"""The plugin of docs/writing-a-plugin.md is what the page says: its files make a project that conforms."""

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from harness import DataError, stream
from harness.templates import write_project
from harness.testing import sample

PAGE = Path(__file__).parents[2] / "docs" / "writing-a-plugin.md"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The scaffold with the page's files over it, and the ``dist-info`` that an installation would leave."""
    project = write_project("spacings", tmp_path_factory.mktemp("page"))
    text = PAGE.read_text(encoding="utf-8")
    for gone in (
        re.search(r"Delete (.*?), and write", text).group(1).replace(" and ", ", ").split(", ")
    ):
        file = gone.strip("`")
        (project / file if "/" in file else project / "harness_spacings" / file).unlink()
    files = re.findall(r"```python\n# (\S+\.py)\n(.*?)```", text, re.DOTALL)
    assert len(files) == 7
    for name, code in files:
        (project / name).write_text(code)
    assert (
        re.search(r"```toml\n(.*?)```", text, re.DOTALL).group(1)
        in (project / "pyproject.toml").read_text()
    )
    info = project / "harness_spacings-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: harness-spacings\nVersion: 0.1.0\n"
    )
    (info / "entry_points.txt").write_text("[harness]\nspacings = harness_spacings\n")
    return project


def run(project, *words):
    path = os.pathsep.join([str(project), *filter(None, sys.path)])
    return subprocess.run(
        [sys.executable, "-m", *words],
        capture_output=True,
        text=True,
        cwd=project,
        env=os.environ | {"PYTHONPATH": path, "HARNESS_STORE": str(project / "store.sqlite")},
    )


def test_it_conforms_and_its_tests_pass(project):
    checked = run(project, "harness", "plugin", "check", "spacings")
    assert checked.returncode == 0, checked.stdout
    assert "0 failed" in checked.stderr
    tested = run(project, "pytest", "-q", "-p", "no:cacheprovider")
    assert tested.returncode == 0, tested.stdout


def test_it_finds_what_its_task_knows(project):
    done = run(
        project,
        "harness",
        "run",
        "--plugin",
        "spacings",
        "--task",
        "spacings/*",
        "--seeds",
        "0:4",
        "--workers",
        "0",
    )
    assert done.returncode == 0, done.stderr
    assert "12 computed" in done.stderr


def test_its_kind_does_what_it_says(project, monkeypatch):
    monkeypatch.syspath_prepend(project)
    kind = importlib.import_module("harness_spacings.kinds").Arrivals
    data = sample(kind, stream(0))
    assert data.n == 48
    assert data.take([3, 3]).times.size == 12
    with pytest.raises(DataError, match="at row 4: an earlier time"):
        kind(np.array([0.0, 5.0, 1.0, 2.0, 1.5]), np.array([0, 2, 5]))
