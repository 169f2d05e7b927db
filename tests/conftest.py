"""Shared fixtures. No test touches the user's own store, or the network."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parent.parent
TOY = Path(__file__).parent / "toy"
os.environ["HF_HUB_OFFLINE"] = "1"  # before a module of tests imports what reads it once


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory):
    """A cache for the whole run of tests: a network is trained once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _own_places(tmp_path, shared_cache, monkeypatch):
    """Stores and caches go to the test's folders; hubs are off."""
    monkeypatch.setenv("HARNESS_CACHE", str(shared_cache))
    monkeypatch.setenv("HARNESS_STORE", str(tmp_path / "user-store.sqlite"))
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


@pytest.fixture(scope="session")
def close32():
    """``close32(found, wanted, terms, size=None)``: equal but for the rounding of float32.

    A sum of m float32 products is off by about sqrt(m) u of the size of what is summed, u = 2^-24
    (N. Higham and T. Mary, SIAM J. Sci. Comput. 41, A2815, 2019). ``terms`` counts those of all sums
    that follow each other. Processors order a sum as they like, so that both sides have this error,
    and the largest of many entries is several times the usual one: hence the factor 8. ``size`` is
    that of what is summed, where the result is smaller than its parts; else of the largest result.
    """
    import numpy as np

    def check(found, wanted, terms, size=None):
        found, wanted = np.asarray(found, np.float64), np.asarray(wanted, np.float64)
        size = np.abs(wanted).max() if size is None else size
        bound = 8 * math.sqrt(terms) * 2.0**-24 * size
        np.testing.assert_allclose(found, wanted, rtol=0, atol=bound)

    return check


@pytest.fixture(params=["png", "svg", "html"])
def figure(request, tmp_path):
    """A file for ``--plot``; what it holds after the test is a figure with something on it."""
    pytest.importorskip("matplotlib")
    path = tmp_path / f"figure.{request.param}"
    yield path
    if request.param == "png":
        from matplotlib.image import imread

        assert imread(path).std() > 0.01
        return
    text = path.read_text("utf-8")
    drawn = ElementTree.fromstring(text[text.index("<svg") : text.rindex("</svg>") + len("</svg>")])
    assert len(drawn.findall(".//{http://www.w3.org/2000/svg}path")) > 10


@pytest.fixture
def toy(monkeypatch):
    """A registry with the toy plugin beside the installed ones."""
    from harness import registry

    monkeypatch.syspath_prepend(str(TOY))
    return registry.load()


@pytest.fixture
def environment():
    """The variables of a process that finds the toy plugin, and what this one finds."""
    path = [str(TOY), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(path)}


@pytest.fixture
def command(environment):
    """Run ``harness ...`` in a process of its own, with the toy plugin; gives the finished process."""

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


LONG = re.compile(
    r"test_neural\[neural/(f-dime|flow-matching|knife|minde|smile)-"
    r"(permutation-invariant|scale-invariant|translation-invariant|units)\]"
)
"""Checks that train fifteen times as many steps as those of the other networks, on the same loop."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the longest checks of conformance to the weekly run."""
    for item in items:
        if LONG.search(item.nodeid):
            item.add_marker(pytest.mark.slow)
