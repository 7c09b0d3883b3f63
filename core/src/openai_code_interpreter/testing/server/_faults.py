"""What can go wrong in a turn, as frozen values for `Turn(..., faults=[...])`.

Counts called `after_events` count the response's own events from zero, keepalives left out:
`after_events=3` lets three events through. No count lets the terminal event through, so
`after_events=10_000` breaks off just before it.

An `index` names an event by its place from zero; one beyond the terminal event does nothing.

Faults of the stream (`CutStream`, `EndStream`, `StreamError`, `ExpireMidStream`, `Keepalive`,
`StallStream`, `DuplicateEvent`, `DropEvent`, `SwapEvents`) do nothing to a request without
`stream: true`; the others shape both kinds of answer. Those of
downloads strike the files of their turn's container whose name matches `filename`, a glob pattern
such as `*.png`, for `times` downloads; `None` is for all.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "AnswerInstead",
    "CutChunkedDownload",
    "CutDownload",
    "CutStream",
    "DownloadFault",
    "DripDownload",
    "DropEvent",
    "DuplicateEvent",
    "EndStream",
    "ErrorBodyDownload",
    "ExpireMidStream",
    "FailDownload",
    "FailResponse",
    "Fault",
    "GzipDownload",
    "IncompleteResponse",
    "Keepalive",
    "LongDownload",
    "NoLengthDownload",
    "OddLengthDownload",
    "RedirectDownload",
    "RejectRequest",
    "ShortDownload",
    "StallDownload",
    "StallStream",
    "StreamError",
    "StreamFault",
    "SwapEvents",
]


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


@dataclass(frozen=True, slots=True)
class ShortDownload:
    """Send the whole file, but announce a `Content-Length` that is `by` bytes larger.

    Attributes:
        filename: A glob pattern for the file's name.
        by: How many bytes are announced and never sent.
        times: How many downloads are struck; `None` for all.
    """

    filename: str
    _: KW_ONLY
    by: int = 1
    times: int | None = None


@dataclass(frozen=True, slots=True)
class LongDownload:
    """Send the whole file, but announce a `Content-Length` that is `by` bytes smaller.

    Attributes:
        filename: A glob pattern for the file's name.
        by: How many bytes are sent and were not announced; at most the whole file.
        times: How many downloads are struck; `None` for all.
    """

    filename: str
    _: KW_ONLY
    by: int = 1
    times: int | None = None


@dataclass(frozen=True, slots=True)
class NoLengthDownload:
    """Announce no length at all: the body ends where the connection does.

    Attributes:
        filename: A glob pattern for the file's name.
        after_bytes: End after this many bytes, which no client can tell from the file's own end;
            `None` for the whole file.
        times: How many downloads are struck; `None` for all.
    """

    filename: str
    _: KW_ONLY
    after_bytes: int | None = None
    times: int | None = None


@dataclass(frozen=True, slots=True)
class CutChunkedDownload:
    """Send the file in chunked encoding, and close the connection without the chunk that ends it.

    Attributes:
        filename: A glob pattern for the file's name.
        after_bytes: How many bytes are sent.
        times: How many downloads are cut before one is whole; `None` for all.
    """

    filename: str
    _: KW_ONLY
    after_bytes: int
    times: int | None = None


@dataclass(frozen=True, slots=True)
class OddLengthDownload:
    """Send the whole file, with this text as its `Content-Length`, such as `-1` or `many`.

    Attributes:
        filename: A glob pattern for the file's name.
        length: The header's value, in ASCII.
        times: How many downloads are struck; `None` for all.
    """

    filename: str
    _: KW_ONLY
    length: str
    times: int | None = None


@dataclass(frozen=True, slots=True)
class StallDownload:
    """Send nothing for `seconds` seconds after `after_bytes` bytes, and the rest then.

    Attributes:
        filename: A glob pattern for the file's name.
        after_bytes: How many bytes come before; the head of the answer comes in any case.
        seconds: How long nothing comes.
        times: How many downloads are struck; `None` for all.
    """

    filename: str
    _: KW_ONLY
    after_bytes: int
    seconds: float
    times: int | None = None


@dataclass(frozen=True, slots=True)
class DripDownload:
    """Send the file in small pieces with a pause after each: never silent, never done.

    Attributes:
        filename: A glob pattern for the file's name.
        piece: How many bytes a piece has.
        seconds: How long the pauses are.
        times: How many downloads are struck; `None` for all.
    """

    filename: str
    _: KW_ONLY
    piece: int = 1
    seconds: float
    times: int | None = None

    def __post_init__(self) -> None:
        """Refuse pieces of nothing."""
        if self.piece < 1:
            message = f"piece must be 1 or more, not {self.piece}"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class GzipDownload:
    """Send the file with an encoding, even to a client that asks for identity.

    Attributes:
        filename: A glob pattern for the file's name.
        encoding: What `Content-Encoding` says; the body is compressed by gzip in any case.
        times: How many downloads are struck; `None` for all.
    """

    filename: str
    _: KW_ONLY
    encoding: str = "gzip"
    times: int | None = None


@dataclass(frozen=True, slots=True)
class ErrorBodyDownload:
    """Answer with status 200 and an error's JSON body, as a proxy in between might.

    Attributes:
        filename: A glob pattern for the file's name.
        message: The error's message.
        attachment: Send it with the `Content-Disposition` of a file, behind which no client can
            tell it from one.
        times: How many downloads are struck; `None` for all.
    """

    filename: str
    _: KW_ONLY
    message: str = "File not found."
    attachment: bool = False
    times: int | None = None


@dataclass(frozen=True, slots=True)
class RedirectDownload:
    """Redirect to a path of this server that sends the file and asks for no credentials.

    Attributes:
        filename: A glob pattern for the file's name.
        origin: `same` for a relative address; `other` for one under the server's other name,
            `localhost` instead of an address or the reverse, to which a client must not send
            its key.
        location: The `Location` as it is sent, in place of the one that `origin` makes.
        status: The HTTP status.
        times: How many downloads are struck; `None` for all.
    """

    filename: str
    _: KW_ONLY
    origin: Literal["same", "other"] = "same"
    location: str | None = None
    status: int = 302
    times: int | None = None


DownloadFault: TypeAlias = (
    FailDownload
    | CutDownload
    | ShortDownload
    | LongDownload
    | NoLengthDownload
    | CutChunkedDownload
    | OddLengthDownload
    | StallDownload
    | DripDownload
    | GzipDownload
    | ErrorBodyDownload
    | RedirectDownload
)


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
