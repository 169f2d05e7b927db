import math

import numpy as np
import pytest

from harness import UsageError
from harness.testing import conformance
from harness_vectors import gauss
from harness_vectors.conditional import Conditional
from harness_vectors.entropies import DiscreteEntropies, Entropies
from harness_vectors.images import GaussianImages, RectangleImages
from harness_vectors.pairs import (
    AntiPca,
    BeyondNormal,
    GaussianSweep,
    LinearAwgn,
    Quantised,
    SmoothedUniform,
)


@conformance("vectors")
def test_conformance(check):
    check()


def covariance(*columns):
    return np.atleast_2d(np.cov(np.hstack(columns).T))


def test_beyond_normal_picks_by_globs(by_id):
    assert len(by_id(BeyondNormal())) == 40
    picked = by_id(BeyondNormal(only=("student-identity-1-*", "1v1-normal*")))
    assert list(picked) == ["1v1-normal-0.75", "student-identity-1-1-1"]
    with pytest.raises(UsageError, match="'student-identity-1-2': did you mean student-identity-"):
        list(BeyondNormal(only=("1v1-normal*", "student-identity-1-2")).cases(seed=0))


def test_a_case_does_not_depend_on_which_others_are_asked_for(by_id):
    name = "spiral-multinormal-sparse-3-3-2-2.0"
    all_of_them = by_id(BeyondNormal(n=100), seed=3)[name].load()
    alone = by_id(BeyondNormal(n=100, only=(name,)), seed=3)[name].load()
    assert alone == all_of_them
    assert by_id(BeyondNormal(n=100), seed=4)[name].load() != alone


def test_sweep_is_the_cross_product_with_its_coordinates_as_facts(by_id):
    cases = by_id(GaussianSweep(dims=(1, 4), information=(0.0, 2.0), n=(100, 20_000)))
    assert len(cases) == 8
    case = cases["4v4-2-20000"]
    assert case.facts == {"d": 4, "information": 2.0, "n": 20_000}
    data = case.load()
    s = covariance(data.x, data.y)
    # The log-determinants of 20,000 normal vectors spread by less than 0.02, with a bias of 4e-4.
    assert gauss.mutual_information(s, 4) == pytest.approx(2.0, abs=0.05)
    # Mixed: no coordinate of x is the partner of one of y alone.
    plain = by_id(GaussianSweep(dims=(4,), information=(2.0,), n=(20_000,), mix=False))[
        "4v4-2-20000"
    ].load()
    rho = gauss.correlation(0.5)
    assert np.diag(covariance(plain.x, plain.y)[:4, 4:]) == pytest.approx(np.full(4, rho), abs=0.05)
    assert np.abs(s[:4, 4:]).max() < 0.97 * rho


def test_the_sweep_of_the_paper_has_41_values(by_id):
    values = [i * 0.25 for i in range(41)]
    sweep = by_id(GaussianSweep(preset="paper", dims=(2,), n=(10,)))
    assert [c.truth["mutual_information"] for c in sweep.values()] == values
    assert {c.facts["n"] for c in sweep.values()} == {5000}
    plain = by_id(GaussianSweep(dims=(2,), information=(3.0,), n=(5000,)))["2v2-3-5000"]
    assert sweep["2v2-3-5000"].load() == plain.load()
    spots = by_id(GaussianImages(preset="paper", n=10, n_train=3))
    assert [c.truth["mutual_information"] for c in spots.values()] == values
    assert spots["10"].load().split.test.size == 5000


def test_channel_truths(by_id):
    cases = by_id(LinearAwgn(n=20_000))
    truth = [cases[f"sigma-0.5-code-{k}"].truth["mutual_information"] for k in (1, 2, 3, 6)]
    assert truth == pytest.approx([1.8055, 3.2221, 4.0268, 4.4672], abs=1e-4)
    for k in (1, 3):
        data = cases[f"sigma-0.5-code-{k}"].load()
        assert data.y.shape == (20_000, k)
        assert gauss.mutual_information(covariance(data.x, data.y), 6) == pytest.approx(
            truth[k - 1], abs=0.06
        )


