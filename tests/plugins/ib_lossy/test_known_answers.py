"""Training loops against the same steps written out with plain PyTorch."""

import dataclasses
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from harness import (  # noqa: E402
    DataError,
    Incompatible,
    PairedSamples,
    Samples,
    Split,
    UsageError,
    single_threaded,
    stream,
    torch_generator,
)
from harness_ib_lossy import pictures  # noqa: E402
from harness_ib_lossy.autoencoder import AutoencoderPairs, AutoencoderSamples  # noqa: E402
from harness_ib_lossy.ib_plane import IBPlane, _trained  # noqa: E402
from harness_ib_lossy.networks import StochasticMLP, conv_pair, dense_pair  # noqa: E402

SMALL = {"hidden": (6,), "code_dim": 2, "steps": 7, "batch": 16}


def codes(data, seed=0, **params):
    settings = SMALL | params
    return AutoencoderSamples(**settings).transform(data, to=Samples, rng=stream(seed)).x


def by_hand(train, test, pair, noise=0.02, rate=2e-3, steps=7, batch=16):
    """Adam on batches of an order that is drawn anew when fewer than a batch are left of it."""
    mean, scale = train.mean(0), train.std()
    x, new = (torch.tensor((a - mean) / scale, dtype=torch.float32) for a in (train, test))
    rng = stream(0)
    with single_threaded("cpu", rng):
        draws = torch_generator(rng)
        encoder, decoder = pair()
        optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=rate)
        batch, order = min(batch, len(x)), []
        for step in range(steps):
            if len(order) < batch:
                order = torch.randperm(len(x), generator=draws)
            part, order = x[order[:batch]], order[batch:]
            z = encoder(part)
            decoded = decoder(z + noise * torch.randn(z.shape, generator=draws))
            loss = ((decoded - part) ** 2).mean()
            for group in optimizer.param_groups:
                group["lr"] = rate * (1 + math.cos(math.pi * step / steps)) / 2
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return encoder(new).detach().numpy()


@pytest.mark.parametrize("changes", [{}, {"batch": 50}, {"batch": 20, "learning_rate": 0.05}])
def test_a_dense_autoencoder_is_trained_in_these_steps(changes):
    """Forty rows in batches of 16 leave eight, which the next order has again."""
    x = 3.0 + 2.0 * np.random.default_rng(0).normal(size=(50, 4))
    split = Split(np.arange(40), np.arange(40, 50))
    found = codes(Samples(x, split=split), **changes)
    wanted = by_hand(
        x[:40],
        x[40:],
        lambda: dense_pair(4, (6,), 2),
        rate=changes.get("learning_rate", 2e-3),
        batch=changes.get("batch", 16),
    )
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)


def test_a_convolutional_one_too():
    x = np.random.default_rng(1).normal(size=(20, 16))
    found = codes(Samples(x), layers="conv", hidden=(3,))
    wanted = by_hand(x, x, lambda: conv_pair(16, (3,), 2, "x"))
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)


def test_a_side_is_coded_as_it_would_be_alone_and_the_other_is_left():
    x, y = np.random.default_rng(2).normal(size=(2, 30, 3))
    model = AutoencoderPairs(side="x", **SMALL)
    found = model.transform(PairedSamples(x, y), to=PairedSamples, rng=stream(0))
    np.testing.assert_array_equal(found.x, codes(Samples(x)))
    np.testing.assert_array_equal(found.y, y)


def test_what_cannot_be_trained_is_refused():
    with pytest.raises(DataError, match="constant; wanted data that vary"):
        codes(Samples(np.ones((9, 3))))
    with pytest.raises(Incompatible, match=r"Samples\.x: the autoencoder diverged"):
        codes(Samples(np.random.default_rng(0).normal(size=(9, 3))), learning_rate=1e38)


@pytest.fixture
def toys(monkeypatch):
    """Pictures of five pixels in three classes."""
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(41, 5)), rng.integers(3, size=41)
    monkeypatch.setattr(pictures, "load", lambda *_: (x, y))
    _trained.cache_clear()
    yield x, y
    _trained.cache_clear()


