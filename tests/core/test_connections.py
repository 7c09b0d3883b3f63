"""A stream is read to its end, and its connection is used again; nothing is left to asyncio."""

from __future__ import annotations

import contextlib
import json
import time
import tracemalloc

import openai
import pytest
from openai import AsyncOpenAI

from lines import ENDINGS, LEAVING, Server, events, framed, leave, settled, watching
from openai_code_interpreter import (
    AsyncCodeInterpreter,
    CodeInterpreter,
    ResponseFailedError,
    StreamInterruptedError,
)
from openai_code_interpreter._io.event_source import MAX_REST_SECONDS
from openai_code_interpreter.testing import (
    CutStream,
    ExpireMidStream,
    RunCode,
    Say,
    StallStream,
    Turn,
)

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.filterwarnings("ignore::openai_code_interpreter.UnusedContainerWarning"),
]

NESTED = {"type": "server_error", "code": "server_error", "message": "no"}
ANSWERS = {
    **{status: (list(events(status)), b"") for status in ENDINGS},
    "an error event": (list(events("failed", error=NESTED)), b""),
    "[DONE]": (list(events()), b"data: [DONE]\n\n"),
    "more events": (list(events()), framed({"type": "keepalive"}) * 50),
}


@pytest.fixture(params=ANSWERS)
def server(request):
    with Server(*ANSWERS[request.param]) as server:
        yield server


def failing():
    """Some of the answers fail: that is their right ending."""
    return contextlib.suppress(ResponseFailedError)


def read(ci, **options):
    with ci.stream("go", **options) as stream:
        for _ in stream:
            pass
    return stream.result


async def aread(ci, **options):
    async with ci.stream("go", **options) as stream:
        async for _ in stream:
            pass
    return stream.result


def test_ten_turns_use_one_connection(server, interpreter):
    ci = interpreter(server)
    for _ in range(10):
        with failing():
            assert read(ci).text == "hello"
    assert (server.requests, server.connections) == (10, 1)


async def test_ten_async_turns_use_one_connection_and_leave_no_generator(server, async_interpreter):
    ci = async_interpreter(server)
    with watching() as left:
        for _ in range(10):
            with failing():
                assert (await aread(ci)).text == "hello"
        await settled(server, connections=0)
    assert (server.requests, server.connections) == (10, 1)
    assert (left.generators, left.reported) == ([], [])


@pytest.mark.parametrize("until", ["response_finished", "text_done"])
async def test_whoever_stops_at_the_end_gives_the_connection_back_too(
    interpreter, async_interpreter, until
):
    """`response_finished` is the end. Before it, the rest is not waited for."""
    with Server(events()) as server:
        ci, aci = interpreter(server), async_interpreter(server)
        for _ in range(3):
            with ci.stream("go") as stream:
                next(event for event in stream if event.type == until)
        assert server.connections == (1 if until == "response_finished" else 3)
        server.connections = 0
        with watching() as left:
            for _ in range(3):
                async with aci.stream("go") as stream:
                    async for event in stream:
                        if event.type == until:
                            break
            await settled(server, connections=0)
        assert server.connections == (1 if until == "response_finished" else 3)
        assert left.generators == []


@pytest.mark.parametrize("shape", ["flat", "nested"])
async def test_a_container_that_is_lost_leaves_no_generator(serve, async_interpreter, shape):
    """The first attempt fails in its stream; it is read to its end, as the second is."""
    lost = Turn(RunCode("1"), Say("x"), faults=[ExpireMidStream(after_events=4, shape=shape)])
    server = serve(Turn(RunCode("1"), Say("one")), lost, Turn(RunCode("2"), Say("two")))
    ci = async_interpreter(server)
    with watching() as left:
        first = await aread(ci)
        second = await aread(ci, container=first.container_id)
    paths = [one.path for one in server.requests if one.method == "POST"]
    assert paths.count("/v1/responses") == 3
    assert second.container_id != first.container_id
    assert (left.generators, left.reported) == ([], [])


