"""An open response: its events, and how its connection is let go.

The HTTP libraries put a connection back into their pool if its body was read to the end, and hang
up otherwise. Behind the event that ends a response only a few bytes are left, so they are read,
within bounds in bytes and in time; whoever keeps the line open longer is hung up on.

An async body is read through a dozen nested generators of the HTTP library. One that is left
suspended is closed by the garbage collector, at any time and in any order, which the event loop
reports as errors. They end in order when the innermost does, so a body that was closed is read on:
there is nothing behind it but the end or an error.

The body is read here and not by the SDK's `Stream`, which hangs up on an `error` event and on
`[DONE]`, and leaves the generators suspended then.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
import socket
import threading
from collections import deque
from collections.abc import AsyncIterator, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final, Protocol

import openai

from openai_code_interpreter._sansio.sse import EventDecoder

__all__ = [
    "MAX_REST_BYTES",
    "MAX_REST_SECONDS",
    "AsyncEvents",
    "AsyncSource",
    "Events",
    "Source",
]

MAX_REST_BYTES: Final = 64 * 1024
"""How much is read behind the last event."""

MAX_REST_SECONDS: Final = 0.1
"""How long it is waited for. The SDK waits as long where it reads a rest itself."""


class Source(Protocol):
    """An open response, to be read once."""

    def __next__(self) -> Any:
        """Return the next wire event."""

    def drain(self) -> None:
        """Read what is left, within bounds, so that the connection can be used again."""

    def close(self) -> None:
        """Close the HTTP response."""


class AsyncSource(Protocol):
    """The same for async."""

    async def __anext__(self) -> Any:
        """Return the next wire event."""

    async def drain(self) -> None:
        """Read what is left, within bounds, so that the connection can be used again."""

    async def close(self) -> None:
        """Close the HTTP response, and end whatever reads it."""


class Response(Protocol):
    """What is used of a response of `httpx` or `httpx2`."""

    extensions: Any

    @property
    def request(self) -> Any:
        """The request."""

    @property
    def http_version(self) -> str:
        """`HTTP/1.1`, or another."""

    def iter_bytes(self) -> Iterator[bytes]:
        """Yield the body."""

    def aiter_bytes(self) -> AsyncIterator[bytes]:
        """Yield the body."""

    def close(self) -> None:
        """Close it."""

    async def aclose(self) -> None:
        """Close it."""


class Events:
    """The events of an open response.

    Args:
        response: The HTTP response, its body unread.
    """

    def __init__(self, response: Response) -> None:
        self._response = response
        self._chunks = response.iter_bytes()
        self._decoder = EventDecoder()
        self._waiting: deque[bytes] = deque()
        self._open = True

    def __next__(self) -> Any:
        while not self._waiting:
            if self._decoder.done or not self._open:
                raise StopIteration
            self._open = False  # unless a chunk comes, the body is over
            with _naming_breaks(self._response):
                chunk = next(self._chunks)
            self._waiting.extend(self._decoder.feed(chunk))
            self._open = True
        return _event(self._waiting.popleft(), self._response)

    def drain(self) -> None:
        """Read what is left, if that wait can be ended: by hanging up on an HTTP/1.1 connection.

        A read that waits for a socket has no other end than the client's own timeout, minutes from
        now, so another thread reads. Where nobody could wake it, the connection is given up.
        """
        line = _line(self._response) if self._open else None
        if line is None:
            return
        self._open = False
        context = contextvars.copy_context()
        reader = threading.Thread(target=context.run, args=(_read, self._chunks), daemon=True)
        try:
            reader.start()
        except RuntimeError:  # no thread is to be had: the process is ending
            return
        reader.join(MAX_REST_SECONDS)
        if reader.is_alive():
            with suppress(OSError):  # closing a socket would not wake who reads it
                line.shutdown(socket.SHUT_RDWR)
            reader.join(MAX_REST_SECONDS)

    def close(self) -> None:
        """Close the HTTP response."""
        self._open = False
        self._response.close()


class AsyncEvents:
    """The same for async.

    Args:
        response: The HTTP response, its body unread.
    """

    def __init__(self, response: Response) -> None:
        self._response = response
        self._chunks = response.aiter_bytes()
        self._decoder = EventDecoder()
        self._waiting: deque[bytes] = deque()
        self._open = True

    async def __anext__(self) -> Any:
        while not self._waiting:
            if self._decoder.done or not self._open:
                raise StopAsyncIteration
            self._open = False  # unless a chunk comes, the body is over
            with _naming_breaks(self._response):
                chunk = await anext(self._chunks)
            self._waiting.extend(self._decoder.feed(chunk))
            self._open = True
        return _event(self._waiting.popleft(), self._response)

    async def drain(self) -> None:
        """Read what is left. A read that takes too long is cancelled, which hangs up."""
        if self._open:
            self._open = False
            await _aread(self._chunks, MAX_REST_BYTES)

    async def close(self) -> None:
        """Close the HTTP response, and end the generators through which it is read."""
        self._open = False
        await self._response.aclose()
        await _aread(self._chunks)


@contextmanager
def _naming_breaks(response: Response) -> Generator[None]:
    """Raise the SDK's errors for those of the HTTP library, as openai 3 does where it reads a body.

    Neither library is imported, so they are known by the names of their classes.
    """
    try:
        yield
    except Exception as error:
        names = {kind.__name__ for kind in type(error).__mro__}
        if "TimeoutException" in names:
            raise openai.APITimeoutError(request=response.request) from error
        if "RequestError" in names:
            raise openai.APIConnectionError(request=response.request) from error
        raise


def _event(data: bytes, response: Response) -> Any:
    event = json.loads(str(data, "utf-8"))
    error = event.get("error") if isinstance(event, Mapping) else None
    if not error:
        return event
    said = error.get("message") if isinstance(error, Mapping) else None
    message = said if said and isinstance(said, str) else "An error occurred during streaming"
    raise openai.APIError(message, request=response.request, body=error)  # as the SDK would


def _line(response: Response) -> socket.socket | None:
    """The socket of a connection that serves this response alone, if there is one."""
    if response.http_version != "HTTP/1.1":
        return None
    network = response.extensions.get("network_stream")
    line = None if network is None else network.get_extra_info("socket")
    return line if isinstance(line, socket.socket) else None


def _read(chunks: Iterator[bytes]) -> None:
    left = MAX_REST_BYTES
    with suppress(Exception):  # the answer is complete, whatever becomes of its connection
        for chunk in chunks:
            left -= len(chunk)
            if left < 0:
                return


async def _aread(chunks: AsyncIterator[bytes], left: float = float("inf")) -> None:
    with suppress(Exception):
        async with asyncio.timeout(MAX_REST_SECONDS):
            async for chunk in chunks:
                left -= len(chunk)
                if left < 0:
                    return
