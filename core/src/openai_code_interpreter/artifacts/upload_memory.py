"""What keeps an upload through fsspec to little more than one block of memory.

Left alone, a block of 5 MiB costs 20 MiB on its way to S3: fsspec's buffer is read into bytes
beside itself, and aiohttp writes bytes in one go, so that asyncio copies what the socket does not
take at once. Here the buffer gives away what it holds, and the client is given something to read
from, of which aiohttp takes a piece whenever the socket has room. Where a backend or a later
version works otherwise, both change nothing but memory.
"""

from __future__ import annotations

import io
from typing import Any, Final

__all__ = ["send_in_pieces", "use_giving_buffer"]

_OPERATIONS: Final = ("UploadPart", "PutObject")
_PIECE: Final = 64 * 1024


class _GivingBuffer(io.BytesIO):
    """A buffer that, read whole, gives its bytes away instead of copying them."""

    def read(self, size: int | None = -1, /) -> bytes:
        begin, end = self.tell(), self.seek(0, io.SEEK_END)
        if begin == 0 and (size is None or size < 0 or size >= end):
            return self.getvalue()  # shared, as long as nobody writes
        self.seek(begin)
        return super().read(size)

    def getbuffer(self) -> memoryview:
        return memoryview(self.getvalue())  # a view to write through would need a copy of its own


class _Body(io.IOBase):
    """Bytes to be read; an `io.BytesIO` of them would be copied whole by aiohttp."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        begin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self._data)}[whence]
        self._at = max(0, begin + offset)
        return self._at

    def read(self, size: int | None = -1, /) -> bytes:
        """Return what is left, or at most a piece: whoever asks for more asks again."""
        wanted = len(self._data) if size is None or size < 0 else min(size, _PIECE)
        piece = bytes(self._data[self._at : self._at + wanted])
        self._at += len(piece)
        return piece


def use_giving_buffer(file: Any) -> None:
    """Replace the empty buffer of a file that fsspec writes; a full one, or none, is left alone.

    Args:
        file: What `open` of an fsspec file system returned for writing.
    """
    buffer = getattr(file, "buffer", None)
    if type(buffer) is io.BytesIO and not buffer.tell():
        file.buffer = _GivingBuffer()


def send_in_pieces(fs: Any) -> None:
    """Let the client of an S3 file system send bodies in pieces; does nothing to any other.

    It uses botocore's events, which exist for such things. Doing it again changes nothing.

    Args:
        fs: An fsspec file system.
    """
    if "s3" not in fs.protocol:
        return
    events = getattr(getattr(getattr(fs, "s3", None), "meta", None), "events", None)
    if events is None:  # S3, but not by s3fs
        return
    for operation in _OPERATIONS:
        event = f"before-parameter-build.s3.{operation}"
        events.register(event, _in_pieces, unique_id=f"{__name__}.{operation}")


def _in_pieces(params: dict[str, Any], **_: Any) -> None:
    """Replace the body of one request; s3fs asks anew, with bytes, when it tries again."""
    body = params.get("Body")
    if isinstance(body, bytes):
        params["Body"] = _Body(body)
