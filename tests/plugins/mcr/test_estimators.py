"""What predictors draw from a modality: exact figures, bounds, limits."""

import dataclasses
import math

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

import harness
from harness import DataError, Incompatible, Modalities, Split, stream
from harness_mcr.donors import drawn
from harness_mcr.estimators import (
    MIPD,
    MIPDK,
    CEBResidual,
    FusionAccuracy,
    MIPDLikelihood,
    MIPDUpper,
    WeakModality,
    divergence,
)
from harness_mcr.kinds import FusedPredictions
from harness_mcr.settings import Donors
from harness_mcr.tables import ExactFusion

RNG = stream(0)
LN2 = math.log(2)


def gate(name, ask="first", **sizes):
    return next(
        case
        for case in harness.task("multimodal/gates", gates=(name,), asks=(ask,), even=True, **sizes).cases(seed=0)
    )  # fmt: skip


def every_donor(data):
    """The predictions of `exact-fusion`, with all n units as donors of each: no sampling."""
    model = ExactFusion(donors=1).transform(data, to=None, rng=RNG)
    part = data.evaluated()
    a, b = part.x1[:, 0].astype(int), part.x2[:, 0].astype(int)
    table = np.full((2, 2, model.clean.shape[1]), np.nan)
    table[a, b] = model.clean
    n = part.n
    donors = np.broadcast_to(np.arange(n), (n, 2, n))
    permuted = np.stack([table[a[None, :], b[:, None]], table[a[:, None], b[None, :]]], axis=1)
    missing = np.isnan(permuted[..., 0])
    permuted = np.where(missing[..., None], -LN2, permuted)
    return FusedPredictions(model.clean, permuted, donors, model.y, "all", off_support=missing)


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("xor", 0.346574, 0.346574),
        ("and", 0.173287, 0.173287),
        ("or", 0.173287, 0.173287),
        ("first", 0.346574, 0.0),
        ("noisy", 0.184032, 0.0),
    ],
)
def test_exact_predictors_of_gates_give_half_the_information(name, first, second):
    data = every_donor(gate(name, n=40, n_train=40, n_valid=0).load())
    assert MIPD().estimate(data, rng=RNG).value == pytest.approx(first, abs=5e-7)
    assert MIPD(modality=2).estimate(data, rng=RNG).value == pytest.approx(second, abs=5e-7)
    weak = WeakModality().estimate(data, rng=RNG)
    assert weak.value == pytest.approx(min(first, second), abs=5e-7)
    truth = gate(name).truth["conditional_mutual_information"]
    # Own and all donors' predictions: all but 1 of 41 parts of the mean over donors.
    assert 0.9 * truth < MIPDK().estimate(data, rng=RNG).value <= truth + 1e-9
    # The 39 others, of which 19 have the unit's own bit: ln (39 / 19) in the place of ln 2.
    upper = MIPDUpper().estimate(data, rng=RNG).value
    assert truth - 1e-9 <= upper <= truth + math.log(39 / 38)


@pytest.mark.parametrize(
    ("scheme", "share"), [("permute", 0.5), ("derange", 0.5), ("class", 0), ("neighbours", 0)]
)
def test_copied_modalities_make_pairs_that_never_occur_unless_donors_are_alike(scheme, share):
    data = gate("copy").load()
    model = ExactFusion(scheme=scheme, donors=50).transform(data, to=None, rng=stream(1))
    for estimator in (MIPD(), MIPDK(), MIPD(modality=2)):
        found = estimator.estimate(model, rng=RNG)
        assert found.value == pytest.approx(0.0, abs=1e-12)
        # 1,000 units and 50 donors, of which half are of the other class.
        assert found.diagnostics["off_support"] == pytest.approx(share, abs=0.01)


def logistic(n, donors, rng):
    """p(y=1) = logistic(2 x1 + x2), both normal, and its exact predictor."""
    x1, x2 = rng.normal(size=(2, n))

    def logs(score):
        return np.stack([-np.logaddexp(0, score), -np.logaddexp(0, -score)], -1)

    y = (rng.random(n) < 1 / (1 + np.exp(-2 * x1 - x2))).astype(int)
    who = rng.integers(n, size=(n, 1, donors))
    moved = logs(2 * x1[who[:, 0]] + x2[:, None])
    return FusedPredictions(logs(2 * x1 + x2), moved[:, None], who, y, "permute")


