"""What messages hold of files and containers in place of them: small JSON objects.

A message is untrusted: histories come back from browsers. So a reference names a store key, never
a path or a URL; it is looked up only in a store that the caller passes or that this process made;
and what is found counts only if its hash is the one that the reference gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from openai_code_interpreter._sansio.names import safe_filename
from openai_code_interpreter._sansio.results import Artifact, ArtifactOrigin
from openai_code_interpreter._sansio.wire import Wire, number, optional_text, text
from openai_code_interpreter.events import ContainerReplaced

__all__ = ["artifact_from_reference", "known_of_file", "reference_to", "replacement_as_json"]

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


def artifact_from_reference(reference: Wire) -> Artifact:
    """Return what a reference says of a file, without its bytes: reading it is an error.

    For the case that `resolve_reference` finds them nowhere, and somebody is to be told of the
    file all the same.
    """
    name = text(reference, "filename")
    return Artifact(
        filename=safe_filename(name),
        original_filename=text(reference, "original_filename") or name,
        media_type=text(reference, "media_type"),
        size=number(reference, "size"),
        sha256=optional_text(reference, "sha256"),
        key=optional_text(reference, "key"),
        **known_of_file(reference),
    )


def known_of_file(reference: Wire) -> dict[str, Any]:
    """Return what a message says of a file beside its bytes. None of it opens anything."""
    return {
        "container_id": optional_text(reference, "container_id"),
        "file_id": optional_text(reference, "file_id"),
        "response_id": optional_text(reference, "response_id"),
        "call_id": optional_text(reference, "call_id"),
        "path": optional_text(reference, "path"),
        "twin_of": optional_text(reference, "twin_of"),
        "origin": _ORIGINS.get(text(reference, "origin"), "cited"),
    }


def replacement_as_json(event: ContainerReplaced) -> dict[str, Any]:
    """Return what messages say of a container that took the place of another."""
    return {
        "old_id": event.old_id,
        "new_id": event.new_id,
        "restored": event.restored,
        "lost": event.lost,
    }
