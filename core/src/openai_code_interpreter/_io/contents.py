"""Files handed in, read from this machine: their size and hash, and the bytes to upload."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NamedTuple

from openai_code_interpreter._sansio.names import SafeName
from openai_code_interpreter._sansio.results import Artifact
from openai_code_interpreter._sansio.sources import check_size, input_name, no_such_file
from openai_code_interpreter.errors import ArtifactError, InvalidInputError

__all__ = [
    "Content",
    "content_of_artifact",
    "content_of_bytes",
    "content_of_path",
    "path_exists",
    "unreadable_artifact",
]


class _Version(NamedTuple):
    """What changes when a file on disk does."""

    device: int
    inode: int
    size: int
    modified: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What is to be uploaded: bytes at hand, or a file on disk as it was when it was hashed."""

    name: SafeName
    size: int
    """Bytes."""
    sha256: str
    """Hexadecimal digest of the bytes."""
    data: bytes | None = field(default=None, repr=False)
    path: Path | None = None
    version: _Version | None = field(default=None, repr=False)

    @property
    def key(self) -> tuple[str, SafeName]:
        """What makes two uploads the same: hash and name."""
        return self.sha256, self.name

    @contextmanager
    def opened(self) -> Generator[bytes | IO[bytes]]:
        """Give the bytes, or the open file, for as long as it is uploaded.

        Raises:
            InvalidInputError: If the file changed since it was hashed, or while it was open: what
                was sent is not what it was taken for.
        """
        if self.path is None:
            yield self.data or b""
            return
        with _readable(str(self.path)), self.path.open("rb") as file:
            self._check(file)
            try:
                yield file
            except Exception as error:
                self._check(file, cause=error)  # a file that grows is cut, with a baffling error
                raise
            self._check(file)

    def _check(self, file: IO[bytes], *, cause: Exception | None = None) -> None:
        if _version(os.fstat(file.fileno())) != self.version:
            msg = f"the input file {str(self.path)!r} changed while it was uploaded: pass a copy"
            raise InvalidInputError(msg) from cause


def path_exists(path: str) -> bool:
    """Whether there is anything at a path; one that cannot even be asked for does not exist."""
    try:
        return _expanded(path).exists()
    except (OSError, ValueError):
        return False


def content_of_path(path: str, *, max_bytes: int) -> Content:
    """Return a file on disk, hashed piece by piece. `~` stands for the home folder.

    Args:
        path: Where it lies. A symbolic link is followed.
        max_bytes: The most that it may have.

    Raises:
        InvalidInputError: If it does not exist, is no file, is empty or too large, or cannot be
            read.
    """
    found = _expanded(path)
    with _readable(path):
        mode = found.stat().st_mode
        if stat.S_ISDIR(mode):
            msg = f"the input file {path!r} is a folder: pass the files in it, or an archive of it"
            raise InvalidInputError(msg)
        if not stat.S_ISREG(mode):
            msg = f"the input file {path!r} is no regular file: pass its content as (name, bytes)"
            raise InvalidInputError(msg)
        with found.open("rb") as file:
            version = _version(os.fstat(file.fileno()))
            check_size(path, version.size, max_bytes=max_bytes)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Content(
        name=input_name(found.name),
        size=version.size,
        sha256=digest,
        path=found,
        version=version,
    )


def content_of_bytes(name: SafeName, data: bytes, *, max_bytes: int) -> Content:
    """Return bytes under a name.

    Raises:
        InvalidInputError: If there are none, or too many.
    """
    check_size(name, len(data), max_bytes=max_bytes)
    digest = hashlib.sha256(data).hexdigest()
    return Content(name=name, size=len(data), sha256=digest, data=data)


def content_of_artifact(artifact: Artifact, data: bytes, *, max_bytes: int) -> Content:
    """Return an artifact's bytes under its name; see `content_of_bytes`."""
    return content_of_bytes(input_name(artifact.filename), data, max_bytes=max_bytes)


def unreadable_artifact(artifact: Artifact, error: ArtifactError) -> InvalidInputError:
    """Return the error for an artifact whose bytes could not be had."""
    return InvalidInputError(
        f"the artifact {artifact.filename!r} cannot be handed in, its bytes are not to be had "
        f"({error}): fetch it first, or pass (name, bytes)"
    )


@contextmanager
def _readable(path: str) -> Generator[None]:
    """Say what it means for an input file that the system would not read it."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise no_such_file(path, folder=os.fspath(Path.cwd())) from error
    except InvalidInputError:
        raise
    except (OSError, ValueError) as error:  # a path with a null byte is a ValueError
        reason = error.strerror if isinstance(error, OSError) else error
        msg = f"the input file {path!r} cannot be read ({reason}): check it, or pass (name, bytes)"
        raise InvalidInputError(msg) from error


def _expanded(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:  # there is no such user
        return Path(path)


def _version(info: os.stat_result) -> _Version:
    return _Version(info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns)
