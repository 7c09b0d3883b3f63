"""A stand-in for tests, not a sandbox: loopback only, its scenario's code, never a request's.

The server listens on loopback only and runs the code of its scenario, with the rights of
whoever runs the tests; it never runs code from a request.

The parts, from the outside in:

- `server`: `StandInServer`, a thread with an event loop around the rest;
- `app`, `responses_api`, `containers_api`, `files_api`: the HTTP routes, over `state`;
- `playbook`: which turn answers a request; `player`: a turn's steps turned into output items;
- `items`, `citations`, `response_object`: the API's JSON shapes;
- `stream`, `delivery`: a finished response as SSE events, and the events with their faults;
- `containers`, `kernel`, `worker`: files, and the subprocess in which code runs;
- `scenario`, `faults`: what a test writes down.
"""

from __future__ import annotations

from openai_code_interpreter.testing.server.faults import (
    AnswerInstead,
    CutDownload,
    CutStream,
    EndStream,
    FailDownload,
    FailResponse,
    IncompleteResponse,
    Keepalive,
    RejectRequest,
    StallStream,
    StreamError,
)
from openai_code_interpreter.testing.server.requests import RecordedRequest
from openai_code_interpreter.testing.server.scenario import (
    CallFunction,
    Refuse,
    RunCode,
    Say,
    Scenario,
    Think,
    Turn,
)
from openai_code_interpreter.testing.server.server import StandInServer

__all__ = [
    "AnswerInstead",
    "CallFunction",
    "CutDownload",
    "CutStream",
    "EndStream",
    "FailDownload",
    "FailResponse",
    "IncompleteResponse",
    "Keepalive",
    "RecordedRequest",
    "Refuse",
    "RejectRequest",
    "RunCode",
    "Say",
    "Scenario",
    "StallStream",
    "StandInServer",
    "StreamError",
    "Think",
    "Turn",
]
