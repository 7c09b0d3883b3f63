"""Which files of a response are to be delivered, and what is known of each: values only.

A file is found in one of three ways. The text cites it; a call shows it as an image; or it lies in
the container and nothing cites it. Files that the text does not link are not cited, and a
structured answer cites nothing at all, so their only trace is the container's own listing.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, Final

from openai_code_interpreter._sansio.links import find_links, mentions
from openai_code_interpreter._sansio.media_types import INLINE_IMAGES, extension_for, media_type
from openai_code_interpreter._sansio.names import SafeName, numbered, safe_filename
from openai_code_interpreter._sansio.options import ListMode
from openai_code_interpreter._sansio.results import (
    Artifact,
    ArtifactOrigin,
    CodeInterpreterCall,
    CodeInterpreterResult,
    ContainerFileCitation,
    InlineImage,
)
from openai_code_interpreter._sansio.snapshot import citation_from_annotation
from openai_code_interpreter._sansio.wire import (
    CALL_ITEM,
    CONTAINER_FOLDER,
    MESSAGE_ITEM,
    Wire,
    as_wire,
    entries,
    mapping,
    number,
    optional_text,
    seconds,
    text,
)
from openai_code_interpreter.errors import ArtifactError, FileReference

__all__ = [
    "MAX_EAGER_BYTES",
    "MAX_EAGER_FILES",
    "ArtifactTarget",
    "FileKey",
    "cited_paths",
    "cited_target",
    "containers_to_list",
    "described",
    "is_display_citation",
    "is_structured",
    "listed_targets",
    "shown_targets",
]

FileKey = tuple[str | None, str | None]
"""What names a file of a container: the container's id and the file's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactTarget:
    """A file that a response made and that is to be delivered."""

    filename: str
    """The name that the model gave it. Untrusted."""
    container_id: str | None = None
    file_id: str | None = None
    call_id: str | None = None
    path: str | None = None
    """Where it lies in the container, if that was said. Untrusted."""
    origin: ArtifactOrigin = "cited"
    size: int | None = None
    """Its size in bytes, if a listing said."""
    data: bytes | None = field(default=None, repr=False)
    """Its bytes, if the response itself brought them."""
    sha256: str | None = None
    """The hash that its bytes must have, if that is known beforehand."""
    twin_of: str | None = None
    eager: bool = True
    """Whether to fetch it at once where files are fetched at once."""
    nth: int = 1
    """Which of the response's files of that name it is."""

    @property
    def key(self) -> FileKey:
        """What names the file."""
        return self.container_id, self.file_id

    @property
    def name(self) -> SafeName:
        """The name to store it under: safe, and its own among the files of the response."""
        fallback = f"artifact-{(self.file_id or '')[-8:]}"
        return numbered(safe_filename(self.filename, fallback=fallback), self.nth)

    @property
    def where(self) -> FileReference:
        """The fields by which an error names the file."""
        return {
            "container_id": self.container_id,
            "file_id": self.file_id,
            "filename": self.filename,
        }

    def unfetched(self) -> Artifact:
        """Return what is known of the file before it was fetched: reading it is an error."""
        return Artifact(
            filename=self.name,
            original_filename=self.filename,
            media_type=media_type(self.name, self.data),
            size=self.size if self.data is None else len(self.data),
            sha256=self.sha256,
            container_id=self.container_id,
            file_id=self.file_id,
            call_id=self.call_id,
            path=self.path,
            origin=self.origin,
            twin_of=self.twin_of,
        )

    def distinct(self, names: set[str]) -> ArtifactTarget:
        """Return this target under a name that is not in `names`, whatever the case; add it there.

        Names that differ by case only are one name on some disks.
        """
        found = self
        while found.name.casefold() in names:
            found = replace(found, nth=found.nth + 1)
        names.add(found.name.casefold())
        return found


def is_display_citation(citation: ContainerFileCitation) -> bool:
    """Whether a citation stands for a figure that was displayed: named after its own id."""
    return citation.filename.partition(".")[0] == citation.file_id


def cited_target(citation: ContainerFileCitation) -> ArtifactTarget:
    """Return the file that a citation names. Its path is in the text, see `cited_paths`."""
    return ArtifactTarget(
        filename=citation.filename,
        container_id=citation.container_id,
        file_id=citation.file_id,
    )


def cited_paths(result: CodeInterpreterResult) -> dict[FileKey, str]:
    """Return the paths of cited files: what the text has at the span of a citation.

    The citation itself has the name only. A figure that was shown has a span of 0 to 0, and no
    path.
    """
    found: dict[FileKey, str] = {}
    for item in result.output:
        if text(item, "type") != MESSAGE_ITEM:
            continue
        for part in entries(item, "content"):
            paths = {(link.start, link.end): link.path for link in find_links(text(part, "text"))}
            for citation in _part_citations(part):
                path = paths.get((citation.start_index, citation.end_index))
                if path is not None:
                    found.setdefault((citation.container_id, citation.file_id), path)
    return found


