"""The task ib-plane, its network, and its picture."""

import gzip
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")

from harness import DataError, Incompatible, UsageError, read_records  # noqa: E402
from harness.records import Status  # noqa: E402
from harness.testing import record  # noqa: E402
from harness_ib_lossy import pictures  # noqa: E402
from harness_ib_lossy.ib_plane import IBPlane, _trained  # noqa: E402
from harness_ib_lossy.networks import StochasticMLP  # noqa: E402
from harness_ib_lossy.reports import plane  # noqa: E402


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_noise_goes_in_front_of_every_map():
    """With unit maps, the second layer's variance is that of two noises, absolute or relative."""
    x = torch.full((20_000, 1), 2.0)
    for noise, first, second in (("absolute", 0.25, 0.5), ("relative", 1.0, 2.25)):
        network = StochasticMLP((1, 1, 1), 0.5, noise)
        for linear in network.maps:
            linear.weight.data.fill_(1.0)
            linear.bias.data.zero_()
        network.maps[0].bias.data.fill_(10.0)  # stay on the straight side of the leaky ReLU
        network.maps[1].bias.data.fill_(-10.0)
        with torch.no_grad():
            one, two = network(x, seeded())
        # relative: the second noise is half of an activation of mean 12 and variance 1
        wanted = second if noise == "absolute" else 1.0 + 0.25 * (144 + 1.0)
        assert float(one.var()) == pytest.approx(first, rel=4 * math.sqrt(2 / 20_000))
        assert float(two.var()) == pytest.approx(wanted, rel=4 * math.sqrt(2 / 20_000))


def test_a_network_of_no_noise_is_the_network():
    network = StochasticMLP((3, 4, 2), 0.0, "absolute")
    x = torch.randn((5, 3), generator=seeded())
    hidden = torch.nn.functional.leaky_relu(network.maps[0](x), 0.2)
    one, two = network(x, seeded())
    torch.testing.assert_close(one, hidden)
    torch.testing.assert_close(two, network.maps[1](hidden))


@pytest.fixture(scope="module")
def digits():
    return IBPlane(epochs=(0, 5, 30))


def test_cases_are_epochs_layers_and_pairs(digits):
    cases = list(digits.cases(seed=0))
    assert len(cases) == 3 * 3 * 2
    assert len({c.id for c in cases}) == 18
    first, last = cases[0].load(), cases[-1].load()
    assert cases[0].facts == {
        "epoch": 0,
        "layer": 1,
        "pair": "I(X;L)",
        "sigma": 0.1,
        "noise": "absolute",
    }
    assert (first.x.shape, first.y.shape) == ((1797, 64), (1797, 32))
    assert cases[-1].facts["pair"] == "I(L;Y)"
    assert (last.x.shape, last.y.shape, last.y_kind) == ((1797, 10), (1797, 1), "discrete")
    assert first.split is not None
    np.testing.assert_array_equal(first.y, cases[1].load().x)


def test_the_network_is_trained_once_and_alike(digits):
    before = torch.get_rng_state()
    _trained.cache_clear()
    one = digits.trained(3)
    assert digits.trained(3) is one
    _trained.cache_clear()
    two = digits.trained(3)
    assert two is not one
    for epoch in one.layers:
        for a, b in zip(one.layers[epoch], two.layers[epoch], strict=True):
            np.testing.assert_array_equal(a, b)
    assert (torch.get_rng_state() == before).all()


def test_the_training_does_not_depend_on_when_it_is_looked_at(digits):
    for a, b in zip(
        digits.trained(0).layers[5], IBPlane(epochs=(5,)).trained(0).layers[5], strict=True
    ):
        np.testing.assert_array_equal(a, b)


def test_the_network_learns(digits):
    """Chance is a tenth; a linear map reaches nine tenths on the digits."""
    found = digits.trained(0)
    assert found.accuracy[0] < 0.3
    assert found.accuracy[30] > 0.8
    assert found.loss[30] < found.loss[5] < found.loss[0] == pytest.approx(math.log(10), abs=0.15)


def test_information_on_the_label_follows_the_accuracy_within_its_bounds(digits):
    """Fano: an accuracy a of ten even classes takes ln 10 - h(a) - (1 - a) ln 9 nats; the label has
    ln 10.
    """
    ross = pytest.importorskip("harness_classics.mixed").Ross(stderr="none")
    found = digits.trained(0)
    values = {}
    for case in digits.cases(seed=0):
        if case.facts["layer"] == 3 and case.facts["pair"] == "I(L;Y)":
            values[case.facts["epoch"]] = ross.estimate(
                case.load(), rng=np.random.default_rng(0)
            ).value
    assert values[0] < values[5] < values[30] <= math.log(10) + 0.1
    assert found.accuracy[0] < found.accuracy[5] < found.accuracy[30]


