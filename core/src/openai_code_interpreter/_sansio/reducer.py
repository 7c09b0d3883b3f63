"""The reducer: wire events in, typed events and a result out. It does no input or output.

```python
reducer = CodeInterpreterReducer()
for wire_event in stream:  # dicts, or models of the OpenAI SDK
    for event in reducer.feed(wire_event):
        ...
result = reducer.result()
```

Rules it keeps, whatever the wire does:

- Everything is keyed by `item_id`: `output_index` is known to change between an item's events.
- Nothing the wire sends raises. Unknown events, items and annotations are passed over.
- Every piece is told once. What an event failed to bring (a gateway that drops deltas, a stream
  joined half-way) is told from the next event that has it: the item, or the final response.
- A repeated event is ignored. The numbers of keepalives and unknown events mean nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from openai_code_interpreter._sansio.results import CodeInterpreterResult
from openai_code_interpreter._sansio.snapshot import build_result, read_error
from openai_code_interpreter._sansio.trackers import (
    TRACKERS,
    CallTracker,
    Emitted,
    Events,
    FunctionCallTracker,
    ItemTracker,
    MessageTracker,
    ReasoningTracker,
)
from openai_code_interpreter._sansio.wire import (
    CALL_ITEM,
    FUNCTION_CALL_ITEM,
    MESSAGE_ITEM,
    REASONING_ITEM,
    Wire,
    as_wire,
    entries,
    mapping,
    number,
    optional_text,
    text,
)
from openai_code_interpreter.events import CodeInterpreterEvent, ResponseFinished, ResponseStarted

__all__ = ["CodeInterpreterReducer", "reduce_response"]


class CodeInterpreterReducer:
    """Turns the events of one Responses stream into typed events and a result.

    One reducer reads one response. It holds no client and may be fed from any source: the SDK's
    stream, a recorded body, a message queue.
    """

    def __init__(self) -> None:
        self._response: Wire = {}
        self._trackers: dict[str, ItemTracker] = {}
        self._told = Emitted()
        self._status = "in_progress"
        self._error: dict[str, Any] | None = None
        self._started = False
        self._terminal = False
        self._finished = False
        self._seen: dict[int, tuple[str, ...] | Wire] | None = {}

    @property
    def finished(self) -> bool:
        """Whether the response is over: completed, incomplete or failed."""
        return self._finished

    @property
    def failed(self) -> bool:
        """Whether the API said that the response failed or was cancelled."""
        return self._status in ("failed", "cancelled")

    def feed(self, event: object) -> list[CodeInterpreterEvent]:
        """Take one wire event and return what it tells.

        Args:
            event: A dict as the API sent it, or the SDK's model of it.

        Returns:
            The typed events, often none; never an exception for what the wire sent.
        """
        wire = event if type(event) is dict else as_wire(event)
        if wire is None:
            return []
        over = self._finished
        events = self._take(wire)
        return [] if over else events  # behind the end, events only complete the result

    def _take(self, wire: Wire) -> Events:
        kind = text(wire, "type")
        of_item = _ITEM_HANDLERS.get(kind)
        if of_item is not None:
            return [] if self._is_repeated(wire) else self._feed_item(wire, *of_item)
        handler = _HANDLERS.get(kind)
        return [] if handler is None or self._is_repeated(wire) else handler(self, wire)

    def fail(self, body: object) -> list[CodeInterpreterEvent]:
        """Take the body of an in-stream error, which ends the response.

        The API sends it with a nested `error` object, which the SDK raises as `openai.APIError`
        (give its `body` here), or flat, which arrives as an event: both lead here.

        Args:
            body: `{"code": …, "message": …}`, in any of its forms, or only the message; None if
                there is none.

        Returns:
            `ResponseFinished`, unless the response was over already.
        """
        if self._terminal:
            return []
        self._status = "failed"
        wire = {"message": body} if isinstance(body, str) else as_wire(body)
        self._error = read_error(wire or {}) or {"code": None, "message": None}
        return self._finish()

    def result(self) -> CodeInterpreterResult:
        """Return what has come so far; after the end, the response's result (without artifacts)."""
        items = [tracker.wire() for tracker in self._trackers.values()]
        return build_result(self._response, items, status=self._status, error=self._error)

    def _on_started(self, event: Wire) -> Events:
        response = mapping(event, "response")
        if not self._terminal:
            self._response = response or self._response
        if self._started:
            return []
        self._started = True
        response_id, model = optional_text(response, "id"), optional_text(response, "model")
        return [ResponseStarted(response_id=response_id, model=model)]

    def _on_terminal(self, event: Wire) -> Events:
        if self._terminal:
            return []
        response = mapping(event, "response")
        self._response = response or self._response
        events: Events = []
        ordered: dict[str, ItemTracker] = {}
        for index, item in enumerate(entries(response, "output")):
            key = text(item, "id") or f"#{index}"
            ordered[key] = self._tracker(key, text(item, "type"))
            events += ordered[key].settle(item)
        left = {key: one for key, one in self._trackers.items() if key not in ordered}
        for tracker in left.values():
            if not tracker.done:  # a response that was stopped may leave out what it had begun
                events += tracker.settle(tracker.wire())
        self._trackers = ordered | left
        self._status = text(response, "status") or text(event, "type").removeprefix("response.")
        self._error = read_error(mapping(response, "error")) or self._error
        self._terminal = True
        return events + self._finish()

    def _on_error(self, event: Wire) -> Events:
        error = event.get("error")
        return self.fail(error if isinstance(error, str) else as_wire(error) or event)

    def _finish(self) -> Events:
        if self._finished:
            return []
        self._finished = True
        return [ResponseFinished(result=self.result())]

    def _on_item_added(self, event: Wire) -> Events:
        item = mapping(event, "item")
        return self._tracker(_key(event, text(item, "id")), text(item, "type")).added(item)

    def _on_item_done(self, event: Wire) -> Events:
        item = mapping(event, "item")
        return self._tracker(_key(event, text(item, "id")), text(item, "type")).settle(item)

    def _feed_item(self, event: Wire, kind: str, take: _TakeEvent) -> Events:
        tracker = self._tracker(_key(event, text(event, "item_id")), kind)
        return take(tracker, event) if isinstance(tracker, TRACKERS[kind]) else []

    def _tracker(self, key: str, kind: str) -> ItemTracker:
        found = self._trackers.get(key)
        if found is None:
            found = self._trackers[key] = TRACKERS.get(kind, ItemTracker)(key, kind, self._told)
        elif kind in TRACKERS and type(found) is ItemTracker and not text(found.item, "type"):
            # It began without its type, which shows only now.
            item = {**found.item, "type": kind}
            found = self._trackers[key] = TRACKERS[kind](key, kind, self._told)
            found.item = item
        return found

    def _is_repeated(self, event: Wire) -> bool:
        """Whether this very event came before: same number, same content.

        Two different events under one number show that the numbers mean nothing here (streams
        written by hand), and they are not looked at again.
        """
        sequence_number = event.get("sequence_number")
        if self._seen is None or type(sequence_number) is not int:
            return False
        # Deltas are many and padded at random; the other events are few, and held elsewhere too.
        delta = text(event, "delta")
        mark = (text(event, "type"), text(event, "item_id"), delta) if delta else event
        before = self._seen.get(sequence_number)
        if before is None:
            self._seen[sequence_number] = mark
            return False
        if before != mark:
            self._seen = None
        return before == mark


