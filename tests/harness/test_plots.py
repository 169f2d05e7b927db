"""Figures of records: whole labels, the command inside, and what cannot be drawn."""

import re

import pytest

from harness import Quantity, UsageError, plots, reports
from harness.records import Records
from harness.tables.scale import Scale
from harness.testing import record

SCALE = Scale(lambda name: Quantity(name, "nats"), "nats")
LONG = "an-estimator-with-a-name-of-fifty-letters-or-more-x"
COMMAND = "harness plot values --case 'a b' --out x.png"


def made(estimator, case, value, seed=0, **more):
    return record(
        "t/task", f"e/{estimator}", key=f"{estimator}{case}{seed}", case=case, value=value,
        quantity="mutual_information", seed=seed, **more,
    )  # fmt: skip


VALUES = Records(
    [made(LONG, "x", v, s) for s, v in enumerate((1.0, 2.0, 3.0))]
    + [made("b", "x", 1.5, stderr=0.5, truth=1.0), made("b", "y", 2.0)]
)


def test_values_have_students_interval_over_seeds_and_the_estimators_own_of_one():
    text = plots.values(VALUES, SCALE).text.splitlines()
    # t(0.975, 2) = 4.3027 times 1 / sqrt(3)
    assert f"task: x: {LONG}: 2.000 [-0.4841, 4.484] nats" in text
    assert "task: x: b: 1.500 [0.5200, 2.480] nats" in text
    assert "task: y: b: 2.000 nats" in text


@pytest.mark.parametrize("kind", [".png", ".svg", ".html", ".pdf"])
def test_every_form_has_the_command_that_made_it(kind, tmp_path):
    pytest.importorskip("matplotlib")
    file = tmp_path / f"x{kind}"
    reports.write(plots.values(VALUES, SCALE), file, "values", COMMAND)
    held = file.read_bytes()
    escaped = COMMAND.replace("'", "&#x27;").encode()
    if kind == ".pdf":
        assert b"harness plot values" in held
    else:
        assert COMMAND.encode() in held or escaped in held


@pytest.mark.parametrize("figure", ["values", "across", "layers"])
def test_no_label_is_clipped(figure, tmp_path):
    """What is cut leaves ink at the edge."""
    image = pytest.importorskip("matplotlib.image")
    placed = Records(
        made(
            LONG, f"{rate}-{layer}", rate + layer, facts={"rate": rate, "layer": f"{layer}-{LONG}"}
        )
        for rate in (0.1, 0.5)
        for layer in range(3)
    )
    document = {
        "values": lambda: plots.values(VALUES, SCALE),
        "across": lambda: plots.across(placed, SCALE, "rate"),
        "layers": lambda: plots.layers(placed, SCALE),
    }[figure]()
    reports.write(document, tmp_path / "x.png", figure)
    ink = image.imread(tmp_path / "x.png")[..., :3] < 1
    assert ink.any()
    edges = (ink[:3], ink[-3:], ink[:, :3], ink[:, -3:])
    assert not any(edge.any() for edge in edges)


def test_what_cannot_be_drawn_is_said():
    with pytest.raises(UsageError, match="no result lies at a rate; these results have no coord"):
        plots.across(VALUES, SCALE, "rate")
    with pytest.raises(UsageError, match="no result has a layer"):
        plots.layers(VALUES, SCALE)
    with pytest.raises(UsageError, match="none of these results has a value"):
        plots.values(Records([]), SCALE)


def test_layers_are_sorted_as_people_count():
    placed = Records(made("b", str(i), float(i), facts={"layer": f"l{i}"}) for i in (10, 2, 1))
    text = plots.layers(placed, SCALE).text
    assert re.findall(r"layer (\w+)", text) == ["l1", "l2", "l10"]
