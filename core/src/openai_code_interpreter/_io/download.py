"""From a container file to a store: the network side, sync and async; `course` decides.

The body is asked for without any encoding, so that the cap counts what arrives, and written piece
by piece, so that a large file is never held in memory.


The work that bringing files takes, and how it is done, sync and async.

A `Turn` says which jobs are due and takes their outcomes; a crew runs them beside the stream. The
jobs themselves decide nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import anyio
import tenacity
from anyio import to_thread

from openai_code_interpreter._io.same_origin import (
    async_content_of,
    async_files_of,
    content_of,
    files_of,
)
from openai_code_interpreter._io.staging import StagedArtifact
from openai_code_interpreter._sansio.api_errors import failure
from openai_code_interpreter._sansio.delivery import (
    Commit,
    Fetch,
    Job,
    ListFiles,
    Outcome,
    StagedFile,
)
from openai_code_interpreter._sansio.download import Download
from openai_code_interpreter._sansio.options import DEFAULT_DOWNLOAD_TIMEOUT, DEFAULT_MAX_FILE_BYTES
from openai_code_interpreter._sansio.plan import ArtifactTarget
from openai_code_interpreter._sansio.results import Artifact
from openai_code_interpreter._sansio.storage import ArtifactStore
from openai_code_interpreter._sansio.wire import Wire, as_wire
from openai_code_interpreter.errors import ArtifactError

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

__all__ = [
    "DEFAULT_LIMITS",
    "DownloadLimits",
    "adeliver",
    "afetch",
    "aperform",
    "deliver",
    "fetch",
    "perform",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadLimits:
    """What the download of one file may cost."""

    max_file_bytes: int = DEFAULT_MAX_FILE_BYTES
    """The cap on its size, in bytes."""
    seconds: float = DEFAULT_DOWNLOAD_TIMEOUT
    """The time for all attempts together. A sync download looks at it with every piece, so it may
    overrun by what the SDK's own tries of one request take; an async one waits for nothing more,
    save for a store that is at work."""


DEFAULT_LIMITS: Final = DownloadLimits()


def _nothing() -> None:
    """Tell nobody."""


def fetch(
    client: OpenAI,
    staged: StagedFile,
    *,
    limits: DownloadLimits,
    announced: Callable[[], None] = _nothing,
) -> None:
    """Bring a file's bytes and seal it. A body that breaks is fetched again, three times in all.

    Args:
        client: The client that made the response, so that host and credentials are the same.
        staged: Where the bytes go. Another thread may `abort()` it: the download then ends at its
            next piece.
        limits: What it may cost.
        announced: Called once `staged.expected` is known (None if no size was announced), at each
            attempt.

    Raises:
        ArtifactError: Whatever went wrong; `staged` is aborted then.
    """
    course = _course(staged, limits, announced)
    try:
        if course.at_hand:
            course.bring()
            return
        tenacity.Retrying(**course.retrying())(_attempt, client, course)
    except BaseException:
        staged.abort()
        raise


def _attempt(client: OpenAI, course: Download) -> None:
    course.begin()
    while course.asks:
        with course.asking() as url:
            content = content_of(client, url).with_streaming_response
            with (
                content.retrieve(**course.request(client.timeout)) as response,
                course.reading(response.status_code, response.headers),
            ):
                for chunk in response.iter_bytes():
                    course.take(chunk)
    listed = None
    if course.size_wanted:
        with course.looking_up():
            listed = files_of(client).retrieve(**course.file(client.timeout)).bytes
    course.end(listed)


async def afetch(
    client: AsyncOpenAI,
    staged: StagedFile,
    *,
    limits: DownloadLimits,
    announced: Callable[[], None] = _nothing,
) -> None:
    """Bring a file's bytes and seal it; see `fetch`. The store works in a thread."""
    course = _course(staged, limits, announced)
    try:
        if course.at_hand:
            await to_thread.run_sync(course.bring)
            return
        await _in_time(client, course)
    except BaseException:
        await _give_up(staged)
        raise


async def _in_time(client: AsyncOpenAI, course: Download) -> None:
    with anyio.move_on_after(course.left) as scope:
        await tenacity.AsyncRetrying(**course.retrying())(_aattempt, client, course)
    if scope.cancelled_caught:
        raise course.out_of_time()


