"""What ``harness plugin new`` writes: a small plugin project that passes the conformance suite."""

from __future__ import annotations

import importlib.resources
import re
import tempfile
from pathlib import Path
from string import Template

import harness
from harness.errors import UsageError

FILES = {
    "pyproject.toml.txt": "pyproject.toml",
    "README.md.txt": "README.md",
    "gitignore.txt": ".gitignore",
    "workflow.yml.txt": ".github/workflows/tests.yml",
    "specs.py.txt": "$module/__init__.py",
    "settings.py.txt": "$module/settings.py",
    "gaussian.py.txt": "$module/gaussian.py",
    "normal.py.txt": "$module/normal.py",
    "test_conformance.py.txt": "tests/test_conformance.py",
    "test_gaussian.py.txt": "tests/test_gaussian.py",
}
"""Template and place in the project, by `string.Template`."""

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def write_project(name: str, into: Path) -> Path:
    """Write the project ``harness-NAME`` into a folder, whole or not at all; where it lies.

    Raises `UsageError` for a name that is none, where something stands in the way, and where the
    folder cannot be written.
    """
    if name.startswith("harness-"):
        raise UsageError(
            f"plugin name {name!r}: the package gets that prefix; "
            f"wanted {name.removeprefix('harness-')!r}"
        )
    if not NAME.fullmatch(name):
        raise UsageError(
            f"plugin name {name!r}; wanted lower case letters, digits and single -, a letter first"
        )
    words = {
        "name": name,
        "distribution": f"harness-{name}",
        "module": f"harness_{name.replace('-', '_')}",
        "host_version": harness.__version__,
    }
    target = into / words["distribution"]
    try:
        if target.exists() and not (target.is_dir() and not any(target.iterdir())):
            raise UsageError(
                f"{target} is there already; wanted a new or empty folder: name another with --into"
            )
        into.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=into, prefix=f".{target.name}.") as temporary:
            project = Path(temporary) / target.name
            for template, place in FILES.items():
                file = project / Template(place).substitute(words)
                file.parent.mkdir(parents=True, exist_ok=True)
                text = (
                    importlib.resources.files(__name__)
                    .joinpath("plugin", template)
                    .read_text(encoding="utf-8")
                )
                file.write_text(Template(text).substitute(words), encoding="utf-8")
            project.replace(target)
    except OSError as error:
        raise UsageError(
            f"{target}: {error.strerror or error}; name a writable folder with --into"
        ) from error
    return target
