"""The information of a channel with known noise: against closed forms, quadrature and bounds."""

import math
import tracemalloc

import numpy as np
import pytest

from harness import DataError, Incompatible, PairedSamples, Split, stream
from harness_ib_lossy import propagation
from harness_ib_lossy.pca import PCAPairs
from harness_ib_lossy.propagation import SamplePropagation
from harness_vectors.pairs import LinearAwgn


def channel(signal, sigma, seed=0, **more):
    """x is the signal itself."""
    noise = np.random.default_rng([seed, 9]).normal(size=signal.shape)
    return PairedSamples(signal, signal + sigma * noise, signal=signal, noise=sigma, **more)


def estimate(data, seed=0, **params):
    return SamplePropagation(**params).estimate(data, rng=stream(seed))


@pytest.mark.parametrize("d", [1, 2, 3, 4])
def test_gaussian_channels_within_the_stated_error(d):
    """Twenty seeds: the mean lies where it should by its own spread and the bias of a mixture of
    400, below (E chi2 + 1) / 2n; and the stated errors are those that the seeds show.
    """
    n, gains = 400, np.array([1.5, 1.0, 0.7, 0.4])[:d]
    truth = 0.5 * np.log1p(gains**2).sum()
    found = [
        estimate(channel(np.random.default_rng(s).normal(size=(n, d)) * gains, 1.0, s), s)
        for s in range(20)
    ]
    values, errors = (np.array([getattr(f, k) for f in found]) for k in ("value", "stderr"))
    uppers = np.array([f.diagnostics["upper"] for f in found])
    mean_error = 3.5 * errors.mean() / math.sqrt(20)
    assert values.mean() < truth + mean_error < uppers.mean() + 2 * mean_error
    assert values.mean() > truth - mean_error - 4**d / (2 * n)
    assert 0.6 < values.std(ddof=1) / errors.mean() < 1.6  # chi-squared of 19: 0.66 to 1.4 at 3 s


def test_the_mixture_by_quadrature_in_one_dimension():
    """What is estimated is exactly the information of a channel with these n inputs."""
    places = np.random.default_rng(1).standard_t(4, size=7) * 2
    grid = np.linspace(places.min() - 9, places.max() + 9, 20_001)
    kernels = np.exp(-0.5 * (grid - places[:, None]) ** 2) / math.sqrt(2 * math.pi)
    density = kernels.mean(0)
    step = grid[1] - grid[0]
    exact = -(density * np.log(density)).sum() * step - 0.5 * math.log(2 * math.pi * math.e)
    found = estimate(channel(3 * places[:, None] - 5, 3.0), draws=10_000)
    by_input = -(kernels * np.log(density)).sum(1) * step - 0.5 * math.log(2 * math.pi * math.e)
    # A draw of -ln p(l) has a variance of at most 2 here, so the mean of 10,000 spreads by 0.014.
    np.testing.assert_allclose(found.local, by_input, atol=0.07)
    assert found.value == pytest.approx(exact, abs=4 * math.sqrt(2 / 70_000))
    assert found.value == pytest.approx(found.local.mean())


def test_terms_against_the_formula_written_out():
    rng = np.random.default_rng(2)
    places, noise = rng.normal(size=(2, 5, 3))
    own, others = propagation.log_ratios(places, noise)
    for i in range(5):
        p = [math.exp(-((places[i] + noise[i] - c) ** 2).sum() / 2) for c in places]
        assert own[i] == pytest.approx(-1.5 - math.log(sum(p) / 5), rel=1e-12)
        assert others[i] == pytest.approx(-1.5 - math.log((sum(p) - p[i]) / 4), rel=1e-12)


