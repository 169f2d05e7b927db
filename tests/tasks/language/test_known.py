"""Languages of known entropy rate, against other ways to reckon it."""

import itertools
import math

import numpy as np
import pytest

import harness
from harness import UsageError, stream
from harness_language import known


@pytest.mark.parametrize("name", sorted(set(known.LANGUAGES) - {"grammar", "noisy", "hidden"}))
def test_rates_of_markov_sources_are_what_counts_give(name):
    """Plug-in entropy of the next symbol given the last two, from 400,000 symbols."""
    language = known.LANGUAGES[name]()
    ids = language.draw(2000, 200, stream(1, name))
    counts = np.zeros((language.symbols,) * 3)
    np.add.at(counts, (ids[:, :-2], ids[:, 1:-1], ids[:, 2:]), 1)
    total = counts.sum()
    given = known.entropy(counts.ravel() / total) - known.entropy(counts.sum(2).ravel() / total)
    # -ln p of a symbol varies by about 1 nat; 2,000 independent sequences.
    assert given == pytest.approx(language.rate, abs=4 / math.sqrt(2000 * 20))


def test_even_process_against_block_entropies():
    """H(X_t | X_1 .. X_(t-1)) by enumeration falls to 2/3 ln 2 from above."""
    step = {0: np.array([[0.5, 0.0], [0.0, 0.0]]), 1: np.array([[0.0, 0.5], [1.0, 0.0]])}
    start = np.array([2 / 3, 1 / 3])

    def block(t):
        masses = [start]
        for _ in range(t):
            masses = [m @ step[s] for m in masses for s in (0, 1)]
        return known.entropy(np.array([m.sum() for m in masses]))

    blocks = [block(t) for t in range(13)]
    steps = np.diff(blocks)
    assert (np.diff(steps) <= 1e-12).all()
    # The gap halves about every second symbol.
    assert 0 < steps[-1] - known.hidden().rate < 0.02
    ids = known.hidden().draw(500, 200, stream(0))
    runs = [len(list(run)) for row in ids for bit, run in list(itertools.groupby(row))[1:-1] if bit]
    assert all(length % 2 == 0 for length in runs)


def test_birch_bounds_close_on_the_rate():
    wide, narrow = known.birch_bounds(6), known.birch_bounds(12)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]
    assert narrow[1] - narrow[0] < 1e-7
    ids = known.noisy().draw(4000, 100, stream(2))
    flips = (ids[:, 1:] != ids[:, :-1]).mean()
    # Two neighbours differ when an odd number of {move, flip, flip} happened.
    wanted = 0.5 * (1 - (1 - 2 * 0.1) * (1 - 2 * 0.1) ** 2)
    assert flips == pytest.approx(wanted, abs=4 * 0.5 / math.sqrt(4000 * 20))


def test_grammar_rate_by_counting_rules():
    """A parser that knows the grammar pays h per rule: bits over symbols of long stretches is the
    rate.
    """
    language, p = known.grammar(), known.BRANCH
    ids = language.draw(400, 400, stream(0)).ravel()
    opened, dots = np.isin(ids, (0, 2)).sum(), (ids == 4).sum()
    nats = -(opened * math.log(p / 2) + dots * math.log(1 - p))
    assert nats / ids.size == pytest.approx(language.rate, rel=0.01)


def test_cases_are_stationary():
    """First and last symbols have one law (but for the spread of 4,000 draws)."""
    task = harness.task("known-entropy-languages", sequences=4000, length=20)
    for case in task.cases(seed=0):
        ids = case.load().ids.reshape(4000, 20)
        k = case.facts["symbols"]
        first, last = (np.bincount(ids[:, i], minlength=k) / 4000 for i in (0, -1))
        assert np.abs(first - last).max() < 5 * math.sqrt(2 * 0.25 / 4000), case.id
        assert set(case.truth) == {"cross_entropy"}


def test_refuses_what_cannot_be_split():
    with pytest.raises(UsageError, match="wanted some in both parts"):
        list(harness.task("known-entropy-languages", sequences=4, train_share=0.99).cases(seed=0))
    with pytest.raises(UsageError, match="each of them once"):
        list(harness.task("known-entropy-languages", languages=("coin", "coin")).cases(seed=0))
