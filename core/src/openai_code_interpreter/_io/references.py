"""The way back from a reference in a message to an artifact whose bytes can be read."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial

from anyio import to_thread
from openai import AsyncOpenAI, OpenAI

from openai_code_interpreter._io.clients import check_client
from openai_code_interpreter._io.download import deliver
from openai_code_interpreter._io.process import LIVE_STORES
from openai_code_interpreter._io.stores import StoredBytes, default_store
from openai_code_interpreter._sansio.media_types import INLINE_IMAGES, OCTET_STREAM, media_type
from openai_code_interpreter._sansio.names import safe_filename
from openai_code_interpreter._sansio.plan import ArtifactTarget
from openai_code_interpreter._sansio.references import known_of_file
from openai_code_interpreter._sansio.results import Artifact
from openai_code_interpreter._sansio.storage import ArtifactStore
from openai_code_interpreter._sansio.wire import Wire, as_wire, number, optional_text, text
from openai_code_interpreter.errors import ArtifactUnavailableError

__all__ = ["LazyBytes", "aresolve_reference", "resolve_reference"]


def resolve_reference(
    reference: object,
    *,
    data: bytes | None = None,
    store: ArtifactStore | None = None,
    client: OpenAI | None = None,
) -> Artifact:
    """Return the artifact that a reference stands for.

    Its bytes are looked for in this order: `data`, `store`, the stores that this process made, and
    its container, through `client`.

    Args:
        reference: What `reference_to` returned, perhaps by way of JSON and other people.
        data: The bytes, if the message carries them.
        store: The store to look in first; a download goes into it as well.
        client: A sync client of the account that made the file.

    Raises:
        InvalidInputError: If `client` is an async one.
        ArtifactUnavailableError: If none of them has it; the message says what was missing. A file
            that was left in its container is returned all the same, and read when asked for.
        ArtifactError: If the download failed.
    """
    check_client(client, OpenAI, AsyncOpenAI, "client=")
    wire = as_wire(reference) or {}
    key = text(wire, "key")
    if data is None and not text(wire, "sha256") and text(wire, "file_id"):
        return _unfetched(wire, store=store, client=client)
    wanted = text(wire, "sha256") if data is None else hashlib.sha256(data).hexdigest()
    place, held = _find(store, key, wanted)
    location = None if place is None else place.location(key)
    if data is not None:
        return _artifact(wire, data, lambda: data, location=location)
    if place is not None and held is not None:
        return _artifact(wire, held, partial(place.read_bytes, key), location=location)
    container_id, file_id = optional_text(wire, "container_id"), optional_text(wire, "file_id")
    if client is not None and container_id and file_id:
        fetched = deliver(client, _target(wire), default_store() if store is None else store)
        return replace(fetched, **known_of_file(wire))
    raise _unavailable(wire, store=store, client=client)


async def aresolve_reference(
    reference: object,
    *,
    data: bytes | None = None,
    store: ArtifactStore | None = None,
    client: OpenAI | None = None,
) -> Artifact:
    """Return the artifact that a reference stands for, without blocking the event loop.

    It works in a thread, so that the client is a sync one here, too; see `resolve_reference`.
    """
    find = partial(resolve_reference, reference, data=data, store=store, client=client)
    return await to_thread.run_sync(find)


def _unfetched(wire: Wire, *, store: ArtifactStore | None, client: OpenAI | None) -> Artifact:
    """A file that was left in its container: it is read from there, if there is a client."""
    target = _target(wire)
    size = number(wire, "size") if wire.get("size") is not None else None
    artifact = replace(target.unfetched(), size=size, **known_of_file(wire))
    if client is None:
        return artifact
    bring = partial(deliver, client, target, default_store() if store is None else store)
    return replace(artifact, reader=LazyBytes(bring, partial(to_thread.run_sync, bring)))


def _target(wire: Wire) -> ArtifactTarget:
    file_id = text(wire, "file_id")
    return ArtifactTarget(
        filename=text(wire, "original_filename") or text(wire, "filename") or file_id,
        container_id=optional_text(wire, "container_id"),
        file_id=file_id or None,
        sha256=optional_text(wire, "sha256"),
    )


def _find(
    store: ArtifactStore | None, key: str, sha256: str
) -> tuple[ArtifactStore, bytes] | tuple[None, None]:
    """Return the store whose file of that key has that hash, and the file's bytes."""
    if not key or not sha256:
        return None, None
    given = [] if store is None else [store]
    for place in [*given, *(one for one in list(LIVE_STORES) if one is not store)]:
        # Only the store that was named may fail the caller: the others belong to other objects.
        with suppress(ArtifactUnavailableError if place is store else Exception):
            data = place.read_bytes(key)
            if hashlib.sha256(data).hexdigest() == sha256:
                return place, data
    return None, None


def _artifact(
    wire: Wire, data: bytes, reader: Callable[[], bytes], *, location: str | None
) -> Artifact:
    name = safe_filename(text(wire, "filename"))
    return Artifact(
        filename=name,
        original_filename=text(wire, "original_filename") or text(wire, "filename") or name,
        media_type=_media_type(name, data, stated=text(wire, "media_type")),
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        key=text(wire, "key"),
        location=location,
        reader=StoredBytes(reader),
        **known_of_file(wire),
    )


def _media_type(name: str, data: bytes, *, stated: str) -> str:
    """Read the type anew; what a message states fills a gap, but makes nothing an image."""
    found = media_type(name, data)
    if found != OCTET_STREAM or stated in INLINE_IMAGES:
        return found
    return stated or found


def _unavailable(
    wire: Wire, *, store: ArtifactStore | None, client: OpenAI | None
) -> ArtifactUnavailableError:
    name, size = text(wire, "filename"), number(wire, "size")
    looked = "in the given store and " if store is not None else ""
    way_out = "pass store= with the store that holds it"
    if client is None and text(wire, "file_id"):
        way_out += ", or client= to fetch it from its container while that lives"
    msg = (
        f"{name!r} ({size} bytes) is not in the message and was not found {looked}in the stores of "
        f"this process; {way_out}"
    )
    return ArtifactUnavailableError(
        msg,
        container_id=optional_text(wire, "container_id"),
        file_id=optional_text(wire, "file_id"),
        filename=name or None,
    )


class LazyBytes:
    """Fetches a file when its bytes are first asked for, into the store, and reads it there.

    Args:
        deliver: Brings the file to the store.
        adeliver: The same for async.
    """

    __slots__ = ("_adeliver", "_deliver", "_fetched", "_lock")

    def __init__(
        self, deliver: Callable[[], Artifact], adeliver: Callable[[], Awaitable[Artifact]]
    ) -> None:
        self._deliver = deliver
        self._adeliver = adeliver
        self._fetched: Artifact | None = None
        self._lock = threading.Lock()

    def read(self) -> bytes:
        """Return the bytes, fetching them if that was not done yet."""
        return self.fetch().read_bytes()

    async def aread(self) -> bytes:
        """Return the bytes, fetching them if that was not done yet."""
        return await (await self.afetch()).aread_bytes()

    def fetch(self) -> Artifact:
        """Return the file as it lies in the store."""
        with self._lock:  # two threads that ask at once make one request
            if self._fetched is None:
                self._fetched = self._deliver()
            return self._fetched

    async def afetch(self) -> Artifact:
        """Return the file as it lies in the store.

        Two tasks that ask at once may both fetch it: a store keeps equal files once.
        """
        if self._fetched is None:
            self._fetched = await self._adeliver()
        return self._fetched
