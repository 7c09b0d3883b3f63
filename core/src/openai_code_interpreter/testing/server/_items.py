"""Output items, as the API shapes them when they are done, and the files that messages cite."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from openai_code_interpreter.testing.server._containers import ContainerFile
    from openai_code_interpreter.testing.server._kernel import Output
    from openai_code_interpreter.testing.server._scenario import CallFunction, RunCode, Think

__all__ = [
    "Item",
    "citations",
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


# What may not follow a link: a longer name that happens to begin with a known file's.
_NAME_ENDS = r"(?![\w/-]|\.\w)"


def citations(
    text: str, *, displayed: Iterable[ContainerFile], written: Iterable[ContainerFile]
) -> list[dict[str, Any]]:
    """Return a message's annotations, in the order of the API's.

    Args:
        text: The message's text.
        displayed: Pictures shown by calls since the message before; each is cited at 0, 0.
        written: Files that code wrote in this response; each is cited wherever the text links
            it as `sandbox:<path>`, with the half-open span of exactly that, in code points.
    """
    shown = [_citation(file, 0, 0) for file in displayed]
    linked = [
        _citation(file, match.start(), match.end())
        for file in written
        for match in re.finditer(re.escape(f"sandbox:{file.path}") + _NAME_ENDS, text)
    ]
    return shown + sorted(linked, key=lambda citation: int(citation["start_index"]))


def _citation(file: ContainerFile, start: int, end: int) -> dict[str, Any]:
    return {
        "type": "container_file_citation",
        "container_id": file.container_id,
        "end_index": end,
        "file_id": file.id,
        "filename": file.name,
        "start_index": start,
    }
