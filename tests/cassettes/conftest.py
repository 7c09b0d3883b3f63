"""What the tests of the cassette kit share: servers, a question, and pytest in a process apart."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from openai import OpenAI

from openai_code_interpreter import CodeInterpreter
from openai_code_interpreter.testing import Scenario, StandInServer

ELSEWHERE = "http://elsewhere.invalid/v1"
"""Where a replay points: nothing answers there."""


@pytest.fixture
def elsewhere():
    return ELSEWHERE


@pytest.fixture
def serve():
    """Start servers with the given turns, and stop them after the test."""
    running = []

    def start(*turns, **options):
        running.append(StandInServer(Scenario(*turns, **options)))
        running[-1].start()
        return running[-1]

    yield start
    for one in running:
        one.stop()


@pytest.fixture
def client_of():
    """Make sync clients, closed after the test."""
    made = []

    def make(url=ELSEWHERE, **options):
        options = {"api_key": "sk-not-to-be-written", "max_retries": 0, **options}
        made.append(OpenAI(base_url=url, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def ask(client_of):
    """The text and the files of one streamed answer."""

    def question(url=ELSEWHERE, prompt="go", client=None):
        ci = CodeInterpreter("gpt-5", client=client or client_of(url))
        with ci.stream(prompt) as stream:
            for _ in stream:
                pass
        result = stream.result
        return result.text, [artifact.read_bytes() for artifact in result.artifacts]

    return question


@pytest.fixture
def run_pytest(tmp_path):
    """Run pytest as a user does: another process, another project, no settings of this one."""

    def run(*arguments, env=None):
        kept = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "HOME")
        environment = {key: os.environ[key] for key in kept if key in os.environ}
        # Of all plugins only these two: loading the others takes most of the time.
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
        command += ["-p", "recording", "-p", "openai_code_interpreter.testing.plugin"]
        return subprocess.run(
            [*command, "--block-network", "--allowed-hosts=127.0.0.1", *arguments],
            cwd=tmp_path,
            env={
                **environment,
                "PYTHONUTF8": "1",
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
                **(env or {}),
            },
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=200,
            check=False,
        )

    return run
