"""A replay in pieces: as many, as slow and as broken off as a network would make it."""

from __future__ import annotations

import asyncio
import time

import openai
import pytest
import vcr
from openai import AsyncOpenAI, DefaultAsyncHttpxClient, DefaultHttpxClient, OpenAI

from openai_code_interpreter import CodeInterpreter, StreamInterruptedError
from openai_code_interpreter.testing import RunCode, Say, Turn
from openai_code_interpreter.testing.cassettes import CassetteMiss, recording, replaying
from openai_code_interpreter.testing.cassettes._http_library import HTTP
from openai_code_interpreter.testing.replay import AsyncReplayTransport, ReplayTransport

URL = "http://elsewhere.invalid/v1"
AUTO = {"type": "code_interpreter", "container": {"type": "auto"}}
ASK = {"model": "gpt-5", "input": "go", "stream": True, "tools": [AUTO]}


@pytest.fixture
def path(tmp_path, serve, client_of):
    """A cassette of one stream."""
    path, server = tmp_path / "one.yaml", serve(Turn(RunCode("x = 1"), Say("Zażółć 🎉.")))
    with (
        recording(path, origin="stand-in", scenario="one"),
        client_of(server.url).responses.create(**ASK) as stream,
    ):
        assert list(stream)
    return path


def client_on(transport, **options):
    http = DefaultHttpxClient(transport=transport)
    return OpenAI(base_url=URL, api_key="test", http_client=http, max_retries=0, **options)


def async_client_on(transport):
    http = DefaultAsyncHttpxClient(transport=transport)
    return AsyncOpenAI(base_url=URL, api_key="test", http_client=http, max_retries=0)


def events_of(transport, path):
    with (
        replaying(path),
        client_on(transport) as client,
        client.responses.create(**ASK) as stream,
    ):
        return [event.to_dict() for event in stream]


def test_a_stream_comes_event_by_event_or_in_pieces_of_n_bytes(path):
    by_event, by_five = ReplayTransport(), ReplayTransport(piece_bytes=5)
    events = events_of(by_event, path)
    assert by_event.streams[0].sent == len(events)
    assert events_of(by_five, path) == events  # also where a piece ends inside a character
    assert by_five.streams[0].sent > 10 * len(events)
    assert by_five.streams[0].closed


async def test_the_async_transport_gives_the_same(path):
    transport = AsyncReplayTransport(piece_bytes=7)
    with replaying(path):
        async with (
            async_client_on(transport) as client,
            await client.responses.create(**ASK) as stream,
        ):
            events = [event.to_dict() async for event in stream]
    assert events == events_of(ReplayTransport(), path)
    assert transport.streams[0].closed


def test_the_connection_is_lost_after_n_pieces(path):
    transport = ReplayTransport(cut_after=6)
    with replaying(path), client_on(transport) as client:
        events = iter(client.responses.create(**ASK))
        assert len([next(events) for _ in range(6)]) == 6
        with pytest.raises((HTTP.RemoteProtocolError, openai.APIConnectionError)):
            next(events)


def test_a_lost_connection_is_an_interrupted_stream_of_this_library(tmp_path, serve, ask):
    path = tmp_path / "one.yaml"
    with recording(path, origin="stand-in", scenario="one"):
        ask(serve(Turn(Say("one two three"))).url)
    with (
        replaying(path),
        client_on(ReplayTransport(cut_after=6)) as client,
        CodeInterpreter("gpt-5", client=client).stream("go") as stream,
        pytest.raises(StreamInterruptedError) as caught,
    ):
        list(stream)
    assert caught.value.partial.status == "in_progress"


def test_a_delay_comes_before_each_piece(path):
    transport = ReplayTransport(delay=0.02)
    began = time.monotonic()
    events_of(transport, path)
    assert time.monotonic() - began >= 0.02 * transport.streams[0].sent > 0.2


def test_leaving_early_closes_the_stream_and_forgetting_to_does_not(path):
    left, forgotten = ReplayTransport(), ReplayTransport()
    with replaying(path), client_on(left) as client, client.responses.create(**ASK) as stream:
        next(iter(stream))
    assert (left.streams[0].closed, left.streams[0].sent) == (True, 1)
    with replaying(path):
        client = client_on(forgotten)
        stream = client.responses.create(**ASK)
        next(iter(stream))
        assert not forgotten.streams[0].closed
        client.close()


async def test_other_tasks_run_between_the_pieces_and_a_cancellation_closes(path):
    transport, third = AsyncReplayTransport(delay=0.01), asyncio.Event()

    async def consume(client):
        async with await client.responses.create(**ASK) as stream:
            seen = 0
            async for _ in stream:
                seen += 1
                if seen == 3:
                    third.set()

    with replaying(path):
        async with async_client_on(transport) as client:
            consumer = asyncio.create_task(consume(client))
            await third.wait()  # returns in the middle of the stream: this task had its turn
            consumer.cancel()
            with pytest.raises(asyncio.CancelledError):
                await consumer
    assert 3 <= transport.streams[0].sent < len(events_of(ReplayTransport(), path))
    assert transport.streams[0].closed


async def test_a_miss_is_clear_even_inside_a_cassette_of_stock_vcrpy(path):
    client, other = client_on(ReplayTransport()), async_client_on(AsyncReplayTransport())
    with vcr.use_cassette(str(path), record_mode="none", match_on=["method", "path", "body"]):
        with pytest.raises(CassetteMiss):
            client.responses.create(model="gpt-5", input="other")
        with pytest.raises(CassetteMiss):
            await other.responses.create(model="gpt-5", input="other")


def test_without_a_cassette_it_splits_what_the_network_brings(serve):
    server = serve(Turn(Say("Hello.")))
    transport = ReplayTransport(piece_bytes=9)
    http = DefaultHttpxClient(transport=transport)
    with OpenAI(base_url=server.url, api_key="test", http_client=http) as client:
        assert client.responses.create(model="gpt-5", input="go").output_text == "Hello."
    assert transport.streams[0].sent > 1


def test_pieces_of_no_bytes_are_refused():
    with pytest.raises(ValueError, match="piece_bytes"):
        ReplayTransport(piece_bytes=0)
