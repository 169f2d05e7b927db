"""Rounded data, atoms and ceilings: one treatment of ties, and estimators that name each other."""

import logging
import math

import numpy as np
import pytest
from scipy.spatial import cKDTree
from scipy.special import digamma
from sklearn.datasets import load_diabetes, load_iris

import harness
from harness import ConditionedSamples, Incompatible, LabelledSamples, PairedSamples

RHO = 0.8
TRUTH = -math.log(1 - RHO**2) / 2


def estimate(name, *columns, params=None, **kinds):
    kind = PairedSamples if len(columns) == 2 else ConditionedSamples
    data = kind(*(column.reshape(len(column), -1) for column in columns), **kinds)
    return harness.estimator(f"classics/{name}", **{"stderr": "none", **(params or {})}).estimate(
        data, rng=np.random.default_rng(0)
    )


def pair(n=2000, seed=0):
    x, y = np.random.default_rng(seed).normal(size=(2, n))
    return x, RHO * x + math.sqrt(1 - RHO**2) * y


@pytest.mark.parametrize("name", ["ksg", "ksg2"])
@pytest.mark.parametrize(
    ("x", "y", "unrounded"),
    [
        (load_iris().data[:, 0], load_iris().data[:, 2], 0.80),
        (load_diabetes(scaled=False).data[:, 2], load_diabetes(scaled=False).data[:, 3], 0.09),
        (pair()[0].round(1), pair()[1], TRUTH),
        (np.round(pair()[0] / 0.05) * 0.05, np.round(pair()[1] / 0.05) * 0.05, TRUTH),
        (pair()[0] + 1e14, pair()[1], TRUTH),
    ],
    ids=["iris", "diabetes", "one side", "grid", "offset"],
)
def test_rounded_data_read_as_they_were_before_rounding(name, x, y, unrounded):
    found = estimate(name, x, y)
    assert found.value == pytest.approx(unrounded, abs=0.04)
    assert found.diagnostics["jitter"] == 1e-6
    assert 0 < found.diagnostics["ties_x"] <= 1


def test_data_without_ties_are_left_alone():
    x, y = pair()
    found = estimate("ksg", x, y)
    assert found.value == estimate("ksg", x, y, params={"ties": "keep"}).value
    assert not {"jitter", "ties_x", "ties_y"} & found.diagnostics.keys()


def test_codes_are_left_alone():
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=600).astype(float)
    x = y + rng.normal(size=600)
    found = estimate("ksg", x, y, y_kind="discrete")
    assert found.value == estimate("ksg", x, y, params={"ties": "keep"}, y_kind="discrete").value
    assert found.diagnostics["ties_y"] == 1.0


def test_the_jitter_belongs_to_the_points():
    x, y = (column.round(1) for column in pair(500))
    order = np.random.default_rng(1).permutation(500)
    there, back = estimate("ksg", x, y), estimate("ksg", x[order], y[order])
    assert there.value == pytest.approx(back.value, abs=1e-12)
    assert estimate("ksg", 8 * x - 32, y).value == pytest.approx(there.value, abs=1e-9)


def test_the_conditional_estimator_treats_ties_alike():
    rng = np.random.default_rng(0)
    z = rng.normal(size=2000)
    x, y = pair(seed=1)
    smooth = estimate("frenzel-pompe", x + z, y + z, z)
    rounded = estimate("frenzel-pompe", (x + z).round(1), (y + z).round(1), z.round(1))
    kept = estimate(
        "frenzel-pompe", (x + z).round(1), (y + z).round(1), z.round(1), params={"ties": "keep"}
    )
    assert abs(rounded.value - smooth.value) < 0.06 < abs(kept.value - smooth.value)


def by_balls(x, y, k):
    """The authors' program: kd-trees and balls, point by point."""
    both = np.hstack([x, y])
    trees = [cKDTree(part) for part in (both, x, y)]
    total = 0.0
    for i in range(len(x)):
        r = trees[0].query(both[i], k + 1, p=np.inf)[0][k]
        within = 1e-15 if r == 0 else r - 1e-15
        points = (both[i], x[i], y[i])
        kp, nx, ny = (
            len(tree.query_ball_point(point, within, p=np.inf))
            for tree, point in zip(trees, points, strict=True)
        )
        total += digamma(kp if r == 0 else k) + math.log(len(x)) - digamma(nx) - digamma(ny)
    return total / len(x)


def test_mixtures_agree_with_the_authors_program():
    rng = np.random.default_rng(0)
    x, noise = rng.normal(size=(2, 300, 1))
    for left, right in (
        (x, x + noise),
        (np.maximum(x, 0), x + noise),
        (rng.integers(3, size=(300, 1)) * 1.0, rng.integers(2, size=(300, 1)) + np.maximum(x, 0)),
    ):
        found = estimate("mixed-ksg", left, right, params={"standardize": False})
        assert found.value == pytest.approx(by_balls(left, right, 5), abs=1e-12)


