"""Questions to a collection of documents."""

import json

import pytest

import harness
from harness import UsageError

TASK = "research-questions"


def cases(**params):
    return [case.load() for case in harness.task(TASK, **params).cases(seed=3)]


def test_the_documents_answer_what_none_of_them_says():
    found = cases(questions=12, documents=8)
    assert {data.answers[0] for data in found} == {"yes", "no"}
    for data in found:
        question, *below = data.query.splitlines()
        assert data.texts == found[0].texts
        assert len(data.texts) == 8
        a, _, b = question.removeprefix("Do ").partition(" and ")
        b, _, trait = b.partition(" have the same ")
        trait = trait.rstrip("?")
        assert below == [f"- What is the {trait} of {place}?" for place in (a, b)]
        values = []
        for place in (a, b):
            (text,) = (t for t in data.texts if f" {place} " in t)
            values.append(text.split(f"The {trait} of {place} is ")[1].split(".")[0])
        assert set(data.answers) == {"yes" if values[0] == values[1] else "no"}
    assert cases(given=False)[0].query.count("\n") == 0


def test_a_folder_of_your_own(tmp_path):
    (tmp_path / "docs" / "deep").mkdir(parents=True)
    (tmp_path / "docs" / "b.txt").write_text("B.")
    (tmp_path / "docs" / "deep" / "a.md").write_text("A.")
    (tmp_path / "docs" / "other.pdf").write_bytes(b"%")
    asked = tmp_path / "asked.jsonl"
    rows = [
        {"question": "Which?", "answer": "B", "queries": ["First?", "Second?"]},
        {"question": "Open?"},
        {"question": "Whether?", "answer": "no", "options": ["no", "yes"]},
    ]
    asked.write_text("".join(json.dumps(row) + "\n" for row in rows))
    where = {"folder": str(tmp_path / "docs"), "asked": str(asked)}
    first, second, third = cases(**where, questions=9)
    assert first.texts == second.texts == ("B.", "A.")
    assert (first.query, first.options) == ("Which?\n- First?\n- Second?", ("B", "no"))
    assert (second.answers, second.options) == (None, ())
    assert (third.answers, third.options) == (("no", "no"), ("no", "yes"))
    before = [case.stamp for case in harness.task(TASK, **where).cases(seed=0)]
    (tmp_path / "docs" / "b.txt").write_text("C.")
    assert before != [case.stamp for case in harness.task(TASK, **where).cases(seed=0)]
    with pytest.raises(UsageError, match="wanted both"):
        cases(folder=str(tmp_path))
    for line, wanted in (
        ('{"q": 1}', "string question"),
        ('{"question": "?", "answer": 1}', "answer is int"),
        ('{"question": "?", "queries": "a"}', "queries: wanted a list"),
        ('{"question": "?", "answer": "a", "options": ["b"]}', "none of the options"),
        ("", "no question"),
    ):
        asked.write_text(line)
        with pytest.raises(UsageError, match=wanted):
            cases(**where)
    (tmp_path / "docs" / "b.txt").unlink()
    asked.write_text('{"question": "?"}')
    with pytest.raises(UsageError, match="1 files"):
        cases(**where)
