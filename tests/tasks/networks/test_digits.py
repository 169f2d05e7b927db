"""Adversarial training on the digits: the attack, the gradient, and the networks."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")

from harness import UsageError  # noqa: E402
from harness_networks.digits import AdversarialDigits, attacked, load, loss, objective  # noqa: E402
from harness_networks.runtime import Ensemble  # noqa: E402


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def digits():
    x, y = load(10)
    return torch.tensor(x[:200], dtype=torch.float32), torch.tensor(y[:200])


SIZES = torch.tensor([0.0, 0.1, 0.3])


def test_an_attack_stays_within_its_size_and_raises_the_loss(digits):
    images, labels = digits
    networks = Ensemble(3, (64, 16, 10), seeded())
    clean = images.expand(3, -1, -1)
    moved = attacked(networks, clean, labels, SIZES, 10, seeded(1))
    assert ((moved - clean).abs().amax((1, 2)) <= SIZES + 1e-6).all()
    assert moved.min() >= 0
    assert moved.max() <= 1
    torch.testing.assert_close(moved[0], images)
    rise = loss(networks, moved, labels) - loss(networks, clean, labels)
    assert rise[2] > 2 * rise[1] > 0
    noise = (
        clean + SIZES[:, None, None] * (2 * torch.rand(clean.shape, generator=seeded(2)) - 1)
    ).clamp(0, 1)
    assert rise[2] > 3 * (loss(networks, noise, labels) - loss(networks, clean, labels))[2]


def test_the_gradient_is_half_of_clean_and_half_of_attacked(digits):
    """No slope of the attack's own steps is left in it (official bug 2)."""
    images, labels = digits
    networks = Ensemble(3, (64, 16, 10), seeded())
    objective(networks, images, labels, SIZES, 4, seeded(1)).backward()
    found = [p.grad.clone() for p in networks.parameters]
    clean = images.expand(3, -1, -1)
    moved = attacked(networks, clean, labels, SIZES, 4, seeded(1))
    halves = [
        torch.autograd.grad(loss(networks, x, labels).sum(), networks.parameters)
        for x in (clean, moved)
    ]
    for whole, one, two in zip(found, *halves, strict=True):
        torch.testing.assert_close(whole, 0.5 * one + 0.5 * two, rtol=1e-5, atol=1e-7)


@pytest.fixture(scope="module")
def small():
    return AdversarialDigits(classes=(2,), widths=(16,), epsilons=(0.0, 0.2), epochs=8)


def test_cases_and_what_they_hold(small):
    cases = {c.id: c for c in small.cases(seed=0)}
    stem = "classes-2-width-16-eps-"
    assert list(cases) == [f"{stem}0-clean", f"{stem}0.2-clean", f"{stem}0.2-attacked"]
    clean, hit = cases[f"{stem}0.2-clean"].load(), cases[f"{stem}0.2-attacked"].load()
    assert clean.x.shape == (360, 16)
    assert set(clean.labels.tolist()) == {0, 1}
    assert clean.accuracy == hit.accuracy > 0.9
    assert (clean.x >= 0).all()
    assert not np.array_equal(clean.x, hit.x)


def test_training_on_attacks_helps_against_them(small):
    found = small.trained(2, 16, 0)
    images = found.images.expand(2, -1, -1)
    moved = attacked(found.networks, images, found.labels, torch.tensor([0.3, 0.3]), 10, seeded())
    with torch.no_grad():
        plain, hardened = loss(found.networks, moved, found.labels)
    assert hardened < plain


def test_wrong_requests():
    with pytest.raises(UsageError, match="at least one, and none twice"):
        list(AdversarialDigits(epsilons=(0.1, 0.1)).cases(seed=0))
    with pytest.raises(UsageError, match="wanted 2 to 10"):
        next(iter(AdversarialDigits(classes=(11,), epochs=0).cases(seed=0))).load()
