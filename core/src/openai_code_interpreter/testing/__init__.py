"""Tools for testing programs that use the code interpreter, without a network.

`StandInServer` is a loopback server that speaks enough of OpenAI's Responses and Containers
APIs for tests: it plays scripted turns and really runs their code. Importing this package is
cheap; the server's own dependency (`aiohttp`) is imported when a server starts.
"""

from __future__ import annotations

from openai_code_interpreter.testing.server import (
    AnswerInstead,
    CallFunction,
    CutDownload,
    CutStream,
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
    RecordedRequest,
    RedirectDownload,
    Refuse,
    RejectRequest,
    RunCode,
    Say,
    Scenario,
    ShortDownload,
    StallStream,
    StandInServer,
    StreamError,
    SwapEvents,
    Think,
    Turn,
)

__all__ = [
    "AnswerInstead",
    "CallFunction",
    "CutDownload",
    "CutStream",
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
    "RecordedRequest",
    "RedirectDownload",
    "Refuse",
    "RejectRequest",
    "RunCode",
    "Say",
    "Scenario",
    "ShortDownload",
    "StallStream",
    "StandInServer",
    "StreamError",
    "SwapEvents",
    "Think",
    "Turn",
]
