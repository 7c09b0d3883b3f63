"""From the steps of a response to the chunks of LlamaIndex. It does no input or output.

What a chunk looks like:

- `message`: one `TextBlock` with the text so far, and a `ToolCallBlock` with the arguments so far
  for each call of one of the caller's functions. `message.additional_kwargs["tool_calls"]` says so
  once more: LlamaIndex's streamed structured output looks for calls there.
- `delta`: the pieces of text that the chunk adds; "" for a chunk that brings something else.
- `additional_kwargs`: `code_interpreter_events`, the wire events of the code interpreter, or
  `thinking_delta`, the pieces of the reasoning's summary, where agents look for it.
- `raw`: the event as the API sent it; where several deltas are coalesced, the last one with the
  deltas joined.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Any, Final, NamedTuple

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ContentBlock,
    MessageRole,
    TextBlock,
    ToolCallBlock,
)
from llama_index.core.llms.utils import parse_partial_json

from llama_index.llms.openai_code_interpreter._responses import final_response
from openai_code_interpreter import (
    CodeInterpreterEvent,
    CodeInterpreterResult,
    ContainerReplaced,
    FunctionCallDelta,
    FunctionCallStarted,
    ReasoningDelta,
    RefusalDelta,
    TextDelta,
)
from openai_code_interpreter.adapters import (
    TERMINAL_EVENTS,
    StreamStep,
    Wire,
    code_interpreter_event,
    mapping,
    replacement_as_json,
    text,
)

__all__ = [
    "EVENTS_KEY",
    "LONG_CHARS",
    "THINKING_KEY",
    "WINDOW_SECONDS",
    "ChatReply",
    "Coalesced",
    "Coalescer",
]

EVENTS_KEY: Final = "code_interpreter_events"
"""Where a chunk keeps its wire events: in the response's `additional_kwargs`, never a message's."""

THINKING_KEY: Final = "thinking_delta"
"""Where agents look for the reasoning's summary, in the response's `additional_kwargs`."""

_CODE_DELTA: Final = "response.code_interpreter_call_code.delta"
_TEXT: Final = "text"


class ChatReply:
    """The course of one response, told in `ChatResponse`s.

    Args:
        inline_files: Give files as blocks with their bytes; else as blocks that any memory can
            serialise.
        coalescer: What decides which deltas are told together.
    """

    def __init__(self, *, inline_files: bool, coalescer: Coalescer | None = None) -> None:
        self._inline_files = inline_files
        self._coalescer = Coalescer() if coalescer is None else coalescer
        self._text = ""
        self._functions: dict[str, _PartialCall] = {}
        self._response: Wire = {}
        self._replaced: Wire | None = None

    def take(self, step: StreamStep) -> list[ChatResponse]:
        """Return what a step tells: chunks of deltas, and one for another event of a call."""
        wire = step.wire
        if wire is not None and wire.get("type") == _CODE_DELTA:
            key = _CODE_DELTA, text(wire, "item_id")
            return self._told(self._coalescer.add(key, text(wire, "delta"), wire))
        chunks: list[ChatResponse] = []
        others = not step.events
        for event in step.events:
            to_key = _DELTAS.get(type(event))
            if to_key is None:
                others = True
                self._note(event)
            else:
                chunks += self._told(self._coalesce(to_key(event), event.delta, wire))  # type: ignore[union-attr]
        if others:
            chunks += self.rest()
        if wire is not None:
            chunks += self._shown(wire)
        return chunks

    def rest(self) -> list[ChatResponse]:
        """Return what is held back of the deltas, as a chunk; for an answer that breaks off."""
        return self._told(self._coalescer.flush())

    def finish(self, result: CodeInterpreterResult) -> ChatResponse:
        """Return the complete response. Files are read from their store, so this may block."""
        return final_response(
            result,
            inline_files=self._inline_files,
            raw=self._response,
            replaced=self._replaced,
        )

    def _coalesce(self, key: object, delta: str, wire: Wire | None) -> list[Coalesced]:
        function = self._functions.get(key) if isinstance(key, str) else None
        so_far = len(self._text) if function is None else len(function.arguments)
        return self._coalescer.add(key, delta, wire, so_far=so_far)

    def _note(self, event: CodeInterpreterEvent) -> None:
        if isinstance(event, ContainerReplaced):
            self._replaced = replacement_as_json(event)
        elif isinstance(event, FunctionCallStarted):
            self._functions[event.item_id] = _PartialCall(event)

    def _shown(self, wire: Wire) -> list[ChatResponse]:
        if wire.get("type") in TERMINAL_EVENTS:
            self._response = mapping(wire, "response")
        shown = code_interpreter_event(wire)
        return [] if shown is None else [self._chunk(wire, more={EVENTS_KEY: [shown]})]

    def _told(self, coalesced: list[Coalesced]) -> list[ChatResponse]:
        return [self._chunk_of(one) for one in coalesced]

    def _chunk_of(self, coalesced: Coalesced) -> ChatResponse:
        key, delta, wires = coalesced
        raw = _joined(wires, delta)
        if key == _TEXT:
            self._text += delta
            return self._chunk(raw, delta=delta)
        if key == THINKING_KEY:
            return self._chunk(raw, more={THINKING_KEY: delta})
        if isinstance(key, tuple):
            shown = [code_interpreter_event(wire) for wire in wires]
            return self._chunk(raw, more={EVENTS_KEY: shown})
        if (function := self._functions.get(str(key))) is not None:
            function.arguments += delta
        return self._chunk(raw)

    def _chunk(
        self, raw: Wire, *, delta: str = "", more: dict[str, Any] | None = None
    ) -> ChatResponse:
        blocks: list[ContentBlock] = [TextBlock(text=self._text)]
        message = ChatMessage(role=MessageRole.ASSISTANT, blocks=blocks)
        if self._functions:
            functions = self._functions.values()
            message.blocks += [function.block() for function in functions]
            message.additional_kwargs = {"tool_calls": [one.tool_call() for one in functions]}
        return ChatResponse(message=message, delta=delta, raw=raw, additional_kwargs=more or {})


class _PartialCall:
    """A call of one of the caller's functions, while its arguments are written."""

    def __init__(self, started: FunctionCallStarted) -> None:
        self.call_id = started.call_id
        self.name = started.name
        self.arguments = ""

    def block(self) -> ToolCallBlock:
        """The call with the arguments that can be read so far."""
        try:
            arguments = parse_partial_json(self.arguments)
        except ValueError:
            arguments = {}
        return ToolCallBlock(
            tool_call_id=self.call_id,
            tool_name=self.name,
            tool_kwargs=arguments if isinstance(arguments, dict) else {},
        )

    def tool_call(self) -> Wire:
        """The call as Chat Completions has it."""
        function = {"name": self.name, "arguments": self.arguments}
        return {"id": self.call_id, "type": "function", "function": function}