@pytest.mark.parametrize("sigma", [0.03, 0.3, 3.0, 100.0])
def test_no_law_passes_its_bounds(sigma):
    """Two points far apart carry ln 2, a signal without noise to speak of ln n, a constant 0."""
    rng = np.random.default_rng(3)
    laws = {
        "normal": rng.normal(size=(300, 2)),
        "two points": np.where(rng.random((300, 1)) < 0.5, -1.0, 1.0),
        "heavy": rng.standard_cauchy((300, 2)),
        "equal": np.zeros((300, 2)),
    }
    for signal in laws.values():
        found = estimate(channel(signal, sigma))
        d = signal.shape[1]
        power = float(signal.var(0).mean())
        bound = 0.5 * d * math.log1p(power / sigma**2)
        assert found.diagnostics["capacity"] == pytest.approx(bound)
        error = max(found.stderr, math.sqrt(0.5 * d / 1200))  # of |z|^2 / 2 over 1,200 draws
        assert -4 * error < found.value < min(bound, math.log(300)) + 4 * error
    pair = estimate(channel(laws["two points"], sigma))
    if sigma == 0.03:
        share = (laws["two points"] > 0).mean()
        exact = -share * math.log(share) - (1 - share) * math.log(1 - share)
        assert pair.value == pytest.approx(exact, abs=4 * math.sqrt(0.5 / 1200))


def test_blocks_of_any_size_give_the_same(monkeypatch):
    data = channel(np.random.default_rng(4).normal(size=(50, 2)), 0.5)
    whole = estimate(data)
    monkeypatch.setattr(propagation, "CELLS", 7 * 50)
    np.testing.assert_allclose(estimate(data).local, whole.local, rtol=1e-12)
    monkeypatch.setattr(propagation, "CELLS", 1)
    assert estimate(data).diagnostics["upper"] == pytest.approx(whole.diagnostics["upper"])


def test_memory_does_not_grow_with_the_square_of_the_samples():
    data = channel(np.random.default_rng(5).normal(size=(6000, 1)), 1.0)
    estimate(data.take(np.arange(10)))
    tracemalloc.start()
    estimate(data, draws=1)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 6 * 8 * propagation.CELLS + 60 * 8 * 6000  # the square would be 288 MB


def test_outputs_of_the_linear_channel():
    """The same draws with and without a signal; all codes near their truth."""
    plain = list(LinearAwgn(n=1000, gains=(2.0, 1.0)).cases(seed=1))
    cases = list(LinearAwgn(n=1000, gains=(2.0, 1.0), signal=True).cases(seed=1))
    for before, case in zip(plain, cases, strict=True):
        data = case.load()
        np.testing.assert_array_equal(data.y, before.load().y)
        np.testing.assert_allclose(data.signal, (data.x * [2.0, 1.0])[:, : data.y.shape[1]])
        assert data.noise == 0.5
        found, truth = estimate(data), case.truth["mutual_information"]
        assert found.value < truth + 4 * found.stderr
        assert found.diagnostics["upper"] > truth - 4 * found.stderr


def test_the_test_part_is_measured():
    split = Split(np.arange(30), np.arange(30, 80))
    signal = np.random.default_rng(6).normal(size=(80, 2))
    data = channel(signal, 0.5, split=split)
    assert estimate(data).value == estimate(data.part("test")).value
    assert estimate(data).local.shape == (50,)


def test_what_is_no_channel_is_refused():
    x = np.random.default_rng(7).normal(size=(400, 5))
    data = channel(x, 0.5)
    with pytest.raises(Incompatible, match="do not carry what y is without its noise"):
        estimate(PairedSamples(x, data.y))
    stale = PairedSamples(x, data.y + x[::-1], signal=x, noise=0.5)
    with pytest.raises(DataError, match=r"standard deviation of 1\.\d+; wanted the noise"):
        estimate(stale)
    for more in ({"signal": x}, {"noise": 0.5}, {"noise": -1.0}):
        with pytest.raises(DataError, match="a standard deviation above 0 with a signal"):
            PairedSamples(x, x, **more)
    code = PCAPairs(code_dim=2).transform(data, to=PairedSamples, rng=stream(0))
    assert code.signal is None
    assert code.noise == 0.0


def test_older_data_keep_their_fingerprints():
    """Results are stored under them: this one was computed before there was a signal."""
    x = np.arange(6.0).reshape(3, 2)
    assert PairedSamples(x, x).fingerprint() == FINGERPRINT
    assert PairedSamples(x, x, signal=x, noise=1.0).fingerprint() != FINGERPRINT


FINGERPRINT = "sha256:b7394e52f2211cba27aad468b358c857a041be460d61ed6e2f9f201d96fc8044"
