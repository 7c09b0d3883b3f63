"""Which files of a response are to be delivered. Pure: it looks at values only."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from openai_code_interpreter.artifacts.media_types import extension_for
from openai_code_interpreter.artifacts.names import SafeName, numbered, safe_filename
from openai_code_interpreter.errors import ArtifactUnavailableError, FileReference
from openai_code_interpreter.results import (
    Artifact,
    ArtifactOrigin,
    CodeInterpreterResult,
    ContainerFileCitation,
)

__all__ = ["ArtifactTarget", "cited_targets", "is_display_citation", "shown_targets"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactTarget:
    """A file that a response made and that is to be delivered."""

    filename: str
    """The name that the model gave it. Untrusted."""
    container_id: str | None = None
    file_id: str | None = None
    origin: ArtifactOrigin = "cited"
    data: bytes | None = field(default=None, repr=False)
    """Its bytes, if the response itself brought them."""
    sha256: str | None = None
    """The hash that its bytes must have, if that is known beforehand."""
    nth: int = 1
    """Which of the response's files of that name it is."""

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


def is_display_citation(citation: ContainerFileCitation) -> bool:
    """Whether a citation stands for a figure that was displayed: named after its own id."""
    return citation.filename.partition(".")[0] == citation.file_id


def cited_targets(result: CodeInterpreterResult) -> list[ArtifactTarget]:
    """Return the cited files, each once, in the order in which the text cites them."""
    first: dict[tuple[str, str], ContainerFileCitation] = {}
    for citation in result.citations:
        first.setdefault((citation.container_id, citation.file_id), citation)
    targets = [
        ArtifactTarget(
            filename=citation.filename,
            container_id=citation.container_id,
            file_id=citation.file_id,
        )
        for citation in first.values()
    ]
    return _distinct(targets)


def _distinct(targets: Iterable[ArtifactTarget], taken: Iterable[str] = ()) -> list[ArtifactTarget]:
    """Number the files whose name another one of the response has, whatever its case."""
    names = {name.casefold() for name in taken}
    distinct: list[ArtifactTarget] = []
    for target in targets:
        while target.name.casefold() in names:
            target = replace(target, nth=target.nth + 1)  # noqa: PLW2901 - the next name to try
        names.add(target.name.casefold())
        distinct.append(target)
    return distinct


def shown_targets(
    result: CodeInterpreterResult, delivered: Iterable[Artifact]
) -> list[ArtifactTarget]:
    """Return the displayed images that no delivered file stands for.

    A displayed figure comes twice, inline in the outputs and as a container file that is cited
    under its id, and nothing on the wire pairs them. So as many delivered files of that kind as
    there are images stand for all of them; if there are fewer (a citation is missing, a download
    failed), the images whose bytes were not delivered are taken from the outputs.

    Args:
        result: The response.
        delivered: The cited files that arrived.
    """
    images = [(call, image) for call in result.calls for image in call.images]
    arrived = list(delivered)
    shown = {citation.file_id for citation in result.citations if is_display_citation(citation)}
    if len(images) <= sum(artifact.file_id in shown for artifact in arrived):
        return []
    hashes = {artifact.sha256 for artifact in arrived}
    targets: list[ArtifactTarget] = []
    for call, image in images:
        try:
            data = image.read_bytes()
        except ArtifactUnavailableError:
            continue  # an https URL or broken base64: nothing is ever fetched from a response's URL
        digest = hashlib.sha256(data).hexdigest()
        if digest in hashes:
            continue
        hashes.add(digest)
        name = f"figure_{len(targets) + 1}{extension_for(image.media_type)}"
        targets.append(
            ArtifactTarget(
                filename=name, container_id=call.container_id, origin="inline", data=data
            )
        )
    return _distinct(targets, (artifact.filename for artifact in arrived))
