import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness import identity, plan
from harness.errors import UsageError
from harness.records import Record, Status
from harness.verification import verify


@pytest.fixture
def path(toy):
    request = plan.Request(tasks=("normals",), estimators=("mean",), models=("double",))
    return plan.make(toy, request).paths[0]


SOURCES = {"toy": "0123456789abcdef"}


def test_recipe_2_is_frozen(path):
    """A change here discards every stored result: raise RECIPE and say so in the changelog."""
    assert identity.RECIPE == 2
    assert (
        identity.path_key(path, "normal-0", "sha256:00", SOURCES, 1)
        == "9a51ab25b863916d18bed6c2b0e2370d73b993eccf84f43ac0496dbfaaf980ee"
    )
    assert (
        identity.data_token(path, "normal-0", "", SOURCES)
        == "74775e4e3fb90a169f4bc12bcbbbf06fed5a704278ece961bf4c9c64618b2cb1"
    )


@pytest.fixture
def record(path):
    """A record of recipe 1, as committed ones are: it states none."""
    step = path.estimator
    return Record(
        key="", status=Status.OK, task=path.task.name, case="normal-0", source="", models=("toy/double",),
        estimator=step.name, plugin="toy", seed=0, quantity="", unit="", fingerprint="sha256:00", sources=SOURCES,
        params={"task": path.task.params, "models": [path.models[0].params], "estimator": step.params}, threads=2,
    )  # fmt: skip


def test_records_of_recipe_1_are_still_checked_by_it(path, record):
    assert (
        identity.record_key(record)
        == "bc554c2a07c52cebe3855d1b339a38dc274baa75488760c540dfc5cdf73df6ec"
    )
    now = dataclasses.replace(record, recipe=2, threads=1)
    assert identity.record_key(now) == identity.path_key(path, "normal-0", "sha256:00", SOURCES, 1)
    with pytest.raises(UsageError, match="recipe 3; wanted 1 to 2"):
        identity.record_key(dataclasses.replace(record, recipe=3))


def test_a_key_of_one_recipe_does_not_pass_as_that_of_the_other(toy, record):
    """Changing the number in a record, or leaving it out, is found by its key, and nothing is run."""
    made = {n: dataclasses.replace(record, recipe=n, value=0.0) for n in (1, 2)}
    made = {n: dataclasses.replace(r, key=identity.record_key(r)) for n, r in made.items()}
    for mine, other in ((1, 2), (2, 1)):
        forged = dataclasses.replace(made[mine], recipe=other)
        assert identity.record_key(forged) != forged.key
        (found,) = verify(toy, [forged])
        assert (found.verdict, found.value) == ("failed", None)
        assert "changed by hand" in found.note
    unstated = json.loads(made[2].to_json())
    del unstated["recipe"]
    assert "changed by hand" in verify(toy, [Record.from_json(json.dumps(unstated))])[0].note
    unknown = dataclasses.replace(made[2], recipe=3)
    assert "recipe 3; wanted 1 to 2" in verify(toy, [unknown])[0].note


def test_a_row_is_its_models_and_estimator_with_their_parameters(record):
    """Case, seed, task, code, machine and threads are what a row is looked at on."""
    params = dict(record.params)
    same = {
        "case": "other", "seed": 5, "task": "toy/other", "sources": {}, "machine": "m", "threads": 4, "value": 2.0,
        "params": params | {"task": {"n": 9}},
    }  # fmt: skip
    key = identity.row_key(record)
    for name, value in same.items():
        assert identity.row_key(dataclasses.replace(record, **{name: value})) == key, name
    other = [
        dataclasses.replace(record, estimator="toy/noise"),
        dataclasses.replace(record, models=("toy/jitter",)),
        dataclasses.replace(record, params=params | {"estimator": {"scale": 2.0}}),
        dataclasses.replace(record, params=params | {"models": [{"of": "x"}]}),
    ]
    assert len({key, *map(identity.row_key, other)}) == 5
    assert identity.row_key(Record.from_json(record.to_json())) == key


