"""What can be wrong with a list of input items, and on which terms it is judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

__all__ = ["MAX_INLINE_BYTES", "Problem", "ProblemCode", "Terms"]

MAX_INLINE_BYTES: Final = 1024 * 1024
"""How many bytes of inline data one item may carry unless told otherwise: 1 MiB, decoded. A history
is sent again with every turn, so a larger file belongs in the Files API."""

ProblemCode: TypeAlias = Literal[
    "malformed_item",
    "empty_text",
    "invalid_id",
    "duplicate_id",
    "reasoning_without_follower",
    "reasoning_without_id",
    "reasoning_without_summary",
    "reasoning_not_stored",
    "reference_not_stored",
    "call_without_id",
    "call_without_container",
    "unfinished_call",
    "stale_container",
    "inline_outputs",
    "oversized_data",
    "function_call_without_output",
    "output_without_call",
]
"""What is wrong, for programs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong with a list of input items."""

    code: ProblemCode
    index: int
    """Where the item stands in the list, from 0."""
    item_id: str | None
    """The item's id, if it has one."""
    message: str
    """What is wrong, why, and the way out, for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is known of the request that a list of items is meant for."""

    store: bool | None = None
    container_id: str | None = None
    max_inline_bytes: int | None = MAX_INLINE_BYTES
    continues: bool = False

    def __post_init__(self) -> None:
        if self.max_inline_bytes is not None and self.max_inline_bytes < 0:
            msg = f"max_inline_bytes is {self.max_inline_bytes}: give 0 or more bytes, or None"
            raise ValueError(msg)
