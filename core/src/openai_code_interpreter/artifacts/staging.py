"""A file on its way into a store: counted, hashed, capped, named. It knows no network."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from openai_code_interpreter.artifacts.media_types import HEAD_BYTES, media_type
from openai_code_interpreter.artifacts.plan import ArtifactTarget
from openai_code_interpreter.artifacts.stores import ArtifactSink, ArtifactStore
from openai_code_interpreter.errors import (
    ArtifactError,
    ArtifactIncompleteError,
    ArtifactStoreError,
    ArtifactTooLargeError,
    ArtifactUnavailableError,
)
from openai_code_interpreter.results import Artifact

__all__ = ["StagedArtifact"]


class StagedArtifact:
    """Takes a file's bytes piece by piece and hands it to the store whole, or not at all.

    The methods may be called from different threads: when a task is cancelled, its worker thread
    may still be writing while the event loop aborts.
    """

    def __init__(self, target: ArtifactTarget, store: ArtifactStore, *, max_bytes: int) -> None:
        self._target = target
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._hash = hashlib.sha256()
        self._head = b""
        self._size = 0
        self._store = store
        # Opened with the first byte, under the lock: whoever aborts then leaves nothing, even while
        # a thread that it gave up is just opening.
        self._sink: ArtifactSink | None = None
        self._open = True
        self.expected: int | None = None
        """The size in bytes that was announced, for an error to tell."""

    @property
    def size(self) -> int:
        """How many bytes have come."""
        return self._size

    def write(self, chunk: bytes) -> None:
        """Take the next piece.

        Raises:
            ArtifactTooLargeError: If the file grows beyond the cap.
            ArtifactStoreError: If the store cannot take it.
        """
        with self._lock:
            self._require_open()
            self._size += len(chunk)
            if self._size > self._max_bytes:
                msg = (
                    f"{self._target.filename!r} is larger than the cap of {self._max_bytes} "
                    "bytes; raise max_file_bytes to take it"
                )
                raise ArtifactTooLargeError(msg, limit=self._max_bytes, **self._target.where)
            self._hash.update(chunk)
            self._head += chunk[: HEAD_BYTES - len(self._head)]
            with self._naming_the_file():
                self._opened().write(chunk)

    def finish(self, *, expected: int | None = None) -> Artifact:
        """Give the file its name in the store.

        Args:
            expected: The size in bytes that was announced, if one was.

        Raises:
            ArtifactIncompleteError: If fewer or more bytes came than were announced.
            ArtifactUnavailableError: If its hash is not the one that was asked for.
            ArtifactStoreError: If the store cannot take it.
        """
        target = self._target
        with self._lock:
            self._require_open()
            if expected is not None and expected != self._size:
                msg = f"{target.filename!r} has {self._size} bytes where {expected} were announced"
                raise ArtifactIncompleteError(
                    msg, expected=expected, received=self._size, **target.where
                )
            digest = self._hash.hexdigest()
            if target.sha256 is not None and target.sha256 != digest:
                msg = f"{target.filename!r} is not the file that was named: its hash is another"
                raise ArtifactUnavailableError(msg, **target.where)
            with self._naming_the_file():
                stored = self._opened().commit(target.name, sha256=digest)
            self._open = False
        return Artifact(
            filename=stored.filename,
            original_filename=target.filename,
            media_type=media_type(target.name, self._head),
            size=self._size,
            sha256=digest,
            container_id=target.container_id,
            file_id=target.file_id,
            origin=target.origin,
            key=stored.key,
            location=stored.location,
            reader=stored.read,
        )

    def abort(self) -> None:
        """Leave nothing behind; does nothing once the file is finished.

        An error of the store does not hide the one that led here.
        """
        with self._lock:
            if self._open:
                self._open = False
                if self._sink is not None:
                    with suppress(Exception):
                        self._sink.abort()

    def _opened(self) -> ArtifactSink:
        if self._sink is None:
            self._sink = self._store.open()
        return self._sink

    def _require_open(self) -> None:
        if not self._open:
            msg = f"{self._target.filename!r} was given up while it was being written"
            raise ArtifactStoreError(msg, **self._target.where)

    @contextmanager
    def _naming_the_file(self) -> Iterator[None]:
        """Say in the store's errors which file it was."""
        where = self._target.where
        try:
            yield
        except ArtifactTooLargeError as error:
            raise ArtifactTooLargeError(str(error), limit=error.limit, **where) from error
        except ArtifactError:
            raise
        except Exception as error:  # a store may be anybody's: a bucket, a database
            msg = f"the store could not take {self._target.filename!r}: {error}"
            raise ArtifactStoreError(msg, **where) from error
