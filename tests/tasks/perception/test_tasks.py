"""Truths of the tasks on perception, found another way; readers; paths across plugins."""

import dataclasses
import math

import numpy as np
import pytest
from scipy.special import ndtr

import harness
from harness import Scale, UsageError, near_triplets, stream
from harness_perception import observers, textures
from harness_perception.humans import human_scales
from harness_perception.predictions import predicted_scales


def cases(name, **params):
    return {c.id: c for c in harness.task(f"perception/{name}", **params).cases(seed=0)}


def scale(name, data, **params):
    return harness.model(f"perceptual_scales/{name}", **params).transform(data, to=Scale, rng=stream(0))  # fmt: skip


def test_paths_have_the_information_that_they_state():
    """By the formula of the other package, whose derivatives are differences."""
    for case in cases("gaussian-paths", steps=201).values():
        found = harness.estimator("perceptual_scales/gaussian-fisher").estimate(
            case.load(), rng=stream(0)
        )
        assert found.value == pytest.approx(case.truth["fisher_information"], rel=2e-3), case.id
        steps = scale("gaussian-path", case.load())
        assert steps.length == pytest.approx(case.truth["fisher_length"], rel=1e-4)
        np.testing.assert_allclose(steps.psi, case.load().reference, atol=1e-4)


def test_textures_have_the_area_of_the_closed_form():
    """Antiderivatives here, quadrature of Bessel functions there."""
    for case in cases("gaussian-textures", size=16).values():
        found = scale("closed-form", case.load())
        area = harness.estimator("perceptual_scales/scale-area").estimate(found, rng=stream(0))
        assert area.value == pytest.approx(case.truth["scale_area"], abs=1e-9)


def test_information_of_local_features_and_of_fields_differ():
    """A field seen with little noise is felt later than its local feature."""
    found = cases("gaussian-textures", size=128)
    near = scale("whittle", found["frequency"].load(), q=1.0).psi[[3, 6, 9]]
    np.testing.assert_allclose(near, [0.323, 0.583, 0.804], atol=5e-3)
    far = scale("closed-form", found["frequency"].load()).psi[[3, 6, 9]]
    assert (far - near > 0.05).all()


def test_a_texture_has_its_contrast_and_spectrum():
    rng = np.random.default_rng(0)
    power = textures.spectrum(64, 35.0)
    draws = [textures.picture(power, rng.normal(size=(64, 64))) for _ in range(50)]
    assert np.mean([d.mean() for d in draws]) == pytest.approx(127.0, abs=1e-9)
    variance = np.mean([d.var() for d in draws])
    spread = np.std([d.var() for d in draws]) / math.sqrt(50)
    assert abs(variance - 35.0**2) < 4 * spread
    # the law of ln z over the plane: mean ln z0 + tau^2, variance tau^2
    y = np.fft.fftfreq(256) * 65.0
    z = np.hypot(y[:, None], y)
    weight = textures.spectrum(256, 1.0, spread=1.0)
    inside = z > 0
    logs = np.average(np.log(z[inside]), weights=weight[inside])
    tau2 = math.log(2.0) / 8.0 * 1.1**2
    assert logs == pytest.approx(math.log(2.5) + tau2, abs=0.02)


@pytest.mark.parametrize("shape", ["log", "square", "logistic"])
def test_scales_of_observers_and_their_inverses(shape):
    x = np.linspace(0.0, 1.0, 11)
    psi = observers.scale(shape, x)
    np.testing.assert_allclose(psi[[0, -1]], [0.0, 1.0], atol=1e-12)
    np.testing.assert_allclose(observers.inverse(shape, psi), x, atol=1e-9)


@pytest.mark.parametrize("prior", ["jeffreys", "even"])
def test_information_of_measurements(prior):
    """By the density of m on draws: h(m) - h(m | s), within four standard errors."""
    found = cases(
        "stimulus-measurement", shapes=("log", "logistic"), sigma=(0.1,), n=4000, prior=prior
    )
    for case in found.values():
        data = case.load()
        shape = case.facts["shape"]
        s = np.random.default_rng(1).random(20000)
        psi = s if prior == "jeffreys" else observers.scale(shape, s)
        m, own = data.y[:, 0], observers.scale(shape, data.x[:, 0])
        log_ratio = [
            -0.5 * ((v - p) / 0.1) ** 2 - np.log(np.exp(-0.5 * ((v - psi) / 0.1) ** 2).mean())
            for v, p in zip(m, own, strict=True)
        ]
        error = np.std(log_ratio) / math.sqrt(len(m))
        assert abs(np.mean(log_ratio) - case.truth["mutual_information"]) < 4 * error


