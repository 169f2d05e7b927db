"""Fisher information and the scales from it: closed forms, transport, spectra."""

import math

import numpy as np
import pytest
from scipy.linalg import sqrtm

import harness
from harness import DataError, Incompatible, Scale, StimulusPath, stream
from harness_perceptual_scales import features, fisher, spectra
from harness_perceptual_scales.bures import Bures

X = np.linspace(0.0, 1.0, 13)


def scale(name, path, **params):
    return harness.model(f"perceptual_scales/{name}", **params).transform(path, to=Scale, rng=stream(0))  # fmt: skip


def covariances(rng, d, count=2):
    found = rng.normal(size=(count, d, 2 * d))
    return found @ found.transpose(0, 2, 1) / d


def test_a_mean_and_a_spread():
    s = np.linspace(1.0, 7.0, 13)
    ones = np.ones((13, 1, 1))
    moved = scale("gaussian-path", StimulusPath(s, s[:, None], ones))
    np.testing.assert_allclose(moved.psi, X, atol=1e-12)
    assert moved.length == pytest.approx(6.0)
    spread = scale("gaussian-path", StimulusPath(s, None, ones * (s**2)[:, None, None]))
    assert np.interp(4.0, s, spread.psi) == pytest.approx(math.log(4) / math.log(7), abs=1e-4)
    assert spread.psi[6] == pytest.approx(0.7124, abs=1e-4)


@pytest.mark.parametrize("power", [2.0, 0.3])
def test_scales_do_not_depend_on_the_parametrization(power):
    s = np.linspace(1.0, 3.0, 13)
    cov = s[:, None, None] ** np.array([1.0, 2.0]) * np.eye(2) + 0.3
    spectrum = 1.0 + s[:, None, None] ** np.arange(16).reshape(4, 4) / 5
    for name, path in (("gaussian-path", {"mean": np.column_stack([s, s**2]), "cov": cov}), ("whittle", {"spectrum": spectrum, "level": s})):  # fmt: skip
        one, other = (scale(name, StimulusPath(v, **path)) for v in (s, s**power))
        np.testing.assert_allclose(one.psi, other.psi, atol=1e-12)
        assert one.length == pytest.approx(other.length)


def test_transport_meets_its_ends_and_its_derivative():
    a, b = covariances(np.random.default_rng(0), 5)
    path = Bures.between(np.zeros(5), a, np.ones(5), b, 0.0)
    np.testing.assert_allclose(path.covariance(0.0), a, atol=1e-10)
    np.testing.assert_allclose(path.covariance(1.0), b, atol=1e-10)
    for t in (0.1, 0.5, 0.9):
        slope = (path.covariance(t + 1e-5) - path.covariance(t - 1e-5)) / 2e-5
        np.testing.assert_allclose(path.slope(t), slope, rtol=1e-6, atol=1e-8)
        dense = fisher.gaussian(path.shift, path.covariance(t), path.slope(t), 0.0, "here")
        assert path.information(np.array([t]))[0] == pytest.approx(dense, rel=1e-9)


def by_matrix_roots(t, a, b):
    """Sigma_t and its derivative by matrix roots, and those of the authors' code."""
    root = sqrtm(b).real
    inverse = np.linalg.inv(root)
    r = sqrtm(root @ a @ root).real
    q0, q1, q2 = inverse @ r, root @ r @ inverse, inverse @ r @ root
    m = t * root + (1 - t) * q0
    right = m @ m.T, 2 * t * b + (1 - 2 * t) * (q1 + q2) - 2 * (1 - t) * a
    theirs = m.T @ m, 2 * t * (a + b - q1 - q2) + (q1 + q2 - 2 * b)
    return right, theirs


