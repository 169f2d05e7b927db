"""Effective numbers of features: closed forms, laws, and what is said about doubtful ones."""

import itertools
import logging
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import harness
from harness import DataError, Incompatible, stream
from harness_superposition.features import EffectiveFeatures, FeatureFrequency
from harness_superposition.hill import hill, replicates, shares
from harness_superposition.kinds import SparseCodes

POSITIVE = st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=30).map(np.array)


def codes(mass, **more):
    """Autoencoders whose features have this mass ``(s, blocks, D)``, active where it is not zero."""
    mass = np.asarray(mass, float)
    s = len(mass)
    settings = {"units": 4, "samples": 10_000} | more
    given = {
        name: settings.pop(name, np.full(s, value))
        for name, value in (("sparsity", 0.1), ("scale", 1.0))
    }
    left = settings.pop("unexplained", np.full(s, 0.01))
    counts = settings.pop("counts", (mass > 0).astype(np.int64))
    return SparseCodes(mass, counts, given["sparsity"], given["scale"], left, **settings)


def value(data, estimator=EffectiveFeatures, **more):
    return estimator(**more).estimate(data, rng=stream(0)).value


@pytest.mark.parametrize(
    ("mass", "order", "wanted"),
    [
        ([1.0] * 7 + [0.0] * 5, 1.0, 7.0),
        ([0.0, 3.0, 0.0], 1.0, 1.0),
        ([0.5, 0.25, 0.25], 1.0, math.exp(1.5 * math.log(2))),
        ([0.9, 0.1], 1.0, 0.9**-0.9 * 0.1**-0.1),
        (0.7 ** np.arange(20), 0.0, 20.0),
        (0.7 ** np.arange(20), 1.0, 7.6120),
        (0.7 ** np.arange(20), 2.0, 5.6576),
        (0.7 ** np.arange(400), 1.0, 7.6616),
        (1 / np.arange(1, 1001), 1.0, 179.6501),
        (1 / np.arange(1, 1001), 2.0, 34.0842),
        ([0.5, 0.25, 0.25], math.inf, 2.0),
    ],
)
def test_closed_forms(mass, order, wanted):
    found = float(hill(shares(np.asarray(mass, float)), order))
    assert found == pytest.approx(
        wanted, rel=1e-12, abs=5.1e-5 if wanted == round(wanted, 4) else 0
    )


@given(POSITIVE, st.floats(1e-3, 1e3), st.randoms())
def test_blind_to_order_and_scale(mass, factor, shuffle):
    order = list(range(len(mass)))
    shuffle.shuffle(order)
    assert hill(shares(factor * mass[order])) == pytest.approx(hill(shares(mass)), rel=1e-12)


@given(POSITIVE, st.integers(2, 5))
def test_a_feature_split_into_equal_copies(mass, copies):
    """F' = F r^p for a feature of share p."""
    p = float(shares(mass)[0])
    split = np.concatenate([np.full(copies, mass[0] / copies), mass[1:]])
    assert hill(shares(split)) == pytest.approx(hill(shares(mass)) * copies**p, rel=1e-10)


@given(POSITIVE, POSITIVE, st.floats(0.01, 0.99))
def test_features_of_two_layers_side_by_side(one, two, weight):
    """F of a disjoint mixture is exp(h(w)) F1^w F2^(1 - w)."""
    mixed = np.concatenate([weight * shares(one), (1 - weight) * shares(two)])
    between = weight**-weight * (1 - weight) ** (weight - 1)
    wanted = between * hill(shares(one)) ** weight * hill(shares(two)) ** (1 - weight)
    assert hill(shares(mixed)) == pytest.approx(wanted, rel=1e-10)


@given(POSITIVE)
def test_numbers_fall_with_their_order(mass):
    p = shares(mass)
    numbers = [float(hill(p, order)) for order in (0.0, 0.5, 1.0, 2.0, 30.0, math.inf)]
    assert all(a >= b * (1 - 1e-12) for a, b in itertools.pairwise(numbers))
    assert numbers[-1] >= 1 - 1e-12


def test_nothing_has_no_number_of_features():
    with pytest.raises(Incompatible, match="no feature is ever active"):
        value(codes(np.zeros((1, 4, 3))))


def test_mass_and_frequency_are_read_apart():
    mass = np.array([[[9.0, 0.5, 0.5]] * 4])
    data = codes(mass, counts=np.array([[[5, 5, 0]] * 4]))
    assert value(data) == pytest.approx(float(hill(np.array([0.9, 0.05, 0.05]))))
    assert value(data, FeatureFrequency) == pytest.approx(2.0)
    assert value(data, order=0.0) == 3.0


def test_the_first_setting_is_the_value_and_the_others_are_told():
    mass = np.zeros((4, 2, 8))
    for row, live in enumerate((2, 4, 8, 0)):
        mass[row, :, :live] = 1.0
    data = codes(
        mass, sparsity=np.array([0.1, 0.1, 0.01, 1.0]), unexplained=np.array([0.1, 0.2, 0.0, 1.0])
    )
    found = EffectiveFeatures().estimate(data, rng=stream(0))
    assert found.value == pytest.approx(3.0)
    notes = found.diagnostics
    assert notes["psi"] == pytest.approx(0.75)
    assert notes["between"] == pytest.approx(math.sqrt(2))
    assert notes["value[sparsity=0.01,scale=1]"] == pytest.approx(8.0)
    assert notes["value[sparsity=1,scale=1]"] == "dead"
    assert notes["unexplained"] == pytest.approx(0.15)


