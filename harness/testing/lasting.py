"""What shows only after the call, after many calls, or on more data than the samples have."""

from __future__ import annotations

import dataclasses
import gc
import sys
import time
import tracemalloc

import numpy as np

from harness.errors import DataError, Incompatible
from harness.seeds import stream
from harness.testing.contents import contents, difference
from harness.testing.report import Failed, ensure
from harness.testing.subject import Subject, copied

CALLS, BUDGET = 60, 0.4
"""Calls one after the other; fewer, but three at least, where these take more seconds."""
LEAK = 128
"""Bytes that may stay with each call: more than a number, less than the data."""


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
    data, output = subject.settled()
    wanted, start = contents(output), time.perf_counter()
    if difference(wanted, contents(subject.again)):
        return  # what the check 'equal-seeds' says
    for call in range(CALLS):
        if call >= 3 and time.perf_counter() - start > BUDGET:
            return
        if changed := difference(wanted, contents(subject.run(copied(data)))):
            raise Failed(
                f"{subject.name}, call {call + 3} with equal data and seed",
                changed,
                "equal outputs: no state from one call to the next",
            )


def memory(subject: Subject) -> None:
    """What is allocated in a call is freed after it."""
    data, _ = subject.settled()
    calls, start = 0, time.perf_counter()
    blocks = np.zeros(CALLS, np.int64)
    gc.collect()
    gc.freeze()  # what is there already need not be looked at again after every call
    try:
        while calls < 3 or (calls < CALLS and time.perf_counter() - start < BUDGET):
            subject.run(copied(data))
            gc.collect()
            blocks[calls] = sys.getallocatedblocks()
            calls += 1
    finally:
        gc.unfreeze()
    half = calls // 2
    grown = np.diff(blocks[half - 1 : calls])
    if grown.sum() < len(grown) or np.median(grown) < 1:
        return
    # Blocks grow: how many bytes, and where? Too slow to be asked of everybody.
    size, where = _kept(subject, max(4, min(calls, 20)))
    ensure(
        size < LEAK,
        f"{subject.name}, over {calls} calls with equal data",
        f"keeps {size:.0f} bytes more with each, allocated at {where}",
        "memory that is freed after a call; caches of a fixed size",
    )


def _kept(subject: Subject, calls: int) -> tuple[float, str]:
    """Bytes that stay with each call, and the line of code that allocated most of them."""
    data, _ = subject.settled()
    tracemalloc.start()
    try:
        for _ in range(2):
            subject.run(copied(data))
        gc.collect()
        before = tracemalloc.take_snapshot()
        sizes = [tracemalloc.get_traced_memory()[0]]
        for _ in range(2):
            for _ in range(calls // 2):
                subject.run(copied(data))
            gc.collect()
            sizes.append(tracemalloc.get_traced_memory()[0])
        most = tracemalloc.take_snapshot().compare_to(before, "lineno")
    finally:
        tracemalloc.stop()
    grown = float(np.diff(sizes).min()) / (calls // 2)
    frame = max(most, key=lambda one: one.size_diff).traceback[0]
    return grown, f"{frame.filename}:{frame.lineno}"


def large_data(subject: Subject) -> None:
    """The promises of small samples on larger ones, of sizes at random, the last above 2,000.

    Sizes at which the method would take too long are left out: its time is taken to grow with
    the square of n.
    """
    data, output = subject.settled()
    _, took = subject.timed(data)
    sizes = stream(0, "conformance", "large", subject.name)
    last = max(data.n, 1)
    for low, high in ((100, 300), (500, 1000), (2100, 2600)):
        n = int(sizes.integers(low, high))
        if took * (n / last) ** 2 > BUDGET:
            return
        try:
            large = subject.sized(n)
            output, took = subject.timed(large)
            last = max(large.n, 1)
        except (DataError, Incompatible):
            return
        except Exception as error:
            raise Failed(
                f"{subject.name} on a {subject.kind.__name__} of {n} units",
                f"{type(error).__name__}: {error}",
                "an output, or harness.Incompatible with the reason",
            ) from error
        where = f"{subject.name} on {large.n} units"
        seeds = (0, 1) if "deterministic" in subject.spec.traits else (0,)
        untouched = dataclasses.replace(large).fingerprint()
        fresh = subject.sized(n).fingerprint()
        ensure(untouched == fresh, where, "changed its input", "data that are only read")
        for seed in seeds:
            changed = difference(contents(output), contents(subject.run(subject.sized(n), seed)))
            wanted = "equal outputs: all randomness from rng, no state"
            if seed:
                wanted = "equal outputs, or no trait 'deterministic'"
            ensure(not changed, f"{where}, run again with seed {seed}", changed, wanted)