@pytest.mark.parametrize("rest", ["open", "dribble", "flood"])
def test_a_server_that_does_not_end_is_hung_up_on(interpreter, rest):
    with Server(events(), rest) as server:
        ci = interpreter(server)
        read(ci)
        assert server.hung_up.acquire(timeout=10)
        with bounded():
            assert read(ci).text == "hello"
        assert server.hung_up.acquire(timeout=10)


@pytest.mark.parametrize("rest", ["open", "dribble", "flood"])
async def test_an_async_server_that_does_not_end_is_hung_up_on(async_interpreter, rest):
    with Server(events(), rest) as server, watching() as left:
        ci = async_interpreter(server)
        await aread(ci)
        with bounded():
            assert (await aread(ci)).text == "hello"
        await settled(server, connections=2)
    assert (left.generators, left.reported) == ([], [])


@contextlib.contextmanager
def bounded():
    """Within the bound, much room for a busy machine left, and without gathering what comes."""
    tracemalloc.start()
    started = time.monotonic()
    try:
        yield
        assert time.monotonic() - started < MAX_REST_SECONDS + 2
        assert tracemalloc.get_traced_memory()[1] < 4 * 2**20
    finally:
        tracemalloc.stop()


def test_the_last_step_does_not_wait_for_the_rest(interpreter):
    """With a line that stays open, the end is told first, and the line closed then."""
    with Server(events(), "open") as server, interpreter(server).stream("go") as stream:
        *_, done, finished = (
            (event.type, time.monotonic()) for event in iter(lambda: next(stream, None), None)
        )
        left = time.monotonic() - finished[1]
        assert (done[0], finished[0]) == ("text_done", "response_finished")
        assert finished[1] - done[1] < left
        assert left >= MAX_REST_SECONDS


@pytest.mark.parametrize("error", [{"message": "gave up", "code": "busy"}, "gave up"])
async def test_an_error_that_is_no_event_ends_a_stream_as_the_sdk_would_end_it(
    interpreter, async_interpreter, error
):
    """Gateways send one that has no type; who waits for more events would never hear of it."""
    rest = f"data: {json.dumps({'error': error})}\n\n".encode()
    with Server(list(events())[:4], rest) as server:
        with pytest.raises(ResponseFailedError, match="gave up") as sync:
            read(interpreter(server))
        with pytest.raises(ResponseFailedError, match="gave up") as asynchronous:
            await aread(async_interpreter(server))
    assert isinstance(sync.value.__cause__, openai.APIError)
    assert str(sync.value) == str(asynchronous.value)


@pytest.mark.parametrize("how", LEAVING)
def test_who_leaves_early_is_told_of_no_error(how):
    """Only what the caller holds is left to the loop, if it is not closed: one generator."""
    with Server(events(text="hello" * 50)) as server:
        client = AsyncOpenAI(base_url=server.url, api_key="test", max_retries=0)

        async def open_stream():
            return AsyncCodeInterpreter("gpt-5", client=client).stream("go")

        left = leave(open_stream, how)
        assert left.reported == []
        assert len(left.generators) == (0 if how.startswith("aclose") else 1), left.generators
        assert server.hung_up.acquire(timeout=10)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (CutStream(after_bytes=900), openai.APIConnectionError),
        (StallStream(after_events=4, seconds=5), openai.APITimeoutError),
    ],
    ids=["cut", "stalled"],
)
async def test_a_broken_stream_has_the_sdks_error_as_its_cause(serve, fault, kind):
    """On openai 2 as on openai 3, sync and async, whichever HTTP library it stands on."""
    server = serve(*[Turn(RunCode("1"), Say("one two three"), faults=[fault])] * 2)
    options = {"base_url": server.url, "api_key": "test", "timeout": 0.5, "max_retries": 0}
    with openai.OpenAI(**options) as client, pytest.raises(StreamInterruptedError) as caught:
        read(CodeInterpreter("gpt-5", client=client))
    assert type(caught.value.__cause__) is kind
    async with openai.AsyncOpenAI(**options) as client:
        with pytest.raises(StreamInterruptedError) as caught:
            await aread(AsyncCodeInterpreter("gpt-5", client=client))
    assert type(caught.value.__cause__) is kind
