"""What has to be asked of the API before a response can be made, as values.

A plan is a generator: it yields commands, is given what came of each, and returns what it was for.
It decides everything and asks nothing, so that sync and async share it; an executor asks.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from openai_code_interpreter._sansio.config import ContainerConfig, OwnContainer
from openai_code_interpreter._sansio.mounting import UploadUse
from openai_code_interpreter._sansio.sources import InputFile
from openai_code_interpreter._sansio.wire import Wire

__all__ = [
    "ApiCommand",
    "CheckFiles",
    "Commands",
    "Create",
    "DescribeContainer",
    "ListInput",
    "Obtain",
    "Place",
    "PutBack",
    "RetrieveResponse",
]

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Obtain:
    """Get the id of a managed container. Gives the id."""

    container: OwnContainer
    instead_of: str | None = None


@dataclass(frozen=True, slots=True)
class Create:
    """Make a container. Gives its object."""

    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class DescribeContainer:
    """Ask what the API knows of a container. Gives its object."""

    container_id: str


@dataclass(frozen=True, slots=True)
class CheckFiles:
    """See whether files can be handed in, as far as that needs no request."""

    files: Sequence[InputFile]


@dataclass(frozen=True, slots=True)
class Place:
    """Upload files and mount them. Gives a `Placed`."""

    files: Sequence[InputFile]
    container: str | ContainerConfig
    use: UploadUse


@dataclass(frozen=True, slots=True)
class PutBack:
    """Put a stored artifact into a container. Gives the file's object; None if it is too large."""

    container_id: str
    reference: Wire
    max_bytes: int
    data: bytes | None = None
    """Its bytes, if a message carries them."""


@dataclass(frozen=True, slots=True)
class RetrieveResponse:
    """Get a stored response. Gives its object."""

    response_id: str


@dataclass(frozen=True, slots=True)
class ListInput:
    """Get the input items of a stored response, oldest first. Gives a list."""

    response_id: str


ApiCommand: TypeAlias = (
    CheckFiles
    | Obtain
    | Create
    | DescribeContainer
    | Place
    | PutBack
    | RetrieveResponse
    | ListInput
)

Commands: TypeAlias = Generator[ApiCommand, Any, _Value]
"""Yields steps, is sent what each gave or thrown what it raised, and returns its own value."""
