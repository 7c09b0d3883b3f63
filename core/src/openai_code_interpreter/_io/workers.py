"""Who does the jobs beside the stream: a few threads, or a few tasks.

Both have one face: `start` jobs, ask for `news`, `close`. News are outcomes, and now and then the
mere hint that a download has learnt its size. The stream itself is never kept waiting by a job.
"""

from __future__ import annotations

import asyncio
import contextvars
import queue
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeAlias

from openai_code_interpreter._sansio.delivery import Job, Outcome
from openai_code_interpreter._sansio.options import MAX_DOWNLOADS_AT_ONCE
from openai_code_interpreter.errors import ArtifactError

__all__ = ["AsyncPerform", "AsyncWorkers", "Perform", "Workers"]

_Announce: TypeAlias = Callable[[], None]
_News: TypeAlias = tuple[Job, Outcome]

Perform: TypeAlias = Callable[[Job, _Announce], Outcome]
"""Does a job; the second argument is called when a download's size is known."""

AsyncPerform: TypeAlias = Callable[[Job, _Announce], Awaitable[Outcome]]


def _unexpected(error: Exception) -> ArtifactError:
    """An error that nobody foresaw costs one file, not the answer."""
    found = ArtifactError(f"a file could not be brought: {type(error).__name__}: {error}")
    found.__cause__ = error
    return found


class Workers:
    """Threads that do jobs. They do not keep the program from ending.

    Args:
        perform: What does a job.
        width: How many jobs are done at the same time.
    """

    def __init__(self, perform: Perform, *, width: int = MAX_DOWNLOADS_AT_ONCE) -> None:
        self._perform = perform
        self._width = width
        self._waiting: deque[Job] = deque()
        self._running = 0
        self._news: queue.SimpleQueue[_News | None] = queue.SimpleQueue()

    def start(self, jobs: Iterable[Job]) -> None:
        """Begin these jobs, as soon as there is somebody for each."""
        self._waiting.extend(jobs)
        while self._waiting and self._running < self._width:
            self._running += 1
            context = contextvars.copy_context()
            threading.Thread(
                target=context.run, args=(self._work, self._waiting.popleft()), daemon=True
            ).start()

    @property
    def working(self) -> bool:
        """Whether any job is being done or waits for its turn."""
        return self._running > 0 or bool(self._waiting)

    def news(self, *, wait: bool) -> list[_News]:
        """Return what was finished since the last time.

        Args:
            wait: Whether to wait for something new. It may be no outcome: a hint that a size is
                known wakes too.
        """
        found: list[_News] = []
        try:
            while True:
                one = self._news.get(block=wait)
                wait = False
                if one is not None:
                    self._running -= 1
                    found.append(one)
        except queue.Empty:
            return found

    def close(self) -> None:
        """Begin nothing more. What runs ends by itself once its staged file is given up."""
        self._waiting.clear()

    def _work(self, job: Job) -> None:
        outcome: Outcome
        try:
            outcome = self._perform(job, lambda: self._news.put(None))
        except ArtifactError as error:
            outcome = error
        except Exception as error:  # noqa: BLE001 - a thread has nobody to raise to
            outcome = _unexpected(error)
        self._news.put((job, outcome))


class AsyncWorkers:
    """Tasks that do jobs; see `Workers`.

    Args:
        perform: What does a job.
        width: How many jobs are done at the same time.
    """

    def __init__(self, perform: AsyncPerform, *, width: int = MAX_DOWNLOADS_AT_ONCE) -> None:
        self._perform = perform
        self._width = width
        self._waiting: deque[Job] = deque()
        self._running = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._news: asyncio.Queue[_News | None] = asyncio.Queue()

    def start(self, jobs: Iterable[Job]) -> None:
        """Begin these jobs, as soon as there is somebody for each."""
        self._waiting.extend(jobs)
        while self._waiting and self._running < self._width:
            self._running += 1
            task = asyncio.create_task(self._work(self._waiting.popleft()))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    @property
    def working(self) -> bool:
        """Whether any job is being done or waits for its turn."""
        return self._running > 0 or bool(self._waiting)

    async def news(self, *, wait: bool) -> list[_News]:
        """Return what was finished since the last time; see `Workers.news`."""
        found = [await self._news.get()] if wait else []
        while not self._news.empty():
            found.append(self._news.get_nowait())
        outcomes = [one for one in found if one is not None]
        self._running -= len(outcomes)
        return outcomes

    async def close(self) -> None:
        """Cancel what runs and wait until it has closed its connections."""
        self._waiting.clear()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self, job: Job) -> None:
        outcome: Outcome
        try:
            outcome = await self._perform(job, lambda: self._news.put_nowait(None))
        except ArtifactError as error:
            outcome = error
        except Exception as error:  # noqa: BLE001 - a task has nobody to raise to
            outcome = _unexpected(error)
        self._news.put_nowait((job, outcome))
