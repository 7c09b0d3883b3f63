"""Where generated files go: a folder, or memory.

A file on disk appears whole under its final name, or not at all.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from anyio import to_thread

from openai_code_interpreter._io.process import DEFAULT_STORE, LIVE_STORES
from openai_code_interpreter._sansio.names import SafeName, numbered, safe_filename
from openai_code_interpreter._sansio.storage import (
    ArtifactSink,
    ArtifactStore,
    StoredFile,
    checked_store,
)
from openai_code_interpreter.errors import (
    ArtifactTooLargeError,
    ArtifactUnavailableError,
)

__all__ = [
    "DirectoryStore",
    "MemoryStore",
    "PendingFile",
    "StoredBytes",
    "checked_key",
    "chosen_store",
    "default_store",
    "read_regular_file",
]

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


_MIB: Final = 1024 * 1024


def checked_key(key: str) -> SafeName:
    """Return the key if it is one that a store could have given.

    Raises:
        ArtifactUnavailableError: If it is not: somebody made it up.
    """
    if key != safe_filename(key):
        msg = f"{key!r} is no key of an artifact store"
        raise ArtifactUnavailableError(msg, filename=key)
    return SafeName(key)


class DirectoryStore:
    """Keeps generated files in a folder, under their own names.

    The folder is created if needed. A file appears whole or not at all, with mode 0600, and never
    replaces another: a second `plot.png` becomes `plot (2).png`, unless its bytes are the same.
    Symbolic links in the folder are not followed.

    Args:
        root: The folder. Its own path may be a symbolic link; it is resolved once.

    Example:
        ```python
        result = CodeInterpreter("gpt-5", artifact_store=DirectoryStore("output")).run("Plot x²")
        print([artifact.location for artifact in result.artifacts])
        ```
    """

    def __init__(self, root: str | Path) -> None:
        folder = Path(root).expanduser()
        folder.mkdir(parents=True, exist_ok=True)
        self.root = folder.resolve()
        LIVE_STORES.add(self)

    def __repr__(self) -> str:
        return f"DirectoryStore({str(self.root)!r})"

    def open(self) -> ArtifactSink:
        """Begin a file in the folder, under a hidden name until it is whole."""
        return _DirectorySink(self)

    def read_bytes(self, key: str) -> bytes:
        """Return the bytes of a file in the folder; no key leads out of it.

        Raises:
            ArtifactUnavailableError: If there is no such regular file.
        """
        path = self.root / checked_key(key)
        try:
            return read_regular_file(path)
        except OSError as error:
            msg = f"{self!r} has no readable file {key!r}: {error.strerror}"
            raise ArtifactUnavailableError(msg, filename=key) from error

    def location(self, key: str) -> str:
        """Return the path of a file in the folder."""
        return str(self.root / checked_key(key))


class _DirectorySink:
    def __init__(self, store: DirectoryStore) -> None:
        self._store = store
        self._file = PendingFile(store.root)

    def write(self, chunk: bytes) -> None:
        self._file.write(chunk)

    def commit(self, name: SafeName, *, sha256: str) -> StoredFile:
        store, key = self._store, SafeName(self._file.commit(name, sha256=sha256).name)
        return StoredFile(
            key=key,
            filename=key,
            location=store.location(key),
            read=lambda: store.read_bytes(key),
        )

    def abort(self) -> None:
        self._file.abort()


class MemoryStore:
    """Keeps generated files in memory.

    When the cap is reached the oldest files are let go; an `Artifact` that a program still holds
    keeps its own bytes. Use a `DirectoryStore` for a program that runs long.

    Args:
        max_bytes: The cap on all files together, in bytes.
    """

    def __init__(self, *, max_bytes: int = 256 * _MIB) -> None:
        self.max_bytes = max_bytes
        self._files: dict[str, bytes] = {}
        self._lock = threading.Lock()
        LIVE_STORES.add(self)

    def __repr__(self) -> str:
        return f"MemoryStore({len(self._files)} files)"

    def __deepcopy__(self, _memo: object) -> MemoryStore:
        """A copied chat model or LLM keeps its files in the same place."""
        return self

    def open(self) -> ArtifactSink:
        """Begin a file."""
        return _MemorySink(self)

    def read_bytes(self, key: str) -> bytes:
        """Return the bytes of a file.

        Raises:
            ArtifactUnavailableError: If there is none of that key, or it was let go.
        """
        with self._lock:
            found = self._files.get(key)
        if found is None:
            msg = f"{self!r} has no file {key!r}"
            raise ArtifactUnavailableError(msg, filename=key)
        return found

    def location(self, key: str) -> None:
        """Memory has no place to name."""

    def put(self, name: SafeName, data: bytes, *, sha256: str) -> str:
        """Keep a file and return its key: files of one name and other bytes have other keys."""
        key = f"{sha256[:16]}-{name}"
        with self._lock:
            self._files.pop(key, None)
            self._files[key] = data
            self._let_go(keep=key)
        return key

    def _let_go(self, *, keep: str) -> None:
        total = sum(len(data) for data in self._files.values())
        for key in list(self._files):
            if total <= self.max_bytes or key == keep:
                return
            total -= len(self._files.pop(key))


class _MemorySink:
    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._chunks: list[bytes] = []
        self._size = 0

    def write(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > self._store.max_bytes:
            limit = self._store.max_bytes
            msg = f"the file is larger than a MemoryStore of {limit} bytes; use a DirectoryStore"
            raise ArtifactTooLargeError(msg, limit=limit)
        self._chunks.append(chunk)

    def commit(self, name: SafeName, *, sha256: str) -> StoredFile:
        data = b"".join(self._chunks)
        key = self._store.put(name, data, sha256=sha256)
        return StoredFile(key=key, filename=name, location=None, read=lambda: data)

    def abort(self) -> None:
        self._chunks.clear()


def chosen_store(store: ArtifactStore | None) -> ArtifactStore:
    """Return the store that a caller chose: `default_store()` if none.

    Raises:
        InvalidInputError: If it is no store, such as the name of a folder.
    """
    checked = checked_store(store)
    return default_store() if checked is None else checked


def default_store() -> ArtifactStore:
    """Return the store where files go when no other is named. It lives as long as the process.

    So a file named in a message is found even when the model that made it is gone.
    """
    if not DEFAULT_STORE:
        DEFAULT_STORE.append(MemoryStore())
    return DEFAULT_STORE[0]


class StoredBytes:
    """Reads a file that lies in a store; async, in a thread."""

    __slots__ = ("_read",)

    def __init__(self, read: Callable[[], bytes]) -> None:
        self._read = read

    def read(self) -> bytes:
        """Return the bytes."""
        return self._read()

    async def aread(self) -> bytes:
        """Return the bytes without blocking the event loop."""
        return await to_thread.run_sync(self._read)

    def fetch(self) -> None:
        """It lies in its store already."""

    async def afetch(self) -> None:
        """It lies in its store already."""
