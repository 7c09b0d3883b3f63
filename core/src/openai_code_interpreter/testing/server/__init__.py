"""A stand-in for tests, not a sandbox: loopback only, its scenario's code, never a request's.

The server listens on loopback only and runs the code of its scenario, with the rights of
whoever runs the tests; it never runs code from a request.

The parts, from the outside in:

- `server`: `StandInServer`, a thread with an event loop around the rest;
- `app`, `responses_api`, `containers_api`, `files_api`: the HTTP routes, over `state`; `exchange`:
  how they read and write;
- `requests`, `turns`: what is asked, and which turn answers it, in which container; `items`,
  `response_object`, `errors`: the API's JSON shapes;
- `stream`, `delivery`: a finished response as SSE events, and the events with their faults;
  `downloads`: a file's content with its;
- `containers`, `kernel`, `_processes`, `worker`: files, and the subprocess in which code runs;
- `scenario`, `faults`: what a test writes down; `identifiers`: ids and clocks.
"""

from __future__ import annotations

from openai_code_interpreter.testing.server.faults import (
    AnswerInstead,
    CutChunkedDownload,
    CutDownload,
    CutStream,
    DripDownload,
    DropEvent,
    DuplicateEvent,
    EndStream,
    ErrorBodyDownload,
    ExpireMidStream,
    FailDownload,
    FailResponse,
    GzipDownload,
    IncompleteResponse,
    Keepalive,
    LongDownload,
    NoLengthDownload,
    OddLengthDownload,
    RedirectDownload,
    RejectRequest,
    ShortDownload,
    StallDownload,
    StallStream,
    StreamError,
    SwapEvents,
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
    "CutChunkedDownload",
    "CutDownload",
    "CutStream",
    "DripDownload",
    "DropEvent",
    "DuplicateEvent",
    "EndStream",
    "ErrorBodyDownload",
    "ExpireMidStream",
    "FailDownload",
    "FailResponse",
    "GzipDownload",
    "IncompleteResponse",
    "Keepalive",
    "LongDownload",
    "NoLengthDownload",
    "OddLengthDownload",
    "RecordedRequest",
    "RedirectDownload",
    "Refuse",
    "RejectRequest",
    "RunCode",
    "Say",
    "Scenario",
    "ShortDownload",
    "StallDownload",
    "StallStream",
    "StandInServer",
    "StreamError",
    "SwapEvents",
    "Think",
    "Turn",
]
