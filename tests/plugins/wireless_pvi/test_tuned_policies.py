"""Policies on a causal language model: equal compute, what they use, and that they learn."""

import dataclasses

import numpy as np
import pytest

pytest.importorskip("transformers")

import harness
from harness import Incompatible, UsageError
from harness_wireless_pvi import training
from harness_wireless_pvi.kinds import GuidedText
from harness_wireless_pvi.policies.tuned import TunedPolicy

from .conftest import RNG, estimate, lamps

POLICIES = (
    "all", "order", "reverse", "random-order", "filter", "random-kept", "easy", "medium", "hard", "random", "weight",
    "random-weight",
)  # fmt: skip


def guided(data):
    return harness.model("pvi-guide", scorer="tfidf-logistic").transform(
        data, to=GuidedText, rng=RNG(0)
    )


@pytest.fixture(scope="module")
def noisy():
    return guided(lamps(240, flip=0.25, test=80))


@pytest.mark.parametrize("name", POLICIES)
def test_every_policy_takes_equal_steps_and_trains_low_rank_updates_alone(
    noisy, gpt, name, monkeypatch
):
    seen = []

    def spy(network, losses, schedule, **given):
        learnt = {n for n, p in network.named_parameters() if p.requires_grad}
        seen.append((learnt, [(len(rows), weights.mean()) for rows, weights in schedule], given))
        return 0.0

    monkeypatch.setattr(training, "train", spy)
    pytest.importorskip("peft")
    found = estimate("tune-causal", noisy, model=gpt, policy=name, steps=6, batch=4, lora_rank=2)
    ((learnt, steps, given),) = seen
    assert learnt
    assert all("lora_" in n for n in learnt)
    assert [size for size, _ in steps] == [4] * 6
    assert given["steps"] == 6
    assert found.diagnostics["steps"] == 6
    assert found.diagnostics["n"] == (~noisy.wrong[noisy.split.test]).sum()


def test_filtering_leaves_out_wrong_labels_and_its_control_does_not(noisy, gpt):
    shares = {
        name: estimate("tune-causal", noisy, model=gpt, policy=name, steps=40, batch=8, lora_rank=0)
        for name in ("filter", "random-kept")
    }
    kept, control = shares["filter"], shares["random-kept"]
    assert kept.diagnostics["wrong_share"] < 0.05 < 0.15 < control.diagnostics["wrong_share"]
    assert kept.diagnostics["texts"] == control.diagnostics["texts"]


@pytest.mark.parametrize(("rank", "rate", "steps"), [(0, 3e-3, 150), (8, 1e-2, 600)])
def test_fine_tuning_learns_the_word_that_tells(gpt, rank, rate, steps):
    if rank:
        pytest.importorskip("peft")
    data = guided(lamps(240, test=80))
    settings = {"model": gpt, "lora_rank": rank, "learning_rate": rate, "batch": 16}
    found = estimate("tune-causal", data, policy="all", steps=steps, **settings)
    assert found.value > 0.9
    assert found.diagnostics["v_information"] > 0.2
    brief = estimate("tune-causal", data, policy="all", steps=1, **settings)
    assert brief.value < 0.8
    again = estimate("tune-causal", data, policy="all", steps=1, **settings)
    np.testing.assert_array_equal(brief.local, again.local)


def test_what_cannot_be_tuned(noisy, gpt):
    with pytest.raises(Incompatible, match=r"tune-causal\.model=FOLDER"):
        estimate("tune-causal", noisy)
    with pytest.raises(Incompatible, match="no ratings or no train/test split"):
        estimate("tune-causal", dataclasses.replace(noisy, split=None), model=gpt)
    with pytest.raises(Incompatible, match=r"no training text has a PVI of 50\.0 nats"):
        estimate("tune-causal", noisy, model=gpt, policy="filter", tau=50.0)
    with pytest.raises(UsageError, match="nowhere"):
        estimate("tune-causal", noisy, model="/nowhere/at/all")


def test_parameters_reach_the_schedules():
    assert TunedPolicy(policy="filter", tau=0.5).scheduler().tau == 0.5
    assert TunedPolicy(policy="hard", share=0.1).scheduler().share == 0.1
    assert TunedPolicy(policy="reverse", buckets=7).scheduler().buckets == 7
    assert TunedPolicy(policy="weight", strength=3.0).scheduler().strength == 3.0
