"""Estimators of other plugins on preferences, by plan alone."""

import math

import pytest

import harness

TREES = {"height": 7, "noises": (0.3,), "budgets": (120,), "structures": ("polynomial",)}
PLANS = [
    ("classics/ksg", ("margin-pairs",), {}),
    ("classics/ross", ("margin-pairs",), {"margin-pairs": {"shown": "label"}}),
    ("neural/infonce", ("margin-pairs",), {"infonce": {"steps": 20, "hidden": (8,), "batch": 16}}),
    ("netinfof/nui", ("prefix-vectors",), {}),
    ("wireless_pvi/pvi", ("bt-map", "preference-probabilities"), {}),
    ("superposition/two-nn", ("margin-pairs",), {}),
]


@pytest.mark.parametrize(("name", "models", "params"), PLANS, ids=[plan[0] for plan in PLANS])
def test_other_plugins_run_on_preferences_by_plan_alone(name, models, params):
    (record,) = harness.run(
        tasks=("preferences/prefix-trees",), models=("chain", *models), estimators=(name,),
        params=params | {"prefix-trees": TREES},
    )  # fmt: skip
    assert record.cause is None
    assert math.isfinite(record.value)


@pytest.mark.parametrize(("name", "shown"), [("ksg", "margin"), ("ross", "label")])
def test_the_information_of_an_annotation_is_found(name, shown):
    """Known in closed form for margins, and by quadrature for labels."""
    found = harness.run(
        tasks=("preferences/known-margins",), estimators=(f"classics/{name}",),
        params={"known-margins": {"n": 1000}},
    )  # fmt: skip
    mine = [record for record in found if shown in record.case]
    assert len(mine) == 3
    for record in mine:
        assert abs(record.value - record.truth) < 5 * record.stderr, record.case
