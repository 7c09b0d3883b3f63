"""What a caller may say about the files of a response, with defaults that are safe."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from pydantic import BaseModel, Field

__all__ = [
    "DEFAULT_DOWNLOAD_TIMEOUT",
    "DEFAULT_MAX_FILES",
    "DEFAULT_MAX_FILE_BYTES",
    "DEFAULT_MAX_RESPONSE_BYTES",
    "MAX_DOWNLOADS_AT_ONCE",
    "DeliveryOptions",
    "FetchMode",
    "LinkMode",
    "ListMode",
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