def test_more_donors_come_nearer_to_the_information():
    """The table of the sheet; the truth is 0.217."""
    data = logistic(20_000, 32, stream(2))
    wanted = {1: 0.113, 2: 0.150, 4: 0.178, 8: 0.196, 16: 0.206, 32: 0.211}
    found = {k: MIPDK(most=k).estimate(data, rng=RNG) for k in wanted}
    assert [e.value for e in found.values()] == pytest.approx(list(wanted.values()), abs=0.005)
    assert (np.diff([e.value for e in found.values()]) > 0).all()
    one = MIPD(most=1).estimate(data, rng=RNG)
    assert np.abs(one.local - found[1].local).max() < 1e-12
    loss = MIPDLikelihood().estimate(data, rng=RNG)
    assert abs(loss.value - 0.5764) < 5 * loss.stderr
    above = {k: MIPDUpper(most=k).estimate(data, rng=RNG) for k in wanted}
    assert (np.diff([e.value for e in above.values()]) < 0).all()
    whole = MIPDLikelihood(most=1).estimate(data, rng=RNG)
    others = data.donors[:, 0, 0] != np.arange(data.n)
    assert above[1].value == pytest.approx(whole.local[others].mean(), abs=1e-12)
    # Both sides at 32 donors hold the truth between them, 0.02 apart.
    assert found[32].value < 0.2170 < above[32].value + 2 * above[32].stderr
    assert above[32].value - found[32].value < 0.02


def test_more_donors_may_give_less_on_a_small_sample():
    """J_K rises in expectation only: sheet, error 2."""
    falls = 0
    for seed in range(100):
        data = logistic(64, 3, stream(seed))
        falls += MIPDK(most=3).estimate(data, rng=RNG).value < MIPDK(most=2).estimate(data, rng=RNG).value  # fmt: skip
    assert 0 < falls < 50


def table_values(p):
    """I(X1;Y|X2) of a table p(x1,x2,y), and the divergence with donors from p(x1)."""
    joint, y = p.sum(2), p / p.sum(2, keepdims=True)
    given = p.sum(0, keepdims=True) / p.sum((0, 2), keepdims=True)
    information = (p * np.log(y / given)).sum()
    one = joint.sum(1)
    pairs = divergence(np.log(y)[:, None], np.log(y)[None])
    return information, np.einsum("ab,c,acb->", joint, one, pairs)


def upper_value(p, among):
    """The limit of `mipd-upper` with many donors from ``among[b]``, p(donor's x1) given x2 = b."""
    y = p / p.sum(2, keepdims=True)
    mixed = np.einsum("ba,abc->bc", among, y)
    return (p * np.log(y / mixed)).sum()


def test_the_upper_side_holds_for_dependent_modalities():
    """In every table with donors from p(x1); with donors from p(x1|x2) it is the information."""
    rng = stream(30)
    for _ in range(300):
        p = np.maximum(rng.dirichlet(np.full(8, 0.3)), 1e-12).reshape(2, 2, 2)
        p /= p.sum()
        information = table_values(p)[0]
        joint = p.sum(2)
        assert upper_value(p, np.tile(joint.sum(1), (2, 1))) >= information - 1e-12
        nearest = (joint / joint.sum(0)).T
        assert upper_value(p, nearest) == pytest.approx(information, abs=1e-12)


