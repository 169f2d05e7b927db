"""Measures of point clouds and the information gap, written out with full matrices."""

import math

import numpy as np
import pytest
import scipy.optimize

from harness import Environments, Incompatible, Samples, Split
from harness_msc.gap import InformationGap, fit
from harness_msc.measures import Diversity, Efficiency, Entropy, Novelty, Overlap

RNG = np.random.default_rng
H = 0.7


def kernel(y, x):
    return np.exp(-((y[:, None] - x) ** 2).sum(2) / (2 * H * H))


def test_entropy_diversity_and_efficiency_with_their_notes():
    x = RNG(0).normal(size=(40, 2))
    sums = kernel(x, x).sum(1)
    entropy, diversity = -np.log(sums / 40).mean(), math.log((1 / sums).sum())
    found = Entropy(h=H).estimate(Samples(x))
    assert found.value == pytest.approx(entropy)
    np.testing.assert_allclose(found.local, -np.log(sums / 40))
    facts = {"n": 40, "ln_n": math.log(40), "h": H}
    assert found.diagnostics == facts | {"efficiency": pytest.approx(entropy / math.log(40))}
    spread = Diversity(h=H).estimate(Samples(x))
    assert spread.value == pytest.approx(diversity)
    assert spread.diagnostics == facts | {"distinct": pytest.approx(math.exp(diversity))}
    share = Efficiency(h=H).estimate(Samples(x))
    assert share.value == pytest.approx(entropy / math.log(40))
    assert share.diagnostics == facts | {"entropy": pytest.approx(entropy)}


def test_few_points():
    """One point has no entropy and no efficiency; two far ones have all of ln 2, and no more."""
    one = Environments(np.zeros((1, 2)), [0, 1])
    found = Entropy(h=H).estimate(one)
    assert found.value == 0.0
    assert "efficiency" not in found.diagnostics
    with pytest.raises(Incompatible, match="at least two"):
        Efficiency(h=H).estimate(one)
    two = Samples(np.array([[0.0], [1.0]]))
    sums = kernel(two.x, two.x).sum(1)
    wanted = -np.log(sums / 2).mean() / math.log(2)
    assert Entropy(h=H).estimate(two).diagnostics["efficiency"] == pytest.approx(wanted)
    assert Efficiency(h=H).estimate(two).value == pytest.approx(wanted)
    for n in range(2, 60):
        far = Samples(1e3 * np.arange(n)[:, None])
        assert 1 - 1e-12 < Efficiency(h=H).estimate(far).value <= 1.0


def test_novelty_and_overlap_of_the_test_part_and_of_each_unit():
    x = RNG(1).normal(size=(30, 2))
    split = Split(np.arange(20), np.arange(20, 30))
    values = -np.log(kernel(x[20:], x[:20]).sum(1))
    exact = Novelty(h=H).estimate(Samples(x, split=split)).local
    eps = float(np.sort(exact)[6])  # six are below; the seventh is not
    found = Novelty(h=H, eps=eps).estimate(Samples(x, split=split))
    np.testing.assert_allclose(found.local, values)
    assert found.value == pytest.approx(values.mean())
    facts = {"h": H, "n": 10, "given": 20, "of": "test given train", "eps": eps}
    assert found.diagnostics == facts | {"overlap": 0.6}
    covered = Overlap(h=H, eps=eps).estimate(Samples(x, split=split))
    assert covered.value == 0.6
    assert covered.local.tolist() == (exact < eps).astype(float).tolist()
    assert covered.diagnostics == facts

    units = Environments(x, [0, 12, 13, 30])
    of = np.repeat([0, 1, 2], [12, 1, 17])
    apart = kernel(x, x) * (of[:, None] != of)
    each = Novelty(h=H).estimate(units)
    np.testing.assert_allclose(each.local, -np.log(apart.sum(1)))
    assert {k: each.diagnostics[k] for k in ("n", "given", "of")} == {
        "n": 30,
        "given": 30,
        "of": "each unit given all others",
    }
    with pytest.raises(Incompatible, match="at least two"):
        Novelty(h=H).estimate(Environments(x, [0, 30]))
    two = Novelty(h=H).estimate(Environments(x, [0, 12, 30]))
    np.testing.assert_allclose(two.local[:12], -np.log(kernel(x[:12], x[12:]).sum(1)))


