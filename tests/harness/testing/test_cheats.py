"""Each dishonest component fails the check that is named for what it does, and no other."""

import importlib
import sys
import tempfile
from pathlib import Path

import pytest

from harness.registry import Plugin, Registry
from harness.testing import checks, verdicts
from harness.testing.effects import surroundings

FOLDER = Path(__file__).parents[2] / "dishonest" / "components"
HONEST = ("honest", "centred", "prior", "pairs")
CHEATS = {
    "clips": ("negative-values", "and never less"),
    "clips-just-above": ("negative-values", "exactly 1e-09"),
    "sure": ("stderr", "where the values spread by"),
    "bits": ("units", "that is the truth in bits"),
    "bits-of-codes": ("units", "nearer to the truth in bits"),
    "bits-of-vectors": ("units", "nearer to the truth in bits"),
    "bits-of-many": ("units", "nearer to the truth in bits"),
    "bits-above": ("bounds", "bits are no upper bound"),
    "both-bounds": ("bounds", "both 'lower-bound' and 'upper-bound'"),
    "far-below": ("bounds", "-1e+06 where the truth is"),
    "zero-below": ("bounds", "rises with the truth"),
    "own-seed": ("own-seed", "a generator of its own: numpy.random.default_rng(0)"),
    "own-random": ("own-seed", "random.Random(7)"),
    "own-stream": ("own-seed", "or the trait 'deterministic'"),
    "puts-back": ("global-rng", "sets the global generator by numpy.random.seed"),
    "puts-python-back": ("global-rng", "sets the global generator by random.seed"),
    "global-noise": ("global-rng", "used the global generator of numpy"),
    "system-noise": ("large-data", "equal outputs: all randomness from rng"),
    "secret-noise": ("equal-seeds", "all randomness from rng"),
    "clock-noise": ("equal-seeds", "all randomness from rng"),
    "sorts-many": ("large-data", "changed its input"),
    "breaks-on-many": ("large-data", "KeyError"),
    "environment": ("side-effects", "the environment variable OMP_NUM_THREADS, now '64'"),
    "environment-once": ("side-effects", "the environment variable CHEATS"),
    "floating-point": ("side-effects", "numpy.seterr"),
    "print-options": ("side-effects", "numpy.set_printoptions"),
    "folder": ("side-effects", "the working directory, now '/'"),
    "threads": ("side-effects", "threads of "),
    "file-here": ("side-effects", "notes.npy"),
    "file-at-home": ("side-effects", ".notes"),
    "file-aside": ("side-effects", "the file "),
    "thread": ("side-effects", "the live thread 'mine'"),
    "child": ("side-effects", "the live child process"),
    "prints": ("side-effects", "the printed line 'an estimate of"),
    "complains": ("side-effects", "the printed line 'converged'"),
    "filters": ("side-effects", "the filters of warnings"),
    "search-path": ("side-effects", "sys.path"),
    "signals": ("side-effects", "the handler of SIGTERM"),
    "umask": ("side-effects", "the umask"),
    "recursion": ("side-effects", "the recursion limit, now 12345"),
    "keeps": ("memory", "cheats.py:"),
    "fifty": ("later-calls", "no state from one call to the next"),
    "learns-all": ("test-labels", "fit on data.part('train') alone"),
    "copies-labels": ("test-labels", "fit on data.part('train') alone"),
    "knows": ("test-labels", "fit on data.part('train') alone"),
    "same-every-seed": ("seeds", "draws from harness.stream(seed, ...)"),
    "truth-in-bits": ("truths", "it is in bits"),
    "entropy-in-bits": ("truths", "it is in bits"),
    "labels-in-bits": ("truths", "it is in bits"),
    "truth-below-zero": ("cases", "outside its limits"),
    "score-above-one": ("score-Prediction", "outside its limits"),
}
ALSO = {
    "global-noise": {"equal-seeds"},
    "secret-noise": {"global-rng"},
    "clock-noise": {"global-rng"},
    "breaks-on-many": {"units", "stderr", "negative-values"},
}
"""Other checks that see the same."""


@pytest.fixture
def made(tmp_path, monkeypatch):
    """The verdicts on one component of the plugin, in places of the test's own."""
    for name in ("home", "tmp", "here"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.syspath_prepend(str(FOLDER))
    for module in ("cheats", "harness_cheats"):
        sys.modules.pop(module, None)
    plugin, registry = Plugin("cheats", "harness_cheats"), Registry()
    registry.add(plugin, lambda: importlib.import_module("harness_cheats"))
    assert plugin.state == "ok", plugin.problem

    def made(name):
        found = [c for c in checks(plugin, registry) if c.component == f"cheats/{name}"]
        return list(verdicts([c for c in found if c.name != "fresh-process"]))

    return made


@pytest.mark.parametrize("name", HONEST)
def test_the_honest_one_beside_them_passes(made, name):
    assert {v.check: v.reason for v in made(name) if v.result != "passed"} == {}


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_is_caught_for_its_own_reason(made, name):
    check, message = CHEATS[name]
    before = surroundings()
    failed = {v.check: v.reason for v in made(name) if v.result == "failed"}
    assert failed.keys() == {check} | ALSO.get(name, set())
    assert message in failed[check]
    if check == "side-effects":  # the suite puts back what it found
        after = surroundings()
        assert {k for k in before if before[k] != after[k]} == set()


def test_every_cheat_is_tried(made):
    import harness_cheats

    named = set()
    for hook in ("harness_estimators", "harness_models", "harness_tasks"):
        named |= {spec.name for spec in getattr(harness_cheats, hook)()}
    assert named == {*CHEATS, *HONEST}
