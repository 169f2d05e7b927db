"""Objectives and networks against their formulas."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from harness_neural import networks, objectives  # noqa: E402

CPU = torch.device("cpu")


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@given(st.lists(st.lists(st.floats(-30, 30), min_size=5, max_size=5), min_size=5, max_size=5))
@settings(max_examples=60, deadline=None)
def test_bounds_keep_their_order_and_ceiling(rows):
    """NWJ never exceeds DV at one critic, for ln z <= z/e; InfoNCE never exceeds ln n."""
    matrix = torch.tensor(rows, dtype=torch.float64)
    joint, apart = torch.diagonal(matrix), objectives.off_diagonal(matrix)
    dv = float(objectives.dv(joint, apart))
    assert float(objectives.nwj(joint, apart)) <= dv + 1e-12 * math.exp(30)
    assert float(objectives.infonce(matrix)) <= math.log(5) + 1e-12


def test_objectives_are_their_formulas():
    rng = np.random.default_rng(0)
    joint, apart = rng.normal(size=7), 3.0 * rng.normal(size=(7, 4))
    t = [torch.tensor(a) for a in (joint, apart)]
    assert float(objectives.dv(*t)) == pytest.approx(
        joint.mean() - np.log(np.exp(apart).mean()), rel=1e-12
    )
    assert float(objectives.nwj(*t)) == pytest.approx(
        joint.mean() - np.exp(apart).mean() / math.e, rel=1e-12
    )
    js = -np.log1p(np.exp(-joint)).mean() - np.log1p(np.exp(apart)).mean()
    assert float(objectives.js(*t)) == pytest.approx(js, rel=1e-12)
    clipped = np.clip(apart, -1, 1)
    assert float(objectives.smile(*t, 1.0)) == pytest.approx(
        joint.mean() - np.log(np.exp(clipped).mean()), rel=1e-12
    )


def test_off_diagonal_is_every_mismatched_pair():
    m = torch.arange(16.0).view(4, 4)
    assert objectives.off_diagonal(m).tolist() == [
        [m[i, j].item() for j in range(4) if j != i] for i in range(4)
    ]


@pytest.mark.parametrize("rate", [1.0, 0.25])
def test_gradient_of_mine_has_the_running_mean_below(rate):
    """d/dT_j of the second term is e^T_j / (n * running mean); with rate 1 that is the gradient of
    DV.
    """
    rng = np.random.default_rng(1)
    mine, mean = objectives.Mine(rate), None
    for _ in range(3):
        joint, apart = rng.normal(size=5), rng.normal(size=(5, 3)) + 2.0
        j, a = (torch.tensor(v, requires_grad=True) for v in (joint, apart))
        mine(j, a).backward()
        batch = np.exp(apart).mean()
        mean = batch if mean is None else (1 - rate) * mean + rate * batch
        np.testing.assert_allclose(j.grad, np.full(5, 0.2), rtol=1e-12)
        np.testing.assert_allclose(a.grad, -np.exp(apart) / 15 / mean, rtol=1e-12)
        if rate == 1.0:
            same = torch.tensor(apart, requires_grad=True)
            objectives.dv(torch.tensor(joint), same).backward()
            np.testing.assert_allclose(a.grad, same.grad, rtol=1e-12)


def test_concat_critic_is_one_network_of_both():
    """Its shortcuts give what a call per pair gives."""
    critic = networks.Concat(3, 2, (8, 6), seeded(), CPU)
    x, y = torch.randn((5, 3), generator=seeded(1)), torch.randn((5, 2), generator=seeded(2))
    plain = torch.stack(
        [critic.net(torch.cat([x, y[j].expand(5, -1)], 1))[:, 0] for j in range(5)], 1
    )
    torch.testing.assert_close(critic.matrix(x, y), plain)
    for s, row in zip((0, 2), critic.shifted(x, y, [0, 2]), strict=True):
        torch.testing.assert_close(row, torch.stack([plain[i, (i + s) % 5] for i in range(5)]))
    assert critic.net.weights[0].shape == (5, 8)
    assert len(critic.parameters()) == 6


def test_separable_critic_is_a_product_of_two():
    critic = networks.Separable(3, 2, (8,), 4, seeded(), CPU)
    x, y = torch.randn((5, 3), generator=seeded(1)), torch.randn((6, 2), generator=seeded(2))
    assert critic.f(x).shape == (5, 4)
    f, g = critic.f(x).tolist(), critic.g(y).tolist()
    wanted = [[sum(a * b for a, b in zip(fi, gj, strict=True)) for gj in g] for fi in f]
    torch.testing.assert_close(critic.matrix(x, y), torch.tensor(wanted))


def test_networks_start_from_the_given_generator_alone():
    before = torch.get_rng_state()
    one, two = (networks.Dense([2, 3, 1], seeded(5), CPU).parameters() for _ in range(2))
    assert all((a == b).all() for a, b in zip(one, two, strict=True))
    assert (torch.get_rng_state() == before).all()
    other = networks.Dense([2, 3, 1], seeded(6), CPU).parameters()
    assert (one[0] != other[0]).any()
