"""The way of a stranger: scaffold a plugin, build it, install it beside the host's wheel, check, test and run it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HELLO = Path(__file__).parents[2] / "examples" / "harness-hello"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A scaffolded project."""
    folder = tmp_path_factory.mktemp("scaffold")
    done = subprocess.run(
        [sys.executable, "-m", "harness", "plugin", "new", "my-demo", "--into", folder],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(folder / "harness-my-demo")
    return folder / "harness-my-demo"


@pytest.fixture(scope="module")
def stranger(fresh_environment, host_wheel, wheel_of, project):
    """The host and two third-party plugins from their wheels, with pytest and nothing else."""
    return fresh_environment(host_wheel, wheel_of(project), wheel_of(HELLO), further=["pytest"])


def records(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(("name", "offers"), [("my-demo", (1, 0, 1)), ("hello", (2, 1, 1))])
def test_it_is_listed(stranger, name, offers):
    rows = {
        row["name"]: row
        for row in records(stranger.run("harness", "plugin", "list", "--format", "json"))
    }
    row = rows[name]
    assert (row["state"], row["version"], row["distribution"]) == ("ok", "0.1.0", f"harness-{name}")
    assert Path(row["location"]).is_relative_to(stranger.site)
    assert tuple(row["components"][role] for role in ("estimator", "model", "task")) == offers


@pytest.mark.parametrize("name", ["my-demo", "hello"])
def test_it_conforms_without_a_check_left_out(stranger, name):
    done = stranger.run("harness", "plugin", "check", name, "--format", "json")
    verdicts = records(done)
    assert done.returncode == 0, [v for v in verdicts if v["result"] == "failed"]
    assert {v["result"] for v in verdicts} == {"passed"}
    assert {"units", "bad-data", "fresh-process"} <= {v["check"] for v in verdicts}


@pytest.mark.parametrize("name", ["my-demo", "hello"])
def test_its_own_tests_pass_against_the_installed_package(stranger, project, tmp_path, name):
    source = project if name == "my-demo" else HELLO
    # Only the tests: the package comes from the wheel.
    shutil.copytree(
        source / "tests", tmp_path / "tests", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(source / "pyproject.toml", tmp_path)
    done = stranger.run(
        stranger.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout
    assert "skipped" not in done.stdout


def test_the_scaffold_runs_and_finds_the_truth(stranger):
    done = stranger.run(
        "harness", "run", "--plugin", "my-demo", "--seeds", "0:3", "--format", "json"
    )
    assert done.returncode == 0, done.stderr
    found = records(done)
    assert {r["case"] for r in found} == {"d1", "d2", "d5"}
    assert len(found) == 9
    for record in found:
        assert record["status"] == "ok"
        assert abs(record["error"]) < 5 * record["stderr"]
    assert (
        "0 computed, 9 taken from the store"
        in stranger.run("harness", "run", "--plugin", "my-demo", "--seeds", "0:3").stderr
    )


def test_hello_runs_through_its_kind_its_model_and_its_watcher(stranger, tmp_path):
    log = tmp_path / "log"
    done = stranger.run(
        "harness", "run", "--plugin", "hello", "--format", "json", HARNESS_HELLO_LOG=str(log)
    )
    assert done.returncode == 0, done.stderr
    found = records(done)
    assert {(tuple(r["models"]), r["estimator"], r["quantity"]) for r in found} == {
        ((), "hello/neighbours", "spin_entropy"),
        (("hello/bonds",), "hello/counts", "mutual_information"),
    }
    assert all(abs(r["error"]) < 0.05 for r in found)
    assert log.read_text() == "hello: 8 computed, 0 cached\n"


def test_a_broken_neighbour_stops_nobody(stranger, tmp_path):
    (tmp_path / "broken_neighbour.py").write_text("import not_there\n")
    info = tmp_path / "broken_neighbour-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-neighbour\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[harness]\nneighbour = broken_neighbour\n")
    listed = stranger.run("harness", "plugin", "list", "--format", "json", PYTHONPATH=str(tmp_path))
    rows = {row["name"]: row for row in records(listed)}
    assert rows["neighbour"]["state"] == "import-failed"
    assert rows["neighbour"]["fix"].startswith("pip install not_there")
    done = stranger.run(
        "harness", "run", "--plugin", "my-demo", "--format", "json", PYTHONPATH=str(tmp_path)
    )
    assert done.returncode == 0
    checked = stranger.run("harness", "plugin", "check", "neighbour", PYTHONPATH=str(tmp_path))
    assert checked.returncode == 1
    assert "pip install not_there" in checked.stdout
