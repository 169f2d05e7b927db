"""Settings classes: parameters are declared once, and components can be named by parameters."""

from dataclasses import dataclass, field
from typing import Literal

import pytest

import harness
from harness import ComponentOf, Device, Estimate, EstimatorSpec, Param, Samples, UsageError, param
from harness import registry as registries
from harness.components import Component, Plugin
from harness.errors import PluginError
from harness.identity import sources
from harness.naming import named, parameters
from harness.params import join_component, split_component, split_list
from harness.settings import declared


@dataclass(frozen=True, kw_only=True)
class Base(Device):
    k: int = param(5, "number of neighbours", low=1)
    rates: tuple[float, ...] = param((0.1,), "rates", above=0.0, high=1.0)


@dataclass(frozen=True, kw_only=True)
class Full(Base):
    k: int = param(3, "number of neighbours", low=1)
    metric: Literal["euclidean", "chebyshev"] = param("euclidean", "distance")
    width: float | None = param(None, "kernel width", unit="Å", above=0.0)
    layers: tuple[Literal[1, 2], ...] = param((1,), "layers")
    norm: Literal["layer"] | None = param(None, "norm")


def spec(**more):
    common = {"name": "m", "summary": "a method", "implementation": "nowhere:M"}
    return EstimatorSpec(**common, reads=Samples, gives=Estimate, **more)


def test_a_field_states_everything_once():
    found = {p.name: p for p in declared(Full)}
    assert list(found) == ["device", "k", "rates", "metric", "width", "layers", "norm"]
    assert found["k"] == Param("k", int, 3, "number of neighbours", low=1)
    assert found["device"].choices == ("cpu", "cuda")
    assert found["metric"].type is str
    assert found["metric"].choices == ("euclidean", "chebyshev")
    assert (found["width"].type, found["width"].unit) == (float | None, "Å")
    assert (found["layers"].type, found["layers"].choices) == (tuple[int, ...], (1, 2))
    assert (found["norm"].type, found["norm"].choices) == (str | None, ("layer",))


def test_a_class_or_a_lazy_reference():
    assert spec(settings=Full).parameters == declared(Full)
    by_reference = spec(settings="harness.settings:Device")
    assert "parameters" not in vars(by_reference)  # nothing is imported before it is asked for
    assert [p.name for p in by_reference.parameters] == ["device"]
    with pytest.raises(PluginError, match=r"settings of m: cannot import harness\.settings:Devise"):
        _ = spec(settings="harness.settings:Devise").parameters


def test_what_is_not_a_settings_class_is_refused_by_name():
    @dataclass(frozen=True, kw_only=True)
    class Plain:
        k: int = field(default=3)

    with pytest.raises(PluginError, match=r"Plain\.k: wanted a field made by harness\.param"):
        declared(Plain)
    with pytest.raises(PluginError, match="int: wanted a settings class"):
        declared(int)
    with pytest.raises(PluginError, match="both settings and params"):
        spec(settings=Full, params=declared(Base))


def test_the_older_tuple_is_read_alike():
    assert spec(params=declared(Full)).parameters == spec(settings=Full).parameters


@pytest.mark.parametrize(
    ("text", "name", "given"),
    [
        ("lm/tiny-lm", "lm/tiny-lm", {}),
        (" ksg [ k = 3 ]", "ksg", {"k": "3"}),
        (
            "a/b[xs=(1,2),inner=c/d[y=1,z=(2,3)]]",
            "a/b",
            {"xs": "(1,2)", "inner": "c/d[y=1,z=(2,3)]"},
        ),
    ],
)
def test_components_with_settings(text, name, given):
    assert split_component(text) == (name, given)
    assert split_component(join_component(name, given)) == (name, given)


@pytest.mark.parametrize("text", ["a[k=1", "a[k]", "a[=1]", "a[k=1]]x"])
def test_broken_brackets_are_refused(text):
    with pytest.raises(UsageError, match=r"wanted NAME\[PARAMETER=VALUE,\.\.\.\]"):
        split_component(text)


def test_lists_keep_the_commas_of_their_items():
    assert split_list("a[x=1,y=2], b,,") == ["a[x=1,y=2]", "b"]


@pytest.fixture
def duel(monkeypatch):
    """A registry with an estimator whose parameters name others."""

    @dataclass(frozen=True, kw_only=True)
    class Duel:
        left: str = param("", "first estimator", component=ComponentOf("estimator", reads=Samples))
        others: tuple[str, ...] = param((), "more of them", component=ComponentOf("estimator"))

    found = registries.load()
    plugin = Plugin("duels", "harness_toy")
    found.plugins["duels"] = plugin
    component = Component("estimator", "duels", spec(settings=Duel))
    found.components["estimator"]["duels/m"] = component
    return found, component


def test_a_component_in_a_parameter_is_checked_and_spelled_in_full(duel):
    found, component = duel
    given = {"left": "kl[metric=chebyshev, k=07]", "others": "ksg[k=3,stderr=none],wkl"}
    values = parameters(found, component, given)
    assert values["left"] == "classics/kl[k=7,metric=chebyshev]"
    assert values["others"] == ("classics/ksg[k=3,stderr=none]", "classics/wkl")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"left": "kll"}, r"duels/m\.left: unknown estimator 'kll'.*kl"),
        ({"left": "kl[kk=1]"}, r"duels/m\.left: unknown parameter of classics/kl 'kk'"),
        ({"left": "kl[k=0]"}, r"duels/m\.left: classics/kl\.k: 0; wanted at least 1"),
        (
            {"left": "ksg"},
            r"classics/ksg reads PairedSamples; wanted a estimator that reads Samples",
        ),
        ({"others": "kl,pca"}, r"duels/m\.others: unknown estimator 'pca'"),
    ],
)
def test_a_wrong_component_is_refused_before_anything_runs(duel, given, message):
    found, component = duel
    with pytest.raises(UsageError, match=message):
        parameters(found, component, given)


def test_the_sources_of_named_components_are_part_of_the_key(duel):
    found, component = duel
    plain = sources(found, [(component, parameters(found, component, {}))])
    assert set(plain) == {"host", "duels"}
    named_in_tuple = parameters(found, component, {"others": ["kl[k=3]"]})
    assert set(sources(found, [(component, named_in_tuple)])) == {"host", "duels", "classics"}
    nested = {"others": ["duels/m[left=kl[k=3]]"]}
    assert set(sources(found, [(component, parameters(found, component, nested))])) == {
        "host",
        "duels",
        "classics",
    }


def test_a_name_with_settings_builds_the_component():
    assert harness.estimator("classics/kl[k=3,metric=chebyshev]").k == 3
    assert harness.estimator("kl[k=3]", k=4).k == 4
    assert named(registries.default(), "estimator", "kl[k=3]")[1] == {"k": 3}