def test_the_standard_error_is_the_spread_over_samples_and_autoencoders():
    """Against fresh draws of everything: samples in blocks, and an autoencoder's own disturbance."""
    rng = stream(1)

    def draw():
        common = rng.gamma(2.0, size=(1, 32, 6)) * np.arange(1, 7)
        return codes(common * np.exp(0.3 * rng.normal(size=(4, 1, 6))))

    drawn = [EffectiveFeatures().estimate(draw(), rng=rng) for _ in range(200)]
    spread = np.std([e.value for e in drawn], ddof=1)
    # the spread of 200 is known to 5 %, the mean of their errors (four autoencoders each) to 3 %
    assert np.mean([e.stderr**2 for e in drawn]) == pytest.approx(spread**2, rel=0.3)
    inside = np.mean(
        [
            e.diagnostics["low"] <= np.mean([d.value for d in drawn]) <= e.diagnostics["high"]
            for e in drawn
        ]
    )
    assert 0.75 <= inside <= 1.0


def test_one_block_gives_no_spread():
    found = EffectiveFeatures().estimate(codes(np.ones((1, 1, 5))), rng=stream(0))
    assert (found.value, found.stderr) == (pytest.approx(5.0), pytest.approx(0.0, abs=1e-12))


def test_replicates_without_mass_are_left_out():
    mass = np.zeros((1, 3, 4))
    mass[0, 0] = 1.0
    found = replicates(mass, 1.0, 50, stream(0))
    assert 0 < len(found) < 50
    np.testing.assert_allclose(found, 4.0)


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"unexplained": np.array([0.5])}, "unexplained: F is too small"),
        ({"mass": np.ones((1, 4, 8))}, "saturated"),
        (
            {"mass": np.eye(1, 40)[None].repeat(4, 1)},
            "nine tenths of the features in the dictionary are never active",
        ),
        ({"samples": 79}, "fewer than ten samples per feature"),
        ({"units": 9}, "smaller than the layer"),
        ({"mass": np.stack([np.eye(8)[[0, 0, 1, 1]]])}, "wanted more samples"),
    ],
)
def test_doubts_are_told(changes, wanted, caplog):
    mass = np.zeros((1, 4, 8))
    mass[..., :3] = 1.0
    with caplog.at_level(logging.WARNING, "harness"):
        value(codes(**{"mass": mass}))
        assert not caplog.records
        value(codes(**{"mass": mass} | changes))
    assert any(wanted in r.getMessage() for r in caplog.records)


def test_known_through_the_library_door():
    data = codes(np.ones((1, 4, 6)))
    assert harness.estimator("effective-features").estimate(
        data, rng=stream(0)
    ).value == pytest.approx(6.0)


def test_sparse_codes_say_what_is_wrong():
    def made(mass, counts, **more):
        return SparseCodes(mass, counts, [0.1], [1.0], [0.0], **{"units": 2, "samples": 4} | more)

    mass, counts = np.ones((1, 2, 3)), np.ones((1, 2, 3), np.int64)
    assert made(mass, counts).features == 3
    with pytest.raises(DataError, match=r"SparseCodes\.mass at row 0: a negative sum"):
        made(-mass, counts)
    with pytest.raises(DataError, match=r"SparseCodes\.counts at row 0: counts out of range"):
        made(mass, 3 * counts)
    with pytest.raises(DataError, match="0 units, 4 samples"):
        made(mass, counts, units=0)


def trained(value, half, *, gained, **more):
    """One autoencoder of so many equal features, and of so many after half of its steps."""
    mass, before = np.zeros((1, 4, 40)), np.zeros((1, 40))
    mass[..., :value], before[:, :half] = 1.0, 1.0
    given = {"half_mass": before, "half_counts": before.astype(int), "steps": np.array([3000])}
    return codes(mass, gained=np.array([gained]), **given, **more)


@pytest.mark.parametrize("estimator", [EffectiveFeatures, FeatureFrequency])
def test_a_training_that_has_not_ended_is_the_cause_that_is_named(estimator, caplog):
    """Not the dictionary, which an autoencoder fills at first whatever the layer holds."""
    caplog.set_level(logging.WARNING, "harness")
    quiet = estimator().estimate(trained(20, 20, gained=0.019, tolerance=0.02), rng=stream(0))
    assert not caplog.records
    assert quiet.diagnostics["value_half_steps"] == pytest.approx(20.0)
    assert (quiet.diagnostics["steps"], quiet.diagnostics["gained"]) == (3000, 0.019)
    cases = (
        (trained(39, 39, gained=0.02, tolerance=0.02), "wanted a larger most"),
        (
            trained(39, 36, gained=0.0, tolerance=0.02),
            "F from 36 to 39; wanted a smaller tolerance",
        ),
        (trained(20, 22, gained=0.0), "wanted a larger number of epochs, or epochs=0"),
        (trained(39, 39, gained=0.02), "wanted a larger number of epochs, or epochs=0"),
    )
    for data, said in cases:
        caplog.clear()
        value(data, estimator)
        (told,) = [r.getMessage() for r in caplog.records]
        assert "not trained to the end" in told
        assert said in told


def test_shrinkage_of_the_l1_norm_is_stated():
    """Codes of weight 0.1 and rows of length w lie 0.1 / (2 w^2) too low, at w for each unit."""
    mass, counts = np.array([[[8.0, 1.0, 0.0]]]), np.array([[[10, 10, 0]]])
    data = codes(mass, counts=counts, lengths=np.array([[2.0, 0.5, 1.0]]))
    full = np.array([8.0 * 2 + 10 * 0.1 / (2 * 2.0), 1.0 * 0.5 + 10 * 0.1 / (2 * 0.5), 0.0])
    found = EffectiveFeatures().estimate(data, rng=stream(0)).diagnostics["value_unshrunk"]
    assert found == pytest.approx(float(hill(shares(full))))
    unsaid = FeatureFrequency().estimate(data, rng=stream(0)).diagnostics
    assert "value_unshrunk" not in unsaid
