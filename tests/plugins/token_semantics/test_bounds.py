import dataclasses
import math

import numpy as np
import pytest

from harness import HeadStates, Incompatible
from harness_token_semantics.bounds import NormBound, complexity

N, V, D = 400, 6, 4


def drawn(seed, n=N, bias=True):
    rng = np.random.default_rng(seed)
    w, h = rng.normal(size=(V, D)), rng.normal(size=(n, D))
    own = rng.normal(size=V) if bias else None
    return HeadStates(h, w, rng.integers(V, size=n), np.array([0, n]), bias=own)


def test_against_drawn_signs():
    """sup over heads of norm B of the signs' sum is B |P S|, P the centring: its mean over signs is
    the complexity up to Jensen's inequality, 1/4d(v - 1) of it, and sqrt(2) sqrt(2) of contraction.
    """
    data = drawn(0, bias=False)
    norm = np.linalg.norm(data.w - data.w.mean(0))
    signs = np.random.default_rng(1).choice([-1.0, 1.0], size=(2000, V, N))
    sums = (signs - signs.mean(1, keepdims=True)) @ data.h / N
    drawn_size = 2 * norm * np.linalg.norm(sums, axis=(1, 2)).mean()
    size = complexity(data, N)[0]
    assert 0.95 < drawn_size / size < 1.0


def test_no_head_of_the_ball_exceeds_it():
    """Losses of the worst of heads, climbed to for drawn signs, are below the complexity; and the
    largest loss below its bound.
    """
    data = drawn(2, bias=False)
    norm = np.linalg.norm(data.w - data.w.mean(0))
    size, most = complexity(data, N)
    found = []
    for seed in range(5):
        sign = np.random.default_rng(seed).choice([-1.0, 1.0], size=N)
        w = data.w - data.w.mean(0)
        for _ in range(200):
            log_p = dataclasses.replace(data, w=w).log_laws()
            slope = (np.exp(log_p) - np.eye(V)[data.ids]).T @ (sign[:, None] * data.h)
            w = w + 0.05 * slope
            w *= min(1.0, norm / np.linalg.norm(w))
        loss = -dataclasses.replace(data, w=w).log_laws()[np.arange(N), data.ids]
        assert loss.max() < most
        found.append((sign * loss).mean())
    assert 0.1 * size < np.mean(found) < size


def test_it_holds_for_a_head_that_learned_labels_by_heart():
    """Labels are drawn evenly, so that new ones cost E -ln p whatever was learned."""
    data = drawn(3)
    w, bias = np.zeros((V, D)), np.zeros(V)
    for _ in range(500):
        now = dataclasses.replace(data, w=w, bias=bias)
        slope = np.exp(now.log_laws()) - np.eye(V)[data.ids]
        w, bias = w - slope.T @ data.h / N, bias - slope.mean(0)
    now = dataclasses.replace(data, w=w, bias=bias)
    log_p = now.log_laws()
    gap = -log_p.mean() + log_p[np.arange(N), data.ids].mean()
    found = NormBound().estimate(now)
    assert 0.01 < gap < found.value
    assert found.value == pytest.approx(
        2 * found.diagnostics["complexity"] + found.diagnostics["chance"]
    )


def test_what_does_not_change_the_laws_does_not_change_the_bound():
    data = drawn(4)
    value = NormBound().estimate(data).value
    rng = np.random.default_rng(5)
    turn = np.linalg.qr(rng.normal(size=(D, D)))[0]
    shift = rng.normal(size=D)
    for other in (
        dataclasses.replace(data, h=data.h @ turn, w=data.w @ turn),
        dataclasses.replace(data, w=data.w + shift, bias=data.bias + 3.0),
    ):
        np.testing.assert_allclose(other.log_laws(), data.log_laws(), atol=1e-10)
        assert NormBound().estimate(other).value == pytest.approx(value, rel=1e-12)


def test_four_times_the_tokens_halve_it():
    data = drawn(6)
    few, many = (NormBound(tokens=n).estimate(data).value for n in (1000, 4000))
    assert few == pytest.approx(2 * many, rel=1e-12)
    assert NormBound().estimate(data).diagnostics["tokens"] == N
    nothing = dataclasses.replace(data, w=np.zeros((V, D)), bias=None)
    chance = 3 * math.log(V) * math.sqrt(math.log(2 / 0.1) / (2 * N))
    assert NormBound(failure=0.1).estimate(nothing).value == pytest.approx(chance, rel=1e-12)


def test_what_does_not_fit():
    data = drawn(7)
    with pytest.raises(Incompatible, match="the states are weighted"):
        NormBound().estimate(dataclasses.replace(data, weights=np.ones(N)))
    one = HeadStates(data.h, data.w[:1], np.zeros(N, np.int64), np.array([0, N]))
    with pytest.raises(Incompatible, match="a vocabulary of one token"):
        NormBound().estimate(one)
    assert NormBound().estimate(data).diagnostics["vacuous"]
    assert not NormBound(tokens=10**8).estimate(data).diagnostics["vacuous"]
