"""Plugins that are written, checked and thrown away."""

import importlib
import sys
import textwrap

import pytest

from harness.components import Plugin
from harness.registry import Registry
from harness.testing import checks, verdicts

ESTIMATOR = """
from dataclasses import dataclass, field
from typing import Literal
import random
import sys
import numpy as np
from harness import *
from harness.quantities import CONDITIONAL_MUTUAL_INFORMATION, ENTROPY, MUTUAL_INFORMATION

HARNESS_API = 1
SCORE = Quantity("share", "", "higher")

@dataclass(frozen=True)
class Method:
{fields}
    def estimate(self, data, *, rng):
{body}

@hookimpl
def harness_estimators():
    return [EstimatorSpec(**dict(dict(name="method", summary="a method", implementation=__name__ + ":Method",
        reads=Samples, gives=Estimate, quantity=SCORE), **dict({spec})))]
"""

FRESH = ("import-budget", "fresh-process")
"""Checks that start an interpreter: made only where a test is about them, or about all."""


class Found(dict):
    """Verdicts by check."""

    @property
    def failed(self):
        """The checks that failed."""
        return {name for name, verdict in self.items() if verdict.result == "failed"}


@pytest.fixture
def results(tmp_path, monkeypatch):
    """Write a plugin, check it: the verdicts, by check."""
    monkeypatch.syspath_prepend(tmp_path)
    # A file that is rewritten within a second would be mistaken for its compiled predecessor.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")

    def results(source, params=None, *, fresh=False):
        sys.modules.pop("harness_tried", None)
        (tmp_path / "harness_tried.py").write_text(source)
        plugin, registry = Plugin("tried", "harness_tried"), Registry()
        registry.add(plugin, lambda: importlib.import_module("harness_tried"))
        found = checks(plugin, registry, params)
        made = list(verdicts([c for c in found if fresh or c.name not in FRESH]))
        return Found(
            {v.check: v for v in sorted(made, key=lambda v: v.result == "failed")}
        )  # failures last: they stay

    yield results
    sys.modules.pop("harness_tried", None)


@pytest.fixture
def estimator():
    """The source of a plugin with one estimator: the body of its method, more of its spec, its fields."""

    def estimator(body, spec="", fields="    pass"):
        return ESTIMATOR.format(
            body=textwrap.indent(body.strip(), " " * 8), spec=spec, fields=fields
        )

    return estimator
