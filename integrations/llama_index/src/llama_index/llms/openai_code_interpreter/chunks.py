"""From the steps of a response to the chunks of LlamaIndex. It does no input or output.

What a chunk looks like:

- `message`: one `TextBlock` with the text so far, and a `ToolCallBlock` with the arguments so far
  for each call of one of the caller's functions. `message.additional_kwargs["tool_calls"]` says so
  once more: LlamaIndex's streamed structured output looks for calls there.
- `delta`: the pieces of text that the chunk adds; "" for a chunk that brings something else.
- `additional_kwargs`: `code_interpreter_events`, the wire events of the code interpreter, or
  `thinking_delta`, the pieces of the reasoning's summary, where agents look for it.
- `raw`: the event as the API sent it; where several deltas are gathered, the last one with the
  deltas joined.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ContentBlock,
    MessageRole,
    TextBlock,
    ToolCallBlock,
)
from llama_index.core.llms.utils import parse_partial_json

from llama_index.llms.openai_code_interpreter.announcing import replacement_of
from llama_index.llms.openai_code_interpreter.gathering import Gathered, Gathering
from llama_index.llms.openai_code_interpreter.responses import final_response
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
from openai_code_interpreter._sansio.response import StreamStep
from openai_code_interpreter._sansio.wire import (
    TERMINAL_EVENTS,
    Wire,
    code_interpreter_event,
    mapping,
    text,
)

__all__ = ["EVENTS_KEY", "THINKING_KEY", "ChatReply"]

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
        gathering: What decides which deltas are told together.
    """

    def __init__(self, *, inline_files: bool, gathering: Gathering | None = None) -> None:
        self._inline_files = inline_files
        self._gathering = Gathering() if gathering is None else gathering
        self._text = ""
        self._functions: dict[str, _PartialCall] = {}
        self._response: Wire = {}
        self._replaced: Wire | None = None

    def take(self, step: StreamStep) -> list[ChatResponse]:
        """Return what a step tells: chunks of deltas, and one for another event of a call."""
        wire = step.wire
        if wire is not None and wire.get("type") == _CODE_DELTA:
            key = _CODE_DELTA, text(wire, "item_id")
            return self._told(self._gathering.add(key, text(wire, "delta"), wire))
        chunks: list[ChatResponse] = []
        others = not step.events
        for event in step.events:
            to_key = _DELTAS.get(type(event))
            if to_key is None:
                others = True
                self._note(event)
            else:
                chunks += self._told(self._gather(to_key(event), event.delta, wire))  # type: ignore[union-attr]
        if others:
            chunks += self.rest()
        if wire is not None:
            chunks += self._shown(wire)
        return chunks

    def rest(self) -> list[ChatResponse]:
        """Return what is held back of the deltas, as a chunk; for an answer that breaks off."""
        return self._told(self._gathering.flush())

    def finish(self, result: CodeInterpreterResult) -> ChatResponse:
        """Return the complete response. Files are read from their store, so this may block."""
        return final_response(
            result,
            inline_files=self._inline_files,
            raw=self._response,
            replaced=self._replaced,
        )

    def _gather(self, key: object, delta: str, wire: Wire | None) -> list[Gathered]:
        function = self._functions.get(key) if isinstance(key, str) else None
        so_far = len(self._text) if function is None else len(function.arguments)
        return self._gathering.add(key, delta, wire, so_far=so_far)

    def _note(self, event: CodeInterpreterEvent) -> None:
        if isinstance(event, ContainerReplaced):
            self._replaced = replacement_of(event)
        elif isinstance(event, FunctionCallStarted):
            self._functions[event.item_id] = _PartialCall(event)

    def _shown(self, wire: Wire) -> list[ChatResponse]:
        if wire.get("type") in TERMINAL_EVENTS:
            self._response = mapping(wire, "response")
        shown = code_interpreter_event(wire)
        return [] if shown is None else [self._chunk(wire, more={EVENTS_KEY: [shown]})]

    def _told(self, gathered: list[Gathered]) -> list[ChatResponse]:
        return [self._chunk_of(one) for one in gathered]

    def _chunk_of(self, gathered: Gathered) -> ChatResponse:
        key, delta, wires = gathered
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
