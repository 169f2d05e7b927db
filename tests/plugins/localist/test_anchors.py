"""Anchors: words that tell the block, on the documents that they were not chosen on."""

import json

import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

import harness
from harness import BlockCounts, Incompatible, stream
from harness_localist.anchors import _information, _pairs


def estimate(data, seed=0, **params):
    return harness.estimator("localist/anchor-information", **params).estimate(
        data, rng=stream(seed)
    )


def documents(n=240, blocks=3, seed=0, told=1.0):
    """Each block has a word of its own, in a share ``told`` of its documents, besides ten others."""
    rng = np.random.default_rng(seed)
    block = rng.integers(blocks, size=n)
    own = np.eye(blocks, dtype=int)[block] * (rng.random(n) < told)[:, None]
    return BlockCounts(np.hstack([own, rng.multinomial(12, np.full(10, 0.1), size=n)]), block)


def test_words_that_tell_all_and_their_purity():
    data = documents()
    found = estimate(data, per_block=1)
    counts = np.bincount(data.blocks) / data.n
    entropy = -(counts * np.log(counts)).sum()
    # The Miller-Madow terms: two entropies less one, of three cells each.
    assert found.value == pytest.approx(entropy + 2 / (2 * data.n), abs=1e-9)
    assert found.diagnostics["separability"] == pytest.approx(1)
    assert json.loads(found.diagnostics["anchors"]) == [[0], [1], [2]]
    assert json.loads(found.diagnostics["purity"]) == [[1.0], [1.0], [1.0]]
    assert found.diagnostics["p"] == pytest.approx(0.01)


def test_anchors_in_part_of_the_documents():
    """Words in 60 % of a block's documents: I = 0.6 H(B), as they are never wrong."""
    found = estimate(documents(n=4000, told=0.6), per_block=1)
    assert found.value == pytest.approx(0.6 * np.log(3), abs=0.03)
    assert found.diagnostics["silent"] == pytest.approx(0.4, abs=0.03)


def test_words_by_chance_tell_nothing():
    """Rare words fit blocks by chance; on other documents they do not."""
    rng = np.random.default_rng(1)
    found = [
        estimate(
            BlockCounts(
                rng.multinomial(12, np.full(300, 1 / 300), size=200), rng.integers(4, size=200)
            ),
            seed,
            margin=0.0,
            shuffles=0,
        ).value
        for seed in range(20)
    ]
    assert abs(np.mean(found)) < 4 * np.std(found) / np.sqrt(20) + 0.01


def test_scores_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    word, block = rng.random((50, 8)) < 0.4, rng.integers(2, size=50)
    both = (word & (block == 1)[:, None]).sum(0).astype(float)
    found = _pairs(both, word.sum(0).astype(float), float((block == 1).sum()), 50)
    wanted = [mutual_info_score(w, block) for w in word.T]
    np.testing.assert_allclose(found, wanted, atol=1e-12)
    a, b = rng.integers(3, size=60), rng.integers(2, size=60)
    bias = (3 + 2 - len({*zip(a, b, strict=True)}) - 1) / 120
    assert _information(a, b) == pytest.approx(mutual_info_score(a, b) + bias)


def test_support_and_margin_keep_words_out():
    data = documents()
    silent = estimate(data, support=10_000)
    assert silent.diagnostics["silent"] == 1.0
    assert json.loads(silent.diagnostics["anchors"]) == [[], [], []]
    assert silent.value == pytest.approx(0)
    strict = estimate(data, margin=5.0)  # words of one block alone have no second-best block
    assert json.loads(strict.diagnostics["anchors"]) == [[0], [1], [2]]


def test_names_of_words_and_of_blocks():
    data = documents()
    words = tuple(f"w{i}" for i in range(13))
    named = BlockCounts(data.counts, 7 * data.blocks, words)
    found = estimate(named, per_block=1)
    assert json.loads(found.diagnostics["anchors"]) == [["w0"], ["w1"], ["w2"]]
    assert found.value == estimate(data, per_block=1).value


def test_what_does_not_suit_is_refused():
    with pytest.raises(Incompatible, match="not known"):
        estimate(BlockCounts(np.ones((6, 3), int)))
    with pytest.raises(Incompatible, match="of 1 block"):
        estimate(BlockCounts(np.ones((6, 3), int), np.zeros(6, int)))
