"""A stand-in server for each test, and LLMs that talk to it."""

from __future__ import annotations

import asyncio
import inspect
import time

import pytest
from llama_index.core.llms import ChatMessage
from llama_index.core.memory import Memory

from llama_index.llms.openai_code_interpreter import OpenAICodeInterpreter
from openai_code_interpreter.testing import Scenario, StandInServer


@pytest.fixture
def serve():
    """Start servers with the given turns, and stop them after the test."""
    running = []

    def start(*turns, **options):
        running.append(StandInServer(Scenario(*turns, **options)))
        running[-1].start()
        return running[-1]

    yield start
    for server in running:
        server.stop()


@pytest.fixture
def make_llm():
    """An LLM for a server, without retries unless asked for."""

    def make(server, **options):
        given = {"model": "gpt-5", "api_key": "test-key", "max_retries": 0, **options}
        return OpenAICodeInterpreter(api_base=server.url, **given)

    return make


@pytest.fixture
def chunks():
    """Everything that one of the eight methods yields or returns, as a list."""

    async def call(llm, method, prompt, **options):
        if "chat" in method and isinstance(prompt, str):
            prompt = [ChatMessage(role="user", content=prompt)]
        answer = getattr(llm, method)(prompt, **options)
        if inspect.isawaitable(answer):
            answer = await answer
        if inspect.isasyncgen(answer):
            return [chunk async for chunk in answer]
        return list(answer) if inspect.isgenerator(answer) else [answer]

    return call


@pytest.fixture
def asked():
    """The bodies of the requests for responses that a server got, downloads left out."""

    def bodies(server):
        return [one.body for one in server.requests if one.path == "/v1/responses"]

    return bodies


@pytest.fixture
async def make_memory():
    """LlamaIndex's memory in SQL, its database closed after the test."""
    made = []

    def make(session_id):
        made.append(Memory.from_defaults(session_id=session_id, token_limit=40_000))
        return made[-1]

    yield make
    for memory in made:
        if (engine := memory.sql_store._async_engine) is not None:
            await engine.dispose()


@pytest.fixture
def wait_until():
    """Wait for a condition that another thread brings about."""

    async def wait(condition, *, seconds=10.0):
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "waited too long"
            await asyncio.sleep(0.01)

    return wait
