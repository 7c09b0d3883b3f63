"""How a stream's events reach the client: framed, and with the turn's faults. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from openai_code_interpreter.testing.server._faults import (
    CutStream,
    DropEvent,
    DuplicateEvent,
    EndStream,
    Fault,
    Keepalive,
    StallStream,
    StreamError,
    SwapEvents,
)
from openai_code_interpreter.testing.server._stream import Event

__all__ = ["Cut", "Delivery", "Pause", "Send", "delivery", "frame"]


@dataclass(frozen=True, slots=True)
class Send:
    """Send these bytes."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Pause:
    """Send nothing for this many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Cut:
    """Close the connection without ending the body."""


Delivery: TypeAlias = Send | Pause | Cut


def delivery(events: Sequence[Event], faults: Sequence[Fault] = ()) -> Iterator[Delivery]:
    """Yield what to do, in order, to deliver these events with these faults.

    Args:
        events: The events of a response; the last is its terminal event.
        faults: The turn's faults; those that are not of the stream are passed over. Of several
            that end the stream, the earliest does.
    """
    for fault in faults:
        if disturb := _DISTURBANCES.get(type(fault)):
            events = disturb(list(events), fault)
    limits = [fault.after_bytes for fault in faults if isinstance(fault, CutStream)]
    deliveries = _delivery(events, faults)
    bytes_left = min((limit for limit in limits if limit is not None), default=None)
    return deliveries if bytes_left is None else _cut_bytes(list(deliveries), bytes_left)


def _delivery(events: Sequence[Event], faults: Sequence[Fault]) -> Iterator[Delivery]:
    endings = {
        fault: fault.after_events
        for fault in faults
        if isinstance(fault, CutStream | EndStream | StreamError) and fault.after_events is not None
    }
    ending = min(endings, key=lambda fault: endings[fault], default=None)
    last = len(events) - 1
    end = len(events) if ending is None else min(endings[ending], last)
    stalls = [fault for fault in faults if isinstance(fault, StallStream)]
    keepalives = [fault for fault in faults if isinstance(fault, Keepalive)]
    for number, event in enumerate(events[: end + 1]):
        yield from (Pause(it.seconds) for it in stalls if min(it.after_events, last) == number)
        if number == end:
            break
        yield Send(frame(event))
        for keepalive in keepalives:
            if (number + 1) % keepalive.every == 0 and number != last:
                yield Send(frame({"type": "keepalive", "sequence_number": number}))
    if ending is not None:
        yield from _ENDINGS[type(ending)](ending, events, end)


def _cut_bytes(deliveries: Sequence[Delivery], limit: int) -> Iterator[Delivery]:
    total = sum(len(step.data) for step in deliveries if isinstance(step, Send))
    left = min(limit, total - 1)
    for step in deliveries:
        if isinstance(step, Send):
            if len(step.data) >= left:
                yield Send(step.data[:left])
                break
            left -= len(step.data)
        yield step
    yield Cut()


def frame(event: Event) -> bytes:
    """Return an event as the API frames it: two lines and an empty one, JSON on one line."""
    return b"event: %b\ndata: %b\n\n" % (event["type"].encode(), encode_json(event))


def encode_json(value: object) -> bytes:
    """Return JSON in UTF-8, non-ASCII text unescaped as in recordings.

    A lone surrogate, which UTF-8 cannot hold, becomes the JSON escape it needs.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace")


def _cut(_fault: CutStream, events: Sequence[Event], end: int) -> Iterator[Delivery]:
    broken = frame(events[end])
    yield Send(broken[: len(broken) // 2])
    yield Cut()


def _end(_fault: EndStream, _events: Sequence[Event], _end: int) -> Iterator[Delivery]:
    return iter(())


def _error(fault: StreamError, events: Sequence[Event], end: int) -> Iterator[Delivery]:
    error = {"code": fault.code, "message": fault.message}
    number = events[end]["sequence_number"]
    shapes: dict[str, Event] = {
        # Recorded: the type repeats the code.
        "nested": {
            "type": "error",
            "sequence_number": number,
            "error": {"type": fault.type or fault.code, **error, "param": None},
        },
        "flat": {"type": "error", "sequence_number": number, **error, "param": None},
    }
    yield Send(frame(shapes[fault.shape]))
    done = [it["item"] for it in events[:end] if it["type"] == "response.output_item.done"]
    opening = next(event["response"] for event in events if "response" in event)
    # A response's error always has a code, whatever that of the event.
    error["code"] = fault.code or "server_error"
    failed = {**opening, "status": "failed", "error": error, "output": done}
    terminal = {"type": "response.failed", "sequence_number": number + 1, "response": failed}
    yield Send(frame(terminal))


def _duplicated(events: list[Event], fault: DuplicateEvent) -> list[Event]:
    return [*events[: fault.index + 1], *events[fault.index :]]


def _dropped(events: list[Event], fault: DropEvent) -> list[Event]:
    return [*events[: fault.index], *events[fault.index + 1 :]]


def _swapped(events: list[Event], fault: SwapEvents) -> list[Event]:
    first, second = events[fault.index : fault.index + 1], events[fault.index + 1 :]
    return [*events[: fault.index], *second[:1], *first, *second[1:]]


_DISTURBANCES: dict[type, Callable[[list[Event], Any], list[Event]]] = {
    DuplicateEvent: _duplicated,
    DropEvent: _dropped,
    SwapEvents: _swapped,
}

_Ending: TypeAlias = Callable[[Any, Sequence[Event], int], Iterator[Delivery]]

_ENDINGS: dict[type, _Ending] = {CutStream: _cut, EndStream: _end, StreamError: _error}
