"""From a container file to a store: the network side of each job, sync and async.

What an answer means, and whether it is asked for again, is decided by `Download`. The body is asked
for without any encoding, so that the cap counts what arrives, and written piece by piece, so that a
large file is never held in memory. No URL that an answer names is fetched, save on its own origin:
the SDK's HTTP client follows redirects wherever they lead, so its resources are given a client here
whose `get` does not. What they spell as a path stays theirs; credentials, retries and Azure's
rewriting stay the client's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

import anyio
import openai
import tenacity
from anyio import to_thread
from openai.resources.containers.files import AsyncFiles, Files
from openai.resources.containers.files.content import AsyncContent, Content

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
    download = _download(staged, limits, announced)
    try:
        if download.at_hand:
            download.bring()
            return
        tenacity.Retrying(**download.retrying())(_attempt, client, download)
    except BaseException:
        staged.abort()
        raise


def _attempt(client: OpenAI, download: Download) -> None:
    download.begin()
    while download.asks:
        with download.asking() as url:
            content = _content_of(client, url).with_streaming_response
            with (
                content.retrieve(**download.request(client.timeout)) as response,
                download.reading(response.status_code, response.headers),
            ):
                for chunk in response.iter_bytes():
                    download.take(chunk)
    listed = None
    if download.size_wanted:
        with download.looking_up():
            listed = _files_of(client).retrieve(**download.file(client.timeout)).bytes
    download.end(listed)


async def afetch(
    client: AsyncOpenAI,
    staged: StagedFile,
    *,
    limits: DownloadLimits,
    announced: Callable[[], None] = _nothing,
) -> None:
    """Bring a file's bytes and seal it; see `fetch`. The store works in a thread."""
    download = _download(staged, limits, announced)
    try:
        if download.at_hand:
            await to_thread.run_sync(download.bring)
            return
        await _in_time(client, download)
    except BaseException:
        await _give_up(staged)
        raise


async def _in_time(client: AsyncOpenAI, download: Download) -> None:
    with anyio.move_on_after(download.left) as scope:
        await tenacity.AsyncRetrying(**download.retrying())(_aattempt, client, download)
    if scope.cancelled_caught:
        raise download.out_of_time()


async def _aattempt(client: AsyncOpenAI, download: Download) -> None:
    run = to_thread.run_sync
    await run(download.begin)
    while download.asks:
        with download.asking() as url:
            content = _async_content_of(client, url).with_streaming_response
            async with content.retrieve(**download.request(client.timeout)) as response:
                with download.reading(response.status_code, response.headers):
                    async for chunk in response.iter_bytes():
                        await run(download.take, chunk)
    listed = None
    if download.size_wanted:
        with download.looking_up():
            listed = (await _async_files_of(client).retrieve(**download.file(client.timeout))).bytes
    await run(download.end, listed)


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


def _download(
    staged: StagedFile, limits: DownloadLimits, announced: Callable[[], None]
) -> Download:
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


def _content_of(client: OpenAI, url: str | None = None) -> Content:
    """Return the SDK's resource of a file's content, which follows no redirect.

    Args:
        client: The client.
        url: What to ask for in place of the resource's own path: where a redirect led.
    """
    return Content(cast("OpenAI", _Staying(client, url)))


def _async_content_of(client: AsyncOpenAI, url: str | None = None) -> AsyncContent:
    """Return the same for async."""
    return AsyncContent(cast("AsyncOpenAI", _Staying(client, url)))


def _files_of(client: OpenAI) -> Files:
    """Return the SDK's resource of a container's files, which follows no redirect."""
    return Files(cast("OpenAI", _Staying(client)))


def _async_files_of(client: AsyncOpenAI) -> AsyncFiles:
    """Return the same for async."""
    return AsyncFiles(cast("AsyncOpenAI", _Staying(client)))


class _Staying:
    """A client whose `get`, sync or async as the client is, follows no redirect."""

    def __init__(self, client: OpenAI | AsyncOpenAI, url: str | None = None) -> None:
        self._client = client
        self._url = url

    def get(self, path: str, *, options: openai.RequestOptions | None = None, **rest: Any) -> Any:
        here: openai.RequestOptions = {**(options or {}), "follow_redirects": False}
        return self._client.get(self._url or path, options=here, **rest)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)
