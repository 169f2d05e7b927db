"""Contexts with questions."""

import json

import pytest

import harness
from harness import DataError, UsageError


@pytest.mark.parametrize(
    ("about", "first"), [("things", "The box is {}."), ("traits", "Its colour is {}.")]
)
def test_stories_say_their_answers_once(about, first):
    cases = list(harness.task("context-questions", contexts=10, about=about).cases(seed=0))
    assert [case.id for case in cases] == [["box", "lamp"], ["colour", "metal"]][about == "traits"]
    one, other = (case.load() for case in cases)
    assert one.texts == other.texts
    assert (one.n, len(one.split.test)) == (1010, 10)
    for text, answer in zip(one.texts, one.answers, strict=True):
        assert text.count(first.format(answer)) == 1
        assert text.count(".") == 4
    assert {case.load().options == one.options for case in cases} == {True, about == "things"}
    assert len(set(one.texts[i] for i in one.split.test)) == 10
    with pytest.raises(UsageError, match="questions <= things"):
        list(harness.task("context-questions", things=1).cases(seed=0))


def test_training_stories_do_not_change_those_that_are_compressed():
    few, many = (
        next(iter(harness.task("context-questions", training=n).cases(seed=0))).load()
        for n in (0, 50)
    )
    assert few.split is None
    assert few == many.part("test")


def test_own_contexts(tmp_path):
    file = tmp_path / "mine.jsonl"
    file.write_text(
        "".join(json.dumps({"text": f"t{i}", "answer": a}) + "\n" for i, a in enumerate("aba"))
    )
    (case,) = harness.task("context-questions", dataset=str(file), query="Which?").cases(seed=0)
    data = case.load()
    assert (data.n, data.options, data.query) == (3, ("a", "b"), "Which?")
    with pytest.raises(UsageError, match="wanted the question"):
        list(harness.task("context-questions", dataset=str(file)).cases(seed=0))
    assert data.split is None
    (case,) = harness.task("context-questions", dataset=str(file), query="?", contexts=2).cases(
        seed=0
    )
    assert case.load().split is None  # one left is no training part
    file.write_text("".join(json.dumps({"text": f"t{i}"}) + "\n" for i in range(9)))
    (case,) = harness.task("context-questions", dataset=str(file), query="?", contexts=4).cases(
        seed=0
    )
    split = case.load().split
    assert sorted([*split.train, *split.test]) == list(range(9))
    assert len(split.test) == 4
    file.write_text('{"text": "a"}\n{"no": 1}\n')
    (case,) = harness.task("context-questions", dataset=str(file), query="?").cases(seed=0)
    with pytest.raises(
        UsageError, match=r"mine.jsonl:2: no; wanted a JSON object with a string text"
    ):
        case.load()
    file.write_text('{"text": "a"}\n{"text": " "}\n')
    with pytest.raises(DataError, match="empty context"):
        next(
            iter(harness.task("context-questions", dataset=str(file), query="?").cases(seed=0))
        ).load()
    (case,) = harness.task("context-questions", dataset=str(tmp_path / "none"), query="?").cases(
        seed=0
    )
    with pytest.raises(UsageError, match="No such file"):
        case.load()
