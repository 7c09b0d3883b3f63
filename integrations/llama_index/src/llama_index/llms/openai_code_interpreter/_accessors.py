"""What a program asks of a response, a chunk or a message: its events, its container, its files."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse

from llama_index.llms.openai_code_interpreter._chunks import EVENTS_KEY
from llama_index.llms.openai_code_interpreter._responses import (
    STATE_KEY,
    inline_bytes,
    message_state,
)
from openai_code_interpreter import Artifact, ArtifactStore, container_id_from_metadata
from openai_code_interpreter.adapters import (
    Wire,
    entries,
    mapping,
    optional_text,
    resolve_reference,
    text,
)

if TYPE_CHECKING:
    from openai import OpenAI

__all__ = ["code_interpreter_events", "get_artifacts", "get_container_id"]


def code_interpreter_events(x: object) -> list[dict[str, Any]]:
    """Return the wire events of the code interpreter that a chunk carries.

    Args:
        x: A `ChatResponse` or a `CompletionResponse`, as `stream_chat` and `stream_complete` yield.

    Returns:
        The events as the API sent them, without their padding; [] for anything else, and for a
        chunk of text.

    Examples:
        ```python
        for chunk in llm.stream_chat(messages):
            for event in code_interpreter_events(chunk):
                if event["type"] == "response.code_interpreter_call_code.delta":
                    print(event["delta"], end="")
        ```
    """
    if not isinstance(x, ChatResponse | CompletionResponse):
        return []
    return list(entries(x.additional_kwargs, EVENTS_KEY))


def get_container_id(x: object) -> str | None:
    """Return the id of the container that ran the code.

    Args:
        x: A `ChatResponse` or `CompletionResponse`, final or a chunk, a `ChatMessage`, or an
            agent's `AgentOutput`.

    Returns:
        The id, or None if no code ran or `x` does not say.
    """
    found = optional_text(_state(x), "container_id")
    return found or container_id_from_metadata(code_interpreter_events(x))


def get_artifacts(
    x: object, *, store: ArtifactStore | None = None, client: OpenAI | None = None
) -> list[Artifact]:
    """Return the files that a message or a response brought, ready to be read.

    Bytes that the message carries come first, then those in `store`, in the stores of this
    process, and in the container, through `client`.

    Args:
        x: A `ChatResponse`, a `ChatMessage`, a `CompletionResponse`, or an agent's `AgentOutput`.
            Chunks before the last have no files.
        store: The store to look in first; needed when another process made the message.
        client: A sync client of the account that made the files.

    Returns:
        The artifacts in the order in which the answer cites them.

    Raises:
        ArtifactUnavailableError: If the bytes of one are nowhere to be found; it says what is
            missing.
        ArtifactError: If a download failed.
    """
    carried = _carried(_message(x))
    return [
        resolve_reference(
            reference, data=carried.get(text(reference, "sha256")), store=store, client=client
        )
        for reference in entries(_state(x), "artifacts")
    ]


def _message(x: object) -> ChatMessage | None:
    """The message in `x`: itself, a response's, or the `response` of an agent's output."""
    if isinstance(x, ChatMessage):
        return x
    found = x.message if isinstance(x, ChatResponse) else getattr(x, "response", None)
    return found if isinstance(found, ChatMessage) else None


def _state(x: object) -> Wire:
    if isinstance(x, CompletionResponse):
        return mapping(x.additional_kwargs, STATE_KEY)
    message = _message(x)
    return message_state(message) if message is not None else {}


def _carried(message: ChatMessage | None) -> dict[str, bytes]:
    """The bytes that a message's blocks carry, by their hash."""
    files = [inline_bytes(block) for block in (message.blocks if message is not None else ())]
    return {hashlib.sha256(data).hexdigest(): data for data in files if data is not None}
