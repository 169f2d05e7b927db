import itertools

import pytest

from harness import Estimate, EstimatorSpec, Kind, ModelSpec, TaskSpec, UsageError, array, plan
from harness.components import Component
from harness.plan import Request


def paths(registry, **request):
    return [str(p) for p in plan.make(registry, Request(**request)).paths]


def test_direct_path(toy):
    assert paths(toy, tasks=("normals",), estimators=("mean",)) == ["toy/normals ▸ toy/mean"]


def test_without_a_named_model_the_shortest_chain_is_taken(toy):
    assert paths(toy, tasks=("normals",), estimators=("paired",)) == [
        "toy/normals ▸ toy/pair ▸ toy/paired"
    ]


def test_a_plugin_stands_for_all_its_chains(toy):
    found = paths(toy, plugins=("toy",), tasks=("normals",), estimators=("mean",))
    models = ("dies", "double", "jitter")
    one = [f"toy/normals ▸ toy/{m} ▸ toy/mean" for m in models]
    two = [
        f"toy/normals ▸ toy/{a} ▸ toy/{b} ▸ toy/mean" for a, b in itertools.permutations(models, 2)
    ]
    assert sorted(found) == sorted(["toy/normals ▸ toy/mean", *one, *two])


def test_named_models_are_on_every_path(toy):
    assert paths(toy, tasks=("normals",), estimators=("mean",), models=("double",)) == [
        "toy/normals ▸ toy/double ▸ toy/mean"
    ]
    assert paths(toy, tasks=("normals",), estimators=("paired",), models=("double", "pair")) == [
        "toy/normals ▸ toy/pair ▸ toy/paired",
        "toy/normals ▸ toy/double ▸ toy/pair ▸ toy/paired",
    ]


def test_named_models_are_chained_up_to_four_where_fewer_lead_nowhere(toy, monkeypatch):
    kinds = [
        type(f"K{i}", (Kind,), {"x": array("n"), "__annotations__": {"x": object}})
        for i in range(6)
    ]

    def component(role, spec, name, **more):
        given = Component(role, "long", spec(name=name, summary="", implementation="m:C", **more))
        monkeypatch.setitem(toy.components[role], given.name, given)

    component("task", TaskSpec, "t", gives=kinds[0])
    component("estimator", EstimatorSpec, "e4", reads=kinds[4], gives=Estimate)
    component("estimator", EstimatorSpec, "e5", reads=kinds[5], gives=Estimate)
    for i in range(5):
        component("model", ModelSpec, f"m{i}", reads=kinds[i], gives=kinds[i + 1])
    models = tuple(f"m{i}" for i in range(5))
    assert paths(toy, tasks=("t",), estimators=("e4",), models=models) == [
        "long/t ▸ long/m0 ▸ long/m1 ▸ long/m2 ▸ long/m3 ▸ long/e4"
    ]
    with pytest.raises(
        UsageError, match="K4, and long/t gives K0; no chain of at most 2 installed"
    ):
        paths(toy, tasks=("t",), estimators=("e4",))
    with pytest.raises(UsageError, match="no chain of at most 4 of the named models leads there"):
        paths(toy, tasks=("t",), estimators=("e5",), models=models)


def test_baselines_join_unless_told_not_to(toy):
    assert len(paths(toy, tasks=("choice",), estimators=("best",))) == 2
    assert paths(toy, tasks=("choice",), estimators=("best",), baselines=False) == [
        "toy/choice ▸ toy/best"
    ]


