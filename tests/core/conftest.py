"""What the core's tests share: a stand-in server, and waiting with a bound."""

from __future__ import annotations

import time

import pytest
from hypothesis import settings
from openai import AsyncOpenAI, OpenAI

from openai_code_interpreter import AsyncCodeInterpreter, CodeInterpreter
from openai_code_interpreter.testing import Scenario, StandInServer

settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.load_profile("repeatable")


@pytest.fixture
def serve():
    """Start servers with the given turns, and stop them after the test."""
    running = []

    def start(*turns, seed=0, **options):
        running.append(StandInServer(Scenario(*turns, seed=seed), **options))
        running[-1].start()
        return running[-1]

    yield start
    for one in running:
        one.stop()


@pytest.fixture
def interpreter():
    """Make interpreters that talk to a server, and close their clients after the test."""
    clients = []

    def make(server, **options):
        client = OpenAI(base_url=server.url, api_key="test", timeout=20, max_retries=0)
        clients.append(client)
        return CodeInterpreter("gpt-5", client=client, **options)

    yield make
    for client in clients:
        client.close()


@pytest.fixture
async def async_interpreter():
    """The same for async."""
    clients = []

    def make(server, **options):
        client = AsyncOpenAI(base_url=server.url, api_key="test", timeout=20, max_retries=0)
        clients.append(client)
        return AsyncCodeInterpreter("gpt-5", client=client, **options)

    yield make
    for client in clients:
        await client.close()


@pytest.fixture
def wait_until():
    """Wait for a condition, ten seconds at most."""

    def wait(condition, *, seconds=10.0):
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "waited too long"
            time.sleep(0.01)

    return wait
