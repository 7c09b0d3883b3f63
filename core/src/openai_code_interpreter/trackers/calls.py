"""The tracker of the code interpreter's own calls."""

from __future__ import annotations

from openai_code_interpreter.events import (
    CallCompleted,
    CallInterpreting,
    CallStarted,
    CodeDelta,
    CodeDone,
    ContainerAssigned,
)
from openai_code_interpreter.snapshot import MAX_CALL_CHARS, call_from_item
from openai_code_interpreter.trackers.base import Events, ItemTracker, Told, untold
from openai_code_interpreter.wire import Wire, optional_text, text

__all__ = ["CallTracker"]


class CallTracker(ItemTracker):
    """A `code_interpreter_call`."""

    __slots__ = ("_announced", "_code", "_kept", "_written")

    def __init__(self, key: str, kind: str, told: Told) -> None:
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
        if self._kept <= MAX_CALL_CHARS and (rest := untold(code, told)):
            events.append(CodeDelta(call_id=self.id, delta=rest))
        self._code = [code or told]
        self._written = True
        events.append(CodeDone(call_id=self.id, code=code or told))
        return events

    def _tell_all(self) -> Events:
        events = self._tell_code(text(self.item, "code"))
        events.append(CallCompleted(call=call_from_item(self.item)))
        return events
