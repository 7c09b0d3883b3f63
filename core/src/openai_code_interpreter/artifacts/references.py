"""Artifacts in messages: a small JSON object instead of the bytes, and the way back.

A message is untrusted: histories come back from browsers. So a reference names a store key, never
a path or a URL; it is looked up only in a store that the caller passes or that this process made;
and what is found counts only if its hash is the one that the reference gives.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from anyio import to_thread
from openai import AsyncOpenAI, OpenAI

from openai_code_interpreter.artifacts.download import deliver
from openai_code_interpreter.artifacts.media_types import (
    INLINE_IMAGES,
    OCTET_STREAM,
    media_type,
)
from openai_code_interpreter.artifacts.names import safe_filename
from openai_code_interpreter.artifacts.plan import ArtifactTarget
from openai_code_interpreter.artifacts.readers import LazyBytes, StoredBytes
from openai_code_interpreter.artifacts.stores import ArtifactStore, default_store, live_stores
from openai_code_interpreter.clients import check_client
from openai_code_interpreter.errors import ArtifactUnavailableError
from openai_code_interpreter.results import Artifact, ArtifactOrigin
from openai_code_interpreter.wire import Wire, as_wire, number, optional_text, text

__all__ = ["reference_to", "resolve_reference"]

_ORIGINS: Mapping[str, ArtifactOrigin] = {"cited": "cited", "inline": "inline", "listed": "listed"}


def reference_to(artifact: Artifact) -> dict[str, Any]:
    """Return the JSON object that stands for an artifact in a message: about 300 characters."""
    known = {
        "response_id": artifact.response_id,
        "call_id": artifact.call_id,
        "path": artifact.path,
        "twin_of": artifact.twin_of,
    }
    if artifact.original_filename != artifact.filename:
        known["original_filename"] = artifact.original_filename
    return {
        "filename": artifact.filename,
        "media_type": artifact.media_type,
        "size": artifact.size,
        "sha256": artifact.sha256,
        "container_id": artifact.container_id,
        "file_id": artifact.file_id,
        "origin": artifact.origin,
        "key": artifact.key,
        **{name: value for name, value in known.items() if value is not None},
    }


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
        return replace(fetched, **_told(wire))
    raise _unavailable(wire, store=store, client=client)


def _unfetched(wire: Wire, *, store: ArtifactStore | None, client: OpenAI | None) -> Artifact:
    """A file that was left in its container: it is read from there, if there is a client."""
    target = _target(wire)
    artifact = Artifact(
        filename=target.name,
        original_filename=target.filename,
        media_type=media_type(target.name),
        size=number(wire, "size") if wire.get("size") is not None else None,
        **_told(wire),
    )
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


def _told(wire: Wire) -> dict[str, Any]:
    """What a message says of a file beside its bytes. None of it opens anything."""
    return {
        "container_id": optional_text(wire, "container_id"),
        "file_id": optional_text(wire, "file_id"),
        "response_id": optional_text(wire, "response_id"),
        "call_id": optional_text(wire, "call_id"),
        "path": optional_text(wire, "path"),
        "twin_of": optional_text(wire, "twin_of"),
        "origin": _ORIGINS.get(text(wire, "origin"), "cited"),
    }


def _find(
    store: ArtifactStore | None, key: str, sha256: str
) -> tuple[ArtifactStore, bytes] | tuple[None, None]:
    """Return the store whose file of that key has that hash, and the file's bytes."""
    given = [] if store is None else [store]
    for place in [*given, *(one for one in live_stores() if one is not store)]:
        if key and sha256:
            with suppress(ArtifactUnavailableError):
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
        **_told(wire),
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
