"""The values that a run hands back.

All of them are plain frozen dataclasses: they hold no client and open no connection. They compare
by value, print short (no payloads), and go to JSON and back through `pydantic.TypeAdapter`.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from typing import Annotated, Any, Literal, Protocol, TypeAlias, runtime_checkable

from pydantic import Field, PlainSerializer, PlainValidator

from openai_code_interpreter._sansio.config import MemoryLimit
from openai_code_interpreter._sansio.media_types import INLINE_IMAGES
from openai_code_interpreter._sansio.wire import logs_of
from openai_code_interpreter.errors import (
    ArtifactError,
    ArtifactTooLargeError,
    ArtifactUnavailableError,
    ArtifactUnsafeError,
    artifact_error,
)

__all__ = [
    "Artifact",
    "ArtifactOrigin",
    "CodeInterpreterCall",
    "CodeInterpreterResult",
    "ContainerFileCitation",
    "ContainerUse",
    "HowUsed",
    "InlineImage",
    "InlineReader",
    "JsonArtifactError",
    "Reader",
]

ArtifactOrigin: TypeAlias = Literal["cited", "inline", "listed"]
"""Where a file was found: cited in the text, shown as an inline image, listed in the container."""

JsonArtifactError: TypeAlias = Annotated[
    ArtifactError,
    PlainValidator(artifact_error),
    PlainSerializer(ArtifactError.to_dict, return_type=dict[str, Any]),
]
"""An artifact error as a field of a value: an object in JSON, the exception in Python."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerFileCitation:
    """A place in the answer's text that names a file in a container.

    The span is half-open and counts characters of its text part. A figure that was only displayed
    is cited with the span 0 to 0 under the name `cfile_….png`; it is a real file. Two spans of one
    file are two citations.
    """

    container_id: str
    file_id: str
    filename: str
    start_index: int = 0
    end_index: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineImage:
    """An image that the code displayed, as it lies in a call's outputs."""

    url: str = field(repr=False)
    """The URL of the wire, a `data:` URI in every recording. It is never fetched."""

    @property
    def media_type(self) -> str | None:
        """The media type that the data URI states, such as `image/png`, or None."""
        header = self.url[: max(self.url.find(","), 0)].lower()
        if not header.startswith("data:") or not header.endswith(";base64"):
            return None
        return header[5:].split(";", 1)[0] or None

    def read_bytes(self, max_bytes: int | None = None) -> bytes:
        """Return the image's bytes.

        Args:
            max_bytes: The cap on its size in bytes, checked before anything is decoded.

        Raises:
            ArtifactUnsafeError: If the URL is no well-formed base64 data URI of an image. No other
                URL is ever fetched.
            ArtifactTooLargeError: If the image is larger than `max_bytes`.
        """
        if not (self.media_type or "").startswith("image/"):
            scheme = self.url.partition(":")[0][:20]
            msg = (
                f"the inline image ({scheme!r}, {len(self.url)} characters) is no base64 data URI "
                "of an image, and URLs that a response names are never fetched"
            )
            raise ArtifactUnsafeError(msg)
        start = self.url.index(",") + 1
        size = (len(self.url) - start) // 4 * 3 - self.url[max(start, len(self.url) - 2) :].count(
            "="
        )
        if max_bytes is not None and size > max_bytes:
            msg = f"the inline image has {size} bytes, over the cap of {max_bytes}"
            raise ArtifactTooLargeError(msg, limit=max_bytes)
        try:
            data = base64.b64decode(self.url[start:], validate=True)
        except ValueError as error:  # binascii.Error is one; so is text beyond ASCII
            msg = f"the inline image is a data URI with broken base64: {error}"
            raise ArtifactUnsafeError(msg) from error
        if len(data) != size:  # the decoder passes over padding where none belongs
            msg = "the inline image is a data URI with broken base64: its padding is odd"
            raise ArtifactUnsafeError(msg)
        return data


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeInterpreterCall:
    """One run of code in a container.

    `outputs` are the wire's own objects, in the order they were produced: `{"type": "logs",
    "logs": …}` and `{"type": "image", "url": …}`. It is None when outputs were not asked for
    (`include_outputs=False`) and empty when the code printed nothing. Errors of the code arrive
    as logs: the wire has no exit status and does not tell stdout from stderr.
    """

    id: str
    container_id: str | None = None
    status: str = "in_progress"
    """`in_progress`, `interpreting`, `completed`, `incomplete` or `failed`."""
    code: str = field(default="", repr=False)
    outputs: list[dict[str, Any]] | None = field(default=None, repr=False)
    truncated: bool = False
    """Whether code or logs were longer than what is kept (8 Mi characters each)."""

    @property
    def logs(self) -> str:
        """All logs of the call, joined with nothing between."""
        return logs_of({"outputs": self.outputs})

    @property
    def images(self) -> list[InlineImage]:
        """The images that the code displayed, in order."""
        return [
            InlineImage(url=output["url"])
            for output in self.outputs or ()
            if output.get("type") == "image" and isinstance(output.get("url"), str)
        ]


