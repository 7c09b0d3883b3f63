"""What a store of generated files is: the protocol that every store implements, yours too.

A store takes a stream of bytes and gives it a key: relative, one component, never overwriting what
is there. Only keys travel in messages, never paths, and a key means something in its store alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from openai_code_interpreter._sansio.names import SafeName
from openai_code_interpreter.errors import InvalidInputError

__all__ = ["ArtifactSink", "ArtifactStore", "StoredFile", "checked_store"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """What a store says of a file that it has taken."""

    key: str
    """The store's name for it, by which `read_bytes` finds it."""
    filename: SafeName
    """The name to show and to save it under."""
    location: str | None
    read: Callable[[], bytes] = field(repr=False)


class ArtifactSink(Protocol):
    """One file on its way into a store."""

    def write(self, chunk: bytes, /) -> None:
        """Take the next piece."""

    def commit(self, name: SafeName, /, *, sha256: str) -> StoredFile:
        """Take the file in whole; one of that name and hash that is there already is that file."""

    def abort(self) -> None:
        """Leave nothing behind."""


@runtime_checkable
class ArtifactStore(Protocol):
    """Anything that takes generated files. Methods are called from worker threads."""

    def open(self) -> ArtifactSink:
        """Begin a file."""

    def read_bytes(self, key: str) -> bytes:
        """Return the bytes of a file of this store.

        Raises:
            ArtifactUnavailableError: If `key` is no valid key, or nothing lies under it.
        """

    def location(self, key: str) -> str | None:
        """Return where a file of this store lies, or None if that is nowhere to be named."""


def checked_store(store: object) -> ArtifactStore | None:
    """Return a store, or None, as it was given.

    Raises:
        InvalidInputError: If it is neither, such as the name of a folder.
    """
    if store is None or isinstance(store, ArtifactStore):
        return store
    msg = (
        f"artifact_store={store!r} is no store: pass DirectoryStore(…), FsspecStore(…) or "
        "MemoryStore()"
    )
    raise InvalidInputError(msg)
