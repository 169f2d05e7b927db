"""PCA and autoencoders: what they give, what they are fitted on, what they refuse."""

import dataclasses
import math

import numpy as np
import pytest

from harness import DataError, Incompatible, LabelledSamples, PairedSamples, Samples, Split
from harness_ib_lossy.identity import Identity
from harness_ib_lossy.pca import PCALabelled, PCAPairs, PCASamples

RNG = np.random.default_rng


def pairs(n=400, dx=5, dy=3, seed=0, **more):
    rng = RNG(seed)
    return PairedSamples(
        rng.normal(size=(n, dx)) @ rng.normal(size=(dx, dx)), rng.normal(size=(n, dy)), **more
    )


def code(model, data):
    return model.transform(data, to=type(data), rng=RNG(0))


def test_pca_gives_the_eigenvectors_of_the_covariance():
    data = pairs()
    found = code(PCAPairs(code_dim=2), data)
    values, axes = np.linalg.eigh(np.cov(data.x.T, bias=True))
    np.testing.assert_allclose(found.x.var(0), values[::-1][:2], rtol=1e-10)
    projected = (data.x - data.x.mean(0)) @ axes[:, ::-1][:, :2]
    np.testing.assert_allclose(np.abs(found.x), np.abs(projected), atol=1e-10)
    assert found.y.shape == (400, 2)


def test_pca_of_known_axes_is_those_axes():
    """Variances 9, 4, 1 along the axes, exactly: the code is the first coordinates, signs kept."""
    corners = np.array([[3, 0, 0], [-3, 0, 0], [0, 2, 0], [0, -2, 0], [0, 0, 1], [0, 0, -1]], float)
    found = code(PCASamples(code_dim=2), Samples(corners))
    np.testing.assert_allclose(found.x, corners[:, :2], atol=1e-12)


def test_whitened_codes_have_unit_covariance():
    found = code(PCAPairs(code_dim=3, whiten=True), pairs())
    np.testing.assert_allclose(np.cov(found.x.T, bias=True), np.eye(3), atol=1e-10)


def test_identity_hands_on_the_samples_that_a_code_is_of():
    data = pairs(split=Split(np.arange(300), np.arange(300, 400)))
    same, whole = code(Identity(), data), code(Identity(), pairs())
    assert same.split is None
    np.testing.assert_array_equal(same.x, data.x[300:])
    np.testing.assert_array_equal(same.y, code(PCAPairs(code_dim=2, side="x"), data).y)
    assert whole.n == 400


def test_the_test_part_is_handed_on_and_never_fitted():
    """Other test samples change their own codes only."""
    split = Split(np.arange(300), np.arange(300, 400))
    data = pairs(split=split)
    shaken = data.x.copy()
    shaken[350:] *= 50.0
    a, b = (code(PCAPairs(code_dim=2), d) for d in (data, dataclasses.replace(data, x=shaken)))
    assert a.split is None
    assert a.n == 100
    np.testing.assert_array_equal(a.x[:50], b.x[:50])
    assert (a.x[50:] != b.x[50:]).all()
    np.testing.assert_array_equal(
        a.x, (data.x[300:] - data.x[:300].mean(0)) @ _axes(data.x[:300], 2)
    )


def _axes(x, k):
    fitted = PCASamples(code_dim=k).fit(x, "x")
    return fitted(x.mean(0) + np.eye(x.shape[1]))


@pytest.mark.parametrize(("side", "dx", "dy"), [("x", 2, 3), ("y", 5, 2), ("both", 2, 2)])
def test_sides(side, dx, dy):
    data = pairs()
    found = code(PCAPairs(code_dim=2, side=side), data)
    assert (found.x.shape[1], found.y.shape[1]) == (dx, dy)
    if side == "x":
        np.testing.assert_array_equal(found.y, data.y)


