"""Work that a cancelled task still brings to its end: what was made has to be deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from anyio import CancelScope

__all__ = ["to_the_end"]

_Value = TypeVar("_Value")


async def to_the_end(work: Coroutine[Any, Any, _Value]) -> _Value:
    """Do the work, however often the task is cancelled meanwhile, and be cancelled afterwards.

    anyio's shield keeps the cancellation of its own scopes away; `task.cancel()` and
    `asyncio.timeout` go past it, so that the work has a task of its own. It has to bound itself.

    Args:
        work: A coroutine that takes a bounded time.

    Raises:
        asyncio.CancelledError: If the task was cancelled meanwhile; the work is done by then.
        Exception: What the work raised.
    """
    task = asyncio.get_running_loop().create_task(work)
    cancelled: asyncio.CancelledError | None = None
    with CancelScope(shield=True):
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError as error:
                cancelled = error
    if cancelled is not None:
        if not task.cancelled():
            task.exception()  # it was looked at; the cancellation is what counts
        raise cancelled
    return task.result()
