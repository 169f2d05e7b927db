"""The claims as curves.

Panels, as far as there are records: F over dropout by width and site; F, accuracy and the learning
coefficient over training; F over the size of the attack by width, for each number of classes,
relative to its value without attack. Lines are means over seeds, bars reach from the least to the
greatest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from harness import Record

TASKS = ("dropout-parity", "grokking", "adversarial-digits")
Panel = tuple[str, Callable[[Any], None]]
"""A title, and what paints on the axes."""


def draw(figure: Any, found: Sequence[Panel]) -> None:
    """Paint the panels on an empty figure, side by side."""
    figure.set_size_inches(4.6 * len(found), 4.6)
    for axes, (title, paint) in zip(
        figure.subplots(1, len(found), squeeze=False)[0], found, strict=True
    ):
        paint(axes)
        axes.set_title(title)
        axes.grid(color="0.92")
        axes.set_axisbelow(True)


def panels(rows: Mapping[str, list[Record]]) -> list[Panel]:
    """The panels that the records of each task allow."""
    found: list[Panel] = []
    if dropout := rows["dropout-parity"]:
        found.append(("Dropout on sparse parity", partial(_dropout, rows=dropout)))
    if grokking := rows["grokking"]:
        found.append(("Grokking of modular addition", partial(_grokking, rows=grokking)))
    digits = rows["adversarial-digits"]
    for classes in sorted({r.facts["classes"] for r in digits}):
        chosen = [r for r in digits if r.facts["classes"] == classes]
        title = f"Adversarial training, {classes} classes"
        found.append((title, partial(_adversarial, rows=chosen)))
    return found


def _line(
    axes: Any, rows: Iterable[Record], across: str, value: Callable[[Record], Any], **style: Any
) -> Any:
    """Mean over everything at one place, and the range over it."""
    points: dict[Any, list[Any]] = defaultdict(list)
    for row in rows:
        points[row.facts[across]].append(value(row))
    x = sorted(points)
    y = np.array([np.mean(points[i]) for i in x])
    # A mean of equal numbers may round to just outside of them.
    span = np.maximum([y - [min(points[i]) for i in x], [max(points[i]) for i in x] - y], 0.0)
    return axes.errorbar(x, y, span, capsize=2, marker="o", ms=4, lw=1.6, elinewidth=0.8, **style)


def _legend(axes: Any, **more: Any) -> None:
    """Below the panel, where it hides no curve."""
    axes.legend(
        fontsize="small",
        ncols=2,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.16),
        frameon=False,
        **more,
    )


def _dropout(axes: Any, rows: list[Record]) -> None:
    for number, width in enumerate(sorted({r.facts["units"] for r in rows})):
        for site, dash in (("post", "-"), ("pre", "--")):
            chosen = [r for r in rows if (r.facts["units"], r.facts["site"]) == (width, site)]
            label = f"width {width}, {site}"
            if chosen:
                _line(
                    axes,
                    chosen,
                    "dropout",
                    lambda r: r.value,
                    ls=dash,
                    color=f"C{number}",
                    label=label,
                )
    axes.set_xlabel("rate of dropout")
    axes.set_ylabel("effective features F")
    _legend(axes)


def _grokking(axes: Any, rows: list[Record]) -> None:
    handles = [_line(axes, rows, "step", lambda r: r.value, color="C0", label="F")]
    axes.set_xlabel("step")
    axes.locator_params(axis="x", nbins=5)  # labels of five digits do not touch
    axes.set_ylabel("effective features F", color="C0")
    other = axes.twinx()
    with_coefficient = [r for r in rows if "learning_coefficient" in r.diagnostics]
    if with_coefficient:
        other.set_ylabel("learning coefficient", color="C1")
        handles.append(
            _line(
                other,
                with_coefficient,
                "step",
                _coefficient,
                color="C1",
                label="learning coefficient",
            )
        )
    measured = [r for r in rows if "accuracy" in r.diagnostics]
    if measured:
        top = 1.0 if not with_coefficient else max(map(_coefficient, with_coefficient))
        label = (
            "accuracy on unseen pairs" if top == 1.0 else f"accuracy on unseen pairs, × {top:.0f}"
        )
        handles.append(
            _line(
                other,
                measured,
                "step",
                lambda r: top * r.diagnostics["accuracy"],
                color="0.5",
                label=label,
            )
        )
    _legend(axes, handles=handles)


def _coefficient(record: Record) -> float:
    return float(record.diagnostics["learning_coefficient"])


def _adversarial(axes: Any, rows: list[Record]) -> None:
    for number, width in enumerate(sorted({r.facts["units"] for r in rows})):
        here = [r for r in rows if r.facts["units"] == width]
        starts = {r.seed: r.value for r in here if r.facts["epsilon"] == 0}
        relative = [r for r in here if r.seed in starts]
        for inputs, dash in (("clean", "-"), ("attacked", ":")):
            chosen = [r for r in relative if r.facts["inputs"] == inputs or r.facts["epsilon"] == 0]
            value = lambda r, starts=starts: r.value / starts[r.seed]  # noqa: E731
            _line(
                axes,
                chosen,
                "epsilon",
                value,
                ls=dash,
                color=f"C{number}",
                label=f"width {width}, {inputs}",
            )
    axes.axhline(1.0, color="0.6", lw=0.8)
    axes.set_xlabel("size of the attack, epsilon")
    axes.set_ylabel("F / F without attack")
    _legend(axes)
