"""Server-sent events, as the standard has them and however the network cuts them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openai_code_interpreter._sansio.sse import EventDecoder


def decoded(*chunks):
    decoder = EventDecoder()
    return [data for chunk in chunks for data in decoder.feed(chunk)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"event: a\ndata: {}\n\n", [b"{}"]),
        (b"data:{}\r\n\r\ndata: 1\r\rdata:  2\n\n", [b"{}", b"1", b" 2"]),
        (b"data: [\ndata: 1]\nid: 7\nretry: 3\n\n", [b"[\n1]"]),
        (b"data: [\r\ndata: 1]\r\n\r\ndata: 2\r\n\r\n", [b"[\n1]", b"2"]),
        (b": here\n\nevent: ping\n\ndata\n\ndata:\n\n", []),
        (b"data: a:b\nunknown: x\nno colon\n\n", [b"a:b"]),
        (b"data: 1\n\ndata: broken off\n", [b"1"]),
        (b"data: 1\n\ndata: broken off", [b"1"]),
        ("data: a\u2028b\u0085c\x0bd\n\n".encode(), ["a\u2028b\u0085c\x0bd".encode()]),
        (b"data: 1\n\ndata: [DONE]\n\ndata: 2\n\n", [b"1"]),
        (b"", []),
    ],
)
def test_a_body_becomes_the_data_of_its_events(body, expected):
    assert decoded(body) == expected
    assert decoded(*(body[at : at + 1] for at in range(len(body)))) == expected


def test_done_is_told():
    decoder = EventDecoder()
    assert decoder.feed(b"data: 1\n\n") == [b"1"]
    assert not decoder.done
    assert decoder.feed(b"data: [DONE]\n\n") == []
    assert decoder.done


PIECES = [b"data:", b"data: ", b"1", b"{}", b"\r", b"\n", b"\r\n", b"\n\n", b":", b"event: x", b""]


@given(st.lists(st.sampled_from(PIECES), max_size=30), st.data())
def test_where_a_body_is_cut_does_not_matter(pieces, data):
    body = b"".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=8)))
    chunks = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    assert decoded(*chunks) == decoded(body.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
