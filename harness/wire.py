"""Messages between the processes of a run: a JSON text and raw arrays, with their lengths first.

Nothing is pickled, so that a process which runs foreign code can send data and nothing else. A
frame is ``IH01``, the length of the text (8 bytes, little end first), the text, and the arrays one
after the other. The text is ``[what, body, [[dtype, shape], ...]]``; an array stands in the body
as ``{"": i}``, the i-th that follows.
"""

from __future__ import annotations

import json
import math
import mmap
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import HarnessError
from harness.files import whole

MAGIC = b"IH01"
HEAD = struct.Struct("<4sQ")
LONGEST_TEXT = 2**30
"""Bytes of JSON that a file may have."""
LONGEST_SAID = 8 * 2**20
"""Bytes of JSON that one message over a socket may have, which the other side makes objects of."""
LARGEST = 2**28
"""Bytes of arrays that one message over a socket may announce; files may hold more."""
PART, MOST_PARTS = 2**16, 1024
"""Bytes that are read at once, and how often in a row, so that nobody is listened to for ever.
More bytes at once would have the system make room for them at each message."""
ALIGNED = 64


class WireError(HarnessError):
    """What came is not a message of this protocol."""


def _pack(what: str, body: Any) -> tuple[bytes, list[NDArray[Any]]]:
    """The text of a message, and the arrays that follow it."""
    arrays: list[NDArray[Any]] = []
    packed = _plain(body, arrays)
    shapes = [[a.dtype.str, a.shape] for a in arrays]
    return json.dumps([what, packed, shapes]).encode(), arrays


def _plain(value: Any, arrays: list[NDArray[Any]]) -> Any:
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "fiub":
            raise TypeError(f"an array of {value.dtype} cannot be sent")
        arrays.append(np.ascontiguousarray(value).astype(value.dtype.newbyteorder("<"), copy=False))
        return {"": len(arrays) - 1}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {str(key): _plain(item, arrays) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, arrays) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"a {type(value).__name__} cannot be sent")


def _unpack(text: bytes) -> tuple[str, Any, list[tuple[np.dtype[Any], tuple[int, ...]]]]:
    """What, body and the types and shapes of the arrays. Raises `WireError`."""
    try:
        what, body, shapes = json.loads(text)
        announced = [(np.dtype(d), tuple(int(n) for n in shape)) for d, shape in shapes]
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise WireError(f"a message that cannot be read: {error}") from None
    sound = all(d.kind in "fiub" and all(n >= 0 for n in shape) for d, shape in announced)
    if not isinstance(what, str) or not sound:
        raise WireError("a message that cannot be read: wanted a word, a body and arrays")
    return what, body, announced


def _size(dtype: np.dtype[Any], shape: tuple[int, ...]) -> int:
    return dtype.itemsize * math.prod(shape)


def _filled(body: Any, arrays: list[NDArray[Any]]) -> Any:
    """The body with the arrays in their places. Raises `WireError`."""
    if isinstance(body, dict):
        if set(body) == {""}:
            place = body[""]
            if type(place) is not int or not 0 <= place < len(arrays):
                raise WireError("a message that names an array which does not follow")
            return arrays[place]
        return {key: _filled(item, arrays) for key, item in body.items()}
    if isinstance(body, list):
        return [_filled(item, arrays) for item in body]
    return body


class Link:
    """One end of a stream socket that carries messages."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._held = bytearray()

    def fileno(self) -> int:
        """The descriptor to wait for."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close this end."""
        self._socket.close()

    def send(self, what: str, body: Any = None) -> None:
        """Send a message. Raises `OSError` where the other end is gone."""
        text, arrays = _pack(what, body)
        parts: list[bytes | memoryview[int]] = [HEAD.pack(MAGIC, len(text)) + text]
        parts += [array.reshape(-1).view(np.uint8).data for array in arrays if array.size]
        if sum(map(len, parts)) <= PART:  # one call wakes the other end once
            parts = [b"".join(parts)]
        for part in parts:
            self._socket.sendall(part)

    def receive(self) -> tuple[str, Any]:
        """Wait for a message. Raises `EOFError` where the other end is closed, and `WireError`."""
        while True:
            for message in self._whole():
                return message
            self._read(0)

    def arrived(self) -> Iterator[tuple[str, Any]]:
        """The messages that are here in full; a part of one is kept, and nothing is waited for.

        Raises `EOFError` where the other end is closed, and `WireError`.
        """
        closed = False
        try:
            for _ in range(MOST_PARTS):
                if not self._read(socket.MSG_DONTWAIT):
                    break
        except BlockingIOError:
            pass
        except EOFError:
            closed = True
        yield from self._whole()
        if closed:
            raise EOFError

    def _read(self, flags: int) -> bool:
        """Take what has come; whether there may be more."""
        part = self._socket.recv(PART, flags)
        if not part:
            raise EOFError
        self._held += part
        return len(part) == PART

    def _whole(self) -> Iterator[tuple[str, Any]]:
        while (message := self._next()) is not None:
            yield message

    def _next(self) -> tuple[str, Any] | None:
        if len(self._held) < HEAD.size:
            return None
        magic, length = HEAD.unpack_from(self._held)
        if magic != MAGIC or length > LONGEST_SAID:
            raise WireError("what is not a message")
        start = HEAD.size + length
        if len(self._held) < start:
            return None
        what, body, announced = _unpack(bytes(self._held[HEAD.size : start]))
        size = sum(_size(*one) for one in announced)
        if size > LARGEST:
            raise WireError(f"a message of {size / 2**30:.1f} GiB")
        end = start + size
        if len(self._held) < end:
            return None
        arrays = []
        with memoryview(self._held) as held:
            for dtype, shape in announced:
                size = _size(dtype, shape)
                # Bytes, so that nobody can make the array writable.
                own = bytes(held[start : start + size])
                arrays.append(np.frombuffer(own, dtype).reshape(shape))
                start += size
        del self._held[:end]
        try:
            return what, _filled(body, arrays)
        except RecursionError:
            raise WireError("a message that is nested too deeply") from None


def write(path: Path, what: str, body: Any) -> None:
    """Write a message to a file, its arrays at multiples of 64 bytes, whole or not at all."""
    text, arrays = _pack(what, body)
    text += b" " * (-(HEAD.size + len(text)) % ALIGNED)
    with whole(path) as out:
        out.write(HEAD.pack(MAGIC, len(text)) + text)
        for array in arrays:
            out.write(array.reshape(-1).view(np.uint8).data if array.size else b"")
            out.write(b"\0" * (-array.nbytes % ALIGNED))


def read(path: Path) -> tuple[str, Any]:
    """The message in a file; its arrays are views of the file that the system lets nobody write.

    Raises `WireError`.
    """
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    magic, length = HEAD.unpack_from(mapped)
    if magic != MAGIC or length > LONGEST_TEXT:
        raise WireError(f"{path}: not a message")
    start = HEAD.size + length
    what, body, announced = _unpack(mapped[HEAD.size : start])
    arrays = []
    for dtype, shape in announced:
        count = math.prod(shape)
        arrays.append(np.frombuffer(mapped, dtype, count, start if count else 0).reshape(shape))
        start += -(-_size(dtype, shape) // ALIGNED) * ALIGNED
    return what, _filled(body, arrays)