def test_anti_pca(by_id):
    case = by_id(AntiPca())["sigma-0.1"]
    assert case.truth["mutual_information"] == pytest.approx(2.3076, abs=1e-4)
    data = case.load()
    assert (data.split.train.size, data.split.test.size) == (2000, 5000)
    train = data.part("train")
    widest = np.linalg.eigh(covariance(train.x))[1][:, -1]
    code = data.part("test").x @ widest
    rho = np.corrcoef(code, data.part("test").y[:, 0])[0, 1]
    assert abs(rho) < 5 / math.sqrt(5000)  # the widest direction is no help
    rho = np.corrcoef(data.x[:, 0], data.y[:, 0])[0, 1]
    assert -0.5 * math.log(1 - rho**2) == pytest.approx(2.3076, abs=0.06)


@pytest.mark.parametrize("task", [GaussianImages, RectangleImages])
def test_pictures_show_their_parameters(by_id, task):
    data = by_id(task(n=400, n_train=100, width=16))["2"].load()
    assert data.x.shape == data.y.shape == (500, 256)
    assert (data.split.train.size, data.split.test.size) == (100, 400)
    pictures = data.x.reshape(500, 16, 16)
    assert pictures.min() >= 0.0
    assert pictures.max() <= 1.0
    # Every picture is its row sums times its column sums: it has the parameters of two axes only.
    rows, columns = pictures.sum(2), pictures.sum(1)
    rebuilt = rows[:, :, None] * columns[:, None, :] / pictures.sum((1, 2))[:, None, None]
    assert rebuilt == pytest.approx(pictures, abs=1e-12)
    assert len(np.unique(rows.round(9), axis=0)) == 500


def test_the_spot_lies_where_the_uniform_numbers_say():
    u = np.array([[0.2, 0.9], [0.5, 0.5]])
    pictures = GaussianImages(width=101)._paint(u).reshape(2, 101, 101)
    for picture, (across, down) in zip(pictures, u, strict=True):
        assert np.unravel_index(picture.argmax(), picture.shape) == (
            round(100 * down),
            round(100 * across),
        )
        assert picture.max() == pytest.approx(1.0)


def test_the_rectangle_covers_the_area_of_its_sides():
    u = np.random.default_rng(0).uniform(size=(300, 4))
    task = RectangleImages(width=16)
    pictures = task._paint(u).reshape(300, 16, 16)
    least = 2 / 16
    start = (1 - least) * (1 - np.sqrt(1 - u[:, [0, 2]]))
    sides = least + u[:, [1, 3]] * (1 - least - start)
    assert pictures.sum((1, 2)) == pytest.approx((16 * sides).prod(1), abs=1e-9)
    assert (sides >= least - 1e-12).all()
    assert (start + sides <= 1 + 1e-12).all()


@pytest.mark.parametrize("task", [GaussianImages, RectangleImages])
def test_pictures_of_independent_parameters_are_independent(by_id, task):
    cases = by_id(task(n=2000, n_train=10))
    assert list(cases) == ["0", "1", "2", "4", "6", "8", "10"]

    def centres(name):
        data = cases[name].load()
        width = np.arange(16)
        return [side.reshape(-1, 16, 16).sum(1) @ width / side.sum(1) for side in (data.x, data.y)]

    assert abs(np.corrcoef(*centres("0"))[0, 1]) < 5 / math.sqrt(2010)
    assert np.corrcoef(*centres("8"))[0, 1] > 0.9