def test_labels_and_codes_of_discrete_variables_pass():
    rng = RNG(0)
    y = rng.integers(3, size=60)
    labelled = code(PCALabelled(code_dim=2), LabelledSamples(rng.normal(size=(60, 4)), y))
    np.testing.assert_array_equal(labelled.y, y)
    data = PairedSamples(rng.normal(size=(60, 4)), y[:, None].astype(float), y_kind="discrete")
    found = code(PCAPairs(code_dim=2), data)
    np.testing.assert_array_equal(found.y, data.y)
    assert (found.x.shape, found.y_kind) == ((60, 2), "discrete")
    with pytest.raises(Incompatible, match="side=y of these PairedSamples is discrete"):
        code(PCAPairs(code_dim=1, side="y"), data)


def test_codes_wider_than_the_data_are_refused():
    with pytest.raises(
        Incompatible, match=r"PairedSamples\.y has 3 columns, fewer than code_dim=4"
    ):
        code(PCAPairs(code_dim=4), pairs())
    flat = RNG(0).normal(size=(100, 2)) @ RNG(1).normal(size=(2, 6))
    with pytest.raises(Incompatible, match=r"varies along 2 directions.*wants code_dim=2 or less"):
        code(PCASamples(code_dim=3), Samples(flat))
    with pytest.raises(Incompatible, match="varies along 0 directions"):
        code(PCASamples(code_dim=1), Samples(np.ones((9, 2))))


def test_a_singular_code_is_refused_where_asked():
    """A curve in the plane has two components and one dimension."""
    t = RNG(0).uniform(0, 2 * math.pi, 2000)
    circle = Samples(np.column_stack([np.cos(t), np.sin(t)]))
    assert code(PCASamples(code_dim=2), circle).x.shape == (2000, 2)
    with pytest.raises(
        Incompatible, match=r"the code has 2 dimensions and the data in it have 1\.0"
    ):
        code(PCASamples(code_dim=2, singular="refuse"), circle)
    full = Samples(RNG(1).normal(size=(2000, 4)))
    assert code(PCASamples(code_dim=4, singular="refuse"), full).x.shape == (2000, 4)


def test_anti_pca_variance_is_not_information():
    """X = (0.1 S, 10 N), Y = S + 0.1 N': I = ln(101)/2 = 2.3076. PCA keeps N; the other axis keeps
    everything.
    """
    signal, wide, noise = RNG(0).normal(size=(3, 8000))
    x = np.column_stack([0.1 * signal, 10.0 * wide])
    data = PairedSamples(
        x, (signal + 0.1 * noise)[:, None], split=Split(np.arange(3000), np.arange(3000, 8000))
    )
    kept = code(PCAPairs(code_dim=1, side="x"), data)
    assert abs(gaussian_information(kept.x, kept.y)) < 0.05
    # whitening first makes the directions equal: both are then kept, and with them the information
    both = code(PCAPairs(code_dim=2, side="x", whiten=True), data)
    assert gaussian_information(both.x, both.y) == pytest.approx(0.5 * math.log(101), abs=0.1)


def gaussian_information(x, y):
    def log_det(v):
        return np.linalg.slogdet(np.cov(v.T).reshape(v.shape[1], -1))[1]

    return 0.5 * (log_det(x) + log_det(y) - log_det(np.hstack([x, y])))


@pytest.mark.parametrize(("k", "truth"), [(1, 1.8055), (2, 3.2221), (3, 4.0268)])
def test_pca_of_a_linear_channel_keeps_the_leading_terms(k, truth):
    """Y = W X + s N, W = diag(3, 2, 1, 0.5, 0.2, 0.1), s = 0.5: sum of ln(1 + w_i^2 / s^2) / 2 over
    the first k.
    """
    gains = np.array([3.0, 2.0, 1.0, 0.5, 0.2, 0.1])
    x, noise = RNG(0).normal(size=(2, 20_000, 6))
    found = code(PCAPairs(code_dim=k, side="y"), PairedSamples(x, gains * x + 0.5 * noise))
    # a log-determinant has the standard error sqrt(rho^2 k / n) < 0.013; the axes mix by as little
    assert gaussian_information(found.x, found.y) == pytest.approx(truth, abs=0.05)