def test_long_scales_have_the_capacity_of_their_length():
    """The information comes near ln(length / sqrt(2 pi e)), the difference falling as 1 / length."""
    found = cases("stimulus-measurement", shapes=("linear",), sigma=(0.02, 0.04))
    apart = {}
    for sigma in (0.02, 0.04):
        case, limit = (
            found[f"linear-{sigma:g}"],
            math.log(1 / sigma / math.sqrt(2 * math.pi * math.e)),
        )
        assert case.facts["capacity_of_long_scales"] == pytest.approx(limit)
        apart[sigma] = case.truth["mutual_information"] - limit
    assert 0 < apart[0.02] < 0.04
    assert apart[0.04] / apart[0.02] == pytest.approx(2.0, rel=1e-3)


def test_measurements_are_read_by_estimators_of_mutual_information():
    pytest.importorskip("numba")
    (case,) = cases("stimulus-measurement", shapes=("log",), sigma=(0.1,)).values()
    found = harness.estimator("classics/ksg").estimate(case.load(), rng=stream(0))
    assert abs(found.value - case.truth["mutual_information"]) < 4 * found.stderr


def test_measurements_are_read_by_bounds_of_other_plugins_by_plan_alone():
    names = ["classics/ksg", "neural/infonce", "neural/club"]
    found = harness.run(
        tasks=["perception/stimulus-measurement"], estimators=names,
        params={"stimulus-measurement": {"shapes": ("log",), "sigma": (0.1,)}} | {name: {"steps": 20} for name in ("infonce", "club")},
    )  # fmt: skip
    own = [row for row in found if row.estimator in names]  # a plain baseline comes unasked
    assert {(row.estimator, row.status) for row in own} == {(name, "ok") for name in names}
    assert all(row.truth is not None for row in own)


def test_observers_are_fitted_by_plan_alone():
    found = harness.run(tasks=["perception/simulated-observers"], estimators=["scale-curve", "scale-noise", "scale-area"], models=["perceptual_scales/mlds"], params={"simulated-observers": {"shapes": ("log",), "sigma": (0.1,)}, "mlds": {"boot": 20}})  # fmt: skip
    by = {row.estimator.partition("/")[2]: row for row in found}
    assert {row.status for row in found} == {"ok"}
    assert by["scale-curve"].scores["scale_error"] < 0.06
    assert by["scale-noise"].value == pytest.approx(0.1, rel=0.2)
    assert abs(by["scale-area"].error) < 0.02


def test_humans_scales_are_scales():
    found = cases("human-scales")
    assert len(found) == 15
    areas = {
        name: harness.estimator("perceptual_scales/scale-area")
        .estimate(c.load(), rng=stream(0))
        .value
        for name, c in found.items()
    }
    early = [areas[f"pair_{i:02d}"] > 0 for i in range(1, 13)]
    assert early == [True] * 5 + [False] * 5 + [True] * 2


def people():
    return cases("human-pairs") | cases("human-textures")


def test_observers_with_peoples_scales_answer_as_those_do():
    """Their choices cost the entropy of the rates; over 15 cases, .577 nats a trial on average."""
    found, entropies = people(), []
    assert len(found) == 15
    for name, case in found.items():
        noise, psi = human_scales()[name]
        first, middle, last = psi[near_triplets(13)].T
        p = ndtr((2.0 * middle - first - last) / noise)
        entropies.append(-(p * np.log(p) + (1 - p) * np.log1p(-p)).mean())
        data = case.load()
        apart = (data.chosen - 25 * p) / np.sqrt(25 * p * (1 - p))
        assert abs((apart**2).mean() - 1) < 6 * math.sqrt(2 / 81), name
        assert case.truth["scale_area"] == pytest.approx(np.trapezoid(psi - np.linspace(0, 1, 13), dx=1 / 12))  # fmt: skip
        assert ("closed-form" in data.predictions) == name.startswith("exp")
    assert np.mean(entropies) == pytest.approx(0.577, abs=5e-4)


def test_predicted_scales_have_the_sides_of_the_claim():
    """The spectrum is wrong on pairs 11 and 12 alone; the mean area matching score is .90."""
    spectra, filters = [], []
    for case in cases("human-pairs").values():
        for name, to in (("power-spectrum", spectra), ("wavelet", filters)):
            one = scale("predicted", case.load(), prediction=name)
            to.append(
                harness.estimator("perceptual_scales/area-matching")
                .estimate(one, rng=stream(0))
                .value
            )
    assert [v > 0 for v in spectra] == [True] * 10 + [False] * 2
    assert np.mean(spectra) == pytest.approx(0.901, abs=2e-3)
    assert filters[10] == pytest.approx(0.42, abs=0.01)


def test_photographs_need_scikit_image_and_fit():
    pytest.importorskip("skimage")
    found = cases("texture-paths", size=64)
    assert len(found) == 6
    there = scale("power-spectrum", found["brick-grass"].load()).psi
    back = scale("power-spectrum", found["grass-brick"].load()).psi
    np.testing.assert_allclose(back, 1.0 - there[::-1], atol=1e-9)
    with pytest.raises(UsageError, match="at most 512"):
        cases("texture-paths", size=1000)