def test_both_sides_hold_the_information_of_dependent_modalities_with_near_donors():
    """A table that chance does not favour: X2 tells much of X1, and both tell of Y."""
    rng, n = stream(31), 4000
    x2 = rng.integers(2, size=n)
    x1 = np.where(rng.random(n) < 0.8, x2, 1 - x2)
    p = np.array([[0.1, 0.4], [0.5, 0.9]])[x1, x2]
    y = (rng.random(n) < p).astype(int)
    columns = (c[:, None].astype(float) for c in (x1, x2))
    data = Modalities(*columns, y, ("0", "1"), x1_kind="discrete", x2_kind="discrete")
    law = np.zeros((2, 2, 2))
    np.add.at(law, (x1, x2, y), 1 / n)
    truth = table_values(law)[0]  # of the sample: the predictor is of the same units
    model = ExactFusion(scheme="neighbours", near=400, donors=200).transform(data, to=None, rng=rng)
    low, high = (e().estimate(model, rng=RNG).value for e in (MIPDK, MIPDUpper))
    assert truth - 0.01 < low < truth < high < truth + 0.01
    apart = ExactFusion(scheme="permute", donors=200).transform(data, to=None, rng=rng)
    assert MIPDUpper().estimate(apart, rng=RNG).value > truth + 0.02


def test_it_bounds_the_information_of_independent_modalities_only():
    """A proof for independent ones, a counterexample in every few tables for others (sheet)."""
    rng = stream(3)
    above = 0
    for _ in range(300):
        p = np.maximum(rng.dirichlet(np.full(8, 0.3)), 1e-12).reshape(2, 2, 2)
        p /= p.sum()
        information, value = table_values(p)
        above += value > information
        y = p / p.sum(2, keepdims=True)
        apart = rng.dirichlet(np.ones(2))[:, None, None] * rng.dirichlet(np.ones(2))[:, None] * y
        information, value = table_values(apart)
        assert value <= information + 1e-12
    assert 0.1 < above / 300 < 0.3


def test_the_divergence_is_scipys_and_is_safe_for_huge_logits():
    p, q = stream(4).dirichlet(np.ones(5), size=(2, 50))
    assert divergence(np.log(p), np.log(q)) == pytest.approx(jensenshannon(p, q, axis=1) ** 2)
    for size in (1.0, 1e2, 1e4):
        logits = size * stream(5).normal(size=(2, 200, 4))
        a, b = logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)
        value = divergence(a, b)
        assert ((value >= -1e-12) & (value <= LN2 + 1e-12)).all()
        assert value == pytest.approx(divergence(b, a), abs=1e-12)
        assert divergence(a, a) == pytest.approx(0.0, abs=1e-12)


def test_a_class_ruled_out_is_an_infinite_loss_with_its_reason():
    data = ExactFusion(donors=8).transform(gate("xor").load(), to=None, rng=stream(6))
    found = MIPDLikelihood().estimate(data, rng=RNG)
    assert found.value == math.inf
    assert found.diagnostics["units_ruled_out"] > 900


def test_accuracy_counts_and_tells_of_single_modalities():
    data = ExactFusion(donors=1).transform(gate("noisy").load(), to=None, rng=RNG)
    found = FusionAccuracy().estimate(data, rng=RNG)
    assert found.value == found.diagnostics["alone_1"] == pytest.approx(0.9)
    assert found.diagnostics["alone_2"] == pytest.approx(0.5)


