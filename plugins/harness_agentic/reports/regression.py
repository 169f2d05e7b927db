"""What goes with accuracy, family or size: ``harness report agentic/regression RECORDS``.

Records of `answer-accuracy` whose compressions models made are read. The accuracy of each is
regressed, by least squares, on the decimal logarithms of the numbers of parameters of compressor
and predictor, and on their families. The paper's order is family, compressor, predictor (fig. 17).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from tabulate import tabulate

from harness import Document, Finding, Floats, Ints, Record, Records, UsageError
from harness.tables import counted

ROLES = ("compressor", "predictor")
VARY = (
    "Several sizes and families come from runs with different settings: tiny-compressor.width and "
    ".layers, hf-compressor.model and .predictor, or hf-research.workers and .predictor."
)
"""Which settings make records that differ in what is regressed on."""


@dataclass(frozen=True)
class Regression:
    """The table of coefficients, and the slopes of both sizes."""

    def make(self, records: Records) -> Document:
        """Coefficients with 95 % intervals; the slopes of both sizes as findings, one number each.

        Raises `UsageError` for records that do not say which models worked, or for no more pairs of
        models than coefficients.
        """
        ended = records.where(status="ok")
        rows = told(ended)
        names, x, left_out = design(rows)
        y = np.array([row["accuracy"] for row in rows])
        groups = np.unique([row["group"] for row in rows], return_inverse=True)[1]
        found = fit(x, y, groups)
        table = tabulate(
            [
                (name, value, f"{value - half:.3g} to {value + half:.3g}")
                for name, value, half in zip(names, found.values, found.halves, strict=True)
            ],
            ("accuracy =", "coefficient", "95 % interval"),
            "github",
            ".3g",
        )
        of = f"{counted(len(y), 'record')} of {found.groups} pairs of models"
        text = f"{table}\n\nR² {found.r2:.3f}, {of}."
        if left_out:
            text += f"\n\nThese records have no coefficient for {'; '.join(left_out)}. {VARY}"
        if unsaid := without(ended):
            text += f"\n\nLeft out: {unsaid}."
        findings = tuple(
            Finding(name, (float(value),), paper="positive", sign=1)
            for name, value in zip(names, found.values, strict=True)
            if name.startswith("log10")
        )
        return Document(text, findings, None)


@dataclass(frozen=True)
class Fit:
    """Coefficients ``(k,)``, half widths of their 95 % intervals, R² and the number of groups."""

    values: Floats
    halves: Floats
    r2: float
    groups: int


def told(records: Iterable[Record]) -> list[dict[str, Any]]:
    """Accuracy, family and size of both models of each record that states them.

    Raises `UsageError` where none does; it says what the records lack.
    """
    rows, given = [], list(records)
    for record in given:
        said = record.diagnostics
        if not _states(record):
            continue
        row: dict[str, Any] = {"accuracy": record.value}
        for role in ROLES:
            row[role] = str(said[role])
            row[f"{role} size"] = math.log10(float(said[f"{role}_weights"]))
        # Runs of one pair of models on other questions and seeds are no new pair.
        row["group"] = repr((record.models, record.params["models"]))
        rows.append(row)
    if not rows:
        raise UsageError(
            f"no record of answer-accuracy that ended well says which models compressed and "
            f"answered, and their sizes; found {without(given) or 'no such record'}; wanted runs "
            f"of tiny-compressor, hf-compressor or hf-research. {VARY}"
        )
    return rows


def without(records: Iterable[Record]) -> str:
    """How many records state no sizes of models, and why; empty where all do."""
    lacking = [record for record in records if not _states(record)]
    reasons = []
    if unmade := [record for record in lacking if not record.models]:
        tasks = ", ".join(sorted({record.task for record in unmade}))
        reasons.append(
            f"{counted(len(unmade), 'record')} of compressions that no model made ({tasks})"
        )
    if older := [record for record in lacking if record.models]:
        models = ", ".join(sorted({record.models[-1] for record in older}))
        reasons.append(
            f"{counted(len(older), 'record')} of {models} without sizes, which older versions did "
            "not keep (to run a board's again: harness board run BOARD --estimator answer-accuracy)"
        )
    return " and ".join(reasons)


def _states(record: Record) -> bool:
    sizes = all(f"{role}_weights" in record.diagnostics for role in ROLES)
    return record.value is not None and sizes


def design(rows: Sequence[dict[str, Any]]) -> tuple[list[str], Floats, list[str]]:
    """Names and columns of the regression, and what cannot be told, and why.

    A family is told from the first by name. A column that the others give is left out.
    """
    names, columns, left_out = ["constant"], [np.ones(len(rows))], []
    wanted: list[tuple[str, Floats]] = []
    for role in ROLES:
        size = np.array([row[f"{role} size"] for row in rows])
        wanted.append((f"log10 of the {role}'s parameters", size))
        first, *others = sorted({row[role] for row in rows})
        if not others:
            left_out.append(f"the {role}'s family (the same in all records: {first})")
        wanted += [
            (
                f"{role} {family}, not {first}",
                np.array([float(row[role] == family) for row in rows]),
            )
            for family in others
        ]
    for name, column in wanted:
        spread = column - column.mean()
        known = np.column_stack(columns)
        rest = spread - known @ np.linalg.lstsq(known, spread, rcond=None)[0]
        if np.linalg.norm(spread) < 1e-9:
            left_out.append(f"{name} (the same in all records: {10 ** column[0]:,.0f})")
        elif np.linalg.norm(rest) < 1e-9 * np.linalg.norm(spread):
            left_out.append(f"{name} (it follows from those above)")
        else:
            names.append(name)
            columns.append(column)
    return names, np.column_stack(columns), left_out


def fit(x: Floats, y: Floats, groups: Ints) -> Fit:
    """Least squares of ``y (n,)`` on ``x (n, k)``, with errors that groups share.

    The covariance is the sandwich over ``groups (n,)`` with the factor G/(G - 1) (n - 1)/(n - k)
    and t quantiles of G - 1 degrees of freedom (K.-Y. Liang and S. Zeger, Biometrika 1986; A. C.
    Cameron and D. L. Miller, J. Human Resources 2015).

    Raises `UsageError` where there are no more groups than coefficients.
    """
    from scipy import stats

    (n, k), count = x.shape, int(groups.max()) + 1
    if count <= k:
        raise UsageError(
            f"{count} pairs of models for {k} coefficients; wanted records of more pairs than that"
        )
    values, *_ = np.linalg.lstsq(x, y, rcond=None)
    residuals = y - x @ values
    scores = np.zeros((count, k))
    np.add.at(scores, groups, x * residuals[:, None])
    bread = np.linalg.pinv(x.T @ x)
    factor = count / (count - 1) * (n - 1) / (n - k)
    errors = np.sqrt(np.diag(factor * bread @ scores.T @ scores @ bread))
    spread = float(((y - y.mean()) ** 2).sum())
    r2 = 1 - float((residuals**2).sum()) / spread if spread > 0 else 0.0
    return Fit(np.asarray(values, np.float64), stats.t.ppf(0.975, count - 1) * errors, r2, count)
