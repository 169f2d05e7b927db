"""The README and the docs, run as a user would."""

import doctest
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent.parent


def blocks(page, language):
    return re.findall(
        rf"```{language}\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL
    )


@pytest.mark.parametrize(("page", "least"), [("library.md", 20), ("your-data.md", 12)])
def test_the_pages_on_python_run(page, least):
    failed, tried = doctest.testfile(
        str(ROOT / "docs" / page),
        module_relative=False,
        optionflags=doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL,
    )
    assert tried > least
    assert failed == 0


def test_the_readmes_python_runs():
    (code,) = blocks("README.md", "python")
    names = {}
    exec(compile(code, "README.md", "exec"), names)
    assert {r.estimator for r in names["records"]} > {"msc/msc", "msc/random"}


COMMANDS = [
    line.partition("  #")[0].strip()
    for page in ("README.md", "docs/getting-started.md")
    for block in blocks(page, "sh")
    for line in block.splitlines()
    if line.startswith("harness ")
]


@pytest.mark.parametrize("line", sorted(set(COMMANDS)))
def test_every_command_of_the_readme_is_understood(line, tmp_path):
    """Runs are planned, not computed, here; data files of the user's are left out."""
    # A job of Slurm knows its number.
    words = shlex.split(line.replace("$SLURM_ARRAY_TASK_ID", "3"))[1:]
    if "train.extxyz" in line:
        words = [w for w in words if not w.startswith("colabfit.dataset") and w != "--set"]
    if words[0] == "run":
        words.append("--dry-run")
    elif words[0] in ("results", "verify", "store", "board", "layers"):
        words = [*words[:1], "--help"]
    elif words[0] in ("select", "measure", "hard", "graph"):
        _users_files(tmp_path)
    ran = subprocess.run(
        [sys.executable, "-m", "harness", *words],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert ran.returncode in ((0, 1) if words[0] == "doctor" else (0,)), ran.stderr


def _users_files(folder):
    """Small files under the names that the README gives."""
    ase, io = pytest.importorskip("ase"), pytest.importorskip("ase.io")
    rng = np.random.default_rng(0)
    places = [np.eye(4, 3) * 3 + rng.normal(size=(4, 3)) * (0.1 + 0.02 * i) for i in range(20)]
    frames = [ase.Atoms("Cu4", p, cell=9 * np.eye(3), pbc=True) for p in places]
    io.write(folder / "train.extxyz", frames)
    rows = [",".join(map(str, row)) for row in rng.normal(size=(60, 4))]
    (folder / "data.csv").write_text("\n".join(["a,b,c,d", *rows]) + "\n")
    rows = [f"{'good' if i % 2 else 'bad'} thing {i},{i % 2}" for i in range(40)]
    (folder / "reviews.csv").write_text("\n".join(["comment,stars", *rows]) + "\n")
    near = rng.random((90, 90)) < np.where(np.equal.outer(*[np.arange(90) % 3] * 2), 0.2, 0.02)
    ends = [f"{a},{b}" for a, b in np.argwhere(np.triu(near, 1))]
    rows = [f"{rng.normal()},{rng.normal()}" for _ in range(90)]
    for name, head, lines in (
        ("edges", "source,target", ends),
        ("f", "a,b", rows),
        ("y", "label", [str(i % 3) for i in range(90)]),
    ):
        (folder / f"{name}.csv").write_text("\n".join([head, *lines]) + "\n")


def test_the_two_commands_of_the_readme_are_in_the_makefile():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "harness run --plugin msc --task colabfit" in makefile
    assert re.search(r"^demo:.*\n\t.*harness run", makefile, re.MULTILINE)
    assert re.search(r"^test:.*\n\t.*pytest", makefile, re.MULTILINE)
