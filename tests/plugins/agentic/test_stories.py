"""Contexts with questions."""

import json

import pytest

import harness
from harness import DataError, UsageError


def test_stories_say_their_answers_once():
    cases = list(harness.task("context-questions", contexts=10).cases(seed=0))
    assert [case.id for case in cases] == ["box", "lamp"]
    box, lamp = (case.load() for case in cases)
    assert box.texts == lamp.texts
    for text, answer in zip(box.texts, box.answers, strict=True):
        assert text.count(f"The box is {answer}.") == 1
    with pytest.raises(UsageError, match="questions <= things"):
        list(harness.task("context-questions", things=1).cases(seed=0))


def test_own_contexts(tmp_path):
    file = tmp_path / "mine.jsonl"
    file.write_text("".join(json.dumps({"text": f"t{i}", "answer": a}) + "\n" for i, a in enumerate("aba")))
    (case,) = harness.task("context-questions", dataset=str(file), query="Which?").cases(seed=0)
    data = case.load()
    assert (data.n, data.options, data.query) == (3, ("a", "b"), "Which?")
    with pytest.raises(UsageError, match="wanted the question"):
        list(harness.task("context-questions", dataset=str(file)).cases(seed=0))
    file.write_text('{"text": "a"}\n{"no": 1}\n')
    (case,) = harness.task("context-questions", dataset=str(file), query="?").cases(seed=0)
    with pytest.raises(UsageError, match="line 2"):
        case.load()
    file.write_text('{"text": "a"}\n{"text": " "}\n')
    with pytest.raises(DataError, match="empty context"):
        next(iter(harness.task("context-questions", dataset=str(file), query="?").cases(seed=0))).load()
    (case,) = harness.task("context-questions", dataset=str(tmp_path / "none"), query="?").cases(seed=0)
    with pytest.raises(UsageError, match="JSON lines"):
        case.load()
