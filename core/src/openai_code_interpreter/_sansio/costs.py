"""What containers cost, as far as a client can tell: every sum here is an estimate.

The API says nothing of money. What is published
(https://developers.openai.com/api/docs/pricing#built-in-tools):

- A container costs by its memory, per session of 20 minutes: see `RATES`.
- Since 2 June 2026 "eligible" sessions are billed by the minute, five minutes at least.

Which sessions are eligible is not published, nor how a part of a session or of a minute counts. The
estimates assume that a part counts as a whole, and that a minute costs a twentieth of a session.

A container is made, and billed, for an `auto` request even when the model runs no code. Its id is
nowhere to be seen then, so that it cannot be used again.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from openai_code_interpreter._sansio.config import AUTO, ContainerConfig, MemoryLimit
from openai_code_interpreter._sansio.results import ContainerUse, HowUsed
from openai_code_interpreter.errors import InvalidInputError

__all__ = [
    "DEFAULT_MEMORY_LIMIT",
    "RATES",
    "RATES_DATE",
    "SESSION_MINUTES",
    "UnusedContainerWarning",
    "container_uses",
    "estimate_cost",
    "unused_container_warning",
]

DEFAULT_MEMORY_LIMIT: Final[MemoryLimit] = "1g"
"""What the API gives a container when the request names no size."""

SESSION_MINUTES: Final = 20
"""The length of a session, in minutes."""

_LEAST_MINUTES: Final = 5
"""What a session costs at least where minutes are billed."""

RATES: Final[Mapping[MemoryLimit, Decimal]] = MappingProxyType(
    {
        "1g": Decimal("0.03"),
        "4g": Decimal("0.12"),
        "16g": Decimal("0.48"),
        "64g": Decimal("1.92"),
    }
)
"""US dollars for a session of 20 minutes, by memory, as published at `RATES_DATE`."""

RATES_DATE: Final = date(2026, 6, 2)
"""From when on the published prices hold. Pass your own `rates` when they change."""


class UnusedContainerWarning(UserWarning):
    """A container was probably billed although the model ran no code."""


def estimate_cost(
    memory_limit: MemoryLimit | None = None,
    *,
    minutes: float = SESSION_MINUTES,
    rates: Mapping[MemoryLimit, Decimal] = RATES,
    per_minute: bool = False,
) -> Decimal:
    """Return an estimate of what a container costs, in US dollars.

    Args:
        memory_limit: Its size; None for the API's default, `1g`.
        minutes: How long it is in use.
        rates: The price of a session of 20 minutes, by size.
        per_minute: Count minutes, five at least, instead of sessions of 20 minutes. Which of the
            two holds for an account is not published.

    Raises:
        InvalidInputError: If the size has no rate, or `minutes` is no positive number.

    Example:
        ```python
        estimate_cost("4g", minutes=25)  # Decimal('0.24'): two sessions
        estimate_cost("4g", minutes=25, per_minute=True)  # Decimal('0.1500')
        ```
    """
    tier = memory_limit or DEFAULT_MEMORY_LIMIT
    rate = rates.get(tier)
    if rate is None:
        msg = f"there is no rate for memory_limit={tier!r}: pass rates= with it, beside {[*rates]}"
        raise InvalidInputError(msg)
    if not (minutes > 0 and math.isfinite(minutes)):
        msg = f"minutes={minutes!r} is no length of time: pass a positive number of minutes"
        raise InvalidInputError(msg)
    if per_minute:
        return rate * max(math.ceil(minutes), _LEAST_MINUTES) / SESSION_MINUTES
    return rate * math.ceil(minutes / SESSION_MINUTES)


def container_uses(
    container: str | ContainerConfig | None,
    seen: Iterable[str],
    *,
    memory_limit: MemoryLimit | None = None,
    known: Collection[str] = (),
    created: Collection[str] = (),
    replaced: Iterable[tuple[str, str]] = (),
    rates: Mapping[MemoryLimit, Decimal] = RATES,
) -> list[ContainerUse]:
    """Return the containers that a request used, each once.

    Args:
        container: The request's own: `"auto"`, a `ContainerConfig`, or the id of one that was
            there. None if no code interpreter was offered.
        seen: The ids in the response, `CodeInterpreterResult.container_ids`.
        memory_limit: The size of a container that is named by its id, if known. It is the size of
            what replaces it, too.
        known: The ids of earlier turns that the request goes on with. An `auto` request uses such
            a container again as long as it lives.
        created: The ids of containers that were made for this request before it was sent, so that
            it could name them.
        replaced: Pairs of ids: one that was gone, and the one made in its place.
        rates: The price of a session of 20 minutes, by size.

    Returns:
        In order of appearance. An `auto` request whose model ran no code has one entry without an
        id: `created` with an estimate, or, if it goes on with a known container, `used` without.
    """
    successors = {new: old for old, new in replaced}
    gone = set(successors.values()) - set(successors)
    is_made = isinstance(container, ContainerConfig) or container == AUTO
    size = _size(container, memory_limit) if is_made else memory_limit
    asked = [container] if isinstance(container, str) and not is_made else []
    there = {*asked, *known}.difference(created)
    uses = [
        _use(
            one,
            "replaced" if one in successors else "used" if one in there else "created",
            size=size,
            replaced_id=successors.get(one),
            rates=rates,
        )
        for one in dict.fromkeys([*asked, *successors, *seen])
        if one not in gone
    ]
    if is_made and not uses:
        uses.append(_use(None, "used" if known else "created", size=size, rates=rates))
    return uses


def _size(container: str | ContainerConfig | None, memory_limit: MemoryLimit | None) -> MemoryLimit:
    configured = container.memory_limit if isinstance(container, ContainerConfig) else None
    return configured or memory_limit or DEFAULT_MEMORY_LIMIT


def _use(
    container_id: str | None,
    how: HowUsed,
    *,
    size: MemoryLimit | None,
    rates: Mapping[MemoryLimit, Decimal],
    replaced_id: str | None = None,
) -> ContainerUse:
    is_new = how != "used" and size in rates
    return ContainerUse(
        container_id=container_id,
        how=how,
        memory_limit=size,
        estimated_cost=estimate_cost(size, rates=rates) if is_new else None,
        replaced_id=replaced_id,
    )


def unused_container_warning(uses: Iterable[ContainerUse]) -> UnusedContainerWarning | None:
    """Return the warning that a container was probably billed for nothing, or None.

    It is due where `container_uses` has a new container without an id. Say it once for each object
    that makes requests, with `warnings.warn`.
    """
    for use in uses:
        if use.container_id is None and use.how == "created":
            cost = "" if use.estimated_cost is None else f", about ${use.estimated_cost}"
            return UnusedContainerWarning(
                "no code ran, but container='auto' makes a container for every request, and OpenAI "
                f"bills it ({use.memory_limit} of memory{cost} a session). To avoid that, leave "
                "the tool out of requests that need no code with code_interpreter=False, share one "
                "container with a ManagedContainer, or reuse one: "
                "container=result.container_id"
            )
    return None
