"""The OpenAI clients of one object: given, built from options, or derived from one another.

Connections of an async client belong to the event loop they were made in. An object that outlives
its loop (`asyncio.run` three times on one chat model) therefore needs a client for each loop; one
that was given serves the first loop, and twins of it the others.
"""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple

from openai import AsyncAzureOpenAI, AsyncOpenAI, AzureOpenAI, OpenAI

from openai_code_interpreter._io.process import CLIENT_HOMES
from openai_code_interpreter.errors import InvalidInputError

__all__ = ["ClientPool", "check_client"]

_TWINS: Final[dict[type, type[OpenAI]]] = {
    OpenAI: OpenAI,
    AsyncOpenAI: OpenAI,
    AzureOpenAI: AzureOpenAI,
    AsyncAzureOpenAI: AzureOpenAI,
}
_ASYNC_TWINS: Final[dict[type, type[AsyncOpenAI]]] = {
    OpenAI: AsyncOpenAI,
    AsyncOpenAI: AsyncOpenAI,
    AzureOpenAI: AsyncAzureOpenAI,
    AsyncAzureOpenAI: AsyncAzureOpenAI,
}


def check_client(client: object, wanted: type, other: type, name: str) -> None:
    """Refuse a client of the other side; any other object may stand in for a client.

    Raises:
        InvalidInputError: If `client` is of the class that belongs to the other side.
    """
    if isinstance(client, other):
        msg = f"{name} takes {wanted.__name__}, not {type(client).__name__}: that is the other side"
        raise InvalidInputError(msg)


