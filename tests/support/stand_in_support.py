"""Ways to ask a stand-in server: through the SDK, and bare."""

from __future__ import annotations

import json
import textwrap
import time
import urllib.error
import urllib.request

from openai import OpenAI

from openai_code_interpreter.testing import (
    RunCode,
    Turn,
)

AUTO = {"type": "code_interpreter", "container": {"type": "auto"}}
OUTPUTS = ["code_interpreter_call.outputs"]
ASK = {"model": "gpt-5", "input": "go", "tools": [AUTO], "include": OUTPUTS}

PLOT = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\n"


CLIENTS = []
"""The clients of the running test; a fixture closes them before the servers stop."""


def client_of(one, *, max_retries=0):
    CLIENTS.append(OpenAI(base_url=one.url, api_key="test", timeout=20, max_retries=max_retries))
    return CLIENTS[-1]


def ask(one, **changes):
    """The response to one request without a stream, as the dict that was sent."""
    return client_of(one).responses.create(**{**ASK, **changes}).to_dict()


def stream(one, **changes):
    """The events of one streamed request, as the dicts that were sent."""
    with client_of(one).responses.create(**{**ASK, **changes}, stream=True) as events:
        return [event.to_dict() for event in events]


def run(serve, *codes):
    """The outputs of calls that run these pieces of code in one container."""
    response = ask(serve(Turn(*map(RunCode, codes))))
    return [item["outputs"] for item in response["output"]]


def logs(serve, code):
    """The joined logs of one call."""
    (outputs,) = run(serve, textwrap.dedent(code))
    return "".join(output["logs"] for output in outputs)


def http(one, path, *, method="GET", body=None, headers=None):
    """Status, headers and body of one request made without the SDK."""
    request = urllib.request.Request(
        one.url.removesuffix("/v1") + path,
        data=None if body is None else json.dumps(body).encode(),
        method=method,
        headers={"Authorization": "Bearer test", **(headers or {})},
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def asked(one):
    """The requests for a response, without those for files."""
    return [request for request in one.requests if request.path.endswith("/responses")]


def wait_until(condition, *, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)


def consume(one, **changes):
    """What came of a stream before it ended, and the error that ended it."""
    kinds = []
    try:
        with client_of(one).responses.create(**{**ASK, **changes}, stream=True) as events:
            for event in events:
                kinds.append(event.type)  # noqa: PERF401 - kept even if the next one raises
    except Exception as error:
        return kinds, error
    return kinds, None
