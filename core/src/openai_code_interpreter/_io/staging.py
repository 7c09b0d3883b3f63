"""A file on its way into a store: counted, hashed, capped, named. It knows no network."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Literal

from openai_code_interpreter._io.stores import StoredBytes
from openai_code_interpreter._sansio.media_types import HEAD_BYTES, media_type
from openai_code_interpreter._sansio.options import (
    DEFAULT_MAX_FILE_BYTES,
    DEFAULT_MAX_RESPONSE_BYTES,
)
from openai_code_interpreter._sansio.plan import ArtifactTarget
from openai_code_interpreter._sansio.results import Artifact, Reader
from openai_code_interpreter._sansio.storage import ArtifactSink, ArtifactStore
from openai_code_interpreter.errors import (
    ArtifactError,
    ArtifactIncompleteError,
    ArtifactStoreError,
    ArtifactTooLargeError,
    ArtifactUnavailableError,
)

__all__ = ["ResponseBudget", "ResponseStaging", "StagedArtifact"]


class ResponseBudget:
    """Counts the bytes of one response's files, which may be fetched at the same time.

    Any thread may use it. What a file has taken is its own until it is given back, which a file
    that fails does; a file that was delivered keeps it.

    Args:
        limit: The cap in bytes.

    Example:
        ```python
        budget = ResponseBudget(64 * 1024 * 1024)
        budget.take(len(chunk))  # raises when that is too much
        ```
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._taken = 0
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"ResponseBudget({self.limit}, taken={self._taken})"

    @property
    def taken(self) -> int:
        """How many bytes are taken."""
        return self._taken

    def take(self, size: int) -> None:
        """Take so many bytes.

        Raises:
            ArtifactTooLargeError: If not so many are left; none is taken then.
        """
        with self._lock:
            if self._taken + size > self.limit:
                raise self.too_large()
            self._taken += size

    def give_back(self, size: int) -> None:
        """Give back so many bytes that were taken before."""
        with self._lock:
            self._taken -= size

    def too_large(self) -> ArtifactTooLargeError:
        """Return the error that says that the cap is reached."""
        msg = (
            f"the files of this response have more than {self.limit} bytes together; raise "
            "max_response_bytes to take them"
        )
        return ArtifactTooLargeError(msg, limit=self.limit)


class ResponseStaging:
    """The staging area of one response's files, which share a cap.

    Args:
        store: Where they go in the end.
        max_file_bytes: The cap on one file, in bytes.
        max_response_bytes: The cap on all of them together, in bytes.
        read_later: Makes the reader of a file that is fetched when it is read.
    """

    def __init__(
        self,
        store: ArtifactStore,
        *,
        max_file_bytes: int = DEFAULT_MAX_FILE_BYTES,
        max_response_bytes: int = DEFAULT_MAX_RESPONSE_BYTES,
        read_later: Callable[[ArtifactTarget], Reader | None] = lambda _: None,
    ) -> None:
        self._store = store
        self._max_file_bytes = max_file_bytes
        self._budget = ResponseBudget(max_response_bytes)
        self._read_later = read_later

    def stage(self, target: ArtifactTarget) -> StagedArtifact:
        """Begin a file."""
        return StagedArtifact(
            target, self._store, max_bytes=self._max_file_bytes, budget=self._budget
        )

    def read_later(self, target: ArtifactTarget) -> Reader | None:
        """Return the reader of a file that is fetched when it is read; None if nobody can."""
        return self._read_later(target)


