"""What the stand-in server's own tests share."""

from __future__ import annotations

import pytest

from openai_code_interpreter.testing import (
    Scenario,
    StandInServer,
)
from stand_in_support import CLIENTS


@pytest.fixture
def serve():
    """Start servers with the given turns, and stop them after the test."""
    running = []

    def start(*turns, repeat=False, seed=0, **options):
        running.append(StandInServer(Scenario(*turns, repeat=repeat, seed=seed), **options))
        running[-1].start()
        return running[-1]

    yield start
    for one in running:
        one.stop()


@pytest.fixture(autouse=True)
def _close_clients():
    """Close the clients of a test before the servers that `serve` started."""
    yield
    while CLIENTS:
        CLIENTS.pop().close()
