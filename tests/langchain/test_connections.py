"""A stream is read to its end, and its connection is used again; nothing is left to asyncio."""

from __future__ import annotations

import contextlib

import pytest

from langchain_openai_code_interpreter import ChatOpenAICodeInterpreter
from lines import ENDINGS, LEAVING, Server, events, leave, settled, watching
from openai_code_interpreter import ResponseFailedError

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.filterwarnings("ignore::openai_code_interpreter.UnusedContainerWarning"),
]


@pytest.fixture(params=ENDINGS)
def server(request):
    with Server(events(request.param)) as server:
        yield server


def test_ten_streams_use_one_connection(server, model_of):
    model = model_of(server)
    for _ in range(10):
        with contextlib.suppress(ResponseFailedError):
            assert "".join(chunk.text for chunk in model.stream("go")) == "hello"
    assert (server.requests, server.connections) == (10, 1)


@pytest.mark.parametrize("way", ["astream", "ainvoke", "astream_events"])
async def test_ten_async_turns_use_one_connection_and_leave_no_generator(server, model_of, way):
    model = model_of(server)

    async def ask():
        if way == "ainvoke":
            return (await model.ainvoke("go")).text
        if way == "astream":
            return "".join([chunk.text async for chunk in model.astream("go")])
        found = [it async for it in model.astream_events("go", version="v2")]
        return found[-1]["data"]["output"].text

    with watching() as left:
        for _ in range(10):
            with contextlib.suppress(ResponseFailedError):
                assert await ask() == "hello"
        await settled(server, connections=0)
        # LangChain's own events go through generators of its own, which it does not close.
        ours = [name for name in left.generators if not name.startswith(LANGCHAINS)]
    assert (server.requests, server.connections) == (10, 1)
    assert (ours, left.reported) == ([], [])


LANGCHAINS = ("BaseChatModel.", "Runnable", "_astream_events", "_AstreamEvents", "_atee", "tee")


@pytest.mark.parametrize("how", LEAVING)
def test_who_leaves_early_is_told_of_no_error(how):
    """LangChain does not close the generator of a model: it is one, and the loop closes it."""
    with Server(events(text="hello" * 50)) as server:
        model = ChatOpenAICodeInterpreter(
            model="gpt-5", base_url=server.url, api_key="test", max_retries=0
        )

        async def open_stream():
            return model.astream("go")

        left = leave(open_stream, how)
        assert left.reported == []
        ours = [name for name in left.generators if not name.startswith(LANGCHAINS)]
        assert ours == ["ChatOpenAICodeInterpreter._agenerations"]
        assert server.hung_up.acquire(timeout=10)
