"""The streams that a caller iterates: thin shells, sync and async, over one `ResponseRun`.

They open the response on first use, yield what the run tells, have the files brought beside it,
and close the HTTP response in every case: at the end, after an error, on `close()`, on leaving the
`with` block, and when the iterator is dropped.
"""

from __future__ import annotations

from collections import deque
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
from typing import Any, Self, TypeAlias

from anyio import CancelScope, to_thread

from openai_code_interpreter._io.concurrency import to_the_end
from openai_code_interpreter._io.event_source import AsyncSource, Source
from openai_code_interpreter._io.workers import AsyncPerform, AsyncWorkers, Perform, Workers
from openai_code_interpreter._sansio.response import ResponseRun, StreamStep
from openai_code_interpreter._sansio.results import CodeInterpreterResult
from openai_code_interpreter.events import CodeInterpreterEvent

__all__ = ["AsyncCodeInterpreterStream", "CodeInterpreterStream"]

_Phase: TypeAlias = Callable[[], Coroutine[Any, Any, Any]]


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
        run: ResponseRun,
        open_source: Callable[[], Source],
        perform: Perform,
        tidy: Callable[[], object] = lambda: None,
    ) -> None:
        self._run = run
        self._steps = _run(run, open_source, Workers(perform), tidy)
        self._events = (event for step in self._steps for event in step.events)

    @property
    def result(self) -> CodeInterpreterResult:
        """The response's result; before the end, what has come so far."""
        return self._run.result()

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
        run: ResponseRun,
        open_source: Callable[[], Awaitable[AsyncSource]],
        perform: AsyncPerform,
        tidy: Callable[[], Coroutine[Any, Any, object]] | None = None,
    ) -> None:
        self._run = run
        self._steps = _AsyncSteps(run, open_source, AsyncWorkers(perform), tidy)
        self._events = _flatten(self._steps)

    @property
    def result(self) -> CodeInterpreterResult:
        """The response's result; before the end, what has come so far."""
        return self._run.result()

    def steps(self) -> AsyncIterator[StreamStep]:
        """Iterate by steps, each a wire event with what it told. For adapters of frameworks.

        Close the stream when you leave them: nobody else does.
        """
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


# What runs below holds the run and never the stream object: a dropped stream is then freed at once,
# its generator closed, and with it the HTTP response.


def _run(
    run: ResponseRun,
    open_source: Callable[[], Source],
    workers: Workers,
    tidy: Callable[[], object],
) -> Generator[StreamStep]:
    try:
        while True:
            source = _opened(run, open_source)
            try:
                yield from _read(run, source, workers)
                if run.again():
                    source.drain()
                    continue
                yield from run.rest()
                while run.busy:
                    if jobs := run.due():
                        source.drain()  # they may use its connection
                        workers.start(jobs)
                    yield from _advance(run, workers, wait=True)
                yield run.finish()
                return
            finally:
                _let_go(run, source)
    finally:
        try:
            run.abandon()
            workers.close()
        finally:
            tidy()


def _read(run: ResponseRun, source: Source, workers: Workers) -> Generator[StreamStep]:
    yield from run.opened()
    while not run.over:
        try:
            steps = run.take(next(source))
        except StopIteration:
            run.ended()
            break
        except Exception as error:  # noqa: BLE001 - the run decides what it means
            run.broke(error)
            break
        yield from steps
        if run.busy and not run.over:
            yield from _advance(run, workers, wait=False)


def _let_go(run: ResponseRun, source: Source) -> None:
    """Close a response; one that is over is read to its end, if that was not done before.

    The last step was told by then: nobody waits for it because of that.
    """
    try:
        if run.over:
            source.drain()
    finally:
        source.close()


def _opened(run: ResponseRun, open_source: Callable[[], Source]) -> Source:
    while True:
        try:
            return open_source()
        except Exception as error:  # noqa: BLE001 - the run decides what it means
            run.could_not_open(error)


def _advance(run: ResponseRun, workers: Workers, *, wait: bool) -> Generator[StreamStep]:
    workers.start(run.due())
    for job, outcome in workers.news(wait=wait and workers.working):
        run.settle(job, outcome)
    workers.start(run.due())  # a file that has come is stored now, however long the stream pauses
    yield from run.told()


