"""The streams that a caller iterates: thin shells, sync and async, over one `ResponseRun`.

They open the response on first use, yield what the turn tells, have the files brought beside it,
and close the HTTP response in every case: at the end, after an error, on `close()`, on leaving the
`with` block, and when the iterator is dropped.
"""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Generator,
    Iterator,
)
from contextlib import aclosing
from typing import Any, Protocol, Self

from anyio import CancelScope, to_thread

from openai_code_interpreter._io.concurrency import to_the_end
from openai_code_interpreter._io.workers import AsyncPerform, AsyncWorkers, Perform, Workers
from openai_code_interpreter._sansio.response import ResponseRun, StreamStep
from openai_code_interpreter._sansio.results import CodeInterpreterResult
from openai_code_interpreter.events import CodeInterpreterEvent

__all__ = ["AsyncCodeInterpreterStream", "AsyncSource", "CodeInterpreterStream", "Source"]


class Source(Protocol):
    """An open response: wire events, and a way to close it. The SDK's `Stream` is one."""

    def __iter__(self) -> Iterator[Any]:
        """Yield the wire events."""

    def close(self) -> None:
        """Close the HTTP response."""


class AsyncSource(Protocol):
    """The same for async. The SDK's `AsyncStream` is one."""

    def __aiter__(self) -> AsyncIterator[Any]:
        """Yield the wire events."""

    async def close(self) -> None:
        """Close the HTTP response."""