def test_transport_is_that_of_the_formulas_and_the_official_code_differs():
    a, b = covariances(np.random.default_rng(3), 4)
    path = Bures.between(np.zeros(4), a, np.zeros(4), b, 0.0)
    t = np.array([0.1, 0.5, 0.9])
    ours = path.information(t)
    for at, value in zip(t, ours, strict=True):
        (cov, slope), _ = by_matrix_roots(at, a, b)
        np.testing.assert_allclose(path.covariance(at), cov, rtol=1e-8)
        assert value == pytest.approx(fisher.gaussian(np.zeros(4), cov, slope, 0.0, "here"), rel=1e-8)  # fmt: skip
    (_, _), (start, _) = by_matrix_roots(0.0, a, b)
    assert np.abs(start - a).max() > 0.1  # M^T M is not A
    theirs = np.array([np.trace((lambda z: z @ z)(np.linalg.solve(*by_matrix_roots(at, a, b)[1]))) / 2 for at in t])  # fmt: skip
    assert abs(theirs[0] / ours[0] - 1) > 0.3
    assert abs(theirs[2] / ours[2] - 1) > 0.3


def test_the_reversed_path_has_the_reversed_scale():
    a, b = covariances(np.random.default_rng(1), 3)
    mean = np.array([[0.0, 1.0, 2.0], [1.0, 1.0, 0.0]])
    forward, back = (
        scale("bures-path", StimulusPath(np.array([0.0, 1.0]), mean[::way], np.array([a, b])[::way]), nodes=1).length
        for way in (1, -1)
    )  # fmt: skip
    assert forward == pytest.approx(back)
    path, other = Bures.between(mean[0], a, mean[1], b, 0.0), Bures.between(mean[1], b, mean[0], a, 0.0)  # fmt: skip
    t = np.linspace(0.0, 1.0, 7)
    np.testing.assert_allclose(path.information(t), other.information(1.0 - t), rtol=1e-9)


def test_commuting_ends_have_the_diagonal_form():
    start, end = np.array([1.0, 4.0, 9.0]), np.array([4.0, 1.0, 25.0])
    t = np.linspace(0.0, 1.0, 5)
    g0, g1 = np.sqrt(start), np.sqrt(end)
    form = 2.0 * (((g1 - g0) / (g0 + t[:, None] * (g1 - g0))) ** 2).sum(1)
    path = Bures.between(np.zeros(3), np.diag(start), np.zeros(3), np.diag(end), 0.0)
    np.testing.assert_allclose(path.information(t), form, rtol=1e-9)


def test_information_of_a_fixed_path_is_invariant_to_linear_maps_and_transport_to_rotations():
    rng = np.random.default_rng(2)
    a, b = covariances(rng, 3)
    m, (q, _) = rng.normal(size=(3, 3)), np.linalg.qr(rng.normal(size=(3, 3)))
    path = Bures.between(np.zeros(3), a, np.ones(3), b, 0.0)
    cov, slope = path.covariance(0.3), path.slope(0.3)
    plain = fisher.gaussian(path.shift, cov, slope, 0.0, "here")
    mapped = fisher.gaussian(m @ path.shift, m @ cov @ m.T, m @ slope @ m.T, 0.0, "here")
    assert mapped == pytest.approx(plain)
    t = np.array([0.3])
    turned = Bures.between(np.zeros(3), q @ a @ q.T, q @ np.ones(3), q @ b @ q.T, 0.0)
    bent = Bures.between(np.zeros(3), m @ a @ m.T, m @ np.ones(3), m @ b @ m.T, 0.0)
    assert turned.information(t)[0] == pytest.approx(plain)
    assert abs(bent.information(t)[0] / plain - 1.0) > 0.01


