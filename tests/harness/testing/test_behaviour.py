"""Each broken promise of an estimator or model is caught by the check that is named for it, and by no other."""

import random
import sys

import numpy as np
import pytest

ALL_TRAITS = "traits=('deterministic', 'permutation-invariant', 'translation-invariant', 'scale-invariant', 'local-mean')"


def test_a_method_that_keeps_its_promises_passes_every_check(results, estimator):
    body = """
z = (data.x - data.x.mean(0)) / np.maximum(data.x.std(0), 1e-12)
local = np.sort(np.abs(z).sum(1))
return Estimate(local.mean(), local=np.full(data.n, local.mean()))
"""
    found = results(estimator(body, ALL_TRAITS), fresh=True)
    assert {v.result for v in found.values()} == {"passed"}
    assert set(found) == {
        *(
            "loads",
            "import-budget",
            "spec",
            "reference",
            "parameters",
            "output",
            "equal-seeds",
            "global-rng",
        ),
        *(
            "side-effects",
            "memory",
            "later-calls",
            "large-data",
            "inputs-unchanged",
            "bad-data",
            "deterministic",
            "permutation-invariant",
            "translation-invariant",
        ),
        *("scale-invariant", "local-mean"),
    }


BROKEN = {
    "another output": ("return Curve([0.0], [1.0], 'a', 'b')", "", {"output"}, "gave Curve"),
    "local values of no item": (
        "return Estimate(0.0, local=np.zeros(data.n + 1))",
        "",
        {"output"},
        "49 values",
    ),
    "raises on good data": ("raise KeyError('h')", "", {"output"}, "KeyError"),
    "state": (
        "Method.calls = getattr(Method, 'calls', 0) + 1\nreturn Estimate(Method.calls)",
        "",
        {"equal-seeds", "global-rng"},
        "value is 1.0 and then 2.0",
    ),
    "draws though deterministic": (
        "return Estimate(rng.normal())",
        "traits=('deterministic',)",
        {"deterministic"},
        "under seeds 0 and 1",
    ),
    "numpy's generator": (
        "np.random.seed(1)\nreturn Estimate(np.random.normal())",
        "",
        {"global-rng"},
        "global generator of numpy",
    ),
    "python's generator": (
        "random.seed(1)\nreturn Estimate(random.random())",
        "",
        {"global-rng"},
        "of random",
    ),
    "a hidden seed": (
        "state = np.random.get_state()[1][0]\nreturn Estimate(float(state % 7919))",
        "",
        {"global-rng"},
        "other global random states",
    ),
    "writes to its input": (
        "data.x.setflags(write=True)\ndata.x[:] = 0.0\nreturn Estimate(1.0)",
        "",
        {"inputs-unchanged"},
        "changed its input",
    ),
    "makes its input writable": (
        "data.x.setflags(write=True)\nreturn Estimate(1.0)",
        "",
        {"inputs-unchanged"},
        "made writable",
    ),
    "looks at the first unit": (
        "return Estimate(data.x[0, 0])",
        "traits=('deterministic', 'permutation-invariant')",
        {"permutation-invariant"},
        "reordered",
    ),
    "draws, and looks at the first unit": (
        "return Estimate(data.x[0, 0] + 0.01 * rng.normal())",
        "traits=('permutation-invariant',)",
        {"permutation-invariant"},
        "mean over 8 seeds",
    ),
    "local values in the order of their size": (
        "return Estimate(data.x.mean(), local=np.sort(data.x[:, 0]))",
        "traits=('deterministic', 'permutation-invariant')",
        set(),
        "",
    ),
    "mean": (
        "return Estimate(data.x.mean())",
        "traits=('deterministic', 'translation-invariant')",
        {"translation-invariant"},
        "shifted",
    ),
    "spread": (
        "return Estimate(data.x.std(0).sum())",
        "traits=('deterministic', 'translation-invariant', 'scale-invariant')",
        {"scale-invariant"},
        "doubled",
    ),
    "local values of another mean": (
        "return Estimate(1.0, local=np.zeros(data.n))",
        "traits=('local-mean',)",
        {"local-mean"},
        "the value 1",
    ),
    "no local values": (
        "return Estimate(1.0)",
        "traits=('local-mean',)",
        {"local-mean"},
        "no local values",
    ),
    "divides by zero": (
        "return Estimate(1 / int(data.x.std(0).sum() * 1e6))",
        "",
        {"bad-data"},
        "ZeroDivisionError",
    ),
    "tries NaN": (
        "return Estimate(np.log(data.x.std(0)).sum() * 0)",
        "",
        {"bad-data"},
        "tried to give Estimate.value = NaN",
    ),
    "infinity without a word": (
        "return Estimate(np.log(data.x.std(0)).sum())",
        "",
        {"bad-data"},
        "without a word in the diagnostics",
    ),
    "no quantity": (
        "return Estimate(1.0)",
        "quantity=None",
        {"spec"},
        "an Estimate of no quantity",
    ),
    "summary of two lines": (
        "return Estimate(1.0)",
        "summary='a\\nb'",
        {"spec"},
        "one-line summary",
    ),
    "reads no kind": ("return Estimate(1.0)", "reads=int", {"spec"}, "subclass of harness.Kind"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_promise_is_caught_by_its_own_check(results, estimator, name):
    body, spec, wanted, message = BROKEN[name]
    if name == "local values in the order of their size":
        # The value is blind to the order and the local values are not: they would go to the wrong units.
        wanted, message = {"permutation-invariant"}, "local is"
    found = results(estimator(body, spec))
    assert found.failed == wanted
    assert any(message in found[check].reason for check in wanted)


def test_infinity_with_its_reason_is_allowed(results, estimator):
    body = """
value = np.log(data.x.std(0)).sum()
return Estimate(value, diagnostics={} if np.isfinite(value) else {"reason": "constant"})
"""
    assert results(estimator(body)).failed == set()


def test_incompatible_data_skip_what_cannot_be_checked(results, estimator):
    found = results(estimator("raise Incompatible('wants images')"))
    assert found.failed == set()
    assert found["output"].result == found["bad-data"].result == "skipped"
    assert "wants images" in found["output"].reason


def test_a_method_that_needs_a_split_is_given_one(results, estimator):
    body = "return Estimate(data.part('train').x.mean() - data.part('test').x.mean())"
    found = results(estimator(body, "needs=('split',)"))
    assert {v.result for v in found.values()} == {"passed"}


GAUSSIAN = "d = data.x.shape[1]\ns = np.linalg.det(np.atleast_2d(np.cov(data.x.T)))\n"
GAUSSIAN += "if not s > 1e-12 or data.n <= d: raise Incompatible('singular')\n"
GAUSSIAN += "h = 0.5 * (d * np.log(2 * np.pi * np.e) + np.log(s))\n"


@pytest.mark.parametrize(
    ("last", "spec", "wanted", "message"),
    [
        ("return Estimate(h)", "", set(), ""),
        ("return Estimate(h / np.log(2))", "", {"units"}, "that is the truth in bits"),
        ("return Estimate(h - 1)", "", {"units"}, "or the trait 'lower-bound'"),
        ("return Estimate(h - 1)", ", traits=('lower-bound',)", set(), ""),
        ("return Estimate(h + 1)", ", traits=('lower-bound',)", {"units"}, "nats within"),
        ("return Estimate(h + 1)", ", traits=('upper-bound',)", set(), ""),
    ],
)
def test_entropy_is_in_nats(results, estimator, last, spec, wanted, message):
    found = results(estimator(GAUSSIAN + last, "quantity=ENTROPY" + spec))
    assert found.failed == wanted
    assert message in found["units"].reason


def test_mutual_information_is_in_nats(results, estimator):
    body = """
if data.x_kind != 'continuous' or data.x.std() * data.y.std() == 0 or data.n < 4: raise Incompatible('not normal')
r = np.corrcoef(data.x[:, 0], data.y[:, 0])[0, 1]
if abs(r) > 1 - 1e-9: raise Incompatible('one determines the other')
return Estimate(-0.5 * np.{log}(1 - r**2))
"""
    spec = "quantity=MUTUAL_INFORMATION, reads=PairedSamples"
    assert results(estimator(body.format(log="log"), spec))["units"].result == "passed"
    assert "in bits" in results(estimator(body.format(log="log2"), spec))["units"].reason


def test_conditional_mutual_information_is_in_nats(results, estimator):
    body = """
if data.x.shape[1] > 1: raise Incompatible('not one variable')
x, y = (v - np.linalg.lstsq(data.z, v, rcond=None)[0].T * data.z for v in (data.x, data.y))
if min(x.std(), y.std()) < 1e-9 or data.n < 4: raise Incompatible('not normal')
r = np.corrcoef(x[:, 0], y[:, 0])[0, 1]
return Estimate(-0.5 * np.log1p(-min(r**2, 1 - 1e-12)) / {unit})
"""
    spec = "quantity=CONDITIONAL_MUTUAL_INFORMATION, reads=ConditionedSamples"
    assert results(estimator(body.format(unit=1), spec))["units"].result == "passed"
    assert "in bits" in results(estimator(body.format(unit=np.log(2)), spec))["units"].reason


def test_a_method_too_noisy_to_tell_nats_from_bits_is_not_judged(results, estimator):
    found = results(estimator("return Estimate(rng.normal())", "quantity=ENTROPY"))
    assert found["units"].result == "skipped"
    assert "too much to tell" in found["units"].reason


def test_torch_is_watched_where_it_is_loaded(results, estimator, monkeypatch):
    class State(bytes):
        def numpy(self):
            return np.frombuffer(self, np.uint8)

    class Torch:
        __name__ = "torch"
        uint8 = "uint8"

        def __init__(self):
            self.state = State(b"before")

        def get_rng_state(self):
            return self.state

        def set_rng_state(self, state):
            self.state = state

        def manual_seed(self, seed):
            self.state = State(str(seed).encode())

        def frombuffer(self, data, dtype):
            return State(data)

    torch = Torch()
    monkeypatch.setitem(sys.modules, "torch", torch)
    found = results(estimator("sys.modules['torch'].manual_seed(5)\nreturn Estimate(1.0)"))
    assert found.failed == {"global-rng"}
    assert "of torch" in found["global-rng"].reason
    torch.state = State(b"kept")
    assert results(estimator("return Estimate(1.0)")).failed == set()
    assert torch.state == b"kept"


def test_the_checks_leave_the_global_generators_as_they_were(results, estimator):
    np.random.normal()  # one of a pair: the other is part of the state
    before, python = np.random.get_state(), random.getstate()
    assert results(estimator("return Estimate(1.0)"))["global-rng"].result == "passed"
    after = np.random.get_state()
    assert np.array_equal(before[1], after[1])
    assert before[2:] == after[2:]
    assert python == random.getstate()


MODEL = """
from dataclasses import dataclass
import numpy as np
from harness import *

HARNESS_API = 1

@dataclass(frozen=True)
class Map:
    def transform(self, data, *, to, rng):
        {body}

@hookimpl
def harness_models():
    return [ModelSpec(name="map", summary="a map", implementation=__name__ + ":Map", reads=(Samples, Environments),
        gives=Samples, traits=("deterministic", "permutation-invariant"))]
"""


@pytest.mark.parametrize(
    ("body", "wanted", "message"),
    [
        (
            "return Samples(data.x - data.x.mean(0)) if type(data) is Samples else "
            "Samples(np.add.reduceat(data.x, data.offsets[:-1]))",
            set(),
            "",
        ),
        ("return data", {"output"}, "gave Environments"),
        ("return Samples(np.cumsum(np.ones((data.n, 1)), 0))", {"permutation-invariant"}, "x is"),
        (
            "return Samples((data.x / data.x.std(0))[:data.n] * 0 + 1) if type(data) is Samples else "
            "Samples(np.ones((data.n, 1)) / data.x.std(0)[0])",
            {"bad-data"},
            "tried to give Samples.x = NaN or infinity",
        ),
    ],
)
def test_models(results, body, wanted, message):
    found = results(MODEL.format(body=body))
    assert found.failed == wanted
    assert any(message in found[check].reason for check in wanted) or not wanted
