"""The tracker of messages: text, the files it cites, refusals."""

from __future__ import annotations

from dataclasses import dataclass, field

from openai_code_interpreter.events import (
    CodeInterpreterEvent,
    FileCited,
    RefusalDelta,
    TextDelta,
    TextDone,
)
from openai_code_interpreter.snapshot import citation_from_annotation
from openai_code_interpreter.trackers.base import Events, ItemTracker, Told, untold
from openai_code_interpreter.wire import Wire, entries, mapping, number, optional_text, text

__all__ = ["MessageTracker"]


@dataclass(slots=True)
class _Part:
    """One part of a message: text with its annotations, or a refusal."""

    kind: str = "output_text"
    pieces: list[str] = field(default_factory=list)
    annotations: list[Wire] = field(default_factory=list)
    done: bool = False
    """Its text has been told in full."""
    ended: bool = False
    """Its end has been told."""

    def text(self) -> str:
        return "".join(self.pieces)

    def wire(self) -> Wire:
        if self.kind == "refusal":
            return {"type": "refusal", "refusal": self.text()}
        return {"type": self.kind, "text": self.text(), "annotations": list(self.annotations)}


class MessageTracker(ItemTracker):
    """A message of the assistant: text parts, their annotations, refusals."""

    __slots__ = ("_parts",)

    def __init__(self, key: str, kind: str, told: Told) -> None:
        super().__init__(key, kind, told)
        self._parts: dict[int, _Part] = {}

    def text_delta(self, event: Wire) -> Events:
        """Take a piece of text."""
        return self._add(event, "output_text")

    def refusal_delta(self, event: Wire) -> Events:
        """Take a piece of a refusal."""
        return self._add(event, "refusal")

    def annotation_added(self, event: Wire) -> Events:
        """Take an annotation; one that cites a container file is told."""
        annotation = mapping(event, "annotation")
        part = self._part(number(event, "content_index"))
        if annotation and annotation not in part.annotations:
            part.annotations.append(annotation)
        return self._cite([annotation])

    def part_done(self, event: Wire) -> Events:
        """Take `response.content_part.done`: a part in full, with all its annotations."""
        return self._tell_part(number(event, "content_index"), mapping(event, "part"))

    def wire(self) -> Wire:
        """The message, with the parts as far as they were written."""
        if self.done or not self._parts:
            return self.item
        return {**self.item, "content": [self._parts[i].wire() for i in sorted(self._parts)]}

    def _part(self, index: int) -> _Part:
        found = self._parts.get(index)
        if found is None:
            found = self._parts[index] = _Part()
        return found

    def _add(self, event: Wire, kind: str) -> Events:
        index, delta = number(event, "content_index"), text(event, "delta")
        part = self._part(index)
        if not delta or part.done:
            return []
        part.kind = kind
        part.pieces.append(delta)
        return [self._delta(index, kind, delta)]

    def _delta(self, index: int, kind: str, delta: str) -> CodeInterpreterEvent:
        told = RefusalDelta if kind == "refusal" else TextDelta
        return told(delta=delta, item_id=optional_text(self.item, "id"), content_index=index)

    def _cite(self, annotations: list[Wire]) -> Events:
        events: Events = []
        for annotation in annotations:
            citation = citation_from_annotation(annotation)
            if citation is not None and citation not in self._told.citations:
                self._told.citations.add(citation)
                events.append(FileCited(citation=citation))
        return events

    def _tell_part(self, index: int, wire: Wire) -> Events:
        """Take a part in full. Its text is told before the files that it cites."""
        kind = text(wire, "type")
        if kind not in ("output_text", "refusal"):
            return []
        part = self._part(index)
        full, told = text(wire, "refusal" if kind == "refusal" else "text"), part.text()
        first, part.done = not part.done, True
        rest = untold(full, told) if first else ""
        part.kind, part.pieces = kind, [full or told]
        final = list(entries(wire, "annotations"))
        part.annotations = final + [one for one in part.annotations if one not in final]
        events: Events = [self._delta(index, kind, rest)] if rest else []
        return events + self._cite(part.annotations)

    def _tell_end(self, index: int) -> Events:
        """Tell the end of a text, with all its annotations: the item is the last to bring some."""
        part = self._parts.get(index)
        if part is None or part.ended or part.kind != "output_text":
            return []
        part.ended = True
        return [
            TextDone(
                text=part.text(),
                annotations=list(part.annotations),
                item_id=optional_text(self.item, "id"),
                content_index=index,
            )
        ]

    def _tell_all(self) -> Events:
        events: Events = []
        content: list[Wire] = []
        for index, wire in enumerate(entries(self.item, "content")):
            events += self._tell_part(index, wire)
            events += self._tell_end(index)
            known = list(entries(wire, "annotations"))
            extra = self._parts[index].annotations if index in self._parts else known
            content.append({**wire, "annotations": list(extra)} if extra != known else wire)
        if content:
            self.item = {**self.item, "content": content}
        return events

    _tell_news = _tell_all
