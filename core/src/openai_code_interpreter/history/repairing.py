"""Mend a list of input items, so that nothing is known to be wrong with it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from openai_code_interpreter.history.faults import (
    call_faults,
    is_sound_function_call,
    is_sound_reasoning,
)
from openai_code_interpreter.history.functions import unpaired
from openai_code_interpreter.history.kinds import (
    CALL_ITEM,
    FUNCTION_CALL_ITEM,
    FUNCTION_OUTPUT_ITEM,
    MESSAGE_ITEM,
    REFERENCE_ITEM,
    identity,
    kind_of,
    listed,
)
from openai_code_interpreter.history.mending import mended
from openai_code_interpreter.history.notes import output_note
from openai_code_interpreter.history.pairs import Fate, regroup, without_id
from openai_code_interpreter.history.problems import MAX_INLINE_BYTES, Terms
from openai_code_interpreter.wire import Wire, text

__all__ = ["repair"]


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
    kept = [mended(item, terms) for item in _known(listed(items), terms)]
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


def _fate(item: Wire, terms: Terms) -> Fate:
    kind = kind_of(item)
    if kind == CALL_ITEM and any(True for _ in call_faults(item, terms)):
        return Fate(without_id(item), same=False)
    if kind == FUNCTION_CALL_ITEM and not is_sound_function_call(item):
        return Fate(None, same=False)
    if kind == MESSAGE_ITEM and not item["content"]:
        return Fate(None, same=False)
    return Fate(item, same=True)


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

    def fate(item: Wire) -> Fate:
        if id(item) in answers:
            return Fate(None, same=False)
        if id(item) not in repeated:
            return Fate(item, same=True)
        again = item == first[str(item["id"])]
        return Fate(None if again else without_id(item), same=False)

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

    def fate(item: Wire) -> Fate:
        if id(item) not in lone:
            return Fate(item, same=True)
        return Fate(None if kind_of(item) == FUNCTION_CALL_ITEM else output_note(item), same=False)

    return regroup(items, fate)
