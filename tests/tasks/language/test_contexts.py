"""Long contexts, from small generated files of the published formats."""

import json

import pytest

import harness
from harness import ChannelLogLikelihoods, DataError, MissingDependency, UsageError, stream
from harness_language import corpora

LETTERS = "abcde"


def patient(i, right=2):
    questions = [
        {"No": k, "question": f"What is wrong with P{i} ({k})?"}
        | {f"answer_{c}": f"illness {j}" for j, c in enumerate(LETTERS)}
        | {"correct": f"illness {right}"}
        for k in range(2)
    ]
    texts = {f"text_{k}": f"Note {k} on P{i}, who has illness {right}." for k in range(3)}
    return {
        "name": f"P{i}",
        "birthday": "1.1.1950",
        "diagnosis": "x",
        "texts": texts,
        "questions": questions,
    }


def filing(i, pieces=1):
    page = {
        "evidence_text": f"Sales were {i}.",
        "evidence_text_full_page": f"Page of C{i}. Sales were {i}.",
        "doc_name": f"C{i}_10K",
        "evidence_page_num": i,
    }
    return {
        "question": f"What were the sales of C{i}?",
        "answer": f"${i}",
        "doc_name": f"C{i}_10K",
        "evidence": [page] * pieces,
    }


def paper(i, columns):
    sections = [
        {"section_name": "Intro", "paragraphs": [f"We did {i}.", "Well."]},
        {"section_name": None, "paragraphs": ["End."]},
    ]
    given = [
        {"unanswerable": False, "yes_no": True, "extractive_spans": [], "free_form_answer": ""},
        {"unanswerable": True, "yes_no": None, "extractive_spans": [], "free_form_answer": ""},
        {
            "unanswerable": False,
            "yes_no": None,
            "extractive_spans": ["a", "b"],
            "free_form_answer": "",
        },
    ]
    asked = [f"Question {i}.{k}?" for k in range(3)]
    if columns:
        full = {name: [s[name] for s in sections] for name in ("section_name", "paragraphs")}
        qas = {"question": asked, "answers": [{"answer": [g], "worker_id": ["w"]} for g in given]}
    else:
        full, qas = (
            sections,
            [
                {"question": q, "answers": [{"answer": g}]}
                for q, g in zip(asked, given, strict=True)
            ],
        )
    return {"title": f"T{i}", "abstract": "A", "full_text": full, "qas": qas}


def chat(i, language="English", turns=4):
    said = [{"role": role, "content": f"{role} says {i}"} for role in ("user", "assistant")]
    return {"conversation": said, "turn": turns, "language": language}


def page(i, count=20_000, language="en"):
    return {"text": f"page {i} " + "word " * 50, "language": language, "token_count": count}


def parquet(path, rows):
    pytest.importorskip("pyarrow")
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    return str(path)


def as_json(path, found):
    path.write_text(json.dumps(found), encoding="utf-8")
    return str(path)


def cases(preset, path, seed=0, **params):
    return list(
        harness.task("long-contexts", preset=preset, path=str(path), **params).cases(seed=seed)
    )


@pytest.fixture
def longhealth(tmp_path):
    return as_json(
        tmp_path / "benchmark_v5.json", {f"patient_{i:02}": patient(i, i % 5) for i in range(6)}
    )


def test_longhealth_asks_one_question_of_several_records(longhealth, tmp_path):
    found = cases("longhealth", longhealth, contexts=4, questions=3)
    assert [case.id for case in found] == [
        "longhealth-question-1",
        "longhealth-question-2",
        "longhealth-question-3",
    ]
    asked = set()
    for case in found:
        data = case.load()
        (own,) = [i for i, answer in enumerate(data.answers) if answer]
        assert data.n == 4
        assert data.query.split()[4] in data.texts[own]
        assert data.answers[own] in data.texts[own]
        assert data.options == tuple(f"illness {j}" for j in range(5))
        assert "illness 4" not in data.query
        assert all("Note 2" in text for text in data.texts)
        asked.add(data.query)
    assert len(asked) == 3
    assert cases("longhealth", longhealth, contexts=4, questions=9)[2].load() == found[2].load()
    assert cases("longhealth", longhealth, contexts=4, seed=1)[0].load() != found[0].load()
    # With letters in place of texts it is the same.
    lettered = {f"p{i}": patient(i, i % 5) for i in range(6)}
    for i, record in enumerate(lettered.values()):
        for question in record["questions"]:
            question["correct"] = LETTERS[i % 5].upper()
    (again,) = cases(
        "longhealth", as_json(tmp_path / "lettered.json", lettered), contexts=4, questions=1
    )
    assert again.load() == found[0].load()


