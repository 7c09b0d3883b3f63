"""What a consumer beside the chunks is told: custom events of the run around the model.

`astream_events` shows them, and so do handlers with an `on_custom_event`. LangChain sends a custom
event only inside of another run: a chain, a graph, an agent. Called on its own, a model has no
parent run, and the event would be an error; the chunks and the message say the same then.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from langchain_core.callbacks import adispatch_custom_event, dispatch_custom_event
from langchain_core.runnables import ensure_config

from openai_code_interpreter import (
    ArtifactReady,
    CallCompleted,
    CodeDelta,
    CodeInterpreterCall,
    ContainerAssigned,
    ContainerReplaced,
)
from openai_code_interpreter.adapters import StreamStep, reference_to, replacement_as_json

__all__ = [
    "ARTIFACT",
    "CALL_COMPLETED",
    "CODE",
    "CONTAINER",
    "CONTAINER_REPLACED",
    "Emitted",
    "aannounce",
    "announce",
    "described",
]

CONTAINER: Final = "code_interpreter_container"
"""Code runs in a container, the first time in a response: `container_id`."""
CODE: Final = "code_interpreter_code"
"""A piece of code: `call_id`, `delta`. Never a custom event of a run, for there are thousands."""
CALL_COMPLETED: Final = "code_interpreter_call_completed"
"""A call is over: `call_id`, `container_id`, `status`, `code`, `logs`."""
ARTIFACT: Final = "code_interpreter_artifact"
"""A file is there: its reference, as the message has it."""
CONTAINER_REPLACED: Final = "code_interpreter_container_replaced"
"""A container is gone, and another took its place: `old_id`, `new_id`, `restored`, `lost`."""

Emitted: TypeAlias = tuple[str, dict[str, Any]]
"""The name of an event and its data."""


def announce(step: StreamStep) -> None:
    """Tell the handlers of the run around this one what a step says of containers and files."""
    for name, data in _emitted(step):
        dispatch_custom_event(name, data)


async def aannounce(step: StreamStep) -> None:
    """Tell the handlers of the run around this one; see `announce`."""
    for name, data in _emitted(step):
        await adispatch_custom_event(name, data)


def described(event: object) -> Emitted | None:
    """Return the name of an event and what it says, as JSON; None if it is of no interest.

    Args:
        event: An event of the core.
    """
    match event:
        case ContainerAssigned(container_id=container_id):
            return CONTAINER, {"container_id": container_id}
        case CodeDelta(call_id=call_id, delta=delta):
            return CODE, {"call_id": call_id, "delta": delta}
        case CallCompleted(call=call):
            return CALL_COMPLETED, _call(call)
        case ArtifactReady(artifact=artifact):
            return ARTIFACT, reference_to(artifact)
        case ContainerReplaced():
            return CONTAINER_REPLACED, replacement_as_json(event)
    return None


def _call(call: CodeInterpreterCall) -> dict[str, Any]:
    """What is told of a call; its pictures are artifacts of their own."""
    return {
        "call_id": call.id,
        "container_id": call.container_id,
        "status": call.status,
        "code": call.code,
        "logs": call.logs,
    }


def _emitted(step: StreamStep) -> list[Emitted]:
    found = (described(event) for event in step.events if not isinstance(event, CodeDelta))
    emitted = [one for one in found if one is not None]
    return emitted if emitted and _has_parent() else []


def _has_parent() -> bool:
    return getattr(ensure_config().get("callbacks"), "parent_run_id", None) is not None
