"""The Gaussian process: moments, interpolation, bounds, information; against closed forms, draws,
quadrature, scikit-image and GPyTorch."""

import logging
import math

import numpy as np
import pytest
from scipy.integrate import dblquad, quad
from skimage.color import rgb2lab

import harness
from harness import ClickSessions, DataError, Incompatible, LatentPixels, stream
from harness_gpcis import features, information, settings
from harness_gpcis.heads import PathsHead, clicked
from harness_gpcis.pathwise import Basis, moments, moved
from harness_gpcis.posterior import Kernel, Part, Posterior
from harness_gpcis.variational import best, elbo

RBF = Kernel.isotropic(3, 1.0)
SUM = Kernel((Part(1.0, 0, 2, np.array([1.3, 0.7])), Part(0.69, 2, 3, np.ones(1))))
ONE = np.ones((1, 1))


def points(seed=0, n=5, more=4):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 3)), rng.normal(size=(more, 3)), rng


@pytest.mark.parametrize("kernel", [RBF, SUM], ids=["one part", "two parts"])
def test_draws_have_the_moments_of_the_posterior(kernel):
    clicks, x, rng = points()
    m, sigma, draws = 2.0 * np.array([1, -1, 1, 1, -1.0]), 0.1, 4000
    found = []
    for _ in range(8):  # a basis for each, as one basis has an error of its own
        basis = Basis.drawn(kernel, 3, 4096, rng)
        w = rng.normal(size=(4096, draws // 8))
        f = m[:, None] + sigma * rng.normal(size=(5, draws // 8))
        found.append(moved(x, clicks, kernel, basis, w, f, 0.0))
    found = np.hstack(found)
    mean, cov = moments(x, clicks, kernel, m, sigma)
    assert np.abs(found.mean(1) - mean).max() < 0.05
    assert np.abs(np.cov(found) - cov).max() < 0.04
    grown = Posterior(np.vstack([clicks, x]).astype(np.float32), kernel, 0.0)
    for place, value in enumerate(m):
        grown.add(place, value)
    np.testing.assert_allclose(grown.field()[5:, 0], mean, atol=1e-5)
    np.testing.assert_allclose(grown.variance(sigma)[5:], np.diag(cov), atol=1e-5)


def test_interpolation_at_the_clicks():
    clicks, _, rng = points(1)
    basis, m = Basis.drawn(RBF, 3, 64, rng), 2.0 * np.array([[1, -1, 1, 1, -1.0]]).T
    w = rng.normal(size=(64, 1))
    for eps2 in (1e-2, 1e-8):
        f = moved(clicks, clicks, RBF, basis, w, m, eps2)
        k = RBF.between(clicks, clicks) + eps2 * np.eye(5)
        identity = m - eps2 * np.linalg.solve(k, m - basis(clicks) @ w)
        assert np.abs(f - identity).max() < 1e-10
    assert (np.sign(f) == np.sign(m)).all()


def test_two_clicks_on_the_same_features(caplog):
    x = np.zeros((4, 3), np.float32)
    x[3] = 9.0
    same, opposite = (Posterior(x, RBF, 0.01) for _ in range(2))
    with caplog.at_level(logging.WARNING, "harness.gpcis"):
        same.add(0, 2.0)
        same.add(1, 2.0)
        assert not caplog.messages
        opposite.add(0, 2.0)
        opposite.add(1, -2.0)
    assert caplog.messages == ["conflicting clicks: equal features, opposite signs"]
    np.testing.assert_allclose(same.field()[:2, 0], 1.990050, atol=1e-6)
    assert np.abs(opposite.field()[:3]).max() < 1e-9


def test_the_basis_has_the_kernel():
    """The root mean square error is that of l draws of cos u + cos v, u = theta (a - b), v with a
    random phase: (1 + k^4 / 2 - k^2) / l, so it halves where the basis is four times as large."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 100, 3))
    k, sizes, errors = np.diag(RBF.between(a, b)), (64, 256, 1024, 4096), []
    for size in sizes:
        own = []
        for _ in range(16):
            basis = Basis.drawn(RBF, 3, size, rng)
            own.append(((basis(a) * basis(b)).sum(1) - k) ** 2)
        errors.append(math.sqrt(np.mean(own)))
    wanted = np.sqrt((1.0 + 0.5 * k**4 - k**2).mean() / np.array(sizes))
    np.testing.assert_allclose(wanted, [0.123, 0.059, 0.029, 0.014], rtol=0.1)
    np.testing.assert_allclose(errors, wanted, rtol=0.1)
    single = Basis.drawn(SUM, 3, 40_000, rng)
    np.testing.assert_allclose(
        single(a[:3]) @ single(a[:3]).T, SUM.between(a[:3], a[:3]), atol=0.03
    )
    np.testing.assert_allclose(
        single.times(a.astype(np.float32), np.ones((40_000, 1))), single(a).sum(1)[:, None], rtol=1e-3, atol=1e-2
    )  # fmt: skip


def test_bounds_of_one_click():
    """log p(y) = ln 1/2; a Gaussian comes near it, one whose variance is held at .01 does not."""
    y = np.ones(1)
    m, s = best(ONE, y, "full", y, 0.1)
    assert elbo(ONE, y, m, s) == pytest.approx(-0.69323, abs=1e-5)
    assert m[0] == pytest.approx(0.413, abs=1e-3)
    assert s[0, 0] == pytest.approx(0.829, abs=1e-3)
    m, s = best(ONE, y, "pinned", y, 0.1)
    assert elbo(ONE, y, m, s) == pytest.approx(-2.4018, abs=1e-4)
    assert m[0] == pytest.approx(0.40, abs=0.01)


@pytest.mark.parametrize("signs", [(1, 1), (1, -1)])
def test_bounds_of_two_clicks_are_below_the_evidence(signs):
    k, y = np.array([[1.0, 0.8], [0.8, 1.0]]), np.array(signs, float)
    inverse, norm = np.linalg.inv(k), 2 * np.pi * np.sqrt(np.linalg.det(k))

    def joint(b, a):
        f = np.array([a, b])
        return np.exp(-0.5 * f @ inverse @ f - np.logaddexp(0, -y * f).sum()) / norm

    evidence = math.log(dblquad(joint, -7, 7, -7, 7, epsabs=1e-9)[0])
    assert (evidence > 2 * math.log(0.5)) == (signs[0] == signs[1])
    values = [elbo(k, y, *best(k, y, q, 2 * y, 0.1)) for q in ("given", "pinned", "mean-field", "full")]  # fmt: skip
    assert values == sorted(values)
    assert evidence - 0.01 < values[-1] <= evidence + 1e-9


@pytest.mark.parametrize("family", ["given", "pinned", "mean-field", "full"])
def test_the_bound_of_two_clicks_on_the_same_features_is_below_the_evidence(family):
    """Their kernel matrix is singular; f is one number, so log p(1, -1) = ln E s(f) s(-f)."""
    y = np.array([1.0, -1.0])
    evidence = math.log(quad(lambda f: np.exp(-0.5 * f * f) / (2 + 2 * np.cosh(f)), -9, 9)[0] / math.sqrt(2 * np.pi))  # fmt: skip
    bound = elbo(np.ones((2, 2)), y, *best(np.ones((2, 2)), y, family, 2 * y, 0.1))
    assert -math.inf < bound <= evidence


def test_log_odds_of_samples_that_all_deny_an_object_are_finite():
    head = PathsHead(np.full((6, 6, 3), 0.5, np.float32), settings.Paths(pull=200.0), stream(0))
    head.click(14, -1)
    assert np.isfinite(head.field()).all()
    assert head.field()[14] < -80


def test_the_best_mean_field_posterior_is_that_of_gpytorch():
    """The kernel matrix, the mean and the bound of another library."""
    from harness_gpcis.fitted import FittedHead

    rng = np.random.default_rng(0)
    picture = rng.random((12, 12, 3)).astype(np.float32)
    head = FittedHead(picture, settings.Fitted(steps=120, rate=0.1))
    places, signs = [5, 70, 130], [1, -1, 1]
    for place, sign in zip(places, signs, strict=True):
        head.click(place, sign)
    ours = clicked(picture, places, signs, settings.Process())
    k, y = ours.posterior.of_clicks() + 1e-6 * np.eye(3), np.array(signs, float)
    m, s = best(k, y, "mean-field", y, 0.1)
    law = head.fit().variational_strategy.variational_distribution
    np.testing.assert_allclose(law.mean.detach(), m, atol=5e-3)
    np.testing.assert_allclose(law.variance.detach(), np.diag(s), atol=5e-3)
    x = features.of_pixels(picture, settings.Process())
    mean, _ = moments(x, x[places].astype(float), Kernel.isotropic(5, 0.5), m, 0.1)
    np.testing.assert_allclose(head.field(), mean, atol=1e-2)


@pytest.mark.parametrize(
    ("mean", "var", "nats", "digit"),
    [(0, 1, 0.0937, 1e-4), (0, 1.693, 0.1374, 1e-4), (0, 0.01, 0.00125, 1e-5), (2, 1, 0.0542, 1e-4), (0, 0, 0.0, 0.0)],
)  # fmt: skip
def test_bald_of_known_laws(mean, var, nats, digit):
    found = information.bald(np.array([float(mean)]), np.array([float(var)]))[0]
    assert found == pytest.approx(nats, abs=digit)


def test_bald_of_wide_laws_is_a_number():
    mean, var = np.array([0.0, 500.0, -1e4, 0.0]), np.array([100.0, 100.0, 1e8, 1e300])
    found = information.bald(mean, var)
    assert np.isfinite(found).all()
    assert (found >= 0).all()
    assert (found <= math.log(2) + 1e-9).all()


def test_entropy_and_bald_are_those_of_the_task():
    for case in harness.task("images/latent-laws", n=50).cases(seed=0):
        for name in ("predictive-entropy", "bald"):
            found = harness.estimator(f"gpcis/{name}").estimate(case.load(), rng=stream(0))
            assert found.value == pytest.approx(case.truth[name.replace("-", "_")], abs=2e-3), case.id  # fmt: skip


def test_information_gain_of_clicks():
    two = np.ones((2, 2))
    assert information.gain_of_clicks(two, 1.0) == pytest.approx(0.5 * math.log(3.0))
    x = np.random.default_rng(0).normal(size=(12, 3))
    k = RBF.between(x, x)
    gains = np.array([information.gain_of_clicks(k[:n, :n], 0.5) for n in range(1, 13)])
    assert (np.diff(gains) > 0).all()
    new = information.gain_of_clicks  # a click adds less where more is known
    for n in range(1, 12):
        small, large = [0, *range(2, n)], [0, *range(2, n), 1]
        few, many = (new(k[np.ix_([*s, 11], [*s, 11])], 0.5) - new(k[np.ix_(s, s)], 0.5) for s in (small, large))  # fmt: skip
        assert many <= few + 1e-12


def test_colours_are_those_of_scikit_image():
    picture = np.random.default_rng(0).random((8, 9, 3)).astype(np.float32)
    np.testing.assert_allclose(features.lab(picture), rgb2lab(picture.astype(float)), atol=2e-3)


def test_invariances():
    rng = np.random.default_rng(0)
    picture = rng.random((20, 24, 3)).astype(np.float32)
    places, signs = np.array([30, 200, 400, 77]), np.array([1, -1, 1, -1])
    chosen = settings.Process()
    f = clicked(picture, places, signs, chosen).field()
    order = rng.permutation(4)
    permuted = clicked(picture, places[order], signs[order], chosen).field()
    np.testing.assert_allclose(permuted, f, atol=1e-5)  # the columns are in float32
    np.testing.assert_array_equal(clicked(picture, places, -signs, chosen).field(), -f)
    assert (np.sign(f[places]) == signs).all()
    points = features.of_pixels(picture, chosen).astype(float)
    exact = [
        moments(points, points[p], Kernel.isotropic(5, 0.5), 2.0 * s, 0.1)[0]
        for p, s in ((places, signs), (places[order], signs[order]))
    ]
    np.testing.assert_allclose(exact[1], exact[0], atol=1e-9)
    np.testing.assert_allclose(f, exact[0], atol=1e-4)
    x = features.of_pixels(picture, chosen)
    moved_x = x + np.float32([0, 0, 0, 4, 8])
    fields = []
    for own in (x, moved_x):
        process = Posterior(own, Kernel.isotropic(5, 0.5), 1e-6)
        for place, sign in zip(places, signs, strict=True):
            process.add(int(place), 2.0 * sign)
        fields.append(process.field()[:, 0])
    np.testing.assert_allclose(fields[0], fields[1], atol=1e-4)


def test_many_clicks_are_kept():
    x = np.random.default_rng(0).normal(size=(500, 3)).astype(np.float32)
    process = Posterior(x, RBF, 1e-6)
    values = np.sin(np.arange(30))
    for place, value in enumerate(values):
        process.add(place, value)
    np.testing.assert_allclose(process.field()[:30, 0], values, atol=1e-3)
    k = RBF.between(x[:30].astype(float), x[:30].astype(float)) + 1e-6 * np.eye(30)
    exact = RBF.between(x.astype(float), x[:30].astype(float)) @ np.linalg.solve(k, values)
    np.testing.assert_allclose(process.field()[:, 0], exact, atol=0.02)


def test_bad_input():
    x = np.zeros((4, 3), np.float32)
    with pytest.raises(DataError, match="no click; wanted at least one"):
        Posterior(x, RBF, 0.01).field()
    for place in (-1, 4):
        with pytest.raises(DataError, match=f"pixel {place}, outside"):
            Posterior(x, RBF, 0.01).add(place, 1.0)
    with pytest.raises(DataError, match="NaN"):
        Posterior(np.full((4, 3), np.nan, np.float32), RBF, 0.01)
    for length in (0.0, -1.0, math.nan):
        with pytest.raises(DataError, match="a length above 0"):
            Kernel.isotropic(3, length)
    broken = Posterior(x, Kernel((Part(-1.0, 0, 3, np.ones(3)),)), 0.0)
    broken.add(0, 1.0)
    with pytest.raises(DataError, match="not positive definite"):
        broken.field()
    picture = np.zeros((3, 3, 3), np.float32)
    for place, sign, message in ((9, 1, "pixel 9"), (0, 0, "the sign 0; wanted 1"), (0, 2, "sign 2")):  # fmt: skip
        with pytest.raises(DataError, match=message):
            clicked(picture, [place], [sign], settings.Process())
    with pytest.raises(Incompatible, match="weight 0"):
        features.of_pixels(picture, settings.Process(colour=0.0, place=0.0))
    with pytest.raises(harness.UsageError, match="more than 0"):
        harness.estimator("gpcis/gp-clicks", length=0.0)
    with pytest.raises(DataError, match="a variance from 0 up"):
        LatentPixels([0.0], [-1.0])


def recorded(**changes):
    example = ClickSessions.example(np.random.default_rng(0), 6)
    return ClickSessions(**{f: getattr(example, f) for f in ("place", "sign", "iou", "agrees", "shape", "bounds", "offsets", "pixels", "mask")} | changes)  # fmt: skip


@pytest.mark.parametrize("name", ["click-elbo", "click-information-gain", "click-v-information"])
def test_measures_on_sessions_without_pictures(name):
    with pytest.raises(Incompatible, match=r"without (their pictures|the true masks)"):
        harness.estimator(f"gpcis/{name}").estimate(recorded(pixels=None, mask=None), rng=stream(0))


def test_usable_information_is_the_code_that_is_spared():
    data = recorded()
    own = harness.estimator("gpcis/click-v-information", sharpness=2.0)
    found, share = own.estimate(data, rng=stream(0)), (data.mask == 1).mean()
    for i, value in enumerate(found.local):
        mine, mask = data.clicks(i), data.truth(i)
        f = clicked(data.picture(i), data.place[mine], data.sign[mine], settings.Process()).field()
        p = 1 / (1 + np.exp(-2.0 * f.astype(float)))
        code = -np.where(mask == 1, np.log(p), np.log1p(-p)).mean()
        null = -np.where(mask == 1, np.log(share), np.log(1 - share)).mean()
        assert value == pytest.approx(null - code)
    with pytest.raises(Incompatible, match="ground alone"):
        own.estimate(recorded(mask=0 * data.mask), rng=stream(0))
    blank = data.mask.copy()
    blank[data.bounds[2] : data.bounds[3]] = -1
    with pytest.raises(Incompatible, match="no pixel of picture 2 counts"):
        own.estimate(recorded(mask=blank), rng=stream(0))