def test_financebench_keeps_single_evidence(tmp_path):
    path = parquet(tmp_path / "f.parquet", [filing(i, 1 + (i == 2)) for i in range(5)])
    found = [case.load() for case in cases("financebench", path, questions=4)]
    assert sorted(d.query for d in found) == [f"What were the sales of C{i}?" for i in (0, 1, 3, 4)]
    assert all(d.n == 4 and d.options == () for d in found)
    own = next(i for i, answer in enumerate(found[0].answers) if answer)
    assert found[0].texts[own].endswith(f"Sales were {found[0].answers[own][1:]}.")
    with pytest.raises(DataError, match=r"4 questions.*wanted long-contexts.questions=5"):
        cases("financebench", path, questions=5)[4].load()


def test_pages_grow_around_the_evidence(tmp_path):
    pages = [f"<{i}>" + "x" * 7 for i in range(6)]
    (tmp_path / "C1_10K.txt").write_text("\f".join(pages))
    (tmp_path / "C2_10K.txt").write_text("\f".join(pages))
    path = as_json(tmp_path / "f.json", [filing(1), filing(2)])
    for size, first, second in (
        (0, range(6), range(6)),
        (5, [1], [2]),
        (22, [1, 2], [2, 3]),
        (33, [0, 1, 2], [1, 2, 3]),
    ):
        (case, _) = cases(
            "financebench", path, documents=str(tmp_path), characters=max(size, 0), questions=2
        )
        if size == 5:
            found = [corpora.pages_around(tmp_path / f"C{i}_10K.txt", i, 5) for i in (1, 2)]
        else:
            found = case.load().texts
        for text, wanted in zip(found, (first, second), strict=True):
            assert [i for i in range(6) if f"<{i}>" in text] == list(wanted), size
    with pytest.raises(DataError, match="wanted page 9"):
        corpora.pages_around(tmp_path / "C1_10K.txt", 9, 0)
    with pytest.raises(UsageError, match="pages separated by form feeds"):
        cases("financebench", path, documents=str(tmp_path / "none"))[0].load()


@pytest.mark.parametrize("columns", [True, False], ids=["hub", "authors"])
def test_qasper_in_both_forms(tmp_path, columns):
    rows = [paper(i, columns) for i in range(3)]
    path = (
        parquet(tmp_path / "q.parquet", rows)
        if columns
        else as_json(tmp_path / "q.json", {f"id{i}": r for i, r in enumerate(rows)})
    )
    found = [case.load() for case in cases("qasper", path, questions=6)]
    assert len({d.query for d in found}) == 6
    by = {d.query: d for d in found}
    yes, spans = by["Question 1.0?"], by["Question 1.2?"]
    assert (yes.options, yes.answers) == (("Yes", "No"), ("", "Yes", ""))
    assert (spans.options, spans.answers) == ((), ("", "a, b", ""))
    assert yes.texts[1] == "T1\n\nA\n\nIntro\n\nWe did 1.\n\nWell.\n\nEnd."


def test_wildchat_glues_ten_conversations(tmp_path):
    rows = [chat(i, turns=4 + i % 5) for i in range(25)]
    rows[3:3] = [chat(97, "German"), chat(98, turns=3), chat(99, turns=9)]
    (case,) = cases("wildchat", parquet(tmp_path / "w.parquet", rows))
    data = case.load()
    assert data.n == 2
    assert data.answers is None
    assert [text.count("user:") for text in data.texts] == [10, 10]
    assert "user: user says 10\nassistant: assistant says 10" in data.texts[1]
    assert not any(f"says {i}" in text for text in data.texts for i in (97, 98, 99))


def test_fineweb_keeps_long_english_pages(tmp_path, caplog):
    rows = [
        page(0),
        page(1, 14_999),
        page(2, language="de"),
        page(3, 15_000),
        page(4, 28_000),
        page(5, 28_001),
        page(6),
    ]
    path = tmp_path / "f.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (case,) = cases("fineweb", path, contexts=3, query="And?")
    assert [text.split()[1] for text in case.load().texts] == ["0", "3", "4"]
    assert case.load().query == "And?"
    (case,) = cases("fineweb", path, characters=20)
    assert case.load().texts[0] == "page 0 word word"
    assert "4 of 4 texts are cut" in caplog.text


