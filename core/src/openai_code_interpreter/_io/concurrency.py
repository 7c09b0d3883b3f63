"""Work done once, whoever asks for it, and work done to its end, whoever cancels it.

In a `SingleFlight`, threads wait for threads and tasks for their loop's tasks. A task never waits
for a thread or for another loop, and a thread never for a task: one of them may be what the other
is waiting for. Two sides may so do the same thing twice; the first result holds.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Generator, Hashable
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeAlias, TypeVar

from anyio import CancelScope

__all__ = ["SingleFlight", "to_the_end"]

_REMEMBERED: Final = 4096
_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")

_Side: TypeAlias = asyncio.AbstractEventLoop | None
"""The loop of a task; None for threads."""


@dataclass(frozen=True, slots=True)
class _Found(Generic[_Value]):
    """It was done before."""

    value: _Value


@dataclass(frozen=True, slots=True)
class _Claim:
    """It is being done: by whoever has this, or by another, who ends `done` either way."""

    done: Future[None]
    is_mine: bool


class SingleFlight(Generic[_Key, _Value]):
    """Remembers what was done, by key. What failed is done again by whoever asks next.

    Args:
        remembered: How many results are kept; the oldest is forgotten.
    """

    def __init__(self, *, remembered: int = _REMEMBERED) -> None:
        self._remembered = remembered
        self._values: dict[_Key, _Value] = {}
        self._at_work: dict[tuple[_Key, _Side], Future[None]] = {}
        self._lock = threading.Lock()

    def do(self, key: _Key, make: Callable[[], _Value]) -> _Value:
        """Return the result of `key`, making it if nobody has."""
        while True:
            step = self._step(key, None)
            if isinstance(step, _Found):
                return step.value
            if step.is_mine:
                with self._working(key, None, step):
                    return self._keep(key, make())
            step.done.result()

    async def ado(self, key: _Key, make: Callable[[], Awaitable[_Value]]) -> _Value:
        """Return the result of `key`; see `do`."""
        side = asyncio.get_running_loop()
        while True:
            step = self._step(key, side)
            if isinstance(step, _Found):
                return step.value
            if step.is_mine:
                with self._working(key, side, step):
                    return self._keep(key, await make())
            await asyncio.wrap_future(step.done)

    def get(self, key: _Key) -> _Value | None:
        """Return the result of `key` if it is remembered."""
        with self._lock:
            return self._values.get(key)

    def forget(self, is_meant: Callable[[_Key, _Value], bool]) -> None:
        """Forget the results that are meant."""
        with self._lock:
            for key in [key for key, value in self._values.items() if is_meant(key, value)]:
                del self._values[key]

    def _step(self, key: _Key, side: _Side) -> _Found[_Value] | _Claim:
        with self._lock:
            if key in self._values:
                return _Found(self._values[key])
            done = self._at_work.get((key, side))
            if done is not None:
                return _Claim(done, is_mine=False)
            done = Future()
            done.set_running_or_notify_cancel()  # a waiter that is cancelled does not cancel it
            self._at_work[key, side] = done
            return _Claim(done, is_mine=True)

    @contextmanager
    def _working(self, key: _Key, side: _Side, claim: _Claim) -> Generator[None]:
        try:
            yield
        finally:
            with self._lock:
                del self._at_work[key, side]
            claim.done.set_result(None)

    def _keep(self, key: _Key, value: _Value) -> _Value:
        with self._lock:
            kept = self._values.setdefault(key, value)
            while len(self._values) > self._remembered:
                del self._values[next(iter(self._values))]
            return kept


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
