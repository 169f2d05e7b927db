"""Loss over data and size: laws only where the points determine them, and curves that fall."""

import dataclasses
import re

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("scipy")

import harness
from harness import Incompatible, Records, UsageError, reports
from harness_wireless_pvi.reports.scaling import Loss, Scaling, fit
from harness_wireless_pvi.scaling import nested

from .conftest import RNG, estimate, lamps

SIZES = [60.0 * 2**k for k in range(7)]
SMALL = {"layers": 1, "width": 16, "steps": 48, "batch": 16, "learning_rate": 1e-2}


def curves(losses):
    """Positions to losses, for ``losses (seeds, positions)``."""
    return {
        n: [Loss(seed, value) for seed, value in enumerate(at)]
        for n, at in zip(SIZES, losses.T, strict=False)
    }


def law(function, scatter, rng, sizes=SIZES, seeds=3):
    return fit(
        {n: [Loss(s, function(n) + scatter * rng.normal()) for s in range(seeds)] for n in sizes}
    )


def power(n):
    return 0.4 + 3.0 * n**-0.5


def test_a_law_without_scatter_is_found():
    found = law(power, 0.0, RNG(0))
    assert found.stated
    assert found.exponent == pytest.approx(0.5, rel=0.01)
    assert found.offset == pytest.approx(0.4, abs=0.003)
    assert found.at(np.array([500.0])) == pytest.approx(power(500.0), abs=1e-3)


def share_held(found, which, truth):
    return np.mean([low <= truth <= high for low, high in (getattr(f, which) for f in found)])


def least_held(sets):
    """90 % of so many sets of points, less three binomial errors."""
    return 0.9 - 3 * np.sqrt(0.9 * 0.1 / sets)


def test_intervals_hold_the_truth_as_often_as_they_say():
    rng = RNG(1)
    found = [law(power, 0.004, rng) for _ in range(200)]
    assert all(law.stated for law in found)
    for which, truth in (("exponents", 0.5), ("offsets", 0.4)):
        assert least_held(200) < share_held(found, which, truth) < 0.99


def test_seeds_that_bend_as_wholes_count_as_one_each():
    """Errors that a seed has in common along its curve: the intervals hold the truth all the same.

    The same losses, dealt among the seeds as if all were independent, have the same means and
    shorter intervals, which hold the truth far too seldom.
    """
    rng, found, dealt = RNG(2), [], []
    bow = 0.01 * np.cos(2 * np.pi * np.arange(7) / 6)
    for _ in range(100):
        losses = power(np.array(SIZES)) + rng.normal(size=(3, 1)) * bow
        losses += 0.001 * rng.normal(size=(3, 7))
        found.append(fit(curves(losses)))
        dealt.append(fit(curves(rng.permuted(losses, axis=0))))
    for which, truth in (("exponents", 0.5), ("offsets", 0.4)):
        assert share_held(found, which, truth) > least_held(100)
        assert share_held(dealt, which, truth) < least_held(100)


def test_a_shift_of_a_whole_curve_widens_the_offset_alone():
    """Seeds with other test texts: as if without shift, but for the offset."""
    losses = power(np.array(SIZES)) + 0.002 * RNG(3).normal(size=(4, 7))
    shift = np.array([[-0.05], [0.02], [-0.01], [0.04]])  # of sum 0: the means stay
    here, there = fit(curves(losses)), fit(curves(losses + shift))
    assert there.exponents == pytest.approx(here.exponents)
    assert there.offset == pytest.approx(here.offset)
    # Student's t of 3 degrees of freedom at 95 %, times the standard error of the mean shift.
    wanted = 2.353 * shift.std(ddof=1) / 2
    assert (there.offsets[1] - there.offsets[0]) / 2 == pytest.approx(wanted, rel=0.2)


def test_too_few_seeds_have_neither_interval_nor_law():
    losses = power(np.array(SIZES)) + 0.002 * RNG(4).normal(size=(3, 7))
    assert fit(curves(losses)).stated
    two = fit(curves(losses[:2]))
    assert not two.stated
    assert np.isnan([*two.exponents, *two.offsets]).all()
    assert "2 independent seeds; wanted 3 or more" in str(two)
    assert "1 independent seed; wanted 3 or more" in str(fit(curves(losses[:1])))
    many = curves(losses[:1])
    again = {n: at * 5 for n, at in many.items()}  # one seed, counted five times
    assert "1 independent seed; wanted 3 or more" in str(fit(again))
    ragged = curves(losses) | {n: [Loss(7, power(n))] for n in SIZES[4:]}
    assert "4 positions without seed 7; wanted 5 or more" in str(fit(ragged))
    alone = {n: [Loss(s, power(n)) for s in (2 * k, 2 * k + 1)] for k, n in enumerate(SIZES)}
    assert "14 losses of 14 seeds; wanted 18 or more" in str(fit(alone))


