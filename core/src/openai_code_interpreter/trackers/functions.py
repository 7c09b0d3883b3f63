"""The tracker of calls of the caller's own functions."""

from __future__ import annotations

from openai_code_interpreter.events import FunctionCallDelta, FunctionCallDone, FunctionCallStarted
from openai_code_interpreter.trackers.base import Events, ItemTracker, Told, untold
from openai_code_interpreter.wire import Wire, text

__all__ = ["FunctionCallTracker"]


class FunctionCallTracker(ItemTracker):
    """A call of one of the caller's own functions."""

    __slots__ = ("_announced", "_arguments")

    def __init__(self, key: str, kind: str, told: Told) -> None:
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
        if rest := untold(arguments, told):
            events.append(FunctionCallDelta(item_id=self.id, delta=rest))
        done = FunctionCallDone(
            item_id=self.id,
            call_id=text(item, "call_id"),
            name=text(item, "name"),
            arguments=arguments,
            status=text(item, "status") or "completed",
        )
        return [*events, done]
