"""Any function is a row: ``package.module:function`` as an estimator."""

import json
import math
import sys

import numpy as np
import pytest

import harness
from harness import ConditionedSamples, PairedSamples, Samples, Split, UsageError, plan, registry
from harness.errors import PluginError
from harness.functions import _number
from harness.quantities import (
    CONDITIONAL_MUTUAL_INFORMATION,
    CROSS_ENTROPY,
    ENTROPY,
    MUTUAL_INFORMATION,
)

MODULE = '''
"""Functions of a stranger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Optional

import numpy as np

import beside
from harness import TokenSequences, PairedSamples, Samples
from harness.quantities import CROSS_ENTROPY

if TYPE_CHECKING:
    from harness import Structures
    from numpy.typing import NDArray


def gauss(x: NDArray, y: NDArray, scale=1.0):
    """Mutual information of a Gaussian pair, from its correlation."""
    return -beside.HALF * scale * np.log1p(-np.corrcoef(x[:, 0], y[:, 0])[0, 1] ** 2), 0.01


def spread(x):
    x -= x.mean(0)  # the data of others stay as they are
    return np.log(x.std())


def three(x, y, z): return 0.0
def paired(data: PairedSamples): return data.n
def either(data: Samples | PairedSamples): return data.n
def texts(data: TokenSequences): return 1
texts.quantity = CROSS_ENTROPY
def bare(data: TokenSequences): return 1
def seeds(x, y, *, rng, seed, random_state=None): return (rng.random() + seed + random_state)
def settings(x, y, k=3, base: float = 2, name="a", on=True, sizes=(1, 2), *, how: Literal["l", "r"] = "l",
             top: Optional[int] = None, most: int = None, unknown=None, big=np.inf, table={}, **more):
    settings.seen = dict(k=k, base=base, name=name, on=on, sizes=sizes, how=how, top=top, most=most, more=more)
    return 0.0


def four(a, b, c, d): return 0
def nothing(): return 0
def word(x, *, k): return 0
def hidden(data: Structures): return 0
def two(data: PairedSamples, y): return 0
def ill(x): return 0
ill.quantity = "bits"
class Thing:
    def __init__(self, x): ...
NUMBER = 3


def slow(x, y):
    import time
    time.sleep(60)
'''


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current directory, with a script and what it imports."""
    (tmp_path / "strange.py").write_text(MODULE)
    (tmp_path / "beside.py").write_text("HALF = 0.5\n")
    (tmp_path / "broken.py").write_text("import nothing_like_this\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    for name in ("strange", "beside", "broken"):
        sys.modules.pop(name, None)


@pytest.fixture
def found(folder):
    """A registry of its own."""
    return registry.load()


PAIR = PairedSamples(np.arange(6.0)[:, None], np.array([1.0, 0, 2, 4, 3, 5])[:, None])


@pytest.mark.parametrize(
    ("name", "kinds", "quantity"),
    [
        ("spread", (Samples,), ENTROPY),
        ("gauss", (PairedSamples,), MUTUAL_INFORMATION),
        ("three", (ConditionedSamples,), CONDITIONAL_MUTUAL_INFORMATION),
        ("paired", (PairedSamples,), MUTUAL_INFORMATION),
        ("texts", (harness.TokenSequences,), CROSS_ENTROPY),
        ("bare", (harness.TokenSequences,), harness.Quantity("strange:bare", better="none")),
    ],
)
def test_kind_and_quantity_follow_the_arguments(found, name, kinds, quantity):
    spec = found.one("estimator", f"strange:{name}").spec
    assert spec.reads == kinds
    assert (spec.quantity.name, spec.quantity.better) == (quantity.name, quantity.better)


def test_a_union_of_kinds_reads_either(found):
    assert found.one("estimator", "strange:either").spec.reads == (Samples, PairedSamples)


def test_arrays_are_the_functions_own_and_of_the_test_part(folder):
    data = Samples(np.array([[9.0], [9], [1], [3]]), split=Split([0, 1], [2, 3]))
    estimator = harness.estimator("strange:spread")
    assert estimator.estimate(data, rng=harness.stream(0)).value == 0.0  # std of 1 and 3
    assert data.x[2, 0] == 1.0


def test_seeds_are_those_of_the_path(found):
    estimator = found.one("estimator", "strange:seeds").build({})
    assert found.one("estimator", "strange:seeds").spec.parameters == ()
    values = [estimator.estimate(PAIR, rng=harness.stream(s)).value for s in (0, 0, 1)]
    assert values[0] == values[1] != values[2]
    assert 0 < values[0] < 2**33


def test_arguments_with_a_default_are_typed_parameters(found):
    component = found.one("estimator", "strange:settings")
    assert {p.name: (p.type, p.default) for p in component.spec.parameters} == {
        "k": (int, 3), "base": (float, 2.0), "name": (str, "a"), "on": (bool, True),
        "sizes": (tuple[int, ...], (1, 2)), "how": (str, "l"), "top": (int | None, None), "most": (int | None, None),
    }  # fmt: skip
    component.build({"sizes": "4,5", "top": "7", "how": "r", "base": "3"}).estimate(PAIR, rng=None)
    assert sys.modules["strange"].settings.seen == {
        "k": 3, "base": 3.0, "name": "a", "on": True, "sizes": (4, 5), "how": "r", "top": 7, "most": None, "more": {},
    }  # fmt: skip
    for wrong, said in {"how": "wanted one of 'l', 'r'", "unknown": "unknown parameter"}.items():
        with pytest.raises(UsageError, match=said):
            component.build({wrong: "zz"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("strange:gaus", r"unknown function of .*strange\.py 'gaus': did you mean gauss\?"),
        ("strangee:gauss", "there is no module 'strangee', neither installed nor in "),
        ("strange.part:gauss", "there is no module 'strange.part'"),
        ("broken:f", "broken cannot be imported: ModuleNotFoundError: No module named 'nothing_like"),
        ("strange:", "function 'strange:'; wanted package.module:function"),
        ("strange:*", "wanted package.module:function"),
        ("__main__:f", "workers cannot find the running script"),
        ("msc:f", "the module 'msc' has the name of a plugin; rename it"),
        ("strange:NUMBER", "strange:NUMBER is int; wanted a function"),
        ("strange:Thing", "strange:Thing is a class; wanted a function"),
        ("strange:four", "the arguments without a default are a, b, c, d; wanted one kind"),
        ("strange:nothing", "the arguments without a default are none"),
        ("strange:two", "the arguments without a default are data, y; wanted one kind"),
        ("strange:word", "the keyword k has no default; give it one"),
        ("strange:hidden", "the kind 'Structures' of data cannot be looked up; import it at the head"),
        ("strange:ill", r"strange:ill\.quantity is str; wanted one of harness\.quantities"),
        ("builtins:min", "builtins:min does not say what its arguments are; wrap it"),
    ],
)  # fmt: skip
def test_what_is_no_row_says_why(found, text, said):
    with pytest.raises(UsageError, match=said):
        found.one("estimator", text)
    assert text not in found.components["estimator"]


@pytest.mark.parametrize(
    "value", [1, 1.0, np.float32(1), np.int64(1), np.array(1.0), np.longdouble(1)], ids=repr
)
def test_numbers_of_every_make_are_taken(value):
    assert type(_number(value)) is float
    assert _number(value) == 1.0


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "gave None"), (1j, "gave 1j"), (np.complex64(1j), "gave 1j"), (True, "gave True"), ("1", "gave str"),
        (np.ones(1), r"gave ndarray of shape \(1,\)"), ((1.0, 2.0, 3.0), "gave tuple"), ((1.0, None), "gave None"),
    ],
    ids=repr,
)  # fmt: skip
def test_what_is_no_number_is_refused(found, value, said):
    component = found.one("estimator", "strange:three")
    sys.modules["strange"].three = lambda x, y, z: value
    data = ConditionedSamples(PAIR.x, PAIR.y, PAIR.y)
    with pytest.raises(PluginError, match=f"{said}.*; wanted a number in nats"):
        component.build({}).estimate(data, rng=None)


def test_a_function_joins_the_runs_that_name_it_and_no_other(found):
    component = found.one("estimator", "strange:gauss")
    assert found.one("estimator", "strange:gauss") is component
    assert component not in found.matching("estimator", "*")
    request = plan.Request(tasks=("beyond-normal",), baselines=False)
    assert "strange:gauss" not in {p.estimator.name for p in plan.make(found, request).paths}


def test_a_script_in_the_current_directory_runs_beside_plugins(command, folder):
    words = (
        "run", "--task", "beyond-normal", "--set", "beyond-normal.only=1v1-normal-0.75", "--set", "beyond-normal.n=200",
        "--no-baselines", "--estimator", "strange:gauss", "--estimator", "gaussian", "--format", "json",
    )  # fmt: skip

    def rows(*more):
        ran = command(*words, *more, cwd=folder)
        assert ran.returncode == 0, ran.stderr
        return {r["estimator"]: r for r in map(json.loads, ran.stdout.splitlines())}, ran.stderr

    here, _ = rows("--workers", "0", "--no-cache")
    there, _ = rows("--workers", "2")
    mine, plugin = there["strange:gauss"], there["classics/gaussian"]
    assert mine["value"] == here["strange:gauss"]["value"]
    assert mine["value"] == pytest.approx(plugin["value"], rel=0.05)
    assert (mine["plugin"], mine["stderr"], mine["unit"]) == ("strange", 0.01, "nats")
    assert set(mine["sources"]) == {"host", "strange", "vectors"}
    assert mine["truth"] == plugin["truth"]

    _, said = rows()
    assert "0 computed" in said
    scaled, _ = rows("--set", "gauss.scale=2")
    assert scaled["strange:gauss"]["value"] == 2 * mine["value"]
    (folder / "other.py").write_text("HALF = 1.0\n")
    assert "0 computed" in rows()[1]
    (folder / "beside.py").write_text("HALF = 1.0\n")
    changed, said = rows()
    assert "1 computed" in said
    assert changed["strange:gauss"]["value"] == 2 * mine["value"]


def test_a_deadline_holds_for_functions(command, folder):
    ran = command(
        "run", "--task", "beyond-normal", "--set", "beyond-normal.only=1v1-normal-0.75", "--no-baselines",
        "--estimator", "strange:slow", "--estimator", "strange:gauss", "--workers", "1", "--timeout", "2",
        "--format", "json", cwd=folder,
    )  # fmt: skip
    found = {r["estimator"]: r for r in map(json.loads, ran.stdout.splitlines())}
    assert found["strange:slow"]["status"] == "timeout"
    assert found["strange:slow"]["cause"].startswith("estimator strange:slow: more than 2 s")
    assert math.isfinite(found["strange:gauss"]["value"])


def test_show_prints_what_the_arguments_say(command, folder):
    ran = command("show", "strange:gauss", cwd=folder)
    assert ran.stdout.splitlines()[:3] == [
        "strange:gauss (estimator): Mutual information of a Gaussian pair, from its correlation.",
        "  kinds:    PairedSamples → Estimate",
        "  measures: mutual_information, in nats",
    ]
    assert "scale = 1.0\n" in ran.stdout
    ran = command("show", "strange:gaus", cwd=folder)
    assert (ran.returncode, "did you mean gauss?" in ran.stderr) == (2, True)


def test_functions_of_installed_packages_carry_its_version(found):
    component = found.one("estimator", "networkx.utils:arbitrary_element")
    plugin = found.plugins[component.plugin]
    assert plugin.name == "networkx.utils"
    assert (plugin.distribution, bool(plugin.version)) == ("networkx", True)
    assert len(found.source_digest("networkx.utils")) == 16
    assert registry.load(functions=["networkx.utils:arbitrary_element"]).loaded_with["functions"] == (
        "networkx.utils:arbitrary_element",
    )  # fmt: skip