def test_whittle_is_the_dense_form_on_a_torus():
    """8 x 8: the 64 x 64 circulant covariance, with the mean in the lowest frequency alone."""
    rng = np.random.default_rng(4)
    s = np.array([1.0, 1.1, 1.2])
    y = np.minimum(np.arange(8), 8 - np.arange(8))
    spectrum = np.exp(-0.3 * s[:, None, None] * (y[:, None] + y) ** 2 / 8) + 0.1 * rng.random()
    level = np.array([0.0, 0.4, 0.8])
    circulant = np.fft.ifft2(spectrum).real  # of the orthonormal coefficients
    place = np.arange(64)
    down, right = (place[:, None] // 8 - place // 8) % 8, (place[:, None] % 8 - place % 8) % 8
    cov = circulant[:, down, right]
    assert np.linalg.eigvalsh(cov[0])[0] == pytest.approx(spectrum[0].min())
    slopes = np.zeros((8, 8))
    logs = fisher.derivative(s) @ np.log(spectrum).reshape(3, -1)
    slopes = np.fft.ifft2((logs[1].reshape(8, 8)) * spectrum[1]).real[down, right]
    dense = fisher.gaussian(np.full(64, 4.0), cov[1], slopes, 0.0, "here")
    path = StimulusPath(s, spectrum=spectrum, level=level)
    assert fisher.along(path, 0.0, 0.0)[1] == pytest.approx(dense, rel=1e-8)


def closed(family, s):
    path = StimulusPath(s, family=family, octaves=1.1, radians=0.1)
    return scale("closed-form", path)


def test_closed_forms_of_textures():
    """Quarter points, computed apart on a fine grid."""
    quarters = [3, 6, 9]
    z = closed("frequency", np.linspace(1.0, 5.0, 13))
    np.testing.assert_allclose(z.psi, np.log(z.s) / math.log(5.0), atol=1e-9)
    b = closed("bandwidth", np.linspace(0.25, 3.25, 13))
    np.testing.assert_allclose(b.psi[quarters], [0.4832, 0.7009, 0.8617], atol=5e-5)
    o = closed("spread", np.radians(np.linspace(1.5, 13.5, 13)))
    np.testing.assert_allclose(o.psi[quarters], [0.4936, 0.7251, 0.8803], atol=5e-5)
    np.testing.assert_allclose(closed("orientation", np.linspace(0.0, 1.0, 13)).psi, X, atol=1e-12)


def mean_square_score(log_density, s, x):
    """The integral of p (d ln p / ds)^2 on a grid, of a density that is normalized on it."""

    def log_p(v):
        logs = log_density(v)
        return logs - np.log(np.trapezoid(np.exp(logs), x))

    score = (log_p(s + 1e-5) - log_p(s - 1e-5)) / 2e-5
    return np.trapezoid(np.exp(log_p(s)) * score**2, x)


def test_closed_forms_are_mean_squares_of_scores():
    u = np.linspace(-6.0, 8.0, 20001)  # ln z

    def log_normal(mode, b):
        tau2 = math.log(2.0) / 8.0 * b * b
        return -0.5 * (u - math.log(mode) - tau2) ** 2 / tau2

    theta = np.linspace(-np.pi / 2, np.pi / 2, 20001)
    for b in (0.5, 1.1, 3.0):
        assert fisher.bandwidth(b) == pytest.approx(mean_square_score(lambda v: log_normal(2.0, v), b, u), rel=1e-3)  # fmt: skip
        assert fisher.frequency(2.0, b) == pytest.approx(mean_square_score(lambda v, b=b: log_normal(v, b), 2.0, u), rel=1e-3)  # fmt: skip
    for sigma in (0.05, 0.2, 0.6):
        found = mean_square_score(lambda v: np.cos(2 * theta) / (4 * v * v), sigma, theta)
        assert fisher.spread(np.array([sigma]))[0] == pytest.approx(found, rel=1e-3)
        found = mean_square_score(lambda v, k=0.25 / sigma**2: k * np.cos(2 * (theta - v)), 0.1, theta)  # fmt: skip
        assert fisher.orientation(sigma) == pytest.approx(found, rel=1e-3)


def test_a_narrow_spread_neither_overflows_nor_loses_digits():
    """Below .1 degree the difference in the formula has no digits left: its series is used."""
    sigma = np.array([1e-5, 1e-3, 0.025, 1.0 / math.sqrt(4.0 * 400.0)])
    np.testing.assert_allclose(sigma**2 * fisher.spread(sigma), 2.0, rtol=3e-3)
    edge = 0.5 / math.sqrt(500.0)
    near = fisher.spread(np.array([edge * (1 - 1e-9), edge * (1 + 1e-9)]))
    assert near[0] == pytest.approx(near[1], rel=1e-7)


def test_a_half_plane_of_bins_is_the_whole_plane():
    rng = np.random.default_rng(5)
    for shape in ((8, 8), (7, 9), (6, 7)):
        a, b = (spectra.periodogram(rng.normal(size=shape)) + 0.1 for _ in range(2))
        g0, g1 = np.sqrt(a), np.sqrt(b)
        for q in (0.0, 0.5):
            for t in (0.0, 0.4):
                g = (1 - t) * g0 + t * g1
                whole = 0.5 * ((2 * g * (g1 - g0) / (g * g + q)) ** 2).sum()
                path = spectra.SpectralPath.between(a, b, 2.0)
                assert path.information(np.array([t]), q)[0] == pytest.approx(whole, rel=1e-10)
                wrong = whole + (4.0 / (g * g + q)).sum()
                assert path.information(np.array([t]), q, True)[0] == pytest.approx(wrong, rel=1e-10)  # fmt: skip


def test_growing_amplitudes_are_felt_early():
    rng = np.random.default_rng(6)
    field = rng.normal(size=(32, 32))
    grows = StimulusPath(X, ends=np.array([field, 5.0 * field]))
    psi = scale("power-spectrum", grows, ridge=1e-12).psi
    np.testing.assert_allclose(psi, np.log1p(4.0 * X) / math.log(5.0), atol=1e-6)
    back = scale("power-spectrum", StimulusPath(X, ends=grows.ends[::-1]), ridge=1e-12).psi
    np.testing.assert_allclose(back, 1.0 - psi[::-1], atol=1e-9)


def test_pixels_have_the_scalar_form():
    rng = np.random.default_rng(7)
    first, last = 1.0 + rng.normal(size=(16, 16)), 3.0 + 2.0 * rng.normal(size=(16, 16))
    found = scale("pixel", StimulusPath(X, ends=np.array([first, last])), ridge=0.0)
    t = np.linspace(0.0, 1.0, 100001)
    a, b = first.std(ddof=1), last.std(ddof=1)
    roots = np.sqrt((last.mean() - first.mean()) ** 2 + 2.0 * (b - a) ** 2) / ((1 - t) * a + t * b)
    along = np.concatenate([[0.0], np.cumsum(0.5 * (roots[1:] + roots[:-1]) * np.diff(t))])
    np.testing.assert_allclose(found.psi, np.interp(X, t, along) / along[-1], atol=1e-8)


def test_filters_are_a_tight_frame_and_the_covariance_that_of_responses():
    bank = features.filters((32, 48), 3, 4)
    assert bank.shape == (14, 32, 48)
    np.testing.assert_allclose((bank**2).sum(0), 1.0, atol=1e-12)
    picture = np.random.default_rng(8).normal(size=(32, 48)) + 5.0
    mean, cov = features.wavelets(picture, 3, 4)
    responses = np.fft.ifft2(bank * np.fft.fft2(picture)).real.reshape(14, -1)
    np.testing.assert_allclose(mean, responses.mean(1), atol=1e-10)
    np.testing.assert_allclose(cov, np.cov(responses, ddof=0), atol=1e-10)


def test_network_weights_are_read_by_torchvisions_names(tmp_path):
    torch = pytest.importorskip("torch")
    net = features.network(2)
    file = tmp_path / "vgg.pth"
    torch.save({f"features.{name}": value for name, value in net.state_dict().items()}, file)
    ends = np.random.default_rng(9).uniform(0, 255, size=(2, 16, 16))
    path = StimulusPath(X, ends=ends)
    found = scale("vgg19", path, convolution=2, weights=str(file))
    with torch.no_grad():
        single = torch.from_numpy((ends - 0.449 * 255) / (0.226 * 255)).float()[:, None]
        maps = net(single.expand(2, 3, 16, 16)).reshape(2, 64, -1).double().numpy()
    path_of_maps = Bures.between(maps[0].mean(1), np.cov(maps[0]), maps[1].mean(1), np.cov(maps[1]), 1e-6)  # fmt: skip
    steps = fisher.integrated(path_of_maps.information, X, 8)
    np.testing.assert_allclose(found.psi, fisher.normalized(steps)[0], atol=1e-5)
    with pytest.raises(harness.UsageError, match=r"no features\.5\.weight"):
        scale("vgg19", path, convolution=3, weights=str(file))
    with pytest.raises(harness.UsageError, match="no file"):
        scale("vgg19", path, weights=str(tmp_path / "absent"))


def test_an_untrained_network_says_so(caplog):
    pytest.importorskip("torch")
    ends = np.random.default_rng(9).uniform(0, 255, size=(2, 16, 16))
    scale("vgg19", StimulusPath(X, ends=ends), convolution=1)
    assert "untrained" in caplog.text


@pytest.mark.parametrize("form", ["covariances", "spectra"])
def test_scores_of_samples_have_the_information_of_the_formula(form):
    s = np.linspace(1.0, 2.0, 41)
    if form == "covariances":
        cov = np.eye(2) * (s**2)[:, None, None] + 0.2
        path = StimulusPath(s, np.column_stack([s, -s]), cov)
    else:
        y = np.minimum(np.arange(6), 6 - np.arange(6))
        bins = 0.5 + np.exp(-((np.hypot(y[:, None], y) - s[:, None, None]) ** 2))
        path = StimulusPath(s, spectrum=bins, level=0.3 * s)
    exact = harness.estimator("perceptual_scales/gaussian-fisher", q=0.0).estimate(
        path, rng=stream(0)
    )
    found = harness.estimator("perceptual_scales/score-fisher", q=0.0, draws=400).estimate(path, rng=stream(0))  # fmt: skip
    assert abs(found.value - exact.value) < 4 * found.stderr + 0.01 * exact.value
    assert found.stderr < 0.05 * exact.value


BLANK = np.zeros((2, 16, 16))


@pytest.mark.parametrize(
    ("name", "path", "error", "message"),
    [
        ("gaussian-path", StimulusPath(X, None, np.tile(np.ones((2, 2)), (13, 1, 1))), DataError, "a larger ridge"),
        ("bures-path", StimulusPath(X, None, np.zeros((13, 2, 2))), DataError, "ridge"),
        ("power-spectrum", StimulusPath(X, ends=BLANK), DataError, "one grey"),
        ("whittle", StimulusPath(X, spectrum=np.tile(np.eye(4), (13, 1, 1))), DataError, "white noise q above 0"),
        ("whittle", StimulusPath(X, spectrum=np.ones((13, 4, 4))), Incompatible, "nothing changes"),
        ("closed-form", StimulusPath(X), Incompatible, "no family"),
        ("closed-form", StimulusPath(X + 1, family="frequency"), Incompatible, "octaves above 0"),
        ("pixel", StimulusPath(X), Incompatible, "no"),
        ("wavelet", StimulusPath(X, ends=BLANK + np.arange(16)), Incompatible, "wanted scales=3 or less"),
    ],
)  # fmt: skip
def test_paths_that_do_not_suit_are_refused(name, path, error, message):
    params = {"whittle": {"q": 0.0}, "bures-path": {"ridge": 0.0}, "wavelet": {"scales": 4}}
    with pytest.raises(error, match=message):
        scale(name, path, **params.get(name, {}))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"s": X[::-1]}, "increasing"),
        ({"spectrum": -np.ones((13, 4, 4))}, "negative power"),
        ({"cov": np.tile(-np.eye(2), (13, 1, 1))}, "negative eigenvalue"),
        ({"cov": np.tile(np.triu(np.ones((2, 2))), (13, 1, 1))}, "symmetry"),
        ({"family": "spread"}, "above 0"),
        ({"chosen": np.array([1])}, "all three"),
    ],
)
def test_paths_that_cannot_be_are_refused(fields, message):
    with pytest.raises(DataError, match=message):
        StimulusPath(**({"s": X} | fields))