@pytest.mark.parametrize(
    ("function", "scatter", "sizes", "why"),
    [
        (power, 0.004, SIZES[:4], "4 positions; wanted 5"),
        (power, 0.03, SIZES[2:], "fits about as well"),
        (lambda n: 0.7, 0.01, SIZES, "does not fall"),
        (lambda n: 0.7 + n / 1e5, 0.001, SIZES, "does not fall"),
        (lambda n: 2.0 - 0.1 * np.log(n), 0.001, SIZES, "do not follow"),
    ],
)
def test_no_law_is_stated_where_points_do_not_determine_one(function, scatter, sizes, why):
    for seed in range(5):
        found = law(function, scatter, RNG(seed), sizes)
        assert not found.stated
        assert why in str(found)


def test_smaller_sets_are_parts_of_larger_ones_with_classes_in_proportion():
    y = np.repeat([0, 1, 2], [40, 80, 200])
    rows = RNG(0).permutation(320)
    order = nested(y, rows, RNG(1))
    assert sorted(order) == sorted(rows)
    for n in (16, 40, 80, 160):
        assert (
            np.abs(np.bincount(y[order[:n]], minlength=3) - n * np.array([1, 2, 5]) / 8).max() < 2
        )


def losses(found):
    return {int(k[5:]): v for k, v in found.diagnostics.items() if k.startswith("loss_")}


def test_more_texts_lower_the_loss_to_that_of_the_law():
    """Topics with a tenth of wrong labels: no predictor is below ln 4 - I = 0.435 nats."""
    task = harness.task("known-v-information", n=1200, noise=(0.1,))
    (case,) = (c for c in task.cases(seed=0) if c.id == "topics-0.1")
    data = case.load()
    found = estimate("scaling-curve", data, points=4, **SMALL)
    at = losses(found)
    assert list(at) == [75, 150, 300, 600]
    assert at[75] - 0.1 > at[600] > np.log(4) - case.truth["v_information"] - 0.1
    train, test = data.y[data.split.train], data.y[data.split.test]
    null = -np.log(np.bincount(train) / 600)[test].mean()
    assert found.value == pytest.approx(null - at[600])
    wider = estimate("scaling-curve", data, points=2, **(SMALL | {"width": 32}))
    assert wider.diagnostics["weights"] > 3 * found.diagnostics["weights"]
    again = estimate("scaling-curve", data, points=2, **(SMALL | {"width": 32}))
    assert losses(again) == losses(wider)


def test_texts_that_say_nothing_do_no_worse_than_label_frequencies():
    """The family may ignore its input; without that choice the loss is far above ln 2."""
    data = lamps(240, test=120)
    data = dataclasses.replace(data, y=RNG(3).integers(2, size=240), wrong=None)
    found = estimate("scaling-curve", data, points=2, **SMALL)
    assert max(losses(found).values()) < np.log(2) + 0.15


def test_sets_that_are_too_small_are_refused():
    with pytest.raises(Incompatible, match="wanted fewer points"):
        estimate("scaling-curve", lamps(160), points=7, **SMALL)
    with pytest.raises(Incompatible, match="no train/test split"):
        estimate("scaling-curve", dataclasses.replace(lamps(60), split=None), **SMALL)


def test_from_records_to_report(tmp_path):
    """Made-up losses in real records: one network follows a law, the other is too noisy for one."""
    (record,) = harness.run(
        tasks=["known-v-information"],
        estimators=["scaling-curve"],
        params={
            "known-v-information": {"n": 60, "flips": (0.1,), "distances": (1.0,), "noise": (0.1,)},
            "scaling-curve": {"points": 2, "steps": 1, "layers": 1, "width": 16},
        },
    ).where(case="channel-0.1", status="ok")
    made = [
        dataclasses.replace(
            record,
            seed=seed,
            diagnostics={
                f"loss_{n:.0f}": power(n) + s * RNG([seed, int(n)]).normal() for n in SIZES
            }
            | {"weights": weights},
        )
        for weights, s in ((100, 1e-4), (900, 0.3))
        for seed in range(3)
    ]
    found = Scaling().make(Records(made))
    assert re.search(r"over texts, 100 weights: 0\.\d+ \+ .* x\^-0\.5", found.text)
    assert "over texts, 900 weights: no law:" in found.text
    assert "over weights, 3840 texts: no law: 2 positions; wanted 5 or more" in found.text
    assert f"{power(60.0):.3f}" in found.text
    assert "(90 % intervals over 3 seeds)" in found.text
    assert "3 independent groups: the losses of one seed share texts" in found.text
    assert "The 3 seeds have 1 data set between them: intervals are of training" in found.text
    own = [dataclasses.replace(r, fingerprint=f"sha256:{r.seed}") for r in made]
    assert "data set" not in Scaling().make(Records(own)).text
    reports.write(found, tmp_path / "s.png", "wireless_pvi/scaling")
    assert (tmp_path / "s.png").stat().st_size > 5000
    single = Scaling().make(Records([record])).text
    assert single.count("no law:") == 2
    assert "1 independent group: the losses of one seed share texts and count as one. No" in single
    with pytest.raises(UsageError, match="no losses in these records"):
        Scaling().make(Records([dataclasses.replace(record, diagnostics={})]))
