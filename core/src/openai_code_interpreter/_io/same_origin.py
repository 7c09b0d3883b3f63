"""Asking without being led elsewhere: no URL that an answer names is fetched, save on its origin.

The SDK's HTTP client follows redirects wherever they lead. The SDK's own resources are given a
client here whose `get` does not; what they spell as a path stays theirs, and credentials, retries
and Azure's rewriting stay the client's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import openai
from openai.resources.containers.files import AsyncFiles, Files
from openai.resources.containers.files.content import AsyncContent, Content

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

__all__ = ["async_content_of", "async_files_of", "content_of", "files_of"]


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
