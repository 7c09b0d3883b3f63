"""Pages of a listing, as the Containers API cuts them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from openai_code_interpreter.testing.server.errors import ApiError, out_of_range

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Listed", "page"]

_DEFAULT_LIMIT = 20
_MAX_LIMIT = 100


class Listed(Protocol):
    """What a listing holds."""

    @property
    def id(self) -> str:
        """The id that `after` names."""

    def wire(self) -> dict[str, Any]:
        """The object as the API describes it."""


def page(entries: Sequence[Listed], query: Mapping[str, str]) -> dict[str, Any]:
    """Return one page.

    Args:
        entries: All entries, oldest first.
        query: `limit` (1 to 100, default 20), `order` (`asc` or `desc`, the default, by time of
            creation), `after` (the id of the entry before the page).
    """
    order = query.get("order", "desc")
    if order not in ("asc", "desc"):
        raise ApiError(
            400, message=f"Invalid value: '{order}'. Expected 'asc' or 'desc'.", param="order"
        )
    ordered = list(entries) if order == "asc" else list(reversed(entries))
    start = _start(ordered, query.get("after"))
    limit = _limit(query.get("limit"))
    shown = ordered[start : start + limit]
    return {
        "object": "list",
        "data": [entry.wire() for entry in shown],
        "first_id": shown[0].id if shown else None,
        "has_more": start + limit < len(ordered),
        "last_id": shown[-1].id if shown else None,
    }


def _start(ordered: Sequence[Listed], after: str | None) -> int:
    if after is None:
        return 0
    for index, entry in enumerate(ordered):
        if entry.id == after:
            return index + 1
    raise ApiError(400, message=f"No entry with id '{after}' found.", param="after")


def _limit(text: str | None) -> int:
    if text is None:
        return _DEFAULT_LIMIT
    try:
        limit = int(text)
    except ValueError:
        raise ApiError(
            400, message=f"Invalid 'limit': '{text}' is no integer.", param="limit"
        ) from None
    if not 1 <= limit <= _MAX_LIMIT:
        raise out_of_range(limit, param="limit", low=1, high=_MAX_LIMIT)
    return limit
