"""What a notebook shows: tables without more than their rows, figures where matplotlib is there."""

import numpy as np
import pytest

from harness import display
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


def test_a_selection_without_gains_and_a_curve_without_matplotlib(monkeypatch):
    assert "<td>nan</td>" in Selection([2, 0])._repr_html_()
    assert Selection([2, 0])._repr_png_() is None
    monkeypatch.setattr(display, "picture", lambda draw: None)
    assert "<th>rate</th>" in Curve([1.0], [0.5], "rate", "distortion")._repr_html_()
