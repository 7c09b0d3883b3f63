"""A file on disk that appears whole under its final name, or not at all."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from openai_code_interpreter.artifacts.names import SafeName, numbered

__all__ = ["PendingFile", "read_regular_file"]

_MAX_COLLISIONS: Final = 1000
_BLOCK: Final = 1024 * 1024
# Neither follow a link nor wait for the other end of a planted pipe.
_READ: Final = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class PendingFile:
    """A hidden temporary file in `folder` that `commit` gives its name.

    The name is taken by a hard link, which refuses to replace anything, symbolic links included,
    and has no moment at which a half file could be seen. Where a file system has no hard links, the
    name is reserved as an empty file first and then replaced.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        descriptor, path = tempfile.mkstemp(prefix=".partial-", dir=folder)  # mode 0600
        self._path = Path(path)
        self._file = os.fdopen(descriptor, "wb")

    def write(self, chunk: bytes) -> None:
        """Append a piece."""
        self._file.write(chunk)

    def commit(self, name: SafeName, *, sha256: str) -> Path:
        """Take the first free name and return the path.

        Args:
            name: The name wanted. `name (2)` and so on are tried when it is taken by other bytes.
            sha256: The hexadecimal digest of what was written.

        Raises:
            OSError: If the disk is full, or a thousand files of that name exist.
        """
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        size = self._path.stat().st_size
        for number in range(1, _MAX_COLLISIONS + 1):
            path = self._folder / numbered(name, number)
            if self._take(path) or _is_same(path, size=size, sha256=sha256):
                self._path.unlink(missing_ok=True)
                return path
        msg = f"{_MAX_COLLISIONS} files named {name!r} exist already"
        raise FileExistsError(msg)

    def abort(self) -> None:
        """Remove the temporary file; the error that led here is not hidden by one of its own."""
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _take(self, path: Path) -> bool:
        try:
            os.link(self._path, path)
        except FileExistsError:
            return False
        except OSError:
            return self._reserve_and_replace(path)
        return True

    def _reserve_and_replace(self, path: Path) -> bool:
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            return False
        try:
            self._path.replace(path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return True


def read_regular_file(path: Path) -> bytes:
    """Return the bytes of a regular file; a symbolic link in its place is an error.

    Raises:
        OSError: If there is no such file, or it is something else.
    """
    descriptor = os.open(path, _READ)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            msg = f"{path.name!r} is no regular file"
            raise OSError(msg)
        return file.read()


def _is_same(path: Path, *, size: int, sha256: str) -> bool:
    """Whether a regular file with these very bytes lies there already."""
    with suppress(OSError):
        info = path.lstat()
        if not stat.S_ISREG(info.st_mode) or info.st_size != size:
            return False
        digest = hashlib.sha256()
        with os.fdopen(os.open(path, _READ), "rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
        return digest.hexdigest() == sha256
    return False
