"""Server-sent events, from bytes to the data of each event."""

from __future__ import annotations

__all__ = ["EventDecoder"]

_DONE = b"[DONE]"


class EventDecoder:
    r"""Takes the chunks of a body and returns the data of the events that they complete.

    Only data matters: the Responses API repeats the type of an event in it. Comments and events
    without data are passed over, as the standard wants it, and an event that the body breaks off
    is never told.

    Example:
        ```python
        decoder = EventDecoder()
        decoder.feed(b"event: ping\ndata: {}\n")  # []
        decoder.feed(b"\n")  # [b"{}"]
        ```
    """

    def __init__(self) -> None:
        self.done = False
        """Whether the server said `[DONE]`: whatever follows is no event."""
        self._line: list[bytes] = []  # the pieces of a line that is not complete
        self._data: list[bytes] = []
        self._after_return = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the data of the events that are complete now, in order.

        Args:
            chunk: The next bytes of the body, cut anywhere.
        """
        found: list[bytes] = []
        for line in self._lines(chunk):
            if line:
                self._take(line)
            elif self._data:
                data = b"\n".join(self._data)
                self._data = []
                self.done = self.done or data.startswith(_DONE)
                if data and not self.done:
                    found.append(data)
        return found

    def _lines(self, chunk: bytes) -> list[bytes]:
        """The lines that are complete now. They end with LF, CR, or both."""
        if self._after_return and chunk.startswith(b"\n"):
            chunk = chunk[1:]
            self._after_return = False
        if not chunk:
            return []
        self._after_return = chunk.endswith(b"\r")
        lines = chunk.splitlines()
        rest = None if chunk.endswith((b"\n", b"\r")) else lines.pop()
        if lines and self._line:
            lines[0] = b"".join([*self._line, lines[0]])
            self._line = []
        if rest is not None:
            self._line.append(rest)
        return lines

    def _take(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
