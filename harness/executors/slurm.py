"""Slurm as an engine: an array of jobs by submitit, which runs them here where no Slurm is."""

from __future__ import annotations

import logging
import os
import subprocess
import time
from pathlib import Path
from typing import Any

from harness.errors import HarnessError, needs
from harness.executors.placed import Batch, Died, Place, wants_gpu
from harness.units import Outcome

POLL_S = 0.2
QUEUE_S = 5.0
"""Between two looks at Slurm's queue."""
MINUTES = 24 * 60
"""Of a job at most, where the environment does not say otherwise (``SBATCH_TIMELIMIT``)."""


class Slurm:
    """An engine on ``workers`` jobs at a time, with their logs in ``folder``.

    The variables of sbatch (``SBATCH_PARTITION``, ``SBATCH_ACCOUNT``, ``SBATCH_TIMELIMIT``) say the
    rest. ``cluster`` is a name that submitit knows; None is Slurm where it is installed, and
    processes of this machine elsewhere.
    """

    share = 1

    def __init__(
        self, place: Place, workers: int, folder: Path, cluster: str | None = None
    ) -> None:
        self._submitit = needs("submitit", "infoharness[slurm]")
        # It writes warnings to the standard output too, where the results of the run are.
        logging.getLogger("submitit").setLevel(logging.ERROR)
        self._place, self._folder, self._cluster = place, folder, cluster
        self._jobs: list[Any] = []
        self._left: set[str] = set()
        self._gone: set[str] = set()
        self._next = 0.0
        self.slots = workers

    def submit(self, batches: list[Batch]) -> list[Any]:
        """Send an array of jobs for each device."""
        made: list[Any] = [None] * len(batches)
        for gpu in (True, False):
            row = [i for i, batch in enumerate(batches) if wants_gpu(batch) is gpu]
            if not row:
                continue
            executor = self._submitit.AutoExecutor(self._folder, cluster=self._cluster)
            executor.update_parameters(
                name="harness",
                timeout_min=MINUTES,
                cpus_per_task=self._place.setup.threads,
                slurm_array_parallelism=self.slots,
                slurm_setup=[],
                gpus_per_node=int(gpu),
            )
            sent = executor.map_array(self._place.perform, [batches[i] for i in row])
            for i, job in zip(row, sent, strict=True):
                made[i] = job
        self._jobs += made
        return made

    def finished(self, jobs: list[Any]) -> list[Any]:
        """Wait for the first."""
        while not (done := [job for job in jobs if job.done() or job.job_id in self._gone]):
            time.sleep(POLL_S)
            if time.monotonic() >= self._next:
                self._next = time.monotonic() + QUEUE_S
                self._look({job.job_id for job in jobs})
        return done

    def _look(self, jobs: set[str]) -> None:
        """Find out which jobs left the queue: a Slurm without accounts never says that they died.

        They are gone when they are missing twice: a result may be seen later than its job ends.
        """
        if not any(isinstance(job, self._submitit.SlurmJob) for job in self._jobs):
            return
        words = ["squeue", "--noheader", "--array", "--format=%i", f"--user={os.getuid()}"]
        listed = subprocess.run(words, capture_output=True, text=True, check=False)
        if listed.returncode == 0:
            left = jobs - set(listed.stdout.split())
            self._gone |= left & self._left
            self._left = left

    def result(self, job: Any) -> list[Outcome]:
        """What came of a job. Raises `Died` where it left nothing."""
        core = self._submitit.core.utils
        if job.job_id in self._gone and not job.paths.result_pickle.exists():
            raise Died(f"job {job.job_id} left the queue; its log is {job.paths.stderr.name}")
        try:
            found: list[Outcome] = job.result()
        except core.FailedJobError as error:
            raise HarnessError(f"job {job.job_id}: {error}") from None
        except core.UncompletedJobError:
            raise Died(
                f"job {job.job_id}, {job.state}; its log is {job.paths.stderr.name}"
            ) from None
        return found

    def close(self) -> None:
        """Cancel the jobs that have not ended."""
        for job in self._jobs:
            if not job.done():
                job.cancel(check=False)
