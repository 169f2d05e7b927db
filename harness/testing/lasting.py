"""What shows only after the call, after many calls, or on more data than the samples have."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import gc
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from harness.errors import DataError, Incompatible
from harness.kinds import Kind
from harness.seeds import stream
from harness.testing.contents import Contents, contents, difference
from harness.testing.report import Failed, ensure
from harness.testing.subject import Subject, copied

CALLS, BUDGET = 60, 0.15
"""Calls one after the other; fewer, but three at least, where they take more processor time."""
MOST = 2**20
"""Bytes of data that are tried."""
LEAK = 2**11
"""Bytes that may stay with each call: libraries keep some, too."""


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
    _, output = subject.settled()
    judged, changed = not difference(contents(output), contents(subject.again)), ""
    data, wanted = _quick(subject)
    calls, blocks = 0, np.zeros(CALLS, np.int64)
    spent = 0.0
    with _counted():
        while calls < 3 or (calls < CALLS and spent < BUDGET):
            output, took = subject.timed(copied(data))
            spent += took
            changed = difference(wanted, contents(output)) if judged else ""
            del output
            blocks[calls] = _settled_blocks()
            calls += 1
            if changed:
                break
    # The first half of the calls may fill caches; do most others keep something?
    grown = np.diff(blocks[:calls])[calls // 2 - 1 :]
    size, where = _kept(subject, data) if calls > 2 and np.median(grown) > 0 else (0.0, "")
    return calls + 2, changed, size, where


def _quick(subject: Subject) -> tuple[Kind, Contents]:
    """Data and output: more units than the samples have where that takes no time.

    Keeping them is then told from what libraries keep.
    """
    data, output = subject.settled()
    if _least(subject, data) < BUDGET / CALLS:
        with contextlib.suppress(Exception):  # what the check 'large-data' says
            more = subject.sized(10 * data.n)
            if _held(more) < MOST:
                return more, contents(subject.run(copied(more)))
    return data, contents(output)


def _least(subject: Subject, data: Kind) -> float:
    """The least seconds of processor time of a call that is not long, tried three times.

    A collection of garbage that falls into a short call takes many times its length.
    """
    least = subject.timed(data)[1]
    for _ in range(2):
        if BUDGET / CALLS <= least < 10 * BUDGET:
            least = min(least, subject.timed(data)[1])
    return least


def _kept(subject: Subject, data: Kind) -> tuple[float, str]:
    """Bytes that stay with each call, and the line of code that allocates most of them.

    This takes too long to ask it of every component.
    """
    sizes, snapshots = [], []
    with _counted():
        tracemalloc.start()
        try:
            for call in range(7):
                subject.run(copied(data))
                _settled_blocks()
                if call in (2, 6):
                    snapshots.append(tracemalloc.take_snapshot())
                sizes.append(tracemalloc.get_traced_memory()[0])
        finally:
            tracemalloc.stop()
    most = snapshots[1].compare_to(snapshots[0], "lineno")
    frame = max(most, key=lambda one: one.size_diff).traceback[0]
    return float(np.median(np.diff(sizes)[3:])), f"{frame.filename}:{frame.lineno}"


@contextlib.contextmanager
def _counted() -> Iterator[None]:
    """Within ``with``, what is there already is not looked at again after every call."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _settled_blocks() -> int:
    """Blocks of memory that Python holds once all that can be freed is."""
    _clear_caches()
    gc.collect()
    return sys.getallocatedblocks()


# The interpreter's own cache of attributes, which grows by the names that are looked up.
_clear_caches: Callable[[], Any] = getattr(
    sys, "_clear_internal_caches" if sys.version_info >= (3, 13) else "_clear_type_cache"
)


def large_data(subject: Subject) -> None:
    """What holds for small samples holds for larger ones, of sizes at random, the last above 2,000.

    Sizes at which the method would take too long are left out: its time is taken to grow with
    the square of what the data hold.
    """
    data, _ = subject.settled()
    held, took, n = _held(data), subject.timed(data)[1], data.n
    sizes = stream(0, "conformance", "large", subject.name)
    for low, high in ((100, 300), (500, 1000), (2100, 2600)):
        last, n = n, int(sizes.integers(low, high))
        # What data hold may itself grow with the square of n, which says whether to make them.
        if held * (n / last) ** 2 > MOST:
            return
        try:
            large = subject.sized(n)
            if took * (_held(large) / held) ** 2 > BUDGET:
                return
            held, took = _held(large), subject.timed(large)[1]
            broken = _broken(subject, functools.partial(subject.sized, n))
        except (DataError, Incompatible, MemoryError):
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


def _held(data: Kind) -> int:
    """Bytes of all fields."""
    return sum(field.nbytes for field in contents(data).values()) + 1


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
