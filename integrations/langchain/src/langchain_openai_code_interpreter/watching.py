"""What the chunks of a message, and then the message itself, say for the first time. Pure.

Callbacks hear of a streamed response chunk by chunk and of its message at the end; of one that came
in one piece, the message alone. Whoever watches both is told everything once, as early as it can
be known.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from langchain_core.messages import AIMessage, BaseMessage

from langchain_openai_code_interpreter._answers import blocks_of
from langchain_openai_code_interpreter._blocks import TOOL_NAME
from langchain_openai_code_interpreter._chunks import ARTIFACTS_FIELD
from langchain_openai_code_interpreter._history import container_of, references_in
from openai_code_interpreter import (
    CallCompleted,
    CodeDelta,
    CodeInterpreterCall,
    ContainerAssigned,
    ContainerReplaced,
)
from openai_code_interpreter.adapters import Wire, entries, mapping, optional_text, text

__all__ = ["FileFound", "MessageWatcher", "Watched"]

_OPENING: Final = '{"code": "'
_CLOSING: Final = '"}'


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFound:
    """A file: its reference, and its bytes if the message carries them."""

    reference: Wire
    data: bytes | None = field(default=None, repr=False)


Watched: TypeAlias = ContainerAssigned | ContainerReplaced | CodeDelta | CallCompleted | FileFound


@dataclass(slots=True)
class _Call:
    """A call, as far as it was told."""

    id: str
    container_id: str | None
    code: str = ""
    is_over: bool = False


class MessageWatcher:
    """Watches one response. Feed it every chunk there is, and the message at the end.

    Example:
        ```python
        watcher = MessageWatcher()
        for chunk in model.stream("Plot a parabola."):
            for event in watcher.take(chunk):
                print(event)
        ```
    """

    def __init__(self) -> None:
        self._calls: dict[str, _Call] = {}
        self._at: dict[object, _Call] = {}
        self._containers: set[str] = set()
        self._files: set[object] = set()
        self._is_replaced = False

    def take(self, message: BaseMessage) -> Iterator[Watched]:
        """Yield what this chunk, or the message, says that was not said before."""
        metadata = message.response_metadata
        if not isinstance(message, AIMessage) or metadata.get("model_provider") != "openai":
            return
        yield from self._replacement(mapping(metadata, "container_replaced"))
        for block in blocks_of(message):
            yield from self._block(block)
        early = entries(message.model_extra or {}, ARTIFACTS_FIELD)
        for reference, data in [*((one, None) for one in early), *references_in(message)]:
            yield from self._file(reference, data)
        yield from self._container(container_of(message))

    def _replacement(self, told: Wire) -> Iterator[Watched]:
        if told and not self._is_replaced:
            self._is_replaced = True
            yield ContainerReplaced(
                old_id=text(told, "old_id"),
                new_id=text(told, "new_id"),
                restored=_names(told.get("restored")),
                lost=_names(told.get("lost")),
            )

    def _block(self, block: Wire) -> Iterator[Watched]:
        match text(block, "type"):
            case "server_tool_call_chunk":
                yield from self._piece(block)
            case "server_tool_call" if text(block, "name") == TOOL_NAME:
                call = self._call(block)
                yield from self._container(call.container_id)
                yield from self._code(call, _rest(call.code, text(mapping(block, "args"), "code")))
            case "server_tool_result":
                yield from self._result(block)

    def _piece(self, block: Wire) -> Iterator[Watched]:
        if text(block, "name") == TOOL_NAME:
            call = self._at[block.get("index")] = self._call(block)
            yield from self._container(call.container_id)
        found = self._at.get(block.get("index"))
        if found is not None:
            yield from self._code(found, _said(text(block, "args")))

    def _call(self, block: Wire) -> _Call:
        call_id = text(block, "id")
        named = optional_text(mapping(block, "extras"), "container_id")
        return self._calls.setdefault(call_id, _Call(call_id, named))

    def _code(self, call: _Call, delta: str) -> Iterator[Watched]:
        if delta:
            call.code += delta
            yield CodeDelta(call_id=call.id, delta=delta)

    def _result(self, block: Wire) -> Iterator[Watched]:
        call = self._calls.get(text(block, "tool_call_id"))
        if call is None or call.is_over:
            return
        call.is_over = True
        yield CallCompleted(
            call=CodeInterpreterCall(
                id=call.id,
                container_id=call.container_id,
                status="completed" if block.get("status") == "success" else "failed",
                code=call.code,
                outputs=[dict(one) for one in entries(block, "output")],
            )
        )

    def _file(self, reference: Wire, data: bytes | None) -> Iterator[Watched]:
        # A file is told early, by its reference, and again by its block, which has the same.
        named = (reference.get("container_id"), reference.get("file_id") or reference.get("key"))
        if named not in self._files:
            self._files.add(named)
            known = {name: value for name, value in reference.items() if name != "type"}
            yield FileFound(reference=known, data=data)

    def _container(self, container_id: str | None) -> Iterator[Watched]:
        if container_id and container_id not in self._containers:
            self._containers.add(container_id)
            yield ContainerAssigned(container_id=container_id)


def _said(args: str) -> str:
    """Return the code in a piece of a call's arguments, which is part of a JSON string."""
    piece = args.removeprefix(_OPENING)
    for one in (piece, piece.removesuffix(_CLOSING)):
        try:
            found: Any = json.loads(f'"{one}"')
        except ValueError:
            continue
        return str(found)
    return ""  # the whole message will have it


def _rest(told: str, code: str) -> str:
    return code[len(told) :] if code.startswith(told) else ""


def _names(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
