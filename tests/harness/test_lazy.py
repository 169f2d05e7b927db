"""Start-up stays light, with every plugin installed."""

import json
import subprocess
import sys

import pytest

import harness

HEAVY = {
    "torch", "transformers", "datasets", "numba", "scipy", "ase", "sklearn", "pandas", "matplotlib", "pyarrow",
}  # fmt: skip


def modules_after(*words):
    code = (
        "import sys, json, io, contextlib\n"
        "from harness.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        f"    status = main({list(words)!r})\n"
        "print(json.dumps([status, sorted({m.partition('.')[0] for m in sys.modules})]))\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    status, modules = json.loads(ran.stdout)
    return status, set(modules)


@pytest.mark.parametrize(
    "words",
    [("--help",), ("list",), ("plugin", "list"), ("show", "msc"), ("plan", "--plugin", "msc")],
)
def test_no_heavy_import(words):
    status, modules = modules_after(*words)
    assert status == 0
    assert not modules & HEAVY


def test_help_needs_not_even_numpy():
    modules_after("--help")  # the verbs of plugins are remembered from here on
    _, modules = modules_after("--help")
    assert not modules & {"numpy", "networkx", "pluggy", "rich", "tabulate"}


def test_importing_the_library_costs_nothing():
    code = "import sys, harness; print(len({'numpy', 'pluggy'} & set(sys.modules)))"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout
        == "0\n"
    )


def test_names_of_the_last_release_warn():
    with pytest.warns(DeprecationWarning, match=r"harness\.calm is now harness\.single_threaded"):
        assert harness.calm is harness.single_threaded