def _key(event: Wire, item_id: str) -> str:
    return item_id or f"#{number(event, 'output_index')}"


_TakeEvent: TypeAlias = Callable[[Any, Wire], Events]
_HANDLERS: Final[dict[str, Callable[[CodeInterpreterReducer, Wire], Events]]] = {
    "response.created": CodeInterpreterReducer._on_started,
    "response.queued": CodeInterpreterReducer._on_started,
    "response.in_progress": CodeInterpreterReducer._on_started,
    "response.output_item.added": CodeInterpreterReducer._on_item_added,
    "response.output_item.done": CodeInterpreterReducer._on_item_done,
    "response.completed": CodeInterpreterReducer._on_terminal,
    "response.incomplete": CodeInterpreterReducer._on_terminal,
    "response.failed": CodeInterpreterReducer._on_terminal,
    "response.cancelled": CodeInterpreterReducer._on_terminal,
    "error": CodeInterpreterReducer._on_error,
}

_ITEM_HANDLERS: Final[dict[str, tuple[str, _TakeEvent]]] = {
    "response.code_interpreter_call.in_progress": (CALL_ITEM, CallTracker.in_progress),
    "response.code_interpreter_call_code.delta": (CALL_ITEM, CallTracker.code_delta),
    "response.code_interpreter_call_code.done": (CALL_ITEM, CallTracker.code_done),
    "response.code_interpreter_call.interpreting": (CALL_ITEM, CallTracker.interpreting),
    "response.output_text.delta": (MESSAGE_ITEM, MessageTracker.text_delta),
    "response.output_text.annotation.added": (MESSAGE_ITEM, MessageTracker.annotation_added),
    "response.refusal.delta": (MESSAGE_ITEM, MessageTracker.refusal_delta),
    "response.content_part.done": (MESSAGE_ITEM, MessageTracker.part_done),
    "response.reasoning_summary_text.delta": (REASONING_ITEM, ReasoningTracker.summary_delta),
    "response.function_call_arguments.delta": (
        FUNCTION_CALL_ITEM,
        FunctionCallTracker.arguments_delta,
    ),
}
"""Events of one item: the item's wire type, and the tracker's method that takes them.

`code_interpreter_call.completed` is not among them: it brings neither outputs nor container;
`output_item.done`, right behind it, brings both. `output_text.done` and the other `.done` events
repeat what `content_part.done` and the item say, without the annotations.
"""


def reduce_response(response: object) -> CodeInterpreterResult:
    """Read a finished response, or one that is still being made in the background.

    Args:
        response: The response object as a dict, or the SDK's `Response` model.

    Returns:
        The result, equal to that of the stream that made the response.

    Raises:
        TypeError: If `response` is neither.

    Example:
        ```python
        result = reduce_response(client.responses.retrieve("resp_…"))
        print(result.text, [call.code for call in result.calls])
        ```
    """
    wire = as_wire(response)
    if wire is None:
        msg = f"a response is a dict or a model of the OpenAI SDK, not {type(response).__name__}"
        raise TypeError(msg)
    reducer = CodeInterpreterReducer()
    reducer.feed({"type": "response.completed", "response": wire})
    return reducer.result()
