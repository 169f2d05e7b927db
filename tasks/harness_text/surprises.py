"""Tables of surprises that others measured, such as those of Ethayarajh et al. 2022.

Their files have a row for each example: ``label``, ``predicted_label``, and in bits ``H_yb`` (the
surprise of the null) and ``H_yx`` (that of the model). PVI is the difference.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import numpy as np

from harness import Bools, Case, Floats, Ints, LabelLogProbabilities, UsageError
from harness_text import tables
from harness_text.settings import Surprises


class PVITable(Surprises):
    """One case: the rows of a file, as log-probabilities.

    The files say what the model gives the right class, and which class is likeliest. The rest of
    the probability goes to the likeliest class where that is wrong, else to the others alike: PVI
    and accuracy are those of the file, a calibration error is not.
    """

    def cases(self, *, seed: int) -> Iterable[Case]:
        """The case. Raises `UsageError` without a path, and where the file does not exist."""
        if not self.path or not tables.is_file(self.path):
            raise UsageError("pvi-table.path: no file; wanted --set pvi-table.path=FILE.csv")
        name = Path(self.path).name
        stamp = tables.digest([self.path])
        yield Case(name, partial(self._load), facts={"data": name}, stamp=stamp)

    def _load(self) -> LabelLogProbabilities:
        table = tables.read_files({"": self.path})

        labels, predicted = self._column(table, "label"), self._column(table, "predicted")
        classes = tuple(sorted({*labels, *predicted}))
        if len(classes) < 2:
            raise UsageError(f"{self.path}: the one class {classes[0]!r}; wanted at least two")
        y = np.array([classes.index(name) for name in labels], np.int64)
        likeliest = np.array([classes.index(name) for name in predicted], np.int64)
        return LabelLogProbabilities(
            spread(self._surprise(table, "full"), y, likeliest, len(classes)),
            spread(self._surprise(table, "null"), y, None, len(classes)),
            y,
            classes,
            np.ones(len(y), bool),
            np.arange(len(y)),
        )

    def _column(self, table: tables.Table, setting: str) -> list[str]:
        name = getattr(self, setting)
        return [str(v) for v in table.column(name, self.path, f"pvi-table.{setting}")]

    def _surprise(self, table: tables.Table, setting: str) -> Floats:
        """The surprises in nats ``(n,)``. Raises `UsageError` for what is none."""
        cells = self._column(table, setting)
        out = np.empty(len(cells))
        for row, cell in enumerate(cells):
            try:
                out[row] = float(cell)
            except ValueError:
                out[row] = math.nan
            if not 0 <= out[row] < math.inf:
                raise UsageError(
                    f"{table.places[row]}: {cell!r} in {getattr(self, setting)!r}; wanted a "
                    "surprise of 0 bits or more"
                )
        return out * math.log(2.0)


def spread(surprise: Floats, y: Ints, likeliest: Ints | None, k: int) -> Floats:
    """Log-probabilities ``(n, k)`` with ``-surprise`` for the class ``y`` of each row.

    The rest goes to the ``likeliest`` class where it is another one, else to all others alike.
    """
    n = len(y)
    rows = np.arange(n)
    own = np.exp(-surprise)
    out = np.tile(((1.0 - own) / (k - 1))[:, None], (1, k))
    if likeliest is not None:
        wrong: Bools = likeliest != y
        out[wrong] = 0.0
        out[rows[wrong], likeliest[wrong]] = 1.0 - own[wrong]
    with np.errstate(divide="ignore"):
        logs = np.maximum(np.log(out), -1e3)
    logs[rows, y] = -surprise
    return logs
