"""Asking without being led elsewhere: no URL that an answer names is fetched, save on its origin.

The SDK's HTTP client follows redirects wherever they lead. The SDK's own resources are given a
client here whose `get` does not; what they spell as a path stays theirs, and credentials, retries
and Azure's rewriting stay the client's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import SplitResult, urljoin, urlsplit

import openai
from openai.resources.containers.files import AsyncFiles, Files
from openai.resources.containers.files.content import AsyncContent, Content

from openai_code_interpreter.artifacts.plan import ArtifactTarget
from openai_code_interpreter.errors import ArtifactUnsafeError

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

__all__ = [
    "MAX_REDIRECTS",
    "async_content_of",
    "async_files_of",
    "content_of",
    "files_of",
    "redirect_url",
]

MAX_REDIRECTS: Final = 3

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_PORTS: Final[Mapping[str, int]] = {"http": 80, "https": 443}


def redirect_url(target: ArtifactTarget, error: openai.APIStatusError, *, taken: int) -> str | None:
    """Return where a redirect leads, or None if the answer is none.

    Args:
        target: The file.
        error: What the SDK raised for the answer.
        taken: How many redirects were followed before it.

    Raises:
        ArtifactUnsafeError: If it leads to another origin, or is one too many. The message names
            the origin only: a query may hold a signature.
    """
    location = error.response.headers.get("location")
    if error.status_code not in _REDIRECTS or not location:
        return None
    name = f"{target.filename!r} ({target.file_id})"
    if taken >= MAX_REDIRECTS:
        msg = f"{name} was redirected more than {MAX_REDIRECTS} times; that is followed no further"
        raise ArtifactUnsafeError(msg, **target.where)
    asked = urlsplit(str(error.response.url))
    try:
        found = _parsed(urljoin(asked.geturl(), location), beside=asked)
        origin = _origin(found)
    except ValueError:
        msg = f"{name} was redirected to what is no plain URL; that is not followed"
        raise ArtifactUnsafeError(msg, **target.where) from None
    if origin != _origin(asked):
        msg = (
            f"{name} was redirected (status {error.status_code}) to another origin, "
            f"{_shown(origin)!r}, and no URL of a response is fetched; use a base URL that sends "
            "files itself"
        )
        raise ArtifactUnsafeError(msg, **target.where)
    # Its own host literally: whatever another parser makes of the rest, it stays there.
    return SplitResult(asked.scheme, asked.netloc, found.path, found.query, "").geturl()


def _parsed(url: str, *, beside: SplitResult) -> SplitResult:
    """Split a URL; one that parsers read in different ways is a ValueError."""
    parts = urlsplit(url)
    if "\\" in url or ("@" in parts.netloc and parts.netloc != beside.netloc):
        raise ValueError
    return parts


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    return url.scheme, url.hostname, url.port or _PORTS.get(url.scheme)


def _shown(origin: tuple[str, str | None, int | None]) -> str:
    scheme, host, port = origin
    return f"{scheme}://{host or ''}" + (f":{port}" if port else "")


def content_of(client: OpenAI, url: str | None = None) -> Content:
    """Return the SDK's resource of a file's content, which follows no redirect.

    Args:
        client: The client.
        url: What to ask for in place of the resource's own path: where a redirect led.
    """
    return Content(cast("OpenAI", _Staying(client, url)))


def async_content_of(client: AsyncOpenAI, url: str | None = None) -> AsyncContent:
    """Return the same for async."""
    return AsyncContent(cast("AsyncOpenAI", _Staying(client, url)))


def files_of(client: OpenAI) -> Files:
    """Return the SDK's resource of a container's files, which follows no redirect."""
    return Files(cast("OpenAI", _Staying(client)))


def async_files_of(client: AsyncOpenAI) -> AsyncFiles:
    """Return the same for async."""
    return AsyncFiles(cast("AsyncOpenAI", _Staying(client)))


class _Staying:
    """A client whose `get`, sync or async as the client is, follows no redirect."""

    def __init__(self, client: OpenAI | AsyncOpenAI, url: str | None = None) -> None:
        self._client = client
        self._url = url

    def get(self, path: str, *, options: openai.RequestOptions | None = None, **rest: Any) -> Any:
        here: openai.RequestOptions = {**(options or {}), "follow_redirects": False}
        return self._client.get(self._url or path, options=here, **rest)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)
