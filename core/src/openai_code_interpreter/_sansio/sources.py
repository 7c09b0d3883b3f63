"""What a caller hands in as a file: a path, bytes, the id of an upload, an artifact."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeAlias, runtime_checkable

from openai_code_interpreter._sansio.names import SafeName, safe_filename
from openai_code_interpreter._sansio.results import Artifact
from openai_code_interpreter._sansio.wire import CONTAINER_FOLDER
from openai_code_interpreter.errors import InvalidInputError

__all__ = [
    "MAX_INPUT_BYTES",
    "ArtifactSource",
    "BytesSource",
    "IdSource",
    "InputFile",
    "PathLike",
    "PathSource",
    "Source",
    "check_size",
    "input_name",
    "listed_files",
    "no_such_file",
    "parse_input",
    "parse_inputs",
]

MAX_INPUT_BYTES: Final = 512 * 1024 * 1024
"""The most that the Files API takes as one file (openai-python, `files.create`)."""

_FILE_ID: Final = re.compile(r"(?:file|assistant)[-_][A-Za-z0-9]+")
"""`file-…` at OpenAI; Azure has `assistant-…`, too. A name with a dot or a slash is a path."""

_CONTAINER_FILE_ID: Final = re.compile(r"cfile_[A-Za-z0-9]+")


@runtime_checkable
class PathLike(Protocol):
    """Anything that stands for a path, such as `pathlib.Path`."""

    def __fspath__(self) -> str:
        """Return the path as a string."""


InputFile: TypeAlias = str | PathLike | tuple[str, bytes] | Artifact
"""A path, the id of an uploaded file (`file-…`), a name with its bytes, or an artifact of a result.

A `str` in the form of an id is an id unless a file of that name exists; a `Path` is always a path.
"""


@dataclass(frozen=True, slots=True)
class PathSource:
    """A file on this machine."""

    path: str


@dataclass(frozen=True, slots=True)
class BytesSource:
    """Bytes, and the name to upload them under."""

    name: SafeName
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class IdSource:
    """A file that somebody uploaded before. It is never deleted here."""

    file_id: str


@dataclass(frozen=True, slots=True)
class ArtifactSource:
    """A file that code made in an earlier response."""

    artifact: Artifact


Source: TypeAlias = PathSource | BytesSource | IdSource | ArtifactSource


def parse_inputs(files: Iterable[object], *, exists: Callable[[str], bool]) -> list[Source]:
    """Return what each file of a `files=` argument is; see `parse_input`.

    Raises:
        InvalidInputError: If one of them is nothing that can be handed in, or if `files` is one
            file itself instead of a list.
    """
    return [parse_input(file, exists=exists) for file in listed_files(files)]


def listed_files(files: Iterable[Any]) -> list[Any]:
    """Return a `files=` argument as a list of its own.

    Raises:
        InvalidInputError: If it is one file itself instead of a list.
    """
    alone = isinstance(files, str | bytes | bytearray | memoryview | PathLike | Artifact)
    if alone or _is_named_bytes(files) or not isinstance(files, Iterable):
        msg = (
            f"files= takes a list of files, not {_shown(files)}: write files=[…] around it, "
            "also for one file"
        )
        raise InvalidInputError(msg)
    return [*files]


def parse_input(value: object, *, exists: Callable[[str], bool]) -> Source:
    """Return what a file handed in is, without looking into it.

    Args:
        value: An `InputFile`.
        exists: Tells whether a path exists; asked only for a string in the form of an id.

    Raises:
        InvalidInputError: If it is none of what `InputFile` names; the message says what to pass.

    Example:
        ```python
        parse_input("file-abc123", exists=os.path.exists)  # IdSource('file-abc123')
        parse_input("sales.csv", exists=os.path.exists)  # PathSource('sales.csv')
        ```
    """
    match value:
        case str():
            return _of_text(value, exists)
        case Artifact():
            return ArtifactSource(value)
        case (str() as name, bytes() | bytearray() | memoryview() as data):
            return BytesSource(input_name(name), bytes(data))
        case PathLike() if isinstance(path := value.__fspath__(), str):
            return PathSource(path)
    raise InvalidInputError(_unsupported(value))


def _of_text(value: str, exists: Callable[[str], bool]) -> Source:
    if not value.strip():
        msg = "an input file's path is blank: pass a path, a file id ('file-…') or (name, bytes)"
        raise InvalidInputError(msg)
    if _FILE_ID.fullmatch(value) and not exists(value):
        return IdSource(value)
    if _CONTAINER_FILE_ID.fullmatch(value) and not exists(value):
        msg = (
            f"{value!r} is the id of a container's own file, which no other container can mount: "
            "pass the Artifact itself, files=[result.artifacts[0]]"
        )
        raise InvalidInputError(msg)
    return PathSource(value)


def input_name(name: str) -> SafeName:
    """Return the name to upload a file under.

    Raises:
        InvalidInputError: If the name is blank.
    """
    if not name.strip():
        msg = f"the name {name!r} of an input file is blank: pass ('data.csv', data)"
        raise InvalidInputError(msg)
    return safe_filename(name, fallback="input")


def check_size(name: str, size: int, *, max_bytes: int) -> None:
    """Refuse a file that is empty or too large to be uploaded.

    Args:
        name: What to call it in the error.
        size: Its size in bytes.
        max_bytes: The most that is allowed.

    Raises:
        InvalidInputError: If it is one of the two.
    """
    if size == 0:
        msg = (
            f"the input file {name!r} is empty, and an empty file cannot be uploaded: leave it out"
        )
        raise InvalidInputError(msg)
    if size > max_bytes:
        msg = (
            f"the input file {name!r} has {size} bytes, over the limit of {max_bytes} for one "
            "file: compress or split it"
        )
        raise InvalidInputError(msg)


def no_such_file(path: str, *, folder: str) -> InvalidInputError:
    """Return the error for a path at which there is nothing.

    Args:
        path: The path as it was given.
        folder: The folder that a relative path starts from.
    """
    if "://" in path:
        way_out = "URLs are not fetched; download it, and pass the file"
    elif path.startswith((CONTAINER_FOLDER, "sandbox:")):
        way_out = "that is a path in a container; pass the Artifact, or container=… to go on there"
    else:
        way_out = f"check the path (relative ones start in {folder!r}), or pass (name, bytes)"
    return InvalidInputError(f"there is no input file {path!r}: {way_out}")


def _unsupported(value: object) -> str:
    takes = "a path, a file id ('file-…'), (name, bytes) or an Artifact"
    if isinstance(value, bytes | bytearray | memoryview):
        return "an input file of bytes has no name: pass a tuple, ('data.csv', data)"
    if hasattr(value, "read"):
        return f"an input file is {takes}, not an open file: pass its path, or (name, file.read())"
    if isinstance(value, tuple) and [*map(type, value)] == [str, str]:
        return f"the input file {value[0]!r} came with text: pass bytes, (name, text.encode())"
    return f"an input file is {takes}, not {_shown(value)}"


def _is_named_bytes(value: object) -> bool:
    match value:
        case (str(), bytes() | bytearray() | memoryview()):
            return True
    return False


def _shown(value: object) -> str:
    return repr(value) if isinstance(value, str) else f"a value of type {type(value).__name__}"
