"""One tracker for each kind of output item: what has come of it, and what has been told.

A tracker takes the events of its item while they stream, and at last the item in full (`settle`).
Whatever an earlier event brought is not told again; whatever none brought is told from the item.
So a stream, a stream with gaps and a finished response tell the same story.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from openai_code_interpreter._sansio.results import ContainerFileCitation
from openai_code_interpreter._sansio.snapshot import (
    MAX_CALL_CHARS,
    call_from_item,
    citation_from_annotation,
)
from openai_code_interpreter._sansio.wire import (
    CALL_ITEM,
    FUNCTION_CALL_ITEM,
    MESSAGE_ITEM,
    REASONING_ITEM,
    Wire,
    entries,
    mapping,
    number,
    optional_text,
    text,
)
from openai_code_interpreter.events import (
    CallCompleted,
    CallInterpreting,
    CallStarted,
    CodeDelta,
    CodeDone,
    CodeInterpreterEvent,
    ContainerAssigned,
    FileCited,
    FunctionCallDelta,
    FunctionCallDone,
    FunctionCallStarted,
    OutputItemDone,
    ReasoningDelta,
    ReasoningDone,
    RefusalDelta,
    TextDelta,
    TextDone,
)

__all__ = [
    "TRACKERS",
    "CallTracker",
    "Emitted",
    "Events",
    "FunctionCallTracker",
    "ItemTracker",
    "MessageTracker",
    "ReasoningTracker",
    "remaining",
]

Events = list[CodeInterpreterEvent]


@dataclass(slots=True)
class Emitted:
    """What is told once in a whole response, whichever item brings it."""

    containers: set[str] = field(default_factory=set)
    citations: set[ContainerFileCitation] = field(default_factory=set)


def remaining(full: str, told: str) -> str:
    """The end of `full` that has not been told, or "" if what was told is not its beginning."""
    return full[len(told) :] if full.startswith(told) else ""


class ItemTracker:
    """An output item of a kind that this library only passes on."""

    __slots__ = ("_told", "done", "item")

    def __init__(self, key: str, kind: str, told: Emitted) -> None:
        self.item: Wire = {"type": kind, "id": key}
        self.done = False
        self._told = told

    @property
    def id(self) -> str:
        """The item's id."""
        return text(self.item, "id")

    def added(self, item: Wire) -> Events:
        """Take the item as it begins."""
        if self.done:
            return []
        self.item |= {key: value for key, value in item.items() if value is not None}
        return self._announce()

    def settle(self, item: Wire) -> Events:
        """Take the item in full; a second time, keep what is newer and tell what is new."""
        first = not self.done
        self.item = self._merged(item)  # before `done`: it keeps what was streamed
        self.done = True
        return self._tell_all() if first else self._tell_news()

    def wire(self) -> Wire:
        """The item as the wire would have it if it ended now."""
        return self.item

    def _merged(self, item: Wire) -> Wire:
        return item

    def _announce(self) -> Events:
        return []

    def _tell_all(self) -> Events:
        return [OutputItemDone(item=self.item)]

    def _tell_news(self) -> Events:
        return []


class CallTracker(ItemTracker):
    """A `code_interpreter_call`."""

    __slots__ = ("_announced", "_code", "_kept", "_written")

    def __init__(self, key: str, kind: str, told: Emitted) -> None:
        super().__init__(key, kind, told)
        self._code: list[str] = []
        self._kept = 0
        self._announced = False
        self._written = False

    def in_progress(self, _event: Wire) -> Events:
        """Take `response.code_interpreter_call.in_progress`."""
        return self._announce()

    def code_delta(self, event: Wire) -> Events:
        """Take a piece of code."""
        delta = text(event, "delta")
        if not delta or self._written:
            return []
        self._kept += len(delta)
        if self._kept <= MAX_CALL_CHARS:  # a stream without end is passed on, and not kept
            self._code.append(delta)
        told = CodeDelta(call_id=self.id, delta=delta)
        return [told] if self._announced else [*self._announce(), told]

    def code_done(self, event: Wire) -> Events:
        """Take the code in full, before it runs."""
        return self._tell_code(text(event, "code"))

    def interpreting(self, _event: Wire) -> Events:
        """Take the news that the code begins to run."""
        if self.done:
            return []
        self.item = {**self.item, "status": "interpreting"}
        return [*self._announce(), CallInterpreting(call_id=self.id)]

    def wire(self) -> Wire:
        """The call, with the code as far as it was written."""
        if self.done or not self._code:
            return self.item
        return {**self.item, "code": "".join(self._code)}

    def _merged(self, item: Wire) -> Wire:
        # `output_item.done` and the final response agree in every recording, but users report
        # outputs that are null or empty in one of the two: keep what either of them has.
        known = self.wire()
        kept = {
            key: known[key]
            for key in ("code", "outputs", "container_id")
            if known.get(key) and not item.get(key)
        }
        return {**item, **kept} if kept else item

    def _announce(self) -> Events:
        container_id = optional_text(self.item, "container_id")
        events: Events = []
        if container_id and container_id not in self._told.containers:
            self._told.containers.add(container_id)
            events.append(ContainerAssigned(container_id=container_id))
        if not self._announced:
            self._announced = True
            events.append(CallStarted(call_id=self.id, container_id=container_id))
        return events

    def _tell_code(self, code: str) -> Events:
        events = self._announce()
        if self._written:
            return events
        told = "".join(self._code)
        if self._kept <= MAX_CALL_CHARS and (rest := remaining(code, told)):
            events.append(CodeDelta(call_id=self.id, delta=rest))
        self._code = [code or told]
        self._written = True
        events.append(CodeDone(call_id=self.id, code=code or told))
        return events

    def _tell_all(self) -> Events:
        events = self._tell_code(text(self.item, "code"))
        events.append(CallCompleted(call=call_from_item(self.item)))
        return events


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

    def __init__(self, key: str, kind: str, told: Emitted) -> None:
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
        rest = remaining(full, told) if first else ""
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


