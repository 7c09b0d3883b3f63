"""What goes wrong while a response is made: nothing is silent, nothing is left open."""

from __future__ import annotations

import asyncio

import openai
import pytest
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers.base import BaseEventHandler
from llama_index.core.llms import ChatMessage
from pydantic import Field

from llama_index.llms.openai_code_interpreter import code_interpreter_events, get_container_id
from openai_code_interpreter import ResponseFailedError, StreamInterruptedError
from openai_code_interpreter.testing import (
    AnswerInstead,
    CallFunction,
    CutStream,
    EndStream,
    FailResponse,
    IncompleteResponse,
    RejectRequest,
    RunCode,
    Say,
    StallStream,
    StreamError,
    Turn,
)

ALL = [
    "chat",
    "stream_chat",
    "achat",
    "astream_chat",
    "complete",
    "stream_complete",
    "acomplete",
    "astream_complete",
]
STREAMS = [method for method in ALL if "stream" in method]


class KeepEverything(BaseEventHandler):
    """An observer that holds on to every event, and so to every exception in one."""

    kept: list = Field(default_factory=list)

    def handle(self, event, **_):
        self.kept.append(event)


@pytest.fixture(params=["unobserved", "observed"])
def observer(request):
    """Nobody, then an observer of LlamaIndex's events."""
    if request.param == "unobserved":
        yield None
        return
    handlers = get_dispatcher().event_handlers
    handlers.append(KeepEverything())
    yield handlers[-1]
    handlers.pop()


STEPS = (RunCode("print(6 * 7)"), Say("It is 42."))
LATE = 10_000


@pytest.mark.parametrize("method", ALL)
async def test_a_failed_response_is_an_error_with_what_had_come(serve, make_llm, chunks, method):
    server = serve(Turn(*STEPS, faults=[FailResponse("server_error", "It broke.")]))
    with pytest.raises(ResponseFailedError, match=r"It broke\.") as caught:
        await chunks(make_llm(server), method, "Go.")
    assert caught.value.code == "server_error"
    assert caught.value.partial.text == "It is 42."


@pytest.mark.parametrize("method", STREAMS)
@pytest.mark.parametrize("shape", ["nested", "flat"])
async def test_an_error_in_the_stream_is_raised(serve, make_llm, chunks, method, shape):
    fault = StreamError(after_events=LATE, code="server_error", message="Gone.", shape=shape)
    with pytest.raises(ResponseFailedError, match="Gone") as caught:
        await chunks(make_llm(serve(Turn(*STEPS, faults=[fault]))), method, "Go.")
    assert caught.value.partial.calls[0].logs == "42\n"


@pytest.mark.parametrize("method", STREAMS)
@pytest.mark.parametrize("fault", [CutStream, EndStream])
@pytest.mark.parametrize("after_events", [0, 5, LATE])
async def test_a_stream_that_stops_too_early_is_an_error(
    serve, make_llm, chunks, method, fault, after_events
):
    server = serve(Turn(*STEPS, faults=[fault(after_events=after_events)]))
    with pytest.raises(StreamInterruptedError) as caught:
        await chunks(make_llm(server), method, "Go.")
    assert caught.value.partial.text == ("It is 42." if after_events == LATE else "")


@pytest.mark.parametrize("method", ["chat", "achat", "stream_chat", "astream_chat"])
async def test_an_answer_that_is_no_response_is_an_error(serve, make_llm, chunks, method):
    page = AnswerInstead(b"<html>Log in</html>", "text/html")
    with pytest.raises(StreamInterruptedError):
        await chunks(make_llm(serve(Turn(*STEPS, faults=[page]))), method, "Go.")


@pytest.mark.parametrize("method", ALL)
async def test_a_refused_request_is_the_sdks_own_error(serve, make_llm, chunks, method):
    server = serve(Turn(*STEPS, faults=[RejectRequest(400, "Unknown parameter.")]))
    with pytest.raises(openai.BadRequestError, match=r"Unknown parameter\."):
        await chunks(make_llm(server), method, "Go.")


@pytest.mark.parametrize("method", ["chat", "stream_chat", "achat", "astream_chat"])
async def test_an_incomplete_response_is_an_answer_that_says_so(serve, make_llm, chunks, method):
    server = serve(Turn(*STEPS, faults=[IncompleteResponse("max_output_tokens")]))
    final = (await chunks(make_llm(server), method, "Go."))[-1]
    assert final.message.content == "It is 42."
    assert final.message.additional_kwargs["incomplete_reason"] == "max_output_tokens"
    assert final.raw["status"] == "incomplete"


async def test_a_call_that_never_finished_is_not_recorded(serve, make_llm, chunks):
    steps = (RunCode("1", status="incomplete"), CallFunction("f", "{}"))
    server = serve(Turn(*steps, faults=[IncompleteResponse()]))
    (response,) = await chunks(make_llm(server), "chat", "Go.")
    assert response.message.additional_kwargs["code_interpreter"]["calls"] == []
    assert get_container_id(response)


@pytest.mark.parametrize("method", ["stream_chat", "stream_complete"])
async def test_closing_a_stream_closes_the_connection(
    serve, make_llm, wait_until, observer, method
):
    server = serve(Turn(*STEPS, faults=[StallStream(after_events=6, seconds=60)]))
    prompt = [ChatMessage(role="user", content="Go.")] if "chat" in method else "Go."
    stream = getattr(make_llm(server), method)(prompt)
    assert code_interpreter_events(next(stream))
    assert server.open_streams == 1
    stream.close()
    await wait_until(lambda: server.open_streams == 0)


@pytest.mark.parametrize("method", ["astream_chat", "astream_complete"])
async def test_closing_an_async_stream_closes_the_connection(
    serve, make_llm, wait_until, observer, method
):
    server = serve(Turn(*STEPS, faults=[StallStream(after_events=6, seconds=60)]))
    prompt = [ChatMessage(role="user", content="Go.")] if "chat" in method else "Go."
    stream = await getattr(make_llm(server), method)(prompt)
    assert code_interpreter_events(await anext(stream))
    assert server.open_streams == 1
    await stream.aclose()
    await wait_until(lambda: server.open_streams == 0)


async def test_a_cancelled_task_closes_the_connection(serve, make_llm, chunks, wait_until):
    server = serve(Turn(*STEPS, faults=[StallStream(after_events=6, seconds=60)]))
    task = asyncio.create_task(chunks(make_llm(server), "astream_chat", "Go."))
    await wait_until(lambda: server.open_streams == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await wait_until(lambda: server.open_streams == 0)


def test_a_stream_that_is_never_read_asks_nothing(serve, make_llm):
    server = serve()
    make_llm(server).stream_chat([ChatMessage(role="user", content="Go.")])
    assert server.requests == []
