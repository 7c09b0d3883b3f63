"""One tracker for each kind of output item: what has come of it, and what has been told.

A tracker takes the events of its item while they stream, and at last the item in full (`settle`).
Whatever an earlier event brought is not told again; whatever none brought is told from the item.
So a stream, a stream with gaps and a finished response tell the same story.
"""

from __future__ import annotations

from typing import Final

from openai_code_interpreter.trackers.base import Events, ItemTracker, Told
from openai_code_interpreter.trackers.calls import CallTracker
from openai_code_interpreter.trackers.functions import FunctionCallTracker
from openai_code_interpreter.trackers.messages import MessageTracker
from openai_code_interpreter.trackers.reasoning import ReasoningTracker
from openai_code_interpreter.wire import (
    CALL_ITEM,
    FUNCTION_CALL_ITEM,
    MESSAGE_ITEM,
    REASONING_ITEM,
)

__all__ = [
    "TRACKERS",
    "CallTracker",
    "Events",
    "FunctionCallTracker",
    "ItemTracker",
    "MessageTracker",
    "ReasoningTracker",
    "Told",
]

TRACKERS: Final[dict[str, type[ItemTracker]]] = {
    CALL_ITEM: CallTracker,
    MESSAGE_ITEM: MessageTracker,
    REASONING_ITEM: ReasoningTracker,
    FUNCTION_CALL_ITEM: FunctionCallTracker,
}
"""Which tracker an item of which wire type gets; any other gets an `ItemTracker`."""
