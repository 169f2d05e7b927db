"""How many threads the numeric libraries of a process use: set in one place, and put back.

How threads share a sum shows in its last digits, so that the same numbers on every machine need
the same number of threads there. Only the number that a run states counts: neither the environment,
nor the machine's cores, nor when a library was imported.
"""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import Any, Self

VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
"""What libraries that are loaded later read. Workers are started with them, and with `NUMBA`."""
NUMBA = "NUMBA_NUM_THREADS"
"""Read by numba once, as the most that it will ever use; so it is set for new processes only."""


class Threads:
    """Within ``with``, BLAS, OpenMP, torch and numba use ``count`` threads; then as many as before.

    Libraries that are imported within it are limited by `hold`, which costs next to nothing while
    nothing is imported; they never had another number, and keep ``count`` afterwards.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._modules = 0
        self._environment: dict[str, str | None] = {}
        self._pools: dict[str, tuple[Any, int]] = {}
        self._libraries: dict[str, int] = {}

    def __enter__(self) -> Self:
        self._environment = {name: os.environ.get(name) for name in VARIABLES}
        os.environ.update(dict.fromkeys(VARIABLES, str(self.count)))
        self.hold()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for name, value in self._environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        for pool, count in self._pools.values():
            pool.set_num_threads(count)
        for name, count in self._libraries.items():
            sys.modules[name].set_num_threads(count)
        self._modules, self._pools, self._libraries = 0, {}, {}

    def hold(self) -> None:
        """Limit the libraries that were loaded since the last call."""
        if len(sys.modules) == self._modules:
            return
        self._modules = len(sys.modules)
        import threadpoolctl

        # What torch says is what its OpenMP pool is set to: so it is asked before that is changed.
        found: list[tuple[str, Any]] = [
            (name, sys.modules.get(name))
            for name in ("torch", "numba")
            if name not in self._libraries
        ]
        for name, library in found:
            if hasattr(library, "set_num_threads"):
                self._libraries[name] = library.get_num_threads()
        for pool in threadpoolctl.ThreadpoolController().lib_controllers:
            if pool.filepath not in self._pools:
                self._pools[pool.filepath] = pool, pool.num_threads
                pool.set_num_threads(self.count)
        for name, library in found:
            if name in self._libraries and library is not None:
                most = library.config.NUMBA_NUM_THREADS if name == "numba" else self.count
                library.set_num_threads(min(self.count, most))
