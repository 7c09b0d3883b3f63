"""What callback handlers are told beside the chunks: custom events, where LangChain can send them.

LangChain sends a custom event only inside of another run: a chain, a graph, an agent. Called on its
own, a model has no parent run, and the event would be an error; the message says the same then.
"""

from __future__ import annotations

from typing import Any, Final

from langchain_core.callbacks import adispatch_custom_event, dispatch_custom_event
from langchain_core.runnables import ensure_config

from openai_code_interpreter.events import ContainerReplaced
from openai_code_interpreter.turn import Step

__all__ = ["CONTAINER_REPLACED", "aannounce", "announce", "replacement_of"]

CONTAINER_REPLACED: Final = "code_interpreter_container_replaced"
"""The name of the custom event; its data are those of `ContainerReplaced`."""


def announce(step: Step) -> None:
    """Tell the handlers of the run around this one what a step says of containers."""
    for event in _told(step):
        dispatch_custom_event(CONTAINER_REPLACED, replacement_of(event))


async def aannounce(step: Step) -> None:
    """Tell the handlers of the run around this one; see `announce`."""
    for event in _told(step):
        await adispatch_custom_event(CONTAINER_REPLACED, replacement_of(event))


def replacement_of(event: ContainerReplaced) -> dict[str, Any]:
    """Return what the event says, as JSON."""
    return {
        "old_id": event.old_id,
        "new_id": event.new_id,
        "restored": event.restored,
        "lost": event.lost,
    }


def _told(step: Step) -> list[ContainerReplaced]:
    found = [event for event in step.events if isinstance(event, ContainerReplaced)]
    return found if found and _has_parent() else []


def _has_parent() -> bool:
    return getattr(ensure_config().get("callbacks"), "parent_run_id", None) is not None
