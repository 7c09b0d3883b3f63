"""What every tracker shares: the item, what has been told, and the way an item is told in full."""

from __future__ import annotations

from dataclasses import dataclass, field

from openai_code_interpreter.events import CodeInterpreterEvent, OutputItemDone
from openai_code_interpreter.results import ContainerFileCitation
from openai_code_interpreter.wire import Wire, text

__all__ = ["Events", "ItemTracker", "Told", "untold"]

Events = list[CodeInterpreterEvent]


@dataclass(slots=True)
class Told:
    """What is told once in a whole response, whichever item brings it."""

    containers: set[str] = field(default_factory=set)
    citations: set[ContainerFileCitation] = field(default_factory=set)


def untold(full: str, told: str) -> str:
    """The end of `full` that has not been told, or "" if what was told is not its beginning."""
    return full[len(told) :] if full.startswith(told) else ""


class ItemTracker:
    """An output item of a kind that this library only passes on."""

    __slots__ = ("_told", "done", "item")

    def __init__(self, key: str, kind: str, told: Told) -> None:
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
