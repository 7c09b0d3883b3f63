"""A PNG for tests that want a picture's file and not a drawing: matplotlib takes far longer."""

from __future__ import annotations

import struct
import zlib

from openai_code_interpreter.testing import RunCode


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


PIXEL = (
    b"\x89PNG\r\n\x1a\n"
    + _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    + _chunk(b"IDAT", zlib.compress(b"\x00\x7f"))
    + _chunk(b"IEND", b"")
)
"""One grey pixel."""


def write_png(name: str) -> RunCode:
    """Write the pixel into the container's folder."""
    return RunCode(f"with open('/mnt/data/{name}', 'wb') as file:\n    _ = file.write({PIXEL!r})")
