"""What a caller may say beside the model and the client, with defaults that are safe."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, TypeAlias, TypedDict

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from openai_code_interpreter._sansio.config import (
    AUTO,
    Container,
    ContainerConfig,
    MemoryLimit,
    OwnContainer,
)
from openai_code_interpreter._sansio.sources import InputFile
from openai_code_interpreter._sansio.storage import ArtifactStore, checked_store

__all__ = [
    "DEFAULT_DOWNLOAD_TIMEOUT",
    "DEFAULT_MAX_FILES",
    "DEFAULT_MAX_FILE_BYTES",
    "DEFAULT_MAX_RESPONSE_BYTES",
    "DEFAULT_RESTORE_MAX_BYTES",
    "MAX_DOWNLOADS_AT_ONCE",
    "AcceptContainer",
    "ContainerOptions",
    "DeliveryOptions",
    "FetchMode",
    "InterpreterKeywords",
    "InterpreterOptions",
    "LinkMode",
    "ListMode",
    "OffersCode",
    "OnExpired",
]

_MIB: Final = 1024 * 1024
DEFAULT_MAX_FILE_BYTES: Final = 512 * _MIB
DEFAULT_MAX_RESPONSE_BYTES: Final = 2048 * _MIB
DEFAULT_MAX_FILES: Final = 200
DEFAULT_DOWNLOAD_TIMEOUT: Final = 600.0

MAX_DOWNLOADS_AT_ONCE: Final = 4
"""How many files of one response are on their way at the same time."""

FetchMode: TypeAlias = Literal["eager", "lazy", "none"]
ListMode: TypeAlias = Literal["auto", "always", "never"]
LinkMode: TypeAlias = Literal["keep", "rewrite"]


class DeliveryOptions(BaseModel):
    """How the files of a response are found and brought.

    The interpreters take these as keywords; the chat model and the LLM have them as fields.
    """

    fetch: FetchMode = Field(
        default="eager",
        description=(
            '"eager" downloads each file as soon as it is known; "lazy" when its bytes are asked '
            'for; "none" names the files and makes no request for them.'
        ),
    )
    list_files: ListMode = Field(
        default="auto",
        description=(
            "Look into the container for files that the text does not cite: "
            '"auto" does when code ran and the answer cites nothing, mentions a path that leads to '
            'nothing, or has a structured format; "always"; "never".'
        ),
    )
    links: LinkMode = Field(
        default="keep",
        description=(
            '"keep" leaves links to sandbox:/mnt/data/… in the text; "rewrite" makes them lead to '
            "where the store keeps the file."
        ),
    )
    max_file_bytes: int = Field(
        default=DEFAULT_MAX_FILE_BYTES, gt=0, description="The cap on one file, in bytes."
    )
    max_response_bytes: int = Field(
        default=DEFAULT_MAX_RESPONSE_BYTES,
        gt=0,
        description="The cap on all files of one response together, in bytes.",
    )
    max_files: int = Field(
        default=DEFAULT_MAX_FILES, gt=0, description="The cap on the number of files of a response."
    )
    download_timeout: float = Field(
        default=DEFAULT_DOWNLOAD_TIMEOUT,
        gt=0,
        description="Seconds that one file may take, all attempts together.",
    )


DEFAULT_RESTORE_MAX_BYTES: Final = 50 * 1024 * 1024
OnExpired: TypeAlias = Literal["replace", "raise"]

AcceptContainer: TypeAlias = SkipJsonSchema[Callable[[str], bool]]
"""Whether a container that a history names may be used."""

OffersCode: TypeAlias = bool | SkipJsonSchema[Callable[[str | Sequence[Any]], bool]]
"""Whether the model is offered the code interpreter; a function decides by the input."""


class ContainerOptions(BaseModel):
    """How containers are reused, and what happens when one is gone.

    The interpreters take these as keywords; the chat model and the LLM have them as fields.
    """

    reuse_last_container: bool = Field(
        default=True,
        description="Go on in the container that the newest assistant message names.",
    )
    on_expired: OnExpired = Field(
        default="replace",
        description=(
            '"replace" makes a new container, puts the files back and asks again, once; "raise" '
            "raises ContainerExpiredError."
        ),
    )
    restore_max_bytes: int = Field(
        default=DEFAULT_RESTORE_MAX_BYTES,
        ge=0,
        description="How many bytes of earlier files are put into a container that replaces one.",
    )
    accept_container: AcceptContainer | None = Field(
        default=None,
        exclude=True,
        repr=False,
        description=(
            "Called with the id of a container that a history names: False refuses it, and the "
            "constructor's is used. Say here whose containers they are where histories come back "
            "from browsers."
        ),
    )
    code_interpreter: OffersCode = Field(
        default=True,
        exclude=True,
        repr=False,
        description=(
            "False leaves the tool out, so that no container is billed; a function decides by the "
            "input."
        ),
    )

    rates: Mapping[MemoryLimit, Decimal] | None = Field(
        default=None,
        exclude=True,
        repr=False,
        description="What a session costs by memory, where the published rates do not hold.",
    )
    cleanup: bool = Field(
        default=False,
        description="Delete the uploads of files= when the response is over.",
    )


_Store: TypeAlias = Annotated[ArtifactStore | None, BeforeValidator(checked_store)]


class InterpreterOptions(DeliveryOptions, ContainerOptions):
    """All that a constructor may say beside the model and the client, checked.

    The interpreters take these as keywords (`InterpreterKeywords` has their types); a chat model or
    an LLM that is a pydantic model may derive from this class and so have them as its fields.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    container: Container = Field(
        default=AUTO,
        description='"auto", the id of a container, a ContainerConfig or a ManagedContainer.',
    )
    files: list[Any] = Field(
        default_factory=list,
        exclude=True,
        repr=False,
        description="Files that every call hands in: paths, (name, bytes), file ids, artifacts.",
    )
    include_outputs: bool = Field(
        default=True, description="Ask the API for logs and images of the code."
    )
    artifact_store: SkipJsonSchema[_Store] = Field(
        default=None,
        exclude=True,
        repr=False,
        description="Where generated files go; by default the memory of this process.",
    )


