"""What observers are told through LlamaIndex's instrumentation, on whatever path it is called.

LlamaIndex's own `LLMChatInProgressEvent` tells each chunk, so `code_interpreter_events(
event.response)` has the code while it is written.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from typing import Any, Final

import llama_index.core.instrumentation as instrument
from llama_index.core.bridge.pydantic import Field
from llama_index.core.instrumentation.events import BaseEvent

from llama_index.llms.openai_code_interpreter.collecting import collect
from openai_code_interpreter import (
    ArtifactFailed,
    ArtifactReady,
    CallCompleted,
    ContainerAssigned,
    ContainerReplaced,
)
from openai_code_interpreter._sansio.references import reference_to
from openai_code_interpreter._sansio.response import StreamStep

__all__ = [
    "Announcer",
    "CodeInterpreterArtifactEvent",
    "CodeInterpreterCodeEvent",
    "CodeInterpreterContainerEvent",
    "ContainerReplacedEvent",
    "replacement_of",
]

_dispatcher = instrument.get_dispatcher(__name__)  # type: ignore[attr-defined]


class CodeInterpreterContainerEvent(BaseEvent):
    """A response named its container, before its first code.

    Attributes:
        container_id: The container.
    """

    container_id: str

    @classmethod
    def class_name(cls) -> str:
        """Return the name under which observers know the event."""
        return "CodeInterpreterContainerEvent"


class CodeInterpreterCodeEvent(BaseEvent):
    """A run of code is over.

    Attributes:
        call_id: The id of the call.
        container_id: The container that ran it.
        status: `completed`, `failed` or `incomplete`.
        code: The Python source.
        logs: What it printed; None if logs were not asked for.
    """

    call_id: str
    container_id: str | None
    status: str
    code: str | None
    logs: str | None

    @classmethod
    def class_name(cls) -> str:
        """Return the name under which observers know the event."""
        return "CodeInterpreterCodeEvent"


class CodeInterpreterArtifactEvent(BaseEvent):
    """A generated file has come.

    Attributes:
        filename: Its name, safe to join to a path.
        media_type: What it is.
        size: Bytes; None if it was not fetched.
        container_id: The container that made it.
        file_id: Its id there.
        location: Where it lies, such as a path; None for memory.
        reference: The JSON object that stands for it in messages.
        artifact: The `Artifact` itself, whose bytes can be read. Never serialised.
    """

    filename: str
    media_type: str
    size: int | None
    container_id: str | None
    file_id: str | None
    location: str | None
    reference: dict[str, Any]
    artifact: Any = Field(exclude=True, repr=False)

    @classmethod
    def class_name(cls) -> str:
        """Return the name under which observers know the event."""
        return "CodeInterpreterArtifactEvent"


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


class Announcer:
    """Tells the observers of one call.

    It speaks in the context in which the call was made, not in that of whoever iterates the answer:
    so events belong to the span and the tags of their own call, and to the `collect_artifacts`
    around it.
    """

    def __init__(self) -> None:
        self._context = copy_context()

    def announce(self, step: StreamStep) -> None:
        """Tell the observers what a step says of containers, code and files."""
        for event in step.events:
            if type(event) in _TOLD:
                self._context.run(_tell, event)


def replacement_of(event: ContainerReplaced) -> dict[str, Any]:
    """Return what the event says, as JSON."""
    return {
        "old_id": event.old_id,
        "new_id": event.new_id,
        "restored": event.restored,
        "lost": event.lost,
    }


def _tell(event: Any) -> None:
    collect(event)
    to_event = _TOLD[type(event)]
    if to_event is not None:
        _dispatcher.event(to_event(event))


def _container(event: ContainerAssigned) -> BaseEvent:
    return CodeInterpreterContainerEvent(container_id=event.container_id)


def _code(event: CallCompleted) -> BaseEvent:
    call = event.call
    return CodeInterpreterCodeEvent(
        call_id=call.id,
        container_id=call.container_id,
        status=call.status,
        code=call.code,
        logs=call.logs,
    )


def _artifact(event: ArtifactReady) -> BaseEvent:
    artifact = event.artifact
    return CodeInterpreterArtifactEvent(
        filename=artifact.filename,
        media_type=artifact.media_type,
        size=artifact.size,
        container_id=artifact.container_id,
        file_id=artifact.file_id,
        location=artifact.location,
        reference=reference_to(artifact),
        artifact=artifact,
    )


def _replacement(event: ContainerReplaced) -> BaseEvent:
    return ContainerReplacedEvent(**replacement_of(event))


_TOLD: Final[dict[type, Callable[[Any], BaseEvent] | None]] = {
    ContainerAssigned: _container,
    CallCompleted: _code,
    ArtifactReady: _artifact,
    ArtifactFailed: None,  # LlamaIndex's observers find it in the message
    ContainerReplaced: _replacement,
}
"""What is told of an event; None for what only `collect_artifacts` takes."""