@pytest.mark.parametrize("scheme", ["permute", "derange", "class", "neighbours"])
def test_donors_are_uniform_over_whom_the_scheme_allows(scheme):
    y = np.arange(12) % 3
    rest = (np.arange(12) // 4)[:, None].astype(float)
    how = Donors(scheme=scheme, near=3)
    donors = drawn(how, rest, y, 6000, stream(7))
    allowed = {
        "permute": np.ones((12, 12), bool),
        "derange": ~np.eye(12, dtype=bool),
        "class": y[:, None] == y,
        "neighbours": (rest == rest.T) & ~np.eye(12, dtype=bool),
    }[scheme]
    counts = np.stack([np.bincount(row, minlength=12) for row in donors])
    assert not counts[~allowed].any()
    each = 6000 / allowed.sum(1, keepdims=True)
    if scheme != "neighbours":  # one draw of the neighbours serves all donors of a unit
        assert (np.abs(counts - each)[allowed] < 5 * np.sqrt(each.max())).all()
        columns = np.sort(donors, axis=0)
        assert (columns == np.arange(12)[:, None]).all(), "each donor serves once"
    with pytest.raises(Incompatible, match="two or more"):
        drawn(how, rest[:1], y[:1], 1, RNG)


def test_the_residual_is_the_share_of_variance_within_classes():
    rng = stream(8)
    y = rng.integers(3, size=3000)
    noise = rng.normal(size=(3000, 2))
    data = Modalities(y[:, None] + 0.0, y[:, None] ** 2 * 2.0, y, ("a", "b", "c"))
    assert CEBResidual().estimate(data.divided(rng), rng=RNG).value == pytest.approx(0, abs=1e-20)
    nothing = Modalities(noise[:, :1], noise[:, 1:], y, ("a", "b", "c"))
    found = CEBResidual().estimate(nothing.divided(rng), rng=RNG)
    assert abs(found.value - 1) < 5 * found.stderr


def good(**change):
    half = np.full((4, 2), -LN2)
    fields = {
        "clean": half,
        "permuted": np.full((4, 2, 3, 2), -LN2),
        "donors": np.zeros((4, 2, 3), int),
        "y": [0, 1, 0, 1],
        "scheme": "permute",
    }
    return FusedPredictions(**fields | change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"clean": np.full((4, 2), -1.0)}, "a sum of 1"),
        ({"clean": np.full((4, 2), np.nan)}, "NaN"),
        ({"clean": np.full((5, 2), -LN2)}, "FusedPredictions"),
        ({"y": [0, 1, 2, 0]}, "0 to 1"),
        ({"y": [0, 0.5, 1, 0]}, "FusedPredictions.y"),
        ({"donors": np.full((4, 2, 3), -2)}, "-1 for a unit that is not here"),
        ({"donors": np.full((4, 2, 3), 4)}, "0 to 3"),
        ({"permuted": np.empty((4, 2, 0, 2)), "donors": np.empty((4, 2, 0), int)}, "at least one"),
    ],
)
def test_predictions_refuse(change, message):
    good()
    with pytest.raises(DataError, match=message):
        good(**change)


def test_donors_are_found_among_the_units_that_were_taken():
    """Where they are now, -1 where they are not; a unit that is its own donor stays its own."""
    donors = np.array([1, 2, 0, 3]).reshape(4, 1, 1) * np.ones((1, 2, 1), int)
    data = good(permuted=np.full((4, 2, 1, 2), -LN2), donors=donors)
    assert data.take([2, 0, 3]).donors[:, 0, 0].tolist() == [1, -1, 2]
    assert data.take([3, 0, 1, 3]).donors[:, 0, 0].tolist() == [0, 2, -1, 3]
    assert data.take([2, 0, 3]).take([1, 0]).donors[:, 0, 0].tolist() == [-1, 0]
    split = dataclasses.replace(data, split=Split([0, 1], [2, 3]))
    assert split.part("test").donors[:, 0, 0].tolist() == [-1, 1]
    # Only unit 3 is its own donor, whoever else is there: it is left out, and unit 2 is not.
    assert MIPDUpper().estimate(split.part("test"), rng=RNG).diagnostics["units_left_out"] == 1


def test_estimators_refuse_what_is_not_there():
    with pytest.raises(Incompatible, match="no modality 3"):
        MIPD(modality=3).estimate(good(), rng=RNG)
    with pytest.raises(Incompatible, match="most=3 or less"):
        MIPDK(most=4).estimate(good(), rng=RNG)
    nowhere = good(off_support=np.ones((4, 2, 3), bool))
    with pytest.raises(Incompatible, match="scheme=class"):
        MIPD().estimate(nowhere, rng=RNG)
    alike = good(scheme="class")
    with pytest.raises(Incompatible, match="scheme=permute"):
        MIPDUpper().estimate(alike, rng=RNG)
    alone = good(donors=np.arange(4)[:, None, None] * np.ones((1, 2, 3), int))
    with pytest.raises(Incompatible, match="another unit"):
        MIPDUpper().estimate(alone, rng=RNG)
    with pytest.raises(Incompatible, match="two discrete"):
        ExactFusion().transform(Modalities.example(stream(0)), to=None, rng=RNG)
    with pytest.raises(harness.UsageError, match="at least 1"):
        harness.model("mcr/exact-fusion", donors=0)
    with pytest.raises(harness.UsageError, match="one of -1, 0, 1"):
        harness.model("mcr/fusion", game=2)