class ClientPool:
    """Gives a sync client, and an async client for the running event loop.

    Args:
        client: A client to use for sync calls; without one it is derived from `async_client`, or
            built from `options`.
        async_client: The same for async calls.
        options: Keyword arguments of `openai.OpenAI` for clients that are built here. None values
            are left out, so that the SDK's own defaults and environment variables hold.
    """

    def __init__(
        self,
        *,
        client: OpenAI | None = None,
        async_client: AsyncOpenAI | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        check_client(client, OpenAI, AsyncOpenAI, "client=")
        check_client(async_client, AsyncOpenAI, OpenAI, "async_client=")
        self._sync = client
        self._given_sync = client
        self._given_async = async_client
        self._options = {key: value for key, value in (options or {}).items() if value is not None}
        self._lock = threading.Lock()
        self._by_loop: dict[asyncio.AbstractEventLoop, _OfLoop] = {}

    def __deepcopy__(self, _memo: object) -> ClientPool:
        """A copied chat model keeps its connections: clients are made to be shared."""
        return self

    def sync(self) -> OpenAI:
        """Return the sync client, made at its first use.

        Raises:
            openai.OpenAIError: The SDK's own, if there is no API key.
            InvalidInputError: If it cannot be derived from the async client that was given.
        """
        with self._lock:
            if self._sync is None:
                if self._given_async is not None:
                    self._sync = _twin(self._given_async, _TWINS, "client=")
                else:
                    self._sync = OpenAI(**self._options)
            return self._sync

    def for_running_loop(self) -> AsyncOpenAI:
        """Return the async client of the running event loop, made at its first use there.

        Raises:
            openai.OpenAIError: The SDK's own, if there is no API key.
            InvalidInputError: If it cannot be derived from the sync client that was given.
        """
        loop = asyncio.get_running_loop()
        with self._lock:
            found = self._by_loop.get(loop)
            if found is None:
                living = {one: of for one, of in self._by_loop.items() if not one.is_closed()}
                found = self._make_async(loop)
                self._by_loop = {**living, loop: found}
            return found.client

    def _make_async(self, loop: asyncio.AbstractEventLoop) -> _OfLoop:
        given = self._given_async
        if given is not None and (_is_at_home(given, loop) or not _is_derivable(given)):
            return _OfLoop(given, closer=None)  # the caller's to close
        source = given or self._given_sync
        client: AsyncOpenAI = (
            AsyncOpenAI(**self._options)
            if source is None
            else _twin(source, _ASYNC_TWINS, "async_client=")
        )
        return _OfLoop(client, closer=_close_with_the_loop(client))


def _is_at_home(client: AsyncOpenAI, loop: asyncio.AbstractEventLoop) -> bool:
    """Whether a client belongs to the loop; one that belongs to none yet does from now on."""
    return CLIENT_HOMES.setdefault(client, weakref.ref(loop))() is loop


class _OfLoop(NamedTuple):
    """The client of one loop, and what closes it, which must be held."""

    client: AsyncOpenAI
    closer: AsyncGenerator[None] | None


def _close_with_the_loop(client: AsyncOpenAI) -> AsyncGenerator[None]:
    """Close the client when the running loop ends, or when what is returned is let go.

    A loop that ends, as `asyncio.run` does, finishes the async generators that were begun in it;
    that is the one moment at which the client's connections can still be closed.
    """

    async def closer() -> AsyncGenerator[None]:
        try:
            yield
        finally:
            await client.close()

    generator = closer()
    with suppress(StopIteration):  # how a generator that did not have to wait says "yielded"
        generator.asend(None).send(None)
    return generator


def _is_derivable(client: OpenAI | AsyncOpenAI) -> bool:
    """Whether a client can be built anew from its options.

    Not so for a subclass we do not know, nor for a client with an HTTP client of its own (a proxy,
    a test transport): that one cannot be copied to the other side. Nor for one whose credentials
    are no key: what stands in the place of its key is a placeholder.
    """
    http_client = getattr(client, "_client", None)
    default = type(http_client).__name__ in ("SyncHttpxClientWrapper", "AsyncHttpxClientWrapper")
    special = ("workload_identity", "_provider")
    has_key = all(getattr(client, name, None) is None for name in special)
    return type(client) in _TWINS and default and has_key


def _twin(client: OpenAI | AsyncOpenAI, twins: Mapping[type, type[Any]], wanted: str) -> Any:
    if not _is_derivable(client):
        msg = (
            f"{wanted} is needed: it cannot be derived from a {type(client).__name__} with an "
            "HTTP client or credentials of its own; pass both client= and async_client="
        )
        raise InvalidInputError(msg)
    known: Any = client
    provider = _Providers(
        is_async=isinstance(client, AsyncOpenAI), wants_async=twins is _ASYNC_TWINS
    )
    # The attributes that the SDK's own `copy()` reads, private ones included, on 2.45 and on 3.54.
    options: dict[str, Any] = {
        "api_key": provider(known._api_key_provider) or known.api_key,
        "organization": known.organization,
        "project": known.project,
        "base_url": known.base_url,
        "timeout": known.timeout,
        "max_retries": known.max_retries,
        "default_headers": known._custom_headers,
        "default_query": known._custom_query,
    }
    if isinstance(client, AzureOpenAI | AsyncAzureOpenAI):
        _use_azure_options(options, known, provider)
    return twins[type(client)](**options)


def _use_azure_options(options: dict[str, Any], client: Any, provider: _Providers) -> None:
    options["api_version"] = client._api_version
    if client._azure_endpoint is not None:
        # With a deployment, the SDK sends responses elsewhere than to base_url.
        del options["base_url"]
        options["azure_endpoint"] = str(client._azure_endpoint)
        options["azure_deployment"] = client._azure_deployment
    token, token_provider = client._azure_ad_token, client._azure_ad_token_provider
    if token is not None or token_provider is not None:
        # The client's api_key is a placeholder then, and the SDK takes one credential only.
        del options["api_key"]
        options["azure_ad_token"] = token
        options["azure_ad_token_provider"] = provider(token_provider)


class _Providers:
    """Gives a key or token provider of one side to the other."""

    def __init__(self, *, is_async: bool, wants_async: bool) -> None:
        self._is_async = is_async
        self._wants_async = wants_async

    def __call__(self, provide: Callable[[], Any] | None) -> Callable[[], Any] | None:
        if provide is None or self._is_async == self._wants_async:
            return provide
        if self._is_async:
            msg = "client= is needed: an async key provider cannot be called from sync code"
            raise InvalidInputError(msg)

        async def in_thread() -> Any:
            return await asyncio.to_thread(provide)

        return in_thread
