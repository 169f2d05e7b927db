"""Shared fixtures. No test touches the user's own store, or the network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOY = Path(__file__).parent / "toy"


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory):
    """A cache for the whole run of tests: a network is trained once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _own_places(tmp_path, shared_cache, monkeypatch):
    """Stores and caches go to the test's folders; hubs are off."""
    monkeypatch.setenv("HARNESS_CACHE", str(shared_cache))
    monkeypatch.setenv("HARNESS_STORE", str(tmp_path / "user-store.sqlite"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "160")


@pytest.fixture(scope="session")
def data_folder():
    """The folder of real files; skips, visibly, where it is not set."""
    folder = os.environ.get("HARNESS_TEST_DATA")
    if not folder:
        pytest.skip("HARNESS_TEST_DATA is not set: real files are not checked")
    return Path(folder)


@pytest.fixture
def toy(monkeypatch):
    """A registry with the toy plugin beside the installed ones."""
    from harness import registry

    monkeypatch.syspath_prepend(str(TOY))
    return registry.load()


@pytest.fixture
def command(tmp_path):
    """Run ``harness ...`` in a process of its own, with the toy plugin; gives the finished process."""
    path = filter(None, (str(TOY), os.environ.get("PYTHONPATH")))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path)}

    def run(*words, env=None, **more):
        return subprocess.run(
            [sys.executable, "-m", "harness", *map(str, words)],
            capture_output=True,
            text=True,
            env=environment | (env or {}),
            timeout=300,
            **more,
        )

    return run
