"""NOMA rates against golden values, problems that have one right answer, questions that do not leak."""

import collections
import json

import numpy as np
import pytest

import harness
from harness import Incompatible, LabelledSamples, LabelledText, LabelLogProbabilities, UsageError
from harness_text import entities, features, noma
from harness_text.noma_rates import Downlink
from harness_text.wireless_qa import WirelessQA, _Maker, reached, sentence
from harness_wireless_pvi.kinds import GeneratedText

RNG = np.random.default_rng


@pytest.mark.parametrize(
    ("downlink", "far", "near", "cancel", "divided"),
    [
        (Downlink(10, 0.8, 0.2, 2.0, 1.0), 1.09954, 2.32193, 2.07039, (0.79248, 2.19616)),
        (Downlink(100, 0.75, 0.05, 1.0, 1.0), 1.41504, 4.70044, 1.95777, (1.29248, 3.32911)),
    ],
)
def test_golden_rates(downlink, far, near, cancel, divided):
    assert downlink.far_rate() == pytest.approx(far, abs=1e-5)
    assert downlink.near_rate() == pytest.approx(near, abs=1e-5)
    assert downlink.cancel_rate() == pytest.approx(cancel, abs=1e-5)
    assert [downlink.divided_rate(g) for g in (downlink.far, downlink.near)] == pytest.approx(
        divided, abs=1e-5
    )
    assert downlink.gain() == pytest.approx(far + near - sum(divided), abs=2e-5)


def case(name, id, **params):
    return next(c for c in harness.task(name, **params).cases(seed=0) if c.id == id).load()


def test_the_right_answer_is_the_one_at_no_distance():
    data = case("noma", "choice", n=300)
    x = harness.model("noma-features").transform(data, to=LabelledSamples, rng=RNG(0)).x
    np.testing.assert_array_equal(x.argmin(1), data.y)
    assert x.min(1).max() < 1e-3  # four digits are printed
    assert np.sort(x, 1)[:, 1].min() > 0.04
    data = case("noma", "claim", n=300)
    x = harness.model("noma-features").transform(data, to=LabelledSamples, rng=RNG(0)).x[:, 0]
    np.testing.assert_array_equal(x < 1e-3, data.y == 1)


def test_information_exists_and_words_cannot_use_it():
    """The showcase: no words tell the answer, the computed rates tell it all."""
    data = case("noma", "choice")
    pvi = harness.estimator("pvi")
    words = harness.model("tfidf-logistic").transform(data, to=LabelLogProbabilities, rng=RNG(0))
    assert pvi.estimate(words, rng=RNG(0)).value < 0.03
    rates = harness.model("noma-features").transform(data, to=LabelledSamples, rng=RNG(0))
    usable = harness.model("logistic").transform(rates, to=LabelLogProbabilities, rng=RNG(0))
    assert pvi.estimate(usable, rng=RNG(0)).value > 0.98 * np.log(4)


def test_other_texts_are_no_problems():
    data = case("pydoc-topics", "4-topics")
    with pytest.raises(Incompatible, match="wanted problems of the task noma"):
        harness.model("noma-features").transform(data, to=LabelledSamples, rng=RNG(0))
    with pytest.raises(Incompatible, match="wanted the same count in all"):
        harness.model("text/numbers").transform(data, to=LabelledSamples, rng=RNG(0))


def test_numbers_in_texts():
    assert features.numbers("P=10, g2 = -0.5; 1e-3 and .25.") == [10.0, -0.5, 1e-3, 0.25]


def test_written_numbers_are_scored_as_numbers():
    data = next(iter(harness.task("noma-answers").cases(seed=0))).load()
    perfect = GeneratedText(tuple(f"It is {r} bit/s/Hz" for r in data.references), data.references)
    assert harness.estimator("numeric-answer").estimate(perfect, rng=RNG(0)).value == 1.0
    copied = harness.model("nearest-answer").transform(data, to=GeneratedText, rng=RNG(0))
    assert harness.estimator("numeric-answer").estimate(copied, rng=RNG(0)).value < 0.2


