"""Convolutional networks trained on attacks: the ensemble, positions as samples, MNIST's files."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")

from harness import Activations, UsageError, stream  # noqa: E402
from harness_networks.convolutions import (  # noqa: E402
    AdversarialConvolutions,
    ConvolutionEnsemble,
    load,
)
from harness_networks.digits import objective  # noqa: E402


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_each_network_of_an_ensemble_is_torchs_own():
    networks = ConvolutionEnsemble(3, (8, 6), 3, (4, 5), (7, 2), seeded())
    images = torch.rand(3, 9, 48, generator=seeded(1))
    outputs = networks(images)
    for one in range(3):
        x = images[one].view(9, 1, 8, 6)
        for depth, (weight, bias) in enumerate(networks.maps, start=1):
            own = slice(one * len(bias) // 3, (one + 1) * len(bias) // 3)
            x = torch.nn.functional.conv2d(x, weight[own], bias[own], padding=1)
            torch.testing.assert_close(networks.hidden(images, depth)[one], x)
            x = torch.nn.functional.max_pool2d(x.relu(), 2)
        (w1, b1), (w2, b2) = ((w[one], b[one]) for w, b in networks.connected.maps)
        wanted = (x.flatten(1) @ w1 + b1).relu() @ w2 + b2
        torch.testing.assert_close(outputs[one], wanted)


def test_the_slope_of_the_attack_stays_out_of_the_gradient():
    """Twice the same step gives the same gradient, and the attack leaves none behind."""
    networks = ConvolutionEnsemble(2, (8, 8), 5, (4,), (10,), seeded())
    images, labels = torch.rand(20, 64, generator=seeded(1)), torch.arange(20) % 10
    sizes, found = torch.tensor([0.0, 0.2]), []
    for _ in range(2):
        for p in networks.parameters:
            p.grad = None
        objective(networks, images, labels, sizes, 3, seeded(2)).backward()
        found.append([p.grad.clone() for p in networks.parameters])
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)


SMALL = {"classes": (2,), "channels": (6,), "epsilons": (0.0, 0.2), "epochs": 2}


@pytest.mark.parametrize(("depth", "layers"), [("one", 1), ("two", 3)])
def test_samples_are_the_positions_of_all_pictures(depth, layers):
    task = AdversarialConvolutions(**SMALL, depth=depth, n=10**6)
    cases = list(task.cases(seed=0))
    assert len(cases) == 3 * layers
    found = task.trained(2, 6, 0)
    with torch.no_grad():
        maps = torch.relu(found.networks.hidden(found.images.expand(2, -1, -1), layers))[0]
    data = cases[layers - 1].load()  # the last layer, clean
    if depth == "one":
        whole = Activations.of_maps(maps.double().numpy())
        np.testing.assert_allclose(data.x, whole.x, atol=1e-6)  # a part of the pictures at a time
        assert data.x.shape == (360 * 64, 6)
        few = next(iter(AdversarialConvolutions(**SMALL, n=500).cases(seed=0))).load()
        rows = np.sort(
            stream(0, "adversarial-convolutions", "positions", "2", "6").permutation(360 * 64)[:500]
        )
        np.testing.assert_array_equal(few.x, data.x[rows])
        np.testing.assert_array_equal(few.labels, found.labels.numpy()[rows // 64])
        assert len(np.unique(rows // 64)) > 200  # not the first few pictures
    else:
        np.testing.assert_allclose(data.x, maps.numpy(), atol=1e-6)
        assert [c.load().width for c in cases[:3]] == [6, 12, 24]
    assert data.accuracy > 0.8
    assert not np.array_equal(cases[-1].load().x, cases[layers + layers - 1].load().x)


def test_files_of_mnist(tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (40, 7, 6)), np.arange(40) % 4
    for name, array in (("images-idx3", x), ("labels-idx1", y)):
        head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
        (tmp_path / f"train-{name}-ubyte").write_bytes(head + array.astype(np.uint8).tobytes())
    file = str(tmp_path / "train-images-idx3-ubyte")
    found, labels, shape = load(file, 3, 0, 0)
    assert shape == (7, 6)
    np.testing.assert_array_equal(labels, y[y < 3])
    np.testing.assert_array_equal(found, x[y < 3].reshape(30, 42) / 255)
    assert len(load(file, 3, 12, 0)[0]) == 12
    task = AdversarialConvolutions(path=file, classes=(3,), channels=(4,), epochs=1, depth="two")
    assert next(iter(task.cases(seed=0))).load().x.shape == (30 * 42, 4)
    with pytest.raises(UsageError, match="wanted a name such as train-images-idx3-ubyte"):
        load(str(tmp_path / "pictures"), 3, 0, 0)
    with pytest.raises(UsageError, match=r"classes: 10; wanted 2 to 4"):
        load(file, 10, 0, 0)
    with pytest.raises(UsageError, match="different ones"):
        list(AdversarialConvolutions(epsilons=(0.1, 0.1)).cases(seed=0))
