"""The wheel is complete: installed away from the source tree, it does the main job."""

import json
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
CORE = {"networkx", "numpy", "pluggy", "rich", "tabulate"}


@pytest.fixture(scope="module")
def bare(fresh_environment, host_wheel):
    """The host with its core dependencies only."""
    return fresh_environment(host_wheel)


@pytest.fixture(scope="module")
def with_atoms(fresh_environment, host_wheel):
    """The host as ``pip install infoharness[atoms]`` gives it."""
    return fresh_environment(host_wheel, extras=["atoms"])


def test_the_wheel_holds_every_file_of_every_package_and_no_other(host_wheel):
    wanted = set()
    for root in (ROOT, ROOT / "plugins", ROOT / "tasks"):
        for package in root.iterdir():
            if package.name == "harness" or (
                package.name.startswith("harness_") and package.is_dir()
            ):
                wanted |= {
                    file.relative_to(root).as_posix()
                    for file in package.rglob("*")
                    if file.is_file() and "__pycache__" not in file.parts
                }
    with zipfile.ZipFile(host_wheel) as archive:
        found = {name for name in archive.namelist() if ".dist-info/" not in name}
        licences = [name for name in archive.namelist() if name.endswith("LICENSE")]
    assert found == wanted
    assert licences


@pytest.mark.parametrize(
    "name", ["plugins", "tasks", "leaderboards", "examples", "benchmarks", "tests"]
)
def test_folders_of_the_source_tree_are_no_packages(bare, name):
    done = bare.run(bare.python, "-c", f"import {name}")
    assert done.returncode == 1
    assert f"ModuleNotFoundError: No module named '{name}'" in done.stderr


def test_the_host_runs_with_its_core_dependencies(bare):
    where = bare.run(bare.python, "-c", "import harness; print(harness.__file__)").stdout.strip()
    assert Path(where).is_relative_to(bare.site)
    for words in (["--help"], ["--version"], ["list"], ["plugin", "list"]):
        done = bare.run("harness", *words)
        assert done.returncode == 0, done.stderr
        assert done.stdout
    listed = bare.run("harness", "plugin", "list", "--format", "json").stdout.splitlines()
    plugins = {row["name"]: row for row in map(json.loads, listed)}
    assert {"atoms", "msc"} <= set(plugins)
    for row in plugins.values():
        assert row["state"] == "ok"
        assert row["distribution"] == "infoharness"
        assert Path(row["location"]).is_relative_to(bare.site)
    assert plugins["atoms"]["fix"] == "pip install 'infoharness[atoms]'"
    doctor = bare.run("harness", "doctor")
    assert doctor.returncode == 1
    assert "pip install 'infoharness[atoms]'" in doctor.stdout


def test_what_is_missing_is_named_with_its_command(bare):
    done = bare.run("harness", "run", "--plugin", "msc", "--task", "colabfit", "--format", "json")
    assert done.returncode == 1
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert records
    assert {r["status"] for r in records} == {"missing-dependency"}
    assert all("pip install 'infoharness[atoms]'" in r["cause"] for r in records)


def test_the_main_job_runs_from_the_wheel(with_atoms):
    # One of the embedded data sets: most of the time here is spent compiling for the first time.
    job = [
        "harness",
        "run",
        "--plugin",
        "msc",
        "--task",
        "colabfit",
        "--set",
        "colabfit.dataset=copper",
    ]
    done = with_atoms.run(*job, "--format", "json")
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr + "\n".join(sorted({str(r["cause"]) for r in records}))
    assert {"msc/msc", "msc/random", "msc/k-means", "msc/mean-fps", "msc/fps"} <= {
        r["estimator"] for r in records
    }
    assert {r["status"] for r in records} <= {"ok", "incompatible"}
    selected = [r for r in records if r["estimator"] == "msc/msc"]
    assert {r["status"] for r in selected} == {"ok"}
    assert all(r["scores"] for r in selected)
    again = with_atoms.run(*job)
    assert again.returncode == 0
    assert "0 computed" in again.stderr
    assert "msc" in again.stdout