def write(folder, n=40, side=4, sizes=None, columns=("image", "label")):
    """A Parquet file as the hub has them: pictures encoded as PNG, and classes."""
    datasets = pytest.importorskip("datasets")
    image = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(0)
    shown = [
        image.fromarray(rng.integers(256, size=(s, s), dtype=np.uint8))
        for s in (sizes or [side] * n)
    ]
    rows = {columns[0]: shown, columns[1]: [int(v) for v in np.arange(len(shown)) % 3]}
    features = datasets.Features(
        {columns[0]: datasets.Image(), columns[1]: datasets.ClassLabel(names=["a", "b", "c"])}
    )
    path = folder / "train.parquet"
    datasets.Dataset.from_dict(rows, features=features).to_parquet(str(path))
    return path, shown


def test_a_file_of_the_hubs_format_is_read(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    path, shown = write(tmp_path)
    x, y = pictures.load(str(path), "image", "label", 0, 0)
    np.testing.assert_allclose(x, np.stack([np.asarray(s).ravel() for s in shown]) / 255.0)
    np.testing.assert_array_equal(y, np.arange(40) % 3)
    task = IBPlane(dataset=str(path), epochs=(1,), hidden=(5,), limit=30)
    cases = list(task.cases(seed=0))
    assert cases[0].load().x.shape == (30, 16)
    assert cases[0].stamp is None


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            {"columns": ("pixels", "label")},
            UsageError,
            r"no column 'image'; wanted ib-plane.image and ib-plane.label .* pixels, label",
        ),
        (
            {"sizes": [4, 5, 4]},
            DataError,
            r"pictures of \[16, 25\] values; wanted pictures of one size",
        ),
    ],
)
def test_files_that_do_not_fit_are_refused(tmp_path, change, error, message):
    path, _ = write(tmp_path, **change)
    with pytest.raises(error, match=message):
        pictures.load(str(path), "image", "label", 0, 0)


def test_data_that_are_not_there_are_one_line(tmp_path):
    pytest.importorskip("datasets")
    with pytest.raises(UsageError, match=r"cannot be loaded.*wanted digits, a Parquet file"):
        pictures.load(str(tmp_path / "nothing.parquet"), "image", "label", 0, 0)


def test_the_plane_on_a_gpu_is_that_of_the_cpu():
    """Equal draws; float32 sums in another order. Untrained, so that nothing is amplified."""
    if not torch.cuda.is_available():
        with pytest.raises(UsageError, match="no GPU"):
            IBPlane(epochs=(0,), device="cuda").trained(0)
        pytest.skip("torch sees no GPU here")
    cpu, gpu = (IBPlane(epochs=(0, 2), device=d).trained(0) for d in ("cpu", "cuda"))
    for a, b in zip(cpu.layers[0], gpu.layers[0], strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)
    assert gpu.loss[2] == pytest.approx(cpu.loss[2], abs=0.01)


def test_settings_that_make_no_plane_are_refused():
    with pytest.raises(UsageError, match="wanted different epochs"):
        list(IBPlane(epochs=(1, 1)).cases(seed=0))
    with pytest.raises(DataError, match="a share that leaves some"):
        IBPlane(train_share=1e-9, epochs=(0,)).trained(0)


def row(epoch, layer, pair, value, estimator="classics/ksg", **more):
    facts = {"epoch": epoch, "layer": layer, "pair": pair}
    return record(
        "ib_lossy/ib-plane", estimator, value, facts=facts, models=("ib_lossy/pca",), **more
    )


def save(path, records):
    path.write_text("".join(r.to_json() + "\n" for r in records), encoding="utf-8")
    return path


@pytest.fixture
def records(tmp_path):
    rows = []
    for epoch in (0, 1, 10):
        for layer in (1, 2):
            for seed in (0, 1):
                rows.append(row(epoch, layer, "I(X;L)", epoch + layer + 0.5 * seed))
                rows.append(row(epoch, layer, "I(L;Y)", 0.1 * epoch - seed, "classics/ross"))
    rows.append(row(0, 1, "I(X;L)", None, status=Status.ERROR))
    return save(tmp_path / "records.jsonl", rows)


def test_the_plane_is_the_mean_over_seeds_by_layer_and_epoch(records):
    found = plane.gathered(read_records(records))
    assert sorted(found) == [1, 2]
    assert found[2][10] == (12.25, 0.5)
    assert found[1][0] == (1.25, -0.5)


def test_several_measures_must_be_chosen_from(records):
    rows = read_records(records)
    save(records, [*rows, row(0, 1, "I(L;Y)", 9.0, "neural/dv")])
    with pytest.raises(
        UsageError, match="wanted --set up=MEASURE with one of: pca > dv, pca > ross"
    ):
        plane.gathered(read_records(records))
    assert plane.gathered(read_records(records), up="pca > ross")[1][0] == (1.25, -0.5)
    assert plane.gathered(read_records(records), up="pca > dv")[1] == {0: (1.25, 9.0)}


