"""A replay in small pieces: transports that hand an answer over as a network would.

vcrpy gives each recorded body back in one piece, after which nothing can be cancelled or cut.
These transports, between the client and what answers, split it again:

```python
transport = ReplayTransport(cut_after=3)
client = OpenAI(http_client=DefaultHttpxClient(transport=transport))
with replaying(path), CodeInterpreter("gpt-5", client=client).stream("…") as stream:
    ...  # three events, then the connection is lost
assert transport.streams[0].closed
```

They work with openai 2 and 3, inside a cassette and without one.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import anyio
from vcr.errors import CannotOverwriteExistingCassetteException

from openai_code_interpreter.testing.cassettes._http_library import HTTP
from openai_code_interpreter.testing.cassettes._misses import CassetteMiss

__all__ = ["AsyncReplayTransport", "ReplayTransport", "ReplayedStream"]

_EVENT_ENDS: Final = re.compile(rb"(?<=\n\n)")


class ReplayedStream(HTTP.SyncByteStream, HTTP.AsyncByteStream):  # type: ignore[misc]
    """The body of one answer, in pieces.

    Attributes:
        sent: How many pieces were handed over.
        closed: Whether the client closed the answer, read to its end or not.
    """

    def __init__(self, response: Any, request: Any, pacing: _Pacing) -> None:
        self.sent = 0
        self.closed = False
        self._inner = response.stream
        self._request = request
        self._pacing = pacing
        encoded = "content-encoding" in response.headers
        events = "event-stream" in response.headers.get("content-type", "")
        self._in_events = events and not encoded

    def __iter__(self) -> Iterator[bytes]:
        body = b"".join(self._inner)
        for piece in self._pieces(body):
            time.sleep(self._pacing.delay)
            yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        body = b"".join([piece async for piece in self._inner])
        for piece in self._pieces(body):
            # Even for no time at all: it lets other tasks run, and a cancellation come in.
            await anyio.sleep(self._pacing.delay)
            yield piece

    def close(self) -> None:
        """Close what is replayed."""
        self.closed = True
        self._inner.close()

    async def aclose(self) -> None:
        """Close what is replayed."""
        self.closed = True
        await self._inner.aclose()

    def _pieces(self, body: bytes) -> Iterator[bytes]:
        for piece in _split(body, self._pacing.piece_bytes, in_events=self._in_events):
            if self.sent == self._pacing.cut_after:
                msg = "peer closed connection without sending complete message body (simulated)"
                raise HTTP.RemoteProtocolError(msg, request=self._request)
            self.sent += 1
            yield piece


class _Pacing:
    """What both transports are told."""

    def __init__(
        self, *, piece_bytes: int | None = None, delay: float = 0.0, cut_after: int | None = None
    ) -> None:
        if piece_bytes is not None and piece_bytes < 1:
            msg = f"piece_bytes must be 1 or more, not {piece_bytes}"
            raise ValueError(msg)
        self.piece_bytes = piece_bytes
        self.delay = delay
        self.cut_after = cut_after


class ReplayTransport(HTTP.BaseTransport):  # type: ignore[misc]
    """Hands answers over in pieces, for a sync client.

    Args:
        inner: What answers; by default the HTTP library's own transport, which a cassette
            answers for.
        piece_bytes: The size of a piece. By default a stream comes event by event, and any
            other body whole.
        delay: Seconds to wait before each piece.
        cut_after: After how many pieces of an answer the connection is lost.

    Attributes:
        streams: The bodies handed over so far, in the order of their requests.
    """

    def __init__(
        self,
        inner: Any = None,
        *,
        piece_bytes: int | None = None,
        delay: float = 0.0,
        cut_after: int | None = None,
    ) -> None:
        self.streams: list[ReplayedStream] = []
        self._inner = HTTP.HTTPTransport() if inner is None else inner
        self._pacing = _Pacing(piece_bytes=piece_bytes, delay=delay, cut_after=cut_after)
        self._lock = threading.Lock()

    def handle_request(self, request: Any) -> Any:
        """Answer a request; what a cassette does not hold is a `CassetteMiss`."""
        try:
            with self._lock:  # vcrpy looks an answer up and marks it as played in two steps
                response = self._inner.handle_request(request)
        except CannotOverwriteExistingCassetteException as error:
            raise _miss(error) from None
        response.stream = ReplayedStream(response, request, self._pacing)
        self.streams.append(response.stream)
        return response

    def close(self) -> None:
        """Close what answers."""
        self._inner.close()


class AsyncReplayTransport(HTTP.AsyncBaseTransport):  # type: ignore[misc]
    """Hands answers over in pieces, for an async client: see `ReplayTransport`."""

    def __init__(
        self,
        inner: Any = None,
        *,
        piece_bytes: int | None = None,
        delay: float = 0.0,
        cut_after: int | None = None,
    ) -> None:
        self.streams: list[ReplayedStream] = []
        self._inner = HTTP.AsyncHTTPTransport() if inner is None else inner
        self._pacing = _Pacing(piece_bytes=piece_bytes, delay=delay, cut_after=cut_after)

    async def handle_async_request(self, request: Any) -> Any:
        """Answer a request; what a cassette does not hold is a `CassetteMiss`."""
        try:
            response = await self._inner.handle_async_request(request)
        except CannotOverwriteExistingCassetteException as error:
            raise _miss(error) from None
        response.stream = ReplayedStream(response, request, self._pacing)
        self.streams.append(response.stream)
        return response

    async def aclose(self) -> None:
        """Close what answers."""
        await self._inner.aclose()


def _split(body: bytes, size: int | None, *, in_events: bool) -> Iterator[bytes]:
    if size is not None:
        yield from (body[start : start + size] for start in range(0, len(body), size))
    elif in_events:
        yield from filter(None, _EVENT_ENDS.split(body))
    elif body:
        yield body


def _miss(error: Any) -> CassetteMiss:
    if isinstance(error, CassetteMiss):
        return error
    return CassetteMiss(cassette=error.cassette, failed_request=error.failed_request)
