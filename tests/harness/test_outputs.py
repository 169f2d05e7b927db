import math

import numpy as np
import pytest

from harness import Curve, DataError, Estimate, Incompatible, Prediction, Selection


def test_estimates_may_be_negative_and_infinite_but_never_nan():
    assert Estimate(-0.1).value == -0.1
    assert Estimate(math.inf).value == math.inf
    with pytest.raises(DataError, match="NaN"):
        Estimate(float("nan"))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Estimate(0.0, stderr=-1.0), "stderr: -1.0"),
        (lambda: Estimate(0.0, stderr=float("nan")), "stderr: nan"),
        (lambda: Estimate(0.0, local=np.zeros((2, 2))), "local: shape"),
        (lambda: Selection([0, 0]), "repeated or negative"),
        (lambda: Selection([-1]), "repeated or negative"),
        (lambda: Selection([0, 1], sets={2: [0]}), "1 positions; wanted 2"),
        (lambda: Curve([0.0], [0.0, 1.0], "n", "H"), "2 points; wanted 1"),
        (lambda: Curve([], [], "n", "H"), "x: no points"),
        (lambda: Curve([0, 1], [0, np.nan], "n", "H"), "y at row 1: NaN"),
        (lambda: Curve([1, 0], [0, 0], "n", "H"), "x: positions that do not increase"),
        (lambda: Curve([0, 1], [0, 0], "n", "H", stderr=[0]), "stderr: 1 points; wanted 2"),
        (lambda: Curve([0], [0], "n", "H", stderr=[-1]), "stderr: a negative number"),
        (lambda: Estimate.from_local([]), "local: no values"),
        (lambda: Prediction([0.5], [0, 1]), "one row per index"),
        (lambda: Prediction([np.inf], [0]), "infinity"),
    ],
)
def test_bad_outputs_are_named(make, message):
    with pytest.raises(DataError, match=message):
        make()


def test_an_estimate_from_local_values():
    found = Estimate.from_local([1.0, 2.0, 6.0], {"k": 3})
    assert (found.value, found.local.tolist(), found.diagnostics) == (
        3.0,
        [1.0, 2.0, 6.0],
        {"k": 3},
    )
    assert found.stderr == pytest.approx(math.sqrt(7 / 3))
    assert Estimate.from_local([1.0]).stderr is None


def test_nested_selections_are_prefixes():
    chosen = Selection([3, 1, 2])
    assert chosen.subset(2).tolist() == [3, 1]
    with pytest.raises(Incompatible, match="selected 3 units, fewer than the 4"):
        chosen.subset(4)


def test_selections_by_size():
    chosen = Selection([0, 1], sets={2: [0, 1], 1: [4]})
    assert chosen.subset(1).tolist() == [4]
    with pytest.raises(Incompatible, match="sizes 1, 2, not for 3"):
        chosen.subset(3)
