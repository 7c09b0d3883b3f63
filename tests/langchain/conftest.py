"""What the tests of the LangChain plugin share: servers, models, requests, graphs."""

from __future__ import annotations

import functools
import operator
import time

import pytest

from langchain_openai_code_interpreter import ChatOpenAICodeInterpreter
from openai_code_interpreter.testing import Scenario, StandInServer


@pytest.fixture
def serve():
    """Start servers that play the given turns, and stop them after the test."""
    running = []

    def start(*turns, repeat=False, seed=0):
        running.append(StandInServer(Scenario(*turns, repeat=repeat, seed=seed)))
        running[-1].start()
        return running[-1]

    yield start
    for server in running:
        server.stop()


@pytest.fixture
def model_of():
    """Make a model that talks to a server."""

    def make(server, **options):
        defaults = {"model": "gpt-5", "api_key": "test", "timeout": 20, "max_retries": 0}
        return ChatOpenAICodeInterpreter(**{**defaults, "base_url": server.url, **options})

    return make


@pytest.fixture
def chat(serve, model_of):
    """Make a model and the server that plays these turns for it."""

    def make(*turns, repeat=False, seed=0, **options):
        server = serve(*turns, repeat=repeat, seed=seed)
        return model_of(server, **options), server

    return make


@pytest.fixture
def asked():
    """The bodies of the requests for responses that a server got, in order."""

    def bodies(server):
        return [one.body for one in server.requests if one.path == "/v1/responses"]

    return bodies


@pytest.fixture
def total():
    """The sum of a stream's chunks."""

    def add(chunks):
        return functools.reduce(operator.add, chunks)

    return add


@pytest.fixture
def blocks_of():
    """The content blocks of one type."""

    def select(message, kind):
        return [block for block in message.content if block["type"] == kind]

    return select


@pytest.fixture
def graph_of():
    """Make a LangGraph graph of one node that asks the model."""
    graphs = pytest.importorskip("langgraph.graph")

    def make(model, *, checkpointer=None):
        async def answer(state):
            return {"messages": [await model.ainvoke(state["messages"])]}

        def answer_sync(state):
            return {"messages": [model.invoke(state["messages"])]}

        from langchain_core.runnables import RunnableLambda

        builder = graphs.StateGraph(graphs.MessagesState)
        builder.add_node("model", RunnableLambda(answer_sync, afunc=answer))
        builder.add_edge(graphs.START, "model")
        return builder.compile(checkpointer=checkpointer)

    return make


@pytest.fixture
def wait_until():
    """Wait for a condition, for a bounded time."""

    def wait(condition, *, seconds=10.0):
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "waited too long"
            time.sleep(0.01)
        return True

    return wait
