"""What those around a call learn of it, on whatever path LlamaIndex makes it.

Observers of LlamaIndex's instrumentation get events. LlamaIndex's own `LLMChatInProgressEvent`
tells each chunk, so `code_interpreter_events(event.response)` has the code while it is written.

`collect_artifacts` collects what runs inside a block made: a `ReActAgent` and the context chat
engines keep an answer's text and nothing else of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar, copy_context
from typing import Any, Final

import llama_index.core.instrumentation as instrument
from llama_index.core.bridge.pydantic import Field
from llama_index.core.instrumentation.events import BaseEvent

from openai_code_interpreter import (
    Artifact,
    ArtifactError,
    ArtifactFailed,
    ArtifactReady,
    CallCompleted,
    CodeInterpreterCall,
    CodeInterpreterEvent,
    ContainerAssigned,
    ContainerReplaced,
)
from openai_code_interpreter.adapters import StreamStep, reference_to, replacement_as_json

__all__ = [
    "Announcer",
    "CodeInterpreterArtifactEvent",
    "CodeInterpreterCodeEvent",
    "CodeInterpreterContainerEvent",
    "CollectedArtifacts",
    "ContainerReplacedEvent",
    "collect_artifacts",
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


class CollectedArtifacts(list[Artifact]):
    """The files that were made, in the order in which they came, and where they came from.

    Attributes:
        container_ids: The containers that ran code, each once, in order.
        calls: The finished runs of code, with code, logs and status.
        failures: Why a file could not be fetched.
        replaced: The containers that were gone, and what took their place.
    """

    def __init__(self) -> None:
        super().__init__()
        self.container_ids: list[str] = []
        self.calls: list[CodeInterpreterCall] = []
        self.failures: list[ArtifactError] = []
        self.replaced: list[ContainerReplaced] = []

    @property
    def container_id(self) -> str | None:
        """The container that ran code last, for `container=` or `use_container` of the next run."""
        return self.container_ids[-1] if self.container_ids else None

    def take(self, event: CodeInterpreterEvent) -> None:
        """Take what an event says."""
        match event:
            case ContainerAssigned(container_id=container_id):
                if container_id in self.container_ids:
                    self.container_ids.remove(container_id)
                self.container_ids.append(container_id)
            case CallCompleted(call=call):
                self.calls.append(call)
            case ArtifactReady(artifact=artifact):
                self.append(artifact)
            case ArtifactFailed(error=error):
                self.failures.append(error)
            case ContainerReplaced():
                self.replaced.append(event)
            case _:
                pass


_collecting: ContextVar[tuple[CollectedArtifacts, ...]] = ContextVar("collecting", default=())


@contextmanager
def collect_artifacts() -> Iterator[CollectedArtifacts]:
    """Collect the files of every call made inside the block, on whatever path it is made.

    The block's own task and thread count, and the tasks and threads that LlamaIndex starts for
    them; runs beside it do not. Blocks may be nested: each collects.

    Yields:
        A list of artifacts that fills while the runs go on. It stays when the block is left.

    Example:
        ```python
        with collect_artifacts() as found:
            await ReActAgent(llm=llm).run("Plot a parabola and save it.")
        for artifact in found:
            print(artifact.filename, len(artifact.read_bytes()))
        print(found.container_id)
        ```
    """
    found = CollectedArtifacts()
    token = _collecting.set((*_collecting.get(), found))
    try:
        yield found
    finally:
        # A generator with the block in it may be finalised in another context, where the variable
        # was never set.
        with suppress(ValueError):
            _collecting.reset(token)


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


def _tell(event: Any) -> None:
    for found in _collecting.get():
        found.take(event)
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
    return ContainerReplacedEvent(**replacement_as_json(event))


_TOLD: Final[dict[type, Callable[[Any], BaseEvent] | None]] = {
    ContainerAssigned: _container,
    CallCompleted: _code,
    ArtifactReady: _artifact,
    ArtifactFailed: None,  # LlamaIndex's observers find it in the message
    ContainerReplaced: _replacement,
}
"""What is told of an event; None for what only `collect_artifacts` takes."""