class CodeInterpreterStream:
    """One running response: iterate it for events, then read `result`.

    Example:
        ```python
        with ci.stream("Plot a parabola and save it.") as stream:
            for event in stream:
                match event:
                    case CodeDelta(delta=delta):
                        print(delta, end="")
                    case ArtifactReady(artifact=artifact):
                        print(artifact.filename, artifact.size)
        print(stream.result.text)
        ```
    """

    def __init__(
        self,
        turn: ResponseRun,
        open_source: Callable[[], Source],
        perform: Perform,
        tidy: Callable[[], object] = lambda: None,
    ) -> None:
        self._turn = turn
        self._steps = _run(turn, open_source, Workers(perform), tidy)
        self._events = (event for step in self._steps for event in step.events)

    @property
    def result(self) -> CodeInterpreterResult:
        """The response's result; before the end, what has come so far."""
        return self._turn.result()

    def steps(self) -> Iterator[StreamStep]:
        """Iterate by steps, each a wire event with what it told. For adapters of frameworks."""
        return self._steps

    def __iter__(self) -> Iterator[CodeInterpreterEvent]:
        return self._events

    def __next__(self) -> CodeInterpreterEvent:
        return next(self._events)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the HTTP response. Iterating ends; `result` keeps what had come.

        Call it from the thread that iterates: a generator cannot be closed while it waits.
        """
        self._steps.close()


class AsyncCodeInterpreterStream:
    """One running response, for `async with` and `async for`; see `CodeInterpreterStream`."""

    def __init__(
        self,
        turn: ResponseRun,
        open_source: Callable[[], Awaitable[AsyncSource]],
        perform: AsyncPerform,
        tidy: Callable[[], Coroutine[Any, Any, object]] | None = None,
    ) -> None:
        self._turn = turn
        self._steps = _arun(turn, open_source, AsyncWorkers(perform), tidy)
        self._events = _flatten(self._steps)

    @property
    def result(self) -> CodeInterpreterResult:
        """The response's result; before the end, what has come so far."""
        return self._turn.result()

    def steps(self) -> AsyncIterator[StreamStep]:
        """Iterate by steps, each a wire event with what it told. For adapters of frameworks."""
        return self._steps

    def __aiter__(self) -> AsyncIterator[CodeInterpreterEvent]:
        return self._events

    async def __anext__(self) -> CodeInterpreterEvent:
        return await anext(self._events)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the HTTP response. Iterating ends; `result` keeps what had come.

        Call it from the task that iterates; from another one, cancel that task instead.
        """
        await self._events.aclose()
        await self._steps.aclose()


# The generators below hold the turn and never the stream object: a dropped stream is then freed at
# once, its generator closed, and with it the HTTP response.


def _run(
    turn: ResponseRun, open_source: Callable[[], Source], crew: Workers, tidy: Callable[[], object]
) -> Generator[StreamStep]:
    try:
        yield from _read(turn, open_source, crew)
        while turn.again():
            yield from _read(turn, open_source, crew)
        yield from turn.rest()
        while turn.busy:
            yield from _advance(turn, crew, wait=True)
        yield turn.finish()
    finally:
        try:
            turn.abandon()
            crew.close()
        finally:
            tidy()


def _read(
    turn: ResponseRun, open_source: Callable[[], Source], crew: Workers
) -> Generator[StreamStep]:
    source = _opened(turn, open_source)
    try:
        yield from turn.opened()
        events = iter(source)
        while not turn.over:
            try:
                steps = turn.take(next(events))
            except StopIteration:
                turn.ended()
                break
            except Exception as error:  # noqa: BLE001 - the turn decides what it means
                turn.broke(error)
                break
            yield from steps
            if turn.busy and not turn.over:
                yield from _advance(turn, crew, wait=False)
    finally:
        source.close()


def _opened(turn: ResponseRun, open_source: Callable[[], Source]) -> Source:
    while True:
        try:
            return open_source()
        except Exception as error:  # noqa: BLE001 - the turn decides what it means
            turn.could_not_open(error)


def _advance(turn: ResponseRun, crew: Workers, *, wait: bool) -> Generator[StreamStep]:
    crew.start(turn.due())
    for job, outcome in crew.news(wait=wait and crew.working):
        turn.settle(job, outcome)
    crew.start(turn.due())  # a file that has come may be stored now, however long the stream pauses
    yield from turn.told()


async def _arun(
    turn: ResponseRun,
    open_source: Callable[[], Awaitable[AsyncSource]],
    crew: AsyncWorkers,
    tidy: Callable[[], Coroutine[Any, Any, object]] | None,
) -> AsyncGenerator[StreamStep]:
    try:
        while True:
            # Closed here and not when it is collected, which the event loop does later.
            async with aclosing(_aread(turn, open_source, crew)) as steps:
                async for step in steps:
                    yield step
            if not turn.again():
                break
        for step in turn.rest():
            yield step
        while turn.busy:
            for told in await _aadvance(turn, crew, wait=True):
                yield told
        yield turn.finish()
    finally:
        try:
            await crew.close()
            if turn.busy:
                with CancelScope(shield=True):  # a store may take its time to forget a file
                    await to_thread.run_sync(turn.abandon)
        finally:
            if tidy is not None:
                await to_the_end(tidy())


async def _aread(
    turn: ResponseRun, open_source: Callable[[], Awaitable[AsyncSource]], crew: AsyncWorkers
) -> AsyncGenerator[StreamStep]:
    source = await _aopened(turn, open_source)
    try:
        for step in turn.opened():
            yield step
        events = aiter(source)
        while not turn.over:
            try:
                steps = turn.take(await anext(events))
            except StopAsyncIteration:
                turn.ended()
                break
            except Exception as error:  # noqa: BLE001 - the turn decides what it means
                turn.broke(error)
                break
            for step in steps:
                yield step
            if turn.busy and not turn.over:
                for step in await _aadvance(turn, crew, wait=False):
                    yield step
    finally:
        await source.close()


async def _aopened(
    turn: ResponseRun, open_source: Callable[[], Awaitable[AsyncSource]]
) -> AsyncSource:
    while True:
        try:
            return await open_source()
        except Exception as error:  # noqa: BLE001 - the turn decides what it means
            turn.could_not_open(error)


async def _aadvance(turn: ResponseRun, crew: AsyncWorkers, *, wait: bool) -> list[StreamStep]:
    crew.start(turn.due())
    for job, outcome in await crew.news(wait=wait and crew.working):
        turn.settle(job, outcome)
    crew.start(turn.due())
    return turn.told()


async def _flatten(steps: AsyncIterator[StreamStep]) -> AsyncGenerator[CodeInterpreterEvent]:
    async for step in steps:
        for event in step.events:
            yield event
