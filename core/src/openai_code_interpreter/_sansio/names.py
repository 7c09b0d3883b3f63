"""From a name that a model chose to a name that is safe on every file system."""

from __future__ import annotations

import re
import unicodedata
from typing import Final, NewType

from pathvalidate import sanitize_filename

__all__ = ["SafeName", "numbered", "safe_filename"]

SafeName = NewType("SafeName", str)
"""One path component that may be joined to a folder. Only this module makes one."""

_UNPRINTABLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that never belong to a name: controls, bidi marks, surrogates, …"""

_MAX_STEM_BYTES: Final = 180
_MAX_EXTENSION_BYTES: Final = 16
_RESERVED: Final = ["CONIN$", "CONOUT$"]


def safe_filename(name: str, *, fallback: str = "artifact") -> SafeName:
    """Return a safe form of `name`: one component, printable, at most 200 bytes of UTF-8.

    Folders, drive letters, control and bidi characters, leading dots, dashes and tildes, trailing
    dots and blanks, and the reserved names of Windows are taken away; an over-long name loses the
    end of its stem and keeps its extension. A safe name stays as it is.

    Args:
        name: The name as the model or the container gave it.
        fallback: What to call it if nothing is left.

    Example:
        ```python
        safe_filename("../../etc/passwd")  # 'passwd'
        safe_filename("日本語データ.csv")  # '日本語データ.csv'
        ```
    """
    return _clean(name) or _clean(fallback) or SafeName("artifact")


def _clean(name: str) -> SafeName:
    name = unicodedata.normalize("NFC", _printable(name)).replace("\\", "/").rpartition("/")[2]
    name = re.sub(r" *\.", ".", re.sub(r" +", " ", name)).lstrip(" .-~").rstrip(" .")
    stem, extension = _split(name)
    stem = _cut(stem, _MAX_STEM_BYTES)
    if not stem:
        return SafeName("")
    return SafeName(
        sanitize_filename(
            stem + extension,
            platform="universal",
            replacement_text="_",
            additional_reserved_names=_RESERVED,
        )
    )


def _printable(name: str) -> str:
    return "".join(
        " " if char.isspace() else char
        for char in name
        if char.isspace() or unicodedata.category(char) not in _UNPRINTABLE
    )


def numbered(name: SafeName, number: int) -> SafeName:
    """Return the name to try when `number - 1` files of that name exist: `plot (2).png`."""
    if number < 2:
        return name
    stem, extension = _split(name)
    mark = f" ({number})"
    return SafeName(_cut(stem, _MAX_STEM_BYTES - len(mark)) + mark + extension)


def _split(name: str) -> tuple[str, str]:
    """Return the stem and the extension with its dot; an over-long one counts to the stem."""
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension.encode()) > _MAX_EXTENSION_BYTES:
        return name, ""
    return stem, f".{extension}"


def _cut(stem: str, size: int) -> str:
    """Return at most `size` bytes of the stem, in whole characters."""
    return stem.encode()[:size].decode(errors="ignore").rstrip(" .")
