"""Which function calls and outputs of a list belong together."""

from __future__ import annotations

from collections.abc import Sequence

from openai_code_interpreter.history.kinds import (
    FUNCTION_CALL_ITEM,
    FUNCTION_OUTPUT_ITEM,
    REFERENCE_ITEM,
    kind_of,
)
from openai_code_interpreter.wire import Wire, text

__all__ = ["unpaired"]


def unpaired(items: Sequence[Wire | None], *, continues: bool) -> set[int]:
    """Return where function calls stand without an output behind them, and outputs without a call.

    A reference may stand for the missing one, so with it nothing is claimed.

    Args:
        items: The list.
        continues: Whether a response before this list may have the calls.
    """
    kinds = ["" if item is None else kind_of(item) for item in items]
    names = [text(item or {}, "call_id") for item in items]
    asked = _lacking(kinds, names, (FUNCTION_CALL_ITEM, FUNCTION_OUTPUT_ITEM), excused=continues)
    kinds.reverse()
    names.reverse()
    answered = _lacking(kinds, names, (FUNCTION_OUTPUT_ITEM, FUNCTION_CALL_ITEM), excused=False)
    return asked | {len(kinds) - 1 - place for place in answered}


def _lacking(
    kinds: Sequence[str], names: Sequence[str], order: tuple[str, str], *, excused: bool
) -> set[int]:
    """Return the places of the second kind that have none of the first kind before them."""
    first, second = order
    seen: set[str] = set()
    lacking: set[int] = set()
    for place, (kind, name) in enumerate(zip(kinds, names, strict=True)):
        if kind == REFERENCE_ITEM:
            excused = True
        elif kind == first and name:
            seen.add(name)
        elif kind == second and (not name or (name not in seen and not excused)):
            lacking.add(place)
    return lacking