def test_smoothing_weighs_neighbours_and_keeps_the_ends():
    assert plane.smooth([0.0, 4.0, 0.0, 8.0]).tolist() == [0.0, 2.0, 3.0, 8.0]
    assert plane.smooth([1.0, 5.0]).tolist() == [1.0, 5.0]


def test_the_figure_is_drawn(records, tmp_path, command):
    image = pytest.importorskip("PIL.Image")
    pytest.importorskip("matplotlib")
    out = tmp_path / "plane.png"
    ran = command("report", "ib_lossy/plane", records, "--out", out)
    assert ran.returncode == 0, ran.stderr
    assert "| layer 1 " in ran.stdout
    pixels = np.asarray(image.open(out).convert("RGB")).reshape(-1, 3)
    # epochs are coloured: dark violet first, yellow last
    for colour in ((68, 1, 84), (253, 231, 37)):
        assert (np.abs(pixels.astype(int) - colour).max(1) < 12).sum() > 50


def test_records_of_one_axis_alone(records):
    rows = [r for r in read_records(records) if r.facts["pair"] == "I(L;Y)"]
    with pytest.raises(UsageError, match=r"no measure named for I\(X;L\)"):
        plane.gathered(rows)


def idx(path, array, *, packed=False):
    """Write a file in MNIST's format."""
    shape = np.array(array.shape, ">i4").tobytes()
    raw = bytes([0, 0, 8, array.ndim]) + shape + array.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(raw) if packed else raw)


@pytest.mark.parametrize("end", ["", ".gz"])
def test_files_of_mnist_are_read(tmp_path, end):
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (30, 6, 6)), np.arange(30) % 3
    idx(tmp_path / f"train-images-idx3-ubyte{end}", x, packed=bool(end))
    file = str(tmp_path / f"train-images-idx3-ubyte{end}")
    with pytest.raises(UsageError, match=r"labels-idx1-ubyte.*can be read"):
        pictures.load(file, "image", "label", 0, 0)
    idx(tmp_path / f"train-labels-idx1-ubyte{end}", y, packed=bool(end))
    found, classes = pictures.load(file, "image", "label", 0, 0)
    np.testing.assert_array_equal(found, x.reshape(30, 36) / 255)
    np.testing.assert_array_equal(classes, y)
    idx(tmp_path / f"train-labels-idx1-ubyte{end}", y[:-1], packed=bool(end))
    with pytest.raises(UsageError, match="29 labels; wanted 30"):
        pictures.load(file, "image", "label", 0, 0)
    other = bytes([0, 0, 13, 3]) + bytes(12)
    (tmp_path / f"train-images-idx3-ubyte{end}").write_bytes(gzip.compress(other) if end else other)
    with pytest.raises(UsageError, match="begins with 00000d03; wanted an IDX file of bytes"):
        pictures.load(file, "image", "label", 0, 0)


def test_convolutions_halve_the_picture_and_carry_noise():
    """Widths of the layers; and a layer of a network without noise is torch's own convolution."""
    task = IBPlane(channels=(4, 6), hidden=(10,), epochs=(0,), limit=60)
    cases = list(task.cases(seed=0))
    assert len(cases) == 2 * 4
    widths = [c.load().y.shape[1] for c in cases if c.id.endswith("-x")]
    assert widths == [4 * 16, 6 * 4, 10, 10]
    network = StochasticMLP((25, 3), 0.0, "absolute", (2,))
    x = torch.rand(7, 25)
    first, _ = network(x, torch.Generator())
    conv = network.maps[0][1]
    wanted = torch.nn.functional.conv2d(
        x.view(7, 1, 5, 5), conv.weight, conv.bias, stride=2, padding=1
    )
    wanted = torch.nn.functional.leaky_relu(wanted, 0.2).flatten(1)
    torch.testing.assert_close(first, wanted)
    noisy = StochasticMLP((25, 3), 0.5, "absolute", (2,))
    one, two = (noisy(x, torch.Generator().manual_seed(s))[0] for s in (0, 1))
    assert not torch.equal(one, two)
    with pytest.raises(Incompatible, match="24 values a picture; wanted square pictures"):
        StochasticMLP((24, 3), 0.1, "absolute", (2,))


def test_a_convolutional_network_learns_the_digits():
    task = IBPlane(channels=(8, 16), hidden=(32,), epochs=(0, 20))
    accuracy = task.trained(0).accuracy
    assert accuracy[20] > 0.7
    assert accuracy[0] < 0.3
