"""Files that lie in a container and that nothing cites: when to look, and what counts. Pure.

Files that the text does not link are not cited, and a structured answer cites nothing at all, so
their only trace is the container's own listing.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any, Final

from openai_code_interpreter.artifacts.links import mentions
from openai_code_interpreter.artifacts.options import ListMode
from openai_code_interpreter.artifacts.plan import (
    CONTAINER_FOLDER,
    ArtifactTarget,
    FileKey,
    cited_paths,
)
from openai_code_interpreter.results import CodeInterpreterResult
from openai_code_interpreter.wire import (
    Wire,
    as_wire,
    mapping,
    number,
    optional_text,
    seconds,
    text,
)

__all__ = [
    "MAX_EAGER_BYTES",
    "MAX_EAGER_FILES",
    "KnownFiles",
    "containers_to_list",
    "is_structured",
    "listed_targets",
]

MAX_EAGER_FILES: Final = 20
"""How many files that were only listed are fetched at once; the rest when they are read."""

MAX_EAGER_BYTES: Final = 50 * 1024 * 1024
"""How many bytes of them, together."""

_REMEMBERED: Final = 4096


class KnownFiles:
    """The files of earlier turns, as far as one object saw them. Safe between threads.

    A file is of this turn if it was created since the response began. Times are whole seconds, so
    two quick turns need this as well.
    """

    def __init__(self) -> None:
        self._keys: dict[FileKey, None] = {}
        self._lock = threading.Lock()

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def __deepcopy__(self, _memo: object) -> KnownFiles:
        """A copied chat model goes on in the same conversations."""
        return self

    def add(self, key: FileKey) -> None:
        """Remember a file; the oldest one is forgotten beyond a few thousand."""
        with self._lock:
            self._keys.pop(key, None)
            self._keys[key] = None
            while len(self._keys) > _REMEMBERED:
                del self._keys[next(iter(self._keys))]


def is_structured(arguments: Mapping[str, Any]) -> bool:
    """Whether a request asks for an answer in JSON, which cites no file."""
    asked = as_wire(arguments.get("text")) or {}
    return text(mapping(asked, "format"), "type") in ("json_schema", "json_object")


def containers_to_list(
    result: CodeInterpreterResult, *, mode: ListMode, structured: bool = False
) -> list[str]:
    """Return the containers in which to look for files that nothing cites.

    Args:
        result: The response.
        mode: `always` looks wherever code ran; `auto` only if the answer is structured, cites
            nothing, or mentions a file under `/mnt/data` that it does not cite; `never` does not.
        structured: Whether a structured answer was asked for.
    """
    ran = list(dict.fromkeys(call.container_id for call in result.calls if call.container_id))
    if mode == "never" or not ran:
        return []
    if mode == "always" or structured or not result.citations:
        return ran
    known = set(cited_paths(result).values())
    known |= {CONTAINER_FOLDER + citation.filename for citation in result.citations}
    return ran if set(mentions(result.text)) - known else []


def listed_targets(
    files: Iterable[Wire],
    *,
    since: int | None,
    known: Collection[FileKey] | KnownFiles,
    said: str,
) -> list[ArtifactTarget]:
    """Return the files of a listing that the assistant made in this turn.

    Those that the text names come first. The first `MAX_EAGER_FILES` that fit into
    `MAX_EAGER_BYTES` are to be fetched at once.

    Args:
        files: The file objects of a container, as the wire has them: no name, only a path;
            `source` is `user` for what was put in; `bytes` may be null.
        since: When the response began, in seconds since 1970.
        known: The files that are known already.
        said: The answer's text.
    """
    named = {path: place for place, path in enumerate(mentions(said))}
    targets = [
        ArtifactTarget(
            filename=PurePosixPath(path).name,
            container_id=text(file, "container_id"),
            file_id=text(file, "id"),
            path=path,
            origin="listed",
            size=number(file, "bytes") if file.get("bytes") is not None else None,
        )
        for file in files
        if (path := optional_text(file, "path"))
        and text(file, "source") != "user"
        and (text(file, "container_id"), text(file, "id")) not in known
        and not _is_older(file, since)
    ]
    targets.sort(key=lambda target: named.get(target.path or "", len(named)))
    return list(_rationed(targets))


def _is_older(file: Wire, since: int | None) -> bool:
    created = seconds(file, "created_at")
    return bool(since and created and created < since)


def _rationed(targets: Iterable[ArtifactTarget]) -> Iterator[ArtifactTarget]:
    files, total = 0, 0
    for target in targets:
        size = target.size or 0
        fits = files < MAX_EAGER_FILES and total + size <= MAX_EAGER_BYTES
        if fits:
            files, total = files + 1, total + size
        yield target if fits else replace(target, eager=False)
