"""Closed forms of what is read off log-probabilities, texts written, and tokens left out."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import harness
from harness import Incompatible, LabelLogProbabilities, ReferencedText, Split
from harness_wireless_pvi.kinds import GeneratedText

from .conftest import RNG, estimate, lamps, scores


def table(p, y, null=0.5, **more):
    """Two classes, the second with the probabilities p."""
    p = np.asarray(p, float)
    full, base = (np.log(np.column_stack([1 - q, q])) for q in (p, np.full(len(p), null)))
    return LabelLogProbabilities(
        full, base, y, ("a", "b"), np.ones(len(p), bool), np.arange(len(p)), **more
    )


def test_pointwise_values_by_hand():
    found = estimate("pvi", table([0.9, 0.2, 0.5], [1, 1, 0], null=0.4))
    np.testing.assert_allclose(found.local, np.log([0.9 / 0.4, 0.2 / 0.4, 0.5 / 0.6]))
    assert found.stderr == pytest.approx(found.local.std(ddof=1) / math.sqrt(3))
    assert found.diagnostics["negative"] == 2
    entropy = -(math.log(1 / 3) / 3 + 2 * math.log(2 / 3) / 3)
    assert found.diagnostics["null_excess"] == pytest.approx(
        -(2 * math.log(0.4) + math.log(0.6)) / 3 - entropy
    )


def test_the_interval_covers_as_often_as_it_says():
    """95 % intervals of 200 samples of 100 with a known mean: 3 standard deviations of the count about 190, and the
    bootstrap's known shortfall at this size."""
    rng, inside = RNG(0), 0
    p, truth = 0.8, 0.8 * math.log(1.6) + 0.2 * math.log(0.4)
    for seed in range(200):
        right = rng.random(100) < p
        found = estimate(
            "v-information",
            table(np.where(right, p, 1 - p), np.ones(100, int)),
            seed,
            resamples=300,
        )
        inside += found.diagnostics["low"] <= truth <= found.diagnostics["high"]
    assert 176 <= inside <= 199


def test_slices():
    data = table(
        [0.9] * 5 + [0.5] * 5 + [0.1], [1] * 5 + [0] * 5 + [1], groups=("x",) * 5 + ("y",) * 6
    )
    found = estimate("slice-v-information", data, by="group")
    assert found.diagnostics["least"] == "y"
    assert found.value == pytest.approx(math.log(0.2) / 6)
    assert found.diagnostics["group x"] == pytest.approx(math.log(1.8))
    assert estimate("slice-v-information", data).diagnostics["class a"] == pytest.approx(0.0)
    with pytest.raises(Incompatible, match="no groups; wanted by=class"):
        estimate("slice-v-information", dataclasses.replace(data, groups=None), by="group")
    with pytest.raises(Incompatible, match="no class has 50 units"):
        estimate("slice-v-information", data, least=50)


def test_calibration():
    """Right in 7 of 10 with the probability 0.9: an error of 0.2."""
    assert estimate("calibration", table([0.9] * 10, [1] * 7 + [0] * 3)).value == pytest.approx(0.2)
    assert estimate("calibration", table([0.75] * 4, [1, 1, 1, 0])).value == pytest.approx(
        0.0, abs=1e-12
    )


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=30))
def test_auroc_counts_pairs(rows):
    from harness_wireless_pvi.estimators import auroc

    score, positive = np.array([float(r[0]) for r in rows]), np.array([r[1] for r in rows])
    if positive.all() or not positive.any():
        return
    pairs = score[positive][:, None] - score[~positive]
    assert auroc(score, positive) == pytest.approx(((pairs > 0) + 0.5 * (pairs == 0)).mean())


def test_mislabelled_needs_some_of_each():
    for wrong in (None, [True] * 3, [False] * 3):
        with pytest.raises(Incompatible, match="wanted some wrong labels and some right ones"):
            estimate("mislabelled", table([0.5] * 3, [0, 1, 1], wrong=wrong))


