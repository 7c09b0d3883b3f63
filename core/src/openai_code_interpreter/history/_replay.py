"""From what a response put out to what the next request may put in.

Three rules of the API decide what is valid input:

- A reasoning item is only accepted with the item that followed it, and an item that followed
  reasoning is only accepted with it; so such pairs stay whole or go whole.
- A call is accepted with `outputs: null` (recorded requests send it so). Outputs are left out:
  an image would travel as base64 with every later turn.
- A file citation is no input: annotations are dropped, the text with its links stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from openai_code_interpreter._sansio.results import CodeInterpreterResult
from openai_code_interpreter._sansio.wire import (
    CALL_ITEM,
    FUNCTION_CALL_ITEM,
    MESSAGE_ITEM,
    REASONING_ITEM,
    Wire,
    entries,
    optional_text,
    text,
)

__all__ = ["call_input", "from_results", "input_items", "message_input", "reasoning_input"]


def input_items(output: Iterable[Wire]) -> list[Wire]:
    """Turn the output items of a response into input items for the next request.

    Args:
        output: `CodeInterpreterResult.output`, or the `output` of a response object as dicts.

    Returns:
        New dicts. Unfinished calls, and reasoning whose follower is missing, are left out.

    Example:
        ```python
        first = ci.run("Compute the first primes and keep them in a variable.")
        second = ci.run(
            [*input_items(first.output), {"role": "user", "content": "Sum them."}],
            container=first.container_id,
        )
        ```
    """
    items: list[Wire] = []
    pending: list[Wire] = []
    for item in output:
        if text(item, "type") == REASONING_ITEM:
            pending.append(reasoning_input(item))
            continue
        replay = _replay(item)
        if replay is not None:
            items += [*pending, replay]
        pending = []
    return items


def from_results(results: Iterable[CodeInterpreterResult]) -> list[Wire]:
    """Turn the outputs of several runs into input items for the next request.

    What was asked in between is not part of a result: put it where it was said.

    Args:
        results: What the runs of one conversation came to, the oldest first.

    Returns:
        New dicts: the `input_items` of each result's output, in order.

    Example:
        ```python
        history = [question, *from_results([first]), follow_up, *from_results([second])]
        ```
    """
    return [item for result in results for item in input_items(result.output)]


def _replay(item: Wire) -> Wire | None:
    kind = text(item, "type")
    if kind == CALL_ITEM:
        return call_input(item)
    if kind == MESSAGE_ITEM:
        return message_input(item)
    if kind == FUNCTION_CALL_ITEM:
        keys = ("type", "id", "call_id", "name", "arguments")
        return {key: item[key] for key in keys if item.get(key) is not None}
    return dict(item)


def reasoning_input(item: Wire) -> Wire:
    """Return a reasoning item as input, with its encrypted content if there is any."""
    replay: dict[str, Any] = {
        "type": REASONING_ITEM,
        "id": text(item, "id"),
        "summary": [
            {"type": "summary_text", "text": text(part, "text")}
            for part in entries(item, "summary")
        ],
    }
    if encrypted := optional_text(item, "encrypted_content"):
        replay["encrypted_content"] = encrypted
    return replay


def call_input(item: Wire) -> Wire | None:
    """Return a call as input, or None if it never finished or names no container."""
    if not text(item, "container_id") or not text(item, "id"):
        return None
    if text(item, "status") not in ("completed", "failed"):
        return None
    return {
        "type": CALL_ITEM,
        "id": text(item, "id"),
        "container_id": text(item, "container_id"),
        "code": text(item, "code"),
        "status": text(item, "status"),
        "outputs": None,
    }


def message_input(item: Wire) -> Wire | None:
    """Return a message as input: its text and refusals, or None if it says nothing."""
    content: list[Wire] = []
    for part in entries(item, "content"):
        if said := text(part, "text"):
            content.append({"type": "output_text", "text": said, "annotations": []})
        elif refused := text(part, "refusal"):
            content.append({"type": "refusal", "refusal": refused})
    if not content:
        return None
    replay: dict[str, Any] = {"type": MESSAGE_ITEM, "role": "assistant", "content": content}
    for key in ("id", "status", "phase"):
        if value := optional_text(item, key):
            replay[key] = value
    return replay
