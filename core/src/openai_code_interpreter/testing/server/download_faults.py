"""What can go wrong with a download, as frozen values for `Turn(..., faults=[...])`.

Each strikes the files of its turn's container whose name matches `filename`, a glob pattern such
as `*.png`, for `times` downloads; `None` is for all.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Literal, TypeAlias

__all__ = [
    "CutChunkedDownload",
    "CutDownload",
    "DownloadFault",
    "DripDownload",
    "ErrorBodyDownload",
    "FailDownload",
    "GzipDownload",
    "LongDownload",
    "NoLengthDownload",
    "OddLengthDownload",
    "RedirectDownload",
    "ShortDownload",
    "StallDownload",
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
