"""Untrusted text made fit for a terminal or a log."""

from __future__ import annotations

import unicodedata

__all__ = ["printable"]

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def printable(text: str) -> str:
    r"""Return `text` with every character that could drive a terminal shown instead of sent.

    Code, logs and file names come from a model and from what it read: an escape sequence in them
    could clear a screen, set a clipboard or hide a line. Line feeds and tabs stay; a carriage
    return before a line feed goes; any other control or bidi character appears as `\x1b` or
    `\u202e`.

    Example:
        ```python
        printable("\x1b[31mred")  # '\\x1b[31mred'
        ```
    """
    return "".join(_shown(char) for char in text.replace("\r\n", "\n"))


def _shown(char: str) -> str:
    if char in "\n\t" or unicodedata.category(char) not in _HIDDEN:
        return char
    code = ord(char)
    return (
        f"\\x{code:02x}"
        if code < 0x100
        else f"\\u{code:04x}"
        if code < 0x10000
        else f"\\U{code:08x}"
    )
