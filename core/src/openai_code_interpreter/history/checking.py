"""Find out what is wrong with a list of input items before the API does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from openai_code_interpreter.history.faults import Fault, item_faults
from openai_code_interpreter.history.functions import unpaired
from openai_code_interpreter.history.kinds import (
    FUNCTION_CALL_ITEM,
    FUNCTION_OUTPUT_ITEM,
    REASONING_ITEM,
    identity,
    is_output,
    kind_of,
    listed,
)
from openai_code_interpreter.history.problems import MAX_INLINE_BYTES, Problem, Terms
from openai_code_interpreter.wire import Wire

__all__ = ["check"]


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
        faults = [*item_faults(item, terms), *_list_faults(wires, index, lone=index in lone)]
        name = None if item is None else identity(item)
        if name is not None and name in seen:
            faults.append(_duplicate())
        seen.update([name] if name else [])
        found += [_problem(fault, index, item) for fault in faults]
    return found


def _list_faults(items: Sequence[Wire | None], index: int, *, lone: bool) -> Iterator[Fault]:
    """Yield what is wrong with an item because of those around it."""
    item = items[index]
    kind = "" if item is None else kind_of(item)
    if item is None or not kind:
        return
    if kind == REASONING_ITEM and not _has_follower(items, index):
        yield Fault(
            "reasoning_without_follower",
            "is not followed by what the model put out after it "
            '("… was provided without its required following item.")',
            "send it with the item that followed it, or leave it out",
        )
    elif kind == FUNCTION_CALL_ITEM and lone:
        yield Fault(
            "function_call_without_output",
            'has no output after it ("No tool output found for function call call_…")',
            "send its function_call_output, or leave it out together with its reasoning",
        )
    elif kind == FUNCTION_OUTPUT_ITEM and lone:
        yield Fault(
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


def _duplicate() -> Fault:
    return Fault(
        "duplicate_id",
        "has the id of an earlier item "
        '("Duplicate item found with id rs_…. Remove duplicate items from your input")',
        "leave it out, or send it without its id",
    )


def _problem(fault: Fault, index: int, item: Wire | None) -> Problem:
    name = None if item is None else identity(item)
    kind = ("" if item is None else kind_of(item)) or "entry"
    thing = f"the {kind[:60]} {name[:80]!r}" if name else f"the {kind[:60]}"
    message = f"{thing} at position {index} {fault.reason}: {fault.way_out}"
    return Problem(code=fault.code, index=index, item_id=name, message=message)
