"""What is wrong with a list of input items, found out before the API does.

Each problem is a code, what is wrong and why, and the way out. `check` tells them, and `repair`
asks for them: so both have one opinion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, TypeAlias

from openai_code_interpreter._sansio.wire import (
    CALL_ITEM,
    FUNCTION_CALL_ITEM,
    MESSAGE_ITEM,
    REASONING_ITEM,
    Wire,
    as_wire,
    optional_text,
    text,
)
from openai_code_interpreter.errors import InvalidInputError
from openai_code_interpreter.history._items import (
    FUNCTION_OUTPUT_ITEM,
    MAX_INLINE_BYTES,
    REFERENCE_ITEM,
    Problem,
    ProblemCode,
    Terms,
    has_inline_outputs,
    identity,
    inline_bytes,
    is_output,
    kind_of,
    listed,
    says_something,
    unanswerable,
    unpaired,
)

__all__ = [
    "call_problems",
    "check",
    "is_sound_function_call",
    "is_sound_reasoning",
    "item_problems",
    "report_of",
    "require_calls",
]

_FINISHED: Final = ("completed", "failed")

_WITH_ID: Final = (MESSAGE_ITEM, FUNCTION_CALL_ITEM, FUNCTION_OUTPUT_ITEM)
"""Known items that may have an id and need none."""


Report: TypeAlias = Callable[[ProblemCode, str, str], Problem]
"""Makes a problem of one item, given its code, what is wrong and why, and the way out."""


def report_of(item: Wire | None, index: int = 0) -> Report:
    """Return what makes the problems of an item.

    Args:
        item: The item; None for an entry that is none.
        index: Where it stands in the list.
    """
    name = None if item is None else identity(item)
    kind = ("" if item is None else kind_of(item)) or "entry"
    thing = f"the {kind[:60]} {name[:80]!r}" if name else f"the {kind[:60]}"

    def report(code: ProblemCode, reason: str, way_out: str) -> Problem:
        message = f"{thing} at position {index} {reason}: {way_out}"
        return Problem(code=code, index=index, item_id=name, message=message)

    return report


def item_problems(item: Wire | None, terms: Terms, report: Report) -> Iterator[Problem]:
    """Yield what is wrong with one item. Items of unknown kinds are passed over."""
    kind = "" if item is None else kind_of(item)
    if item is None or not kind:
        yield report(
            "malformed_item",
            "is no input item: it is no object, or has neither type nor role",
            "leave it out",
        )
        return
    if kind in _WITH_ID:
        yield from _id_problems(item, report)
    if kind == MESSAGE_ITEM:
        yield from _message_problems(item, report)
    elif kind == REASONING_ITEM:
        yield from _reasoning_problems(item, terms, report)
    elif kind == CALL_ITEM:
        yield from call_problems(item, terms, report)
        yield from _output_problems(item, report)
    elif kind == REFERENCE_ITEM:
        yield from _reference_problems(item, terms, report)
    elif kind in (FUNCTION_CALL_ITEM, FUNCTION_OUTPUT_ITEM):
        yield from _function_problems(item, report)
    yield from _size_problems(item, terms, report)


def _id_problems(item: Wire, report: Report) -> Iterator[Problem]:
    if item.get("id") is not None and identity(item) is None:
        yield report(
            "invalid_id",
            f"has the id {str(item['id'])[:40]!r}, and an id is letters, digits, _ and - "
            "(\"Invalid 'input[2].id': ''\")",
            "send it without an id",
        )


def _message_problems(item: Wire, report: Report) -> Iterator[Problem]:
    if not text(item, "role"):
        yield report("malformed_item", "is a message without a role", "give it its role")
    content = item.get("content")
    if isinstance(content, str):
        silent = not content
    elif isinstance(content, list | tuple):
        silent = not content or not all(map(says_something, content))
    else:
        silent = True
    if silent:
        yield report(
            "empty_text",
            "has no text, or a part that says nothing",
            "leave out what is empty",
        )


def _reasoning_problems(item: Wire, terms: Terms, report: Report) -> Iterator[Problem]:
    encrypted = optional_text(item, "encrypted_content")
    if encrypted is not None:
        yield from _id_problems(item, report)
    elif identity(item) is None:
        yield report(
            "reasoning_without_id",
            "has neither an id nor encrypted content, so nothing says what was thought",
            "leave it out, and send what followed it without its id",
        )
    if encrypted is None and terms.store is False:
        yield report(
            "reasoning_not_stored",
            "has no encrypted content, and with store=False nothing is kept under its id "
            "(\"Item with id 'rs_…' not found.\")",
            'ask for it with include=["reasoning.encrypted_content"]; of this one, leave it out '
            "and send what followed it without its id",
        )
    summary = item.get("summary")
    parts = summary if isinstance(summary, list | tuple) else [None]
    if any(as_wire(part) is None for part in parts):
        yield report("reasoning_without_summary", "lacks its summary", "send summary=[]")


def is_sound_reasoning(item: Wire, terms: Terms) -> bool:
    """Whether reasoning can be sent, once the small things about it are repair_item."""
    fatal = ("reasoning_without_id", "reasoning_not_stored")
    return not any(
        problem.code in fatal for problem in _reasoning_problems(item, terms, report_of(item))
    )


def call_problems(item: Wire, terms: Terms, report: Report) -> Iterator[Problem]:
    """Yield the reasons for which a call of the code interpreter cannot be sent at all."""
    way_out = "send a message with its code instead, without its reasoning"
    if identity(item) is None:
        yield report("call_without_id", "has no id, which a call needs", way_out)
    container_id = text(item, "container_id")
    if not container_id:
        yield report("call_without_container", "names no container, which a call must", way_out)
    elif terms.container_id is not None and container_id != terms.container_id:
        yield report(
            "stale_container",
            f"ran in the container {container_id!r}, and the request has {terms.container_id!r} "
            '("Expected container_id: cntr_…")',
            way_out,
        )
    if text(item, "status") not in _FINISHED:
        status = f"{item.get('status')!s:.40}"
        yield report("unfinished_call", f"never finished: its status is {status!r}", way_out)
    if not isinstance(item.get("code"), str | None):
        yield report("malformed_item", "has code that is no text", way_out)


def _output_problems(item: Wire, report: Report) -> Iterator[Problem]:
    outputs = item.get("outputs")
    listed = outputs if isinstance(outputs, list | tuple) else [] if outputs is None else [None]
    if any(as_wire(output) is None for output in listed):
        yield report("malformed_item", "has outputs that are no list of objects", "send null")
    if has_inline_outputs(item):
        yield report(
            "inline_outputs",
            "carries its images as base64, and would with every later turn",
            "send its outputs without them, or null",
        )


def _reference_problems(item: Wire, terms: Terms, report: Report) -> Iterator[Problem]:
    if identity(item) is None:
        yield report("malformed_item", "refers to an item without its id", "leave it out")
    elif terms.store is False:
        yield report(
            "reference_not_stored",
            "is an id without its item, and with store=False nothing is kept under an id "
            "(\"Item with id 'rs_…' not found.\")",
            "send the item itself, or leave it out",
        )


def _function_problems(item: Wire, report: Report) -> Iterator[Problem]:
    if kind_of(item) == FUNCTION_OUTPUT_ITEM:
        output: Any = item.get("output")
        parts = output if isinstance(output, list | tuple) else [None]
        if not isinstance(output, str) and any(as_wire(part) is None for part in parts):
            yield report("malformed_item", "has no output", 'send "" if the function said nothing')
    elif not is_sound_function_call(item):
        yield report("malformed_item", "lacks call_id, name or arguments", "leave it out")


def is_sound_function_call(item: Wire) -> bool:
    """Whether a function call has all that a call needs."""
    named = bool(text(item, "call_id") and text(item, "name"))
    return named and isinstance(item.get("arguments"), str)


def _size_problems(item: Wire, terms: Terms, report: Report) -> Iterator[Problem]:
    limit = terms.max_inline_bytes
    if limit is not None and (size := inline_bytes(item)) > limit:
        yield report(
            "oversized_data",
            f"carries {size:,} bytes of data within its text, over the limit of {limit:,}, and "
            "would with every later turn",
            "upload it and send its file_id, or leave it out",
        )


def check(
    items: Iterable[object],
    *,
    store: bool | None = None,
    container_id: str | None = None,
    max_inline_bytes: int | None = MAX_INLINE_BYTES,
    continues: bool = False,
) -> list[Problem]:
    """Explain what is wrong with a list of input items.

    Only what the list itself shows is claimed. Items of other kinds (`mcp_call`, …) are passed
    over: unknown is normal. One rule of the API cannot be checked: an item that followed reasoning
    and lost it looks like any other, and only the API knows ("Item 'msg_…' of type 'message' was
    provided without its required 'reasoning' item: 'rs_…'."). The way out is to send it without
    its id.

    Sources of what is checked, as the API words it:

    - "Item 'rs_…' of type 'reasoning' was provided without its required following item."
    - "Item with id 'rs_…' not found. Items are not persisted when `store` is set to false."
    - "Duplicate item found with id rs_…. Remove duplicate items from your input and try again."
    - "No tool output found for function call call_…", "No tool call found for function call
      output with call_id call_…"
    - "Expected container_id: cntr_…", for a call of another container.
    - "Invalid 'input[2].id': ''. Expected an ID that contains letters, numbers, …"
    - A call needs an id, a container and an end; reasoning needs its `summary`, even an empty one.

    Args:
        items: Input items, as dicts or as models of the SDK.
        store: What the request will say of `store`. With False, the API finds nothing by its id.
        container_id: The container that the request will name; None if it will name none.
        max_inline_bytes: How many bytes of inline data an item may carry in its parts, decoded;
            None for any number. Inline images in a call's outputs are a problem of any size.
        continues: Whether the request continues a stored response (`previous_response_id`) or
            conversation, so that it may bring the output of a call that the list does not have.

    Returns:
        The problems, in the order of the list. None means that nothing is known to be wrong.

    Raises:
        TypeError: If `items` is no list but a text or one item.
        ValueError: If `max_inline_bytes` is negative.

    Example:
        ```python
        for problem in check(history, store=False, container_id="cntr_1"):
            print(problem.index, problem.code, problem.message)
        ```
    """
    terms = Terms(
        store=store,
        container_id=container_id,
        max_inline_bytes=max_inline_bytes,
        continues=continues,
    )
    wires = listed(items)
    lone = unpaired(wires, continues=continues)
    found: list[Problem] = []
    seen: set[str] = set()
    for index, item in enumerate(wires):
        report = report_of(item, index)
        found += item_problems(item, terms, report)
        found += _list_problems(wires, index, report, lone=index in lone)
        name = None if item is None else identity(item)
        if name is not None and name in seen:
            found.append(_duplicate(report))
        seen.update([name] if name else [])
    return found


def require_calls(
    items: Sequence[Wire], origins: Sequence[str], *, way_out: str, continues: bool = False
) -> None:
    """Raise if an output of a tool answers a call that nothing before it makes.

    The API refuses it, and its error names no message. A history that was cut to fit, at a place
    between a call and its answer, is the usual reason.

    Args:
        items: Input items, as dicts.
        origins: For each of them the message that it was made of, such as `"message 3"`.
        way_out: What the framework's users can do about it.
        continues: Whether the request goes on after a response that the API has kept: the calls
            may be there.

    Raises:
        InvalidInputError: Naming the first such message.
    """
    for place in sorted(unanswerable(items, continues=continues)):
        call_id = text(items[place], "call_id")
        msg = (
            f"{origins[place]} answers the call {call_id!r}, which no assistant message before it "
            f"makes: {way_out}"
        )
        raise InvalidInputError(msg)


def _list_problems(
    items: Sequence[Wire | None], index: int, report: Report, *, lone: bool
) -> Iterator[Problem]:
    """Yield what is wrong with an item because of those around it."""
    item = items[index]
    kind = "" if item is None else kind_of(item)
    if item is None or not kind:
        return
    if kind == REASONING_ITEM and not _has_follower(items, index):
        yield report(
            "reasoning_without_follower",
            "is not followed by what the model put out after it "
            '("… was provided without its required following item.")',
            "send it with the item that followed it, or leave it out",
        )
    elif kind == FUNCTION_CALL_ITEM and lone:
        yield report(
            "function_call_without_output",
            'has no output after it ("No tool output found for function call call_…")',
            "send its function_call_output, or leave it out together with its reasoning",
        )
    elif kind == FUNCTION_OUTPUT_ITEM and lone:
        yield report(
            "output_without_call",
            "has no function call before it "
            '("No tool call found for function call output with call_id call_…")',
            "send the function_call too, or its text as a message; if a previous response has the "
            "call, check with continues=True",
        )


def _has_follower(items: Sequence[Wire | None], index: int) -> bool:
    """Whether reasoning, or a chain of it, stands before something that the model put out."""
    for item in items[index + 1 :]:
        kind = "" if item is None else kind_of(item)
        if item is not None and kind and kind != REASONING_ITEM:
            return is_output(item)
    return False


def _duplicate(report: Report) -> Problem:
    return report(
        "duplicate_id",
        "has the id of an earlier item "
        '("Duplicate item found with id rs_…. Remove duplicate items from your input")',
        "leave it out, or send it without its id",
    )
