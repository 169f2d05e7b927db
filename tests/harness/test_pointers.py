"""Rules that point to keys, each against its definition, and what `PointedAttention` refuses."""

import numpy as np
import pytest

from harness import (
    DataError,
    HeadStates,
    PointedAttention,
    UsageError,
    pointer_groups,
    pointer_targets,
)

TEXT = 'Ada said: "go (home [now])." Bob left! Was it 3.5?\n\nNo  one (knew'


def arrows(rule, ids):
    """Targets as pairs of query and key."""
    return {(int(i), int(j)) for i, j in np.argwhere(pointer_targets(ids, rule))}


@pytest.mark.parametrize("seed", range(3))
def test_rules_of_tokens_are_their_definitions(seed):
    ids = np.random.default_rng(seed).integers(4, size=20)
    pairs = [(i, j) for i in range(20) for j in range(i) if ids[i] == ids[j]]
    last = {i: max(j for q, j in pairs if q == i) for i, _ in pairs}
    assert arrows("previous", ids) == {(i, i - 1) for i in range(1, 20)}
    assert arrows("same-token", ids) == set(pairs)
    assert arrows("same-token-latest", ids) == set(last.items())
    assert arrows("induction", ids) == {(i, j + 1) for i, j in pairs}
    assert arrows("induction-latest", ids) == {(i, j + 1) for i, j in last.items()}
    assert arrows("block-2", ids) == {
        (i, j) for i in range(20) for j in range(i + 1) if ids[i] // 2 == ids[j] // 2
    }
    both = pointer_targets(np.stack([ids, ids[::-1]]), "induction")
    assert np.array_equal(both[0], pointer_targets(ids, "induction"))


@pytest.mark.parametrize(
    ("rule", "parts"),
    [
        ("word", ["Ada", " said:", ' "go', " (home", " [now]).\"", " Bob", " left!", " Was", " it", " 3.5?", "\n", "\nNo",
                  " ", " one", " (knew"]),
        ("sentence", ['Ada said: "go (home [now])." Bob left!', " Was it 3.5?", "\n\nNo  one (knew"]),
        ("paragraph", ['Ada said: "go (home [now])." Bob left! Was it 3.5?\n\n', "No  one (knew"]),
    ],
)  # fmt: skip
def test_groups_of_text(rule, parts):
    assert "".join(parts) == TEXT
    ids = np.frombuffer(TEXT.encode(), np.uint8).astype(np.int64)
    wanted = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    found = pointer_groups(ids, rule)
    assert np.array_equal(np.unique(found, return_inverse=True)[1], wanted)
    same = wanted[:, None] == wanted
    assert np.array_equal(pointer_targets(ids, rule), same & np.tri(len(ids), dtype=bool))
    assert np.array_equal(pointer_targets(ids, rule, causal=False), same)


def test_brackets_and_delimiters_of_text():
    ids = np.frombuffer(TEXT.encode(), np.uint8).astype(np.int64)
    at = TEXT.index
    opened = {at("]"): at("["), at(")"): at("("), at('" Bob'): at('"go')}
    assert arrows("bracket", ids) == set(opened.items())  # the last bracket is never closed
    assert (at("B"), at("B") - 1) in arrows("delimiter", ids)
    assert (at("b left"), at("B") - 1) in arrows("delimiter", ids)
    assert not pointer_targets(ids, "delimiter")[: at(" said") + 1].any()
    assert (pointer_targets(ids, "delimiter").sum(1) <= 1).all()


@pytest.mark.parametrize("rule", ["next", "block-0", "block-", "block-K", ""])
def test_unknown_rules_are_named(rule):
    with pytest.raises(UsageError, match="wanted one of previous"):
        pointer_targets(np.zeros(3, int), rule)


def test_a_rule_of_single_keys_gives_no_groups():
    with pytest.raises(UsageError, match="does not divide the tokens"):
        pointer_groups(np.zeros(3, int), "previous")


def test_attention_against_a_rule_that_is_refused():
    seen, z = np.tri(4, dtype=bool), np.zeros((1, 1, 1, 4, 4))
    targets = pointer_targets(np.zeros((1, 4), int), "previous")
    whole = np.tril(np.ones((4, 4))) / np.arange(1, 5)[:, None]
    with pytest.raises(DataError, match="call eval"):  # dropout took a weight
        PointedAttention.of_maps(
            (whole * (np.arange(4) > 0))[None, None, None], targets, visible=seen
        )
    with pytest.raises(DataError, match="no query has a target"):
        PointedAttention.of_logits(z, np.zeros((1, 4, 4), bool), visible=seen)
    with pytest.raises(DataError, match="not visible"):
        PointedAttention.of_logits(z, ~seen[None], visible=seen)
    with pytest.raises(DataError, match="NaN"):
        PointedAttention.of_logits(z + np.nan, targets, visible=seen)
    good = PointedAttention.of_maps(whole[None, None, None], targets, visible=seen)
    assert np.allclose(good.inside[0, 0, 0], [0, 1 / 2, 1 / 3, 1 / 4])


def test_laws_of_an_output_layer():
    rng = np.random.default_rng(0)
    h, w, bias = rng.normal(size=(5, 3)), rng.normal(size=(4, 3)), rng.normal(size=4)
    ids, cuts = np.array([0, 1, 2, 3, 0]), np.array([0, 2, 5])
    p = np.exp(h @ w.T + bias)
    p /= p.sum(1, keepdims=True)
    assert np.allclose(np.exp(HeadStates(h, w, ids, cuts, bias=bias).log_laws(1, 4)), p[1:4])
    with pytest.raises(DataError, match="tokens from 0 to 3"):
        HeadStates(h, w, ids + 1, cuts)
    with pytest.raises(DataError, match="a distribution"):
        HeadStates(h, w, ids, cuts, true=2 * p)
