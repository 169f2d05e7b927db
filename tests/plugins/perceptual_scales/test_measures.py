"""Figures of scales, the report, and the plugin as a whole."""

import numpy as np
import pytest

import harness
from harness import DataError, Incompatible, Scale, near_triplets, stream
from harness.testing import record
from harness_perceptual_scales.measures import area_matching
from harness_perceptual_scales.reports.scales import Scales

X = np.linspace(0.0, 1.0, 13)
BENT = np.sqrt(X)


def estimate(name, **fields):
    data = Scale(**({"s": 1.0 + 4.0 * X, "psi": BENT} | fields))
    return harness.estimator(f"perceptual_scales/{name}").estimate(data, rng=stream(0))


def test_area_matching_identities():
    assert area_matching(X, BENT, BENT) == pytest.approx(1.0)
    assert area_matching(X, BENT, X) == pytest.approx(0.0)
    assert area_matching(X, BENT, 2 * X - BENT) == pytest.approx(-1.0)
    for c in (-0.5, 0.3, 1.7):
        assert area_matching(X, BENT, X + c * (BENT - X)) == pytest.approx(c)


def test_the_mismatch_is_the_distance_of_area_matching_to_1():
    for c in (-0.5, 0.3, 1.7):
        psi = X + c * 0.2 * X * (1 - X)
        value = estimate("area-mismatch", psi=psi, reference=X + 0.2 * X * (1 - X)).value
        assert value == pytest.approx(abs(c - 1))


@pytest.mark.parametrize("name", ["area-matching", "area-mismatch"])
def test_a_straight_reference_has_no_side(name):
    with pytest.raises(Incompatible, match="no side"):
        estimate(name, reference=X)


def test_areas_differences_and_lengths():
    assert estimate("scale-area", psi=X**2).value == pytest.approx(-1 / 6, abs=2e-3)
    found = estimate("scale-rmse", reference=BENT - 0.1 * X * (1 - X))
    assert found.value == pytest.approx(0.1 * np.sqrt(((X * (1 - X)) ** 2).mean()))
    assert found.diagnostics["largest"] == pytest.approx(0.025)
    assert estimate("fisher-length", length=4.0).value == 4.0
    assert estimate("scale-noise", noise=0.2).value == 0.2
    curve = estimate("scale-curve", stderr=0.1 * X)
    np.testing.assert_array_equal((curve.x, curve.y, curve.stderr), (1 + 4 * X, BENT, 0.1 * X))


def test_the_error_of_an_area():
    """Independent errors of the steps, by simulation."""
    rng = np.random.default_rng(0)
    stderr = 0.02 * X * (1 - X)
    areas = np.trapezoid(BENT + stderr * rng.normal(size=(4000, 13)) - X, X)
    assert estimate("scale-area", stderr=stderr).stderr == pytest.approx(areas.std(), rel=0.05)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("area-matching", "without a reference"),
        ("scale-likelihood", "no choices"),
        ("scale-noise", "no noise"),
        ("fisher-length", "no length"),
    ],
)
def test_what_a_scale_lacks_is_named(name, message):
    with pytest.raises(Incompatible, match=message):
        estimate(name)


def test_choices_stand_in_for_a_reference():
    triplets = near_triplets(13)
    i, j, k = triplets.T
    noise = np.random.default_rng(1).normal(scale=0.1, size=(400, 81))
    chosen = (BENT[k] - 2 * BENT[j] + BENT[i] + noise < 0).sum(0)
    fields = {"triplets": triplets, "chosen": chosen, "trials": np.full(81, 400)}
    assert estimate("scale-rmse", **fields).value < 0.01
    assert estimate("area-matching", **fields).value == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize(
    ("psi", "message"),
    [(2 * X, "normalized"), (X + 0.1, "normalized"), (np.r_[0.0, X[-2:0:-1], 1.0], "decreases")],
)
def test_scales_that_cannot_be_are_refused(psi, message):
    with pytest.raises(DataError, match=message):
        Scale(X, psi)


def curve_record(model, psi, stderr=None, case="pair", **more):
    curve = harness.Curve(X, psi, "s", "psi", stderr).plain()
    return record("perception/vacher", "perceptual_scales/scale-curve", None, case=case, models=(f"perceptual_scales/{model}",), diagnostics={"curve": curve}, **more)  # fmt: skip


def test_the_report_draws_a_panel_for_each_case():
    figure = pytest.importorskip("matplotlib.figure").Figure()
    rows = [curve_record("mlds", BENT, 0.02 * X), curve_record("pixel", X), curve_record("pixel", X**2, case="other")]  # fmt: skip
    document = Scales().make(rows)
    assert "| pair   |  0.707 |   0.500 |" in document.text
    document.draw(figure)
    panels = figure.axes
    assert [panel.get_title() for panel in panels] == ["pair", "other"]
    assert [len(panel.lines) for panel in panels] == [3, 2]
    assert len(panels[0].collections) == 1  # one band
    with pytest.raises(harness.UsageError, match="scale-curve"):
        Scales().make([])