class _AsyncSteps:
    """What `_run` does, for async: an iterator that is no async generator.

    An event loop that ends closes every async generator, those that are being closed included, and
    reports the second attempt as an error. So only the iterator that the caller holds is one, and
    closes this. Each phase of the run returns the next.
    """

    def __init__(
        self,
        run: ResponseRun,
        open_source: Callable[[], Awaitable[AsyncSource]],
        workers: AsyncWorkers,
        tidy: Callable[[], Coroutine[Any, Any, object]] | None,
    ) -> None:
        self._run = run
        self._open_source = open_source
        self._workers = workers
        self._tidy = tidy
        self._source: AsyncSource | None = None
        self._ready: deque[StreamStep] = deque()
        self._phase: _Phase | None = self._open
        self._begun = self._running = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> StreamStep:
        self._check_idle()
        self._running = True
        self._begun = self._phase is not None
        try:
            while self._phase is not None and not self._ready:
                self._phase = await self._phase()
        except BaseException:
            await self._finish()
            raise
        finally:
            self._running = False
        if not self._ready:
            raise StopAsyncIteration
        return self._ready.popleft()

    async def aclose(self) -> None:
        """End the run wherever it is, in a task of its own.

        The caller's may be the one that closes a generator after the loop: when that is cancelled
        before it began, CPython breaks off the generator's second wait.
        """
        self._check_idle()
        self._ready.clear()
        self._phase = None
        if self._begun:
            await to_the_end(self._finish())

    def _check_idle(self) -> None:
        if self._running:
            msg = "this stream is being iterated: cancel the task that does"
            raise RuntimeError(msg)

    async def _open(self) -> _Phase:
        self._source = await _aopened(self._run, self._open_source)
        self._ready.extend(self._run.opened())
        return self._read

    async def _read(self) -> _Phase:
        run, source = self._run, self._source
        if source is None or run.over:
            return self._end
        try:
            self._ready.extend(run.take(await anext(source)))
        except StopAsyncIteration:
            run.ended()
        except Exception as error:  # noqa: BLE001 - the run decides what it means
            run.broke(error)
        return self._look if run.busy and not run.over else self._read

    async def _look(self) -> _Phase:
        self._ready.extend(await _aadvance(self._run, self._workers, wait=False))
        return self._read

    async def _end(self) -> _Phase:
        if self._run.again():
            await self._let_go(drain=True)
            return self._open
        self._ready.extend(self._run.rest())
        return self._fetch

    async def _fetch(self) -> _Phase | None:
        if not self._run.busy:
            self._ready.append(self._run.finish())
            return self._finish
        jobs = self._run.due()
        if jobs and self._source is not None:
            await self._source.drain()  # they may use its connection
        self._workers.start(jobs)
        self._ready.extend(await _aadvance(self._run, self._workers, wait=True))
        return self._fetch

    async def _finish(self) -> None:
        """Leave nothing open, whatever came in between; it is done once."""
        self._phase, self._begun = None, False
        try:
            await self._let_go(drain=self._run.over)
        finally:
            try:
                await self._workers.close()
                if self._run.busy:
                    with CancelScope(shield=True):  # a store may take its time to forget a file
                        await to_thread.run_sync(self._run.abandon)
            finally:
                if self._tidy is not None:
                    await to_the_end(self._tidy())

    async def _let_go(self, *, drain: bool) -> None:
        """Close the response; one that is over is read to its end, if that was not done before."""
        source, self._source = self._source, None
        if source is None:
            return
        try:
            if drain:
                await source.drain()
        finally:
            await source.close()


async def _aopened(
    run: ResponseRun, open_source: Callable[[], Awaitable[AsyncSource]]
) -> AsyncSource:
    while True:
        try:
            return await open_source()
        except Exception as error:  # noqa: BLE001 - the run decides what it means
            run.could_not_open(error)


async def _aadvance(run: ResponseRun, workers: AsyncWorkers, *, wait: bool) -> list[StreamStep]:
    workers.start(run.due())
    for job, outcome in await workers.news(wait=wait and workers.working):
        run.settle(job, outcome)
    workers.start(run.due())
    return run.told()


async def _flatten(steps: _AsyncSteps) -> AsyncGenerator[CodeInterpreterEvent]:
    async with aclosing(steps):
        async for step in steps:
            for event in step.events:
                yield event