@pytest.mark.parametrize("information", [0.0, 0.25, 0.5, 2.0])
def test_smoothed_uniform_by_its_entropy(by_id, information):
    """h(Y) - h(Y|X) with h(Y) from spacings (Vasicek's, m = 50, n = 20,000: within 0.02)."""
    data = by_id(SmoothedUniform(n=20_000, dims=(1,), information=(information,)))[
        f"1v1-{information:g}"
    ].load()
    y, m = np.sort(data.y[:, 0]), 50
    entropy = np.log((y[2 * m :] - y[: -2 * m]) * (len(y) + 1) / (2 * m)).mean()
    noise = 1.0 if information <= 0.5 else np.ptp(data.y[:, 0] - data.x[:, 0])
    assert entropy - math.log(noise) == pytest.approx(information, abs=0.03)
    assert data.x.min() >= 0.0
    assert data.x.max() <= 1.0


def test_codes_have_the_entropy_that_is_their_truth(by_id):
    for name, case in by_id(Quantised(n=20_000)).items():
        data = case.load()
        assert data.y_kind == "discrete"
        shares = np.unique(data.y, return_counts=True)[1] / data.n
        assert len(shares) == case.facts["codes"], name
        assert -(shares * np.log(shares)).sum() == pytest.approx(
            case.truth["mutual_information"], abs=0.02
        )
        # The code is read off the first coordinate: sorted by it, the code never falls.
        assert (np.diff(data.y[np.argsort(data.x[:, 0]), 0]) >= 0).all()
    assert by_id(Quantised())["uniform-8"].truth["mutual_information"] == pytest.approx(math.log(8))


def test_entropy_samples_have_the_law_they_say(by_id):
    cases = by_id(Entropies(n=20_000, dims=(3,)))
    normal = 0.5 * math.log(2 * math.pi * math.e)
    for law in ("normal", "correlated-normal"):
        s = covariance(cases[f"{law}-3"].load().x)
        assert 3 * normal + 0.5 * gauss.log_det(s) == pytest.approx(
            cases[f"{law}-3"].truth["entropy"], abs=0.05
        )
    laplace, exponential = (cases[f"{law}-3"].load().x for law in ("laplace", "exponential"))
    assert 1 + np.log(2 * np.abs(laplace).mean()) == pytest.approx(
        cases["laplace-3"].truth["entropy"] / 3, abs=0.02
    )
    assert 1 + np.log(exponential.mean()) == pytest.approx(
        cases["exponential-3"].truth["entropy"] / 3, abs=0.02
    )
    mixture = cases["mixture-3"].load().x
    assert np.sort(np.linalg.eigvalsh(covariance(mixture))) == pytest.approx(
        [1, 1, 1 + 4 * 9 * 0.21], rel=0.05
    )
    with pytest.raises(UsageError, match="'cauchy'; wanted some of normal"):
        list(Entropies(laws=("cauchy",)).cases(seed=0))


def test_discrete_entropies(by_id):
    cases = by_id(DiscreteEntropies(n=50_000, codes=(10,)))
    for case in cases.values():
        shares = np.unique(case.load().x, return_counts=True)[1] / 50_000
        assert -(shares * np.log(shares)).sum() == pytest.approx(case.truth["entropy"], abs=0.02)
    assert cases["uniform-10"].truth["entropy"] == pytest.approx(math.log(10))


@pytest.mark.parametrize("d", [1, 3])
def test_conditional_truths_by_the_data(by_id, d):
    cases = by_id(Conditional(n=50_000, dims=(d,)))
    truth = {
        name.split("-")[0]: case.truth["conditional_mutual_information"]
        for name, case in cases.items()
    }
    assert [truth["chain"], truth["fork"]] == pytest.approx([0.0, 0.0], abs=1e-12)
    assert min(truth[name] for name in ("collider", "link", "apart")) > 0.1
    for case in cases.values():
        data = case.load()
        found = gauss.conditional_mutual_information(covariance(data.x, data.y, data.z), d, d)
        assert found == pytest.approx(case.truth["conditional_mutual_information"], abs=0.04)