async def _aattempt(client: AsyncOpenAI, course: Download) -> None:
    run = to_thread.run_sync
    await run(course.begin)
    while course.asks:
        with course.asking() as url:
            content = async_content_of(client, url).with_streaming_response
            async with content.retrieve(**course.request(client.timeout)) as response:
                with course.reading(response.status_code, response.headers):
                    async for chunk in response.iter_bytes():
                        await run(course.take, chunk)
    listed = None
    if course.size_wanted:
        with course.looking_up():
            listed = (await async_files_of(client).retrieve(**course.file(client.timeout))).bytes
    await run(course.end, listed)


async def _give_up(staged: StagedFile) -> None:
    """Abort in a thread, also in a task that is being cancelled: a store may be slow to forget."""
    with anyio.CancelScope(shield=True):
        await to_thread.run_sync(staged.abort)


def deliver(
    client: OpenAI,
    target: ArtifactTarget,
    store: ArtifactStore,
    *,
    limits: DownloadLimits = DEFAULT_LIMITS,
) -> Artifact:
    """Bring one file into the store.

    Args:
        client: The client that made the response.
        target: The file.
        store: Where it goes.
        limits: What it may cost.

    Raises:
        ArtifactError: Whatever went wrong; nothing is left in the store then.
    """
    staged = StagedArtifact(target, store, max_bytes=limits.max_file_bytes)
    try:
        fetch(client, staged, limits=limits)
        return staged.commit()
    except BaseException:
        staged.abort()
        raise


async def adeliver(
    client: AsyncOpenAI,
    target: ArtifactTarget,
    store: ArtifactStore,
    *,
    limits: DownloadLimits = DEFAULT_LIMITS,
) -> Artifact:
    """Bring one file into the store; see `deliver`. The store works in a thread."""
    staged = StagedArtifact(target, store, max_bytes=limits.max_file_bytes)
    try:
        await afetch(client, staged, limits=limits)
        return await to_thread.run_sync(staged.commit)
    except BaseException:
        await _give_up(staged)
        raise


def _course(staged: StagedFile, limits: DownloadLimits, announced: Callable[[], None]) -> Download:
    return Download(
        staged, max_bytes=limits.max_file_bytes, seconds=limits.seconds, announced=announced
    )


_PAGE: Final = 100

_MAX_LISTED: Final = 10_000
"""An end for a server that always says `has_more`."""


def perform(
    client: OpenAI, job: Job, *, limits: DownloadLimits, announced: Callable[[], None]
) -> Outcome:
    """Do a job.

    Args:
        client: The client that made the response, so that host and credentials are the same.
        job: What to do.
        limits: The caps on one download.
        announced: Called when a download's size is known.

    Raises:
        ArtifactError: If it could not be done.
    """
    match job:
        case Fetch(staged):
            fetch(client, staged, limits=limits, announced=announced)
        case Commit(staged):
            return staged.commit()
        case ListFiles(container_id):
            try:
                pages = client.containers.files.list(container_id, limit=_PAGE, order="asc")
                return [as_wire(file) or {} for file, _ in zip(pages, range(_MAX_LISTED))]  # noqa: B905
            except Exception as error:
                raise _listing_error(error, container_id) from error
    return None


async def aperform(
    client: AsyncOpenAI, job: Job, *, limits: DownloadLimits, announced: Callable[[], None]
) -> Outcome:
    """Do a job; see `perform`. What touches the store is done in a thread."""
    match job:
        case Fetch(staged):
            await afetch(client, staged, limits=limits, announced=announced)
        case Commit(staged):
            return await to_thread.run_sync(staged.commit)
        case ListFiles(container_id):
            files: list[Wire] = []
            try:
                async for file in client.containers.files.list(
                    container_id, limit=_PAGE, order="asc"
                ):
                    files.append(as_wire(file) or {})
                    if len(files) >= _MAX_LISTED:
                        break
            except Exception as error:
                raise _listing_error(error, container_id) from error
            return files
    return None


def _listing_error(error: Exception, container_id: str) -> ArtifactError:
    """Say what it means that a container could not be listed: the class is that of a file."""
    alike = failure(ArtifactTarget(filename="", container_id=container_id), error)
    msg = (
        f"the files of container {container_id!r} could not be listed, so those that the text does "
        f"not cite are missing: {error}"
    )
    return type(alike)(msg, status_code=alike.status_code, container_id=container_id)