@runtime_checkable
class Reader(Protocol):
    """How the bytes of an artifact are read again in this process, and fetched if need be."""

    def read(self) -> bytes:
        """Return the bytes, fetching them if that was not done yet.

        Raises:
            ArtifactError: If they cannot be had.
        """

    async def aread(self) -> bytes:
        """Return the bytes without blocking the event loop; see `read`."""

    def fetch(self) -> Artifact | None:
        """Return the file as it lies in its store; None if that is where it was all the time.

        Raises:
            ArtifactError: If it had to be fetched and that failed.
        """

    async def afetch(self) -> Artifact | None:
        """Return the file as it lies in its store; see `fetch`."""


class InlineReader:
    """Reads bytes that the response itself brought."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self) -> bytes:
        """Return the bytes."""
        return self._data

    async def aread(self) -> bytes:
        """Return the bytes."""
        return self._data

    def fetch(self) -> None:
        """There is nothing to fetch."""

    async def afetch(self) -> None:
        """There is nothing to fetch."""


def _only_readers(value: object) -> object:
    """Drop what JSON may bring in a reader's place: a message is untrusted."""
    return value if isinstance(value, Reader) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A generated file: delivered to a store, or, with `fetch="lazy"`, waiting in its container."""

    filename: str
    """The name under which it lies in its store: one component, safe to join to a path."""
    original_filename: str
    """The name that the model or the container gave it. Untrusted: never join it to a path."""
    media_type: str
    """What it is: images by their first bytes only, other files by their name. Before a file was
    fetched, its name is all there is."""
    size: int | None = None
    """Bytes; None if it was not fetched and nobody said."""
    sha256: str | None = field(default=None, repr=False)
    """Hexadecimal digest of the bytes; None as long as the file was not fetched."""
    container_id: str | None = None
    file_id: str | None = None
    response_id: str | None = None
    call_id: str | None = None
    """The call that made it, where that can be told: of a shown image always, of another file if
    only one call had run in its container."""
    path: str | None = None
    """Where it lay in the container, such as `/mnt/data/plot.png`, if that was said. Untrusted."""
    origin: ArtifactOrigin = "cited"
    twin_of: str | None = field(default=None, repr=False)
    """The id of a file that is probably the same picture in other bytes: one of the two was shown,
    the other saved. A hint from their order, since nothing on the wire pairs them."""
    key: str | None = field(default=None, repr=False)
    """The store's own name for it: relative, and valid in that store only."""
    location: str | None = None
    """Where it lies, for people and programs: a path for a directory, None for memory."""
    reader: Annotated[Reader | None, PlainValidator(_only_readers), Field(exclude=True)] = field(
        default=None, repr=False, compare=False
    )
    """How the bytes are read again in this process; not part of the value."""

    def __getstate__(self) -> list[Any]:
        # Another process cannot read what this one holds; it asks the store.
        return [None if one.name == "reader" else getattr(self, one.name) for one in fields(self)]

    @property
    def fetched(self) -> bool:
        """Whether the file was brought to a store. If not, reading it fetches it."""
        return self.sha256 is not None

    @property
    def inline_safe(self) -> bool:
        """Whether a browser may show it in place: a PNG, JPEG, GIF or WebP by its first bytes.

        Offer everything else for download, with `Content-Disposition: attachment` and
        `X-Content-Type-Options: nosniff`: SVG, HTML and PDF files can carry scripts.
        """
        return self.fetched and self.media_type in INLINE_IMAGES

    def read_bytes(self) -> bytes:
        """Return the file's bytes, fetching them if they were not fetched yet.

        Raises:
            ArtifactUnavailableError: If this value came from JSON or from another process, or the
                store lost the file.
                `get_artifacts` of the plugins, or the store's own `read_bytes(key)`, finds it.
            ArtifactError: If it had to be fetched and that failed.
        """
        return self._reader().read()

    async def aread_bytes(self) -> bytes:
        """Return the file's bytes without blocking the event loop; see `read_bytes`."""
        return await self._reader().aread()

    def fetch(self) -> Artifact:
        """Return this file as it lies in the store, with its size, hash, media type and place.

        Raises:
            ArtifactError: If it had to be fetched and that failed.
        """
        if self.fetched:
            return self
        return self._as_fetched(self._reader().fetch())

    async def afetch(self) -> Artifact:
        """Return this file as it lies in the store; see `fetch`."""
        if self.fetched:
            return self
        return self._as_fetched(await self._reader().afetch())

    def _as_fetched(self, arrived: Artifact | None) -> Artifact:
        return (
            self
            if arrived is None
            else replace(
                self,
                filename=arrived.filename,
                media_type=arrived.media_type,
                size=arrived.size,
                sha256=arrived.sha256,
                key=arrived.key,
                location=arrived.location,
                reader=arrived.reader,
            )
        )

    def _reader(self) -> Reader:
        if self.reader is not None:
            return self.reader
        way_out = (
            f"this artifact came from elsewhere; ask its store with store.read_bytes({self.key!r})"
            if self.fetched
            else "it was not fetched; get_artifacts(message, client=…) reads it from its container"
        )
        msg = f"the bytes of {self.filename!r} are not at hand: {way_out}"
        raise ArtifactUnavailableError(
            msg,
            container_id=self.container_id,
            file_id=self.file_id,
            filename=self.original_filename,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeInterpreterResult:
    """What one response came to.

    A finished, a failed and an interrupted response have the same shape: `status` tells them
    apart, and whatever had arrived is there.
    """

    response_id: str | None = None
    model: str | None = None
    created_at: int | None = None
    """When the response began, in seconds since 1970, by the API's clock."""
    status: str = "in_progress"
    """`completed`, `incomplete`, `failed`, `cancelled`, `queued` or `in_progress`."""
    text: str = ""
    """All text parts of all messages, in order, nothing between (the SDK's `output_text`)."""
    refusal: str | None = None
    """What the model said in refusing, if it did."""
    calls: list[CodeInterpreterCall] = field(default_factory=list)
    citations: list[ContainerFileCitation] = field(default_factory=list)
    """Every citation once, in order of appearance."""
    artifacts: list[Artifact] = field(default_factory=list)
    """The files, each once: cited ones in the order of the text, then listed, then shown ones."""
    failures: list[JsonArtifactError] = field(default_factory=list)
    """One error for each file that could not be delivered."""
    dangling_links: list[str] = field(default_factory=list)
    """Paths that the text links and that lead to no file of the response, in order."""
    rewritten_links: dict[str, str] = field(default_factory=dict, repr=False)
    """With `links="rewrite"`, what each new link stands for: `sandbox:/mnt/data/…`, by location."""
    container_ids: list[str] = field(default_factory=list)
    """Every container of the response, in order of appearance."""
    containers: list[ContainerUse] = field(default_factory=list)
    """The containers that the request used, made or replaced, with an estimate of their cost."""
    usage: dict[str, Any] | None = field(default=None, repr=False)
    """Tokens, as the wire counts them."""
    output: list[dict[str, Any]] = field(default_factory=list, repr=False)
    """The output items, as the wire has them."""
    error: dict[str, Any] | None = None
    """`{"code": …, "message": …}` of a failed response."""
    incomplete_reason: str | None = None
    """Why an incomplete response stopped, such as `max_output_tokens`."""

    @property
    def container_id(self) -> str | None:
        """The container used last: the one that the next turn should reuse."""
        for call in reversed(self.calls):
            if call.container_id:
                return call.container_id
        return self.container_ids[-1] if self.container_ids else None


HowUsed: TypeAlias = Literal["created", "used", "replaced"]
"""`created` for this request, `used` though it was there before, or made in place of one that was
gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerUse:
    """A container that a request used, and an estimate of what it added to the bill.

    An estimate, never the bill: see the module for what is assumed.
    """

    container_id: str | None
    """Its id. None if no code ran: the API may have made, and billed, a container all the same, and
    names it nowhere."""
    how: HowUsed
    memory_limit: MemoryLimit | None = None
    """Its size, if that is known."""
    estimated_cost: Decimal | None = None
    """US dollars for one session. None if it cannot be told, and for a container that was there
    before: it is on the bill already, and whether a further session began is not to be seen."""
    replaced_id: str | None = None
    """The id of the container in whose place it was made."""