def test_rouge_l_by_hand():
    """Two of four words of either side are off in one place: P = R = F = 3/4."""
    data = GeneratedText(("Police kill the gunman!", ""), ("police killed the gunman", "anything"))
    found = estimate("rouge-l", data)
    np.testing.assert_allclose(found.local, [0.75, 0.0])
    longer = estimate("rouge-l", GeneratedText(("a b c d",), ("a x c",)))
    assert longer.value == pytest.approx(2 * (2 / 4) * (2 / 3) / (2 / 4 + 2 / 3))


def test_numbers_are_judged_as_numbers():
    data = GeneratedText(("about 1.005 bit", "-2e0", "none", "3.1"), ("1.0", "-2", "5", "3"))
    found = estimate("numeric-answer", data)
    assert found.local.tolist() == [1, 1, 0, 0]
    assert found.diagnostics["without_number"] == 1
    assert estimate("numeric-answer", data, tolerance=0.05).value == 0.75
    with pytest.raises(Incompatible, match="'x' has no number"):
        estimate("numeric-answer", GeneratedText(("1",), ("x",)))


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("$130,000", "130000"),
        ("The profit is $70,000.", "70,000"),
        ("70 dollars", "70"),
        ("1,234.5", "1234.5"),
        ("12,345,678 bits", "12345678"),
        ("1,2 and 3", "1"),
    ],
)
def test_commas_between_thousands_and_currencies(written, wanted):
    for pair in ((written, wanted), (wanted, written)):
        data = GeneratedText((pair[0], "1"), (pair[1], "1"))
        assert estimate("numeric-answer", data).local.tolist() == [1, 1]
    apart = GeneratedText(("130", "70 dollars"), ("130,000", "70,000"))
    assert estimate("numeric-answer", apart).value == 0


def test_writers():
    texts = ("One. Two! Three.", "Uno. Dos.", "One. Two? No.")
    data = ReferencedText(texts, ("one", "uno", "three"), split=Split([0, 1], [2]))
    lead = harness.model("lead-sentences", sentences=2).transform(
        data, to=GeneratedText, rng=RNG(0)
    )
    assert (lead.written, lead.references) == (("One. Two?",), ("three",))
    near = harness.model("nearest-answer").transform(data, to=GeneratedText, rng=RNG(0))
    assert near.written == ("one",)
    with pytest.raises(Incompatible, match="no train/test split"):
        harness.model("nearest-answer").transform(
            dataclasses.replace(data, split=None), to=GeneratedText, rng=RNG(0)
        )


def test_the_token_that_tells_the_class_is_found():
    found = estimate("token-artefacts", lamps(400, test=200))
    assert found.diagnostics["tokens high"].startswith("on ")
    assert found.diagnostics["tokens low"].startswith("off ")
    assert found.value > 0.5


def test_a_fall_is_the_difference_of_two_scores():
    """Left out by hand, scored by the same fit."""
    data = lamps(200, test=20)
    position = int(data.split.test[0])
    without = data.texts[position].replace("lamp", "")
    texts = (*data.texts[:199], without)
    moved = dataclasses.replace(
        data, texts=texts, y=np.append(data.y[:199], data.y[position]), repeats=True
    )
    split = Split(data.split.train, np.array([position, 199]))
    one, other = estimate(
        "conditional-v-entropy", scores("tfidf-logistic", dataclasses.replace(moved, split=split))
    ).local
    from harness_wireless_pvi.artefacts import TokenArtefacts, _without_each

    variants, origin, tokens = _without_each(data, np.array([position]))
    falls = TokenArtefacts()._falls(data, np.array([position]), variants, origin, RNG(0))
    assert falls[tokens.index("lamp")] == pytest.approx(other - one, abs=1e-9)


def test_tokens_need_texts():
    with pytest.raises(
        Incompatible, match="no token occurs in 6 test texts of a class, of 3 in all"
    ):
        estimate("token-artefacts", lamps(40, test=3))
