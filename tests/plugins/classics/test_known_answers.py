"""Standard errors from subsamples and estimates at their ceiling, written out."""

import math

import numpy as np
import pytest
import scipy.stats

from harness import Estimate, HarnessError, Incompatible, PairedSamples, Samples
from harness_classics import uncertainty
from harness_classics.uncertainty import at_ceiling, measured

RNG = np.random.default_rng


@pytest.mark.parametrize(
    ("n", "parts"), [(9, 2), (1999, 2), (2000, 4), (3999, 4), (4000, 8), (4003, 8)]
)
def test_the_error_is_the_variance_among_parts_of_one_cut_averaged_over_cuts(n, parts):
    """All 21 degrees of freedom, and the width of Student's interval at that many."""
    x = RNG(0).normal(size=(n, 1))
    seen = []

    def values(data):
        seen.append(data.x[:, 0])
        return data.x[:, 0] ** 2, {"note": 1}

    found = measured("subsamples", Samples(x), values)
    whole, *cuts = seen
    assert len(whole) == n
    assert found.value == pytest.approx((x**2).mean())
    np.testing.assert_array_equal(found.local, x[:, 0] ** 2)
    assert found.diagnostics == {"note": 1}
    assert len(cuts) == parts * (21 // (parts - 1))
    assert {len(part) for part in cuts} == {n // parts}
    assert len(np.unique(np.concatenate(cuts[:parts]))) == parts * (n // parts)  # disjoint
    # ranks are dealt with a generator of their own, so that equal points have equal errors
    first = np.sort(np.argsort(x[:, 0])[RNG(0).permutation(n)[: n // parts]])
    np.testing.assert_array_equal(cuts[0], x[first, 0])
    means = np.array([(part**2).mean() for part in cuts]).reshape(-1, parts)
    variance = means.var(1, ddof=1).mean() * (n // parts) / n
    width = scipy.stats.t.ppf(0.975, 21) / scipy.stats.norm.ppf(0.975)
    assert found.stderr == pytest.approx(width * math.sqrt(variance), rel=2e-3)


@pytest.mark.parametrize("repeated", [False, True])
def test_parts_do_not_depend_on_the_order_of_rows(repeated):
    """Not where the first coordinate repeats either: then all others, of x and of y, decide."""
    x, y = RNG(1).normal(size=(2, 60, 2))
    if repeated:
        x[:, 0] = np.round(x[:, 0])
        x[:, 1] = np.round(x[:, 1])

    def error(order):
        pair = PairedSamples(x[order], y[order])
        return measured("subsamples", pair, lambda d: (d.x[:, 1] * d.y[:, 0], {})).stderr

    wanted = error(np.arange(60))
    for seed in range(3):
        assert error(RNG(seed).permutation(60)) == pytest.approx(wanted, rel=1e-12)


def test_ties_are_ranked_by_what_comes_next():
    ranked = uncertainty._ranked(
        PairedSamples(
            np.array([[1.0, 5.0], [0.0, 9.0], [1.0, 4.0], [1.0, 4.0]]),
            np.array([[1.0], [1.0], [3.0], [2.0]]),
        )
    )
    assert ranked.tolist() == [1, 3, 2, 0]
    assert uncertainty._ranked(Samples(np.array([[3.0], [1.0], [2.0]]))).tolist() == [1, 2, 0]


def test_ways_to_the_error_and_what_is_left_out():
    x = RNG(2).normal(size=(50, 1))

    def values(data):
        return data.x[:, 0], {}

    local = measured("local", Samples(x), values)
    assert local.stderr == pytest.approx(x.std(ddof=1) / math.sqrt(50))
    assert local.diagnostics == {}
    assert measured("none", Samples(x), values).stderr is None
    # terms that leave units out are no local values
    assert measured("none", Samples(x), lambda d: (d.x[1:, 0], {})).local is None

    def large(data):
        if data.n < 50:
            raise Incompatible("too few")
        return data.x[:, 0], {}

    fallen = measured("subsamples", Samples(x), large)
    assert fallen.stderr == local.stderr
    assert "too few for subsamples" in fallen.diagnostics["stderr_from"]

    def broken(data):
        if data.n < 50:
            raise ValueError("a bug")
        return data.x[:, 0], {}

    assert not issubclass(ValueError, HarnessError)
    with pytest.raises(ValueError, match="a bug"):
        measured("subsamples", Samples(x), broken)


@pytest.mark.parametrize(
    ("value", "near", "error"),
    [(1.95, False, 0.3), (1.965, True, 0.3), (2.0 - 1e-7, True, 0.3), (2.0, True, None)],
)
def test_at_ninety_eight_percent_of_the_ceiling_an_estimate_says_so(value, near, error, caplog):
    given = Estimate(value, 0.3, diagnostics={"ceiling": 2.0})
    found = at_ceiling(given)
    assert (found.value, found.stderr) == (value, error)
    assert found.diagnostics == {"ceiling": 2.0} | ({"at_ceiling": True} if near else {})
    assert ("the truth may be any larger value" in caplog.text) is near


def test_rounding_below_the_ceiling_is_at_the_ceiling():
    given = Estimate(2.0 - 1e-9 * 2.0, 0.3, diagnostics={"ceiling": 2.0})
    assert at_ceiling(given).stderr is None
    high = Estimate(2e9 - 1.5, 0.3, diagnostics={"ceiling": 2e9})
    assert at_ceiling(high).stderr is None
