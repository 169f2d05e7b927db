"""Hill numbers' bootstrap and the intrinsic dimension, written out."""

import math

import numpy as np
import pytest

from harness import DataError, Incompatible, PairedSamples, Samples, stream
from harness_superposition.hill import hill, replicates, shares
from harness_superposition.two_nn import TwoNN, two_nn

RNG = np.random.default_rng


def test_hill_numbers_of_rows_by_their_definitions():
    p = RNG(0).dirichlet(np.ones(5), size=3)
    for order in (0.5, 2.0, 3.0):
        wanted = (p**order).sum(1) ** (1 / (1 - order))
        np.testing.assert_allclose(hill(p, order), wanted)
    np.testing.assert_allclose(hill(p), np.prod(p**-p, 1))
    np.testing.assert_allclose(hill(p, math.inf), 1 / p.max(1))
    p[0, 0] = 0.0
    assert hill(p, 0.0).tolist() == [4.0, 5.0, 5.0]
    assert hill(p, 0.0).dtype == np.float64
    # powers that underflow on their own
    assert hill(np.array([0.5, 0.5]), 3000.0) == pytest.approx(2.0)


def test_shares_are_of_the_last_axis_and_need_mass_in_every_row():
    mass = RNG(0).random((2, 3, 4))
    np.testing.assert_allclose(shares(mass), mass / mass.sum(2)[..., None])
    mass[1, 2] = 0.0
    with pytest.raises(Incompatible, match="dead"):
        shares(mass)


def test_a_replicate_draws_one_block_fewer_than_there_are_the_same_for_all_rows():
    mass = RNG(1).random((3, 5, 4))
    found = replicates(mass, 2.0, 40, stream(0))
    weights = stream(0).multinomial(4, [0.2] * 5, size=40)
    drawn = np.einsum("db,sbk->dsk", weights.astype(float), mass)
    np.testing.assert_allclose(found, hill(shares(drawn), 2.0))
    assert found.shape == (40, 3)
    alone = replicates(mass[:, :1], 1.0, 3, stream(0))
    np.testing.assert_allclose(alone, np.tile(hill(shares(mass[:, 0])), (3, 1)))
    # where one autoencoder has no mass in a replicate, it is left out for all
    mass[2, 1:] = 0.0
    kept = weights[:, 0] > 0
    assert 0 < kept.sum() < 40
    found = replicates(mass, 2.0, 40, stream(0))
    np.testing.assert_allclose(
        found, hill(shares(np.einsum("db,sbk->dsk", weights.astype(float), mass)[kept]), 2.0)
    )
    with pytest.raises(Incompatible, match="too few samples for a bootstrap"):
        replicates(np.zeros((1, 3, 4)), 1.0, 5, stream(0))


def by_hand(x):
    """Terms ln(r2/r1) of different points with different neighbours."""
    x = np.unique(x, axis=0)
    near = np.sort(np.linalg.norm(x[:, None] - x, axis=2), axis=1)[:, 1:3]
    return np.log(near[:, 1] / near[:, 0])


def test_the_dimension_by_hand():
    x = RNG(0).normal(size=(60, 3))
    logs = by_hand(x)
    value = 59 / logs.sum()
    assert two_nn(np.vstack([x, x[:9]]), "x")[0] == pytest.approx(value)
    three = np.array([[0.0], [1.0], [3.0]])  # ln of 3/1, 2/1 and 3/2
    assert two_nn(three, "x")[0] == pytest.approx(2 / math.log(9))
    with pytest.raises(DataError, match="2 different points"):
        two_nn(three[:2], "x")


def test_points_whose_distance_rounds_to_zero_are_not_counted():
    x = np.concatenate([RNG(0).normal(size=(30, 1)), [[1e-200], [3e-200]]])
    logs = by_hand(np.delete(x, [30, 31], 0))
    assert len(logs) == 30
    # the pair at 1e-200 has distance 0 and is not among the 30, though it is among their neighbours
    near = np.sort(np.abs(np.unique(x)[:, None] - np.unique(x)), axis=1)[:, 1:3]
    kept = near[:, 0] ** 2 > 0
    assert kept.sum() == 30
    wanted = 29 / np.log(near[kept, 1] / near[kept, 0]).sum()
    assert two_nn(x, "x")[0] == pytest.approx(wanted)


def line(columns, n=300, seed=0):
    """Points of dimension 1 in so many columns."""
    t = RNG(seed).normal(size=(n, 1))
    return t * np.ones(columns)


def dimension(x):
    return two_nn(x, "x")[0]


def test_samples_are_singular_below_four_fifths_of_their_columns(monkeypatch):
    x = RNG(1).normal(size=(300, 2))
    found = TwoNN().estimate(Samples(x), rng=RNG(0))
    assert dict(found.diagnostics) == {"columns": 2, "singular": False}
    assert 1.6 < found.value == dimension(x)
    flat = TwoNN().estimate(Samples(line(2)), rng=RNG(0))
    assert dict(flat.diagnostics) == {"columns": 2, "singular": True}
    # a side of three quarters: below four fifths and above seven tenths
    for share, thin in ((0.79, True), (0.8, False), (0.81, False)):
        monkeypatch.setattr(
            "harness_superposition.two_nn.two_nn", lambda x, _, d=2 * share: (d, 0.1)
        )
        assert TwoNN().estimate(Samples(x), rng=RNG(0)).diagnostics["singular"] is thin


def test_pairs_are_singular_where_any_of_the_three_is(monkeypatch):
    x, y = RNG(2).normal(size=(9, 3)), RNG(3).normal(size=(9, 2))
    for sides in (
        (3, 2, 5),
        (2.3, 2, 5),
        (3, 1.5, 5),
        (3, 2, 3.9),
        (2.5, 1.7, 4.1),
        (0.8 * 3, 0.8 * 2, 0.8 * 5),
    ):
        told = dict(zip((3, 2, 5), sides, strict=True))
        monkeypatch.setattr(
            "harness_superposition.two_nn.two_nn", lambda x, _, told=told: (told[x.shape[1]], 0.25)
        )
        found = TwoNN().estimate(PairedSamples(x, y), rng=RNG(0))
        assert (found.value, found.stderr) == (sides[2], 0.25)
        assert dict(found.diagnostics) == {
            "dimension_x": sides[0],
            "dimension_y": sides[1],
            "columns_x": 3,
            "columns_y": 2,
            "singular": sides[0] == 2.3 or sides[1] == 1.5 or sides[2] == 3.9,
        }
    for kinds in ({"x_kind": "discrete"}, {"y_kind": "discrete"}):
        pair = PairedSamples(np.arange(9.0)[:, None], np.arange(9.0)[:, None], **kinds)
        with pytest.raises(Incompatible, match="no intrinsic dimension"):
            TwoNN().estimate(pair, rng=RNG(0))
