"""The values that a run hands back.

All of them are plain frozen dataclasses: they hold no client and open no connection. They compare
by value, print short (no payloads), and go to JSON and back through `pydantic.TypeAdapter`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, PlainSerializer, PlainValidator

from openai_code_interpreter.errors import (
    ArtifactError,
    ArtifactUnavailableError,
    artifact_error,
)

__all__ = [
    "Artifact",
    "ArtifactOrigin",
    "CodeInterpreterCall",
    "CodeInterpreterResult",
    "ContainerFileCitation",
    "InlineImage",
    "JsonArtifactError",
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
        header, found, _ = self.url.partition(",")
        header = header.lower()
        if not found or not header.startswith("data:") or not header.endswith(";base64"):
            return None
        return header[5:].split(";", 1)[0] or None

    def read_bytes(self) -> bytes:
        """Return the image's bytes.

        Raises:
            ArtifactUnavailableError: If the URL is no well-formed base64 data URI.
        """
        _, _, payload = self.url.partition(",")
        if self.media_type is not None:
            try:
                return base64.b64decode(payload, validate=True)
            except (binascii.Error, ValueError):
                pass
        msg = f"the inline image is no base64 data URI: {self.url[:40]!r}"
        raise ArtifactUnavailableError(msg)


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

    @property
    def logs(self) -> str:
        """All logs of the call, joined with nothing between."""
        return "".join(
            output["logs"]
            for output in self.outputs or ()
            if output.get("type") == "logs" and isinstance(output.get("logs"), str)
        )

    @property
    def images(self) -> list[InlineImage]:
        """The images that the code displayed, in order."""
        return [
            InlineImage(url=output["url"])
            for output in self.outputs or ()
            if output.get("type") == "image" and isinstance(output.get("url"), str)
        ]


def _only_callable(value: object) -> object:
    """Drop what JSON may bring in a reader's place: a message is untrusted."""
    return value if callable(value) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A generated file that was delivered to a store."""

    filename: str
    """The name under which it lies in its store: one component, safe to join to a path."""
    original_filename: str
    """The name that the model or the container gave it. Untrusted: never join it to a path."""
    media_type: str
    size: int
    """Bytes."""
    sha256: str = field(repr=False)
    """Hexadecimal digest of the bytes."""
    container_id: str | None = None
    file_id: str | None = None
    origin: ArtifactOrigin = "cited"
    key: str = field(repr=False)
    """The store's own name for it: relative, and valid in that store only."""
    location: str | None = None
    """Where it lies, for people and programs: a path for a directory, None for memory."""
    reader: Annotated[Any, Field(exclude=True), BeforeValidator(_only_callable)] = field(
        default=None, repr=False, compare=False
    )
    """How the bytes are read again in this process; not part of the value."""

    def __getstate__(self) -> list[Any]:
        # Another process cannot read what this one holds; it asks the store.
        return [None if one.name == "reader" else getattr(self, one.name) for one in fields(self)]

    def read_bytes(self) -> bytes:
        """Return the file's bytes.

        Raises:
            ArtifactUnavailableError: If this value came from JSON or from another process, or the
                store lost the file.
                `get_artifacts` of the plugins, or the store's own `read_bytes(key)`, finds it.
        """
        reader: Callable[[], bytes] | None = self.reader
        if reader is None:
            msg = (
                f"the bytes of {self.filename!r} are not at hand: this artifact came from "
                f"elsewhere; ask its store with store.read_bytes({self.key!r})"
            )
            raise ArtifactUnavailableError(
                msg,
                container_id=self.container_id,
                file_id=self.file_id,
                filename=self.original_filename,
            )
        return reader()


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeInterpreterResult:
    """What one response came to.

    A finished, a failed and an interrupted response have the same shape: `status` tells them
    apart, and whatever had arrived is there.
    """

    response_id: str | None = None
    model: str | None = None
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
    """The delivered files, each once, in the order in which they were cited."""
    failures: list[JsonArtifactError] = field(default_factory=list)
    """One error for each file that could not be delivered."""
    container_ids: list[str] = field(default_factory=list)
    """Every container of the response, in order of appearance."""
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
