"""Output items, as the API shapes them when they are done."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openai_code_interpreter.testing.server.kernel import Output
    from openai_code_interpreter.testing.server.scenario import CallFunction, RunCode, Think

__all__ = [
    "Item",
    "code_interpreter_call",
    "encrypted_content",
    "function_call",
    "message",
    "reasoning",
    "refusal",
]

Item: TypeAlias = dict[str, Any]


def reasoning(item_id: str, step: Think, *, encrypted: bool) -> Item:
    """A reasoning item, with `encrypted_content` if asked for."""
    item: Item = {"id": item_id, "type": "reasoning"}
    if encrypted:
        item["encrypted_content"] = encrypted_content(item_id)
    item["summary"] = [{"type": "summary_text", "text": step.summary}] if step.summary else []
    return item


def code_interpreter_call(
    item_id: str, step: RunCode, *, container_id: str, outputs: Sequence[Output] | None
) -> Item:
    """A call; `outputs` is `None` unless the request's `include` asks for them."""
    return {
        "id": item_id,
        "type": "code_interpreter_call",
        "status": step.status,
        "code": step.code,
        "container_id": container_id,
        "outputs": None if outputs is None else [output.wire() for output in outputs],
    }


def function_call(item_id: str, step: CallFunction, *, call_id: str) -> Item:
    """A call of the client's own function."""
    arguments = step.arguments
    if not isinstance(arguments, str):
        arguments = json.dumps(dict(arguments), ensure_ascii=False, separators=(",", ":"))
    return {
        "id": item_id,
        "type": "function_call",
        "status": "completed",
        "arguments": arguments,
        "call_id": call_id,
        "name": step.name,
    }


def message(
    item_id: str, text: str, *, annotations: Sequence[Item] = (), phase: str | None = None
) -> Item:
    """A message with one text part."""
    part = {"type": "output_text", "annotations": [*annotations], "logprobs": [], "text": text}
    item = _message(item_id, part)
    return item if phase is None else {**item, "phase": phase}


def refusal(item_id: str, text: str) -> Item:
    """A message with one refusal part."""
    return _message(item_id, {"type": "refusal", "refusal": text})


def encrypted_content(seed: str) -> str:
    """Text that looks like a Fernet token, as the API's does, and means nothing."""
    digests = (hashlib.sha512(f"{seed}:{block}".encode()).digest() for block in range(6))
    return "gAAAAAB" + base64.urlsafe_b64encode(b"".join(digests)).decode("ascii")


def _message(item_id: str, part: Item) -> Item:
    return {
        "id": item_id,
        "type": "message",
        "status": "completed",
        "content": [part],
        "role": "assistant",
    }
