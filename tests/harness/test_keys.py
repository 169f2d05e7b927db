import dataclasses

import pytest

from harness import keys, plan


@pytest.fixture
def path(toy):
    request = plan.Request(tasks=("normals",), estimators=("mean",), models=("double",))
    return plan.make(toy, request).paths[0]


SOURCES = {"toy": "0123456789abcdef"}


def test_recipe_1_is_frozen(path):
    """A change here discards every stored result: raise RECIPE and say so in the changelog."""
    assert keys.RECIPE == 1
    assert (
        keys.path_key(path, "normal-0", "sha256:00", SOURCES)
        == "bc554c2a07c52cebe3855d1b339a38dc274baa75488760c540dfc5cdf73df6ec"
    )
    assert (
        keys.data_token(path, "normal-0", "", "0123456789abcdef")
        == "057d8fb3302f6228ded9230ebfab7bb840c5cb2db266ba17bffc93a01d89b24b"
    )


def test_everything_a_result_depends_on_is_in_the_key(path, toy):
    other = {
        name: plan.make(toy, plan.Request(tasks=("normals",), **request)).paths[0]
        for name, request in {
            "estimator": {"estimators": ("noise",), "models": ("double",)},
            "models": {"estimators": ("mean",), "models": ("jitter",)},
            "params": {"estimators": ("mean",), "models": ("double",), "params": {"mean": {"scale": 2.0}}},
            "task params": {"estimators": ("mean",), "models": ("double",), "params": {"normals": {"n": 9}}},
            "seed": {"estimators": ("mean",), "models": ("double",), "seeds": (1,)},
        }.items()
    }
    found = [keys.path_key(p, "c", "f", SOURCES) for p in (path, *other.values())]
    found += [
        keys.path_key(path, "d", "f", SOURCES), keys.path_key(path, "c", "g", SOURCES),
        keys.path_key(path, "c", "f", {"toy": "changed"}),
    ]  # fmt: skip
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("role", ["task", "estimator"])
def test_sources_are_those_of_the_path_and_what_it_uses(toy, path, role):
    assert set(keys.path_sources(toy, path)) == {"toy"}
    step = getattr(path, role)
    spec = dataclasses.replace(step.component.spec, uses=("msc/entropy",))
    using = dataclasses.replace(step, component=dataclasses.replace(step.component, spec=spec))
    assert set(keys.path_sources(toy, dataclasses.replace(path, **{role: using}))) == {"toy", "msc"}


def test_a_component_that_a_parameter_names_counts(toy, path):
    for name, plugins in {"msc/entropy": {"toy", "msc"}, "msc/nothing": {"toy"}, "msc": {"toy"}}.items():
        told = dataclasses.replace(path.models[0], params={"of": name})
        assert set(keys.path_sources(toy, dataclasses.replace(path, models=(told,)))) == plugins


def test_only_the_changed_plugin_is_invalidated(tmp_path, monkeypatch):
    from harness.registry import Plugin, Registry

    for name in ("one", "two"):
        (tmp_path / f"{name}_part.py").write_text(f"HARNESS_API = 1  # {name}\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    def digests():
        registry = Registry()
        for name in ("one", "two"):
            registry.plugins[name] = Plugin(name, f"{name}_part")
        return {name: registry.source_digest(name) for name in ("one", "two")}

    before = digests()
    (tmp_path / "one_part.py").write_text("HARNESS_API = 1  # changed\n")
    after = digests()
    assert before["one"] != after["one"]
    assert before["two"] == after["two"]
