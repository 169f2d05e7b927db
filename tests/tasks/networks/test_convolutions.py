"""Convolutional networks trained on attacks: the ensemble, positions as samples, MNIST's files."""

import tracemalloc

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")

import harness  # noqa: E402
from harness import Activations, UsageError, stream  # noqa: E402
from harness_networks import convolutions  # noqa: E402
from harness_networks.convolutions import (  # noqa: E402
    AdversarialConvolutions,
    ConvolutionEnsemble,
    Trained,
    load,
)
from harness_networks.digits import attacked, objective  # noqa: E402


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
        torch.testing.assert_close(networks.only(one)(images[one : one + 1])[0], wanted)


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
        draws = stream(0, "adversarial-convolutions", "positions", "2", "6")
        rows = np.sort(draws.choice(360 * 64, 500, replace=False, shuffle=False))
        np.testing.assert_allclose(few.x, data.x[rows], atol=1e-6)  # other pictures beside them
        np.testing.assert_array_equal(few.labels, found.labels.numpy()[rows // 64])
        assert len(np.unique(rows // 64)) > 200  # not the first few pictures
    else:
        np.testing.assert_allclose(data.x, maps.numpy(), atol=1e-6)
        assert [c.load().width for c in cases[:3]] == [6, 12, 24]
    assert data.accuracy > 0.8
    assert not np.array_equal(cases[-1].load().x, cases[layers + layers - 1].load().x)


def test_what_is_not_asked_for_is_not_computed(monkeypatch):
    """One network attacks the pictures of the drawn positions, and no list of all is made.

    A permutation of the 16 million positions would take 125 MB.
    """
    network = ConvolutionEnsemble(3, (28, 28), 5, (4,), (10,), seeded())
    images, labels = torch.rand(1, 784, generator=seeded(1)), torch.zeros(1, dtype=torch.long)
    many = Trained(images.expand(20_000, -1), labels.expand(20_000), network, (1.0, 0.5, 0.25))
    monkeypatch.setattr(AdversarialConvolutions, "trained", lambda *_: many)
    asked = []

    def watched(networks, images, labels, sizes, steps, draws):
        asked.append((networks.count, *images.shape, sizes.tolist()))
        return attacked(networks, images, labels, sizes, steps, draws)

    monkeypatch.setattr(convolutions, "attacked", watched)
    task = AdversarialConvolutions(classes=(10,), channels=(4,), epsilons=(0.0, 0.25, 0.5), n=50)
    case = next(c for c in task.cases(seed=0) if c.facts["epsilon"] == 0.5)
    tracemalloc.start()
    clean = case.load()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert not asked
    assert peak < 10e6
    assert clean.accuracy == 0.25
    (found,) = [c.load() for c in task.cases(seed=0) if c.id.endswith("0.5-attacked-conv1")]
    ((count, networks, pictures, _, sizes),) = asked
    assert (count, networks, sizes) == (1, 1, [0.5])
    assert 45 <= pictures <= 50  # of 20,000; two of the 50 positions are seldom of one
    assert found.x.shape == (50, 4)
    np.testing.assert_array_equal(  # equal seeds, equal bits
        found.x,
        next(c for c in task.cases(seed=0) if c.id.endswith("0.5-attacked-conv1")).load().x,
    )


def written(folder, x, y):
    """Files in MNIST's format; the path of the pictures."""
    for name, array in (("images-idx3", x), ("labels-idx1", y)):
        head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
        (folder / f"train-{name}-ubyte").write_bytes(head + array.astype(np.uint8).tobytes())
    return str(folder / "train-images-idx3-ubyte")


def test_files_that_are_what_they_were_are_not_loaded_again(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (40, 7, 6)), np.arange(40) % 2
    file = written(tmp_path, x, y)
    loads = []
    monkeypatch.setattr(convolutions, "load", lambda *given: loads.append(1) or load(*given))
    small = SMALL | {"channels": (4,), "epochs": 1}

    def run():
        convolutions._trained.cache_clear()
        loads.clear()
        found = harness.run(
            tasks=["adversarial-convolutions"],
            estimators=["participation-ratio"],
            params={"adversarial-convolutions": {"path": file, **small}},
            baselines=False,
            store=tmp_path / "store.sqlite",
        ).where(status="ok")
        return len(found), len(loads), {record.key for record in found}

    cases, first, keys = run()
    assert (cases, first) == (3, 1)
    assert run() == (3, 0, keys)  # all from the store
    written(tmp_path, x, 1 - y)  # the labels alone are others
    cases, again, others = run()
    assert (cases, again) == (3, 1)
    assert not keys & others


def test_files_of_mnist(tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (40, 7, 6)), np.arange(40) % 4
    file = written(tmp_path, x, y)
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
    (tmp_path / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(UsageError, match=r"labels-idx1-ubyte: No such file.*can be read"):
        list(task.cases(seed=0))
    with pytest.raises(UsageError, match="at least one, and none twice"):
        list(AdversarialConvolutions(epsilons=(0.1, 0.1)).cases(seed=0))