class StagedArtifact:
    """Takes a file's bytes piece by piece and hands it to the store whole, or not at all.

    The methods may be called from different threads: when a task is cancelled, its worker thread
    may still be writing while the event loop aborts. The properties never wait.

    Args:
        target: The file.
        store: Where it goes.
        max_bytes: The cap on its size.
        budget: The cap on all files of the response, which they share.
    """

    def __init__(
        self,
        target: ArtifactTarget,
        store: ArtifactStore,
        *,
        max_bytes: int,
        budget: ResponseBudget | None = None,
    ) -> None:
        self._target = target
        self._store = store
        self._max_bytes = max_bytes
        self._budget = budget
        self._lock = threading.Lock()
        # Opened with the first byte, under the lock: whoever aborts then leaves nothing, even while
        # a thread that it gave up is just opening.
        self._sink: ArtifactSink | None = None
        self._state: Literal["open", "sealed", "finished"] = "open"
        self._given_up = False
        self.expected: int | None = None
        """The size in bytes that was announced, if one was."""
        self._begin()

    @property
    def target(self) -> ArtifactTarget:
        """The file that this is to become."""
        return self._target

    @property
    def size(self) -> int:
        """How many bytes have come."""
        return self._size

    @property
    def sha256(self) -> str:
        """The hexadecimal digest of what has come."""
        return self._hash.hexdigest()

    def announce(self, size: int | None, *, max_bytes: int | None = None) -> None:
        """Take the size that was announced, before the first byte comes.

        Args:
            size: The size in bytes, or None if none was announced.
            max_bytes: A cap that holds beside the file's own.

        Raises:
            ArtifactTooLargeError: If the file cannot fit; there is no need to fetch it then.
        """
        self.expected = size
        if max_bytes is not None:
            self._max_bytes = min(self._max_bytes, max_bytes)
        if size is None:
            return
        if size > self._max_bytes:
            raise self._too_large()
        if self._budget is not None and size > self._budget.limit:
            with self._naming_the_file():
                raise self._budget.too_large()

    def write(self, chunk: bytes) -> None:
        """Take the next piece.

        Raises:
            ArtifactTooLargeError: If the file grows beyond a cap.
            ArtifactStoreError: If the store cannot take it, or the file was given up.
        """
        with self._held("open"):
            self._size += len(chunk)
            if self._size > self._max_bytes:
                raise self._too_large()
            with self._naming_the_file():
                if self._budget is not None:
                    self._budget.take(len(chunk))
                    self._taken += len(chunk)
                self._opened().write(chunk)
            self._hash.update(chunk)
            self._head += chunk[: HEAD_BYTES - len(self._head)]

    def reset(self) -> None:
        """Forget everything that was written, to be written again from byte zero.

        Raises:
            ArtifactStoreError: If the file was given up or is finished.
        """
        with self._held("open", "sealed"):
            self._discard()
            self._begin()
            self._state = "open"
            self.expected = None

    def seal(self) -> None:
        """Say that all has come. The file is not in the store yet.

        Raises:
            ArtifactIncompleteError: If fewer or more bytes came than were announced.
            ArtifactUnavailableError: If its hash is not the one that was asked for.
            ArtifactStoreError: If the file was given up.
        """
        with self._held("open"):
            target = self._target
            wanted = self.expected
            if wanted is not None and wanted != self._size:
                msg = f"{target.filename!r} has {self._size} bytes where {wanted} were announced"
                raise ArtifactIncompleteError(
                    msg, expected=wanted, received=self._size, **target.where
                )
            if target.sha256 is not None and target.sha256 != self.sha256:
                msg = f"{target.filename!r} is not the file that was named: its hash is another"
                raise ArtifactUnavailableError(msg, **target.where)
            self._state = "sealed"

    def commit(self) -> Artifact:
        """Give the file its name in the store.

        Returns:
            The artifact.

        Raises:
            ArtifactStoreError: If the store cannot take it, the file was given up, or it is not
                sealed.
        """
        target = self._target
        with self._held("sealed"):
            digest = self.sha256
            with self._naming_the_file():
                stored = self._opened().commit(target.name, sha256=digest)
            self._state = "finished"
        return replace(
            target.unfetched(),
            filename=stored.filename,
            media_type=media_type(target.name, self._head),
            size=self._size,
            sha256=digest,
            key=stored.key,
            location=stored.location,
            reader=StoredBytes(stored.read),
        )

    def abort(self) -> None:
        """Leave nothing behind; does nothing once the file is finished.

        It never waits: while another thread is at work, that one cleans up when it is done. An
        error of the store does not hide the one that led here.
        """
        self._given_up = True
        self._clean_up()

    def _begin(self) -> None:
        self._hash = hashlib.sha256()
        self._head = b""
        self._size = 0
        self._taken = 0

    @contextmanager
    def _held(self, *states: str) -> Iterator[None]:
        """Hold the lock for the block, if the file is in one of these states."""
        try:
            with self._lock:
                self._require(*states)
                yield
        finally:
            # Only after the lock is free: an abort that found it taken had set its flag before.
            if self._given_up:
                self._clean_up()

    def _require(self, *states: str) -> None:
        if self._state not in states or self._given_up:
            reason = {
                "finished": "is in the store already",
                "sealed": "was written to after its end",
                "open": "was to be kept before it was whole",
            }[self._state]
            if self._given_up and self._state != "finished":
                reason = "was given up while it was being written"
            msg = f"{self._target.filename!r} ({self._target.file_id}) {reason}"
            raise ArtifactStoreError(msg, **self._target.where)

    def _clean_up(self) -> None:
        if self._lock.acquire(blocking=False):
            try:
                if self._state != "finished":
                    self._discard()
            finally:
                self._lock.release()

    def _discard(self) -> None:
        sink, self._sink = self._sink, None
        if sink is not None:
            with suppress(Exception):
                sink.abort()
        if self._budget is not None:
            self._budget.give_back(self._taken)
            self._taken = 0

    def _opened(self) -> ArtifactSink:
        if self._sink is None:
            self._sink = self._store.open()
        return self._sink

    def _too_large(self) -> ArtifactTooLargeError:
        target, size = self._target, max(self.expected or 0, self._size)
        msg = (
            f"{target.filename!r} ({target.file_id}) has {size} bytes or more, over the cap of "
            f"{self._max_bytes}; raise max_file_bytes to take it"
        )
        return ArtifactTooLargeError(msg, limit=self._max_bytes, **target.where)

    @contextmanager
    def _naming_the_file(self) -> Iterator[None]:
        """Say in the errors of a store or a budget which file it was."""
        target = self._target
        name, where = f"{target.filename!r} ({target.file_id})", target.where
        try:
            yield
        except ArtifactTooLargeError as error:
            msg = f"{name} was left out: {error}"
            raise ArtifactTooLargeError(msg, limit=error.limit, **where) from error
        except ArtifactError:
            raise
        except Exception as error:  # a store may be anybody's: a bucket, a database
            msg = f"the store could not take {name}: {error}"
            raise ArtifactStoreError(msg, **where) from error
