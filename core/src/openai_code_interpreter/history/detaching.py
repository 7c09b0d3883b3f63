"""Take the runs of code out of a history whose container is gone."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from openai_code_interpreter.history.kinds import CALL_ITEM, REFERENCE_ITEM, kind_of, listed
from openai_code_interpreter.history.notes import call_note
from openai_code_interpreter.history.pairs import Fate, regroup
from openai_code_interpreter.wire import Wire, text

__all__ = ["detach"]


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
        drop_references: Whether to leave out `item_reference` items, which may stand for calls.

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

    def fate(item: Wire) -> Fate:
        kind = kind_of(item)
        if kind == REFERENCE_ITEM and drop_references:
            return Fate(None, same=False)
        if kind != CALL_ITEM or (gone is not None and text(item, "container_id") not in gone):
            return Fate(item, same=True)
        return Fate(call_note(item), same=False)

    return regroup([item for item in listed(items) if item is not None], fate)
