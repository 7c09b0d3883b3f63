"""A stand-in for tests, not a sandbox: loopback only, its scenario's code, never a request's.

The server listens on loopback only and runs the code of its scenario, with the rights of
whoever runs the tests; it never runs code from a request.

The parts, from the outside in:

- `_server`: `StandInServer`, a thread with an event loop around the rest;
- `_app`, `_responses_api`, `_containers_api`, `_files_api`: the HTTP routes, over `_state`;
  `_downloads`: a file's content, with its faults; `_exchange`: how they read and write;
- `_requests`, `_turns`: what is asked, and which turn answers it, in which container; `_items`,
  `_response_object`, `_errors`: the API's JSON shapes;
- `_stream`, `_delivery`: a finished response as SSE events, and the events with their faults;
- `_containers`, `_kernel`, `_processes`, `_worker`: files, and the subprocess in which code runs;
- `_scenario`, `_faults`: what a test writes down; `_identifiers`: ids and clocks.
"""

from __future__ import annotations

from openai_code_interpreter.testing.server._faults import (
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
from openai_code_interpreter.testing.server._requests import RecordedRequest
from openai_code_interpreter.testing.server._scenario import (
    CallFunction,
    Refuse,
    RunCode,
    Say,
    Scenario,
    Think,
    Turn,
)
from openai_code_interpreter.testing.server._server import StandInServer

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
