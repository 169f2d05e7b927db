"""Tasks of blocks: laws of what is drawn, text as counts, and bad files."""

import json

import numpy as np
import pytest

import harness
from harness import DataError, UsageError, plan, registry


def cases(name, seed=0, **params):
    return list(harness.task(f"blocks/{name}", **params).cases(seed=seed))


def test_block_labels_are_as_told():
    found = cases("block-labels", sequences=200)
    assert [case.facts["dial"] for case in found] == [0, 0.2, 0.4, 0.6, 0.8, 1]
    first, last = found[0].load(), found[-1].load()
    assert last.dial == 1.0
    np.testing.assert_array_equal(first.values, last.values)
    assert (len(first.split.train), len(first.split.test)) == (200, 200)
    # A token's vector has length one, within the dimensions of its block.
    np.testing.assert_allclose((first.embedding**2).sum(1), 1)
    outside = first.blocks[:, None] != first.groups
    assert (first.embedding[outside] == 0).all()
    # One class for each block of a sequence.
    block = first.blocks[first.ids]
    for g in range(4):
        labels = np.where(block == g, first.labels, -1).max(1, keepdims=True)
        assert ((block != g) | (first.labels == labels)).all()
    noise = first.values - np.eye(4)[first.labels]
    assert noise.std() == pytest.approx(0.7, abs=4 * 0.7 / np.sqrt(2 * noise.size))
    assert abs(noise.mean()) < 4 * 0.7 / np.sqrt(noise.size)


def test_chance_of_block_labels():
    """A query sees itself, and of the 31 others a quarter: (1 + 31 / 4) / 32."""
    data = cases("block-labels", dials=(0.0,), sequences=400)[0].load()
    block = data.blocks[data.ids]
    share = (block[:, :, None] == block[:, None, :]).mean((1, 2))
    error = share.std() / np.sqrt(len(share))
    assert abs(share.mean() - (1 + 31 / 4) / 32) < 4 * error


def test_documents_of_mixtures():
    for case in cases("block-mixtures", documents=(400,), length=50):
        data, k = case.load(), int(case.truth["recruited_blocks"])
        assert (data.counts.sum(1) == 50).all()
        assert set(data.blocks) == set(range(k))
        # Two halves of a block have one law: chi-squared of its words.
        for g in range(k):
            rows = data.counts[data.blocks == g]
            a, b = rows[::2].sum(0), rows[1::2].sum(0)
            both = a + b
            expected = np.outer([a.sum(), b.sum()], both[both > 0]) / both.sum()
            parts = np.stack([a, b])[:, both > 0]
            free = (both > 0).sum() - 1
            assert ((parts - expected) ** 2 / expected).sum() < free + 6 * np.sqrt(2 * free)


def test_kinds_of_source_share_no_word():
    for case in cases("expert-mixtures"):
        data, experts = case.load(), int(case.truth["recruited_experts"])
        assert case.truth["recruited_blocks"] == 2 * experts
        used = np.stack([data.counts[data.blocks // 2 == e].sum(0) > 0 for e in range(experts)])
        assert (used.sum(0) <= 1).all()
        assert data.counts.shape[1] == 20 * experts


def test_two_levels_refuse_all_keys_as_targets():
    with pytest.raises(UsageError, match="fewer targets than keys"):
        cases("two-level-logits", targets=16)
    sharp = cases("two-level-logits", margins=(900.0,))[0]  # exp would overflow
    assert sharp.truth["attention_entropy"] == pytest.approx(np.log(4))
    assert sharp.load().inside == pytest.approx(1)


def test_topics_of_the_manual():
    (case,) = cases("pydoc-blocks", blocks=3, vocabulary=100)
    data = case.load()
    assert set(data.blocks) == {0, 1, 2}
    assert data.counts.shape[1] == len(data.words) == 100
    assert "the" in data.words
    assert data.counts.sum(1).min() >= 8
    with pytest.raises(UsageError, match="the manual has"):
        cases("pydoc-blocks", blocks=10_000)


def lines(path, *rows):
    path.write_text("\n".join(r if isinstance(r, str) else json.dumps(r) for r in rows), "utf-8")
    return cases("labelled-blocks", path=str(path), least=2, vocabulary=3)[0]


def test_labelled_texts(tmp_path):
    case = lines(
        tmp_path / "mine.jsonl",
        {"text": "Red red BLUE green", "block": "b"},
        "",
        '{"text": "blue, red;\u2028yellow", "block": 1}',  # which ends no line
        {"text": "short", "block": "c"},
    )
    data = case.load()
    assert data.words == ("red", "blue", "green")
    np.testing.assert_array_equal(data.counts, [[2, 1, 1], [1, 1, 0]])
    np.testing.assert_array_equal(data.blocks, [1, 0])
    assert case.id == "mine"


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (["[1]"], "line 1: list"),
        ([{"text": "a b"}], "no field 'block'"),
        ([{"text": 3, "block": "x"}], "text is no string"),
        ([{"text": "a b", "block": ["x", "y"]}], "the name of one block"),
        ([{"text": "a b", "block": None}], "the name of one block"),
        ([{"text": "a", "block": "x"}], "no text of 2 words"),
    ],
)
def test_bad_lines_are_named(tmp_path, rows, says):
    with pytest.raises(DataError, match=says):
        lines(tmp_path / "bad.jsonl", *rows).load()


def test_missing_and_unreadable_files(tmp_path):
    with pytest.raises(UsageError, match="path: empty"):
        cases("labelled-blocks")
    with pytest.raises(UsageError, match="no such file"):
        cases("labelled-blocks", path=str(tmp_path / "none.jsonl"))
    with pytest.raises(UsageError, match="wanted one JSON value a line"):
        lines(tmp_path / "bad.jsonl", {"text": "a b", "block": "x"}, "{").load()
    (tmp_path / "latin.jsonl").write_bytes(b"\xe9")
    with pytest.raises(UsageError, match="is not utf-8"):
        cases("labelled-blocks", path=str(tmp_path / "latin.jsonl"))[0].load()


@pytest.mark.parametrize(
    ("task", "estimators"),
    [
        (
            "block-labels",
            "attention-entropy attention-overload attention-collapse attention-balance",
        ),
        ("block-labels", "pointer-fidelity cross-entropy ross nui effective-features zero-groups"),
        ("two-level-logits", "attention-entropy attention-uniformity pointer-lift rule-cost"),
        ("block-mixtures", "recruited-blocks recruited-experts code-length anchor-information"),
    ],
)
def test_the_planner_finds_the_paths_alone(task, estimators):
    found = plan.make(registry.load(), plan.Request(tasks=(f"blocks/{task}",)))
    assert set(estimators.split()) <= {p.estimator.component.spec.name for p in found.paths}