def _joined(wires: list[Wire], delta: str) -> Wire:
    if len(wires) < 2:
        return wires[0] if wires else {}
    joined = {**wires[-1], "delta": delta}
    joined.pop("obfuscation", None)  # padding for one delta's length
    return joined


_DELTAS: Final[dict[type, Callable[[Any], str]]] = {
    TextDelta: lambda _: _TEXT,
    RefusalDelta: lambda _: _TEXT,
    ReasoningDelta: lambda _: THINKING_KEY,
    FunctionCallDelta: lambda event: str(event.item_id),
}
"""What a delta belongs to, by the type of its event; a function's arguments to their item."""


WINDOW_SECONDS: Final = 0.05
"""How long deltas are coalesced: too short to be seen, long enough for a handful of tokens."""

LONG_CHARS: Final = 8_000
"""From here on the window grows with the text, so that what is kept grows as the time does and not
as its square: an answer of 40,000 characters is told four times a second at its end."""


class Coalesced(NamedTuple):
    """Deltas that are told together: what they belong to, their sum, the events they came in."""

    key: Hashable
    delta: str
    wires: list[Wire]


class Coalescer:
    """Decides which deltas are told together, by a clock; holds those that were not told yet.

    A chunk of LlamaIndex carries all text so far, and whoever keeps the chunks, as `FunctionAgent`
    does for as long as it runs, keeps all of these texts. A chunk for each delta would cost the
    square of the answer's length: 278 MB for 8,000 deltas.

    The first one is told at once, so that nobody waits for the beginning. What is held is told by
    the next delta after the window has passed, or by whatever else comes, so by the end at the
    latest.

    Args:
        clock: Seconds since any fixed time.

    Example:
        ```python
        coalescer = Coalescer()
        for wire in wires:
            for one in coalescer.add("text", wire["delta"], wire):
                print(one.delta)
        print([one.delta for one in coalescer.flush()])
        ```
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told = float("-inf")
        self._key: Hashable = None
        self._deltas: list[str] = []
        self._wires: list[Wire] = []

    def add(
        self, key: Hashable, delta: str, wire: Wire | None, *, so_far: int = 0
    ) -> list[Coalesced]:
        """Take a delta and return what is to be told now, in order.

        Args:
            key: What it belongs to; deltas of one key are coalesced.
            delta: The piece.
            wire: The event that it came in, if it came in one.
            so_far: How many characters a chunk of this kind repeats.
        """
        told = self.flush() if self._deltas and key != self._key else []
        self._key = key
        self._deltas.append(delta)
        if wire is not None:
            self._wires.append(wire)
        now = self._clock()
        if now - self._told >= WINDOW_SECONDS * max(1.0, so_far / LONG_CHARS):
            self._told = now
            told += self.flush()
        return told

    def flush(self) -> list[Coalesced]:
        """Return what is held, if anything is; nothing is held then."""
        if not self._deltas:
            return []
        coalesced = Coalesced(self._key, "".join(self._deltas), self._wires)
        self._deltas, self._wires = [], []
        return [coalesced]