def test_a_stochastic_network_is_trained_in_these_steps(toys):
    x, y = toys
    task = IBPlane(hidden=(4,), epochs=(2, 0), batch=8, learning_rate=0.02, train_share=0.6)
    order = stream(5, "ib-plane", "split").permutation(41)
    train, test = np.sort(order[:25]), np.sort(order[25:])
    rng = stream(5, "ib-plane", "network")
    inputs, labels = torch.tensor(x, dtype=torch.float32), torch.tensor(y)
    wanted = {}
    with single_threaded("cpu", rng):
        draws = torch_generator(rng)
        network = StochasticMLP((5, 4, 3), 0.1, "absolute")
        optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
        for epoch in range(3):
            if epoch:
                rows = torch.tensor(train)[torch.randperm(25, generator=draws)]
                for part in (rows[:8], rows[8:16], rows[16:24], rows[24:]):
                    log_p = torch.log_softmax(network(inputs[part], draws)[-1], 1)
                    loss = -log_p[torch.arange(len(part)), labels[part]].mean()
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
            if epoch != 1:
                look = torch_generator(stream(5, "ib-plane", "look", str(epoch)))
                layers = [layer.detach().double().numpy() for layer in network(inputs, look)]
                log_p = layers[1] - np.log(np.exp(layers[1]).sum(1, keepdims=True))
                accuracy = (layers[1][test].argmax(1) == y[test]).mean()
                wanted[epoch] = layers, -log_p[train, y[train]].mean(), accuracy
    found = task.trained(5)
    np.testing.assert_array_equal(found.split.train, train)
    np.testing.assert_array_equal(found.split.test, test)
    assert set(found.layers) == set(found.loss) == set(found.accuracy) == {0, 2}
    for epoch, (layers, loss, accuracy) in wanted.items():
        for a, b in zip(found.layers[epoch], layers, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
        assert found.loss[epoch] == pytest.approx(loss, rel=1e-5)
        assert found.accuracy[epoch] == pytest.approx(accuracy)


def test_cases_are_in_order_and_hold_their_layer(toys):
    x, y = toys
    task = IBPlane(hidden=(4, 2), epochs=(1, 0), batch=8, sigma=0.3, noise="relative")
    cases = list(task.cases(seed=0))
    assert [c.id for c in cases] == [
        f"epoch-{epoch}-layer-{layer}-{side}"
        for epoch in (0, 1)
        for layer in (1, 2, 3)
        for side in "xy"
    ]
    found = task.trained(0)
    for case in cases:
        epoch, layer = case.facts["epoch"], case.facts["layer"]
        outputs = found.layers[epoch][-1].argmax(1)[found.split.test]
        assert found.accuracy[epoch] == np.mean(outputs == y[found.split.test])
        assert {k: case.facts[k] for k in ("sigma", "noise")} == {"sigma": 0.3, "noise": "relative"}
        assert case.stamp == ""
        data, hidden = case.load(), found.layers[epoch][layer - 1]
        first = x if case.id.endswith("x") else hidden
        second = hidden if case.id.endswith("x") else y[:, None]
        np.testing.assert_array_equal(data.x, first)
        np.testing.assert_array_equal(data.y, second)
        assert data.y_kind == ("continuous" if case.id.endswith("x") else "discrete")
        assert data.split == found.split
    assert next(iter(dataclasses.replace(task, dataset="other").cases(seed=0))).stamp is None


def test_planes_that_cannot_be_made_are_refused(toys):
    for epochs in ((), (1, 2, 1)):
        with pytest.raises(UsageError, match="wanted different epochs"):
            list(IBPlane(epochs=epochs).cases(seed=0))
    for share in (0.01, 0.99):
        with pytest.raises(DataError, match=f"{share} of 41 pictures"):
            IBPlane(epochs=(0,), train_share=share).trained(0)
    one = IBPlane(epochs=(0,), train_share=0.02)  # a single picture, by rounding
    assert len(one.trained(0).split.train) == 1
    with pytest.raises(DataError, match="epoch 1: activations that are not finite"):
        IBPlane(epochs=(0, 1), hidden=(4,), learning_rate=1e38).trained(0)
