"""What shows only after the call, after many calls, or on more data than the samples have."""

from __future__ import annotations

import dataclasses
import functools
import gc
import sys
import time
import tracemalloc
from collections.abc import Callable

import numpy as np

from harness.errors import DataError, Incompatible
from harness.kinds import Kind
from harness.seeds import stream
from harness.testing.contents import contents, difference
from harness.testing.report import Failed, ensure
from harness.testing.subject import Subject, copied

CALLS, BUDGET = 60, 0.3
"""Calls one after the other; fewer, but four at least, where these take more seconds."""
LEAK = 256
"""Bytes that may stay with each call: more than a few numbers and names, less than the data."""


def side_effects(subject: Subject) -> None:
    """A call leaves its process as it found it."""
    left = subject.left()
    ensure(
        not left,
        f"{subject.name}, after a call",
        f"leaves {'; '.join(left[:3])}",
        "a process as it was: settings put back, files removed, threads joined, words to "
        "logging.getLogger('harness.NAME')",
    )


def later_calls(subject: Subject) -> None:
    """The sixtieth call gives what the first gave."""
    call, changed, _, _ = _repeated(subject)
    ensure(
        not changed,
        f"{subject.name}, call {call} with equal data and seed",
        changed,
        "equal outputs: no state from one call to the next",
    )


def memory(subject: Subject) -> None:
    """What is allocated in a call is freed after it."""
    calls, _, size, where = _repeated(subject)
    ensure(
        size < LEAK,
        f"{subject.name}, over {calls} calls with equal data",
        f"keeps {size:.0f} bytes more with each, allocated at {where}",
        "memory that is freed after a call; caches of a fixed size",
    )


@functools.lru_cache(maxsize=1)
def _repeated(subject: Subject) -> tuple[int, str, float, str]:
    """Many equal calls: their number, what changed, bytes that stay with each, and from where.

    Where the second call differs already, that is for the check 'equal-seeds' to say.
    """
    data, output = subject.settled()
    wanted, changed = contents(output), ""
    judged = not difference(wanted, contents(subject.again))
    calls, sizes = 0, np.zeros(CALLS, np.int64)
    gc.collect()
    gc.freeze()  # what is there already need not be looked at again after every call
    tracemalloc.start()
    try:
        before, start = tracemalloc.take_snapshot(), time.perf_counter()
        while calls < 4 or (calls < CALLS and time.perf_counter() - start < BUDGET):
            output = subject.run(copied(data))
            changed = difference(wanted, contents(output)) if judged else ""
            del output
            _clear_caches()
            gc.collect()
            sizes[calls] = tracemalloc.get_traced_memory()[0]
            calls += 1
            if changed:
                break
        # The first half of the calls may fill caches; all others keep as much at least.
        size = float(np.diff(sizes[:calls])[calls // 2 - 1 :].min()) if calls > 3 else 0.0
        where = "" if size < LEAK else _place(before)
    finally:
        tracemalloc.stop()
        gc.unfreeze()
    return calls + 2, changed, size, where


# The interpreter's own cache of attributes, which grows by the names that are looked up.
_clear_caches: Callable[[], None] = getattr(
    sys, "_clear_internal_caches", getattr(sys, "_clear_type_cache", int)
)


def _place(before: tracemalloc.Snapshot) -> str:
    """The line of code that allocated most of what was not there before."""
    most = max(
        tracemalloc.take_snapshot().compare_to(before, "lineno"), key=lambda one: one.size_diff
    )
    return f"{most.traceback[0].filename}:{most.traceback[0].lineno}"


def large_data(subject: Subject) -> None:
    """What holds for small samples holds for larger ones, of sizes at random, the last above 2,000.

    Sizes at which the method would take too long are left out: its time is taken to grow with
    the square of n.
    """
    data, _ = subject.settled()
    last, took = max(data.n, 1), subject.timed(data)[1]
    sizes = stream(0, "conformance", "large", subject.name)
    for low, high in ((100, 300), (500, 1000), (2100, 2600)):
        n = int(sizes.integers(low, high))
        if took * (n / last) ** 2 > BUDGET:
            return
        try:
            last, took = n, subject.timed(subject.sized(n))[1]
            broken = _broken(subject, functools.partial(subject.sized, n))
        except (DataError, Incompatible):
            return
        except Exception as error:
            raise Failed(
                f"{subject.name} on a {subject.kind.__name__} of {n} units",
                f"{type(error).__name__}: {error}",
                "an output, or harness.Incompatible with the reason",
            ) from error
        # What is broken on few units too is for the checks of these to say.
        known = _broken(subject, lambda: subject.settled()[0]) if broken else {}
        for wanted, found in broken.items():
            ensure(wanted in known, f"{subject.name} on {n} units, run again", found, wanted)


def _broken(subject: Subject, make: Callable[[], Kind]) -> dict[str, str]:
    """What is wanted and not so on data of a size, each with what is found."""
    data, found = make(), {}
    output = contents(subject.run(data))
    if dataclasses.replace(data).fingerprint() != make().fingerprint():
        found["data that are only read"] = "changed its input"
    if changed := difference(output, contents(subject.run(make()))):
        found["equal outputs: all randomness from rng, no state"] = changed
    elif "deterministic" in subject.spec.traits and (
        changed := difference(output, contents(subject.run(make(), 1)))
    ):
        found["equal outputs under another seed, or no trait 'deterministic'"] = changed
    return found
