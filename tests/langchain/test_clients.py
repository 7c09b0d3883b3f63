"""Clients and connections: event loops, clients that are given, streams that are left early."""

from __future__ import annotations

import asyncio

import pytest
from openai import AsyncOpenAI, OpenAI

from langchain_openai_code_interpreter import ChatOpenAICodeInterpreter
from openai_code_interpreter import InvalidInputError
from openai_code_interpreter.testing import RunCode, Say, StallStream, Turn

pytestmark = pytest.mark.timeout(60)

HI = Turn(Say("Hi."))


async def gather(stream):
    return [one async for one in stream]


def test_one_model_serves_several_event_loops(chat, total):
    model, _ = chat(HI, repeat=True)
    for _ in range(3):
        assert asyncio.run(model.ainvoke("go")).text == "Hi."
        assert total(asyncio.run(gather(model.astream("go")))).text == "Hi."


@pytest.mark.parametrize("given", ["client", "async_client"])
def test_one_client_is_enough_for_both_sides(given, serve, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    server = serve(HI, repeat=True)
    kind = OpenAI if given == "client" else AsyncOpenAI
    client = kind(base_url=server.url, api_key="given", default_headers={"x-team": "blue"})
    model = ChatOpenAICodeInterpreter(model="gpt-5", **{given: client})
    assert model.invoke("go").text == "Hi."
    for _ in range(2):
        assert asyncio.run(model.ainvoke("go")).text == "Hi."
    sent = {(one.headers["authorization"], one.headers["x-team"]) for one in server.requests}
    assert sent == {("Bearer given", "blue")}


def test_a_client_that_cannot_be_derived_is_asked_for_by_name(serve):
    from openai import DefaultHttpxClient

    server = serve(HI, repeat=True)
    http_client = DefaultHttpxClient()
    client = OpenAI(base_url=server.url, api_key="given", http_client=http_client)
    model = ChatOpenAICodeInterpreter(model="gpt-5", client=client)
    assert model.invoke("go").text == "Hi."
    with pytest.raises(InvalidInputError, match="async_client="):
        asyncio.run(model.ainvoke("go"))


LONG = Turn(RunCode("print(1)"), Say("Hi."), faults=[StallStream(after_events=5, seconds=30)])


def test_leaving_a_stream_early_closes_its_connection(chat, wait_until):
    model, server = chat(LONG)
    stream = model.stream("go")
    next(stream)
    wait_until(lambda: server.open_streams == 1)
    stream.close()
    assert wait_until(lambda: server.open_streams == 0)


def test_dropping_a_stream_closes_its_connection(chat, wait_until):
    model, server = chat(LONG)
    for _ in model.stream("go"):
        break
    assert wait_until(lambda: server.open_streams == 0)


async def test_leaving_an_async_stream_early_closes_its_connection(chat, wait_until):
    model, server = chat(LONG)
    stream = model.astream("go")
    await anext(stream)
    await asyncio.to_thread(wait_until, lambda: server.open_streams == 1)
    await stream.aclose()
    assert await asyncio.to_thread(wait_until, lambda: server.open_streams == 0)


async def test_cancelling_a_task_closes_its_connection(chat, wait_until):
    model, server = chat(LONG)
    task = asyncio.create_task(gather(model.astream("go")))
    await asyncio.to_thread(wait_until, lambda: server.open_streams == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(wait_until, lambda: server.open_streams == 0)


def test_asyncio_run_ends_although_a_stream_was_left(chat, wait_until):
    model, server = chat(LONG)

    async def leave():
        async for _ in model.astream("go"):
            break

    asyncio.run(leave())
    assert wait_until(lambda: server.open_streams == 0)


def test_an_error_of_the_reader_closes_the_connection(chat, wait_until):
    model, server = chat(LONG)

    def read():
        for _ in model.stream("go"):
            raise KeyError("reader")

    with pytest.raises(KeyError, match="reader"):
        read()
    wait_until(lambda: server.open_streams == 0)