def test_seeds_and_order(toy):
    made = plan.make(toy, Request(tasks=("normals",), estimators=("noise", "mean"), seeds=(1, 0)))
    assert [(p.estimator.name, p.seed) for p in made.paths] == [
        ("toy/mean", 0), ("toy/mean", 1), ("toy/noise", 0), ("toy/noise", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("estimator", "task", "reason"),
    [
        (
            "toy/split-only",
            "toy/normals",
            "needs data with split, which toy/normals does not declare",
        ),
        ("toy/best", "toy/normals", "gives a Selection, which toy/normals does not score"),
        (
            "toy/mean",
            "atoms/colabfit",
            "reads Samples, and atoms/colabfit gives Structures; add --model",
        ),
    ],
)
def test_every_exclusion_has_a_reason(toy, estimator, task, reason):
    with pytest.raises(UsageError, match="no legal path") as caught:
        plan.make(toy, Request(tasks=(task,), estimators=(estimator,), models=("toy/double",)))
    assert reason in str(caught.value)
    others = plan.make(
        toy,
        Request(
            tasks=(task, "toy/normals"), estimators=(estimator, "toy/mean"), models=("toy/double",)
        ),
    )
    (why,) = [e.reason for e in others.excluded if (e.task, e.estimator) == (task, estimator)]
    assert why.startswith(reason)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({}, "nothing asked for"),
        ({"tasks": ("normls",)}, "unknown task 'normls': did you mean normals"),
        ({"plugins": ("tony",)}, "unknown plugin 'tony': did you mean toy"),
        ({"tasks": ("normals",), "params": {"normals": {"cout": 1}}}, "unknown parameter of toy/normals 'cout': did you mean count"),
        ({"tasks": ("normals",), "params": {"norms": {"n": 1}}}, "unknown component in --set 'norms'"),
        ({"tasks": ("normals",), "params": {"normals": {"n": "many"}}}, "toy/normals.n: 'many'; wanted a whole number"),
        ({"tasks": ("normals",), "params": {"normals": {"n": 1}}}, "toy/normals.n: 1; wanted at least 2"),
        ({"tasks": ("normals",), "estimators": ("noise",), "params": {"mean": {"scale": 2.0}}}, "on no path of this request"),
    ],
)  # fmt: skip
def test_wrong_requests_are_one_line(toy, request_, message):
    with pytest.raises(UsageError, match=message) as caught:
        plan.make(toy, Request(**request_))
    assert "\n" not in str(caught.value)


def test_settings_reach_the_component_they_name(toy):
    made = plan.make(
        toy,
        Request(
            tasks=("normals",),
            estimators=("mean",),
            params={"mean": {"scale": "2"}, "toy/normals": {"n": 7}},
        ),
    )
    assert dict(made.paths[0].estimator.params) == {"scale": 2.0}
    assert dict(made.paths[0].task.params) == {"count": 3, "n": 7}


def test_a_device_is_given_to_what_has_one_and_was_not_set_by_hand(toy):
    def params(estimators, **request):
        made = plan.make(toy, Request(tasks=("normals",), estimators=estimators, **request))
        return {p.estimator.name: dict(p.estimator.params) for p in made.paths}

    both = params(("on-device", "mean"), device="cuda")
    assert both["toy/on-device"]["device"] == "cuda"
    assert both["toy/mean"] == {"scale": 1.0}
    by_hand = params(("on-device",), device="cuda", params={"on-device": {"device": "cpu"}})
    assert by_hand["toy/on-device"]["device"] == "cpu"
    assert params(("on-device",))["toy/on-device"]["device"] == "cpu"
    with pytest.raises(UsageError, match=r"on-device\.device: 'tpu'; wanted one of 'cpu', 'cuda'"):
        params(("on-device",), device="tpu")
    with pytest.raises(UsageError, match="--device cuda: no component of this request"):
        params(("mean",), device="cuda")
    assert params(("mean",), device="cpu") == {"toy/mean": {"scale": 1.0}}


def test_baselines_alone_do_not_answer_for_an_estimator_that_fits_nothing(toy):
    asked = plan.Request(tasks=("choice",), estimators=("netinfof/nui",))
    with pytest.raises(UsageError, match=r"^no legal path: netinfof/nui on toy/choice: "):
        plan.make(toy, asked)
