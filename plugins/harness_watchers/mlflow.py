"""MLflow: a run of the harness is a run, and each result a run nested in it."""

from __future__ import annotations

import os
import re
import time
from typing import Any

from harness import Record, needs
from harness_watchers.describing import facts, figures, parameters

INSTALL = "infoharness[mlflow]"
EXPERIMENT = "harness"
MOST = 100
"""Parameters that a request may have."""


class MLflow:
    """``where`` is a tracking URI; without one, MLflow's own settings hold."""

    def __init__(self, where: str, total: dict[str, int], cached: int) -> None:
        self._entities = needs("mlflow.entities", INSTALL)
        self._client = needs("mlflow", INSTALL).MlflowClient(tracking_uri=where or None)
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME", EXPERIMENT)
        known = self._client.get_experiment_by_name(name)
        self._experiment = known.experiment_id if known else self._client.create_experiment(name)
        self._run = self._open(", ".join(total), {"cached": str(cached)})

    def _open(self, name: str, tags: dict[str, str]) -> str:
        run = self._client.create_run(self._experiment, run_name=name, tags=_spelled(tags))
        return str(run.info.run_id)

    def _log(self, run: str, numbers: dict[str, float], settings: dict[str, str]) -> None:
        now = int(time.time() * 1e3)
        metrics = [self._entities.Metric(k, v, now, 0) for k, v in _spelled(numbers).items()]
        params = [self._entities.Param(k, v) for k, v in _spelled(settings).items()]
        self._client.log_batch(run, metrics=metrics, params=params[:MOST])
        for start in range(MOST, len(params), MOST):
            self._client.log_batch(run, params=params[start : start + MOST])

    def send(self, record: Record) -> None:
        """A nested run: parameters, metrics, and the rest as tags."""
        run = self._open(record.path, {"mlflow.parentRunId": self._run, **facts(record)})
        self._log(run, figures(record), parameters(record))
        self._client.set_terminated(run, "FAILED" if record.status.failed else "FINISHED")

    def finish(self, summary: dict[str, Any]) -> None:
        """Counts and seconds of the whole run."""
        counts = {f"status.{name}": count for name, count in summary["statuses"].items()}
        whole = {name: summary[name] for name in ("computed", "cached", "seconds")}
        self._log(self._run, {**counts, **whole}, {})
        stopped = "interrupted" in summary["statuses"]
        self._client.set_terminated(self._run, "KILLED" if stopped else "FINISHED")


def _spelled(named: dict[str, Any]) -> dict[str, Any]:
    """Names with no other characters than MLflow takes."""
    return {re.sub(r"[^\w.\-/: ]", "_", name): value for name, value in named.items()}
