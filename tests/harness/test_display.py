"""What a notebook shows: tables without more than their rows, figures where matplotlib is there."""

import numpy as np
import pytest

from harness import display, figures
from harness.outputs import Curve, Estimate, Selection
from harness.records import Records
from harness.testing import record

PNG = b"\x89PNG"


def test_records_are_a_table_that_says_what_is_left_out():
    shown = Records(record("t/t", "p/<e>", float(i), case=f"c{i:02}") for i in range(60))
    html = shown._repr_html_()
    assert html.count("<tr>") == 51
    assert "… and 10 more" in html
    assert "p/&lt;e&gt;" in html
    assert "p/<e>" not in html


def test_outputs_are_drawn():
    pytest.importorskip("matplotlib")
    curve = Curve([1.0, 2.0], [0.5, np.inf], "rate", "distortion")
    for output in (Estimate.from_local([1.0, 2.0]), Selection([2, 0], [0.5, 0.1]), curve):
        assert output._repr_png_().startswith(PNG)
        assert "<table>" in output._repr_html_() or "data:image/png" in output._repr_html_()
    assert Estimate(1.5)._repr_png_() is None
    assert "<td>1.5</td>" in Estimate(1.5)._repr_html_()


HEADS = {"heads": "[[0.5, 1.0, null], [1.5, 2.0, 0.0]]"}


def test_layers_by_heads_are_a_heat_map(monkeypatch):
    pytest.importorskip("matplotlib")
    drawn = []
    monkeypatch.setattr(display, "picture", lambda draw: drawn.append(draw) or figures.drawn(draw))
    several = Records(
        record("t/t", f"p/{name}", 1.0, case=f"c{i}", seed=seed, diagnostics=HEADS)
        for name in ("entropy", "share")
        for i in range(8)
        for seed in (0, 1)
    )
    assert "data:image/png" in several._repr_html_()
    assert list(drawn[0].keywords["panels"]) == [f"c{i}" for i in range(display.PANELS)]
    assert Estimate(1.0, diagnostics=HEADS)._repr_png_().startswith(PNG)
    np.testing.assert_equal(drawn[1].keywords["panels"][""], [[0.5, 1.0, np.nan], [1.5, 2.0, 0.0]])


@pytest.mark.parametrize("heads", [8, "8", "[]", "[[]]", "[[1], [1, 2]]", '[["a"]]', "many", "[8]"])
def test_diagnostics_of_another_shape_are_no_heat_map(heads):
    shown = Records([record("t/t", "p/e", 1.0, diagnostics={"heads": heads})])
    assert shown._repr_png_() is None
    assert "<img" not in shown._repr_html_()


def test_a_selection_without_gains_and_a_curve_without_matplotlib(monkeypatch):
    assert "<td>nan</td>" in Selection([2, 0])._repr_html_()
    assert Selection([2, 0])._repr_png_() is None
    monkeypatch.setattr(display, "picture", lambda draw: None)
    assert "<th>rate</th>" in Curve([1.0], [0.5], "rate", "distortion")._repr_html_()