class ReasoningTracker(ItemTracker):
    """A reasoning item; only its summary is ever readable."""

    __slots__ = ("_paragraphs",)

    def __init__(self, key: str, kind: str, told: Emitted) -> None:
        super().__init__(key, kind, told)
        self._paragraphs: dict[int, list[str]] = {}

    def summary_delta(self, event: Wire) -> Events:
        """Take a piece of the summary."""
        index, delta = number(event, "summary_index"), text(event, "delta")
        if not delta or self.done:
            return []
        self._paragraphs.setdefault(index, []).append(delta)
        return [ReasoningDelta(item_id=self.id, delta=delta, summary_index=index)]

    def wire(self) -> Wire:
        """The item, with the summary as far as it was written."""
        if self.done or not self._paragraphs:
            return self.item
        summary = [
            {"type": "summary_text", "text": "".join(self._paragraphs[index])}
            for index in sorted(self._paragraphs)
        ]
        return {**self.item, "summary": summary}

    def _tell_all(self) -> Events:
        events: Events = []
        for index, paragraph in enumerate(entries(self.item, "summary")):
            told = "".join(self._paragraphs.get(index, ()))
            if rest := remaining(text(paragraph, "text"), told):
                events.append(ReasoningDelta(item_id=self.id, delta=rest, summary_index=index))
        return [*events, ReasoningDone(item=self.item)]


class FunctionCallTracker(ItemTracker):
    """A call of one of the caller's own functions."""

    __slots__ = ("_announced", "_arguments")

    def __init__(self, key: str, kind: str, told: Emitted) -> None:
        super().__init__(key, kind, told)
        self._arguments: list[str] = []
        self._announced = False

    def arguments_delta(self, event: Wire) -> Events:
        """Take a piece of the arguments; it is told once the function's name is known."""
        delta = text(event, "delta")
        if not delta or self.done:
            return []
        self._arguments.append(delta)
        return [FunctionCallDelta(item_id=self.id, delta=delta)] if self._announced else []

    def wire(self) -> Wire:
        """The call, with the arguments as far as they were written."""
        if self.done or not self._arguments:
            return self.item
        return {**self.item, "arguments": "".join(self._arguments)}

    def _announce(self) -> Events:
        item = self.item
        if self._announced or not text(item, "name"):
            return []
        self._announced = True
        call_id, name = text(item, "call_id"), text(item, "name")
        return [FunctionCallStarted(item_id=self.id, call_id=call_id, name=name)]

    def _tell_all(self) -> Events:
        item, arguments = self.item, text(self.item, "arguments")
        told = "".join(self._arguments) if self._announced else ""
        events = self._announce()
        if rest := remaining(arguments, told):
            events.append(FunctionCallDelta(item_id=self.id, delta=rest))
        done = FunctionCallDone(
            item_id=self.id,
            call_id=text(item, "call_id"),
            name=text(item, "name"),
            arguments=arguments,
            status=text(item, "status") or "completed",
        )
        return [*events, done]


TRACKERS: Final[dict[str, type[ItemTracker]]] = {
    CALL_ITEM: CallTracker,
    MESSAGE_ITEM: MessageTracker,
    REASONING_ITEM: ReasoningTracker,
    FUNCTION_CALL_ITEM: FunctionCallTracker,
}
"""Which tracker an item of which wire type gets; any other gets an `ItemTracker`."""