def shown_targets(
    result: CodeInterpreterResult, delivered: Iterable[Artifact], *, max_bytes: int
) -> list[ArtifactTarget | ArtifactError]:
    """Return the displayed images that no delivered file stands for.

    A displayed figure comes twice, inline in the outputs and as a container file that is cited
    under its id, and nothing on the wire pairs them. So as many delivered files of that kind as
    there are images stand for all of them; if there are fewer (a citation is missing, a download
    failed), the images whose bytes were not delivered are taken from the outputs.

    Args:
        result: The response.
        delivered: The files that arrived.
        max_bytes: The cap on one image, in bytes.

    Returns:
        A target for each such image, and an error for each that is no strict `data:` URI or is
        over the cap.
    """
    images = [(call, image) for call in result.calls for image in call.images]
    arrived = list(delivered)
    shown = {citation.file_id for citation in result.citations if is_display_citation(citation)}
    if len(images) <= sum(artifact.file_id in shown for artifact in arrived):
        return []
    saved = [citation.file_id for citation in _once(result.citations) if _is_saved_image(citation)]
    twins: Sequence[str | None] = saved if len(saved) == len(images) else [None] * len(images)
    hashes = {artifact.sha256 for artifact in arrived}
    found: list[ArtifactTarget | ArtifactError] = []
    for (call, image), twin in zip(images, twins, strict=True):
        target = _shown_target(call, image, len(found) + 1, twin, max_bytes=max_bytes)
        if isinstance(target, ArtifactTarget):
            if target.sha256 in hashes:
                continue
            hashes.add(target.sha256)
        found.append(target)
    return found


def _shown_target(
    call: CodeInterpreterCall,
    image: InlineImage,
    number: int,
    twin: str | None,
    *,
    max_bytes: int,
) -> ArtifactTarget | ArtifactError:
    name = f"figure_{number}{extension_for(image.media_type)}"
    try:
        data = image.read_bytes(max_bytes=max_bytes)
    except ArtifactError as error:
        error.container_id, error.filename = call.container_id, name
        return error
    return ArtifactTarget(
        filename=name,
        container_id=call.container_id,
        call_id=call.id or None,
        origin="inline",
        data=data,
        sha256=sha256(data).hexdigest(),
        twin_of=twin,
    )


def described(artifacts: Sequence[Artifact], result: CodeInterpreterResult) -> list[Artifact]:
    """Return the artifacts with what the response says of them: response, call, path, twin."""
    paths = cited_paths(result)
    makers, twins = _makers(result), dict(_twins(result))
    lone = {container: calls[0] for container, calls in _calls(result).items() if len(calls) == 1}
    return [
        replace(
            artifact,
            response_id=result.response_id,
            call_id=artifact.call_id
            or makers.get((artifact.container_id, artifact.file_id))
            or (lone.get(artifact.container_id) if artifact.origin == "listed" else None),
            path=artifact.path or paths.get((artifact.container_id, artifact.file_id)),
            twin_of=artifact.twin_of or twins.get(artifact.file_id),
        )
        for artifact in artifacts
    ]


def _calls(result: CodeInterpreterResult) -> dict[str | None, list[str]]:
    found: dict[str | None, list[str]] = {}
    for call in result.calls:
        found.setdefault(call.container_id, []).append(call.id)
    return found


def _makers(result: CodeInterpreterResult) -> dict[FileKey, str]:
    """The calls of files that were cited when only one call had run in their container."""
    ran: dict[str, list[str]] = {}
    makers: dict[FileKey, str] = {}
    cited: set[FileKey] = set()
    for item in result.output:
        if text(item, "type") == CALL_ITEM:
            ran.setdefault(text(item, "container_id"), []).append(text(item, "id"))
        elif text(item, "type") == MESSAGE_ITEM:
            for citation in _message_citations(item):
                key = (citation.container_id, citation.file_id)
                calls = ran.get(citation.container_id, ())
                if key not in cited and len(calls) == 1:
                    makers[key] = calls[0]
                cited.add(key)
    return makers


def _message_citations(item: Wire) -> Iterator[ContainerFileCitation]:
    for part in entries(item, "content"):
        yield from _part_citations(part)


def _part_citations(part: Wire) -> Iterator[ContainerFileCitation]:
    for annotation in entries(part, "annotations"):
        citation = citation_from_annotation(annotation)
        if citation is not None:
            yield citation


def _twins(result: CodeInterpreterResult) -> Iterator[tuple[str | None, str]]:
    """Pair the shown and the saved pictures of each message by their order, if they are as many."""
    for item in result.output:
        if text(item, "type") != MESSAGE_ITEM:
            continue
        cited = _once(_message_citations(item))
        shown = [citation.file_id for citation in cited if is_display_citation(citation)]
        saved = [citation.file_id for citation in cited if _is_saved_image(citation)]
        if len(shown) == len(saved):
            for one, other in zip(shown, saved, strict=True):
                yield one, other
                yield other, one


def _once(citations: Iterable[ContainerFileCitation]) -> list[ContainerFileCitation]:
    first: dict[FileKey, ContainerFileCitation] = {}
    for citation in citations:
        first.setdefault((citation.container_id, citation.file_id), citation)
    return list(first.values())


def _is_saved_image(citation: ContainerFileCitation) -> bool:
    return not is_display_citation(citation) and media_type(citation.filename) in INLINE_IMAGES


MAX_EAGER_FILES: Final = 20
"""How many files that were only listed are fetched at once; the rest when they are read."""

MAX_EAGER_BYTES: Final = 50 * 1024 * 1024
"""How many bytes of them, together."""


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
    known: Container[FileKey],
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
            filename=path.rstrip("/").rpartition("/")[2],
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
