"""Held-out values and errors against the formulas written out over a matrix of scores."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from harness import Incompatible  # noqa: E402
from harness_neural import evaluation, networks  # noqa: E402

CPU = torch.device("cpu")


class Fixed:
    """A critic with these scores: x and y are the numbers of rows and columns."""

    def __init__(self, scores):
        self.scores = torch.tensor(scores)

    def matrix(self, x, y):
        return self.scores[x[:, 0].long()][:, y[:, 0].long()]


def fixed(n, seed=0):
    scores = np.random.default_rng(seed).normal(size=(n, n))
    numbers = torch.arange(n)[:, None]
    return scores, Fixed(scores), (numbers, numbers)


def test_nwj_and_its_projection_by_hand():
    scores, critic, pair = fixed(7)
    found = evaluation.held(critic, pair)
    apart = np.exp(scores - 1.0)
    np.fill_diagonal(apart, 0.0)
    own = np.diag(scores)
    value = found.nwj()
    assert value.value == pytest.approx(own.mean() - apart.sum() / 42)
    terms = own - apart.sum(1) / 6 - apart.sum(0) / 6
    assert value.given_training == pytest.approx(terms.std(ddof=1) / math.sqrt(7))
    assert found.dv().value == pytest.approx(own.mean() - math.log(apart.sum() * math.e / 42))
    terms = own - (apart.sum(1) + apart.sum(0)) * 7 / apart.sum()
    assert found.dv().given_training == pytest.approx(terms.std(ddof=1) / math.sqrt(7))


def test_blocks_of_one_row_are_allowed(monkeypatch):
    scores, critic, pair = fixed(7)
    whole = evaluation.held(critic, pair, 0.5)
    monkeypatch.setattr(evaluation, "BLOCK", 3)
    rows = evaluation.held(critic, pair, 0.5)
    for name in ("joint", "rows", "columns"):
        np.testing.assert_allclose(getattr(rows, name), getattr(whole, name), rtol=1e-12)
    clipped = np.exp(np.clip(scores, -0.5, 0.5))
    np.fill_diagonal(clipped, 0.0)
    np.testing.assert_allclose(whole.columns, np.log(clipped.sum(0) / 6))


def test_a_concat_critic_sees_sixty_four_partners_of_each_side(close32):
    """The next 64 of the circle: y_(i+1) to y_(i+64) for x_i, and x_(j-1) to x_(j-64) for y_j."""
    n = 70
    critic = networks.Concat(1, 1, (8,), torch.Generator().manual_seed(0), CPU)
    x, y = torch.randn((2, n, 1), generator=torch.Generator().manual_seed(1))
    scores = critic.matrix(x, y).detach().double().numpy()
    scores = np.clip(scores, -0.05, 0.05)
    ahead = (np.arange(n) - np.arange(n)[:, None]) % n
    seen = np.exp(scores) * ((ahead >= 1) & (ahead <= 64))
    found = evaluation.held(critic, (x, y), 0.05)
    size = np.abs(scores).max()
    close32(found.rows, np.log(seen.sum(1) / 64), terms=10, size=size)
    close32(found.columns, np.log(seen.sum(0) / 64), terms=10, size=size)


def test_infonce_is_over_whole_batches():
    """Ten samples in batches of four: the last two are in none. Eight make two, seven and three one."""
    scores, critic, (x, y) = fixed(10)
    for n, starts in ((10, (0, 4)), (8, (0, 4)), (7, (0,)), (3, (0,))):
        size, terms, shares = min(n, 4), [], []
        for start in starts:
            block = np.exp(scores[start : start + size, start : start + size])
            terms.append(np.log(size * np.diag(block) / block.sum(1)))
            shares.append((block / block.sum(1, keepdims=True)).sum(0))
        found = evaluation.infonce(critic, (x[:n], y[:n]), 4)
        assert found.value == pytest.approx(np.mean(terms))
        spread = (np.ravel(terms) - np.ravel(shares)).std(ddof=1)
        assert found.given_training == pytest.approx(spread / math.sqrt(len(starts) * size))


def test_few_partners_are_all_seen(close32):
    """Five samples have four others each."""
    critic = networks.Concat(1, 1, (8,), torch.Generator().manual_seed(0), CPU)
    x, y = torch.randn((2, 5, 1), generator=torch.Generator().manual_seed(1))
    scores = critic.matrix(x, y).detach().double().numpy()
    own, scores = np.diag(scores), np.exp(scores)
    np.fill_diagonal(scores, 0.0)
    found = evaluation.held(critic, (x, y))
    close32(found.joint, own, terms=10, size=1.0)
    close32(found.rows, np.log(scores.sum(1) / 4), terms=10, size=1.0)
    close32(found.columns, np.log(scores.sum(0) / 4), terms=10, size=1.0)


def test_the_error_given_the_critic_is_a_diagnostic():
    found = evaluation.Value(1.5, 0.25).estimate({"epochs": 3.0})
    assert (found.value, found.stderr) == (1.5, None)
    assert found.diagnostics == {"epochs": 3.0, "error_given_training": 0.25}


def test_a_value_or_an_error_that_is_not_finite_is_refused():
    fine = torch.tensor([1.0, 2.0, 4.0])
    found = evaluation.Value.of(1.5, fine)
    assert (found.value, found.given_training) == (1.5, pytest.approx(math.sqrt(7 / 3 / 3)))
    for value, terms in ((math.inf, fine), (1.5, torch.tensor([1.0, math.inf]))):
        with pytest.raises(Incompatible, match="smaller learning_rate"):
            evaluation.Value.of(value, terms)
