"""What can go wrong in a turn, as frozen values for `Turn(..., faults=[...])`.

Counts called `after_events` count the response's own events from zero, keepalives left out:
`after_events=3` lets three events through. No count lets the terminal event through, so
`after_events=10_000` breaks off just before it.

Faults of the stream (`CutStream`, `EndStream`, `StreamError`, `Keepalive`, `StallStream`) do
nothing to a request without `stream: true`; the others shape both kinds of answer.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "AnswerInstead",
    "CutDownload",
    "CutStream",
    "EndStream",
    "FailDownload",
    "FailResponse",
    "Fault",
    "IncompleteResponse",
    "Keepalive",
    "RejectRequest",
    "StallStream",
    "StreamError",
]


@dataclass(frozen=True, slots=True)
class RejectRequest:
    """Answer with an HTTP error instead of a response; the turn stays unused meanwhile.

    Attributes:
        status: The HTTP status. The OpenAI SDK repeats a request on 408, 409, 429 and 5xx.
        message: The error's message.
        code: The error's code; most of the API's errors have none.
        type: The error's type.
        headers: Extra response headers, such as `retry-after-ms`.
        times: How many requests are rejected before one is answered; `None` for all.
    """

    status: int
    message: str
    _: KW_ONLY
    code: str | None = None
    type: str = "invalid_request_error"
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int | None = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CutStream:
    """Close the connection in the middle of an event, after `after_events` whole ones."""

    after_events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EndStream:
    """End the body properly after `after_events` events, without a terminal event."""

    after_events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamError:
    """Send an `error` event and `response.failed` after `after_events` events.

    Attributes:
        after_events: How many events come before.
        code: The error's code.
        message: The error's message.
        shape: `nested` is what the API was recorded sending (`{"type": "error", "error": {…}}`);
            `flat` is what the SDK's type describes (`code` and `message` at the top).
    """

    after_events: int
    code: str = "server_error"
    message: str = "The server had an error while processing your request."
    shape: Literal["nested", "flat"] = "nested"


@dataclass(frozen=True, slots=True)
class FailResponse:
    """Finish the response with `status: "failed"` and this error, after all its items."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class IncompleteResponse:
    """Finish the response with `status: "incomplete"`, after all its items.

    A message that comes last gets `status: "incomplete"` too.
    """

    reason: str = "max_output_tokens"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keepalive:
    """Send a `keepalive` event after each `every` events.

    It repeats the sequence number before it, so those of the real events stay gapless.
    """

    every: int

    def __post_init__(self) -> None:
        """Refuse a period that never passes."""
        if self.every < 1:
            message = f"every must be 1 or more, not {self.every}"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class StallStream:
    """Send nothing for `seconds` seconds after `after_events` events."""

    after_events: int
    seconds: float


@dataclass(frozen=True, slots=True)
class AnswerInstead:
    """Answer 200 with this body, as a proxy in between might; nothing is played or run."""

    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class FailDownload:
    """Answer the download of a file of this turn's container with an error.

    Attributes:
        filename: A glob pattern for the file's name, such as `*.png`.
        status: The HTTP status.
        message: The error's message; the default is what the API was seen sending.
        times: How many downloads fail before one works; `None` for all.
    """

    filename: str
    _: KW_ONLY
    status: int = 404
    message: str = "File not found."
    times: int | None = None


@dataclass(frozen=True, slots=True)
class CutDownload:
    """Close the connection after `after_bytes` bytes of a download, its full length announced.

    Attributes:
        filename: A glob pattern for the file's name.
        after_bytes: How many bytes are sent.
        times: How many downloads are cut before one is whole; `None` for all.
    """

    filename: str
    _: KW_ONLY
    after_bytes: int
    times: int | None = None


Fault: TypeAlias = (
    RejectRequest
    | CutStream
    | EndStream
    | StreamError
    | FailResponse
    | IncompleteResponse
    | Keepalive
    | StallStream
    | AnswerInstead
    | FailDownload
    | CutDownload
)
