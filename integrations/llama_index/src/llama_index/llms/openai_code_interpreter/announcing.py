"""What observers are told through LlamaIndex's instrumentation, on whatever path it is called."""

from __future__ import annotations

from typing import Any

import llama_index.core.instrumentation as instrument
from llama_index.core.instrumentation.events import BaseEvent

from openai_code_interpreter.events import ContainerReplaced
from openai_code_interpreter.turn import Step

__all__ = ["ContainerReplacedEvent", "announce", "replacement_of"]

_dispatcher = instrument.get_dispatcher(__name__)  # type: ignore[attr-defined]


class ContainerReplacedEvent(BaseEvent):
    """A container was gone, and another took its place.

    Attributes:
        old_id: The container that is gone.
        new_id: The one in its place.
        restored: The names of the files that were put back.
        lost: The names of those that were not.
    """

    old_id: str
    new_id: str
    restored: list[str]
    lost: list[str]

    @classmethod
    def class_name(cls) -> str:
        """Return the name under which observers know the event."""
        return "ContainerReplacedEvent"


def announce(step: Step) -> None:
    """Tell the observers what a step says of containers."""
    for event in step.events:
        if isinstance(event, ContainerReplaced):
            _dispatcher.event(ContainerReplacedEvent(**replacement_of(event)))


def replacement_of(event: ContainerReplaced) -> dict[str, Any]:
    """Return what the event says, as JSON."""
    return {
        "old_id": event.old_id,
        "new_id": event.new_id,
        "restored": event.restored,
        "lost": event.lost,
    }