def test_summaries_tell_everything_that_is_wanted():
    data = next(iter(harness.task("wireless-summaries").cases(seed=0))).load()
    for text, summary, goal in zip(data.texts, data.references, data.groups, strict=True):
        assert goal in text
        assert goal in summary
        assert set(map(str, features.numbers(summary))) <= set(map(str, features.numbers(text)))
    rouge = harness.estimator("rouge-l")
    lead = harness.model("lead-sentences").transform(data, to=GeneratedText, rng=RNG(0))
    near = harness.model("nearest-answer").transform(data, to=GeneratedText, rng=RNG(0))
    assert (
        0.1 < rouge.estimate(lead, rng=RNG(0)).value < rouge.estimate(near, rng=RNG(0)).value < 0.95
    )


def test_the_graph():
    assert len(set(entities.FACTS)) == len(entities.FACTS) >= 120
    assert len(entities.ENTITIES) >= 60
    assert all(s != o for s, _, o in entities.FACTS)


@pytest.mark.parametrize("form", ["tf", "mcq"])
def test_questions_are_answered_by_the_facts_and_no_test_fact_is_seen_in_training(form):
    found = WirelessQA(n=400).questions(form, 0)
    facts = {sentence(fact): fact for fact in entities.FACTS}
    sides = collections.defaultdict(set)
    for q in found:
        chain = [facts[s + "."] for s in q.rationale.rstrip(".").split(". ")]
        assert len(chain) == q.hops
        ends = reached(q.entities[0], [relation for _, relation, _ in chain])
        assert q.entities[-1] in ends
        if form == "mcq":
            right = [
                letter for letter, option in zip("ABCD", q.options, strict=True) if option in ends
            ]
            assert right == [q.answer]
        else:
            named = q.question.removesuffix(".").split(chain[-1][1] + " ")[-1]
            assert (named in ends) == (q.answer == "true")
        shown = {facts[s + "."] for s in q.context.rstrip(".").split(". ")}
        assert set(chain) <= shown
        sides[q.split] |= shown
    assert not sides["train"] & sides["test"]
    assert {q.hops for q in found} >= {1, 2}
    json.dumps(WirelessQA(n=400).rows(form, 0))


def test_more_questions_than_there_are_is_refused():
    with pytest.raises(UsageError, match=r"the facts give .* questions; wanted a smaller n"):
        _Maker([entities.FACTS[0]], "tf", "test", hops=1, shown=0).make(150, RNG(0))
    with pytest.raises(UsageError, match="wanted 0, or at least 3"):
        list(WirelessQA(shown=2).cases(seed=0))
    with pytest.raises(UsageError, match="wanted tf or mcq"):
        list(WirelessQA(forms=("open",)).cases(seed=0))
    with pytest.raises(UsageError, match="wanted claim or choice"):
        list(noma.Noma(forms=("open",)).cases(seed=0))


def test_the_manual():
    data = case("pydoc-topics", "12-topics-noise-0.1")
    assert data.n_classes == 12
    assert data.leaks().size == 0
    assert 0.05 < data.wrong.mean() < 0.15
    with pytest.raises(UsageError, match=r"pydoc-topics.topics: 500; wanted \d+ or fewer"):
        list(harness.task("pydoc-topics", topics=(500,)).cases(seed=0))


def rewritten(data, what):
    return harness.model("text/rewrite", what=what).transform(data, to=LabelledText, rng=RNG(0))


def test_rewriting():
    data = case("noma", "claim", n=40)
    assert all(sorted(a.split()) != a.split() for a in rewritten(data, "shuffle").texts)
    assert set("".join(rewritten(data, "length").texts)) == {"x", " "}
    assert rewritten(data, "drop-context").contexts is None
    assert rewritten(data, "only-context").texts == data.contexts
    hidden = rewritten(data, "encrypt")
    assert [len(t) for t in hidden.texts] == [len(t) for t in data.texts]
    letters = dict(zip("".join(data.texts).casefold(), "".join(hidden.texts), strict=True))
    assert len(set(letters.values())) == len(letters)
    with pytest.raises(Incompatible, match="these texts have no context"):
        rewritten(case("pydoc-topics", "4-topics"), "drop-context")
