"""Difference scaling: the fit, its recovery of known observers, and what it refuses."""

import dataclasses
import math

import numpy as np
import pytest
from scipy.optimize import approx_fprime, lsq_linear, minimize
from scipy.special import log_ndtr, ndtri

import harness
from harness import DataError, DifferenceScaling, Incompatible, Scale, near_triplets, stream
from harness_perceptual_scales import choices

X = np.linspace(0.0, 1.0, 13)
ENDS = 1.0 / (1.0 + math.exp(4.0))
SHAPES = {
    "linear": X,
    "log": np.log1p(6.0 * X) / math.log(7.0),
    "square": X**2,
    "logistic": (1.0 / (1.0 + np.exp(-8.0 * (X - 0.5))) - ENDS) / (1.0 - 2.0 * ENDS),
}


def drawn(psi, sigma, rng, sets=1, repeats=25):
    """Choices of an observer ``(sets, 81)``, drawn from the noise itself."""
    i, j, k = near_triplets(13).T
    difference = psi[k] - 2.0 * psi[j] + psi[i]
    noise = rng.normal(scale=sigma, size=(sets, repeats, len(i)))
    return (difference + noise < 0).sum(1).astype(float)


def observed(psi=SHAPES["log"], sigma=0.2, seed=0, **more):
    triplets = near_triplets(13)
    chosen = drawn(psi, sigma, np.random.default_rng(seed))[0].astype(int)
    return DifferenceScaling(triplets, chosen, np.full(81, 25), 13, **more)


def design():
    return choices.Choices.of(observed()).design()


def test_the_usual_design_has_81_triplets():
    assert len(near_triplets(13)) == 81
    assert len(np.unique(near_triplets(13), axis=0)) == 81


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("sigma", "mean", "tail"), [(0.1, 0.02, 0.035), (0.2, 0.035, 0.055), (0.3, 0.055, 0.10)])  # fmt: skip
def test_observers_are_recovered(shape, sigma, mean, tail):
    """Mean greatest error at most .02, .035, .055 with 2025 trials; the quantiles
    stated for it (.035, .055, .10) have an error of a tenth over 200 sets."""
    psi = SHAPES[shape]
    chosen = drawn(psi, sigma, stream(0, shape, str(sigma)), sets=200)
    found, noise = choices.as_scales(choices.most_likely(design(), chosen, np.full(81, 25.0)))
    error = np.abs(found - psi).max(1)
    assert error.mean() <= mean
    assert np.quantile(error, 0.95) <= 1.1 * tail
    assert noise.mean() == pytest.approx(sigma, rel=0.05)


def test_error_falls_as_the_root_of_the_number_of_trials():
    errors = []
    for repeats in (25, 400):
        chosen = drawn(SHAPES["log"], 0.2, stream(1), sets=100, repeats=repeats)
        g = choices.most_likely(design(), chosen, np.full(81, float(repeats)))
        errors.append(np.sqrt(((choices.as_scales(g)[0] - SHAPES["log"]) ** 2).mean()))
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.15)


