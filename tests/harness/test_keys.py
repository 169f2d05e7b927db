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


def test_sources_are_those_of_the_path_and_what_its_task_uses(toy, path):
    assert set(keys.path_sources(toy, path)) == {"toy"}
    spec = dataclasses.replace(path.task.component.spec, uses=("msc/entropy",))
    component = dataclasses.replace(path.task.component, spec=spec)
    using = dataclasses.replace(path, task=dataclasses.replace(path.task, component=component))
    assert set(keys.path_sources(toy, using)) == {"toy", "msc"}


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
