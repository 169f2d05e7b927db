"""A skip is named, and fails where it is asked to; what plugins print stays out of the results."""

import json
import os

import pytest

from harness.testing import Check, Failed, NotChecked

PLUGIN = """
import os
import subprocess
import sys
from dataclasses import dataclass
from harness import *

print("a module that prints")
HARNESS_API = 1
SCORE = Quantity("share", "", "higher")

@dataclass(frozen=True)
class Loud:
    def estimate(self, data, *, rng):
        print("an estimate")
        os.write(1, b"from below\\n")
        subprocess.run([sys.executable, "-c", "print('a child')"], check=True)
        return Estimate(0.5)

@hookimpl
def harness_estimators():
    for name, requires in (("loud", ()), ("absent", ("no_such_package",))):
        yield EstimatorSpec(name=name, summary="an estimator", implementation="harness_loud:Loud", reads=Samples,
            gives=Estimate, quantity=SCORE, requires=requires, traits=("deterministic",))
"""


@pytest.fixture
def loud(tmp_path, monkeypatch):
    """A place with an installed plugin that prints, and whose second estimator lacks a package."""
    (tmp_path / "harness_loud.py").write_text(PLUGIN)
    installed = tmp_path / "harness_loud-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: harness-loud\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text("[harness]\nloud = harness_loud\n")
    path = [str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(path)}


def test_prints_stay_out_of_the_results_and_skips_are_named(command, loud):
    done = command("plugin", "check", "loud", "--format", "json", env=loud)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    results = {(row["component"], row["check"]): row for row in rows}
    assert "the printed line 'an estimate'" in results["loud/loud", "side-effects"]["reason"]
    assert [key for key, row in results.items() if row["result"] == "failed"] == [
        ("loud/loud", "side-effects")
    ]
    for words in ("a module that prints", "from below", "a child"):
        assert words in done.stderr
    skipped = results["loud/absent", "output"]
    assert skipped["result"] == "skipped"
    assert f"skipped: loud/absent-output: {skipped['reason']}" in done.stderr
    assert "no_such_package" in skipped["reason"]


def test_a_skip_fails_where_it_is_asked_to(command, loud, tmp_path):
    quiet = PLUGIN.replace('print("a module that prints")', "")
    quiet = (
        quiet.split("        print(")[0]
        + "        return Estimate(0.5)\n"
        + quiet.split("0.5)\n")[1]
    )
    (tmp_path / "harness_loud.py").write_text(quiet)
    assert command("plugin", "check", "loud", env=loud).returncode == 0
    assert command("plugin", "check", "loud", "--strict", env=loud).returncode == 1


def test_a_strict_check_fails_where_it_cannot_be_made():
    def body():
        raise NotChecked("needs torch")

    check = Check("output", "net/mlp", body)
    with pytest.raises(NotChecked):
        check()
    with pytest.raises(Failed, match=r"net/mlp-output: skipped: needs torch; wanted a check that"):
        check.strict()()