def test_mixtures_of_known_information():
    rng = np.random.default_rng(0)
    code = rng.integers(5, size=4000)
    number = code + 2 * rng.random(4000)
    truth = math.log(5) - 4 / 5 * math.log(2)
    for kinds in ({"x_kind": "discrete"}, {}):
        assert estimate("mixed-ksg", code * 1.0, number, **kinds).value == pytest.approx(
            truth, abs=0.03
        )
    labels = LabelledSamples(number[:, None], code)
    found = harness.estimator("classics/mixed-ksg").estimate(labels, rng=rng)
    assert abs(found.value - truth) < 5 * found.stderr
    # A zero in nine of ten rows, whatever the label: nothing to learn.
    x = np.where(rng.random(2000) < 0.9, -1.0, rng.exponential(size=2000))
    flat = harness.estimator("classics/mixed-ksg").estimate(
        LabelledSamples(x[:, None], rng.integers(2, size=2000)), rng=rng
    )
    assert abs(flat.value) < 4 * flat.stderr


@pytest.mark.parametrize("name", ["ksg", "ksg2", "mixed-ksg", "frenzel-pompe"])
def test_a_variable_and_itself_are_at_the_ceiling(name, caplog):
    x, y = (v[:, None] for v in pair(400))
    kind, given = (ConditionedSamples, (y,)) if name == "frenzel-pompe" else (PairedSamples, ())
    made = harness.estimator(f"classics/{name}")
    with caplog.at_level(logging.WARNING, "harness"):
        found = made.estimate(kind(x, x, *given), rng=np.random.default_rng(0))
    assert found.value == pytest.approx(found.diagnostics["ceiling"])
    assert found.diagnostics["at_ceiling"] is True
    assert found.stderr is None
    assert "the truth may be any larger value" in caplog.text
    far = made.estimate(kind(x, y, *(x[::-1] for _ in given)), rng=np.random.default_rng(0))
    assert "at_ceiling" not in far.diagnostics
    assert far.value < far.diagnostics["ceiling"]


def test_codes_are_not_at_the_ceiling_of_mixtures():
    """The information of a code and itself is its entropy, which is no limit of the estimator."""
    codes = np.random.default_rng(0).integers(4, size=(400, 1)).astype(float)
    found = harness.estimator("classics/mixed-ksg").estimate(
        PairedSamples(codes, codes, x_kind="discrete", y_kind="discrete"),
        rng=np.random.default_rng(0),
    )
    assert found.value == pytest.approx(np.log(4), abs=0.02)
    assert "at_ceiling" not in found.diagnostics


N = 500
RNG = np.random.default_rng(0)
ZEROS = np.where(RNG.random(N) < 0.9, -1.0, RNG.exponential(size=N))
CODE = RNG.integers(2, size=N).astype(float)
NUMBER = RNG.normal(size=N)


@pytest.mark.parametrize(
    ("name", "columns", "kinds", "advice"),
    [
        ("ross", (ZEROS, CODE), {"x_kind": "mixed", "y_kind": "discrete"}, "use mixed-ksg"),
        ("ross", (NUMBER, CODE), {}, r'use ksg, or declare whole numbers .*y_kind="discrete"'),
        ("ross", (CODE, CODE), {"x_kind": "discrete", "y_kind": "discrete"}, "use plug-in"),
        ("plug-in", (NUMBER, CODE), {"y_kind": "discrete"}, "use ross"),
        ("plug-in", (CODE, CODE), {}, r'declare whole numbers as codes: x_kind="discrete", y_'),
        ("plug-in", (ZEROS, CODE), {"x_kind": "mixed", "y_kind": "discrete"}, "use mixed-ksg"),
        ("kl-3h", (ZEROS, NUMBER), {"x_kind": "mixed"}, "use mixed-ksg"),
        ("kde-3h", (NUMBER, CODE), {"y_kind": "discrete"}, "use ross"),
        ("kl-3h", (ZEROS, NUMBER), {}, "mixed-ksg for mixtures"),
        ("ksg", (CODE, CODE), {}, "use plug-in where both variables are"),
        ("plug-in-cmi", (NUMBER, CODE, CODE), {"z_kind": "discrete"}, "use mesner-shalizi"),
        ("frenzel-pompe", (CODE, CODE, CODE), dict.fromkeys(("x_kind", "y_kind", "z_kind"), "discrete"), "use plug-in-cmi"),
    ],
)  # fmt: skip
def test_the_alternative_that_suits_is_named(name, columns, kinds, advice):
    kind = PairedSamples if len(columns) == 2 else ConditionedSamples
    data = kind(*(column[:, None] for column in columns), **kinds)
    with pytest.raises(Incompatible, match=advice):
        harness.estimator(f"classics/{name}").estimate(data, rng=RNG)


def test_advice_does_not_go_in_circles():
    """Whatever is named for these data does answer."""
    data = PairedSamples(ZEROS[:, None], CODE[:, None], x_kind="mixed", y_kind="discrete")
    found = harness.estimator("classics/mixed-ksg").estimate(data, rng=RNG)
    assert abs(found.value) < 0.1
    with pytest.raises(Incompatible, match="discrete; use mixed-ksg"):
        harness.estimator("classics/ross").estimate(
            LabelledSamples(ZEROS[:, None], CODE.astype(int)), rng=RNG
        )
