"""The work that bringing files takes, and how it is done, sync and async.

A `Turn` says which jobs are due and takes their outcomes; a crew runs them beside the stream. The
jobs themselves decide nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from anyio import to_thread

from openai_code_interpreter.artifacts.download import DownloadLimits, afetch, fetch
from openai_code_interpreter.artifacts.plan import ArtifactTarget
from openai_code_interpreter.artifacts.refusals import failure
from openai_code_interpreter.artifacts.staging import StagedArtifact
from openai_code_interpreter.errors import ArtifactError
from openai_code_interpreter.results import Artifact
from openai_code_interpreter.wire import Wire, as_wire

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

__all__ = ["Commit", "Fetch", "Job", "ListFiles", "Outcome", "aperform", "perform"]

_PAGE: Final = 100
_MAX_LISTED: Final = 10_000
"""An end for a server that always says `has_more`."""


@dataclass(frozen=True, slots=True, eq=False)
class Fetch:
    """Bring a file's bytes to its place of staging."""

    staged: StagedArtifact


@dataclass(frozen=True, slots=True, eq=False)
class Commit:
    """Give a staged file its name in the store."""

    staged: StagedArtifact


@dataclass(frozen=True, slots=True, eq=False)
class ListFiles:
    """Ask a container for all its files."""

    container_id: str


Job: TypeAlias = Fetch | Commit | ListFiles

Outcome: TypeAlias = Artifact | ArtifactError | list[Wire] | None
"""What comes of a job: a `Commit` gives an artifact, `ListFiles` the file objects, `Fetch` nothing;
each of them perhaps an error."""


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
