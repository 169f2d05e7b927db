"""Ratings are held out, policies use what they say, and their controls use the same number of texts and steps."""

import dataclasses

import numpy as np
import pytest
import torch

import harness
from harness import Incompatible, UsageError
from harness_wireless_pvi.kinds import GuidedText
from harness_wireless_pvi.policies import schedules

from .conftest import RNG, estimate, lamps

GPU = torch.cuda.is_available()
PVI = np.linspace(-1.0, 1.0, 80)
ROWS, CLASSES = np.arange(100, 180), np.arange(80) % 2
SMALL = {"steps": 40, "width": 16, "layers": 1, "learning_rate": 5e-3}


def steps(policy, seed=0):
    return list(policy.schedule(ROWS, PVI, CLASSES, RNG(seed)))


def used(found):
    return np.unique(np.concatenate([rows for rows, _ in found]))


EVERY = [
    schedules.TrainAll, schedules.TrainOrder, schedules.TrainReverse, schedules.TrainRandomOrder, schedules.TrainFilter,
    schedules.TrainRandomKept, schedules.TrainEasy, schedules.TrainMedium, schedules.TrainHard, schedules.TrainRandom,
    schedules.TrainWeight, schedules.TrainRandomWeight,
]  # fmt: skip


@pytest.mark.parametrize("policy", EVERY, ids=lambda p: p.__name__)
def test_every_policy_takes_equal_steps_of_equal_size(policy):
    found = steps(policy(steps=30, batch=8))
    assert [len(rows) for rows, _ in found] == [8] * 30
    assert all(len(rows) == len(weights) for rows, weights in found)


def test_order_opens_with_the_easy_and_reverse_with_the_hard():
    for policy, first in ((schedules.TrainOrder, ROWS[60:]), (schedules.TrainReverse, ROWS[:20])):
        found = steps(policy(steps=40, batch=8))
        np.testing.assert_array_equal(used(found[:10]), first)
        np.testing.assert_array_equal(used(found[30:]), ROWS)
    assert len(used(steps(schedules.TrainRandomOrder(steps=40, batch=8))[:10])) == 20


def test_filter_and_budgets_keep_what_they_say_and_controls_as_many():
    kept = used(steps(schedules.TrainFilter(steps=40, batch=8)))
    np.testing.assert_array_equal(kept, ROWS[PVI >= 0])
    control = used(steps(schedules.TrainRandomKept(steps=40, batch=8)))
    assert len(control) == len(kept)
    assert (control != kept).any()
    easy, middle, hard, any_ = (
        used(steps(p(steps=40, batch=8, share=0.25)))
        for p in (
            schedules.TrainEasy,
            schedules.TrainMedium,
            schedules.TrainHard,
            schedules.TrainRandom,
        )
    )
    np.testing.assert_array_equal(easy, ROWS[60:])
    np.testing.assert_array_equal(hard, ROWS[:20])
    assert set(middle) <= set(ROWS[28:52])
    for found in (easy, middle, hard, any_):
        assert np.bincount((found - 100) % 2).tolist() == [10, 10]


def test_weights_rise_with_pvi_within_bounds():
    weights = schedules.TrainWeight(strength=1.0).weights(PVI, RNG(0))
    assert (np.diff(weights) > 0).all()
    assert weights.mean() == pytest.approx(1.0)
    assert schedules.TrainWeight(strength=50.0).weights(PVI, RNG(0)).max() == 10.0
    dealt = schedules.TrainRandomWeight(strength=1.0).weights(PVI, RNG(0))
    np.testing.assert_allclose(np.sort(dealt), np.sort(weights))


def guided(data, **params):
    return harness.model("pvi-guide", **params).transform(data, to=GuidedText, rng=RNG(0))


@pytest.mark.parametrize(
    ("scorer", "more"), [("tfidf-logistic", {}), ("transformer", {"steps": 30, "folds": 2})]
)
def test_ratings_of_wrong_labels_are_low_and_the_test_part_has_none(scorer, more):
    data = lamps(200, flip=0.15)
    found = guided(data, scorer=scorer, **more)
    train = data.split.train
    assert found.rated[train].all()
    assert not found.rated[data.split.test].any()
    assert (found.pvi[data.split.test] == 0).all()
    if scorer == "tfidf-logistic":
        assert found.pvi[train][data.wrong[train]].max() < np.median(found.pvi[train])
        averaged = guided(data, scorer=scorer, rounds=3)
        assert np.corrcoef(averaged.pvi[train], found.pvi[train])[0, 1] > 0.9


def test_the_test_part_does_not_touch_the_ratings():
    data = lamps(200)
    texts = (*data.texts[:160], *(f"{t} more" for t in data.texts[160:]))
    a, b = (
        guided(data, scorer="tfidf-logistic"),
        guided(dataclasses.replace(data, texts=texts), scorer="tfidf-logistic"),
    )
    np.testing.assert_array_equal(a.pvi, b.pvi)


def test_filtering_leaves_out_wrong_labels():
    data = guided(lamps(300, flip=0.25, test=100), scorer="tfidf-logistic")
    plain, kept = (estimate(f"train-{p}", data, **SMALL) for p in ("all", "filter"))
    assert kept.diagnostics["wrong_share"] < 0.05 < 0.2 < plain.diagnostics["wrong_share"]
    assert plain.diagnostics["steps"] == kept.diagnostics["steps"] == 40
    assert kept.diagnostics["n"] == (~data.wrong[data.split.test]).sum()
    assert kept.local.size == kept.diagnostics["n"]


def test_policies_refuse_what_they_cannot_judge():
    data = guided(lamps(), scorer="tfidf-logistic")
    with pytest.raises(Incompatible, match=r"no training text has a PVI of 50\.0 nats or more"):
        estimate("train-filter", data, tau=50.0, **SMALL)
    with pytest.raises(Incompatible, match="no ratings or no train/test split"):
        estimate("train-all", dataclasses.replace(data, split=None), **SMALL)
    with pytest.raises(Incompatible, match="a training text has no rating"):
        estimate("train-all", dataclasses.replace(data, rated=np.zeros(data.n, bool)), **SMALL)
    sided = dataclasses.replace(data, pvi=np.where(data.y == 1, -1.0, 1.0))
    with pytest.raises(
        Incompatible, match="keeps no text of class 'high', which the test part has"
    ):
        estimate("train-filter", sided, **SMALL)
    with pytest.raises(Incompatible, match="no train/test split"):
        guided(dataclasses.replace(lamps(), split=None))


@pytest.mark.parametrize(
    "device",
    ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not GPU, reason="no GPU here"))],
)
def test_ratings_and_policies_compute_on_their_device(device, monkeypatch):
    from harness_wireless_pvi.predictors.transformer import Classifier

    seen, forward = set(), Classifier.forward

    def spy(network, ids, real):
        seen.add((ids.device.type, network.head.weight.device.type))
        return forward(network, ids, real)

    monkeypatch.setattr(Classifier, "forward", spy)
    brief = SMALL | {"steps": 5, "device": device}
    data = guided(lamps(80, test=20), folds=2, **brief)
    assert seen == {(device, device)}
    seen.clear()
    assert np.isfinite(data.pvi).all()
    assert estimate("train-weight", data, **brief).diagnostics["steps"] == 5
    assert seen == {(device, device)}


@pytest.mark.skipif(GPU, reason="there is a GPU")
def test_ratings_without_the_gpu_that_is_asked_for():
    with pytest.raises(UsageError, match="torch sees no GPU here; wanted device=cpu"):
        guided(lamps(), device="cuda", **SMALL)