def clone(folder, answers, sizes=((32, 32), (32, 32)), name="pair_01"):
    """A folder laid out as the authors' repository."""
    image = pytest.importorskip("PIL.Image")
    data = folder / "preds_analysis" / "data" / name
    data.mkdir(parents=True)
    for person, rows in enumerate(answers, start=1):
        lines = ["rt,triplet_idx,rdm_lr_idx,texture_id,mlds_resp", *(f'500.1,{t},"[0,2]",pair_,{a}' for t, a in rows)]  # fmt: skip
        (data / f"data_{person}_mlds_x.csv").write_text("\n".join(lines) + "\n")
    pictures = folder / "online-exp" / "mlds-textures-new" / "img" / name / "syn"
    pictures.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for step, size in zip((0, 12), sizes, strict=True):
        grey = rng.integers(0, 200 + step, size=(*size, 3)).astype(np.uint8)
        image.fromarray(grey).save(pictures / f"{name}_{step:02d}.png")
    return folder


ALL = [(t, t % 3 == 0) for t in range(81)]


def test_a_clone_of_the_authors_repository_is_read(tmp_path):
    clone(tmp_path, [ALL, [(t, True) for t in range(81)]])
    (case,) = cases("vacher", folder=str(tmp_path)).values()
    data = case.load()
    np.testing.assert_array_equal(data.triplets, near_triplets(13))
    np.testing.assert_array_equal(data.trials, 2)
    np.testing.assert_array_equal(data.chosen, 1 + (np.arange(81) % 3 == 0))
    assert data.ends.shape == (2, 32, 32)
    assert case.facts["people"] == 2
    assert dataclasses.replace(data).fingerprint() == case.load().fingerprint()


@pytest.mark.parametrize(
    ("answers", "more", "message"),
    [
        ([[(81, True)]], {}, "line 2: triplet_idx 81; wanted 0 to 80"),
        ([[*ALL[:5], (3, "maybe")]], {}, "line 7: .*wanted triplet_idx and mlds_resp"),
        ([ALL[:-1]], {}, "no trial of triplet 80"),
        ([ALL], {"sizes": ((32, 32), (32, 16))}, "32x32 and 32x16 pixels"),
        ([], {}, "no data_"),
    ],
)
def test_a_damaged_clone_is_refused(tmp_path, answers, more, message):
    clone(tmp_path, answers, **more)
    with pytest.raises(UsageError, match=message):
        next(iter(cases("vacher", folder=str(tmp_path)).values())).load()


def test_no_clone_and_no_such_experiment(tmp_path):
    with pytest.raises(UsageError, match="wanted a clone of"):
        cases("vacher")
    clone(tmp_path, [ALL])
    with pytest.raises(UsageError, match="pair_01"):
        cases("vacher", folder=str(tmp_path), only=("pair_1",))


@pytest.fixture
def official(data_folder):
    """A clone of the authors' repository among the real files."""
    folder = data_folder / "perceptual_metric"
    if not folder.is_dir():
        pytest.skip("no clone of perceptual_metric among the real files")
    return str(folder)


@pytest.mark.data
def test_human_scales_are_refitted_from_the_choices(official):
    for name, case in cases("vacher", folder=official).items():
        assert case.load().trials.sum() == 2025
        found = scale("mlds", case.load(), boot=0)
        noise, psi = human_scales()[name]
        np.testing.assert_allclose(found.psi, psi, atol=1e-3)
        assert found.noise == pytest.approx(noise, abs=1e-3)


@pytest.mark.data
def test_power_spectra_find_the_side_of_ten_pairs_in_twelve(official):
    found = cases("vacher", folder=official, only=("pair_*",))
    for params, mean, half in (({}, 0.90, 0.69), ({"mean_term": "all-bins"}, 0.70, 0.57)):
        scores = np.array([
            harness.estimator("perceptual_scales/area-matching").estimate(scale("power-spectrum", c.load(), **params), rng=stream(0)).value
            for c in found.values()
        ])  # fmt: skip
        assert (scores > 0).sum() == 10
        assert (scores[-2:] < 0).all()
        assert scores.mean() == pytest.approx(mean, abs=0.01)
        assert 3 * scores.std() / math.sqrt(11) == pytest.approx(half, abs=0.01)


@pytest.mark.data
def test_predicted_scales_are_those_of_the_pictures(official):
    for name, case in cases("vacher", folder=official).items():
        for model, psi in predicted_scales()[name].items():
            found = scale(model, case.load()).psi
            np.testing.assert_allclose(found, psi, atol=1e-3, err_msg=f"{name} {model}")
