"""The tracker of reasoning items."""

from __future__ import annotations

from openai_code_interpreter.events import ReasoningDelta, ReasoningDone
from openai_code_interpreter.trackers.base import Events, ItemTracker, Told, untold
from openai_code_interpreter.wire import Wire, entries, number, text

__all__ = ["ReasoningTracker"]


class ReasoningTracker(ItemTracker):
    """A reasoning item; only its summary is ever readable."""

    __slots__ = ("_paragraphs",)

    def __init__(self, key: str, kind: str, told: Told) -> None:
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
            if rest := untold(text(paragraph, "text"), told):
                events.append(ReasoningDelta(item_id=self.id, delta=rest, summary_index=index))
        return [*events, ReasoningDone(item=self.item)]
