"""How the bytes of an artifact are read: from its store, or from its container when asked for."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable

from anyio import to_thread

from openai_code_interpreter.results import Artifact

__all__ = ["LazyBytes", "StoredBytes"]


class StoredBytes:
    """Reads a file that lies in a store; async, in a thread."""

    __slots__ = ("_read",)

    def __init__(self, read: Callable[[], bytes]) -> None:
        self._read = read

    def __call__(self) -> bytes:
        """Return the bytes."""
        return self._read()

    async def aread(self) -> bytes:
        """Return the bytes without blocking the event loop."""
        return await to_thread.run_sync(self._read)


class LazyBytes:
    """Fetches a file when its bytes are first asked for, into the store, and reads it there.

    Args:
        deliver: Brings the file to the store.
        adeliver: The same for async.
    """

    __slots__ = ("_adeliver", "_deliver", "_fetched", "_lock")

    def __init__(
        self, deliver: Callable[[], Artifact], adeliver: Callable[[], Awaitable[Artifact]]
    ) -> None:
        self._deliver = deliver
        self._adeliver = adeliver
        self._fetched: Artifact | None = None
        self._lock = threading.Lock()

    def __call__(self) -> bytes:
        """Return the bytes, fetching them if that was not done yet."""
        return self.fetch().read_bytes()

    async def aread(self) -> bytes:
        """Return the bytes, fetching them if that was not done yet."""
        return await (await self.afetch()).aread_bytes()

    def fetch(self) -> Artifact:
        """Return the file as it lies in the store."""
        with self._lock:  # two threads that ask at once make one request
            if self._fetched is None:
                self._fetched = self._deliver()
            return self._fetched

    async def afetch(self) -> Artifact:
        """Return the file as it lies in the store.

        Two tasks that ask at once may both fetch it: a store keeps equal files once.
        """
        if self._fetched is None:
            self._fetched = await self._adeliver()
        return self._fetched