class InterpreterKeywords(TypedDict, total=False):
    """The keywords by which `InterpreterOptions` are given, for type checkers.

    Attributes:
        container: `"auto"`, the id of a container, a `ContainerConfig` or a `ManagedContainer`.
        artifact_store: Where generated files go; by default this process's memory.
        include_outputs: Ask the API for logs and images of the code.
        fetch: `"eager"` downloads each file as soon as it is known, `"lazy"` when its bytes are
            asked for, `"none"` never.
        list_files: Look into the container for files that the text does not cite: `"auto"` when
            code ran and the answer cites nothing, mentions a path that leads to nothing, or has a
            structured format; `"always"`; `"never"`.
        links: `"keep"` leaves links to `sandbox:/mnt/data/…` in the text, `"rewrite"` makes them
            lead to where the store keeps the file.
        max_file_bytes: The cap on one file, in bytes.
        max_response_bytes: The cap on all files of a response together, in bytes.
        max_files: The cap on the number of files of a response.
        download_timeout: Seconds that one file may take, all attempts together.
        reuse_last_container: Go on in the container of the newest result in the input.
        on_expired: `"replace"` makes another container for one that is gone, puts the files back
            that the conversation speaks of, and asks again, once; `"raise"` raises
            `ContainerExpiredError`.
        restore_max_bytes: How many bytes of earlier files are put back, 50 MiB by default.
        accept_container: Called with the id of a container that a history names; False refuses it:
            the constructor's is used, and what ran in it becomes text.
        code_interpreter: False leaves the tool out, so that nothing is billed for a container; a
            function decides by the input.
        files: Files that every call hands in: paths, `(name, bytes)`, file ids, artifacts.
        cleanup: Delete what `files` uploaded when the response is over.
        rates: What a session costs by memory, where the published rates do not hold.
    """

    container: str | ContainerConfig | OwnContainer | Mapping[str, Any]
    artifact_store: ArtifactStore | None
    include_outputs: bool
    fetch: FetchMode
    list_files: ListMode
    links: LinkMode
    max_file_bytes: int
    max_response_bytes: int
    max_files: int
    download_timeout: float
    reuse_last_container: bool
    on_expired: OnExpired
    restore_max_bytes: int
    accept_container: Callable[[str], bool] | None
    code_interpreter: bool | Callable[[str | Sequence[Any]], bool]
    files: Sequence[InputFile]
    cleanup: bool
    rates: Mapping[MemoryLimit, Decimal] | None
