"""What a stream tells, and when, while its container may still have to be replaced."""

from __future__ import annotations

import asyncio

import pytest

from download_support import open_connections
from openai_code_interpreter import (
    CallStarted,
    CodeDelta,
    ContainerAssigned,
    ContainerReplaced,
    DirectoryStore,
    ResponseStarted,
    StreamInterruptedError,
)
from openai_code_interpreter.testing import (
    CutStream,
    EndStream,
    ExpireMidStream,
    Say,
    StallStream,
    StreamError,
    Think,
    Turn,
)
from replacing import FIRST, SECOND, WRITE, asked

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(params=["sync", "async"])
def read(request, interpreter, async_interpreter):
    """Read a stream until it ends, fails, or `until` takes an event; return events and error."""

    def read_sync(server, until, options, call):
        events = []
        with interpreter(server, **options).stream("go", **call) as stream:
            try:
                for event in stream:
                    events.append(event)
                    if until(event, server):
                        break
            except Exception as error:
                return events, error
        return events, None

    async def go(server, until=lambda event, server: False, *, call=None, **options):
        if request.param == "sync":
            return await asyncio.to_thread(read_sync, server, until, options, call or {})
        events = []
        async with async_interpreter(server, **options).stream("go", **(call or {})) as stream:
            try:
                async for event in stream:
                    events.append(event)
                    if until(event, server):
                        break
            except Exception as error:
                return events, error
        return events, None

    return go


def kinds(events):
    return [type(event) for event in events]


def seen(kind):
    return lambda event, _: isinstance(event, kind)


async def test_that_a_response_began_is_told_at_once(serve, read):
    server = serve(Turn(WRITE, faults=[StallStream(after_events=2, seconds=30)]))
    events, error = await asyncio.wait_for(read(server, seen(ResponseStarted)), 10)
    assert (kinds(events), error) == ([ResponseStarted], None)


async def test_a_call_is_told_before_its_first_code(serve, read):
    server = serve(Turn(WRITE, faults=[StallStream(after_events=6, seconds=30)]))
    events, _ = await asyncio.wait_for(read(server, seen(CodeDelta)), 10)
    assert kinds(events) == [ResponseStarted, ContainerAssigned, CallStarted, CodeDelta]


async def test_text_comes_as_it_comes(serve, read):
    server = serve(Turn(Say("one two three"), faults=[StallStream(after_events=6, seconds=30)]))
    events, _ = await asyncio.wait_for(
        read(server, lambda event, _: event.type == "text_delta"), 10
    )
    assert kinds(events)[0] is ResponseStarted
    assert len(events) == 2


async def test_reasoning_comes_as_it_comes(serve, read):
    server = serve(Turn(Think("hm, a thought"), faults=[StallStream(after_events=5, seconds=30)]))
    events, _ = await asyncio.wait_for(
        read(server, lambda event, _: event.type == "reasoning_delta"), 10
    )
    assert kinds(events)[0] is ResponseStarted


@pytest.mark.parametrize("fault", [EndStream(after_events=4), CutStream(after_events=4)])
async def test_a_stream_that_ends_after_a_call_began_tells_of_the_call(serve, read, fault):
    events, error = await read(serve(Turn(WRITE, faults=[fault])))
    assert kinds(events) == [ResponseStarted, ContainerAssigned, CallStarted]
    assert isinstance(error, StreamInterruptedError)
    assert [call.id for call in error.partial.calls] == [events[-1].call_id]


async def test_a_stream_that_fails_after_a_call_began_tells_of_the_call(serve, read):
    events, error = await read(serve(Turn(WRITE, faults=[StreamError(after_events=4)])))
    assert kinds(events)[:3] == [ResponseStarted, ContainerAssigned, CallStarted]
    assert "server had an error" in str(error)


async def test_what_was_held_back_of_a_lost_container_is_never_told(serve, read):
    server = serve(Turn(WRITE, faults=[ExpireMidStream(after_events=4)]), SECOND)
    events, error = await read(server)
    assert error is None
    assert kinds(events)[:3] == [ResponseStarted, ContainerReplaced, ResponseStarted]
    told = events[1]
    assert [event.container_id for event in events if isinstance(event, ContainerAssigned)] == [
        told.new_id
    ]
    assert sum(isinstance(event, CallStarted) for event in events) == 1


async def test_a_rewritten_link_that_is_held_back_counts_as_text(serve, read, tmp_path):
    say = Say("[a.csv](sandbox:/mnt/data/a.csv)")
    server = serve(Turn(say, faults=[ExpireMidStream(after_events=10_000)]), SECOND)
    options = {"artifact_store": DirectoryStore(tmp_path), "links": "rewrite"}
    events, error = await read(server, **options)
    assert "had arrived" in str(error), "the text's files may be on their way by then"
    assert error.partial.text == say.text
    assert ContainerReplaced not in kinds(events)
    assert len(asked(server)) == 1


@pytest.mark.parametrize(
    "until",
    [ContainerReplaced, ResponseStarted, CallStarted, CodeDelta],
    ids=lambda it: it.__name__,
)
async def test_a_stream_that_is_closed_leaves_nothing_open(serve, read, wait_until, until):
    lost = Turn(WRITE, faults=[ExpireMidStream(after_events=4)])
    slow = Turn(WRITE, faults=[StallStream(after_events=7, seconds=30)])
    server = serve(lost, slow)

    def close(event, server):
        return isinstance(event, until) and len(asked(server)) == 2

    events, error = await asyncio.wait_for(read(server, close), 10)
    assert error is None
    assert isinstance(events[-1], until)
    await asyncio.to_thread(wait_until, lambda: server.open_streams == 0, seconds=5)


async def test_an_async_stream_has_closed_its_response_when_close_returns(serve, async_interpreter):
    server = serve(Turn(WRITE, faults=[StallStream(after_events=7, seconds=30)]))
    ci = async_interpreter(server)
    stream = ci.stream("go")
    async for event in stream:
        if isinstance(event, CodeDelta):
            break
    assert open_connections(server) == 1
    await stream.close()
    assert open_connections(server) == 0


async def test_a_task_that_is_cancelled_while_a_container_is_replaced_leaves_nothing_open(
    serve, async_interpreter, wait_until
):
    server = serve(FIRST, Turn(WRITE, faults=[StallStream(after_events=0, seconds=30)]))
    ci = async_interpreter(server)
    first = await ci.run("go")
    server.advance(minutes=25)

    async def consume():
        async with ci.stream("Read a.csv.", container=first.container_id) as stream:
            async for _ in stream:
                pass

    task = asyncio.create_task(consume())
    await asyncio.to_thread(wait_until, lambda: len(asked(server)) == 3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(wait_until, lambda: server.open_streams == 0)
