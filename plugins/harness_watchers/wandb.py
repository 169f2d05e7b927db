"""Weights & Biases: a run of the harness is a run, each result a step of its history."""

from __future__ import annotations

import os
from typing import Any

from harness import HarnessError, Record, needs
from harness_watchers.describing import Series, facts, figures, parameters

PROJECT = "harness"


class WeightsAndBiases:
    """``where`` is a project; without one, ``WANDB_PROJECT`` or "harness".

    All other settings are the user's: ``WANDB_MODE``, ``WANDB_DIR``, ``WANDB_API_KEY``.
    """

    def __init__(self, where: str, total: dict[str, int], cached: int) -> None:
        self._wandb = wandb = needs("wandb", "infoharness[wandb]")
        if wandb.setup().settings.mode == "online" and not wandb.login(prompt=False):
            raise HarnessError("no API key; wanted `wandb login`, or WANDB_MODE=offline")
        self._series, self._steps = Series(), 0
        self._rows: list[dict[str, Any]] = []
        self._run = wandb.init(
            project=where or os.environ.get("WANDB_PROJECT", PROJECT),
            config={"tasks": total, "cached": cached},
            # Standard output stays the table's, and a run that the user has opened stays theirs.
            settings=wandb.Settings(silent=True, console="off", reinit="create_new"),
        )

    def send(self, record: Record) -> None:
        """A step: figures under the name of their series, facts and parameters beside them."""
        name, _ = self._series.place(record)
        numbers, texts, settings = figures(record), facts(record), parameters(record)
        self._steps += 1
        self._run.log(
            {
                **{f"{name}/{figure}": value for figure, value in numbers.items()},
                **{f"result/{fact}": text for fact, text in texts.items()},
                **{f"parameters/{label}": value for label, value in settings.items()},
            },
            step=self._steps,
        )
        self._rows.append({**texts, **settings, **numbers})

    def finish(self, summary: dict[str, Any]) -> None:
        """All results as one table, and the counts."""
        columns = list(dict.fromkeys(name for row in self._rows for name in row))
        cells = [[row.get(name) for name in columns] for row in self._rows]
        self._run.log({"results": self._wandb.Table(columns=columns, data=cells)})
        self._run.summary.update(summary)
        self._run.finish()
