"""A stream is read to its end, and its connection is used again; nothing is left to asyncio."""

from __future__ import annotations

import contextlib
import types

import pytest
from llama_index.core.llms import ChatMessage

from lines import ENDINGS, LEAVING, Server, events, leave, settled, watching
from llama_index.llms.openai_code_interpreter import OpenAICodeInterpreter
from openai_code_interpreter import ResponseFailedError

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.filterwarnings("ignore::openai_code_interpreter.UnusedContainerWarning"),
]

PROMPTS = {"chat": [ChatMessage(content="go")], "complete": "go"}


@pytest.fixture(params=ENDINGS)
def server(request):
    with Server(events(request.param)) as server:
        yield server


@pytest.mark.parametrize("kind", PROMPTS)
def test_ten_streams_use_one_connection(server, make_llm, kind):
    stream = getattr(make_llm(server), f"stream_{kind}")
    for _ in range(10):
        with contextlib.suppress(ResponseFailedError):
            *_, last = stream(PROMPTS[kind])
            assert "hello" in str(last)
    assert (server.requests, server.connections) == (10, 1)


@pytest.mark.parametrize("kind", PROMPTS)
@pytest.mark.parametrize("streamed", [True, False])
async def test_ten_async_turns_use_one_connection_and_leave_no_generator(
    server, make_llm, kind, streamed
):
    ask = getattr(make_llm(server), f"astream_{kind}" if streamed else f"a{kind}")
    with watching() as left:
        for _ in range(10):
            with contextlib.suppress(ResponseFailedError):
                answer = await ask(PROMPTS[kind])
                if isinstance(answer, types.AsyncGeneratorType):
                    *_, answer = [one async for one in answer]
                assert "hello" in str(answer)
        await settled(server, connections=0)
    assert (server.requests, server.connections) == (10, 1)
    assert (left.generators, left.reported) == ([], [])


@pytest.mark.parametrize("kind", PROMPTS)
@pytest.mark.parametrize("how", LEAVING)
def test_who_leaves_early_is_told_of_no_error(how, kind):
    """Only what the caller holds is left to the loop, if it is not closed: one generator."""
    with Server(events(text="hello" * 50)) as server:
        llm = OpenAICodeInterpreter(
            model="gpt-5", api_base=server.url, api_key="test", max_retries=0
        )

        async def open_stream():
            return await getattr(llm, f"astream_{kind}")(PROMPTS[kind])

        left = leave(open_stream, how, after=2)
        assert left.reported == []
        assert len(left.generators) == (0 if how.startswith("aclose") else 1), left.generators
        assert server.hung_up.acquire(timeout=10)
