"""One block of an upload in memory: read without a copy, sent in pieces, and no byte different."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_code_interpreter._io.fsspec_store import (
    _Body,
    _GivingBuffer,
    send_in_pieces,
    use_giving_buffer,
)

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.binary(max_size=30)),
        st.tuples(st.just("seek"), st.integers(0, 60)),
        st.tuples(st.just("read"), st.one_of(st.none(), st.integers(-1, 60))),
        st.tuples(st.just("tell")),
        st.tuples(st.just("getvalue")),
    ),
    max_size=30,
)


@given(STEPS)
def test_the_buffer_is_an_ordinary_one(steps):
    """Whatever a backend writes, seeks and reads, it gets what `io.BytesIO` would give."""
    giving, ordinary = _GivingBuffer(), io.BytesIO()
    for name, *arguments in steps:
        assert getattr(giving, name)(*arguments) == getattr(ordinary, name)(*arguments)
        assert giving.tell() == ordinary.tell()
        assert len(giving.getbuffer()) == len(ordinary.getbuffer())


def test_a_whole_buffer_is_read_without_a_copy():
    """The bytes are the buffer's own, also for who looks at their number afterwards."""
    buffer = _GivingBuffer()
    for _ in range(100):
        buffer.write(b"x" * 1000)
    buffer.seek(0)
    data = buffer.read()
    assert len(data) == len(buffer.getbuffer()) == buffer.tell() == 100_000
    assert data is buffer.getvalue()
    assert buffer.getbuffer().obj is data


def test_bytes_that_were_given_away_do_not_change():
    """Whoever writes on writes to a copy."""
    buffer = _GivingBuffer(b"abc")
    data = buffer.read()
    buffer.seek(0)
    buffer.write(b"xyz")
    assert (data, buffer.getvalue()) == (b"abc", b"xyz")


@given(st.binary(max_size=300_000), st.integers(0, 300_000))
def test_a_body_is_read_to_its_end_in_pieces(data, start):
    """From where it stands, again after a rewind, and no piece is over 64 KiB."""
    body = _Body(data)
    assert body.readable()
    assert body.seekable()
    for begin in (start, 0):
        assert body.seek(begin) == begin
        pieces = list(iter(lambda: body.read(2**20), b""))
        assert b"".join(pieces) == data[begin:]
        assert max(map(len, pieces), default=0) <= 65536
    assert body.tell() == body.seek(0, io.SEEK_END) == len(data)
    assert body.seek(-len(data), io.SEEK_CUR) == 0
    assert body.read() == data


class File:
    def __init__(self, buffer):
        self.buffer = buffer


@pytest.mark.parametrize(
    "buffer", [None, io.BytesIO(), bytearray()], ids=lambda one: type(one).__name__
)
def test_only_an_empty_buffer_of_fsspecs_is_replaced(buffer):
    """What a backend made itself, or has filled already, is left alone."""
    file = File(buffer)
    use_giving_buffer(file)
    replaced = type(buffer) is io.BytesIO
    assert (file.buffer is not buffer) == replaced
    filled = File(io.BytesIO())
    filled.buffer.write(b"x")
    use_giving_buffer(filled)
    assert type(filled.buffer) is io.BytesIO
    bare = object()
    use_giving_buffer(bare)
    assert not hasattr(bare, "buffer")


class OtherS3:
    """An S3 file system that is not s3fs's."""

    protocol = ("s3",)


class NoS3:
    protocol = "file"

    @property
    def s3(self):
        raise AssertionError


@pytest.mark.parametrize("fs", [OtherS3(), NoS3()], ids=["another S3", "no S3"])
def test_any_other_file_system_is_left_alone(fs):
    """Nothing is asked of it that it might not have."""
    assert send_in_pieces(fs) is None
