"""Wheels, and environments of their own that hold nothing but what the wheels declare."""

import email
import importlib.metadata
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
LEFT_BEHIND = shutil.ignore_patterns(
    ".*",
    "__pycache__",
    "*.egg-info",
    "build",
    "dist",
    "tests",
    "benchmarks",
    "docs",
    "examples",
    "leaderboards",
)


def build_wheel(project, folder):
    """The wheel of a project, built from a copy: a build leaves files behind, and finds old ones."""
    copy, out = folder / "source", folder / "dist"
    shutil.copytree(project, copy, ignore=LEFT_BEHIND)
    done = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, copy],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, (
        f"{done.stdout}{done.stderr}\nthe extra 'test' brings what a build needs"
    )
    (wheel,) = out.glob("*.whl")
    return wheel


def closure(requirements):
    """The installed distributions that the requirements need, and what those need in turn."""
    found, seen, todo = {}, set(), [Requirement(str(r)) for r in requirements]
    while todo:
        wanted = todo.pop()
        distribution = importlib.metadata.distribution(wanted.name)
        found[distribution.name] = distribution
        for extra in {"", *wanted.extras} - {e for name, e in seen if name == distribution.name}:
            seen.add((distribution.name, extra))
            for text in distribution.requires or ():
                needed = Requirement(text)
                marked = needed.marker is not None and "extra" in str(needed.marker)
                if (
                    needed.marker is None or needed.marker.evaluate({"extra": extra})
                ) and marked == bool(extra):
                    todo.append(needed)
    return list(found.values())


def requirements(wheel, extras=()):
    """What a wheel says it needs."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [n for n in archive.namelist() if n.endswith(".dist-info/METADATA")]
        lines = email.message_from_bytes(archive.read(name)).get_all("Requires-Dist")
    needed = [Requirement(line) for line in lines]
    return [
        r
        for r in needed
        if r.marker is None or any(r.marker.evaluate({"extra": extra}) for extra in ("", *extras))
    ]


@dataclass
class Environment:
    """A fresh environment: its folder, and commands run in it away from the source tree."""

    folder: Path

    @property
    def python(self):
        return self.folder / "bin" / "python"

    @property
    def site(self):
        return Path(
            sysconfig.get_path(
                "purelib", vars={"base": str(self.folder), "platbase": str(self.folder)}
            )
        )

    def run(self, *words, cwd=None, **variables):
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        kept = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith(("PYTHON", "HARNESS", "VIRTUAL", "XDG", "COV"))
        }
        return subprocess.run(
            list(map(str, words)),
            cwd=cwd or home,
            env=kept
            | {"HOME": str(home), "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"}
            | variables,
            capture_output=True,
            text=True,
            timeout=600,
        )

    def add_dependencies(self, distributions):
        """Let it see these distributions of the running environment, and no other."""
        shelf = self.folder / "dependencies"
        shelf.mkdir(exist_ok=True)
        for distribution in distributions:
            for top in {file.parts[0] for file in distribution.files} - {"..", "__pycache__"}:
                if not (shelf / top).exists():
                    (shelf / top).symlink_to(Path(distribution.locate_file(top)))
        (self.site / "dependencies.pth").write_text(f"{shelf}\n")

    def install(self, *wheels):
        """Install wheels with pip, from these files alone; what they require must be there already."""
        pip = [sys.executable, "-m", "pip", "--python", self.python, "--disable-pip-version-check"]
        for step in (["install", "--quiet", "--no-index", "--no-deps", *wheels], ["check"]):
            done = self.run(*pip, *step)
            assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def wheel_of(tmp_path_factory):
    """Build the wheel of a project folder."""
    return lambda project: build_wheel(project, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def host_wheel(wheel_of):
    """The wheel of this repository."""
    return wheel_of(ROOT)


@pytest.fixture(scope="session")
def fresh_environment(tmp_path_factory):
    """Make an environment with wheels and with what they, and further requirements, need."""

    def make(*wheels, extras=(), further=()):
        folder = tmp_path_factory.mktemp("environment")
        venv.create(folder, symlinks=True)
        environment = Environment(folder)
        own = {wheel.name.partition("-")[0].replace("_", "-") for wheel in wheels}
        needed = [r for wheel in wheels for r in requirements(wheel, extras) if r.name not in own]
        environment.add_dependencies(closure([*needed, *further]))
        environment.install(*wheels)
        return environment

    return make
