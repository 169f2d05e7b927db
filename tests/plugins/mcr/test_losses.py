"""The terms of the loss: the three games by their gradients, exchanges without passes, contrast."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from harness_mcr import losses, settings  # noqa: E402
from harness_mcr.networks import Ensemble, FusedNetwork  # noqa: E402

N, D, CLASSES, DONORS = 24, 5, 4, 6


def network(head="additive", modalities=2, make=FusedNetwork):
    torch.manual_seed(0)
    return make(
        settings.Layers(hidden=(7,), width=6, head=head), [D] * modalities, CLASSES
    ).double()


def batch(modalities=2):
    generator = torch.Generator().manual_seed(1)
    views = [torch.randn(N, D, generator=generator, dtype=torch.double) for _ in range(modalities)]
    donors = [
        torch.stack([torch.randperm(N, generator=generator) for _ in range(DONORS)], 1)
        for _ in range(modalities)
    ]
    return views, donors


def passed(net, views, chosen, donors):
    """The mean divergence by a full pass of the network on exchanged inputs, donor by donor."""
    own = torch.log_softmax(net.finish(sum(net.parts(net.latents(views)))), 1)
    values = []
    for k in range(donors.shape[1]):
        mixed = [view[donors[:, k]] if m in chosen else view for m, view in enumerate(views)]
        other = torch.log_softmax(net.finish(sum(net.parts(net.latents(mixed)))), 1)
        middle = ((own.exp() + other.exp()) / 2).log()
        kl = [(p.exp() * (p - middle)).sum(1) for p in (own, other)]
        values.append(0.5 * (kl[0] + kl[1]).mean())
    return sum(values) / len(values)


@pytest.mark.parametrize("make", [FusedNetwork, Ensemble])
@pytest.mark.parametrize("head", ["additive", "mlp"])
@pytest.mark.parametrize("modalities", [2, 3])
def test_gathered_parts_give_what_full_passes_give(head, modalities, make):
    net = network(head, modalities, make)
    views, donors = batch(modalities)
    found = losses.informations(net.parts(net.latents(views)), net.finish, donors)
    assert len(found) == {2: 2, 3: 6}[modalities]
    for chosen, value in found.items():
        wanted = passed(net, views, chosen, donors[chosen[0]])
        assert torch.allclose(value, wanted, rtol=0, atol=1e-12)


def test_all_pairs_are_the_mean_over_all_shifts():
    net = network()
    views, _ = batch()
    parts = net.parts(net.latents(views))
    shifts = (torch.arange(N)[:, None] + torch.arange(N)) % N
    whole = losses.informations(parts, net.finish, None)
    listed = losses.informations(parts, net.finish, [shifts, shifts])
    for chosen, value in whole.items():
        assert torch.allclose(value, listed[chosen], rtol=0, atol=1e-12)


def gradients(net, loss):
    net.zero_grad()
    loss.backward(retain_graph=True)
    return {
        name: torch.zeros_like(p) if p.grad is None else p.grad.clone()
        for name, p in net.named_parameters()
    }


@pytest.mark.parametrize("head", ["additive", "mlp"])
@pytest.mark.parametrize("game", [-1, 0, 1])
def test_each_encoder_follows_its_own_information_and_k_times_the_others(game, head):
    """Eqs. 12-13: d/d theta_1 = -(d J_1 + k d J_2), from graphs with everything else detached."""
    net = network(head)
    views, donors = batch()
    parts = net.parts(net.latents(views))
    loss = losses.played(parts, net.finish_held, donors, game)
    found = gradients(net, loss)
    if game == -1:
        assert abs(loss.item()) < 1e-12
    for m in range(2):
        held = [p if i == m else p.detach() for i, p in enumerate(parts)]
        own, other = (
            gradients(net, losses.informations(held, net.finish_held, donors)[(i,)])
            for i in (m, 1 - m)
        )
        mine = [name for name in found if name.startswith((f"encoders.{m}", f"adds.{m}"))]
        assert max(float(found[name].norm()) for name in mine) > 1e-6
        for name in mine:
            wanted = -(own[name] + game * other[name])
            assert torch.allclose(found[name], wanted, atol=1e-12)
    common = [name for name in found if name.startswith(("bias", "last", "alone"))]
    assert not any(found[name].any() for name in common), "no player moves what is common"


def test_nothing_exchanged_and_nothing_read_is_no_information():
    net = network()
    views, donors = batch()
    same = [torch.arange(N)[:, None].expand(N, 3)] * 2
    for value in losses.informations(net.parts(net.latents(views)), net.finish, same).values():
        assert abs(value.item()) < 1e-12
    constant = [torch.ones_like(views[0]), views[1]]
    found = losses.informations(net.parts(net.latents(constant)), net.finish, donors)
    assert abs(found[0,].item()) < 1e-12 < found[1,].item()
    with torch.no_grad():
        net.adds[1].weight.zero_()
    found = losses.informations(net.parts(net.latents(views)), net.finish, donors)
    assert abs(found[1,].item()) < 1e-12 < found[0,].item()


def test_divergences_have_the_gradients_of_autograd_and_are_safe_for_huge_logits():
    generator = torch.Generator().manual_seed(2)
    own, other = (
        torch.randn(6, k, 3, generator=generator, dtype=torch.double, requires_grad=True)
        for k in (1, 5)
    )
    a, b = torch.log_softmax(own, -1), torch.log_softmax(other, -1)
    middle = torch.logaddexp(a, b) - math.log(2)
    plain = 0.5 * (a.exp() * (a - middle) + b.exp() * (b - middle)).sum(-1)
    assert torch.allclose(losses.divergence(own, other), plain, rtol=0, atol=1e-14)
    assert torch.autograd.gradcheck(losses.divergence, (own, other))
    huge = [(1e4 * x.detach()).float().requires_grad_() for x in (own, other)]
    value = losses.divergence(*huge)
    value.sum().backward()
    assert all(torch.isfinite(x.grad).all() for x in huge)
    assert ((value >= -1e-6) & (value <= math.log(2) + 1e-6)).all()


def test_the_contrast_is_ntxent_by_loops():
    """Numerator and denominator as in pytorch-metric-learning: other positives are not below."""
    generator = torch.Generator().manual_seed(3)
    latents = [torch.randn(9, 4, generator=generator, dtype=torch.double) for _ in range(2)]
    y = torch.arange(9) % 3
    z, labels = torch.cat(latents).numpy(), np.tile(y.numpy(), 2)
    z = z / np.linalg.norm(z, axis=1, keepdims=True)
    terms = []
    for i in range(18):
        below = sum(math.exp(z[i] @ z[j] / 0.5) for j in range(18) if labels[j] != labels[i])
        for j in range(18):
            if j != i and labels[j] == labels[i]:
                above = math.exp(z[i] @ z[j] / 0.5)
                terms.append(-math.log(above / (above + below)))
    assert float(losses.contrast(latents, y, 0.5)) == pytest.approx(np.mean(terms))
    assert losses.contrast(latents, torch.zeros(9, dtype=torch.long), 0.5) is None


def test_what_is_rebuilt_from_the_class_leaves_the_variance_within_classes():
    """With the best decoder, which gives the mean of each class (brief, check 8.2.7)."""
    y = torch.arange(300) % 3
    one_hot = torch.nn.functional.one_hot(y, 3).double()
    generator = torch.Generator().manual_seed(4)
    fixed = [one_hot @ torch.randn(3, 4, generator=generator, dtype=torch.double) for _ in "ab"]
    noise = [torch.randn(300, 4, generator=generator, dtype=torch.double) for _ in "ab"]
    for latents, wanted in ((fixed, 0.0), (noise, None)):
        z = torch.cat(latents, 1)
        means = torch.stack([z[y == c].mean(0) for c in range(3)])
        decoder = torch.nn.Sequential(
            torch.nn.Linear(3, 3, bias=False), torch.nn.ReLU(), torch.nn.Linear(3, 8, bias=False)
        ).double()
        with torch.no_grad():
            decoder[0].weight.copy_(torch.eye(3))
            decoder[2].weight.copy_(means.T)
            loss = float(losses.rebuilt(latents, decoder, one_hot))
        within = np.mean([z[y == c].var(0, correction=0).mean() for c in range(3)])
        assert loss == pytest.approx(within if wanted is None else wanted, abs=1e-12)
