"""Links of a response made to lead to its stored files, also while it streams.

A file is cited after the text that links it, and it lies somewhere only once it was fetched. So a
text is passed on as it comes until a link may begin, and from there on held back until its files
are settled. Only text waits for text: code and all else go on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from openai_code_interpreter._sansio.links import HeldText, Located, rewrite_links
from openai_code_interpreter._sansio.plan import ArtifactTarget, FileKey
from openai_code_interpreter._sansio.results import CodeInterpreterResult, ContainerFileCitation
from openai_code_interpreter._sansio.snapshot import citation_from_annotation
from openai_code_interpreter._sansio.wire import MESSAGE_ITEM, entries, optional_text, text
from openai_code_interpreter.events import CodeInterpreterEvent, TextDelta, TextDone

__all__ = ["LinkedText", "TextGate", "linked_text"]

_PlacedFile = tuple[ArtifactTarget, str | None]


@dataclass(frozen=True, slots=True)
class LinkedText:
    """A response's text whose links lead to stored files."""

    text: str
    citations: list[ContainerFileCitation]
    """The citations, with spans that fit the text part that each belongs to."""
    dangling: list[str]
    """Paths that are linked and lead to no file."""
    originals: dict[str, str]
    """What each new link stood for."""


def linked_text(result: CodeInterpreterResult, files: Sequence[_PlacedFile]) -> LinkedText:
    """Return a result's text with its links rewritten.

    Args:
        result: The response.
        files: Its files, and where each lies; None for one that lies nowhere.
    """
    located = list(_located(files))
    said: list[str] = []
    annotations: list[dict[str, Any]] = []
    dangling: list[str] = []
    originals: dict[str, str] = {}
    for item in result.output:
        if text(item, "type") != MESSAGE_ITEM:
            continue
        for part in entries(item, "content"):
            if text(part, "type") == "output_text":
                one = rewrite_links(text(part, "text"), list(entries(part, "annotations")), located)
                said.append(one.text)
                annotations += one.annotations
                dangling += one.dangling
                originals |= one.originals
    cited = (citation_from_annotation(annotation) for annotation in annotations)
    return LinkedText(
        text="".join(said),
        citations=list(dict.fromkeys(citation for citation in cited if citation is not None)),
        dangling=list(dict.fromkeys(dangling)),
        originals=originals,
    )


def _located(files: Iterable[_PlacedFile]) -> Iterable[Located]:
    for target, location in files:
        yield Located(
            container_id=target.container_id,
            file_id=target.file_id,
            path=target.path,
            filename=target.filename,
            location=location,
        )


@dataclass(slots=True)
class _Part:
    """One text part: what came, and how much of it was passed on."""

    item_id: str | None
    content_index: int
    held: HeldText = field(default_factory=HeldText)
    end: TextDone | None = None

    def delta(self, said: str) -> list[CodeInterpreterEvent]:
        if not said:
            return []
        return [TextDelta(delta=said, item_id=self.item_id, content_index=self.content_index)]


class TextGate:
    """Holds text back from its first link on until it can be rewritten."""

    def __init__(self) -> None:
        self._parts: dict[tuple[str | None, int], _Part] = {}
        self._waiting: deque[_Part] = deque()

    def take(self, events: Sequence[CodeInterpreterEvent]) -> list[CodeInterpreterEvent]:
        """Return the events that may be passed on now."""
        passed: list[CodeInterpreterEvent] = []
        for event in events:
            if isinstance(event, TextDelta):
                passed += self._take_delta(event)
            elif isinstance(event, TextDone):
                passed += self._take_end(event)
            else:
                passed.append(event)
        return passed

    def release(
        self, files: Sequence[_PlacedFile], undecided: Collection[FileKey], *, final: bool
    ) -> list[CodeInterpreterEvent]:
        """Return the held text whose links can be rewritten.

        Args:
            files: The settled files, and where each lies.
            undecided: The files that are still on their way.
            final: Whether no more files will come: a link that leads to nothing stays as it is.
        """
        released: list[CodeInterpreterEvent] = []
        located = list(_located(files)) if self._waiting else []
        while self._waiting:
            part = self._waiting[0]
            annotations = part.end.annotations if part.end is not None else []
            if not final and (part.end is None or _await(annotations, undecided)):
                break
            one = rewrite_links(part.held.text, annotations, located)
            if one.dangling and not final:
                break
            released += part.delta(one.text[part.held.shown :])
            if part.end is not None:
                released.append(replace(part.end, text=one.text, annotations=one.annotations))
            self._waiting.popleft()
        return released

    def _take_delta(self, event: TextDelta) -> list[CodeInterpreterEvent]:
        part = self._part(event)
        if self._waiting and part not in self._waiting:
            part.held.close()
            self._waiting.append(part)
        shown = part.held.feed(event.delta)
        if part.held.linked and part not in self._waiting:
            self._waiting.append(part)
        return part.delta(shown)

    def _take_end(self, event: TextDone) -> list[CodeInterpreterEvent]:
        part = self._part(event)
        part.end = event
        if self._waiting:
            if part not in self._waiting:
                self._waiting.append(part)
            return []
        return [*part.delta(part.held.release()), event]

    def _part(self, event: TextDelta | TextDone) -> _Part:
        key = event.item_id, event.content_index
        found = self._parts.get(key)
        if found is None:
            found = self._parts[key] = _Part(event.item_id, event.content_index)
        return found


def _await(annotations: Iterable[dict[str, Any]], undecided: Collection[FileKey]) -> bool:
    keys = {
        (optional_text(one, "container_id"), optional_text(one, "file_id")) for one in annotations
    }
    return not keys.isdisjoint(undecided)
