"""Dask as an engine: batches go to the processes of a scheduler, balanced as they become free."""

from __future__ import annotations

import contextlib
from typing import Any

from harness.errors import UsageError, needs
from harness.executors.placed import Batch, Died, Place, wants_gpu
from harness.units import Outcome

STARTING_S = 60
"""Seconds that a scheduler has to answer."""


class Dask:
    """An engine on the scheduler at ``address``, or on ``workers`` processes of this machine.

    Paths that ask for a GPU go to processes with the resource ``gpu`` (``dask worker ...
    --resources gpu=1``), each of which has one of them at a time; here ``gpu_workers`` have it.
    """

    share = 4

    def __init__(self, place: Place, workers: int, gpu_workers: int, address: str | None) -> None:
        distributed = needs("distributed", "infoharness[dask]")
        import dask
        from distributed.deploy.spec import SpecCluster

        self._place = place
        self._closing = contextlib.ExitStack()
        # A batch whose process died comes back at once: whom to blame is decided by `Placed`.
        self._closing.enter_context(dask.config.set({"distributed.scheduler.allowed-failures": 0}))
        try:
            if address is None:
                cluster = self._closing.enter_context(
                    SpecCluster(
                        workers={i: _process(i < gpu_workers) for i in range(workers)},
                        scheduler={
                            "cls": distributed.Scheduler,
                            "options": {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"},
                        },
                    )
                )
                address = cluster.scheduler_address
            self._client = self._closing.enter_context(
                distributed.Client(address, timeout=STARTING_S)
            )
            self._client.wait_for_workers(1, timeout=STARTING_S)
        except (OSError, TimeoutError, ValueError) as error:
            self.close()
            raise UsageError(f"--scheduler {address}: no Dask workers there ({error})") from None
        known = self._workers()
        self.slots = sum(worker["nthreads"] for worker in known)

    def _workers(self) -> list[dict[str, Any]]:
        return list(self._client.scheduler_info(n_workers=-1)["workers"].values())

    def submit(self, batches: list[Batch]) -> list[Any]:
        """Have batches performed, those for a GPU where one is."""
        if any(map(wants_gpu, batches)) and not any(w["resources"] for w in self._workers()):
            raise UsageError(
                "no Dask worker has the resource gpu; wanted dask worker ... --resources gpu=1"
            )
        return [
            self._client.submit(
                self._place.perform,
                batch,
                pure=False,
                resources={"gpu": 1} if wants_gpu(batch) else None,
            )
            for batch in batches
        ]

    def finished(self, jobs: list[Any]) -> list[Any]:
        """Wait for the first."""
        from distributed import wait

        return [job for job in jobs if job in wait(jobs, return_when="FIRST_COMPLETED").done]

    def result(self, job: Any) -> list[Outcome]:
        """What came of a batch. Raises `Died` where its process did."""
        from distributed import KilledWorker

        try:
            found: list[Outcome] = job.result()
        except KilledWorker as death:
            raise Died(f"Dask worker {death.last_worker.address}") from None
        return found

    def close(self) -> None:
        """End what was placed, and the processes where they are ours."""
        self._closing.close()


def _process(gpu: bool) -> dict[str, Any]:
    from distributed import Nanny

    resources = {"gpu": 1} if gpu else None
    options = {"nthreads": 1, "memory_limit": 0, "resources": resources, "dashboard": False}
    return {"cls": Nanny, "options": options}