def test_the_gap_is_that_of_a_fit_to_means_over_subsets():
    """The same draws and entropies by full matrices, and a fit by SciPy."""
    n, points, repeats = 70, 6, 4
    x = RNG(2).normal(size=(n, 2))
    rng, sizes, means = RNG(3), np.round(np.geomspace(8, n, points)).astype(int), []
    for m in sizes:
        subsets = [x[rng.permutation(n)[:m]] for _ in range(1 if m == n else repeats)]
        means.append(np.mean([-np.log(kernel(s, s).mean(1)).mean() for s in subsets]))
    u = np.log(sizes) ** 2
    (a, b, c), _ = scipy.optimize.curve_fit(
        lambda u, a, b, c: a - b * np.exp(-c * u), u, means, (3.0, 3.0, 1 / u.max())
    )
    left = np.sqrt(np.mean((a - b * np.exp(-c * u) - means) ** 2))
    found = InformationGap(h=H, points=points, repeats=repeats).estimate(Samples(x), rng=RNG(3))
    facts = {"a": a, "b": b, "c": c, "fit_rmse": left, "entropy": means[-1], "h": H, "n": n}
    assert dict(found.diagnostics) == pytest.approx(facts, rel=1e-5)
    ceiling = a - b * math.exp(-c * math.log(1e12) ** 2)
    assert found.value == pytest.approx(ceiling - means[-1], rel=1e-5)


def test_a_curve_that_is_slow_has_not_reached_its_ceiling(monkeypatch):
    """Complete are 10^12 points: of a curve with c = 0.001 a share of 0.47 of b is left then."""
    monkeypatch.setattr("harness_msc.gap.fit", lambda *_: (5.0, 2.0, 0.001, 0.0))
    found = InformationGap(h=H).estimate(Samples(RNG(0).normal(size=(40, 1))), rng=RNG(0))
    left = math.exp(-0.001 * (12 * math.log(10)) ** 2)
    assert found.value == pytest.approx(5.0 - 2.0 * left - found.diagnostics["entropy"])


def test_a_slow_curve_is_found():
    n = np.geomspace(8, 1e4, 8)
    a, b, c, error = fit(n, 7.0 - 5.0 * np.exp(-0.002 * np.log(n) ** 2))
    assert (a, b, c) == pytest.approx((7.0, 5.0, 0.002), rel=1e-6)
    assert error < 1e-9


def test_the_search_spans_three_decades_on_either_side():
    """In units of 1/(ln n_max)^2: found near either end of the grid, refused beyond the lower."""
    n = np.geomspace(8, 1e4, 10)
    u = np.log(n) ** 2

    def curve(c):
        return 3.0 - np.exp(-c * (u - u.min()) / u.max())

    for place in (2e-3, 5e2):
        assert fit(n, curve(place))[2] == pytest.approx(place / u.max(), rel=1e-3)
    for place in (1e-4, 1.02e-3):  # the second is nearer to the end of the grid than to the next
        with pytest.raises(Incompatible, match="without a sign of a ceiling"):
            fit(n, curve(place))
    few = np.geomspace(1.5, 1e4, 10)
    with pytest.raises(Incompatible, match="does not grow smoothly"):
        fit(few, 3.0 - np.exp(-2e3 * (np.log(few) / np.log(1e4)) ** 2))


def test_who_is_too_small_and_what_does_not_grow():
    x = RNG(4).normal(size=(32, 1))
    assert InformationGap(h=0.1).estimate(Samples(x), rng=RNG(0)).diagnostics["n"] == 32
    with pytest.raises(Incompatible, match="there are 31"):
        InformationGap(h=0.1).estimate(Samples(x[1:]), rng=RNG(0))
    n = np.geomspace(8, 1e4, 10)
    with pytest.raises(Incompatible, match="the entropy is 2 nats at every size"):
        fit(n, np.full(10, 2.0))
    small = 2.0 - 1e-6 * np.exp(-(np.log(n) ** 2) / 30)
    assert fit(n, small)[1] == pytest.approx(1e-6, rel=1e-4)
