import math

import numpy as np
import pytest

from harness import Incompatible, LabelledSamples, PairedSamples, Samples
from harness_classics.discrete import MillerMadow, MillerMadowEntropy, PlugIn, PlugInEntropy
from harness_classics.mixed import Ross


def codes(*columns):
    return PairedSamples(
        *(np.asarray(c, float).reshape(len(c), -1) for c in columns), "discrete", "discrete"
    )


def test_plug_in_of_a_full_table():
    # Each cell as often as its probability says: the plug-in value is the truth.
    table = np.array([[4, 1, 1], [1, 4, 1]])
    x, y = (np.repeat(axis, table.ravel()) for axis in np.indices(table.shape).reshape(2, -1))
    p = table / table.sum()
    truth = (p * np.log(p / p.sum(1, keepdims=True) / p.sum(0))).sum()
    output = PlugIn().estimate(codes(x, y))
    assert output.value == pytest.approx(truth, abs=1e-14)
    assert output.local.mean() == pytest.approx(truth, abs=1e-14)
    corrected = MillerMadow().estimate(codes(x, y))
    assert corrected.value == pytest.approx(truth + (2 + 3 - 6 - 1) / (2 * 12), abs=1e-14)


def test_several_columns_make_one_code():
    rng = np.random.default_rng(0)
    pair, y = rng.integers(0, 3, size=(200, 2)), rng.integers(0, 2, size=200)
    wanted = PlugIn().estimate(codes(3 * pair[:, 0] + pair[:, 1], y)).value
    assert PlugIn().estimate(codes(pair, y)).value == pytest.approx(wanted, abs=1e-14)


def test_miller_madow_takes_most_of_the_bias_off():
    rng, plain, corrected = np.random.default_rng(1), [], []
    for _ in range(400):
        data = codes(*rng.integers(0, 4, size=(2, 100)))
        plain.append(PlugIn().estimate(data).value)
        corrected.append(MillerMadow().estimate(data).value)
    # Expected without information: (4 - 1)(4 - 1) / (2 * 100) = 0.045; spread of the mean about
    # 0.021 / 20.
    assert np.mean(plain) == pytest.approx(0.045, abs=0.006)
    assert np.mean(corrected) == pytest.approx(0.0, abs=0.006)
    assert min(corrected) < 0.0


@pytest.mark.parametrize(
    ("estimator", "bias"), [(PlugInEntropy(), 9 / 400), (MillerMadowEntropy(), 0.0)]
)
def test_entropy_of_codes(estimator, bias):
    rng = np.random.default_rng(2)
    found = [
        estimator.estimate(Samples(rng.integers(0, 10, size=(200, 1)).astype(float))).value
        for _ in range(300)
    ]
    # The spread of one value is sqrt(9 / 2) / 200 = 0.011.
    assert np.mean(found) == pytest.approx(math.log(10) - bias, abs=5 * 0.011 / math.sqrt(300))


def test_the_error_of_the_plug_in_covers():
    rng, p = np.random.default_rng(3), np.array([[0.35, 0.15], [0.1, 0.4]])
    truth, hits = (p * np.log(p / p.sum(1, keepdims=True) / p.sum(0))).sum(), 0
    for _ in range(400):
        cell = rng.choice(4, size=500, p=p.ravel())
        output = MillerMadow().estimate(codes(cell // 2, cell % 2))
        hits += abs(output.value - truth) <= 1.96 * output.stderr
    # Binomial of 400 at 0.95: one sigma is 4.4.
    assert abs(hits - 380) <= 5 * 4.4


@pytest.mark.parametrize("dims", [1, 3])
def test_ross_agrees_with_scikit_learn(dims):
    from sklearn.feature_selection import mutual_info_classif

    rng = np.random.default_rng(4)
    labels = rng.integers(0, 3, size=500)
    x = rng.normal(size=(500, 1)) + labels[:, None]
    wanted = mutual_info_classif(x, labels, n_neighbors=4, random_state=0)[0]
    x = np.repeat(x, dims, axis=1)  # copies of a column change no distance
    for data in (
        LabelledSamples(x, labels),
        PairedSamples(x, labels[:, None], "continuous", "discrete"),
    ):
        assert Ross(k=4).estimate(data).value == pytest.approx(wanted, abs=1e-4)
    swapped = PairedSamples(labels[:, None], x, "discrete", "continuous")
    assert Ross(k=4).estimate(swapped).value == pytest.approx(wanted, abs=1e-4)


def test_ross_finds_the_entropy_of_bins():
    found = []
    for seed in range(3):
        x = np.random.default_rng(seed).uniform(size=(5000, 1))
        found.append(Ross(k=5).estimate(PairedSamples(x, np.floor(8 * x), y_kind="discrete")).value)
    # Points near a bin's edge have neighbours beyond it: 8 bins of 625 points lose about 0.02.
    assert np.mean(found) == pytest.approx(math.log(8), abs=0.03)


def test_ross_leaves_single_points_out_with_a_note():
    x = np.random.default_rng(0).normal(size=(101, 1))
    y = np.append(np.arange(100) % 2, 7)[:, None]
    output = Ross().estimate(PairedSamples(x, y, y_kind="discrete"))
    assert output.diagnostics["single_points_left_out"] == 1
    assert output.value == pytest.approx(
        Ross().estimate(PairedSamples(x[:100], y[:100], y_kind="discrete")).value, abs=0.02
    )


def test_each_says_which_to_use_instead():
    x = np.random.default_rng(0).normal(size=(50, 1))
    y = np.arange(50.0)[:, None] % 2
    with pytest.raises(Incompatible, match="use ksg"):
        Ross().estimate(PairedSamples(x, x))
    with pytest.raises(Incompatible, match="use plug-in"):
        Ross().estimate(PairedSamples(y, y, "discrete", "discrete"))
    with pytest.raises(Incompatible, match="use ross"):
        PlugIn().estimate(PairedSamples(x, y, y_kind="discrete"))
    with pytest.raises(Incompatible, match="use kl"):
        PlugInEntropy().estimate(Samples(x))
