"""Mutated messages, records and words of the command line: refused in the host's own words, or read.

The readers of files of kinds have drills of their own (`tests/`).
"""

from __future__ import annotations

import random
import socket
from collections.abc import Callable

import numpy as np

from harness import wire
from harness.cli.options import seeds
from harness.errors import HarnessError
from harness.executors import messages
from harness.params import split_setting
from harness.records import Record, Status
from harness.units import Unit

UNIT = Unit(0, ("t/a", {}), "c", ("c",), (), ("e/b", {}), 0)


def _message(raw: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        ours.sendall(raw)
        link = wire.Link(theirs)
        for what, body in link.arrived():
            reader = READERS.get(what)
            if reader is not None:
                reader(messages.pair_of(body)[1])


READERS: dict[str, Callable] = {
    "loaded": messages.loaded_of,
    "judged": lambda body: messages.results_of(UNIT, body),
    "progress": messages.progress_of,
    "left": messages.left_of,
}
BODIES = {
    "loaded": {"fingerprint": "sha256:0", "n": 3, "seconds": 0.1, "status": "ok", "cause": None,
               "wrong_request": "", "notes": ["a"], "file": "/x"},
    "judged": [{"case": "c", "status": "ok", "cause": None, "value": 1.5, "stderr": None, "scores": {"a": 1.5}}],
    "progress": [1, 2, "steps"],
    "left": ["the umask"],
    "question": {"x": np.arange(6.0).reshape(2, 3), "split": None},
}  # fmt: skip


def _sent(what: str) -> bytes:
    text, arrays = wire._pack(what, ["name", BODIES[what]])
    return wire.HEAD.pack(wire.MAGIC, len(text)) + text + b"".join(a.tobytes() for a in arrays)


def _record() -> bytes:
    return (
        Record(
            key="k", status=Status.OK, task="t/a", case="c", source="c", models=("m",), estimator="e/b",
            plugin="e", params={"task": {}}, seed=0, quantity="entropy", unit="nats", value=1.0, scores={"a": 2.0},
        )
        .to_json()
        .encode()
    )  # fmt: skip


SOURCES: tuple[tuple[list[bytes], Callable[[bytes], object]], ...] = (
    ([_sent(what) for what in BODIES], _message),
    ([_record()], lambda raw: Record.from_json(raw.decode(errors="surrogateescape"))),
    ([b"0,1,2", b"0:5"], lambda raw: seeds(raw.decode(errors="replace"))),
    ([b"a/b.c=1.5", b"m.x=[1, 2]"], lambda raw: split_setting(raw.decode(errors="replace"))),
)
PIECES = (
    b"9" * 30,
    b"[" * 2000,
    b'{"":',
    b"NaN",
    b"-1",
    b"null",
    b"\xed\xa0\x80",
    b"\0" * 8,
    b"1e999",
    b"true",
    "٣".encode(),
)


def mutated(raw: bytes, rng: random.Random) -> bytes:
    """A few bytes inserted, removed or replaced, at random."""
    out = bytearray(raw)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(out) + 1)
        how = rng.randrange(4)
        if how == 0:
            out[at:at] = rng.choice(PIECES)
        elif how == 1:
            del out[at : at + rng.randrange(1, 20)]
        elif how == 2 and at < len(out):
            out[at] = rng.randrange(256)
        else:
            out[at : at + rng.randrange(1, 8)] = rng.choice(PIECES)
    if raw[:4] == wire.MAGIC and len(out) > wire.HEAD.size and rng.random() < 0.8:
        grown = len(out) - len(raw)  # a head that fits, so that the text itself is read
        length = wire.HEAD.unpack_from(raw)[1] + grown
        out[: wire.HEAD.size] = wire.HEAD.pack(wire.MAGIC, max(0, length))
    return bytes(out)


def drill(count: int) -> tuple[str, bool]:
    """Read ``count`` mutated inputs; a line for the table."""
    rng = random.Random(0)
    refused = 0
    odd: dict[str, int] = {}
    for number in range(count):
        examples, read = SOURCES[number % len(SOURCES)]
        raw = mutated(rng.choice(examples), rng)
        try:
            read(raw)
        except HarnessError:
            refused += 1
        except EOFError:
            pass  # half a message, and the other end closed
        except Exception as error:
            name = f"{type(error).__name__}: {error}"[:100]
            odd[name] = odd.get(name, 0) + 1
    for name, times in odd.items():
        print(f"  {times} times {name}")
    return (
        f"{count} inputs: {refused} refused, {sum(odd.values())} tracebacks",
        not odd,
    )