def test_gradient_and_hessian():
    a, trials, rng = design(), np.full(81, 25.0), np.random.default_rng(0)
    chosen = drawn(SHAPES["square"], 0.1, rng)
    g = rng.uniform(0.2, 1.5, size=(1, 12))

    def value(v):
        return choices.negative_log_likelihood(a, v[None, :], chosen, trials)[0][0]

    def gradient(v):
        return choices.negative_log_likelihood(a, v[None, :], chosen, trials)[1][0]

    _, slope, hessian = choices.negative_log_likelihood(a, g, chosen, trials)
    np.testing.assert_allclose(slope[0], approx_fprime(g[0], value, 1e-7), rtol=1e-5, atol=1e-3)
    rough = np.array([approx_fprime(g[0], lambda v, r=r: gradient(v)[r], 1e-6) for r in range(12)])
    np.testing.assert_allclose(hessian[0], rough, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("sigma", [0.05, 0.3])
def test_the_fit_is_that_of_a_general_optimizer(sigma):
    a, trials = design(), np.full(81, 25.0)
    for shape, psi in SHAPES.items():
        chosen = drawn(psi, sigma, stream(2, shape))

        def value(v, chosen=chosen, a=a, trials=trials):
            eta = a @ v
            return -(chosen[0] * log_ndtr(eta) + (trials - chosen[0]) * log_ndtr(-eta)).sum()

        found = minimize(value, np.ones(12), method="L-BFGS-B", bounds=[(0, None)] * 12, options={"ftol": 1e-14, "gtol": 1e-8, "maxfun": 100000})  # fmt: skip
        ours = choices.most_likely(a, chosen, trials)
        assert value(ours[0]) <= found.fun + 1e-6
        psi_ours, psi_theirs = (choices.as_scales(g)[0][0] for g in (ours, found.x[None, :]))
        np.testing.assert_allclose(psi_ours, psi_theirs, atol=2e-3)


def test_a_steep_observer_is_fitted_far_out_in_the_tails():
    """With phi / Phi instead of exp(ln phi - ln Phi) the error was .070 here."""
    chosen = drawn(SHAPES["logistic"], 0.1, stream(3), sets=50)
    found, _ = choices.as_scales(choices.most_likely(design(), chosen, np.full(81, 25.0)))
    assert np.abs(found - SHAPES["logistic"]).max(1).mean() < 0.03
    far, slope = choices.log_normal_cdf(np.array([-40.0, 40.0]))
    assert far[0] == pytest.approx(-804.608442)
    assert slope[0] == pytest.approx(40.0249688)
    assert slope[1] == 0.0


def test_least_squares_is_that_of_nonnegative_increments():
    chosen, trials = drawn(SHAPES["log"], 0.2, stream(4)), np.full(81, 25.0)
    g = choices.least_squares(design(), chosen, trials)[0]
    rates = np.clip(chosen[0] / trials, 1e-3, 1 - 1e-3)
    other = lsq_linear(design(), ndtri(rates), bounds=(0, np.inf), tol=1e-12).x
    np.testing.assert_allclose(g, other, atol=1e-6)


def test_bootstrap_covers():
    """Standard errors are the spread over fresh observers."""
    psi, sigma = SHAPES["log"], 0.2
    fresh, _ = choices.as_scales(
        choices.most_likely(design(), drawn(psi, sigma, stream(5), sets=300), np.full(81, 25.0))
    )
    model = harness.model("perceptual_scales/mlds", boot=300)
    stated = model.transform(observed(psi, sigma), to=Scale, rng=stream(6)).stderr
    assert stated[[0, -1]] == pytest.approx([0.0, 0.0])
    np.testing.assert_allclose(stated[2:9], fresh.std(axis=0)[2:9], rtol=0.35)


def test_equal_triplets_add_up():
    data = observed()
    split = DifferenceScaling(
        np.repeat(data.triplets, 2, axis=0),
        np.column_stack([data.chosen // 2, data.chosen - data.chosen // 2]).ravel(),
        np.tile([12, 13], 81),
        13,
    )
    model = harness.model("perceptual_scales/mlds", boot=0)
    if (split.chosen > split.trials).any():
        pytest.fail("the split is wrong")
    a, b = (model.transform(d, to=Scale, rng=stream(0)).psi for d in (data, split))
    np.testing.assert_allclose(a, b, atol=1e-9)


def test_the_truth_is_likelier_than_a_straight_line_and_that_than_the_mirrored_scale():
    data = observed(predicted=np.array([SHAPES["log"], X, 1.0 - SHAPES["log"][::-1]]), predictions=("truth", "straight", "mirrored"))  # fmt: skip
    values = {}
    for name in data.predictions:
        scale = harness.model("perceptual_scales/predicted", prediction=name).transform(
            data, to=Scale, rng=stream(0)
        )
        values[name] = harness.estimator("perceptual_scales/scale-likelihood").estimate(
            scale, rng=stream(0)
        )
    i, j, k = near_triplets(13).T
    eta = -(SHAPES["log"][k] - 2 * SHAPES["log"][j] + SHAPES["log"][i]) / 0.2
    p = np.exp(log_ndtr(eta))
    entropy = float(-(p * np.log(p) + (1 - p) * np.log1p(-p)).mean())
    assert abs(values["truth"].value - entropy) < 4 * values["truth"].stderr
    assert values["truth"].value < values["straight"].value
    weight = np.exp(-(eta**2)) / (2 * math.pi * p * (1 - p))
    relative = 1.0 / math.sqrt(25 * (weight * eta**2).sum())  # error of the fitted noise
    assert values["truth"].diagnostics["noise"] == pytest.approx(0.2, rel=4 * relative)
    assert values["straight"].value < values["mirrored"].value < math.log(2.0)
    assert all(v.value >= v.diagnostics["floor"] for v in values.values())


def test_a_scale_that_is_all_in_equal_steps_still_has_a_likelihood():
    """Only triplets with even gaps: a straight line predicts guessing, whatever its noise."""
    data = observed()
    even = np.diff(np.diff(data.triplets, axis=1), axis=1)[:, 0] == 0
    scale = Scale(X, X, triplets=data.triplets[even], chosen=data.chosen[even], trials=data.trials[even])  # fmt: skip
    found = harness.estimator("perceptual_scales/scale-likelihood").estimate(scale, rng=stream(0))
    assert found.value == pytest.approx(math.log(2.0))


def test_answers_that_are_all_alike_are_warned_about(caplog):
    data = observed()
    sure = dataclasses.replace(data, chosen=np.where(2 * data.chosen > data.trials, data.trials, 0))
    with caplog.at_level("WARNING", logger="harness.perceptual_scales"):
        harness.model("perceptual_scales/mlds", boot=0).transform(sure, to=Scale, rng=stream(0))
    assert "noise is at its bound" in caplog.text


def test_resampled_sets_that_fit_no_scale_are_counted(caplog):
    """Of an observer who finds the smaller difference larger, as far as noise lets that be seen."""
    asked = choices.Choices.of(observed())
    with caplog.at_level("WARNING", logger="harness.perceptual_scales"):
        psi, _ = choices.resampled(asked, -X, 0.1, "mle", 60, stream(0))
    assert f"{60 - len(psi)} of 60 resampled sets fit no scale" in caplog.text


def test_triplets_that_determine_no_scale_are_refused():
    data = observed()
    few = data.take(np.flatnonzero((data.triplets < 12).all(1)))
    with pytest.raises(Incompatible, match="do not determine a scale of 13 steps"):
        harness.model("perceptual_scales/mlds").transform(few, to=Scale, rng=stream(0))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"triplets": np.array([[2, 1, 3]])}, "i < j < k"),
        ({"triplets": np.array([[1, 2, 13]])}, "steps from 0 to 12"),
        ({"chosen": np.array([3])}, "from 0 to the number of trials"),
        ({"trials": np.array([0]), "chosen": np.array([0])}, "at least 1"),
        ({"reference": np.zeros(5)}, "13, as in steps"),
        ({"predicted": np.zeros((1, 13))}, "a name for each"),
    ],
)
def test_choices_that_cannot_be_are_refused(change, message):
    fields = {"triplets": np.array([[1, 2, 3]]), "chosen": np.array([1]), "trials": np.array([2])}
    with pytest.raises(DataError, match=message):
        DifferenceScaling(**(fields | {"steps": 13} | change))
