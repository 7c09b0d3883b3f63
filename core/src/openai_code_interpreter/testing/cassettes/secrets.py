"""What must not stand in a published file, and how it is hidden or found."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

__all__ = ["find_secret", "hide_secrets"]

# The look-behind keeps the patterns out of long base64url tokens, which may hold anything.
_SECRETS: Final = (
    ("an API key", re.compile(r"(?<![\w-])sk-[\w*-]{6,}"), "SECRET"),
    ("a bearer token", re.compile(r"\bBearer [\w.~+/=*-]{6,}"), "SECRET"),
    (
        "an organization's id",
        re.compile(r"(?<![\w-])org-(?=[A-Za-z]*\d|[a-z]*[A-Z])[A-Za-z0-9]{8,}"),
        "ORGANIZATION",
    ),
    (
        "a project's id",
        re.compile(r"(?<![\w-])proj_(?=[A-Za-z]*\d|[a-z]*[A-Z])[A-Za-z0-9]{8,}"),
        "PROJECT",
    ),
)
_COOKIE: Final = re.compile(r"\b(?:__cf_bm|_cfuvid)=")
_SECRET_HEADERS: Final = frozenset(
    {
        "api-key",
        "authorization",
        "cookie",
        "openai-organization",
        "openai-project",
        "proxy-authorization",
        "set-cookie",
    }
)
_SECRET_VARIABLE: Final = re.compile(
    r"(?:.*_)?OPENAI_(?:.*_)?(?:KEY|TOKEN|SECRET|ORG_ID|PROJECT_ID)"
)
_SHORTEST_SECRET: Final = 12
"""Shorter values of such variables are placeholders ("test"), which occur in any text."""


def hide_secrets(text: str) -> str:
    """Replace what looks like a key, a token, or the id of an organization or a project."""
    for _, pattern, substitute in _SECRETS:
        text = pattern.sub(substitute, text)
    return text


def find_secret(interaction: Mapping[str, Any]) -> str | None:
    """Say what kind of secret an interaction holds, without quoting it; None if it holds none."""
    if header := _secret_header(interaction):
        return f"the header {header}"
    known = _known_secrets()
    for text in _texts(interaction):
        for variable, value in known.items():
            if value in text:
                return f"the value of ${variable}"
        if _COOKIE.search(text):
            return "a cookie"
        for name, pattern, _ in _SECRETS:
            if pattern.search(text):
                return name
    return None


def _known_secrets() -> dict[str, str]:
    """The values that this process itself uses, by the names of their environment variables."""
    return {
        variable: value
        for variable, value in os.environ.items()
        if len(value) >= _SHORTEST_SECRET and _SECRET_VARIABLE.fullmatch(variable)
    }


def _secret_header(interaction: Mapping[str, Any]) -> str | None:
    names = (name for side in ("request", "response") for name in interaction[side]["headers"])
    return next((name for name in names if name.lower() in _SECRET_HEADERS), None)


def _texts(value: Any) -> Iterator[str]:
    """All text in a value, that of binary bodies included: in base64 nobody would see it."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes):
        yield value.decode("latin-1")
    elif isinstance(value, Mapping):
        for key, entry in value.items():
            yield str(key)
            yield from _texts(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _texts(entry)
