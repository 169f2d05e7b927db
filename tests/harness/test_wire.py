"""Messages between processes: data and nothing else, in whatever pieces they come."""

import pickle
import socket

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from harness import wire
from harness.wire import Link, WireError

ARRAYS = st.sampled_from(["f8", "f4", "i8", "u1", "?"]).flatmap(
    lambda d: arrays(d, st.tuples(st.integers(0, 3), st.integers(0, 3)))
)
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
BODIES = st.recursive(
    PLAIN | ARRAYS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1), inner, max_size=3)
    ),
    max_leaves=8,
)


def same(a, b):
    if isinstance(a, np.ndarray):
        return (
            a.dtype == b.dtype
            and a.shape == b.shape
            and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
        )
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@given(body=BODIES, cut=st.integers(1, 200))
def test_what_is_sent_arrives_in_pieces_of_any_size(body, cut):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        Link(ours).send("word", body)
        ours.shutdown(socket.SHUT_WR)
        raw = b"".join(iter(lambda: theirs.recv(1 << 16), b""))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        link, came = Link(theirs), []
        for start in range(0, len(raw), cut):
            ours.sendall(raw[start : start + cut])
            came += link.arrived()
        assert len(came) == 1
        assert came[0][0] == "word"
        assert same(body, came[0][1])


@given(body=BODIES)
def test_files_hold_the_same(body, tmp_path_factory):
    file = tmp_path_factory.mktemp("wire") / "message"
    wire.write(file, "word", body)
    what, read = wire.read(file)
    assert what == "word"
    assert same(body, read)


def test_nobody_writes_to_what_a_file_holds(tmp_path):
    wire.write(tmp_path / "message", "word", {"x": np.arange(4.0)})
    x = wire.read(tmp_path / "message")[1]["x"]
    with pytest.raises(ValueError, match="read-only"):
        x.sort()
    with pytest.raises(ValueError, match="cannot set WRITEABLE"):
        x.flags.writeable = True


@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        pickle.dumps({"what": "done"}),
        wire.HEAD.pack(wire.MAGIC, 2**40),
        wire.HEAD.pack(wire.MAGIC, 4) + b"nope",
        wire.HEAD.pack(wire.MAGIC, 14) + b'["a",{"":3},[]]'[:14],
        wire.HEAD.pack(wire.MAGIC, 15) + b'["a",{"":3},[]]',
        wire.HEAD.pack(wire.MAGIC, 23) + b'["a",null,[["O8",[1]]]]',
        wire.HEAD.pack(wire.MAGIC, 24) + b'["a",null,[["f8",[-1]]]]',
        wire.HEAD.pack(wire.MAGIC, 26) + b'["a",1,[["f8",[99999999]]]]'[:26],
        wire.HEAD.pack(wire.MAGIC, 11) + b"[3,null,[]]",
        wire.HEAD.pack(wire.MAGIC, 20000) + b"[" * 20000,
    ],
)
def test_what_is_no_message_is_refused(ends, raw):
    ours, theirs = ends
    ours.sendall(raw)
    with pytest.raises(WireError):
        list(Link(theirs).arrived())


def test_nobody_writes_to_what_a_message_held(ends):
    """Small data come to a worker in a message: no component may make them writable."""
    one, other = map(Link, ends)
    one.send("data", {"x": np.arange(5.0)})
    (_, body) = other.receive()
    np.testing.assert_array_equal(body["x"], np.arange(5.0))
    with pytest.raises(ValueError, match="WRITEABLE"):
        body["x"].setflags(write=True)


def test_objects_are_not_sent(ends):
    with pytest.raises(TypeError, match="a object cannot be sent"):
        Link(ends[0]).send("word", object())
    with pytest.raises(TypeError, match="an array of object cannot be sent"):
        Link(ends[0]).send("word", np.array([object()]))


def test_half_a_message_keeps_nobody_waiting_and_an_end_is_noticed(ends):
    ours, theirs = ends
    ours.sendall(wire.HEAD.pack(wire.MAGIC, 100))
    link = Link(theirs)
    assert list(link.arrived()) == []
    ours.close()
    with pytest.raises(EOFError):
        list(link.arrived())
