"""Known usable information: the truths by sampling, and the texts they are of."""

import math

import numpy as np
import pytest

import harness
from harness import LabelledSamples, LabelLogProbabilities, UsageError
from harness_text import known

RNG = np.random.default_rng
CASES = {case.id: case for case in harness.task("known-v-information").cases(seed=0)}


@pytest.mark.parametrize(
    ("flip", "bits"), [(0.05, 0.7136), (0.1, 0.5310), (0.25, 0.1887), (0.0, 1.0), (0.5, 0.0)]
)
def test_channels(flip, bits):
    assert known.channel_information(flip) / math.log(2) == pytest.approx(bits, abs=5e-5)


@pytest.mark.parametrize(
    ("mu", "bits"), [(0.25, 0.04373), (0.5, 0.16075), (1.0, 0.48594), (2.0, 0.91282)]
)
def test_normal_classes(mu, bits):
    assert known.classes_information(mu) / math.log(2) == pytest.approx(bits, abs=1e-5)


def test_noise_by_counting():
    joint = np.full((4, 4), 0.1 / 3) + (0.9 - 0.1 / 3) * np.eye(4)
    joint /= 4
    wanted = (joint * np.log(joint / 0.0625)).sum()
    assert known.noise_information(4, 0.1) == pytest.approx(wanted)
    assert known.noise_information(2, 0.1) == pytest.approx(known.channel_information(0.1))


def held_out(name, data):
    return harness.model(name).transform(data, to=LabelLogProbabilities, rng=RNG(0))


@pytest.mark.parametrize("case", [c for c in CASES if not c.startswith("topics")])
def test_logistic_regression_on_the_numbers_finds_the_truth(case):
    """Within four standard errors: one of the mean over the test part, as much again for what was fitted."""
    data = CASES[case].load()
    vectors = harness.model("text/numbers").transform(data, to=LabelledSamples, rng=RNG(0))
    found = harness.estimator("pvi").estimate(held_out("logistic", vectors), rng=RNG(0))
    truth = CASES[case].truth["v_information"]
    assert found.value == pytest.approx(truth, abs=4 * found.stderr + 3e-3)


@pytest.mark.parametrize("case", ["topics-0", "topics-0.1", "topics-0.3", "channel-0.1", "xor-0"])
def test_words_tell_the_topics_and_not_the_xor(case):
    found = harness.estimator("pvi").estimate(
        held_out("tfidf-logistic", CASES[case].load()), rng=RNG(0)
    )
    assert found.value == pytest.approx(
        CASES[case].truth["v_information"], abs=4 * found.stderr + 3e-3
    )


def test_xor_holds_one_bit_for_an_unlimited_observer():
    assert CASES["xor-0"].truth == {"v_information": 0.0, "mutual_information": math.log(2)}
    data = CASES["xor-0"].load()
    by_text = {}
    for text, label in zip(data.texts, data.y, strict=True):
        by_text.setdefault(text, set()).add(int(label))
    assert len(by_text) == 4
    assert all(len(labels) == 1 for labels in by_text.values())


def test_wrong_labels_are_marked():
    data = CASES["topics-0.3"].load()
    assert data.wrong.mean() == pytest.approx(0.3, abs=4 * math.sqrt(0.21 / 4000))
    own = [
        any(word in known.TOPICS[label] for word in text.split())
        for text, label in zip(data.texts, data.y, strict=True)
    ]
    np.testing.assert_array_equal(~data.wrong, own)


def test_shares_above_a_half_are_refused():
    with pytest.raises(UsageError, match=r"a share of 0\.6 wrong labels; wanted 0 to 0.5"):
        list(known.KnownVInformation(flips=(0.6,)).cases(seed=0))
