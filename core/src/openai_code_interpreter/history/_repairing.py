"""A list of input items mended, so that nothing is known to be wrong with it; or cut loose.

A reasoning item is only accepted with the item that followed it, and that item, by its id, only
with the reasoning. Several reasoning items before an item are one chain, which stays or goes whole.
Where a chain goes, what followed it loses its id: without one it is a fresh message or function
call, which nothing is required of. What needs its id cannot stay: a run of code becomes a note.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Final, NamedTuple

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
from openai_code_interpreter.history._checking import (
    call_problems,
    is_sound_function_call,
    is_sound_reasoning,
    report_of,
)
from openai_code_interpreter.history._items import (
    FUNCTION_OUTPUT_ITEM,
    MAX_INLINE_BYTES,
    REFERENCE_ITEM,
    Terms,
    call_note,
    has_inline_outputs,
    identity,
    inline_bytes,
    is_output,
    kind_of,
    lighter,
    listed,
    output_note,
    outputs_without_data,
    role_of,
    says_something,
    unpaired,
)

__all__ = ["Verdict", "detach", "regroup", "repair", "repair_item", "without_id"]


def repair_item(item: Wire, terms: Terms) -> Wire:
    """Return a copy of an item without its small faults.

    A message that says nothing comes back with empty content: what becomes of it depends on the
    reasoning before it.
    """
    item = dict(item)
    kind = kind_of(item)
    if kind == MESSAGE_ITEM:
        item = _message(item)
    elif kind == REASONING_ITEM:
        item = _reasoning(item)
    elif kind == CALL_ITEM:
        item = _call(item)
    elif kind == FUNCTION_OUTPUT_ITEM:
        item = _function_output(item)
    has_free_id = kind in (MESSAGE_ITEM, FUNCTION_CALL_ITEM, FUNCTION_OUTPUT_ITEM)
    if has_free_id or (kind == REASONING_ITEM and optional_text(item, "encrypted_content")):
        item = _with_valid_id(item)
    limit = terms.max_inline_bytes
    return item if limit is None or inline_bytes(item) <= limit else lighter(item, max(0, limit))


def _with_valid_id(item: Wire) -> Wire:
    if item.get("id") is None or identity(item) is not None:
        return item
    return {key: value for key, value in item.items() if key != "id"}


def _message(item: Wire) -> Wire:
    content: Any = item.get("content")
    if isinstance(content, list | tuple):
        content = _only(content, says_something)
    elif not isinstance(content, str):
        content = []
    return {**item, "content": content, "role": role_of(item)}


def _reasoning(item: Wire) -> Wire:
    summary: Any = item.get("summary")
    parts = summary if isinstance(summary, list | tuple) else []
    return {**item, "summary": _only(parts, _is_object)}


def _call(item: Wire) -> Wire:
    outputs = item.get("outputs")
    if outputs is None:
        return item
    if not isinstance(outputs, list | tuple):
        return {**item, "outputs": None}
    if has_inline_outputs(item) or not all(map(_is_object, outputs)):
        return {**item, "outputs": outputs_without_data(outputs)}
    return item


def _function_output(item: Wire) -> Wire:
    output: Any = item.get("output")
    if isinstance(output, list | tuple):
        return {**item, "output": _only(output, _is_object)}
    return item if isinstance(output, str) else {**item, "output": ""}


def _is_object(part: object) -> bool:
    return as_wire(part) is not None


def _only(parts: Sequence[object], fits: Callable[[object], bool]) -> Sequence[object]:
    """Return the parts that fit: all of them as they are, or a list of some."""
    return parts if all(map(fits, parts)) else [part for part in parts if fits(part)]


_BY_ID: Final = frozenset({"id", "status"})
"""What goes with the identity of a message: a message without an id has no status either."""


class Verdict(NamedTuple):
    """What becomes of an item that is no reasoning."""

    item: Wire | None
    """The item as it will be sent, or None if it goes."""
    same: bool
    """Whether it is still the item that the reasoning before it led to."""


def without_id(item: Wire) -> Wire | None:
    """Return an item as a fresh one, or None if its kind needs an id and has no other name.

    A message or a function's output needs none; other calls are told apart by their `call_id`.
    """
    kind = kind_of(item)
    if kind == CALL_ITEM:
        return call_note(item)
    if kind == MESSAGE_ITEM:
        return {key: value for key, value in item.items() if key not in _BY_ID}
    if kind == FUNCTION_OUTPUT_ITEM or text(item, "call_id"):
        return {key: value for key, value in item.items() if key != "id"}
    return None


def regroup(
    items: Iterable[Wire],
    fate: Callable[[Wire], Verdict],
    sound: Callable[[list[Wire]], bool] = lambda _: True,
) -> list[Wire]:
    """Return a list in which each item met its fate, and no reasoning is left without its follower.

    Args:
        items: Input items.
        fate: What becomes of an item.
        sound: Whether a chain of reasoning can be sent at all.
    """
    found: list[Wire] = []
    chain: list[Wire] = []
    lost_reasoning = False
    for item in items:
        if kind_of(item) == REASONING_ITEM:
            chain.append(item)
            continue
        sent, same = fate(item)
        output = is_output(item)
        if chain and output and same and sound(chain):
            found += chain
            lost_reasoning = False
        elif chain:
            lost_reasoning = output
            sent = without_id(sent) if same and output and sent is not None else sent
        elif lost_reasoning and output and same and sent is not None:
            sent = _fresh(sent)
        else:
            lost_reasoning = lost_reasoning and output
        chain = []
        if sent is not None:
            found.append(sent)
    return found


def _fresh(item: Wire) -> Wire:
    """Return a later item of a turn that lost its reasoning: without an id where that is easy."""
    if kind_of(item) == CALL_ITEM:
        return item
    return without_id(item) or item


def repair(
    items: Iterable[object],
    *,
    store: bool | None = None,
    container_id: str | None = None,
    max_inline_bytes: int | None = MAX_INLINE_BYTES,
    continues: bool = False,
) -> list[Wire]:
    """Return these items so that `check`, asked with the same arguments, finds nothing wrong.

    What is right stays as it is; what is wrong loses as little as can be:

    - Reasoning and the item that followed it stay together or go together. Where reasoning goes,
      a message that followed keeps its text and loses its id; so does a function call, and what
      else the model put out in the same breath.
    - A call of the code interpreter that cannot be sent (no id, no container, another container,
      unfinished, or its reasoning went) becomes a message with its code and logs. See `detach`.
    - An item that repeats an earlier one goes, a function call with its output. If only its id
      repeats, it loses its id.
    - A function call without an output goes, with its reasoning. An output without its call
      becomes a message with its text.
    - Data over the limit are replaced by words that name them, the largest first; images in the
      outputs of calls always.
    - Parts and messages that say nothing go, and so does what is no item.

    Repairing twice changes nothing more.

    Args:
        items: Input items, as dicts or as models of the SDK. They are not changed.
        store: What the request will say of `store`. With False, the API finds nothing by its id.
        container_id: The container that the request will name; None if it will name none.
        max_inline_bytes: How many bytes of inline data an item may carry, decoded; None for any.
        continues: Whether the request continues a stored response or conversation.

    Returns:
        A new list of new dicts; what lies within an item that stays is shared with it.

    Raises:
        TypeError: If `items` is no list but a text or one item.
        ValueError: If `max_inline_bytes` is negative.

    Example:
        ```python
        ci.run([*repair(history, container_id=new), question], container=new)
        ```
    """
    terms = Terms(
        store=store,
        container_id=container_id,
        max_inline_bytes=max_inline_bytes,
        continues=continues,
    )
    kept = [repair_item(item, terms) for item in _known(listed(items), terms)]
    kept = regroup(
        kept,
        lambda item: _fate(item, terms),
        lambda chain: all(is_sound_reasoning(item, terms) for item in chain),
    )
    return _paired(_once(kept), terms)


def _known(items: Iterable[Wire | None], terms: Terms) -> list[Wire]:
    """Leave out what is no item, and references that lead nowhere."""
    found: list[Wire] = []
    for item in items:
        kind = "" if item is None else kind_of(item)
        if item is None or not kind:
            continue
        if kind == REFERENCE_ITEM and (identity(item) is None or terms.store is False):
            continue
        found.append(item)
    return found


def _fate(item: Wire, terms: Terms) -> Verdict:
    kind = kind_of(item)
    if kind == CALL_ITEM and any(True for _ in call_problems(item, terms, report_of(item))):
        return Verdict(without_id(item), same=False)
    if kind == FUNCTION_CALL_ITEM and not is_sound_function_call(item):
        return Verdict(None, same=False)
    if kind == MESSAGE_ITEM and not item["content"]:
        return Verdict(None, same=False)
    return Verdict(item, same=True)


def _once(items: Sequence[Wire]) -> list[Wire]:
    """Leave one item to an id: a repeated item goes, a repeated id is taken off.

    The output of a function mostly has no id of its own, so it goes where its call goes.
    """
    first: dict[str, Wire] = {}
    repeated: set[int] = set()
    for item in items:
        name = identity(item)
        if name is not None and first.setdefault(name, item) is not item:
            repeated.add(id(item))
    answers = _repeated_outputs(items, repeated)

    def fate(item: Wire) -> Verdict:
        if id(item) in answers:
            return Verdict(None, same=False)
        if id(item) not in repeated:
            return Verdict(item, same=True)
        again = item == first[str(item["id"])]
        return Verdict(None if again else without_id(item), same=False)

    return regroup(items, fate, lambda chain: not any(id(item) in repeated for item in chain))


def _repeated_outputs(items: Sequence[Wire], repeated: Collection[int]) -> set[int]:
    """Return which outputs of repeated function calls say again what was said."""
    twice = {
        text(item, "call_id")
        for item in items
        if kind_of(item) == FUNCTION_CALL_ITEM and id(item) in repeated
    }
    first: dict[str, Wire] = {}
    found: set[int] = set()
    for item in items:
        if kind_of(item) == FUNCTION_OUTPUT_ITEM and (name := text(item, "call_id")) in twice:
            earlier = first.setdefault(name, item)
            if earlier is not item and earlier.get("output") == item.get("output"):
                found.add(id(item))
    return found


def _paired(items: Sequence[Wire], terms: Terms) -> list[Wire]:
    """Let function calls without an output go, and outputs without a call become text."""
    lone = {id(items[place]) for place in unpaired(items, continues=terms.continues)}

    def fate(item: Wire) -> Verdict:
        if id(item) not in lone:
            return Verdict(item, same=True)
        return Verdict(
            None if kind_of(item) == FUNCTION_CALL_ITEM else output_note(item), same=False
        )

    return regroup(items, fate)


def detach(
    items: Iterable[object],
    *,
    containers: Collection[str] | None = None,
    drop_references: bool = False,
) -> list[Wire]:
    """Return a history without its calls of the code interpreter, and with what they said.

    A call names its container, and once that is gone the API takes the call no more ("Container is
    expired.", "Expected container_id: cntr_…"), so that the conversation could never go on. Each
    such call becomes a message of the assistant with its code and logs: of code over 4,000 and of
    logs over 2,000 characters the middle is left out, and the text says so. The reasoning that led
    to the call goes with it, since it is only accepted with the call. What the model put out in
    the same breath loses its id, because it may be bound to that reasoning.

    The order of the items is kept. What else may be wrong with them is for `repair`, except that
    reasoning without a follower and entries that are no objects are left out here, too.

    Args:
        items: Input items, as dicts or as models of the SDK. They are not changed. Outputs with
            their logs make better notes than `input_items`, which leaves logs out: build the
            list from `result.output` if you have it.
        containers: The containers that are gone, or one of them; None for all.
        drop_references: Deprecated: leave out `item_reference` items before you call this.

    Returns:
        A new list; items that stay as they are are shared with the old one.

    Raises:
        TypeError: If `items` is no list but a text or one item.

    Example:
        ```python
        ci.run([*detach(history, containers=[expired]), question])
        ```
    """
    gone = {containers} if isinstance(containers, str) else containers
    if drop_references:
        msg = "detach(drop_references=True) is deprecated: leave out item_reference items before"
        warnings.warn(msg, DeprecationWarning, stacklevel=2)

    def fate(item: Wire) -> Verdict:
        kind = kind_of(item)
        if kind == REFERENCE_ITEM and drop_references:
            return Verdict(None, same=False)
        if kind != CALL_ITEM or (gone is not None and text(item, "container_id") not in gone):
            return Verdict(item, same=True)
        return Verdict(call_note(item), same=False)

    return regroup([item for item in listed(items) if item is not None], fate)