@pytest.mark.parametrize(
    ("preset", "rows", "said"),
    [
        (
            "longhealth",
            {"p": {"name": "x"}, "q": {}},
            r"longhealth at row 0: no texts .*wanted texts: dict",
        ),
        ("longhealth", ["text"], "str in place of an object"),
        (
            "longhealth",
            {"p": patient(0), "q": patient(1, 7)},
            r"row 1: correct is 'illness 7'; wanted one of five",
        ),
        (
            "longhealth",
            {"p": patient(0)},
            "1 texts; wanted two at least, in the format of longhealth",
        ),
        ("financebench", [{"question": "?"}], "no evidence"),
        ("financebench", [filing(0) | {"evidence": "page"}], "evidence is str"),
        (
            "qasper",
            [paper(0, True) | {"qas": {"question": ["a"], "answers": []}}],
            r"columns of lengths \[0, 1\]",
        ),
        ("wildchat", [chat(0) | {"turn": "4"}], "turn is str"),
        ("wildchat", [chat(i) for i in range(9)], "0 texts"),
        (
            "fineweb",
            [{"text": "a", "language": "en"}],
            r"no token_count \(there are text, language\)",
        ),
    ],
)
def test_rows_of_another_shape(tmp_path, preset, rows, said):
    with pytest.raises(DataError, match=said):
        cases(preset, as_json(tmp_path / "bad.json", rows))[0].load()


def test_files_that_cannot_be_read(tmp_path, monkeypatch):
    with pytest.raises(UsageError, match=r"path: empty; wanted a copy of .*benchmark_v5"):
        cases("longhealth", "")
    with pytest.raises(UsageError, match=r"no such file; wanted \.json"):
        cases("qasper", tmp_path / "none.parquet")
    for name, content, said in (
        ("a.json", b"{", "wanted JSON"),
        ("b.json", b"3", "wanted a list, or an object of objects"),
        ("c.json", b"\xff\xfe", "line 1: byte 0xff is not utf-8"),
        ("d.txt", b"x", "wanted .json, .jsonl, .parquet"),
        ("e.parquet", b"x", "wanted a whole Parquet file"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UsageError, match=said):
            cases("qasper", tmp_path / name)[0].load()
    pytest.importorskip("datasets")

    def refuse(*_, **__):
        raise ConnectionError("no way out")

    monkeypatch.setattr("datasets.load_dataset", refuse)
    with pytest.raises(
        UsageError,
        match=r"'allenai/qasper' cannot be loaded \(ConnectionError: no way out\).*reachable",
    ):
        cases("qasper", "")[0].load()


def test_the_hub_is_streamed_no_further_than_needed(monkeypatch):
    """The preset's own id, the split, and rows that stop where enough are found."""
    pytest.importorskip("datasets")
    taken = []

    def stream_of(name, split, streaming):
        assert (name, split, streaming) == ("HuggingFaceFW/fineweb", "train", True)
        for i in range(1000):
            taken.append(i)
            yield page(i)

    monkeypatch.setattr("datasets.load_dataset", stream_of)
    (case,) = cases("fineweb", "", contexts=5)
    assert case.stamp is None
    assert case.load().n == 5
    assert taken == list(range(5))


def test_missing_packages_are_named(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "datasets", None)
    with pytest.raises(MissingDependency, match=r"infoharness\[hub\]"):
        cases("qasper", "")[0].load()


def test_accuracy_counts_the_known_answer_only():
    log_p = [[[-1.0, -2.0, -3.0]] * 2] * 3
    known = [[1.0, 0.0], [-1.0, -1.0], [-1.0, -1.0]]
    accuracy = harness.estimator("answer-accuracy")
    one = ChannelLogLikelihoods(log_p, [[1, 1]] * 3, correct=known)
    found = accuracy.estimate(one, rng=stream(0))
    assert (found.value, found.stderr, found.local, found.diagnostics["known"]) == (
        0.5,
        None,
        None,
        1,
    )
    both = accuracy.estimate(
        ChannelLogLikelihoods(log_p, [[1, 1]] * 3, correct=[*known[:2], [1.0, 1.0]]), rng=stream(0)
    )
    assert both.value == 0.75
    with pytest.raises(harness.Incompatible, match="no answer is known"):
        accuracy.estimate(one.take([1, 2]), rng=stream(0))
