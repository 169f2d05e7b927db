import math
from functools import lru_cache

import numpy as np
import pytest

from harness import Incompatible
from harness_token_semantics.context_tree import DirectedTree, ReverseTree, TreeLaws, laws
from harness_token_semantics.laws import DirectedLaws, InformationDrift

BIT = math.log(2)
FORMS = ("E1", "E2", "E3", "E4")


@pytest.mark.parametrize("form", FORMS)
def test_feedback_channel(feedback, form):
    found = DirectedTree(form=form).estimate(feedback, rng=None)
    back = ReverseTree(form=form).estimate(feedback, rng=None)
    assert found.value / BIT == pytest.approx(0.357751, abs=0.015)
    assert back.value / BIT == pytest.approx(0.104818, abs=0.015)
    assert (found.value + back.value) / BIT == pytest.approx(0.462569, abs=0.02)


def weighted(sequence, context, size, depth):
    """ln of the weighted probability of a sequence after a context, by the definition.

    F. Willems, Y. Shtarkov, T. Tjalkens, IEEE Trans. Inf. Theory 41, 653 (1995): at a node, the mean
    of the Krichevsky-Trofimov probability of its letters and the product over its children.
    """
    whole = [*context, *sequence]
    places = range(len(context), len(whole))

    @lru_cache(None)
    def at(suffix):
        letters = [
            whole[t] for t in places if tuple(whole[t - len(suffix) : t]) == suffix or not suffix
        ]
        counts = np.bincount(letters, minlength=size) if letters else np.zeros(size)
        kt = sum(math.lgamma(c + 0.5) - math.lgamma(0.5) for c in counts)
        kt += math.lgamma(size / 2) - math.lgamma(len(letters) + size / 2)
        if len(suffix) == depth:
            return kt
        children = sum(at((a, *suffix)) for a in range(size))
        return np.logaddexp(kt, children) - math.log(2)

    return at(())


def test_against_the_definition(codes):
    """The laws of every step are ratios of weighted probabilities of two prefixes."""
    rng = np.random.default_rng(0)
    depth = 2
    x, y = rng.integers(2, size=12), rng.integers(3, size=12)
    pair, own, other, *_ = laws(codes(x, y), depth)
    for m in range(12 - depth):
        for tree, size, letters in (
            (pair[m].ravel(), 6, x + 2 * y),
            (own[m], 3, y),
            (other[m], 2, x),
        ):
            past = letters[:depth].tolist(), letters[depth : depth + m].tolist()
            before = weighted(past[1], past[0], size, depth)
            found = [
                math.exp(weighted([*past[1], a], past[0], size, depth) - before)
                for a in range(size)
            ]
            assert tree == pytest.approx(found, abs=1e-10)


def test_laws_sum_to_one_and_start_even(codes):
    rng = np.random.default_rng(1)
    pair, own, other, *_ = laws(codes(rng.integers(2, size=300), rng.integers(3, size=300)), 3)
    for p in (pair.sum((1, 2)), own.sum(1), other.sum(1)):
        assert p == pytest.approx(np.ones(297), abs=1e-12)
    assert pair[0] == pytest.approx(np.full((3, 2), 1 / 6))


def test_sequences_share_the_trees_and_not_their_pasts(codes):
    """A sequence's first steps are only looked back at; so two are one less what crosses the cut."""
    rng = np.random.default_rng(2)
    x, y = rng.integers(2, size=(2, 40))
    apart = laws(codes(x, y, cuts=[0, 20, 40]), 2)
    assert len(apart[1]) == 36
    assert apart[1][:18] == pytest.approx(laws(codes(x[:20], y[:20]), 2)[1])


def test_as_a_language_model(feedback):
    """The divergence of both laws is form E3, and their log-ratio on what followed is not far."""
    model = TreeLaws().transform(feedback, to=None, rng=None)
    drift = InformationDrift().estimate(model).value
    assert drift == pytest.approx(
        DirectedTree(form="E3").estimate(feedback, rng=None).value, abs=1e-12
    )
    log_loss = DirectedLaws().estimate(model)
    assert log_loss.value / BIT == pytest.approx(0.357751, abs=0.015)


def test_hidden_chain(codes):
    rng = np.random.default_rng(3)
    y = np.bitwise_xor.accumulate((rng.random(20_000) < 0.3).astype(int))
    data = codes(y ^ (rng.random(20_000) < 0.2), y)
    for form in FORMS:
        found = DirectedTree(form=form).estimate(data, rng=None).value
        assert found / BIT == pytest.approx(0.236114, abs=0.02)


def test_what_does_not_fit(codes):
    x = np.arange(400) % 20
    with pytest.raises(
        Incompatible, match=r"20 x 20 letters at depth 6 have .* GiB; wants at most 1 GiB"
    ):
        DirectedTree(depth=6).estimate(codes(x, x), rng=None)
    with pytest.raises(Incompatible, match="0 steps have a past of 3"):
        DirectedTree().estimate(codes([0, 1, 0], [1, 0, 1]), rng=None)


def test_skipped_steps_are_learned_from(feedback):
    whole, late = (DirectedTree(skipped=s).estimate(feedback, rng=None) for s in (0.0, 0.5))
    assert late.diagnostics["steps"] == whole.diagnostics["steps"] - whole.diagnostics["steps"] // 2