class TestAutoencoder:
    """Needs torch."""

    @pytest.fixture(autouse=True)
    def _torch(self):
        pytest.importorskip("torch")

    def model(self, suffix="Samples", **params):
        from harness_ib_lossy import autoencoder

        return getattr(autoencoder, f"Autoencoder{suffix}")(
            **{"hidden": (32,), "steps": 800} | params
        )

    def test_a_flat_manifold_is_kept_whole(self):
        """A plane in ten dimensions: its coordinates are a smooth map of the code."""
        rng = RNG(0)
        hidden = rng.uniform(-1, 1, size=(1500, 2))
        data = Samples(
            hidden @ np.linalg.qr(rng.normal(size=(10, 2)))[0].T,
            split=Split(np.arange(1000), np.arange(1000, 1500)),
        )
        found = code(self.model(code_dim=2), data).x
        assert found.shape == (500, 2)
        # leave-one-out, from the five nearest codes: a code that folds or tears would send
        # neighbours apart
        distance = ((found[:, None] - found[None]) ** 2).sum(2)
        np.fill_diagonal(distance, np.inf)
        near = np.argsort(distance, axis=1)[:, :5]
        error = ((hidden[1000:][near].mean(1) - hidden[1000:]) ** 2).mean() / hidden.var()
        assert error < 0.03

    def test_equal_seeds_give_equal_codes_and_leave_torch_alone(self):
        import torch

        data = Samples(RNG(0).normal(size=(200, 6)))
        state, threads = torch.get_rng_state(), torch.get_num_threads()
        model = self.model(code_dim=2, steps=50)
        a, b = (model.transform(data, to=Samples, rng=RNG(5)).x for _ in range(2))
        np.testing.assert_array_equal(a, b)
        assert (a != model.transform(data, to=Samples, rng=RNG(6)).x).any()
        assert (torch.get_rng_state() == state).all()
        assert torch.get_num_threads() == threads

    def test_the_test_part_is_never_fitted(self):
        data = pairs(split=Split(np.arange(300), np.arange(300, 400)))
        shaken = data.x.copy()
        shaken[350:] *= 50.0
        model = self.model("Pairs", code_dim=2, steps=100)
        a, b = (code(model, d) for d in (data, dataclasses.replace(data, x=shaken)))
        np.testing.assert_allclose(a.x[:50], b.x[:50], atol=1e-6)
        np.testing.assert_array_equal(a.y, b.y)
        assert (a.x.shape, a.y.shape, a.split) == ((100, 2), (100, 2), None)

    def test_convolutions_read_square_pictures(self):
        data = Samples(RNG(0).uniform(size=(64, 64)))
        assert code(
            self.model(code_dim=3, layers="conv", hidden=(4, 8), steps=5), data
        ).x.shape == (64, 3)
        colour = Samples(RNG(0).uniform(size=(64, 3 * 16)))
        assert code(
            self.model(code_dim=3, layers="conv", hidden=(4, 8), steps=5), colour
        ).x.shape == (64, 3)
        for columns in (60, 36):  # no square; a side that cannot be halved twice is 6
            with pytest.raises(
                Incompatible, match="wants flat square pictures whose side 4 divides"
            ):
                code(
                    self.model(layers="conv", hidden=(4, 8)),
                    Samples(RNG(0).uniform(size=(64, columns))),
                )

    def test_bad_data_are_refused(self):
        with pytest.raises(DataError, match=r"Samples\.x: constant"):
            code(self.model(code_dim=1), Samples(np.ones((50, 4))))
        with pytest.raises(Incompatible, match="fewer than code_dim=4"):
            code(self.model(), Samples(RNG(0).normal(size=(50, 3))))

    def test_labels_pass(self):
        y = np.arange(60) % 3
        data = LabelledSamples(RNG(0).normal(size=(60, 4)), y)
        found = code(self.model("Labelled", code_dim=2, steps=5), data)
        np.testing.assert_array_equal(found.y, y)
