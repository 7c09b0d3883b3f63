"""What can go wrong in a turn, as frozen values for `Turn(..., faults=[...])`.

Counts called `after_events` count the response's own events from zero, keepalives left out:
`after_events=3` lets three events through. No count lets the terminal event through, so
`after_events=10_000` breaks off just before it.

An `index` names an event by its place from zero; one beyond the terminal event does nothing.

Faults of the stream (`CutStream`, `EndStream`, `StreamError`, `ExpireMidStream`, `Keepalive`,
`StallStream`, `DuplicateEvent`, `DropEvent`, `SwapEvents`) do nothing to a request without
`stream: true`; the others shape both kinds of answer. Those of downloads are in
`download_faults`.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from openai_code_interpreter.testing.server.download_faults import DownloadFault

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "AnswerInstead",
    "CutStream",
    "DropEvent",
    "DuplicateEvent",
    "EndStream",
    "ExpireMidStream",
    "FailResponse",
    "Fault",
    "IncompleteResponse",
    "Keepalive",
    "RejectRequest",
    "StallStream",
    "StreamError",
    "StreamFault",
    "SwapEvents",
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
    """Close the connection without ending the body.

    Attributes:
        after_events: Close in the middle of the event after this many whole ones.
        after_bytes: Close after this many bytes of the body, before its last at the latest. Give
            one of the two.
    """

    after_events: int | None = None
    after_bytes: int | None = None

    def __post_init__(self) -> None:
        """Refuse neither and both."""
        if (self.after_events is None) == (self.after_bytes is None):
            message = "give one of after_events and after_bytes"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndStream:
    """End the body properly after `after_events` events, without a terminal event."""

    after_events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamError:
    """Send an `error` event and `response.failed` after `after_events` events.

    Attributes:
        after_events: How many events come before.
        code: The error's code; `None` for an error that has none.
        message: The error's message.
        type: The error's type; by default, and as recorded, it repeats the code.
        shape: `nested` is what the API was recorded sending (`{"type": "error", "error": {…}}`);
            `flat` is what the SDK's type describes (`code` and `message` at the top).
    """

    after_events: int
    code: str | None = "server_error"
    message: str = "The server had an error while processing your request."
    type: str | None = None
    shape: Literal["nested", "flat"] = "nested"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpireMidStream:
    """Let the container expire while the stream runs.

    After `after_events` events an `error` says that the container was not found, and
    `response.failed` follows; the container is expired from then on. Nothing happens to a
    request that offers no code interpreter.

    Attributes:
        after_events: How many events come before.
        shape: As in `StreamError`.
    """

    after_events: int
    shape: Literal["nested", "flat"] = "nested"


@dataclass(frozen=True, slots=True)
class DuplicateEvent:
    """Send the event at `index` twice, with the same sequence number."""

    index: int


@dataclass(frozen=True, slots=True)
class DropEvent:
    """Leave out the event at `index`; its sequence number is missing then."""

    index: int


@dataclass(frozen=True, slots=True)
class SwapEvents:
    """Send the event at `index` after the one that follows it."""

    index: int


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


StreamFault: TypeAlias = (
    CutStream
    | EndStream
    | StreamError
    | ExpireMidStream
    | Keepalive
    | StallStream
    | DuplicateEvent
    | DropEvent
    | SwapEvents
)

Fault: TypeAlias = (
    RejectRequest | AnswerInstead | FailResponse | IncompleteResponse | StreamFault | DownloadFault
)