def test_code_of_the_host_that_computes_is_in_every_key(environment, tmp_path):
    """Kinds, seeds and surroundings move the keys; verbs and reports do not."""
    shutil.copytree(
        Path(identity.__file__).parent, tmp_path / "harness", ignore=shutil.ignore_patterns("*.pyc")
    )
    code = (
        "from harness import identity, registry; import json\n"
        "print(json.dumps(identity.sources(registry.Registry(), [])))"
    )

    def host():
        ran = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, check=True, text=True,
            env=environment | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{environment['PYTHONPATH']}"}, cwd=tmp_path,
        )  # fmt: skip
        return json.loads(ran.stdout)["host"]

    before = host()
    for name in ("cli/run.py", "runner.py"):
        with (tmp_path / "harness" / name).open("a") as file:
            file.write("# another caption\n")
    assert host() == before
    found = {before}
    for name in ("kinds/base.py", "seeds.py", "surroundings.py", "outputs.py", "threads.py"):
        with (tmp_path / "harness" / name).open("a") as file:
            file.write("# another sum\n")
        found.add(host())
    assert len(found) == 6


def test_kept_outputs_follow_what_made_them(path, toy, monkeypatch):
    named = [(m.name, m.params) for m in path.models]
    gives = path.models[0].component.spec.gives
    before = identity.kept_name(toy, "key", named, 1)
    assert before == identity.kept_name(toy, "key", named, 1)
    found = {
        before,
        identity.kept_name(toy, "other", named, 1),
        identity.kept_name(toy, "key", named, 2),
    }
    found.add(identity.kept_name(toy, "key", [(named[0][0], {"of": ("msc/entropy",)})], 1))
    monkeypatch.setattr(gives, "version", gives.version + 1)
    found.add(identity.kept_name(toy, "key", named, 1))
    assert len(found) == 5


def test_everything_a_result_depends_on_is_in_the_key(path, toy):
    other = {
        name: plan.make(toy, plan.Request(tasks=("normals",), **request)).paths[0]
        for name, request in {
            "estimator": {"estimators": ("noise",), "models": ("double",)},
            "models": {"estimators": ("mean",), "models": ("jitter",)},
            "params": {
                "estimators": ("mean",),
                "models": ("double",),
                "params": {"mean": {"scale": 2.0}},
            },
            "task params": {
                "estimators": ("mean",),
                "models": ("double",),
                "params": {"normals": {"n": 9}},
            },
            "seed": {"estimators": ("mean",), "models": ("double",), "seeds": (1,)},
        }.items()
    }
    found = [identity.path_key(p, "c", "f", SOURCES, 1) for p in (path, *other.values())]
    found += [
        identity.path_key(path, "d", "f", SOURCES, 1), identity.path_key(path, "c", "g", SOURCES, 1),
        identity.path_key(path, "c", "f", {"toy": "changed"}, 1),
        identity.path_key(path, "c", "f", SOURCES, 2),
    ]  # fmt: skip
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("role", ["task", "estimator"])
def test_sources_are_those_of_the_path_and_what_it_uses(toy, path, role):
    assert set(identity.path_sources(toy, path)) == {"host", "toy"}
    step = getattr(path, role)
    spec = dataclasses.replace(step.component.spec, uses=("msc/entropy",))
    using = dataclasses.replace(step, component=dataclasses.replace(step.component, spec=spec))
    assert set(identity.path_sources(toy, dataclasses.replace(path, **{role: using}))) == {
        "host",
        "toy",
        "msc",
    }


def test_a_component_that_a_parameter_names_counts(toy, path):
    for name, plugins in {
        "msc/entropy": {"toy", "msc"},
        ("x", "msc/entropy"): {"toy", "msc"},
        "msc/nothing": {"toy"},
        "msc": {"toy"},
    }.items():
        told = dataclasses.replace(path.models[0], params={"of": name})
        found = identity.path_sources(toy, dataclasses.replace(path, models=(told,)))
        assert set(found) == plugins | {"host"}


def test_only_the_changed_plugin_is_invalidated(tmp_path, monkeypatch):
    from harness.components import Plugin
    from harness.registry import Registry

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
