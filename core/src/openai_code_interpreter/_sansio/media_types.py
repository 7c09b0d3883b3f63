"""What a generated file is, by its name and its first bytes.

The API states no media type: a container file has none, and downloads carry a generic one or none.
"""

from __future__ import annotations

import mimetypes
from typing import Final

import filetype

__all__ = ["HEAD_BYTES", "INLINE_IMAGES", "OCTET_STREAM", "extension_for", "media_type"]

OCTET_STREAM: Final = "application/octet-stream"

HEAD_BYTES: Final = 262
"""How many of a file's first bytes `media_type` looks at (what `filetype` reads)."""

INLINE_IMAGES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""What may be shown in place once its first bytes agree. SVG can carry scripts and is not here."""

_OFFICE: Final = "application/vnd.openxmlformats-officedocument"
_NOT_IN_PYTHON_3_11: Final = {
    ".csv": "text/csv",
    ".docx": f"{_OFFICE}.wordprocessingml.document",
    ".ipynb": "application/x-ipynb+json",
    ".jsonl": "application/jsonl",
    ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet",
    ".pptx": f"{_OFFICE}.presentationml.presentation",
    ".tsv": "text/tab-separated-values",
    ".webp": "image/webp",
    ".xlsx": f"{_OFFICE}.spreadsheetml.sheet",
}

_COMPRESSED: Final = {
    "br": "application/x-brotli",
    "bzip2": "application/x-bzip2",
    "compress": "application/x-compress",
    "gzip": "application/gzip",
    "xz": "application/x-xz",
}
"""By the encodings that `mimetypes` knows, which are meant for an HTTP header."""

# An instance of our own: the module's functions would read the machine's registry, and the same
# file would have another type on another machine.
_TYPES: Final = mimetypes.MimeTypes()


for _extension, _type in _NOT_IN_PYTHON_3_11.items():
    _TYPES.add_type(_type, _extension)


def media_type(filename: str, head: bytes | None = None) -> str:
    """Return the media type of a file.

    Images are believed by their first bytes only; for the rest the extension decides, then the
    first bytes. A compressed file is what it was compressed with, not what is in it.

    Args:
        filename: The file's name.
        head: Its first bytes, at best `HEAD_BYTES` of them; None if they are not known.
    """
    sniffed: str | None = filetype.guess_mime(head) if head else None
    named, compression = _TYPES.guess_type(filename)
    if compression is not None:
        named = _COMPRESSED.get(compression)
    if sniffed in INLINE_IMAGES:
        return sniffed
    if named in INLINE_IMAGES and head is not None:
        return sniffed or OCTET_STREAM
    return named or sniffed or OCTET_STREAM


def extension_for(media_type: str | None) -> str:
    """Return the usual extension of a media type, with its dot, or ""."""
    return _TYPES.guess_extension(media_type or "") or ""
